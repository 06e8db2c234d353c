//! The way back: the target holds records of its own that a group of the source has yet to read.
//!
//! Cases G1 and G2, seen on Kafka and MM2 4.3.1: a position by the link's own syncs passed records that had been stranded

//! on the target, as MM2's own group sync does.

use jiff::Timestamp;
use offsets_core::evidence::{
    CopiedThrough, Evidence, Fingerprint, FlowBack, Reading, RecordedCommit, Records, Scan, ScannedRecord,
    SourceState,
};
use offsets_core::history::{CheckpointHistory, OffsetPair, SyncHistory};
use offsets_core::link::{Link, OffsetMapping, ReplicationPolicy};
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{
    Commit, CommittedOffset, GroupSelection, LogRange, SourceOffset, TargetOffset, TopicPartition,
};
use offsets_core::translate::{EvidencePolicy, NoTarget, Position, Row, Selection, Translator};

/// The link back, from B to A. A held 100..1099 and B their copies, 0..999; 40 records were stranded on A; then B took 30 of
/// its own, which the link copied to A behind them.
struct Return {
    policy: ReplicationPolicy,
    /// The group's commit on B.
    g: i64,
    /// What it has committed on A.
    own: Option<i64>,
    /// What A->B wrote down: pairs of A and B.
    back: &'static [(i64, i64)],
    back_through: Option<i64>,
    syncs: &'static [(i64, i64)],
    /// Whether B answers.
    alive: bool,
    rules: EvidencePolicy,
    /// Where the flow back has its own checkpoint of the group.
    checkpoint: Option<(i64, i64)>,
}

const BACK: &[(i64, i64)] = &[(100, 0), (201, 101), (403, 303), (798, 698), (1099, 999)];
const SYNCS: &[(i64, i64)] = &[(1000, 1140), (1029, 1169)];

impl Return {
    fn of(g: i64) -> Self {
        Self {
            policy: ReplicationPolicy::identity(),
            g,
            own: Some(1050),
            back: BACK,
            back_through: Some(1099),
            syncs: SYNCS,
            alive: true,
            rules: EvidencePolicy::default(),
            checkpoint: None,
        }
    }

    /// Without anything that A->B wrote down.
    fn without_flow_back(self) -> Self {
        Self { back: &[], back_through: None, ..self }
    }

    fn without_probes(self) -> Self {
        Self { rules: EvidencePolicy::without_probes(), ..self }
    }

    fn evidence(&self) -> Evidence {
        let link = Link { policy: self.policy.clone(), ..Link::new("B", "A") };
        let partition = TopicPartition::new("orders", 0);
        let syncs = |pairs: &[(i64, i64)]| {
            let mut syncs = SyncHistory::default();
            pairs.iter().for_each(|&(u, d)| syncs.add("orders", 0, OffsetPair::new(up(u), down(d))));
            Reading::Whole(syncs)
        };
        let mut checkpoints = CheckpointHistory::default();
        if let Some((u, d)) = self.checkpoint {
            let checkpoint = Checkpoint {
                group: "g",
                topic: "orders",
                partition: 0,
                upstream: up(u),
                downstream: down(d),
                metadata: "",
            };
            checkpoints.add(&checkpoint, 0);
        }
        let mut through = CopiedThrough::default();
        through.note(partition.clone(), self.back_through.map(up));
        let source_log = LogRange { start: up(0), end: up(1030) };
        let target_log = LogRange { start: down(100), end: down(1170) };
        let mut source_records = Records::default();
        if self.alive {
            let records = (0..1030).map(|at| record(up(at), at)).collect();
            source_records.add(partition.clone(), Scan { offsets: source_log, records });
        }
        let mut target_records = Records::default();
        let own = (100..1140).map(|at| record(down(at), if at < 1100 { at - 100 } else { at + 9_000 }));
        let copies = (1140..1170).map(|at| record(down(at), at - 140));
        target_records
            .add(partition.clone(), Scan { offsets: target_log, records: own.chain(copies).collect() });
        let committed = |offset| CommittedOffset { offset, metadata: String::new() };
        let commit =
            Commit { group: "g".into(), partition: partition.clone(), committed: committed(up(self.g)) };
        let own = self.own.map(|own| Commit {
            group: "g".into(),
            partition: partition.clone(),
            committed: CommittedOffset { offset: down(own), metadata: String::new() },
        });
        Evidence {
            source: match self.alive {
                true => SourceState::Alive,
                false => SourceState::Dead { reason: "gone".to_owned() },
            },
            commits: vec![RecordedCommit::new(commit, Timestamp::UNIX_EPOCH)],
            syncs: syncs(self.syncs),
            checkpoints: Reading::Whole(checkpoints),
            source_logs: self.alive.then_some((partition.clone(), source_log)).into_iter().collect(),
            target_logs: [(partition, target_log)].into_iter().collect(),
            target_commits: own.into_iter().collect(),
            flow_back: FlowBack {
                syncs: if self.back.is_empty() { Reading::unread() } else { syncs(self.back) },
                copied_through: Reading::Whole(through),
            },
            source_records,
            target_records,
            ..Evidence::unread(link, Timestamp::UNIX_EPOCH)
        }
    }

