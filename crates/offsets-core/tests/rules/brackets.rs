//! Brackets from handfuls of facts: one test a rule, and every counterexample that was ever found.

use jiff::Timestamp;
use offsets_core::evidence::{Evidence, Reading, SourceState};
use offsets_core::history::{CheckpointHistory, Contradiction, OffsetPair, SyncHistory};
use offsets_core::link::Link;
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{LogRange, SourceOffset, TargetOffset, TopicPartition};
use offsets_core::translate::{Assumption, Position, Row, Selection, Translator};

/// What is known about `orders-0`.
#[derive(Debug, Clone, Copy, Default)]
struct Facts<'a> {
    syncs: &'a [(i64, i64)],
    /// Source and target offset.
    checkpoints: &'a [(i64, i64)],
    /// `None` when the source is dead.
    source_end: Option<i64>,
    target: (i64, i64),
    exactly_once: bool,
}

impl Facts<'_> {
    fn answer(&self, g: i64) -> Row {
        let mut link = Link::new("src", "dst");
        link.exactly_once = self.exactly_once;
        let source = TopicPartition::new("orders", 0);
        let target = TopicPartition::new("src.orders", 0);
        let mut syncs = SyncHistory::new(self.exactly_once);
        self.syncs.iter().for_each(|&pair| syncs.add("orders", 0, sync(pair)));
        let mut checkpoints = CheckpointHistory::default();
        for &(upstream, downstream) in self.checkpoints {
            let (upstream, downstream) = (up(upstream), down(downstream));
            let topic = target.topic.as_str();
            let checkpoint =
                Checkpoint { group: "app", topic, partition: 0, upstream, downstream, metadata: "" };
            let (key, value) = checkpoint.encode();
            checkpoints.read(0, 0, Some(&key), Some(&value)).unwrap();
        }
        let source_log = self.source_end.map(|end| (source.clone(), LogRange { start: up(0), end: up(end) }));
        let target_log = LogRange { start: down(self.target.0), end: down(self.target.1) };
        let mut evidence = Evidence {
            source: match self.source_end {
                Some(_) => SourceState::Alive,
                None => SourceState::Dead { reason: "gone".to_owned() },
            },
            syncs: Reading::Whole(syncs),
            checkpoints: Reading::Whole(checkpoints),
            source_logs: source_log.into_iter().collect(),
            target_logs: [(target, target_log)].into_iter().collect(),
            ..Evidence::unread(link, Timestamp::UNIX_EPOCH)
        };
        let selection = Selection::Offsets(vec![(source, up(g))]);
        let translator = Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH);
        translator.run(&mut evidence).unwrap().finish().rows.remove(0)
    }

    fn position(&self, g: i64) -> Position {
        self.answer(g).position
    }

    fn low(&self, g: i64) -> i64 {
        self.position(g).target().unwrap().get()
    }

    fn contradiction(&self, g: i64) -> Option<Contradiction> {
        match self.position(g) {
            Position::Unsafe { contradiction, .. } => Some(contradiction),
            _ => None,
        }
    }
}

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

fn sync((upstream, downstream): (i64, i64)) -> OffsetPair {
    OffsetPair::new(up(upstream), down(downstream))
}

fn exact(at: i64) -> Position {
    Position::Exact { at: down(at) }
}

fn bounded(low: i64, high: i64) -> Position {
    Position::Bounded { low: down(low), high: down(high) }
}

fn floor(low: i64) -> Position {
    Position::Floor { low: down(low) }
}

/// Dense, undisturbed: source offset 1000 is target offset 0.
const STEADY: Facts<'_> = Facts {
    syncs: &[(1_000, 0), (1_101, 101), (1_202, 202), (1_303, 303)],
    checkpoints: &[],
    source_end: Some(1_404),
    target: (0, 310),
    exactly_once: false,
};

#[test]
fn a_commit_at_a_sync_or_one_past_it_is_bracketed_by_it() {
    assert_eq!(STEADY.position(1_101), exact(101));
    assert_eq!(STEADY.position(1_102), bounded(102, 202));
    assert_eq!(STEADY.position(1_201), bounded(102, 202));
    assert_eq!(STEADY.answer(1_150).reread_max, Some(100));
    assert_eq!(STEADY.answer(1_101).reread_max, Some(0));
}

