//! `__consumer_offsets`: golden vectors of every version, round trips, any bytes at all, and what the log comes to.

use std::collections::BTreeMap;

use offsets_core::consumer_offsets::{CommitChange, CommitLog, DecodeError, OffsetCommit, Standing};
use offsets_core::model::{CommittedOffset, SourceOffset, TopicPartition};
use proptest::prelude::*;

fn offset(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// `app-g` on `orders-3`.
const KEY: &str = "000100056170702d6700066f726465727300000003";

fn commit<'a>(offset: i64, metadata: &'a str) -> OffsetCommit<'a> {
    let standing = Standing { offset: self::offset(offset), metadata, committed_ms: 1_700_000_000_000 };
    OffsetCommit { group: "app-g", topic: "orders", partition: 3, standing: Some(standing) }
}

#[test]
fn every_version_of_a_value_is_read() {
    let expected = commit(1042, "m");
    for value in [
        // offset, metadata, commit timestamp
        "0000000000000000041200016d0000018bcfe56800",
        // and an expire timestamp
        "0001000000000000041200016d0000018bcfe568000000018bd50bc400",
        "0002000000000000041200016d0000018bcfe56800",
        // with the leader's epoch behind the offset
        "000300000000000004120000000700016d0000018bcfe56800",
        // with a compact string, and no tagged fields
        "0004000000000000041200000007026d0000018bcfe5680000",
        // with an unknown tagged field: tag 0, 16 bytes
        "0004000000000000041200000007026d0000018bcfe56800010010000102030405060708090a0b0c0d0e0f",
    ] {
        let value = hex(value);
        assert_eq!(OffsetCommit::decode(Some(&hex(KEY)), Some(&value)), Ok(Some(expected)));
    }
    // The key as brokers wrote it before they knew transactions.
    let legacy = hex(&KEY.replacen("0001", "0000", 1));
    let value = hex("0000000000000000041200016d0000018bcfe56800");
    assert_eq!(OffsetCommit::decode(Some(&legacy), Some(&value)), Ok(Some(expected)));
}

#[test]
fn a_commit_is_written_as_brokers_write_it() {
    let (key, value) = commit(1042, "").encode();
    assert_eq!((key, value.unwrap()), (hex(KEY), hex("00030000000000000412ffffffff00000000018bcfe56800")));
}

#[test]
fn a_null_value_deletes_the_commit() {
    let deleted = OffsetCommit { standing: None, ..commit(0, "") };
    assert_eq!(OffsetCommit::decode(Some(&hex(KEY)), None), Ok(Some(deleted)));
    assert_eq!(deleted.encode(), (hex(KEY), None));
}

/// As KafkaJS writes it: `admin.resetOffsets({ earliest: true })` commits -2, without `earliest` it commits -1 (KAFKA-15607
/// tells of the same in MirrorMaker 2).
#[test]
fn a_commit_below_zero_is_none_and_ends_the_one_before() {
    for sentinel in ["fffffffffffffffe", "ffffffffffffffff", "8000000000000000"] {
        let value = hex(&format!("0003{sentinel}ffffffff00000000018bcfe56800"));
        let none = OffsetCommit { standing: None, ..commit(0, "") };
        assert_eq!(OffsetCommit::decode(Some(&hex(KEY)), Some(&value)), Ok(Some(none)));

        let mut log = CommitLog::default();
        let (key, before) = commit(1042, "").encode();
        log.take(Some(&key), before.as_deref()).unwrap();
        log.take(Some(&key), Some(&value)).unwrap();
        assert_eq!(listed(&log), Model::new());
        assert_eq!(log.take_changes().into_iter().map(|change| change.committed).collect::<Vec<_>>(), [None]);
    }
}

#[test]
fn records_of_groups_and_members_are_none_of_ours() {
    for version in [2_i16, 3, 8, 17, i16::MAX, -1] {
        let key = [&version.to_be_bytes()[..], b"whatever"].concat();
        assert_eq!(OffsetCommit::decode(Some(&key), Some(b"whatever")), Ok(None));
    }
}

