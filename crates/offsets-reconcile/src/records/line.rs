use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offsets_record::sentinel;
use offsets_record::without_place;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{Header, Record, Tool};

/// A record as one line of JSON, which is how records are kept in files:
///
/// ```json
/// {"region":"a","topic":"orders","partition":0,"offset":7,"timestamp":1764000000000,"key":"17","value":{"total":3},"headers":{"id":"x"}}
/// ```
///
/// Key and value are text, or JSON whose bytes are taken as they stand; `null` is Kafka's null. Bytes that are no UTF-8 stand
/// in `keyBase64` and `valueBase64` instead, and in `{"base64": …}` for a header; a header that comes several times has a list of its
/// values. A line must have a value or say that it has
/// none; everything else may be missing. A timestamp of -1 is none, as it is in Kafka, and a negative partition or offset one that
/// is not known: such a line is read, and does not say where its record stood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The region that wrote it.
    pub region: String,
    /// The topic it is from.
    pub topic: String,
    /// The partition; negative where it is not known.
    pub partition: i32,
    /// The offset; negative where it is not known.
    pub offset: i64,
    /// The timestamp in milliseconds since 1970 (UTC).
    pub timestamp_ms: Option<i64>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// Names and values of the headers. A line is written sorted by name, those of one name in their order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A line that is no record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotARecord {
    /// It is not JSON of this form.
    #[error("{problem}")]
    Json {
        /// Where in the line, in bytes from 1.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// It is a record as another tool writes it.
    #[error("it is a line of {0}")]
    Foreign(Tool),
    /// It is something else than a JSON object.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// It has neither a value nor a null in its place.
    #[error("it has no value; a tombstone says \"value\": null")]
    NoValue,
    /// One thing is said twice.
    #[error("it has both {0} and {0}Base64")]
    Twice(&'static str),
    /// Text has half of a surrogate pair, which JSON can write and UTF-8 cannot.
    #[error("{0} has half of a surrogate pair, and is no text")]
    NotText(&'static str),
    /// What should be Base64 is not.
    #[error("{0} is not Base64")]
    NotBase64(&'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written<'a> {
    region: Option<Cow<'a, str>>,
    topic: Option<Cow<'a, str>>,
    partition: Option<i32>,
    offset: Option<i64>,
    #[serde(default, deserialize_with = "sentinel::read_timestamp", skip_serializing_if = "Option::is_none")]
    timestamp: Option<i64>,
    #[serde(borrow, default, deserialize_with = "even_null", skip_serializing_if = "Option::is_none")]
    key: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_base64: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "even_null", skip_serializing_if = "Option::is_none")]
    value: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "WrittenHeaders::is_empty")]
    headers: WrittenHeaders<'a>,
}

