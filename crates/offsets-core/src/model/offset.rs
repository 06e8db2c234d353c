use std::fmt;

use serde::{Deserialize, Serialize};

/// An offset below zero, which no Kafka log has. Kafka's own sentinels (-1 for the end, -2 for the start) are
/// instructions to a broker and never positions, so they are refused here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("offset {0} is negative")]
pub struct NegativeOffset(pub i64);

macro_rules! offset {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(i64);

        impl $name {
            /// The first offset a log can have.
            pub const ZERO: Self = Self(0);

            /// The highest offset there is.
            pub const MAX: Self = Self(i64::MAX);

            /// Takes an offset as Kafka counts it, in records from the beginning of the partition.
            ///
            /// # Errors
            /// [`NegativeOffset`] when `offset` is below zero.
            pub const fn new(offset: i64) -> Result<Self, NegativeOffset> {
                if offset < 0 { Err(NegativeOffset(offset)) } else { Ok(Self(offset)) }
            }

            /// The offset as Kafka's own 64-bit number; never negative.
            pub const fn get(self) -> i64 {
                self.0
            }

            /// The next offset of the log. It stays where it is at 2^63 - 1, which errs towards reading again.
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// The offset `distance` above, or the highest there is.
            #[must_use]
            pub const fn plus(self, distance: u64) -> Self {
                Self(self.0.saturating_add_unsigned(distance))
            }

            /// The offset `distance` below, or 0.
            #[must_use]
            pub const fn minus(self, distance: u64) -> Self {
                let below = self.0.saturating_sub_unsigned(distance);
                Self(if below < 0 { 0 } else { below })
            }

            /// How many offsets lie in `self..end`; 0 when `end` is not above.
            pub const fn distance_to(self, end: Self) -> u64 {
                if end.0 > self.0 { end.0.abs_diff(self.0) } else { 0 }
            }
        }

        impl TryFrom<i64> for $name {
            type Error = NegativeOffset;

            fn try_from(offset: i64) -> Result<Self, NegativeOffset> {
                Self::new(offset)
            }
        }

        impl From<$name> for i64 {
            fn from(offset: $name) -> i64 {
                offset.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

offset! {
    /// A position in a partition of the source cluster (MM2's *upstream* offset).
    SourceOffset
}

offset! {
    /// A position in a partition of the target cluster (MM2's *downstream* offset).
    TargetOffset
}

/// The offsets a partition's log holds, `start..end`: the log start offset and the log end offset.
///
/// In a file `start` is at most `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenRange<O>", bound(deserialize = "O: Deserialize<'de> + Ord + fmt::Display"))]
pub struct LogRange<O> {
    /// Log start offset: the oldest offset that can still be fetched.
    pub start: O,
    /// Log end offset: the offset the next record will get.
    pub end: O,
}

#[derive(Deserialize)]
struct WrittenRange<O> {
    start: O,
    end: O,
}

impl<O: Ord + fmt::Display> TryFrom<WrittenRange<O>> for LogRange<O> {
    type Error = String;

    fn try_from(WrittenRange { start, end }: WrittenRange<O>) -> Result<Self, String> {
        if start <= end {
            Ok(Self { start, end })
        } else {
            Err(format!("a log from {start} to {end} cannot be"))
        }
    }
}

impl<O: Ord + Copy> LogRange<O> {
    /// Whether a group may be placed at `offset`: anywhere in the log, or at its end.
    pub fn admits(&self, offset: O) -> bool {
        self.start <= offset && offset <= self.end
    }

    /// Whether the log holds no offset at all.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}
