use std::borrow::Cow;

use rust_decimal::Decimal;

use super::{Flaw, Pointer, Record};

/// One field of a record's JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Text(Cow<'a, str>),
    /// A number in its shortest form; as it stands where it has more than 28 digits.
    Number(Cow<'a, str>),
    Boolean(bool),
}

impl<'a> Field<'a> {
    /// The field that `pointer` names.
    pub(super) fn of(record: &Record<'a>, pointer: &Pointer) -> Result<Self, Flaw> {
        let value = record.value.ok_or_else(|| Flaw::Tombstone(pointer.clone()))?;
        let found = pointer.find(value).map_err(|error| Flaw::NotJson(error.to_string()))?;
        let raw = found.ok_or_else(|| Flaw::NoField(pointer.clone()))?.get();
        let wrong = |found: &str| Flaw::WrongType {
            place: pointer.to_string(),
            found: found.to_owned(),
            wanted: "a string, a number or a boolean",
        };
        match raw.as_bytes().first() {
            Some(b'"') => Ok(Self::Text(text(raw))),
            Some(b't') => Ok(Self::Boolean(true)),
            Some(b'f') => Ok(Self::Boolean(false)),
            Some(b'n') => Err(wrong("null")),
            Some(b'{') => Err(wrong("an object")),
            Some(b'[') => Err(wrong("an array")),
            _ => Ok(Self::Number(
                decimal(raw).map_or(Cow::Borrowed(raw), |number| Cow::Owned(number.normalize().to_string())),
            )),
        }
    }
}

/// A number with up to 28 digits, exactly.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else {
        return Decimal::from_str_exact(text).ok();
    };
    // The exponent moves the decimal point; only what moves beyond the last digit is multiplied, and nothing is rounded.
    let mut number = Decimal::from_str_exact(digits).ok()?.normalize();
    let scale = i64::from(number.scale()) - exponent.parse::<i64>().ok()?;
    let beyond = u32::try_from(scale.min(0).unsigned_abs()).ok()?;
    number.set_scale(u32::try_from(scale.max(0)).ok()?).ok()?;
    let power = Decimal::try_from_i128_with_scale(10_i128.checked_pow(beyond)?, 0).ok()?;
    number.checked_mul(power)
}

/// The text of a JSON string, without a copy where nothing in it is escaped.
fn text(raw: &str) -> Cow<'_, str> {
    let inside = &raw[1..raw.len() - 1];
    if inside.contains('\\') {
        // What was found is a valid string: the parser has been over it. A lone surrogate alone is refused here.
        serde_json::from_str(raw).map_or(Cow::Borrowed(raw), Cow::Owned)
    } else {
        Cow::Borrowed(inside)
    }
}
