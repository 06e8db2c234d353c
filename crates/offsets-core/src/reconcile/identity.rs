use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::digest::digest;
use super::field::clipped;
use super::number::Number;
use super::{Field, NotAPointer, Pointer, Record, RecordErrorCause, Seed};
use crate::model::sentinel;

/// Which event a record is: records of the same identity are one event, however often and wherever they were written.
///
/// It is XXH3-128 over length-prefixed parts, the same in every version and on every machine. Two of ten thousand million
/// identities are the same by chance with a probability of about 10^-19. It does not guard against somebody who makes
/// collisions on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identity([u32; 4]);

/// What makes two records the same event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityRule {
    /// The value of a header, such as a message id that the producer sets.
    Header(String),
    /// A field of the JSON value: a string, a number or a boolean. `1`, `1.0` and `10e-1` are one number, however many digits it
    /// has; `"1"` is none. Of an exponent up to 18 digits are taken.
    Json(Pointer),
    /// The key alone: what an upsert is about.
    Key,
    /// Key and value: for records that have no id, at the price that an event which really happens twice counts as one.
    Content,
    /// Region, topic, partition and offset: for records that say where they were first written. One whose partition or offset
    /// is negative, as clients write it where they do not know it, has no origin.
    Origin,
    /// Timestamp, key and value, as [`Seed::identity`] has them: what MirrorMaker 2 leaves as it is, so that a copy is known for
    /// its original. A record without a timestamp of its producer's is like no other.
    Copy,
}

/// Text that is no [`IdentityRule`], or no [`VersionRule`](super::VersionRule).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotARule {
    /// It has none of the forms of an identity.
    #[error("an identity is header:NAME, json:/POINTER, key, content or origin")]
    Identity,
    /// It has none of the forms of an order.
    #[error("an order is json:/POINTER, header:NAME, hlc:HEADER or timestamp")]
    Order,
    /// What it names is no field.
    #[error(transparent)]
    Pointer(#[from] NotAPointer),
}

/// Text that is no [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an identity of 32 hexadecimal digits")]
pub struct NotAnIdentity(pub String);

impl IdentityRule {
    /// The identity of a record.
    ///
    /// # Errors
    /// [`RecordErrorCause`] when the record lacks what the rule goes by.
    ///
    /// # Examples
    /// ```
    /// use offsets_core::reconcile::{IdentityRule, Pointer, Record};
    ///
    /// let rule = IdentityRule::Json(Pointer::parse("/id")?);
    /// let first = Record { value: Some(br#"{"id": 17, "at": "home"}"#), ..Record::default() };
    /// let again = Record { value: Some(br#"{"at": "work", "id": 17}"#), ..Record::default() };
    /// assert_eq!(rule.identify(&first), rule.identify(&again));
    /// # Ok::<(), offsets_core::reconcile::NotAPointer>(())
    /// ```
    pub fn identify(&self, record: &Record<'_>) -> Result<Identity, RecordErrorCause> {
        Ok(match self {
            Self::Header(name) => {
                let value = record.header(name).ok_or_else(|| RecordErrorCause::NoHeader(name.clone()))?;
                Identity::of("header", &[Some(value)])
            }
            Self::Json(pointer) => match Field::of(record, pointer, WANTED)? {
                Field::Text(text) => Identity::of("text", &[Some(text.as_bytes())]),
                Field::Number(written) => {
                    let number = Number::read(written).ok_or_else(|| RecordErrorCause::WrongType {
                        place: pointer.to_string(),
                        found: clipped(written),
                        wanted: "a number whose exponent has up to 18 digits",
                    })?;
                    Identity::of("number", &[Some(number.plain().as_bytes())])
                }
                Field::Boolean(truth) => Identity::of("boolean", &[Some(&[u8::from(truth)])]),
            },
            Self::Key => Identity::of("key", &[Some(record.key.ok_or(RecordErrorCause::NullKey)?)]),
            Self::Content => Identity::of("content", &[record.key, record.value]),
            Self::Copy => match Seed::identity(record.timestamp_ms, record.key, record.value) {
                Some(identity) => identity,
                None => origin(record),
            },
            Self::Origin => {
                let Record { partition, offset, .. } = *record;
                if sentinel::partition(partition).is_none() || sentinel::offset(offset).is_none() {
                    return Err(RecordErrorCause::NoOrigin { partition, offset });
                }
                origin(record)
            }
        })
    }
}

