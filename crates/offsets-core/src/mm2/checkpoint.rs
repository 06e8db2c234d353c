use crate::model::{SourceOffset, TargetOffset};
use crate::wire::{Cursor, DecodeError, Writer};

/// One record of the checkpoints topic: where MM2 would put a group on the target, and from which commit it follows.
///
/// The record's own timestamp is the wall clock just before the group's commits were listed on the source, so it says
/// how old the commit is (`MirrorCheckpointTask`). A checkpoint holds no leader epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint<'a> {
    /// The group.
    pub group: &'a str,
    /// The topic, by its name on the target cluster.
    pub topic: &'a str,
    /// The partition, the same number on both clusters.
    pub partition: i32,
    /// What the group had committed on the source cluster.
    pub upstream: SourceOffset,
    /// What MM2 made of it on the target cluster.
    pub downstream: TargetOffset,
    /// The commit's metadata string; empty when the consumer gave none.
    pub metadata: &'a str,
}

/// What a record of the checkpoints topic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointKey<'a> {
    /// The group.
    pub group: &'a str,
    /// The topic, by its name on the target cluster.
    pub topic: &'a str,
    /// The partition, the same number on both clusters.
    pub partition: i32,
}

/// What a record of the checkpoints topic says of its group and partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointValue<'a> {
    /// What the group had committed on the source cluster.
    pub upstream: SourceOffset,
    /// What MM2 made of it on the target cluster.
    pub downstream: TargetOffset,
    /// The commit's metadata string; empty when the consumer gave none.
    pub metadata: &'a str,
}

/// The only version of checkpoints there has ever been.
const VERSION: i16 = 0;

impl<'a> Checkpoint<'a> {
    /// Reads a record, or `None` for a tombstone (a null value), whose key is not looked at.
    ///
    /// MM2 up to 4.x writes no tombstones. Where someone wrote one, [`Self::decode_key`] tells for which group and
    /// partition all checkpoints before it are withdrawn.
    ///
    /// # Errors
    /// Any byte string gives a value or a [`DecodeError`]. A version other than 0 is refused, where MM2 would read it
    /// as version 0 (`Checkpoint.valueSchema` only asserts). Bytes after the last field are ignored, as MM2 does.
    #[inline]
    pub fn decode(key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Result<Option<Self>, DecodeError> {
        let Some(value) = value else { return Ok(None) };
        let key = key.ok_or(DecodeError::NoKey)?;
        Self::read(key, value).map(Some).map_err(|error| error.in_view_of(key, value))
    }

    /// Reads a record's key alone: the group and partition that a tombstone is about.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_key(key: &'a [u8]) -> Result<CheckpointKey<'a>, DecodeError> {
        CheckpointKey::read(key).map_err(|error| error.in_view_of(key, &[]))
    }

    /// Reads a record's value alone, where the key is known already. A topic holds the same few keys again and again.
    ///
    /// # Errors
    /// As [`Self::decode`].
    #[inline]
    pub fn decode_value(value: &'a [u8]) -> Result<CheckpointValue<'a>, DecodeError> {
        CheckpointValue::read(value).map_err(|error| error.in_view_of(&[], value))
    }

    /// What the record says, without what it is about.
    pub fn value(&self) -> CheckpointValue<'a> {
        let Self { upstream, downstream, metadata, .. } = *self;
        CheckpointValue { upstream, downstream, metadata }
    }

    /// The record's key and value, as MM2 writes them.
    ///
    /// # Panics
    /// When a string is longer than 32,767 bytes, which none of Kafka's protocol is.
    pub fn encode(&self) -> (Vec<u8>, Vec<u8>) {
        let key = Writer::default().string(self.group).string(self.topic).int32(self.partition);
        let value = Writer::default()
            .int16(VERSION)
            .int64(self.upstream.get())
            .int64(self.downstream.get())
            .string(self.metadata);
        (key.finish(), value.finish())
    }

    #[inline]
    fn read(key: &'a [u8], value: &'a [u8]) -> Result<Self, DecodeError> {
        let CheckpointKey { group, topic, partition } = CheckpointKey::read(key)?;
        let CheckpointValue { upstream, downstream, metadata } = CheckpointValue::read(value)?;
        Ok(Self { group, topic, partition, upstream, downstream, metadata })
    }
}

impl<'a> CheckpointValue<'a> {
    #[inline]
    fn read(value: &'a [u8]) -> Result<Self, DecodeError> {
        let mut value = Cursor::new(value);
        value.version("value.version", VERSION)?;
        Ok(Self {
            upstream: value.offset("value.upstreamOffset")?,
            downstream: value.offset("value.offset")?,
            metadata: value.string("value.metadata")?,
        })
    }
}

impl<'a> CheckpointKey<'a> {
    #[inline]
    fn read(key: &'a [u8]) -> Result<Self, DecodeError> {
        let mut key = Cursor::new(key);
        Ok(Self {
            group: key.string("key.group")?,
            topic: key.string("key.topic")?,
            partition: key.partition("key.partition")?,
        })
    }
}
