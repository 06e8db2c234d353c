use jiff::Timestamp;
use offsets_record::without_place;

use crate::{Hlc, Pointer};

/// What is wrong with a record, so that no operator can judge it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordErrorCause {
    /// It lacks the header that was named.
    #[error("it has no header {0}")]
    NoHeader(String),
    /// It has no key.
    #[error("its key is null")]
    NullKey,
    /// It is a tombstone, which has no field.
    #[error("it is a tombstone, which has no field {0}")]
    Tombstone(Pointer),
    /// Its value is not JSON.
    #[error("its value is not JSON: {0}")]
    NotJson(String),
    /// Its partition or its offset is not known, and it is to be known by them.
    #[error("where it was first written is not known: its partition is {partition}, its offset {offset}")]
    NoOrigin {
        /// What stands for the partition; negative where it is not known.
        partition: i32,
        /// What stands for the offset; negative where it is not known.
        offset: i64,
    },
    /// Its value is JSON without the field that was named.
    #[error("its value has no field {0}")]
    NoField(Pointer),
    /// What was named is there, and is of no use.
    #[error("{place} is {found}, and not {wanted}")]
    WrongType {
        /// The field or the header.
        place: String,
        /// What it is.
        found: String,
        /// What it would have to be.
        wanted: &'static str,
    },
    /// It has no timestamp.
    #[error("it has no timestamp")]
    NoTimestamp,
    /// Its timestamp is none that a record can have: negative, or behind the year 9999. In milliseconds since 1970 (UTC).
    #[error("its timestamp {0} is none: a timestamp is not negative and not behind the year 9999")]
    TimeOutOfRange(i64),
    /// Its region is none of those that were named.
    #[error("its region {0} is not among the regions of the order")]
    UnknownRegion(String),
    /// Its time lies further ahead of the clock than is allowed.
    #[error("its time is {ahead_ms} ms ahead of the clock")]
    Ahead {
        /// By how much, in milliseconds.
        ahead_ms: i64,
    },
    /// The time that is its version lies further ahead of the clock than is allowed.
    #[error("its version {time} is {ahead_ms} ms ahead of the clock")]
    VersionAhead {
        /// What it says.
        time: Timestamp,
        /// By how much it is ahead, in milliseconds.
        ahead_ms: i64,
    },
    /// Its hybrid clock lies further ahead of the clock than is allowed.
    #[error("its hybrid clock {stamp} is {ahead_ms} ms ahead of the clock")]
    Drift {
        /// What it says.
        stamp: Hlc,
        /// By how much it is ahead, in milliseconds.
        ahead_ms: i64,
    },
    /// No order was given, and the winner of a key is found by nothing else.
    #[error("there is no order to find the winner of its key by")]
    NoOrder,
    /// Another write of the same key, version and region has another content.
    #[error("its version is that of another write of the same region with another content")]
    Tie,
}

/// What a flaw keeps from being judged: what a policy is set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RecordErrorKind {
    /// Which event it is.
    Identity,
    /// Which version it is.
    Order,
    /// Who wrote it.
    Region,
    /// When it was written.
    Clock,
    /// Which of two writes counts.
    Tie,
}

impl RecordErrorKind {
    /// The word for it, as JSON has it too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Order => "order",
            Self::Region => "region",
            Self::Clock => "clock",
            Self::Tie => "tie",
        }
    }
}

/// A record that cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct RecordError {
    /// What it cannot be judged by.
    pub kind: RecordErrorKind,
    /// What is wrong with it.
    #[source]
    pub cause: RecordErrorCause,
}

impl RecordErrorCause {
    /// Where the value stops being JSON is said of the value: a record has no lines of its own.
    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::NotJson(format!("{} (line {line}, column {column} of the value)", without_place(error)))
    }

    /// The flaw as what keeps `kind` from being judged.
    pub(crate) fn of(self, kind: RecordErrorKind) -> RecordError {
        RecordError { kind, cause: self }
    }
}