/// The values of each header by its name. JSON that says a name twice says both.
#[derive(Default)]
struct WrittenHeaders<'a>(BTreeMap<Cow<'a, str>, Vec<WrittenHeader<'a>>>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a header is text, null, {\"base64\": …}, or a list of these")]
enum WrittenValues<'a> {
    One(WrittenHeader<'a>),
    Several(Vec<WrittenHeader<'a>>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WrittenHeader<'a> {
    Null(()),
    Text(Cow<'a, str>),
    Bytes { base64: Cow<'a, str> },
}

impl NotARecord {
    /// Where in the line the parser stopped, in bytes from 1; `None` where the line was read and says no record.
    pub fn column(&self) -> Option<usize> {
        match self {
            Self::Json { column, .. } => Some(*column),
            _ => None,
        }
    }
}

/// What the parser says, with the place beside it: it counts lines from what it was given.
impl From<serde_json::Error> for NotARecord {
    fn from(error: serde_json::Error) -> Self {
        Self::Json { column: error.column().max(1), problem: without_place(&error) }
    }
}

impl Line {
    /// Reads a line; what it does not say is as in `otherwise`. An empty region says none.
    ///
    /// # Errors
    /// [`NotARecord`], with what is wrong.
    ///
    /// # Examples
    /// ```
    /// use offsets_reconcile::Line;
    ///
    /// let line = Line::read(br#"{"key": "17", "value": {"total": 3}}"#, &Line::default())?;
    /// assert_eq!(line.value.as_deref(), Some(&br#"{"total": 3}"#[..]));
    /// # Ok::<(), offsets_reconcile::NotARecord>(())
    /// ```
    pub fn read(json: &[u8], otherwise: &Self) -> Result<Self, NotARecord> {
        Self::read_placed(json, otherwise).map(|(line, _)| line)
    }

    /// The same, and whether the line itself says both partition and offset. Negative ones say nothing.
    ///
    /// # Errors
    /// [`NotARecord`], with what is wrong.
    pub fn read_placed(json: &[u8], otherwise: &Self) -> Result<(Self, bool), NotARecord> {
        // An array would do for a structure too.
        let foreign = || Tool::of(json).map(NotARecord::Foreign);
        if !json.trim_ascii_start().starts_with(b"{") {
            return Err(foreign().unwrap_or(NotARecord::NotAnObject));
        }
        let written: Written<'_> =
            serde_json::from_slice(json).map_err(|error| foreign().unwrap_or_else(|| error.into()))?;
        let is_placed = written.partition.and_then(sentinel::partition).is_some()
            && written.offset.and_then(sentinel::offset).is_some();
        let key = bytes("key", written.key.as_deref(), written.key_base64.as_deref())?;
        let value = bytes("value", written.value.as_deref(), written.value_base64.as_deref())?;
        let headers = written.headers.into_each().map(|(name, value)| {
            let value = match value {
                WrittenHeader::Null(()) => None,
                WrittenHeader::Text(text) => Some(text.into_owned().into_bytes()),
                WrittenHeader::Bytes { base64 } => Some(from_base64("a header", &base64)?),
            };
            Ok((name.into_owned(), value))
        });
        let line = Self {
            region: written
                .region
                .filter(|region| !region.is_empty())
                .map_or_else(|| otherwise.region.clone(), Cow::into_owned),
            topic: written.topic.map_or_else(|| otherwise.topic.clone(), Cow::into_owned),
            partition: written.partition.unwrap_or(otherwise.partition),
            offset: written.offset.unwrap_or(otherwise.offset),
            timestamp_ms: written.timestamp.or(otherwise.timestamp_ms),
            key: key.unwrap_or_else(|| otherwise.key.clone()),
            value: value.ok_or(NotARecord::NoValue)?,
            headers: headers.collect::<Result<_, NotARecord>>()?,
        };
        Ok((line, is_placed))
    }

    /// A record as it is written out, with all these headers.
    pub fn of<'a>(
        record: &Record<'_>,
        headers: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
    ) -> Self {
        let header = |(name, value): (&str, Option<&[u8]>)| (name.to_owned(), value.map(<[u8]>::to_vec));
        Self {
            region: record.region.to_owned(),
            topic: record.topic.to_owned(),
            partition: record.partition,
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: headers.into_iter().map(header).collect(),
        }
    }

    /// The headers, for a [`Record`].
    pub fn headers(&self) -> Vec<Header<'_>> {
        self.headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }).collect()
    }

    /// The record, with the headers that [`headers`](Self::headers) gave.
    pub fn record<'a>(&'a self, headers: &'a [Header<'a>]) -> Record<'a> {
        Record {
            region: &self.region,
            topic: &self.topic,
            partition: self.partition,
            offset: self.offset,
            timestamp_ms: self.timestamp_ms,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers,
        }
    }
}

