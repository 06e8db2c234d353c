use std::borrow::Cow;

use crate::{Pointer, Record, RecordErrorCause};

/// One field of a record's JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    Text(Cow<'a, str>),
    /// A number as it stands there.
    Number(&'a str),
    Boolean(bool),
}

impl<'a> Field<'a> {
    /// The field that `pointer` names; `wanted` is what it has to be.
    pub(crate) fn of(
        record: &Record<'a>,
        pointer: &Pointer,
        wanted: &'static str,
    ) -> Result<Self, RecordErrorCause> {
        let value = record.value.ok_or_else(|| RecordErrorCause::Tombstone(pointer.clone()))?;
        let found = pointer.find(value).map_err(|error| RecordErrorCause::not_json(&error))?;
        let raw = found.ok_or_else(|| RecordErrorCause::NoField(pointer.clone()))?.get();
        let wrong = |found: &str| RecordErrorCause::WrongType {
            place: pointer.to_string(),
            found: found.to_owned(),
            wanted,
        };
        match raw.as_bytes().first() {
            Some(b'"') => {
                text(raw).map(Self::Text).ok_or_else(|| wrong("text with half of a surrogate pair"))
            }
            Some(b't') => Ok(Self::Boolean(true)),
            Some(b'f') => Ok(Self::Boolean(false)),
            Some(b'n') => Err(wrong("null")),
            Some(b'{') => Err(wrong("an object")),
            Some(b'[') => Err(wrong("an array")),
            _ => Ok(Self::Number(raw)),
        }
    }
}

/// As much of a text as serves to recognise it, quoted and escaped.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", clipped(text))
}

/// As much of a number as serves to recognise it.
pub(crate) fn clipped(text: &str) -> String {
    const SHOWN: usize = 40;
    text.chars().take(SHOWN).collect()
}

/// The text of a JSON string, without a copy where nothing in it is escaped. `None` for half of a surrogate pair, which JSON
/// can write and text cannot hold; everything else was valid to the parser that found it.
fn text(raw: &str) -> Option<Cow<'_, str>> {
    let inside = &raw[1..raw.len() - 1];
    if inside.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inside))
    }
}
