use std::cmp::{Ordering, Reverse};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use offsets_record::{Fingerprint, parse_instant, sentinel};
use rust_decimal::Decimal;

use super::field::Field;
use super::field::{clipped, quoted};
use super::number::Number;
use crate::{Hlc, NotARule, Pointer, Record, RecordErrorCause};

/// A total order over the versions of a key: by version, then by the region's priority, then by content.
///
/// It looks at the writes alone and not at how they arrive, so every region that has seen the same writes holds the same
/// value: keeping the greater of two is commutative, associative and idempotent.
///
/// # Examples
/// ```
/// use offsets_reconcile::{Order, Reason, Record, Regions, VersionRule};
///
/// let regions = Regions::new(["a", "b"].map(str::to_owned))?;
/// let order = Order { version: VersionRule::Timestamp, tombstones: None, regions };
/// let of = |region, timestamp_ms| Record { region, timestamp_ms: Some(timestamp_ms), ..Record::default() };
/// let [a, b, later] = [of("a", 5), of("b", 5), of("b", 6)].map(|record| order.rank(&record));
/// let (a, b, later) = (a?, b?, later?);
/// assert!(b < a && a < later);
/// assert_eq!((a.decided_by(&b), later.decided_by(&a)), (Reason::Region, Reason::Version));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What the version of a write is.
    pub version: VersionRule,
    /// The header that holds the version of a tombstone, where the version is a field of the value.
    pub tombstones: Option<String>,
    /// The regions, the first of which wins a tie.
    pub regions: Regions,
}

/// What the version of a write is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionRule {
    /// A field of the JSON value: a number or text, as [`Version::read`] takes it.
    Json(Pointer),
    /// A header that holds the same as text.
    Header(String),
    /// A header that holds a stamp of a hybrid logical clock.
    Hlc(String),
    /// The timestamp of the record.
    Timestamp,
}

/// The version of a write. One key should have versions of one kind; where it does not, numbers come before times and times
/// before stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// A number.
    Number(Decimal),
    /// A time.
    Time(Timestamp),
    /// A stamp of a hybrid logical clock.
    Stamp(Hlc),
}

/// Regions by their priority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions(Vec<String>);

/// Names that are no [`Regions`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotRegions {
    /// None is named, or one has an empty name.
    #[error("a region has no name")]
    Unnamed,
    /// There are more than 256.
    #[error("{0} regions are more than 256")]
    TooMany(usize),
    /// One is named twice.
    #[error("region {0} is named twice")]
    Twice(String),
}

/// A region's place in [`Regions`]; the lower one wins a tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(pub u8);

/// The place of a write among the writes of its key: the greatest is the value of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rank {
    /// The version.
    pub version: Version,
    /// Who wrote it.
    pub region: Region,
    /// What it says, a tombstone too. Key and value.
    pub content: Fingerprint,
}

impl Order {
    /// The rank of a record among the records of its key.
    ///
    /// # Errors
    /// [`RecordErrorCause`] when the record does not say which version it is, or is of a region that was not named.
    pub fn rank(&self, record: &Record<'_>) -> Result<Rank, RecordErrorCause> {
        let version = match (&self.version, &self.tombstones) {
            (VersionRule::Json(_), Some(header)) if record.is_tombstone() => in_header(record, header)?,
            (VersionRule::Json(pointer), _) => in_value(record, pointer)?,
            (VersionRule::Header(name), _) => in_header(record, name)?,
            (VersionRule::Hlc(name), _) => stamp(record, name)?,
            (VersionRule::Timestamp, _) => {
                let millis = record.time_ms().ok_or_else(|| no_time(record))?;
                Version::Time(
                    Timestamp::from_millisecond(millis)
                        .map_err(|_| RecordErrorCause::TimeOutOfRange(millis))?,
                )
            }
        };
        let region = self.regions.find(record.region)?;
        Ok(Rank { version, region, content: Fingerprint::of(record.key, record.value) })
    }
}

impl Rank {
    /// What decided between two ranks.
    pub fn decided_by(&self, other: &Self) -> Reason {
        if self.version != other.version {
            Reason::Version
        } else if self.region != other.region {
            Reason::Region
        } else if self.content != other.content {
            Reason::Content
        } else {
            Reason::Repeat
        }
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |rank: &Self| (rank.version, Reverse(rank.region), rank.content);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Why one write stands and another does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// Its version is higher.
    Version,
    /// The versions are the same, and its region comes first.
    Region,
    /// Version and region are the same, and the greater hash wins, so that every region chooses the same.
    Content,
    /// They are the same write.
    Repeat,
    /// It is the same event, and came first.
    Duplicate,
    /// It is a record that the group had read before it moved.
    Reread,
}

impl Reason {
    /// The word for it, as JSON has it too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Region => "region",
            Self::Content => "content",
            Self::Repeat => "repeat",
            Self::Duplicate => "duplicate",
            Self::Reread => "reread",
        }
    }
}

