use std::borrow::Cow;

use offsets_record::sentinel;
use serde::{Deserialize, Serialize};

use crate::Record;

/// Where a record was first written, for a copy of it that lies elsewhere: the copy carries it in the header
/// [`Origin::HEADER`], in the words of a [`Line`](crate::Line).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin<'a> {
    /// The region that wrote it.
    #[serde(borrow)]
    pub region: Cow<'a, str>,
    /// The topic.
    #[serde(borrow)]
    pub topic: Cow<'a, str>,
    /// The partition, from 0.
    #[serde(deserialize_with = "sentinel::read_partition")]
    pub partition: i32,
    /// The offset, from 0.
    #[serde(deserialize_with = "sentinel::read_offset")]
    pub offset: i64,
    /// The timestamp in milliseconds since 1970 (UTC), where it has one.
    #[serde(
        rename = "timestamp",
        default,
        deserialize_with = "sentinel::read_timestamp",
        skip_serializing_if = "Option::is_none"
    )]
    pub timestamp_ms: Option<i64>,
}

impl<'a> Origin<'a> {
    /// The header of a copy that holds its origin. Where there are several, the last one counts.
    pub const HEADER: &'static str = "offsets.origin";

    /// The origin of a record that lies where it was written.
    pub fn of(record: &Record<'a>) -> Self {
        Self {
            region: Cow::Borrowed(record.region),
            topic: Cow::Borrowed(record.topic),
            partition: record.partition,
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
        }
    }

    /// The origin that a header holds.
    ///
    /// # Errors
    /// When it is not what [`write`](Self::write) gives for a record whose partition and offset are known.
    ///
    /// # Examples
    /// ```
    /// use offsets_reconcile::{Origin, Record};
    ///
    /// let record = Record { region: "a", topic: "orders", partition: 3, offset: 17, ..Record::default() };
    /// let header = Origin::of(&record).write();
    /// assert_eq!(header, br#"{"region":"a","topic":"orders","partition":3,"offset":17}"#);
    /// assert_eq!(Origin::read(&header)?, Origin::of(&record));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn read(header: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(header)
    }

    /// What the header holds.
    pub fn write(&self) -> Vec<u8> {
        // Strings and numbers are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