#[test]
fn below_the_first_sync_the_log_start_is_the_floor() {
    assert_eq!(STEADY.position(0), exact(0));
    let late = Facts { syncs: &[(4_101, 101)], target: (40, 200), source_end: Some(5_000), ..STEADY };
    assert_eq!(late.position(4_000), bounded(40, 101));
}

#[test]
fn the_log_end_closes_the_bracket_of_the_record_after_the_newest_sync_and_no_other() {
    assert_eq!(STEADY.position(1_304), bounded(304, 310));
    assert_eq!(STEADY.position(1_305), floor(304));
    assert_eq!(STEADY.answer(1_305).reread_max, None);
    assert_eq!(Facts { target: (0, 304), ..STEADY }.position(1_304), exact(304));
}

#[test]
fn every_assumption_is_named() {
    use Assumption::{CheckpointWriter, Order, SameIncarnation, VisibleReplays};
    assert_eq!(STEADY.answer(1_150).assumptions, [Order, SameIncarnation, VisibleReplays]);
    let once = Facts { exactly_once: true, ..STEADY };
    assert_eq!(once.answer(1_150).assumptions, [Order, SameIncarnation]);
    let checkpoint = Facts { syncs: &[], checkpoints: &[(7, 7)], source_end: None, ..STEADY };
    assert_eq!(checkpoint.position(7), floor(7));
    assert_eq!(checkpoint.answer(7).assumptions, [Order, SameIncarnation, VisibleReplays, CheckpointWriter]);
    assert_eq!(checkpoint.answer(6).assumptions, [], "the log start takes nothing for granted");
}

#[test]
fn retention_that_passed_the_bracket_makes_the_log_start_the_position() {
    let deleted = Facts { target: (250, 310), ..STEADY };
    assert_eq!(deleted.position(1_050), exact(250));
    assert_eq!(deleted.position(1_250), bounded(250, 303));
    assert_eq!(deleted.answer(1_050).reread_max, Some(53), "up to the first copy that is left: 303");
}

#[test]
fn offsets_near_the_end_of_the_scale_do_not_overflow() {
    let top = i64::MAX;
    let facts = Facts {
        syncs: &[(top - 300, top - 301), (top - 199, top - 200), (top, top - 1)],
        source_end: None,
        target: (0, top),
        ..Facts::default()
    };
    assert_eq!(facts.position(top - 100), bounded(top - 199, top - 1));
    assert_eq!(facts.position(top), exact(top - 1));
}

/// Copied up to 1499 (the last sync of it is 1404), died, went back to 1200 and died again at 1255.
const UNFINISHED: Facts<'_> = Facts {
    syncs: &[(1_000, 0), (1_101, 101), (1_202, 202), (1_303, 303), (1_404, 404), (1_200, 500), (1_250, 550)],
    checkpoints: &[],
    source_end: None,
    target: (0, 556),
    exactly_once: false,
};

#[test]
fn a_replay_that_has_not_caught_up_gives_no_floor() {
    assert_eq!(UNFINISHED.position(1_250), bounded(203, 303), "record 1300 stands at 300 and nowhere else");
    assert_eq!(UNFINISHED.low(1_450), 405);
    assert!(UNFINISHED.answer(1_450).evidence.iter().any(|finding| finding.kind == "replay"));
}

#[test]
fn a_replay_has_caught_up_when_it_passed_what_the_earlier_run_can_have_written_unseen() {
    let syncs = [UNFINISHED.syncs, &[(1_351, 651), (1_404, 704), (1_452, 752)]].concat();
    let (target, source_end) = ((0, 2_000), Some(9_000));
    assert_eq!(Facts { syncs: &syncs, target, source_end, ..UNFINISHED }.position(1_250), bounded(203, 303));
    // 95 target offsets lie between the last sync of the earlier run and the first of the replay.
    let just_short = [&syncs[..], &[(1_498, 798)]].concat();
    assert_eq!(Facts { syncs: &just_short, target, source_end, ..UNFINISHED }.low(1_250), 203);
    let caught_up = [&syncs[..], &[(1_499, 799)]].concat();
    let caught_up = Facts { syncs: &caught_up, target, source_end, ..UNFINISHED };
    assert_eq!(caught_up.position(1_250), exact(550));
    assert_eq!(caught_up.position(1_150), bounded(102, 202), "older epochs serve what the replay does not");
}

