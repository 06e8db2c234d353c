//! MM2's records: golden vectors, round trips, and any bytes at all.

use offsets_core::mm2::{Checkpoint, DecodeError, OffsetSync};
use offsets_core::model::{SourceOffset, TargetOffset};
use proptest::prelude::*;

fn source(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).expect("not negative")
}

fn target(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).expect("not negative")
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

#[test]
fn an_offset_sync_is_laid_out_as_mm2_lays_it_out() {
    let sync = OffsetSync { topic: "orders", partition: 3, upstream: source(1000), downstream: target(950) };
    let (key, value) = (hex("00066f726465727300000003"), hex("00000000000003e800000000000003b6"));
    assert_eq!(sync.encode(), (key.clone(), value.clone()));
    assert_eq!(OffsetSync::decode(Some(&key), Some(&value)), Ok(Some(sync)));
}

#[test]
fn a_checkpoint_is_laid_out_as_mm2_lays_it_out() {
    let checkpoint = Checkpoint {
        group: "billing",
        topic: "A.orders",
        partition: 3,
        upstream: source(1042),
        downstream: target(951),
        metadata: "",
    };
    let key = hex("000762696c6c696e670008412e6f726465727300000003");
    let value = hex("0000000000000000041200000000000003b70000");
    assert_eq!(checkpoint.encode(), (key.clone(), value.clone()));
    assert_eq!(Checkpoint::decode(Some(&key), Some(&value)), Ok(Some(checkpoint)));
}

#[test]
fn a_null_value_is_a_tombstone_whatever_its_key() {
    for key in [None, Some(&b"garbage"[..])] {
        assert_eq!(OffsetSync::decode(key, None), Ok(None));
        assert_eq!(Checkpoint::decode(key, None), Ok(None));
    }
}

#[test]
fn the_key_of_a_tombstone_names_what_it_withdraws() {
    let key = OffsetSync::decode_key(b"\0\x06orders\0\0\0\x03").expect("a key");
    assert_eq!((key.topic, key.partition), ("orders", 3));
    let key = Checkpoint::decode_key(b"\0\x01g\0\x01t\0\0\0\x02").expect("a key");
    assert_eq!((key.group, key.topic, key.partition), ("g", "t", 2));
}

#[test]
fn a_value_without_a_key_is_refused() {
    assert_eq!(OffsetSync::decode(None, Some(&[0; 16])), Err(DecodeError::NoKey));
    assert_eq!(Checkpoint::decode(None, Some(&[0; 20])), Err(DecodeError::NoKey));
}

#[test]
fn bytes_after_the_last_field_are_ignored() {
    let sync = OffsetSync { topic: "t", partition: 0, upstream: source(1), downstream: target(2) };
    let (mut key, mut value) = sync.encode();
    key.push(9);
    value.push(9);
    assert_eq!(OffsetSync::decode(Some(&key), Some(&value)), Ok(Some(sync)));
}

#[test]
fn what_a_log_cannot_have_is_refused() {
    let key = b"\0\x01t\0\0\0\0";
    let value = |upstream: i64, downstream: i64| [upstream.to_be_bytes(), downstream.to_be_bytes()].concat();
    let decode = |key: &[u8], value: &[u8]| OffsetSync::decode(Some(key), Some(value)).map(|_| ());
    assert_eq!(decode(key, &value(i64::MAX, i64::MAX)), Ok(()));
    assert_eq!(
        decode(key, &value(-1, 0)),
        Err(DecodeError::Negative { field: "value.upstreamOffset", at: 0, found: -1 })
    );
    assert_eq!(
        decode(key, &value(0, i64::MIN)),
        Err(DecodeError::Negative { field: "value.offset", at: 8, found: i64::MIN })
    );
    assert_eq!(
        decode(b"\0\x01t\xff\xff\xff\xff", &value(0, 0)),
        Err(DecodeError::Negative { field: "key.partition", at: 3, found: -1 })
    );
    assert_eq!(
        decode(b"\xff\xff\0\0\0\0", &value(0, 0)),
        Err(DecodeError::NegativeLength { field: "key.topic", at: 0, length: -1 })
    );
    assert_eq!(
        decode(b"\0\x02\xc3\x28\0\0\0\0", &value(0, 0)),
        Err(DecodeError::NotUtf8 { field: "key.topic", at: 0 })
    );
    assert_eq!(
        decode(b"\0\x09t", &value(0, 0)),
        Err(DecodeError::CutShort { field: "key.topic", at: 0, needed: 11, left: 3 })
    );
    assert_eq!(
        decode(key, &[0; 15]),
        Err(DecodeError::CutShort { field: "value.offset", at: 8, needed: 8, left: 7 })
    );
}

#[test]
fn an_unknown_version_is_refused() {
    let (key, mut value) = Checkpoint {
        group: "g",
        topic: "t",
        partition: 0,
        upstream: source(0),
        downstream: target(0),
        metadata: "m",
    }
    .encode();
    value[1] = 1;
    let refused = DecodeError::UnknownVersion { field: "value.version", at: 0, found: 1, known: 0 };
    assert_eq!(Checkpoint::decode(Some(&key), Some(&value)), Err(refused.clone()));
    assert_eq!(refused.to_string(), "value.version at byte 0 is 1, and 0 is the newest version known");
}

