use std::borrow::Cow;
use std::fmt;

use offsets_record::{Identity, sentinel};

use super::field::Field;
use super::field::clipped;
use super::number::Number;
use crate::{NotAPointer, Pointer, Record, RecordErrorCause};

/// What makes two records the same event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
    /// Timestamp, key and value, as [`Identity::of_copy`] has them: what MirrorMaker 2 leaves as it is, so that a copy is known for
    /// its original. A record without a timestamp of its producer's is like no other.
    Copy,
}

/// Text that is no [`IdentityRule`], or no [`VersionRule`](crate::VersionRule).
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

impl IdentityRule {
    /// The identity of a record.
    ///
    /// # Errors
    /// [`RecordErrorCause`] when the record lacks what the rule goes by.
    ///
    /// # Examples
    /// ```
    /// use offsets_reconcile::{IdentityRule, Pointer, Record};
    ///
    /// let rule = IdentityRule::Json(Pointer::parse("/id")?);
    /// let first = Record { value: Some(br#"{"id": 17, "at": "home"}"#), ..Record::default() };
    /// let again = Record { value: Some(br#"{"at": "work", "id": 17}"#), ..Record::default() };
    /// assert_eq!(rule.identify(&first), rule.identify(&again));
    /// # Ok::<(), offsets_reconcile::NotAPointer>(())
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
            Self::Copy => match Identity::of_copy(record.timestamp_ms, record.key, record.value) {
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