    fn row(&self) -> Row {
        row_of(&mut self.evidence(), &self.rules)
    }
}

fn row_of(evidence: &mut Evidence, rules: &EvidencePolicy) -> Row {
    let selection = Selection::Groups { groups: GroupSelection::All, topics: Vec::new() };
    let translator = Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH);
    let Ok(done) = translator.with_policy(rules.clone()).run(evidence);
    done.finish().rows.remove(0)
}

fn record<O>(offset: O, content: i64) -> ScannedRecord<O> {
    let content_hash = Fingerprint::of(None, Some(&content.to_be_bytes()));
    ScannedRecord { offset, created_ms: Some(content), content: content_hash, origin: None }
}

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

fn bounded(low: i64, high: i64) -> Position {
    Position::Bounded { low: down(low), high: down(high) }
}

#[test]
fn a_group_that_read_all_on_b_stops_in_front_of_the_stranded_records() {
    let row = Return::of(1030).row();
    assert_eq!(row.position, bounded(1100, 1170));
    let stranded = row.stranded.unwrap();
    assert_eq!((stranded.first, stranded.beyond), (down(1100), down(1170)));
    assert_eq!(stranded.records, Some(40));
    let finding = row.evidence.iter().find(|finding| finding.kind == "stranded").unwrap();
    assert!(finding.detail.starts_with("40 records of orders-0 on A from 1100 on"), "{}", finding.detail);
}

#[test]
fn any_one_sign_keeps_a_group_from_passing_them() {
    let cases = [
        ("the flow back alone", Return { own: None, back_through: None, ..Return::of(1030) }),
        ("its worker alone", Return { own: None, back: &[], ..Return::of(1030) }),
        ("the group's own commit alone", Return::of(1030).without_flow_back()),
        ("the records alone", Return { own: None, ..Return::of(1030).without_flow_back() }),
        ("without reading records", Return::of(1030).without_probes()),
        ("without records, the flow back alone", Return { own: None, ..Return::of(1030).without_probes() }),
        (
            "without records, its worker alone",
            Return { own: None, back: &[], ..Return::of(1030).without_probes() },
        ),
        ("without records, the commit alone", Return::of(1030).without_flow_back().without_probes()),
        ("B dead", Return { alive: false, checkpoint: Some((1030, 1170)), ..Return::of(1030) }),
        (
            "a commit that MM2 carried over",
            Return { own: Some(1170), checkpoint: Some((1030, 1170)), ..Return::of(1030) },
        ),
    ];
    for (sign, case) in cases {
        let row = case.row();
        let low = row.position.target().unwrap();
        assert!(low <= down(1100), "{sign}: {:?}", row.position);
        assert_ne!(row.position.class(), "exact", "{sign}");
        assert!(row.stranded.is_some(), "{sign}");
        assert!(low >= down(100), "{sign}");
    }
}

#[test]
fn the_groups_own_commit_bounds_what_it_has_read_where_nothing_else_is_known() {
    let row = Return::of(1030).without_flow_back().without_probes().row();
    assert_eq!(row.position, bounded(1050, 1170));
    assert_eq!(row.stranded.unwrap().records, None, "without the records they cannot be counted");
}

/// A checkpoint of another group at the offset of a group's own commit once hid that commit, as if MM2 had made it.
#[test]
fn a_checkpoint_of_another_group_does_not_hide_a_groups_own_commit() {
    for case in [Return::of(1030).without_flow_back(), Return::of(1030).without_flow_back().without_probes()]
    {
        let alone = case.row();
        let mut evidence = case.evidence();
        let mut checkpoints = CheckpointHistory::default();
        for group in ["another", "a third"] {
            let checkpoint = Checkpoint {
                group,
                topic: "orders",
                partition: 0,
                upstream: up(5),
                downstream: down(1050),
                metadata: "",
            };
            checkpoints.add(&checkpoint, 0);
        }
        evidence.checkpoints = Reading::Whole(checkpoints);
        let row = row_of(&mut evidence, &case.rules);
        assert!(alone.position.target() <= Some(down(1100)), "{:?}", alone.position);
        assert!(row.position.target() <= Some(down(1100)), "{:?}", row.position);
        assert_eq!(row.stranded.is_some(), alone.stranded.is_some());
    }
}

