//! What was kept beside the clusters, together with what is left of them.

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
use offsets_core::translate::{EvidenceKind, EvidencePolicy, Selection, Translation, Translator};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn pair(upstream: i64, downstream: i64) -> OffsetPair {
    OffsetPair::new(SourceOffset::new(upstream).unwrap(), TargetOffset::new(downstream).unwrap())
}

fn commit(group: &str, offset: i64, as_of: Timestamp) -> RecordedCommit {
    let committed = CommittedOffset { offset: SourceOffset::new(offset).unwrap(), metadata: String::new() };
    let (group, partition) = (GroupId::from(group), TopicPartition::new("orders", 0));
    RecordedCommit::new(Commit { group, partition, committed }, as_of)
}

fn syncs(pairs: &[(i64, i64)]) -> SyncHistory {
    let mut history = SyncHistory::new(false);
    pairs.iter().for_each(|&(up, down)| history.add("orders", 0, pair(up, down)));
    history
}

fn listed(history: &SyncHistory) -> Vec<(i64, i64)> {
    let partition = history.get(&TopicPartition::new("orders", 0)).unwrap();
    partition.iter().map(|sync| (sync.upstream.get(), sync.downstream.get())).collect()
}

fn checkpoints(told: &[(&str, i64, i64, i64)]) -> CheckpointHistory {
    let mut history = CheckpointHistory::default();
    for &(group, up, down, seconds) in told {
        let OffsetPair { upstream, downstream } = pair(up, down);
        let (topic, partition, metadata) = ("src.orders", 0, "");
        let checkpoint = Checkpoint { group, topic, partition, upstream, downstream, metadata };
        history.add(&checkpoint, at(seconds).as_millisecond());
    }
    history.settle();
    history
}

/// What is left when the source is dead and its syncs with it.
fn left(checkpoints: CheckpointHistory) -> Evidence {
    let whole = LogRange { start: TargetOffset::ZERO, end: TargetOffset::new(10_000).unwrap() };
    Evidence {
        source: SourceState::Dead { reason: "gone".to_owned() },
        checkpoints: Reading::Whole(checkpoints),
        syncs: Reading::Absent { reason: "lost with the source".to_owned() },
        target_logs: Logs::from_iter([(TopicPartition::new("src.orders", 0), whole)]),
        ..Evidence::unread(Link::new("src", "dst"), at(100))
    }
}

fn translated(left: Evidence, kept: ArchivedEvidence) -> Translation {
    let selection = Selection::Groups { groups: GroupSelection::All, topics: Vec::new() };
    let translator =
        Translator::new(left.link.clone(), selection, at(100)).with_policy(EvidencePolicy::without_probes());
    let Ok(translator) = translator.run(&mut WithArchive::new(left, kept));
    translator.finish()
}

#[test]
fn the_newest_commit_wins_wherever_it_was_recorded() {
    let kept = ArchivedEvidence {
        commits: vec![
            commit("ahead", 500, at(50)),
            commit("behind", 500, at(10)),
            commit("rewound", 100, at(50)),
        ],
        ..ArchivedEvidence::default()
    };
    let told =
        [("ahead", 400, 400, 20), ("behind", 600, 600, 20), ("rewound", 900, 900, 20), ("only", 7, 7, 20)];
    let answers = translated(left(checkpoints(&told)), kept);
    let seen: Vec<_> = answers
        .rows
        .iter()
        .map(|row| (row.group.as_ref().unwrap().as_str(), row.committed.offset.get(), row.as_of))
        .collect();
    let expected =
        [("ahead", 500, at(50)), ("behind", 600, at(20)), ("only", 7, at(20)), ("rewound", 100, at(50))];
    assert_eq!(seen, expected);
}

