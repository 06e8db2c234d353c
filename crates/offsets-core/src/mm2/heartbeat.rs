use crate::wire::{Cursor, DecodeError, Writer};

/// One record of a heartbeats topic: the link was alive at `timestamp_ms`. It says nothing about offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heartbeat<'a> {
    /// Alias of the link's source cluster.
    pub(crate) source: &'a str,
    /// Alias of the link's target cluster.
    pub(crate) target: &'a str,
    /// When the heartbeat was made, in milliseconds since 1970 by MM2's clock.
    pub(crate) timestamp_ms: i64,
}

/// The only version of heartbeats there has ever been.
const VERSION: i16 = 0;

impl<'a> Heartbeat<'a> {
    /// Reads a record, or `None` for a tombstone (a null value), whose key is not looked at.
    ///
    /// # Errors
    /// Any byte string gives a value or a [`DecodeError`]. A version other than 0 is refused. Bytes after the last
    /// field are ignored, as MM2 does.
    pub(crate) fn decode(
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
    ) -> Result<Option<Self>, DecodeError> {
        let Some(value) = value else { return Ok(None) };
        let key = key.ok_or(DecodeError::NoKey)?;
        Self::read(key, value).map(Some).map_err(|error| error.in_view_of(key, value))
    }

    /// The record's key and value, as MM2 writes them.
    ///
    /// # Panics
    /// When an alias is longer than 32,767 bytes.
    pub(crate) fn encode(&self) -> (Vec<u8>, Vec<u8>) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A_TO_B: Heartbeat<'_> = Heartbeat { source: "A", target: "B", timestamp_ms: 1_700_000_000_000 };

    #[test]
    fn a_heartbeat_is_laid_out_as_mm2_lays_it_out() {
        let (key, value) = (b"\0\x01A\0\x01B", b"\0\0\0\0\x01\x8b\xcf\xe5\x68\0");
        assert_eq!(A_TO_B.encode(), (key.to_vec(), value.to_vec()));
        assert_eq!(Heartbeat::decode(Some(key), Some(value)), Ok(Some(A_TO_B)));
    }

    #[test]
    fn a_null_value_is_a_tombstone_and_a_value_needs_a_key() {
        for key in [None, Some(&b"garbage"[..])] {
            assert_eq!(Heartbeat::decode(key, None), Ok(None));
        }
        assert_eq!(Heartbeat::decode(None, Some(&[0; 10])), Err(DecodeError::NoKey));
    }

    #[test]
    fn an_unknown_version_and_the_output_of_a_json_converter_are_refused() {
        let (key, mut value) = A_TO_B.encode();
        value[0] = 0xff;
        let refused = DecodeError::UnknownVersion { field: "value.version", at: 0, found: -256, known: 0 };
        assert_eq!(Heartbeat::decode(Some(&key), Some(&value)), Err(refused));
        let json = br#""AAdiaWxsaW5nAAhBLm9yZGVycwAAAAM=""#;
        let refused = DecodeError::JsonConverter { part: "value", first: '"' };
        assert_eq!(Heartbeat::decode(Some(&key), Some(json)), Err(refused));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_heartbeat_or_an_error(
            key in proptest::collection::vec(0..4_u8, 0..24),
            value in proptest::collection::vec(any::<u8>(), 0..24),
        ) {
            if let Ok(Some(heartbeat)) = Heartbeat::decode(Some(&key), Some(&value)) {
                let (whole_key, whole_value) = heartbeat.encode();
                prop_assert!(key.starts_with(&whole_key) && value.starts_with(&whole_value));
            }
        }

        #[test]
        fn what_is_written_is_read_back(source in any::<String>(), target in any::<String>(), timestamp_ms: i64) {
            let heartbeat = Heartbeat { source: &source, target: &target, timestamp_ms };
            let (key, value) = heartbeat.encode();
            prop_assert_eq!(Heartbeat::decode(Some(&key), Some(&value)), Ok(Some(heartbeat)));
        }
    }
}