#[test]
fn a_group_inside_the_copies_gets_its_place_among_the_originals() {
    assert_eq!(Return::of(700).row().position, Position::Exact { at: down(800) });
    let unprobed = Return::of(700).without_probes().row();
    assert_eq!(unprobed.position.target(), Some(down(799)));
    let at_a_sync = Return::of(698).without_probes().row();
    assert_eq!(at_a_sync.position.target(), Some(down(798)));
}

#[test]
fn a_flow_back_that_was_seeded_past_stranded_records_does_not_vouch_for_them() {
    // A->B ran again, seeded at the end of A: it passed 1100..1139, and copied from 1170 on.
    let back: &[(i64, i64)] = &[(100, 0), (1099, 999), (1170, 1030)];
    let case = Return { back, back_through: Some(1170), own: None, g: 1030, ..Return::of(1030) };
    assert!(case.without_probes().row().position.target() <= Some(down(1100)));
}

/// The commonest case of all: the first failover to a cluster that holds nothing but copies.
#[test]
fn a_first_failover_under_the_identity_policy_stays_exact() {
    let partition = TopicPartition::new("orders", 0);
    let link = Link { policy: ReplicationPolicy::identity(), ..Link::new("A", "B") };
    let log = |start: i64, end: i64| (up(start), up(end), down(start), down(end));
    for (own, checkpoint) in [(None, None), (Some(420), Some((420, 420)))] {
        let mut syncs = SyncHistory::default();
        (0..10).for_each(|at| syncs.add("orders", 0, OffsetPair::new(up(at * 101), down(at * 101))));
        let mut checkpoints = CheckpointHistory::default();
        if let Some((u, d)) = checkpoint {
            let checkpoint = Checkpoint {
                group: "g",
                topic: "orders",
                partition: 0,
                upstream: up(u),
                downstream: down(d),
                metadata: "",
            };
            checkpoints.add(&checkpoint, 0);
        }
        let (source_start, source_end, target_start, target_end) = log(0, 1000);
        let source_log = LogRange { start: source_start, end: source_end };
        let target_log = LogRange { start: target_start, end: target_end };
        let mut source_records = Records::default();
        let records = (0..1000).map(|at| record(up(at), at)).collect();
        source_records.add(partition.clone(), Scan { offsets: source_log, records });
        let mut target_records = Records::default();
        let records = (0..1000).map(|at| record(down(at), at)).collect();
        target_records.add(partition.clone(), Scan { offsets: target_log, records });
        let commit = Commit {
            group: "g".into(),
            partition: partition.clone(),
            committed: CommittedOffset { offset: up(555), metadata: String::new() },
        };
        let own = own.map(|own| Commit {
            group: "g".into(),
            partition: partition.clone(),
            committed: CommittedOffset { offset: down(own), metadata: String::new() },
        });
        let mut evidence = Evidence {
            commits: vec![RecordedCommit::new(commit, Timestamp::UNIX_EPOCH)],
            syncs: Reading::Whole(syncs),
            checkpoints: Reading::Whole(checkpoints),
            source_logs: [(partition.clone(), source_log)].into_iter().collect(),
            target_logs: [(partition.clone(), target_log)].into_iter().collect(),
            target_commits: own.into_iter().collect(),
            source_records,
            target_records,
            ..Evidence::unread(link.clone(), Timestamp::UNIX_EPOCH)
        };
        let row = row_of(&mut evidence, &EvidencePolicy::default());
        assert_eq!(row.position, Position::Exact { at: down(555) });
        assert!(row.stranded.is_none());
    }
}