/// What a field has to be that names an event.
const WANTED: &str = "a string, a number or a boolean";

fn origin(record: &Record<'_>) -> Identity {
    let (partition, offset) = (record.partition.to_le_bytes(), record.offset.to_le_bytes());
    let names = [record.region, record.topic].map(|name| Some(name.as_bytes()));
    Identity::of("origin", &[names[0], names[1], Some(&partition), Some(&offset)])
}

impl Identity {
    /// The identity of parts that mean something to the caller alone; `domain` says what, so that it is never taken for
    /// another identity of the same parts.
    pub fn of(domain: &str, parts: &[Option<&[u8]>]) -> Self {
        Self::from_bits(digest(domain, parts))
    }

    /// The one whose bits are all 0.
    pub(super) const ZERO: Self = Self([0; 4]);

    /// An identity that was kept.
    #[inline]
    pub fn from_bits(bits: u128) -> Self {
        Self([0, 32, 64, 96].map(|shift| (bits >> shift) as u32))
    }

    /// The bits, to be kept.
    #[inline]
    pub fn to_bits(self) -> u128 {
        self.0.iter().rev().fold(0, |bits, &part| bits << 32 | u128::from(part))
    }

    /// The one of so many partitions, from 0, in which all records of this identity meet: the higher half of the bits modulo
    /// their number. It stays so from version to version.
    ///
    /// # Examples
    /// ```
    /// use std::num::NonZeroU32;
    ///
    /// use offsets_core::reconcile::Identity;
    ///
    /// let partitions = NonZeroU32::new(6).expect("more than none");
    /// assert_eq!(Identity::from_bits(15 << 64 | 7).partition(partitions), 3);
    /// ```
    pub fn partition(self, partitions: NonZeroU32) -> u32 {
        // The lower half places it in a table, which is to be filled evenly in each partition.
        let rest = (self.to_bits() >> 64) % u128::from(partitions.get());
        rest as u32
    }
}

/// It is a hash already: half of it places it in a table.
impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.0[0]) | u64::from(self.0[1]) << 32);
    }
}

/// As 32 hexadecimal digits.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.to_bits())
    }
}

/// From 32 hexadecimal digits.
impl TryFrom<String> for Identity {
    type Error = NotAnIdentity;

    fn try_from(text: String) -> Result<Self, NotAnIdentity> {
        let digits = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let bits = digits.then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        bits.map(Self::from_bits).ok_or(NotAnIdentity(text))
    }
}

impl From<Identity> for String {
    fn from(identity: Identity) -> Self {
        identity.to_string()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// As it is written in a command: `header:NAME`, `json:/POINTER`, `key`, `content`, `origin`.
impl std::str::FromStr for IdentityRule {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Self, NotARule> {
        Ok(match text.split_once(':') {
            Some(("header", name)) if !name.is_empty() => Self::Header(name.to_owned()),
            Some(("json", pointer)) => Self::Json(Pointer::parse(pointer)?),
            None if text == "key" => Self::Key,
            None if text == "content" => Self::Content,
            None if text == "origin" => Self::Origin,
            _ => return Err(NotARule::Identity),
        })
    }
}

impl fmt::Display for IdentityRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Header(name) => Cow::Owned(format!("header:{name}")),
            Self::Json(pointer) => Cow::Owned(format!("json:{pointer}")),
            Self::Key => Cow::Borrowed("key"),
            Self::Content => Cow::Borrowed("content"),
            Self::Origin => Cow::Borrowed("origin"),
            Self::Copy => Cow::Borrowed("copy"),
        })
    }
}
