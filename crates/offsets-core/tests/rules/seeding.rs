//! What a group had read of the records that come to it again: which are named, and when none are.

use std::ops::Range;

use jiff::Timestamp;
use offsets_core::evidence::{
    ArchivedEvidence, Evidence, Fingerprint, Logs, Reading, RecordedCommit, Records, Scan, ScannedRecord,
    SourceState, WithArchive,
};
use offsets_core::history::{CheckpointHistory, OffsetPair, SyncHistory};
use offsets_core::link::Link;
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, GroupSelection, LogRange, SourceOffset, TargetOffset, TopicPartition,
};
use offsets_core::translate::Seed;
use offsets_core::translate::{EvidencePolicy, Selection, Translator};
use offsets_record::Identity;

const TOPIC: &str = "orders";

fn source() -> TopicPartition {
    TopicPartition::new(TOPIC, 0)
}

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

/// A record that is its number, in its timestamp and its content.
fn record(offset: i64, number: i64) -> ScannedRecord<SourceOffset> {
    let content = Fingerprint::of(None, Some(&number.to_be_bytes()));
    ScannedRecord { offset: up(offset), created_ms: Some(number), content, origin: None }
}

fn named(numbers: impl IntoIterator<Item = i64>) -> Vec<Identity> {
    let identity = |number: i64| Identity::of_copy(Some(number), None, Some(&number.to_be_bytes())).unwrap();
    numbers.into_iter().map(identity).collect()
}

/// Records that are their offsets, but for those that `change` changes.
fn scan(offsets: Range<i64>, change: impl Fn(i64) -> ScannedRecord<SourceOffset>) -> Scan<SourceOffset> {
    let range = LogRange { start: up(offsets.start), end: up(offsets.end) };
    Scan { offsets: range, records: offsets.map(change).collect() }
}

fn plain(offset: i64) -> ScannedRecord<SourceOffset> {
    record(offset, offset)
}

fn records(scans: impl IntoIterator<Item = Scan<SourceOffset>>) -> Records<SourceOffset> {
    let mut records = Records::default();
    scans.into_iter().for_each(|scan| records.add(source(), scan));
    records
}

fn commit(g: i64) -> RecordedCommit {
    let committed = CommittedOffset { offset: up(g), metadata: String::new() };
    let commit = Commit { group: GroupId::from("app"), partition: source(), committed };
    RecordedCommit::new(commit, Timestamp::UNIX_EPOCH)
}

/// A living source of 300 records and syncs at 0, 100 and 200; the target lacks ten of them.
fn evidence(g: i64) -> Evidence {
    let mut syncs = SyncHistory::new(false);
    for (from, to) in [(0, 0), (100, 90), (200, 190)] {
        syncs.add(TOPIC, 0, OffsetPair::new(up(from), down(to)));
    }
    let target = LogRange { start: down(0), end: down(250) };
    Evidence {
        commits: vec![commit(g)],
        syncs: Reading::Whole(syncs),
        source_logs: Logs::from_iter([(source(), LogRange { start: up(0), end: up(300) })]),
        target_logs: Logs::from_iter([(TopicPartition::new("src.orders", 0), target)]),
        source_records: records([scan(0..300, plain)]),
        ..Evidence::unread(Link::new("src", "dst"), Timestamp::UNIX_EPOCH)
    }
}

fn translator(link: &Link) -> Translator {
    let groups = Selection::Groups { groups: GroupSelection::All, topics: Vec::new() };
    let translator = Translator::new(link.clone(), groups, Timestamp::UNIX_EPOCH);
    translator.with_policy(EvidencePolicy::without_probes()).with_reread_sets()
}

fn seed(mut evidence: Evidence) -> Seed {
    let Ok(done) = translator(&evidence.link).run(&mut evidence);
    let mut seeds = done.finish().seeds;
    assert_eq!(seeds.len(), 1);
    seeds.remove(0)
}

#[track_caller]
fn is_unseeded(seed: &Seed, words: &str) {
    assert!(seed.windows.is_empty(), "{seed:?}");
    let why = &seed.unseeded.first().expect("it is said").why;
    assert!(why.contains(words), "{why}");
}

#[test]
fn what_lies_between_the_sync_below_and_the_commit_comes_again_up_to_the_sync_above() {
    let seed = seed(evidence(150));
    let window = &seed.windows[0];
    assert_eq!((window.from, window.until), (down(91), Some(down(190))));
    assert_eq!(window.partition, TopicPartition::new("src.orders", 0));
    assert_eq!(window.read, named(101..150));
    assert_eq!(window.left_out, 0);
    assert_eq!(window.assumptions, ["order", "same-incarnation", "visible-replays", "distinct-records"]);
    assert_eq!(Seed::read(&seed.write()).unwrap(), seed);
}

#[test]
fn what_looks_like_an_unread_record_is_left_out() {
    let source_records = records([scan(0..300, |at| record(at, if at == 160 { 120 } else { at }))]);
    let seed = seed(Evidence { source_records, ..evidence(150) });
    assert_eq!(seed.windows[0].read, named((101..150).filter(|&at| at != 120)));
    assert_eq!(seed.windows[0].left_out, 1);
}

#[test]
fn an_unread_record_with_the_timestamp_of_its_broker_may_be_any_with_its_content() {
    let change = |at| match at {
        160 => ScannedRecord { created_ms: None, ..record(at, 120) },
        _ => plain(at),
    };
    let seed = seed(Evidence { source_records: records([scan(0..300, change)]), ..evidence(150) });
    assert_eq!(seed.windows[0].left_out, 1);
}

