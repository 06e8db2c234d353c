use crate::model::{SourceOffset, TargetOffset};
use crate::wire::{Cursor, DecodeError, Writer};

/// One record of the offset-syncs topic: a record that has `upstream` on the source has `downstream` on the target.
///
/// Both offsets are those of the copied record itself, taken from the producer's acknowledgement; neither is a log end
/// or a next position. MM2 writes syncs to partition 0 only, and without a version (`OffsetSync`, since Kafka 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetSync<'a> {
    /// The topic, by its name on the source cluster.
    pub topic: &'a str,
    /// The partition, the same number on both clusters.
    pub partition: i32,
    /// The record's offset on the source cluster.
    pub upstream: SourceOffset,
    /// The offset its copy got on the target cluster.
    pub downstream: TargetOffset,
}

/// What a record of the offset-syncs topic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetSyncKey<'a> {
    /// The topic, by its name on the source cluster.
    pub topic: &'a str,
    /// The partition, the same number on both clusters.
    pub partition: i32,
}

impl<'a> OffsetSync<'a> {
    /// Reads a record, or `None` for a tombstone (a null value), whose key is not looked at.
    ///
    /// MM2 writes no tombstones. Where an operator wrote one, [`Self::decode_key`] tells for which partition all syncs
    /// before it are withdrawn.
    ///
    /// # Errors
    /// Any byte string gives a value or a [`DecodeError`]. Bytes after the last field are ignored, as MM2 does.
    ///
    /// # Examples
    /// ```
    /// use offsets_core::mm2::OffsetSync;
    ///
    /// let key = b"\0\x06orders\0\0\0\x03";
    /// let value = [0, 0, 0, 0, 0, 0, 3, 0xe8, 0, 0, 0, 0, 0, 0, 3, 0xb6];
    /// let sync = OffsetSync::decode(Some(key), Some(&value))?.expect("not a tombstone");
    /// assert_eq!((sync.topic, sync.partition), ("orders", 3));
    /// assert_eq!((sync.upstream.get(), sync.downstream.get()), (1000, 950));
    /// # Ok::<(), offsets_core::mm2::DecodeError>(())
    /// ```
    #[inline]
    pub fn decode(key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Result<Option<Self>, DecodeError> {
        let Some(value) = value else { return Ok(None) };
        let key = key.ok_or(DecodeError::NoKey)?;
        Self::read(key, value).map(Some).map_err(|error| error.in_view_of(key, value))
    }

    /// Reads a record's key alone: the partition that a tombstone is about.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_key(key: &'a [u8]) -> Result<OffsetSyncKey<'a>, DecodeError> {
        OffsetSyncKey::read(key).map_err(|error| error.in_view_of(key, &[]))
    }

    /// The record's key and value, as MM2 writes them.
    ///
    /// # Panics
    /// When the topic's name is longer than 32,767 bytes; Kafka's are 249 at most.
    pub fn encode(&self) -> (Vec<u8>, Vec<u8>) {
        let key = Writer::default().string(self.topic).int32(self.partition);
        let value = Writer::default().int64(self.upstream.get()).int64(self.downstream.get());
        (key.finish(), value.finish())
    }

    #[inline]
    fn read(key: &'a [u8], value: &'a [u8]) -> Result<Self, DecodeError> {
        let OffsetSyncKey { topic, partition } = OffsetSyncKey::read(key)?;
        let mut value = Cursor::new(value);
        Ok(Self {
            topic,
            partition,
            upstream: value.offset("value.upstreamOffset")?,
            downstream: value.offset("value.offset")?,
        })
    }
}

impl<'a> OffsetSyncKey<'a> {
    #[inline]
    fn read(key: &'a [u8]) -> Result<Self, DecodeError> {
        let mut key = Cursor::new(key);
        Ok(Self { topic: key.string("key.topic")?, partition: key.partition("key.partition")? })
    }
}
