use crate::wire::{Cursor, DecodeError, Writer};

/// One record of a heartbeats topic: the link was alive at `timestamp_ms`. It says nothing about offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat<'a> {
    /// Alias of the link's source cluster.
    pub source: &'a str,
    /// Alias of the link's target cluster.
    pub target: &'a str,
    /// When the heartbeat was made, in milliseconds since 1970 by MM2's clock.
    pub timestamp_ms: i64,
}

/// The only version of heartbeats there has ever been.
const VERSION: i16 = 0;

impl<'a> Heartbeat<'a> {
    /// Reads a record, or `None` for a tombstone (a null value), whose key is not looked at.
    ///
    /// # Errors
    /// Any byte string gives a value or a [`DecodeError`]. A version other than 0 is refused. Bytes after the last
    /// field are ignored, as MM2 does.
    pub fn decode(key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Result<Option<Self>, DecodeError> {
        let Some(value) = value else { return Ok(None) };
        let key = key.ok_or(DecodeError::NoKey)?;
        Self::read(key, value).map(Some).map_err(|error| error.in_view_of(key, value))
    }

    /// The record's key and value, as MM2 writes them.
    ///
    /// # Panics
    /// When an alias is longer than 32,767 bytes.
    pub fn encode(&self) -> (Vec<u8>, Vec<u8>) {
        let key = Writer::default().string(self.source).string(self.target);
        let value = Writer::default().int16(VERSION).int64(self.timestamp_ms);
        (key.finish(), value.finish())
    }

    fn read(key: &'a [u8], value: &'a [u8]) -> Result<Self, DecodeError> {
        let mut key = Cursor::new(key);
        let (source, target) = (key.string("key.sourceClusterAlias")?, key.string("key.targetClusterAlias")?);
        let mut value = Cursor::new(value);
        value.version("value.version", VERSION)?;
        Ok(Self { source, target, timestamp_ms: value.int64("value.timestamp")? })
    }
}