#[test]
fn records_of_a_second_writer_in_a_shared_topic_are_not_passed() {
    // 20 records of another producer between two syncs: in front of the bracket, and inside it.
    for (g, first, beyond) in [(250, 101, 270), (150, 111, 170)] {
        for foreign_at in [if g == 250 { 101 } else { 111 }] {
            let partition = TopicPartition::new("orders", 0);
            let link = Link { policy: ReplicationPolicy::identity(), ..Link::new("A", "B") };
            let mut syncs = SyncHistory::default();
            for (u, d) in [(0, 0), (100, 100), (201, 221), (299, 319)] {
                syncs.add("orders", 0, OffsetPair::new(up(u), down(d)));
            }
            let source_log = LogRange { start: up(0), end: up(300) };
            let target_log = LogRange { start: down(0), end: down(320) };
            let mut source_records = Records::default();
            let records = (0..300).map(|at| record(up(at), at)).collect();
            source_records.add(partition.clone(), Scan { offsets: source_log, records });
            let mut target_records = Records::default();
            let what = |at: i64| match at {
                at if at < foreign_at => at,
                at if at < foreign_at + 20 => 50_000 + at,
                at => at - 20,
            };
            let records = (0..320).map(|at| record(down(at), what(at))).collect();
            target_records.add(partition.clone(), Scan { offsets: target_log, records });
            let commit = Commit {
                group: "g".into(),
                partition: partition.clone(),
                committed: CommittedOffset { offset: up(g), metadata: String::new() },
            };
            let mut evidence = Evidence {
                commits: vec![RecordedCommit::new(commit, Timestamp::UNIX_EPOCH)],
                syncs: Reading::Whole(syncs),
                source_logs: [(partition.clone(), source_log)].into_iter().collect(),
                target_logs: [(partition.clone(), target_log)].into_iter().collect(),
                source_records,
                target_records,
                ..Evidence::unread(link, Timestamp::UNIX_EPOCH)
            };
            let row = row_of(&mut evidence, &EvidencePolicy::default());
            let stranded = row.stranded.unwrap();
            assert_eq!(row.position.target(), Some(down(first)), "{g}");
            assert_eq!((stranded.records, stranded.beyond), (Some(20), down(beyond)), "{g}");
            // Under the default policy the mirror topic is not read for what other producers write there.
            let mut other = evidence.clone();
            other.link.policy = ReplicationPolicy::default();
            let mirror = other.link.remote_partition(&partition);
            other.target_logs = [(mirror.clone(), target_log)].into_iter().collect();
            let mut records = Records::default();
            other
                .target_records
                .of(&partition)
                .iter()
                .for_each(|scan| records.add(mirror.clone(), scan.clone()));
            other.target_records = records;
            assert_eq!(
                row_of(&mut other, &EvidencePolicy::default()).position,
                Position::Exact { at: down(beyond) }
            );
        }
    }
}

#[test]
fn a_snapshot_under_the_same_name_is_walked_up_to_the_first_record_of_another_writer() {
    let mut case =
        Return { syncs: &[], back: &[], back_through: None, own: None, ..Return::of(1030) }.evidence();
    case.link.mapping = OffsetMapping::None;
    let row = row_of(&mut case, &EvidencePolicy::default());
    assert!(row.position.target() <= Some(down(1100)), "{:?}", row.position);
    assert_ne!(row.position.class(), "exact");
}

/// Case G2: under the default policy `A.orders` on B is a copy of `orders` on A, which is where a group goes back to.
fn returning(back: &'static [(i64, i64)], rules: EvidencePolicy) -> Row {
    let case = Return { policy: ReplicationPolicy::default(), back, own: None, ..Return::of(700) };
    let mut evidence = case.evidence();
    let copy = TopicPartition::new("A.orders", 0);
    evidence.commits.iter_mut().for_each(|recorded| recorded.commit.partition = copy.clone());
    let log = LogRange { start: up(0), end: up(1000) };
    evidence.source_logs = [(copy.clone(), log)].into_iter().collect();
    let mut records = Records::default();
    records.add(copy, Scan { offsets: log, records: (0..1000).map(|at| record(up(at), at)).collect() });
    evidence.source_records = records;
    evidence.syncs = Reading::Whole(SyncHistory::default());
    row_of(&mut evidence, &rules)
}

#[test]
fn a_commit_on_a_copy_of_the_targets_own_topic_is_answered_there() {
    let row = returning(BACK, EvidencePolicy::default());
    assert_eq!(row.target, TopicPartition::new("orders", 0));
    assert_eq!(row.position, Position::Exact { at: down(800) });
    let unprobed = returning(BACK, EvidencePolicy::without_probes());
    assert_eq!(unprobed.position, Position::Floor { low: down(799) });
}

#[test]
fn without_pairs_of_the_flow_back_it_is_named_and_has_no_position() {
    let row = returning(&[], EvidencePolicy::default());
    assert_eq!(row.position, Position::Unknown { reason: NoTarget::CameFromTarget });
    let detail = &row.evidence.last().unwrap().detail;
    assert_eq!(
        detail,
        "A.orders is a copy of orders on A itself, and no offset sync of A->B tells where this commit is there"
    );
}