/// Everything is said, so that a line means the same wherever it stands.
impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, key_base64) = written(self.key.as_deref());
        let (value, value_base64) = written(self.value.as_deref());
        let headers = self.headers.iter().map(|(name, value)| {
            let value = match value.as_deref().map(|bytes| (std::str::from_utf8(bytes), bytes)) {
                None => WrittenHeader::Null(()),
                Some((Ok(text), _)) => WrittenHeader::Text(Cow::Borrowed(text)),
                Some((Err(_), bytes)) => WrittenHeader::Bytes { base64: STANDARD.encode(bytes).into() },
            };
            (Cow::Borrowed(name.as_str()), value)
        });
        let mut by_name = WrittenHeaders::default();
        headers.for_each(|(name, value)| by_name.0.entry(name).or_default().push(value));
        let written = Written {
            region: Some(Cow::Borrowed(&self.region)),
            topic: Some(Cow::Borrowed(&self.topic)),
            partition: Some(self.partition),
            offset: Some(self.offset),
            timestamp: self.timestamp_ms,
            key,
            key_base64: key_base64.map(Cow::Owned),
            value,
            value_base64: value_base64.map(Cow::Owned),
            headers: by_name,
        };
        written.serialize(serializer)
    }
}

impl<'a> WrittenHeaders<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn into_each(self) -> impl Iterator<Item = (Cow<'a, str>, WrittenHeader<'a>)> {
        self.0
            .into_iter()
            .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
    }
}

impl Serialize for WrittenHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, values) in &self.0 {
            match values.as_slice() {
                [value] => map.serialize_entry(name, value)?,
                values => map.serialize_entry(name, values)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for WrittenHeaders<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = WrittenHeaders<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut headers = WrittenHeaders::default();
        while let Some((name, values)) = map.next_entry()? {
            let of_name = headers.0.entry(name).or_default();
            match values {
                WrittenValues::One(value) => of_name.push(value),
                WrittenValues::Several(values) => of_name.extend(values),
            }
        }
        Ok(headers)
    }
}

/// A null is something that is said, other than a field that is missing.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, RawValue>>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(|raw| Some(Cow::Borrowed(raw)))
}

/// `None` when nothing is said, `Some(None)` for a null.
fn bytes(
    what: &'static str,
    json: Option<&RawValue>,
    base64: Option<&str>,
) -> Result<Option<Option<Vec<u8>>>, NotARecord> {
    let json = match (json, base64) {
        (Some(_), Some(_)) => return Err(NotARecord::Twice(what)),
        (None, Some(base64)) => return from_base64(what, base64).map(|bytes| Some(Some(bytes))),
        (None, None) => return Ok(None),
        (Some(json), None) => json.get(),
    };
    Ok(Some(match json.as_bytes().first() {
        Some(b'n') => None,
        Some(b'"') => {
            Some(serde_json::from_str::<String>(json).map_err(|_| NotARecord::NotText(what))?.into_bytes())
        }
        _ => Some(json.as_bytes().to_vec()),
    }))
}

fn from_base64(what: &'static str, text: &str) -> Result<Vec<u8>, NotARecord> {
    STANDARD.decode(text).map_err(|_| NotARecord::NotBase64(what))
}

/// JSON or text, else Base64.
fn written(bytes: Option<&[u8]>) -> (Option<Cow<'static, RawValue>>, Option<String>) {
    let Some(bytes) = bytes else { return (Some(Cow::Borrowed(RawValue::NULL)), None) };
    let Ok(text) = std::str::from_utf8(bytes) else { return (None, Some(STANDARD.encode(bytes))) };
    // Only what cannot be taken for text stands as JSON, and only as what it is: byte for byte, on one line.
    let is_tree = text.starts_with(['{', '[']) && text.ends_with(['}', ']']) && !text.contains(['\n', '\r']);
    let tree = is_tree.then(|| RawValue::from_string(text.to_owned()).ok()).flatten();
    let raw = tree.or_else(|| serde_json::value::to_raw_value(text).ok());
    (raw.map(Cow::Owned), None)
}
