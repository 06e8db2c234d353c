//! What a checkpoints topic comes to, record by record.

use offsets_core::history::{CheckpointHistory, OffsetPair};
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{SourceOffset, TargetOffset, TopicPartition};

const TOPIC: &str = "src.orders";

type Record = (Vec<u8>, Vec<u8>);

fn record(group: &str, partition: i32, upstream: i64, downstream: i64, metadata: &str) -> Record {
    let (upstream, downstream) =
        (SourceOffset::new(upstream).unwrap(), TargetOffset::new(downstream).unwrap());
    Checkpoint { group, topic: TOPIC, partition, upstream, downstream, metadata }.encode()
}

fn read(history: &mut CheckpointHistory, records: &[Record]) {
    for (at, (key, value)) in (0..).zip(records) {
        history.read(at, 1_000 + at, Some(key), Some(value)).unwrap();
    }
}

fn history(records: &[Record]) -> CheckpointHistory {
    let mut history = CheckpointHistory::default();
    read(&mut history, records);
    history
}

/// Group, partition, offsets, time and metadata of every last checkpoint.
fn lasts(history: &CheckpointHistory) -> Vec<String> {
    let mut lines = Vec::new();
    for partition in history.partitions() {
        for (group, last) in history.get(&partition).unwrap().groups() {
            let (time, number) = (last.as_of.as_millisecond(), partition.partition);
            lines.push(format!("{group} {number} {} {time} {:?}", last.pair, last.metadata));
        }
    }
    lines
}

fn floor(history: &CheckpointHistory, partition: i32, g: i64) -> Option<OffsetPair> {
    let highest = TargetOffset::new(i64::MAX).unwrap();
    history.get(&TopicPartition::new(TOPIC, partition))?.floor(SourceOffset::new(g).unwrap(), highest)
}

#[test]
fn each_group_has_its_newest_checkpoint_on_each_partition_in_whatever_order_they_come() {
    let round = |by: i64| {
        vec![
            record("a", 0, by, by - 5, "x"),
            record("a", 1, by + 1, by - 4, ""),
            record("b", 0, by + 2, by - 3, ""),
            record("b", 1, by + 3, by - 2, "y"),
        ]
    };
    let (first, mut second, mut third) = (round(100), round(200), round(300));
    second.swap(0, 3);
    third.remove(1);
    third.remove(1);
    let history = history(&[first, second, third].concat());
    assert_eq!(
        lasts(&history),
        [
            "a 0 300:295 1008 \"x\"",
            "b 0 202:197 1006 \"\"",
            "a 1 201:196 1005 \"\"",
            "b 1 303:298 1009 \"y\""
        ]
    );
}

#[test]
fn metadata_is_that_of_the_newest_checkpoint_and_not_of_an_older_one() {
    let history = history(&[record("a", 0, 1, 1, "a long text"), record("a", 0, 2, 2, "")]);
    assert_eq!(lasts(&history), ["a 0 2:2 1001 \"\""]);
}

#[test]
fn keys_that_differ_in_ignored_bytes_are_about_the_same_group() {
    let (mut key, value) = record("a", 0, 7, 6, "");
    let records = [record("a", 0, 3, 2, ""), (key.clone(), value.clone())];
    let plain = history(&records);
    // MM2 ignores what follows the last field
    key.push(0);
    let padded = history(&[records[0].clone(), (key.clone(), value.clone()), (key, value)]);
    assert_eq!(lasts(&plain), ["a 0 7:6 1001 \"\""]);
    assert_eq!(lasts(&padded), ["a 0 7:6 1002 \"\""]);
}

#[test]
fn a_value_that_cannot_be_read_changes_nothing_whether_its_key_is_known_or_not() {
    let mut history = history(&[record("a", 0, 5, 4, "")]);
    for key in [record("a", 0, 1, 1, "").0, record("new", 3, 1, 1, "").0] {
        let error = history.read(9, 0, Some(&key), Some(b"\0\0\0")).unwrap_err();
        assert_eq!(error.offset, 9);
        assert_eq!(error.cause.to_string(), "value.upstreamOffset at byte 2 needs 8 bytes and 1 are left");
    }
    assert!(history.read(9, 0, Some(b""), Some(&record("a", 0, 1, 1, "").1)).is_err());
    assert!(history.read(9, 0, None, Some(&record("a", 0, 1, 1, "").1)).is_err());
    assert_eq!(lasts(&history), ["a 0 5:4 1000 \"\""]);
}

#[test]
fn a_tombstone_says_nothing() {
    let mut history = history(&[record("a", 0, 5, 4, "")]);
    history.read(1, 0, Some(&record("a", 0, 5, 4, "").0), None).unwrap();
    assert_eq!(lasts(&history), ["a 0 5:4 1000 \"\""]);
}

#[test]
fn a_history_from_a_dump_is_read_on_and_takes_no_empty_key_for_its_own() {
    let whole = history(&[record("a", 0, 5, 4, "m"), record("b", 0, 9, 8, "")]);
    let mut again: CheckpointHistory = serde_json::from_str(&serde_json::to_string(&whole).unwrap()).unwrap();
    assert_eq!(lasts(&again), lasts(&whole));
    assert!(again.read(0, 0, Some(b""), Some(&record("a", 0, 1, 1, "").1)).is_err());
    read(&mut again, &[record("b", 0, 12, 11, ""), record("c", 0, 20, 19, "")]);
    assert_eq!(lasts(&again), ["a 0 5:4 1000 \"m\"", "b 0 12:11 1000 \"\"", "c 0 20:19 1001 \"\""]);
    assert_eq!(
        floor(&again, 0, 10),
        Some(OffsetPair::new(SourceOffset::new(9).unwrap(), TargetOffset::new(8).unwrap()))
    );
}

#[test]
fn floors_are_the_same_before_and_after_they_are_put_in_order() {
    let records: Vec<Record> = (0..5_000_i64)
        .map(|n| {
            let upstream = n * 7_919 % 10_007;
            record("a", 0, upstream, upstream.saturating_sub(n % 13).max(0), "")
        })
        .collect();
    let waiting = history(&records);
    let mut settled = waiting.clone();
    settled.settle();
    for g in (0..10_100).step_by(37) {
        let highest = |history| floor(history, 0, g).map(|pair| pair.downstream);
        assert_eq!(highest(&settled), highest(&waiting), "at {g}");
    }
}
