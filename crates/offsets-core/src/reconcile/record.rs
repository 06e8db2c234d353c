use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::sentinel;

/// A record as the operators see it, whatever client brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record<'a> {
    /// The region that wrote it.
    pub region: &'a str,
    /// The topic it was read from.
    pub topic: &'a str,
    /// The partition it was read from; negative where that is not known.
    pub partition: i32,
    /// Its offset there; negative where that is not known.
    pub offset: i64,
    /// Its timestamp in milliseconds since 1970 (UTC), where it has one.
    pub timestamp_ms: Option<i64>,
    /// The key; `None` is Kafka's null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers, in order. One name can stand there more than once.
    pub headers: &'a [Header<'a>],
}

/// A header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value; a null is not an empty one.
    pub value: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    /// The value of the last header of that name, as Kafka's own `Headers.lastHeader` picks it. A null is as good as none.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().rev().find(|header| header.name == name)?.value
    }

    /// Its timestamp, where that is a time: Kafka's -1 stands for none, and neither Java's producer nor Kafka Streams takes any
    /// other that is negative.
    pub fn time_ms(&self) -> Option<i64> {
        self.timestamp_ms.and_then(sentinel::timestamp)
    }

    /// Whether it deletes its key.
    pub fn is_tombstone(&self) -> bool {
        self.value.is_none()
    }
}

/// Where a record came in: the number of an input, and the offset there.
///
/// An input is one partition of one topic. Who reads several gives each a number and keeps to it: the number is what is
/// stored. Eight bytes, because one stands beside every identity that is remembered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct Position {
    // Two halves, so that what holds one is aligned to four bytes and not padded to eight.
    high: u32,
    low: u32,
}

impl Position {
    /// One more than the highest offset a position can have: 2^48.
    pub const END: i64 = 1 << 48;

    /// The position of an offset in an input; `None` when the offset is negative or not below [`Self::END`].
    ///
    /// # Examples
    /// ```
    /// use offsets_core::reconcile::Position;
    ///
    /// let position = Position::new(3, 1_000).expect("an offset that a log can have");
    /// assert_eq!((position.input(), position.offset()), (3, 1_000));
    /// assert_eq!(Position::new(0, -1), None);
    /// ```
    pub fn new(input: u16, offset: i64) -> Option<Self> {
        let offset = u64::try_from(offset).ok().filter(|_| offset < Self::END)?;
        let bits = u64::from(input) << 48 | offset;
        Some(Self::from_bits(bits))
    }

    /// The number of the input.
    pub fn input(self) -> u16 {
        (self.high >> 16) as u16
    }

    /// The offset in it.
    pub fn offset(self) -> i64 {
        i64::from(self.high & 0xffff) << 32 | i64::from(self.low)
    }

    /// The position after this one. It stays where it is at the end.
    #[must_use]
    pub fn next(self) -> Self {
        Self::new(self.input(), self.offset() + 1).unwrap_or(self)
    }

    /// A position that was kept.
    pub fn from_bits(bits: u64) -> Self {
        Self { high: (bits >> 32) as u32, low: bits as u32 }
    }

    /// The bits, to be kept.
    pub fn to_bits(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }
}

impl From<u64> for Position {
    fn from(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}

impl From<Position> for u64 {
    fn from(position: Position) -> Self {
        position.to_bits()
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.input(), self.offset())
    }
}
