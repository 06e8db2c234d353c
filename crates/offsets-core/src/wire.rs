//! The `Struct` encoding that Kafka's own internal topics use, as far as MM2's records and those of
//! `__consumer_offsets` need it.
//!
//! Rules read in `org.apache.kafka.common.protocol.types.Type`: integers are big endian, a STRING is an INT16 byte
//! length and that many bytes of UTF-8, a COMPACT_STRING an UNSIGNED_VARINT of the length plus one, fields follow each
//! other without tags, and whatever comes after the last field is ignored: tagged fields, where a version has them.

/// Why the bytes of a record of an internal topic could not be understood.
///
/// `field` is the record's part and the field's name in the schema (`key.topic`, `value.upstreamOffset`); `at` is the
/// byte of that part where the field begins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside a field.
    #[error("{field} at byte {at} needs {needed} bytes and {left} are left")]
    CutShort {
        /// The field.
        field: &'static str,
        /// Where it begins.
        at: usize,
        /// How many bytes it should have.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// A string announces a length below zero. None of these records has a nullable string.
    #[error("{field} at byte {at} has the length {length}")]
    NegativeLength {
        /// The field.
        field: &'static str,
        /// Where it begins.
        at: usize,
        /// The length found.
        length: i16,
    },
    /// A string is not UTF-8.
    #[error("{field} at byte {at} is not UTF-8")]
    NotUtf8 {
        /// The field.
        field: &'static str,
        /// Where it begins.
        at: usize,
    },
    /// An offset or a partition number is below zero.
    #[error("{field} at byte {at} is {found}, below zero")]
    Negative {
        /// The field.
        field: &'static str,
        /// Where it begins.
        at: usize,
        /// The number found.
        found: i64,
    },
    /// The record is of a version that this program has never seen.
    #[error("{field} at byte {at} is {found}, and {known} is the newest version known")]
    UnknownVersion {
        /// The field.
        field: &'static str,
        /// Where it begins.
        at: usize,
        /// The version found.
        found: i16,
        /// The newest there was when this was written.
        known: i16,
    },
    /// The record has a value and no key, which no record of a compacted topic has.
    #[error("the record has no key")]
    NoKey,
    /// The part is text that a JSON converter made of MM2's bytes: the connector ran with the converters of a shared
    /// Connect cluster instead of its own `ByteArrayConverter`.
    #[error("the {part} begins with {first:?}, as the output of a JSON converter does")]
    JsonConverter {
        /// `key` or `value`.
        part: &'static str,
        /// `{` or `"`.
        first: char,
    },
}

impl DecodeError {
    /// Whether the topic holds what a JSON converter made of MM2's records. Reading on is pointless then: the remedy
    /// is in the connector's configuration.
    pub fn is_json_converter_output(&self) -> bool {
        matches!(self, Self::JsonConverter { .. })
    }

    /// The better explanation for `self`, where the record's first bytes offer one.
    #[cold]
    pub(crate) fn in_view_of(self, key: &[u8], value: &[u8]) -> Self {
        [("key", key), ("value", value)]
            .into_iter()
            .find_map(|(part, bytes)| match bytes.first() {
                Some(&first @ (b'{' | b'"')) => Some(Self::JsonConverter { part, first: char::from(first) }),
                _ => None,
            })
            .unwrap_or(self)
    }
}

/// Reads the fields of one `Struct` from front to back, borrowing its strings.
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    total: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, total: bytes.len() }
    }

    #[inline]
    pub(crate) fn int16(&mut self, field: &'static str) -> Result<i16, DecodeError> {
        self.array(field).map(i16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int32(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        self.array(field).map(i32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn int64(&mut self, field: &'static str) -> Result<i64, DecodeError> {
        self.array(field).map(i64::from_be_bytes)
    }

    /// An INT32 that counts partitions, and so is never negative.
    #[inline]
    pub(crate) fn partition(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        let at = self.at();
        let found = self.int32(field)?;
        if found < 0 { Err(DecodeError::Negative { field, at, found: found.into() }) } else { Ok(found) }
    }

    /// An INT64 that is an offset of either cluster, and so is never negative.
    #[inline]
    pub(crate) fn offset<O: TryFrom<i64>>(&mut self, field: &'static str) -> Result<O, DecodeError> {
        let at = self.at();
        let found = self.int64(field)?;
        O::try_from(found).map_err(|_| DecodeError::Negative { field, at, found })
    }

    #[inline]
    pub(crate) fn string(&mut self, field: &'static str) -> Result<&'a str, DecodeError> {
        let at = self.at();
        let length = self.int16(field)?;
        let needed =
            usize::try_from(length).map_err(|_| DecodeError::NegativeLength { field, at, length })?;
        let Some((bytes, rest)) = self.rest.split_at_checked(needed) else {
            return Err(DecodeError::CutShort { field, at, needed: 2 + needed, left: 2 + self.rest.len() });
        };
        self.rest = rest;
        std::str::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8 { field, at })
    }

    /// A string of a version with flexible fields.
    pub(crate) fn compact_string(&mut self, field: &'static str) -> Result<&'a str, DecodeError> {
        let at = self.at();
        let Some(needed) = self.varint(field)?.checked_sub(1) else {
            return Err(DecodeError::NegativeLength { field, at, length: -1 });
        };
        let taken = self.at() - at;
        let needed = usize::try_from(needed).unwrap_or(usize::MAX);
        let Some((bytes, rest)) = self.rest.split_at_checked(needed) else {
            let left = taken + self.rest.len();
            return Err(DecodeError::CutShort { field, at, needed: needed.saturating_add(taken), left });
        };
        self.rest = rest;
        std::str::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8 { field, at })
    }

    /// The INT16 in front of a value that says how the rest is laid out: from 0 to the newest that is known.
    #[inline]
    pub(crate) fn version(&mut self, field: &'static str, known: i16) -> Result<i16, DecodeError> {
        let at = self.at();
        let found = self.int16(field)?;
        if (0..=known).contains(&found) {
            Ok(found)
        } else {
            Err(DecodeError::UnknownVersion { field, at, found, known })
        }
    }

    /// An UNSIGNED_VARINT: seven bits a byte, the lowest first.
    fn varint(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let [byte] = self.array(field)?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Ok(number)
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(DecodeError::CutShort { field, at: self.at(), needed: N, left: self.rest.len() });
        };
        self.rest = rest;
        Ok(*bytes)
    }

    fn at(&self) -> usize {
        self.total - self.rest.len()
    }
}

/// Writes the fields of one `Struct` in order.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn int16(self, number: i16) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub(crate) fn int32(self, number: i32) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub(crate) fn int64(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// # Panics
    /// When `text` is longer than an INT16 can say.
    pub(crate) fn string(self, text: &str) -> Self {
        let length =
            i16::try_from(text.len()).expect("no string of Kafka's protocol is longer than 32,767 bytes");
        self.bytes(&length.to_be_bytes()).bytes(text.as_bytes())
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
}