#[test]
fn records_that_look_alike_and_were_all_read_are_named_as_often_and_what_was_looked_up_twice_once() {
    let change = |at| record(at, if at == 121 { 120 } else { at });
    let source_records = records([scan(0..160, change), scan(110..300, change)]);
    let seed = seed(Evidence { source_records, ..evidence(150) });
    assert_eq!(seed.windows[0].read, named((101..150).map(|at| if at == 121 { 120 } else { at })));
}

#[test]
fn records_that_cannot_be_told_from_others_are_not_named() {
    let change = |at| ScannedRecord { created_ms: None, ..plain(at) };
    let seed = seed(Evidence { source_records: records([scan(0..300, change)]), ..evidence(150) });
    is_unseeded(&seed, "no timestamp of their producer");
}

#[test]
fn nothing_is_named_where_an_unread_record_that_comes_is_not_known() {
    let kept = |scans: Vec<Scan<SourceOffset>>| Evidence { source_records: records(scans), ..evidence(150) };
    is_unseeded(&seed(kept(vec![scan(0..170, plain)])), "only those below source offset 170");
    is_unseeded(&seed(kept(vec![scan(0..170, plain), scan(171..300, plain)])), "below source offset 170");
    is_unseeded(&seed(kept(Vec::new())), "could not be read");
    let parted = kept(vec![scan(120..170, plain), scan(170..300, plain)]);
    assert_eq!(seed(parted).windows[0].read, named(120..150), "of the read ones a part does");
}

#[test]
fn as_many_unread_records_are_looked_at_as_can_have_been_copied_before_the_window_ends() {
    // The sync above says that 200 was copied to 450: something was copied twice before it, and it may have been more than
    // what stands below 200.
    let mut syncs = SyncHistory::new(false);
    for (from, to) in [(100, 90), (200, 450)] {
        syncs.add(TOPIC, 0, OffsetPair::new(up(from), down(to)));
    }
    let target = LogRange { start: down(0), end: down(500) };
    let within = |known: Range<i64>| Evidence {
        syncs: Reading::Whole(syncs.clone()),
        source_logs: Logs::from_iter([(source(), LogRange { start: up(0), end: up(900) })]),
        target_logs: Logs::from_iter([(TopicPartition::new("src.orders", 0), target)]),
        source_records: records([scan(known, plain)]),
        ..evidence(150)
    };
    is_unseeded(&seed(within(0..300)), "below source offset 300");
    assert_eq!(seed(within(0..461)).windows[0].read, named(101..150));
}

#[test]
fn where_no_seed_is_possible_or_needed_that_is_said() {
    let exact = seed(evidence(100));
    assert!(exact.windows.is_empty() && exact.unseeded.is_empty(), "{exact:?}");
    let without = Reading::Absent { reason: "lost".to_owned() };
    is_unseeded(&seed(Evidence { syncs: without, ..evidence(150) }), "names no source offset");
    let beyond = Logs::from_iter([(source(), LogRange { start: up(0), end: up(120) })]);
    is_unseeded(&seed(Evidence { source_logs: beyond, ..evidence(110) }), "unsafe");
    is_unseeded(&seed(Evidence { target_logs: Logs::default(), ..evidence(150) }), "is not known");
    let mut missing = Logs::default();
    missing.add_missing(TopicPartition::new("src.orders", 0));
    is_unseeded(&seed(Evidence { target_logs: missing, ..evidence(150) }), "no such partition");
}

#[test]
fn without_a_ceiling_the_window_ends_with_what_is_copied_now() {
    let window = &seed(evidence(250)).windows[0];
    assert_eq!((window.from, window.until), (down(191), Some(down(250))));
    assert_eq!(window.read, named(201..250));
}

#[test]
fn a_dead_source_is_stood_in_for_by_what_was_kept_of_it() {
    let dead = |source_records| Evidence {
        source: SourceState::Dead { reason: "gone".to_owned() },
        source_logs: Logs::default(),
        commits: Vec::new(),
        source_records,
        ..evidence(150)
    };
    let done = |kept: Records<SourceOffset>| {
        let recollection = ArchivedEvidence { commits: vec![commit(150)], ..ArchivedEvidence::default() };
        let evidence_source = dead(Records::default());
        let asked = translator(&evidence_source.link);
        let Ok(done) = asked.run(&mut WithArchive::new(evidence_source, recollection).with_records(kept));
        done.finish().seeds.remove(0)
    };
    let window = &done(records([scan(0..250, plain)])).windows[0];
    assert_eq!((&window.read, window.until), (&named(101..150), Some(down(190))));
    is_unseeded(&done(Records::default()), "no archive kept");
    is_unseeded(&done(records([scan(0..200, plain)])), "below source offset 200");
}

#[test]
fn a_checkpoint_whose_sync_is_gone_names_as_many_as_the_window_has_room_for() {
    let mut checkpoints = CheckpointHistory::default();
    let (group, topic, metadata) = ("app", "src.orders", "");
    let (upstream, downstream) = (up(160), down(131));
    checkpoints.add(&Checkpoint { group, topic, partition: 0, upstream, downstream, metadata }, 0);
    checkpoints.settle();
    let syncs = Reading::Absent { reason: "lost".to_owned() };
    let seed = seed(Evidence { syncs, checkpoints: Reading::Whole(checkpoints), ..evidence(160) });
    let window = &seed.windows[0];
    assert_eq!((window.from, window.until), (down(131), Some(down(250))));
    assert_eq!(window.read, named(41..160), "119 offsets");
}
