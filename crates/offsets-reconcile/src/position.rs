use std::fmt;

/// Where a record came in: the number of an input, and the offset there.
///
/// An input is one partition of one topic. Who reads several gives each a number and keeps to it: the number is what is
/// stored. Eight bytes, because one stands beside every identity that is remembered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "u64", into = "u64"))]
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
    /// use offsets_reconcile::Position;
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