#[test]
fn of_two_commits_of_the_same_time_the_lower_one_skips_nothing() {
    for (kept, told) in [(500, 400), (400, 500)] {
        let kept =
            ArchivedEvidence { commits: vec![commit("app", kept, at(20))], ..ArchivedEvidence::default() };
        let answers = translated(left(checkpoints(&[("app", told, told, 20)])), kept);
        assert_eq!(answers.rows[0].committed.offset.get(), 400);
    }
}

#[test]
fn kept_syncs_close_the_bracket_that_the_disaster_opened() {
    let kept = ArchivedEvidence {
        commits: vec![commit("app", 150, at(50))],
        syncs: syncs(&[(0, 0), (100, 100), (200, 200)]),
        ..ArchivedEvidence::default()
    };
    let without = translated(
        left(CheckpointHistory::default()),
        ArchivedEvidence { syncs: SyncHistory::default(), ..kept.clone() },
    );
    assert_eq!(without.rows[0].position.target(), Some(TargetOffset::ZERO));
    let answers = translated(left(CheckpointHistory::default()), kept);
    assert_eq!(answers.rows[0].position.target().map(TargetOffset::get), Some(101));
    assert_eq!(answers.rows[0].position.high().map(TargetOffset::get), Some(200));
}

#[test]
fn a_living_source_speaks_for_its_groups_itself() {
    let mut alive = left(CheckpointHistory::default());
    alive.source = SourceState::Alive;
    alive.commits = vec![commit("app", 7, at(100))];
    let kept = ArchivedEvidence { commits: vec![commit("gone", 1, at(50))], ..ArchivedEvidence::default() };
    let answers = translated(alive, kept);
    assert_eq!(answers.rows.len(), 1);
    assert_eq!(answers.rows[0].committed.offset.get(), 7);
}

fn record<O>(offset: O, number: i64) -> ScannedRecord<O> {
    let content = Fingerprint::of(None, Some(&number.to_be_bytes()));
    ScannedRecord { offset, created_ms: Some(number), content, origin: None }
}

/// What is left when the source is dead: the copies, of which number 120 is missing, with another producer's record in its place.
fn copies() -> Evidence {
    let at = |offset| TargetOffset::new(offset).unwrap();
    let numbers = (0..120).chain(121..150).chain([9_999]).chain(150..300);
    let records = (0..).zip(numbers).map(|(offset, number)| record(at(offset), number)).collect();
    let offsets = LogRange { start: at(0), end: at(300) };
    let mut evidence = left(CheckpointHistory::default());
    evidence.target_logs = Logs::from_iter([(TopicPartition::new("src.orders", 0), offsets)]);
    evidence.target_records.add(TopicPartition::new("src.orders", 0), Scan { offsets, records });
    evidence
}

/// Source records that were kept, number by offset; stretches are half-open.
fn kept_records(stretches: &[(i64, i64)]) -> Records<SourceOffset> {
    let at = |offset| SourceOffset::new(offset).unwrap();
    let mut records = Records::default();
    for &(start, end) in stretches {
        let offsets = LogRange { start: at(start), end: at(end) };
        let held = (start..end).map(|number| record(at(number), number)).collect();
        records.add(TopicPartition::new("orders", 0), Scan { offsets, records: held });
    }
    records
}

/// The lower and the upper end for a commit at 140 between syncs at 100 and 200, with these records kept.
fn recognised(evidence: Evidence, stretches: &[(i64, i64)]) -> (i64, Option<i64>) {
    let kept = ArchivedEvidence {
        syncs: syncs(&[(0, 0), (100, 100), (200, 200), (299, 299)]),
        ..ArchivedEvidence::default()
    };
    let offset = (TopicPartition::new("orders", 0), SourceOffset::new(140).unwrap());
    let translator = Translator::new(evidence.link.clone(), Selection::Offsets(vec![offset]), at(100));
    let translator =
        translator.with_policy(EvidencePolicy::only([EvidenceKind::Syncs, EvidenceKind::Content]));
    let mut remembering = WithArchive::new(evidence, kept).with_records(kept_records(stretches));
    let Ok(translator) = translator.run(&mut remembering);
    let position = translator.finish().rows[0].position.clone();
    (position.target().unwrap().get(), position.high().map(TargetOffset::get))
}