#[test]
fn a_fall_right_after_the_newest_sync_is_not_overtaken_at_once() {
    let facts = Facts { syncs: &[(100, 100), (50, 101)], source_end: None, target: (0, 102), ..STEADY };
    assert_eq!(facts.low(90), 0, "the earlier run may have written up to 100, the replay nothing but 50");
    let later = Facts { syncs: &[(100, 100), (50, 101), (100, 151)], target: (0, 152), ..facts };
    assert_eq!(later.low(90), 102, "all that was copied has been copied again");
}

#[test]
fn a_replay_hidden_by_a_lost_sync_shows_in_the_target_offsets() {
    // The earlier run wrote 140 records unseen, the replay began at 50 and has come to 120.
    let facts = Facts { syncs: &[(101, 101), (120, 311)], source_end: None, target: (0, 312), ..STEADY };
    assert_eq!(facts.position(150), floor(102));
    let caught_up = Facts { syncs: &[(101, 101), (120, 311), (310, 501)], target: (0, 502), ..facts };
    assert_eq!(caught_up.low(150), 312);
}

#[test]
fn what_is_written_in_a_gap_with_holes_and_doubled_records_does_not_count_as_progress() {
    // 151 target offsets are unseen behind 100:98. Then a second replay writes 200 entries between 100:300 and 200:500,
    // and 100 holes follow: neither sum tells how many records there were.
    let syncs = [(0, 0), (10, 8), (100, 98), (50, 250), (100, 300), (200, 500), (300, 501)];
    let facts = Facts { syncs: &syncs, source_end: None, target: (0, 502), ..STEADY };
    assert_eq!(facts.low(250), 99);
}

#[test]
fn a_single_record_too_many_on_a_dense_source_hides_nothing() {
    let facts = Facts { syncs: &[(0, 0), (101, 102), (202, 203)], target: (0, 210), ..STEADY };
    assert_eq!(facts.position(101), exact(102));
    let holes = Facts { syncs: &[(0, 0), (10, 8), (101, 100)], target: (0, 210), ..STEADY };
    assert_eq!(holes.low(101), 9, "where there are holes, two of a kind may have been hidden by one");
}

#[test]
fn undeclared_markers_cost_sharpness_near_the_head_only() {
    let syncs: Vec<_> = (0..100).map(|turn| (101 * turn, 104 * turn)).collect();
    let facts = Facts { syncs: &syncs, target: (0, 10_400), source_end: Some(10_100), ..STEADY };
    assert_eq!(facts.low(101 * 90), 104 * 90);
    assert_eq!(facts.low(101 * 99), 104 * 98 + 1);
    let declared = Facts { exactly_once: true, ..facts };
    assert_eq!(declared.position(101 * 99), exact(104 * 99));
}

#[test]
fn a_doubtful_restart_does_not_make_an_unfinished_replay_a_floor() {
    // In the oldest epoch the earlier run wrote 100 records more than the replay that followed it has shown.
    let syncs = [(0, 0), (10, 10), (20, 200), (0, 210)];
    let facts = Facts { syncs: &syncs, source_end: None, target: (0, 300), ..STEADY };
    assert!(matches!(facts.contradiction(30), Some(Contradiction::SourceRestarted { .. })));
    assert_eq!(facts.low(30), 11);
}

#[test]
fn a_fall_to_the_very_beginning_is_in_doubt_for_all_that_was_ever_copied() {
    let syncs = [(0, 0), (1_000, 1_000), (500, 1_001), (501, 1_002), (0, 1_003), (600, 1_603)];
    let facts = Facts { syncs: &syncs, source_end: None, target: (0, 1_700), ..STEADY };
    assert!(
        matches!(facts.contradiction(900), Some(Contradiction::SourceRestarted { .. })),
        "{:?}",
        facts.position(900)
    );
    assert_eq!(facts.low(900), 1);
}

#[test]
fn a_sync_beyond_a_log_end_is_a_contradiction() {
    let target = Facts { target: (10, 303), ..STEADY };
    assert!(matches!(target.contradiction(1_150), Some(Contradiction::BeyondTargetEnd { .. })));
    assert_eq!(target.low(1_150), 10, "nothing but the log start is left");
    let source = Facts { source_end: Some(1_303), ..STEADY };
    assert!(matches!(source.contradiction(1_150), Some(Contradiction::BeyondSourceEnd { .. })));
    assert_eq!(
        source.low(1_150),
        102,
        "whichever topic the commit is of, it lies before the newer one's records"
    );
}

