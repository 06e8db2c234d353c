//! The dumps in `tests/dumps/`, which the tests in Node and the comparison with the `offsets` program read. They are
//! written from here, so that every number in them has its reason beside it:
//!
//! ```text
//! UPDATE_DUMPS=1 cargo test --package offsets-wasm --test dumps
//! ```

#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::path::PathBuf;

use jiff::Timestamp;
use offsets_core::evidence::{Evidence, Logs, Reading, RecordedCommit, SourceState, read_dump, write_dump};
use offsets_core::history::{CheckpointHistory, OffsetPair, SyncHistory};
use offsets_core::link::Link;
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{
    Commit, CommittedOffset, GroupSelection, LogRange, SourceOffset, TargetOffset, TopicPartition,
};
use offsets_core::translate::{Selection, Translation, Translator};

/// From here on not every whole number is a JavaScript `Number`.
const BEYOND: i64 = 1 << 53;

/// A group may be named like this.
const AWKWARD: &str = "tenant, \"ä\".v1";

fn main_dump() -> Evidence {
    let mut syncs = SyncHistory::new(false);
    for (partition, pairs) in [
        (0, vec![(BEYOND + 1, BEYOND + 9), (BEYOND + 1001, BEYOND + 951)]),
        // The bracket between these two is itself wider than 2^53.
        (1, vec![(0, 0), (BEYOND + 100, BEYOND + 51)]),
        (2, vec![(i64::MAX - 1000, i64::MAX - 900), (i64::MAX - 100, i64::MAX - 7)]),
    ] {
        pairs.into_iter().for_each(|(u, d)| syncs.add("orders", partition, sync(u, d)));
    }
    syncs.add("recreated", 0, sync(5000, 5000));

    let mut checkpoints = CheckpointHistory::default();
    checkpoint(&mut checkpoints, ("app-g", "src.orders", 0), (BEYOND + 1, BEYOND + 9));
    checkpoint(&mut checkpoints, (AWKWARD, "src.orders", 0), (BEYOND + 401, BEYOND + 399));

    Evidence {
        commits: vec![
            // On a sync: exact. Between two: bounded. Beyond the newest: a floor.
            commit("app-g", ("orders", 0), BEYOND + 1),
            commit("app-g", ("orders", 1), BEYOND),
            commit("app-g", ("orders", 2), i64::MAX - 3),
            // No sync at all: the log start.
            commit("app-g", ("quiet", 0), 7),
            // A sync beyond the log end of the target: unsafe. No mirror topic: unknown.
            commit("app-g", ("recreated", 0), 4321),
            commit("app-g", ("unmirrored", 0), 12),
            commit("audit", ("orders", 0), BEYOND + 1001),
            commit(AWKWARD, ("orders", 0), BEYOND + 501),
            commit(AWKWARD, ("orders", 2), i64::MAX - 100),
        ],
        syncs: Reading::Whole(syncs),
        checkpoints: Reading::Whole(checkpoints),
        source_logs: logs([
            ("orders", 0, 0, BEYOND + 1500),
            ("orders", 1, 0, BEYOND + 200),
            ("orders", 2, i64::MAX - 2000, i64::MAX - 2),
            ("quiet", 0, 0, 7),
            ("recreated", 0, 0, 6000),
            ("unmirrored", 0, 0, 20),
        ]),
        target_logs: logs([
            ("src.orders", 0, BEYOND, BEYOND + 1400),
            ("src.orders", 1, 0, BEYOND + 150),
            ("src.orders", 2, i64::MAX - 2000, i64::MAX),
            ("src.quiet", 0, 3, 7),
            ("src.recreated", 0, 0, 100),
        ]),
        ..Evidence::unread(Link::new("src", "dst"), time("2026-11-23T08:00:00.123456Z"))
    }
}

/// The source is gone, and with it the syncs that lay there: checkpoints and the target's logs are all there is.
fn source_dead() -> Evidence {
    let main = main_dump();
    Evidence {
        source: SourceState::Dead { reason: "src:9092 did not answer in 10 s".to_owned() },
        commits: Vec::new(),
        syncs: Reading::Absent { reason: "the offset-syncs topic is on the source".to_owned() },
        source_logs: Logs::default(),
        ..main
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn source(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn target(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

fn sync(upstream: i64, downstream: i64) -> OffsetPair {
    OffsetPair::new(source(upstream), target(downstream))
}

fn commit(group: &str, (topic, partition): (&str, i32), offset: i64) -> RecordedCommit {
    RecordedCommit::new(
        Commit {
            group: group.into(),
            partition: TopicPartition::new(topic, partition),
            committed: CommittedOffset { offset: source(offset), metadata: String::new() },
        },
        time("2026-11-23T08:00:01Z"),
    )
}

fn checkpoint(
    to: &mut CheckpointHistory,
    (group, topic, partition): (&str, &str, i32),
    (upstream, downstream): (i64, i64),
) {
    let (upstream, downstream) = (source(upstream), target(downstream));
    let (key, value) = Checkpoint { group, topic, partition, upstream, downstream, metadata: "" }.encode();
    let as_of = time("2026-11-23T07:59:57.25Z");
    to.read(0, as_of.as_millisecond(), Some(&key), Some(&value)).unwrap();
}

fn logs<O: TryFrom<i64> + Copy, const N: usize>(ranges: [(&str, i32, i64, i64); N]) -> Logs<O>
where
    O::Error: std::fmt::Debug,
{
    let range = |(topic, partition, start, end): (&str, i32, i64, i64)| {
        let log = LogRange { start: O::try_from(start).unwrap(), end: O::try_from(end).unwrap() };
        (TopicPartition::new(topic, partition), log)
    };
    ranges.into_iter().map(range).collect()
}

fn answer(mut evidence: Evidence) -> Translation {
    let all = Selection::Groups { groups: GroupSelection::All, topics: Vec::new() };
    let Ok(translator) = Translator::new(evidence.link.clone(), all, evidence.as_of).run(&mut evidence);
    translator.finish()
}

fn is_up_to_date(name: &str, evidence: &Evidence) {
    let written = write_dump(evidence);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dumps").join(name);
    if std::env::var_os("UPDATE_DUMPS").is_some() {
        std::fs::write(&file, &written).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == written,
        "{name} is not what is written now; after a wanted change of the format run\n  \
         UPDATE_DUMPS=1 cargo test --package offsets-wasm --test dumps"
    );
    read_dump(&stored).unwrap();
}

#[test]
fn the_dumps_are_what_is_written_now() {
    is_up_to_date("beyond-2-53.json", &main_dump());
    is_up_to_date("source-dead.json", &source_dead());
}

#[test]
fn every_class_of_answer_is_in_the_dump() {
    let summary = answer(main_dump()).summary();
    for (class, count) in [
        ("exact", summary.exact),
        ("bounded", summary.bounded),
        ("floor", summary.floor),
        ("unsafe", summary.r#unsafe),
        ("unknown", summary.unknown),
    ] {
        assert!(count > 0, "no answer is {class}");
    }
}