#[test]
fn kept_records_stand_in_for_those_of_a_dead_source() {
    assert_eq!(recognised(copies(), &[]), (101, Some(200)));
    assert_eq!(recognised(copies(), &[(0, 300)]), (139, Some(139)));
    assert_eq!(recognised(copies(), &[(101, 145)]), (139, Some(139)));
}

#[test]
fn less_that_was_kept_makes_an_answer_wider_and_never_another() {
    // Up to the commit: what is above it is not known to be unread.
    assert_eq!(recognised(copies(), &[(100, 140)]), (139, Some(200)));
    // From a record on: what stands in front was copied before it, for the copies stand in order.
    assert_eq!(recognised(copies(), &[(130, 160)]), (139, Some(139)));
    // Only beyond the commit, or only far away.
    assert_eq!(recognised(copies(), &[(160, 300)]), (101, Some(160)));
    assert_eq!(recognised(copies(), &[(220, 300)]), (101, Some(200)));
    for from in (100..200).step_by(7) {
        for to in (from + 1..=201).step_by(11) {
            let (low, high) = recognised(copies(), &[(from, to)]);
            assert!(low <= 139 && high.is_some_and(|high| 139 <= high), "{from}..{to}: {low}..={high:?}");
        }
    }
}

#[test]
fn a_living_source_is_read_and_not_remembered() {
    let mut alive = copies();
    alive.source = SourceState::Alive;
    let log = LogRange { start: SourceOffset::ZERO, end: SourceOffset::new(300).unwrap() };
    alive.source_logs = Logs::from_iter([(TopicPartition::new("orders", 0), log)]);
    alive.syncs = Reading::Whole(SyncHistory::new(false));
    assert_eq!(recognised(alive, &[(0, 300)]), (101, Some(200)));
}

#[test]
fn the_topic_goes_on_where_what_was_kept_ends() {
    let kept = [(0, 0), (100, 100), (200, 200)];
    // Still there, compacted to what came since, and compacted in part.
    for live in [&[(0, 0), (100, 100), (200, 200), (300, 300)][..], &[(300, 300)], &[(200, 200), (300, 300)]]
    {
        let joined = syncs(&kept).continued_by(&syncs(live));
        assert_eq!(listed(&joined), [(0, 0), (100, 100), (200, 200), (300, 300)]);
    }
}

#[test]
fn what_was_kept_is_left_aside_where_its_place_is_not_known() {
    let joined = syncs(&[(0, 0), (100, 100), (200, 200)]).continued_by(&syncs(&[(150, 150), (300, 300)]));
    assert_eq!(listed(&joined), [(150, 150), (300, 300)]);
    let joined = syncs(&[(500, 500)]).continued_by(&syncs(&[(3, 3)]));
    assert_eq!(listed(&joined), [(3, 3)]);
}

#[test]
fn kept_checkpoints_are_floors_still_and_the_newer_one_of_a_group_stands() {
    let mut live = checkpoints(&[("app", 300, 290, 30)]);
    live.recall(&checkpoints(&[("app", 100, 95, 10), ("other", 200, 195, 40)]));
    let partition = live.get(&TopicPartition::new("src.orders", 0)).unwrap();
    let end = TargetOffset::new(10_000).unwrap();
    let floor = |g| partition.floor(SourceOffset::new(g).unwrap(), end);
    assert_eq!(
        (floor(150), floor(250), floor(300)),
        (Some(pair(100, 95)), Some(pair(200, 195)), Some(pair(300, 290)))
    );
    assert_eq!(partition.last(&GroupId::from("app")).unwrap().pair, pair(300, 290));
    assert_eq!(partition.last(&GroupId::from("other")).unwrap().as_of, at(40));
}