#[test]
fn a_commit_of_an_older_topic_has_no_floor_in_the_syncs_of_this_one() {
    let facts = Facts { syncs: &[(0, 0)], source_end: Some(2), target: (0, 1), ..STEADY };
    assert!(matches!(facts.contradiction(3), Some(Contradiction::CommitBeyondSourceEnd { .. })));
    assert_eq!(facts.low(3), 0, "record 0 of the newer topic is unread");
}

#[test]
fn a_recreated_mirror_topic_is_believed_when_the_older_syncs_lie_beyond_its_end() {
    let syncs = [(1_000, 1_000), (1_101, 1_101), (1_202, 0), (1_303, 101)];
    let facts = Facts { syncs: &syncs, target: (0, 150), ..STEADY };
    assert_eq!(facts.position(1_250), bounded(1, 101));
    assert_eq!(facts.position(1_101), exact(0), "what was copied before is gone");
    let grown = Facts { target: (0, 1_102), ..facts };
    assert!(matches!(grown.contradiction(1_250), Some(Contradiction::TargetRestarted { .. })));
    assert_eq!(grown.low(1_250), 0);
}

#[test]
fn checkpoints_of_an_older_mirror_topic_are_no_floors() {
    let syncs = [(1_000, 1_000), (1_101, 1_101), (1_202, 0), (1_303, 101)];
    let facts = Facts { syncs: &syncs, checkpoints: &[(800, 90)], target: (0, 150), ..STEADY };
    assert_eq!(facts.low(1_250), 1, "90 was true of the older topic");
}

#[test]
fn a_checkpoint_beyond_the_log_end_discredits_all_of_the_partition() {
    let facts = Facts { syncs: &[], checkpoints: &[(10, 90), (20, 500)], source_end: None, ..STEADY };
    assert_eq!(facts.low(15), 0, "90 may be of the older topic too");
    assert_eq!(Facts { target: (0, 500), ..facts }.low(15), 90);
}

#[test]
fn a_checkpoint_written_in_mid_replay_is_no_floor() {
    let facts = Facts { checkpoints: &[(1_230, 501), (1_255, 551)], ..UNFINISHED };
    assert_eq!(facts.low(1_280), 203);
    let settled = Facts { checkpoints: &[(1_290, 290)], ..UNFINISHED };
    assert_eq!(settled.low(1_295), 290);
}

#[test]
fn a_checkpoint_above_the_next_sync_is_no_floor() {
    let facts = Facts { checkpoints: &[(1_120, 150), (1_130, 203)], ..STEADY };
    assert_eq!(facts.position(1_125), bounded(150, 202));
    assert_eq!(facts.position(1_150), bounded(150, 202));
}

#[test]
fn records_copied_again_after_the_bracket_are_read_again() {
    // Copied 0..=13, went back to 9, died after that one record.
    let facts =
        Facts { syncs: &[(0, 0), (5, 5), (10, 10), (9, 14)], source_end: None, target: (0, 15), ..STEADY };
    assert_eq!(facts.position(10), exact(10));
    assert_eq!(
        facts.answer(10).reread_max,
        Some(5),
        "the replay may have come further than its one sync tells"
    );
    assert_eq!(facts.answer(5).reread_max, Some(0), "so far back it cannot have begun");
}

#[test]
fn a_single_doubled_record_counts() {
    let facts = Facts { syncs: &[(0, 0), (1, 2)], source_end: None, target: (0, 3), ..STEADY };
    assert_eq!(facts.position(0), exact(0));
    assert_eq!(facts.answer(0).reread_max, Some(2), "0 may stand at 1 again");
}

#[test]
fn a_replay_is_not_thought_to_reach_further_back_than_its_records_allow() {
    let mut syncs: Vec<_> = (0..1_000).map(|turn| (101 * turn, 101 * turn)).collect();
    syncs.extend((0..20).map(|turn| (100_000 + 101 * turn, 101_700 + 101 * turn)));
    let facts = Facts { syncs: &syncs, source_end: None, target: (0, 110_000), ..STEADY };
    assert_eq!(facts.answer(50_000).reread_max, Some(100));
    assert_eq!(facts.answer(100_050).reread_max, Some(100));
    assert_eq!(facts.position(99_000), bounded(98_981, 99_081));
    // The replay wrote at most 801 records up to 100000, and there are 818 from 99182 on.
    assert_eq!(facts.answer(99_150).reread_max, Some(100));
    assert_eq!(facts.answer(99_200).reread_max, Some(101_700 - 99_183));
}