#[test]
fn what_a_coordinator_cannot_have_written_is_refused() {
    let decode = |key: &str, value: &str| {
        OffsetCommit::decode(Some(&hex(key)), Some(&hex(value))).map(drop).unwrap_err()
    };
    let version = DecodeError::UnknownVersion { field: "value.version", at: 0, found: 5, known: 4 };
    assert_eq!(decode(KEY, "00050000"), version);
    assert_eq!(
        decode(KEY, "0004000000000000041200000007000000018bcfe5680000"),
        DecodeError::NegativeLength { field: "value.metadata", at: 14, length: -1 }
    );
    assert_eq!(
        decode(KEY, "0004000000000000041200000007ff01"),
        DecodeError::CutShort { field: "value.metadata", at: 14, needed: 256, left: 2 }
    );
    assert_eq!(
        decode("00010005617070", ""),
        DecodeError::CutShort { field: "key.group", at: 2, needed: 7, left: 5 }
    );
    assert_eq!(OffsetCommit::decode(None, None), Err(DecodeError::NoKey));
}

/// A record of a small world, so that they meet.
#[derive(Debug, Clone)]
struct Written {
    group: u8,
    topic: u8,
    partition: i32,
    standing: Option<(i64, String)>,
}

fn written() -> impl Strategy<Value = Written> {
    let standing = proptest::option::weighted(0.8, (0..1_000_i64, "[a-z]{0,3}"));
    (0..3_u8, 0..3_u8, 0..2_i32, standing).prop_map(|(group, topic, partition, standing)| Written {
        group,
        topic,
        partition,
        standing,
    })
}

fn encoded(record: &Written) -> (Vec<u8>, Option<Vec<u8>>) {
    let (group, topic) = (format!("g{}", record.group), format!("t{}", record.topic));
    let standing = record.standing.as_ref().map(|(offset, metadata)| Standing {
        offset: self::offset(*offset),
        metadata,
        committed_ms: 7,
    });
    OffsetCommit { group: &group, topic: &topic, partition: record.partition, standing }.encode()
}

type Model = BTreeMap<(String, TopicPartition), CommittedOffset<SourceOffset>>;

fn listed(log: &CommitLog) -> Model {
    let commits = log.commits().into_iter();
    commits.map(|commit| ((commit.group.as_str().to_owned(), commit.partition), commit.committed)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_log_comes_to_the_last_record_of_each_key(
        records in proptest::collection::vec(written(), 0..60),
        looks in proptest::collection::vec(0..60_usize, 0..4),
    ) {
        let (mut log, mut model, mut told) = (CommitLog::default(), Model::new(), Model::new());
        for (at, record) in records.iter().enumerate() {
            let (key, value) = encoded(record);
            log.take(Some(&key), value.as_deref()).unwrap();
            let place = (format!("g{}", record.group), TopicPartition::new(&*format!("t{}", record.topic), record.partition));
            match &record.standing {
                Some((offset, metadata)) => {
                    let committed = CommittedOffset { offset: self::offset(*offset), metadata: metadata.clone() };
                    model.insert(place, committed);
                }
                None => drop(model.remove(&place)),
            }
            prop_assert_eq!(listed(&log), model.clone());
            if looks.contains(&at) {
                // A reader that has everything up to here needs only the changes.
                for CommitChange { group, partition, committed } in log.take_changes() {
                    let place = (group.as_str().to_owned(), partition);
                    match committed {
                        Some(committed) => drop(told.insert(place, committed)),
                        None => drop(told.remove(&place)),
                    }
                }
                prop_assert_eq!(&told, &model);
            }
        }
    }

    #[test]
    fn what_is_written_is_read_back(
        group in "\\PC{0,40}", topic in "[a-zA-Z0-9._-]{1,249}", metadata in any::<String>(),
        partition in 0..=i32::MAX, upstream in 0..=i64::MAX, committed_ms in any::<i64>(), deleted in any::<bool>(),
    ) {
        let standing = Standing { offset: offset(upstream), metadata: &metadata, committed_ms };
        let record = OffsetCommit { group: &group, topic: &topic, partition, standing: (!deleted).then_some(standing) };
        let (key, value) = record.encode();
        prop_assert_eq!(OffsetCommit::decode(Some(&key), value.as_deref()), Ok(Some(record)));
        if let Some(value) = value {
            for short in [0, 2, 9, value.len() - 1] {
                prop_assert!(OffsetCommit::decode(Some(&key), Some(&value[..short])).is_err());
            }
        }
    }

    #[test]
    fn any_bytes_give_a_value_or_an_error(
        version in 0..6_u8,
        key in proptest::collection::vec(0..9_u8, 0..24),
        value in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let key = [&[0, version & 1][..], &key].concat();
        let value = [&[0, version][..], &value].concat();
        let mut log = CommitLog::default();
        if log.take(Some(&key), Some(&value)).is_err() {
            prop_assert_eq!(log, CommitLog::default());
        }
    }
}
