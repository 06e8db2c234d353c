use crate::model::SourceOffset;
use crate::wire::{Cursor, DecodeError, Writer};

/// One record of `__consumer_offsets` that is about a commit.
///
/// The rules are those of `OffsetCommitKey`, `LegacyOffsetCommitKey` and `OffsetCommitValue` in Kafka's
/// `group-coordinator` up to 4.3, and of `OffsetMetadataManager.replay`: of a group and a partition the record with the
/// highest offset counts. A transaction's records are in the log before it ends, so they are to be read committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetCommit<'a> {
    /// The group.
    pub group: &'a str,
    /// The topic, by its name on this cluster.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// What stands from now on; `None` where the group has no position: for a tombstone (the commit was deleted or has
    /// expired), and for a commit below zero.
    ///
    /// A coordinator stores any offset it is sent. KafkaJS 2.2.4 commits -2 and -1 in `admin.resetOffsets`, and every
    /// consumer takes such a commit for none and starts by its `auto.offset.reset`.
    pub standing: Option<Standing<'a>>,
}

/// What a record says was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The offset of the next record the group will read.
    pub offset: SourceOffset,
    /// The commit's metadata string; empty when the consumer gave none.
    pub metadata: &'a str,
    /// When the coordinator took it, by its clock, in milliseconds since 1970 (UTC).
    pub committed_ms: i64,
}

/// The versions of a key that are about commits; the others are about groups and their members.
const COMMIT_KEYS: std::ops::RangeInclusive<i16> = 0..=1;

/// The newest version of a value, and the first with flexible fields.
const VERSION: i16 = 4;

/// The newest version without: what every broker since Kafka 2.1 writes and reads.
const WRITTEN: i16 = 3;

impl<'a> OffsetCommit<'a> {
    /// Reads a record, or `None` for one that is not about a commit.
    ///
    /// # Errors
    /// Any byte string gives a value or a [`DecodeError`]. Bytes after the last known field are ignored; where a version has
    /// tagged fields, they stand there.
    ///
    /// # Examples
    /// ```
    /// use offsets_core::consumer_offsets::OffsetCommit;
    ///
    /// let key = b"\0\x01\0\x05app-g\0\x06orders\0\0\0\x03";
    /// let deleted = OffsetCommit::decode(Some(key), None)?.expect("it is about a commit");
    /// assert_eq!((deleted.group, deleted.topic, deleted.partition), ("app-g", "orders", 3));
    /// assert_eq!(deleted.standing, None);
    /// # Ok::<(), offsets_core::consumer_offsets::DecodeError>(())
    /// ```
    pub fn decode(key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Result<Option<Self>, DecodeError> {
        let mut key = Cursor::new(key.ok_or(DecodeError::NoKey)?);
        if !COMMIT_KEYS.contains(&key.int16("key.version")?) {
            return Ok(None);
        }
        Ok(Some(Self {
            group: key.string("key.group")?,
            topic: key.string("key.topic")?,
            partition: key.partition("key.partition")?,
            standing: value.map(Standing::read).transpose()?.flatten(),
        }))
    }

    /// The record's key and value, as brokers write them.
    ///
    /// # Panics
    /// When a string is longer than 32,767 bytes, which none of Kafka's protocol is.
    pub fn encode(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let key = Writer::default().int16(*COMMIT_KEYS.end()).string(self.group).string(self.topic);
        let value = self.standing.map(|Standing { offset, metadata, committed_ms }| {
            let value = Writer::default().int16(WRITTEN).int64(offset.get()).int32(NO_LEADER_EPOCH);
            value.string(metadata).int64(committed_ms).finish()
        });
        (key.int32(self.partition).finish(), value)
    }
}

/// A commit that says nothing of the leader's epoch.
const NO_LEADER_EPOCH: i32 = -1;

impl<'a> Standing<'a> {
    /// Reads a value; `None` for an offset below zero.
    fn read(value: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        let mut value = Cursor::new(value);
        let version = value.version("value.version", VERSION)?;
        let offset = value.int64("value.offset")?;
        if version >= 3 {
            value.int32("value.leaderEpoch")?;
        }
        let metadata = if version >= VERSION {
            value.compact_string("value.metadata")?
        } else {
            value.string("value.metadata")?
        };
        let committed_ms = value.int64("value.commitTimestamp")?;
        Ok(SourceOffset::new(offset).ok().map(|offset| Self { offset, metadata, committed_ms }))
    }
}
