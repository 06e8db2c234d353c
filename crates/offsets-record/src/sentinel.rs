//! What Kafka's protocol and its clients write where they have no value. These are no values: a record that carries one has no
//! timestamp, partition or offset, and is never compared or identified by it.
//!
//! | value | written | stands for |
//! | --- | --- | --- |
//! | timestamp -1 | `RecordBatch.NO_TIMESTAMP` | none; any other negative one is refused by `ProducerRecord`, and by Kafka Streams |
//! | partition -1 | `RecordMetadata.UNKNOWN_PARTITION`, librdkafka's `RD_KAFKA_PARTITION_UA` | not known, or not assigned yet |
//! | offset -1 | `OffsetFetchResponse.INVALID_OFFSET`, `RD_KAFKA_OFFSET_END` | no commit, or the end |
//! | offset -2 | `RD_KAFKA_OFFSET_BEGINNING` | the beginning |
//! | offset -1000 | `RD_KAFKA_OFFSET_STORED` | the commit |
//! | offset -1001 | `RD_KAFKA_OFFSET_INVALID` | not known |
//! | offset -2000 and below | `RD_KAFKA_OFFSET_TAIL_BASE` | -2000 minus the offset: this number before the end |

#[cfg(feature = "serde")]
use serde::{Deserialize as _, Deserializer, de};

/// `RecordBatch.NO_TIMESTAMP`.
pub const TIMESTAMP: i64 = -1;

/// A timestamp in milliseconds since 1970 (UTC); `None` where what was written is none.
///
/// # Examples
/// ```
/// use offsets_record::sentinel;
///
/// assert_eq!(sentinel::timestamp(0), Some(0));
/// assert_eq!(sentinel::timestamp(sentinel::TIMESTAMP), None);
/// assert_eq!((sentinel::partition(-1), sentinel::offset(-1001)), (None, None));
/// ```
pub fn timestamp(millis: i64) -> Option<i64> {
    (millis >= 0).then_some(millis)
}

/// The number of a partition; `None` where what was written is none.
pub fn partition(number: i32) -> Option<i32> {
    (number >= 0).then_some(number)
}

/// An offset; `None` where what was written is none.
pub fn offset(offset: i64) -> Option<i64> {
    (offset >= 0).then_some(offset)
}

/// The number of a partition in JSON that has to know it.
///
/// # Errors
/// When it is none.
#[cfg(feature = "serde")]
pub fn read_partition<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    let number = i32::deserialize(deserializer)?;
    partition(number).ok_or_else(|| de::Error::custom(format_args!("partition {number} is negative")))
}

/// An offset in JSON that has to know it.
///
/// # Errors
/// When it is none.
#[cfg(feature = "serde")]
pub fn read_offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let written = i64::deserialize(deserializer)?;
    offset(written).ok_or_else(|| de::Error::custom(format_args!("offset {written} is negative")))
}

/// A timestamp in JSON; [`TIMESTAMP`] is none.
///
/// # Errors
/// When it is none.
#[cfg(feature = "serde")]
pub fn read_timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.filter(|millis| *millis != TIMESTAMP))
}