impl Regions {
    /// Regions, the first of which wins a tie.
    ///
    /// # Errors
    /// [`NotRegions`]: none is named, one is named twice, or there are more than 256.
    pub fn new(names: impl IntoIterator<Item = String>) -> Result<Self, NotRegions> {
        let names: Vec<_> = names.into_iter().collect();
        if names.is_empty() || names.iter().any(String::is_empty) {
            return Err(NotRegions::Unnamed);
        }
        if names.len() > usize::from(u8::MAX) + 1 {
            return Err(NotRegions::TooMany(names.len()));
        }
        match names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
            Some((_, twice)) => Err(NotRegions::Twice(twice.clone())),
            None => Ok(Self(names)),
        }
    }

    /// The names, by priority.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    fn find(&self, name: &str) -> Result<Region, RecordErrorCause> {
        let place = self.0.iter().position(|known| known == name);
        let place = place.and_then(|place| u8::try_from(place).ok());
        place.map(Region).ok_or_else(|| RecordErrorCause::UnknownRegion(name.to_owned()))
    }
}

impl Version {
    /// A version as text: a number, or a time. The whole text has to be one.
    ///
    /// - A number is `["-"] DIGITS ["." DIGITS] [("e" / "E") ["+" / "-"] DIGITS]`, of up to 28 digits. They are counted with the
    ///   exponent carried out, without zeros in front and without zeros at the end of the fraction.
    /// - A time is RFC 3339's `YYYY-MM-DD ("T" / "t") HH:MM:SS ["." DIGITS] ("Z" / "z" / ("+" / "-") HH:MM)`, with a second of 00
    ///   to 59 and up to nine digits of a fraction, zeros behind them not counted.
    ///
    /// # Examples
    /// ```
    /// use offsets_reconcile::Version;
    ///
    /// assert_eq!(Version::read("17"), Version::read("0017.0"));
    /// assert_eq!(Version::read("2026-11-23T10:00:00+02:00"), Version::read("2026-11-23T08:00:00.000Z"));
    /// for text in ["1_000", "+1", "1.", ".5", " 1", "1e28", "2026-11-23", "2026-11-23T10:00:00", "2026-11-23T10:00:60Z"] {
    ///     assert_eq!(Version::read(text), None, "{text}");
    /// }
    /// ```
    pub fn read(text: &str) -> Option<Self> {
        number(text).or_else(|| parse_instant(text).map(Self::Time))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{}", number.normalize()),
            Self::Time(time) => write!(f, "{time}"),
            Self::Stamp(stamp) => write!(f, "{stamp}"),
        }
    }
}

fn in_value(record: &Record<'_>, pointer: &Pointer) -> Result<Version, RecordErrorCause> {
    let (version, found) = match Field::of(record, pointer, WANTED)? {
        Field::Number(written) => (number(written), clipped(written)),
        Field::Text(text) => (Version::read(&text), quoted(&text)),
        Field::Boolean(truth) => (None, format!("a boolean ({truth})")),
    };
    version.ok_or_else(|| RecordErrorCause::WrongType { place: pointer.to_string(), found, wanted: WANTED })
}

fn in_header(record: &Record<'_>, name: &str) -> Result<Version, RecordErrorCause> {
    let value = record.header(name).ok_or_else(|| RecordErrorCause::NoHeader(name.to_owned()))?;
    let text = String::from_utf8_lossy(value);
    Version::read(&text).ok_or_else(|| RecordErrorCause::WrongType {
        place: format!("header {name}"),
        found: quoted(&text),
        wanted: WANTED,
    })
}

/// What is wrong with a record that is to be ordered by its timestamp.
fn no_time(record: &Record<'_>) -> RecordErrorCause {
    record
        .timestamp_ms
        .filter(|millis| *millis != sentinel::TIMESTAMP)
        .map_or(RecordErrorCause::NoTimestamp, RecordErrorCause::TimeOutOfRange)
}

/// What a version has to be, which is more narrowly said by [`Version::read`].
const WANTED: &str = "a number of up to 28 digits or a time in RFC 3339";

fn number(text: &str) -> Option<Version> {
    Number::read(text)?.decimal().map(Version::Number)
}

fn stamp(record: &Record<'_>, name: &str) -> Result<Version, RecordErrorCause> {
    let value = record.header(name).ok_or_else(|| RecordErrorCause::NoHeader(name.to_owned()))?;
    Hlc::read(value).map(Version::Stamp).ok_or_else(|| RecordErrorCause::WrongType {
        place: format!("header {name}"),
        found: format!("{} bytes", value.len()),
        wanted: "a stamp of eight bytes or sixteen hexadecimal digits",
    })
}

/// As it is written in a command: `json:/POINTER`, `header:NAME`, `hlc:HEADER`, `timestamp`.
impl FromStr for VersionRule {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Self, NotARule> {
        Ok(match text.split_once(':') {
            Some(("json", pointer)) => Self::Json(Pointer::parse(pointer)?),
            Some(("header", name)) if !name.is_empty() => Self::Header(name.to_owned()),
            Some(("hlc", name)) if !name.is_empty() => Self::Hlc(name.to_owned()),
            None if text == "timestamp" => Self::Timestamp,
            _ => return Err(NotARule::Order),
        })
    }
}

impl fmt::Display for VersionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(pointer) => write!(f, "json:{pointer}"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Hlc(name) => write!(f, "hlc:{name}"),
            Self::Timestamp => f.write_str("timestamp"),
        }
    }
}