#[test]
fn the_output_of_a_json_converter_is_told_from_garbage() {
    let bytes_as_json = br#""AAdiaWxsaW5nAAhBLm9yZGVycwAAAAM=""#;
    let with_schema = br#"{"schema":{"type":"bytes","optional":true},"payload":"AAA="}"#;
    for json in [&bytes_as_json[..], &with_schema[..]] {
        let error = Checkpoint::decode(Some(json), Some(json)).expect_err("no checkpoint");
        assert!(error.is_json_converter_output(), "{error}");
        assert!(Checkpoint::decode_key(json).expect_err("no key").is_json_converter_output());
        let error = OffsetSync::decode(Some(json), Some(json)).expect_err("no sync");
        assert!(error.is_json_converter_output(), "{error}");
    }
    assert!(!Checkpoint::decode(Some(b"x"), Some(b"y")).expect_err("garbage").is_json_converter_output());
}

/// Names as Kafka has them, and strings of any kind up to the longest that a field can hold.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9._-]{1,249}",
        any::<String>(),
        "\\PC{0,40}",
        Just("x".repeat(32_767)),
        Just(String::new()),
    ]
}

prop_compose! {
    fn checkpoint_parts()(
        group in text(),
        topic in text(),
        metadata in text(),
        partition in 0..=i32::MAX,
        upstream in 0..=i64::MAX,
        downstream in 0..=i64::MAX,
    ) -> (String, String, String, i32, SourceOffset, TargetOffset) {
        (group, topic, metadata, partition, source(upstream), target(downstream))
    }
}

/// A record that was valid until some of its bits were turned and its end was cut off.
fn damaged() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let damage = |bytes: Vec<u8>| {
        let length = bytes.len();
        let flips = proptest::collection::vec((0..length.max(1), 0..8_u8), 0..4);
        (Just(bytes), 0..=length, flips).prop_map(|(mut bytes, end, flips)| {
            for (at, bit) in flips {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            bytes.truncate(end);
            bytes
        })
    };
    checkpoint_parts().prop_flat_map(move |(group, topic, metadata, partition, upstream, downstream)| {
        let (group, topic, metadata) = (&group[..], &topic[..], &metadata[..]);
        let (key, value) = Checkpoint { group, topic, partition, upstream, downstream, metadata }.encode();
        (damage(key), damage(value))
    })
}

fn decode_as_everything(key: Option<&[u8]>, value: Option<&[u8]>) {
    if let Ok(Some(sync)) = OffsetSync::decode(key, value) {
        assert!(sync.partition >= 0 && sync.upstream.get() >= 0 && sync.downstream.get() >= 0);
        let (whole_key, whole_value) = sync.encode();
        assert!(key.is_some_and(|key| key.starts_with(&whole_key)));
        assert!(value.is_some_and(|value| value.starts_with(&whole_value)));
    }
    if let Ok(Some(checkpoint)) = Checkpoint::decode(key, value) {
        assert!(
            checkpoint.partition >= 0 && checkpoint.upstream.get() >= 0 && checkpoint.downstream.get() >= 0
        );
        let (whole_key, whole_value) = checkpoint.encode();
        assert!(key.is_some_and(|key| key.starts_with(&whole_key)));
        assert!(value.is_some_and(|value| value.starts_with(&whole_value)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn any_bytes_give_a_value_or_an_error(
        key in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..64)),
        value in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..64)),
    ) {
        decode_as_everything(key.as_deref(), value.as_deref());
    }

    #[test]
    fn zeroes_and_short_lengths_give_a_value_or_an_error(
        key in proptest::collection::vec(0..4_u8, 0..24),
        value in proptest::collection::vec(0..4_u8, 0..24),
    ) {
        decode_as_everything(Some(&key), Some(&value));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_damaged_record_gives_a_value_or_an_error((key, value) in damaged()) {
        decode_as_everything(Some(&key), Some(&value));
    }

    #[test]
    fn what_is_written_is_read_back(
        (group, topic, metadata, partition, upstream, downstream) in checkpoint_parts(),
    ) {
        let (group, topic, metadata) = (&group[..], &topic[..], &metadata[..]);
        let sync = OffsetSync { topic, partition, upstream, downstream };
        let (key, value) = sync.encode();
        prop_assert_eq!(OffsetSync::decode(Some(&key), Some(&value)), Ok(Some(sync)));
        let checkpoint = Checkpoint { group, topic, partition, upstream, downstream, metadata };
        let (key, value) = checkpoint.encode();
        prop_assert_eq!(Checkpoint::decode(Some(&key), Some(&value)), Ok(Some(checkpoint)));
    }

    #[test]
    fn a_record_that_is_cut_short_is_an_error(
        (group, topic, metadata, partition, upstream, downstream) in checkpoint_parts(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let (group, topic, metadata) = (&group[..], &topic[..], &metadata[..]);
        let (key, value) = Checkpoint { group, topic, partition, upstream, downstream, metadata }.encode();
        let short = &value[..cut.index(value.len())];
        prop_assert!(Checkpoint::decode(Some(&key), Some(short)).is_err());
        let short = &key[..cut.index(key.len())];
        prop_assert!(Checkpoint::decode(Some(short), Some(&value)).is_err());
    }
}
