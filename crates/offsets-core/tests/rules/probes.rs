//! What the records inside a bracket prove, rule by rule.

use jiff::Timestamp;
use offsets_core::evidence::{Evidence, Fingerprint, Reading, Records, Scan, ScannedRecord, SourceState};
use offsets_core::history::{Contradiction, OffsetPair, SyncHistory};
use offsets_core::link::{Link, OffsetMapping};
use offsets_core::model::{LogRange, SourceOffset, TargetOffset, TopicPartition};
use offsets_core::translate::{
    Assumption, EvidenceKind, EvidencePolicy, Position, Row, Selection, Translator,
};

/// A record: its offset and what is in it. Its timestamp is the number its content begins with.
type Record = (i64, &'static str);

/// A link with one partition.
struct Case {
    syncs: &'static [(i64, i64)],
    source: Vec<Record>,
    target: Vec<Record>,
    source_end: i64,
    target_end: i64,
    source_alive: bool,
    /// Log start offset of the target.
    log_start: i64,
    /// Whether the target's broker sets the timestamps.
    append_time: bool,
    mapping: OffsetMapping,
    rules: EvidencePolicy,
}

impl Case {
    /// Ten records `0a` to `9a`, copied one to one from target offset 100 on, with syncs at both ends.
    fn dense() -> Self {
        let names = ["0a", "1a", "2a", "3a", "4a", "5a", "6a", "7a", "8a", "9a"];
        Self {
            syncs: &[(0, 100), (9, 109)],
            source: (0..).zip(names).collect(),
            target: (100..).zip(names).collect(),
            source_end: 10,
            target_end: 110,
            source_alive: true,
            log_start: 0,
            append_time: false,
            mapping: OffsetMapping::OffsetSyncs,
            rules: EvidencePolicy::default(),
        }
    }

    fn dead(self) -> Self {
        Self { source_alive: false, ..self }
    }

    fn answer(&self, g: i64) -> Row {
        let link = Link { mapping: self.mapping, ..Link::new("src", "dst") };
        let source = TopicPartition::new("orders", 0);
        let target = link.remote_partition(&source);
        let mut syncs = SyncHistory::default();
        let sync = |(u, d)| OffsetPair::new(up(u), down(d));
        self.syncs.iter().for_each(|&pair| syncs.add("orders", 0, sync(pair)));
        // What was copied before the first sync is still there.
        let older = if self.syncs.is_empty() { 0..0 } else { self.log_start..self.syncs[0].1 };
        let first = self.target.first().map_or(self.target_end, |record| record.0);
        let start = if self.syncs.is_empty() { first } else { self.log_start };
        let source_log = LogRange { start: up(0), end: up(self.source_end) };
        let target_log = LogRange { start: down(start), end: down(self.target_end) };
        let mut source_records = Records::default();
        let mut target_records = Records::default();
        if self.source_alive {
            let records = self.source.iter().map(|&(at, what)| look(up(at), what, false)).collect();
            source_records.add(source.clone(), Scan { offsets: source_log, records });
        }
        let older = older.map(|at| look(down(at), &format!("{}p", 1_000 + at), self.append_time));
        let newer = self.target.iter().map(|&(at, what)| look(down(at), what, self.append_time));
        let records = older.chain(newer).collect();
        target_records.add(target.clone(), Scan { offsets: target_log, records });
        let mut evidence = Evidence {
            source: match self.source_alive {
                true => SourceState::Alive,
                false => SourceState::Dead { reason: "gone".to_owned() },
            },
            syncs: Reading::Whole(syncs),
            source_logs: [(source.clone(), source_log)].into_iter().collect(),
            target_logs: [(target, target_log)].into_iter().collect(),
            source_records,
            target_records,
            ..Evidence::unread(link, Timestamp::UNIX_EPOCH)
        };
        let selection = Selection::Offsets(vec![(source, up(g))]);
        let translator = Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH);
        let Ok(done) = translator.with_policy(self.rules.clone()).run(&mut evidence);
        done.finish().rows.remove(0)
    }

    fn position(&self, g: i64) -> Position {
        self.answer(g).position
    }
}

fn look<O>(offset: O, what: &str, append_time: bool) -> ScannedRecord<O> {
    let (number, content) = what.split_at(what.len() - 1);
    let content = if content == "=" { "=".to_owned() } else { what.to_owned() };
    ScannedRecord {
        offset,
        created_ms: number.parse().ok().filter(|_| !append_time),
        content: Fingerprint::of(None, Some(content.as_bytes())),
        origin: None,
    }
}

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

fn exact(at: i64) -> Position {
    Position::Exact { at: down(at) }
}

fn bounded(low: i64, high: i64) -> Position {
    Position::Bounded { low: down(low), high: down(high) }
}

#[test]
fn every_commit_of_a_dense_stretch_is_exact_with_the_source_alive_and_dead() {
    for g in 0..=9 {
        let row = Case::dense().answer(g);
        assert_eq!((row.position, row.reread_max), (exact(100 + g), Some(0)), "{g}");
        assert_eq!(Case::dense().dead().position(g), exact(100 + g), "{g}");
    }
}

#[test]
fn the_answer_names_what_it_takes_for_granted() {
    let names = |row: Row, assumption| row.assumptions.contains(&assumption);
    assert!(names(Case::dense().answer(5), Assumption::DistinctRecords));
    assert!(names(Case::dense().dead().answer(5), Assumption::SoleWriter));
}

#[test]
fn a_count_is_not_believed_while_the_source_lives_unless_its_own_offsets_bear_it_out() {
    let by =
        |kinds: &[EvidenceKind]| Case { rules: EvidencePolicy::only(kinds.iter().copied()), ..Case::dense() };
    let (syncs, scan) = (EvidenceKind::Syncs, EvidenceKind::TargetScan);
    assert_eq!(by(&[syncs, scan]).position(5), bounded(101, 109));
    assert_eq!(by(&[syncs, scan, EvidenceKind::SourceScan]).position(5), exact(105));
    // The source has lost an offset that was copied, so the numbers differ.
    let mut lost = by(&[syncs, scan, EvidenceKind::SourceScan]);
    lost.source.remove(3);
    assert_eq!(lost.position(5), bounded(101, 109));
}

#[test]
fn a_hole_and_a_foreign_record_that_cancel_are_seen_with_the_source_alive() {
    // Record 3 was never copied, and another producer wrote one behind record 7: as many as there should be.
    let mut case = Case::dense();
    case.target = (100..).zip(["0a", "1a", "2a", "4a", "5a", "6a", "7a", "77x", "8a", "9a"]).collect();
    assert_eq!(case.position(5), exact(104));
    assert_eq!(case.position(3), exact(103), "the first copied record at or above 3 is 4");
    assert_eq!(case.position(9), exact(109));
    // Counting says one too far, which is why it names sole-writer.
    let row = case.dead().answer(5);
    assert_eq!(row.position, exact(105));
    assert!(row.assumptions.contains(&Assumption::SoleWriter));
}

#[test]
fn more_records_written_than_the_source_has_offsets_for_forbids_counting_anywhere() {
    let case =
        Case { syncs: &[(0, 100), (9, 109), (20, 125)], source_end: 21, target_end: 126, ..Case::dense() };
    assert_eq!(case.dead().position(5), bounded(101, 109));
}

#[test]
fn a_hole_and_a_record_copied_twice_that_cancel_are_not_counted() {
    let mut case = Case::dense().dead();
    case.target = (100..).zip(["0a", "1a", "2a", "4a", "5a", "5a", "6a", "7a", "8a", "9a"]).collect();
    assert_eq!(case.position(6), bounded(101, 109));
}

#[test]
fn nothing_is_counted_where_the_target_was_compacted_or_has_deleted_what_came_before() {
    let mut compacted = Case::dense().dead();
    compacted.target.remove(4);
    compacted.syncs = &[(0, 100), (8, 109)];
    assert_eq!(compacted.position(5), bounded(101, 109), "what is missing may be the first of two copies");
    let mut young = Case::dense().dead();
    young.log_start = 98;
    assert_eq!(young.position(5), bounded(101, 109), "what was copied twice may have been deleted");
}

#[test]
fn holes_leave_as_many_records_in_doubt_as_there_are() {
    let mut case = Case::dense().dead();
    case.target = (100..).zip(["0a", "1a", "2a", "4a", "5a", "6a", "8a", "9a"]).collect();
    case.syncs = &[(0, 100), (9, 107)];
    case.target_end = 108;
    // Two of eight are missing: record 5 is the third to the fifth after the sync.
    assert_eq!(case.position(5), bounded(103, 105));
    assert_eq!(case.position(1), exact(101), "nothing lies between the sync and the record after it");
}

#[test]
fn records_that_look_alike_on_both_sides_of_the_commit_stay_in_doubt() {
    let alike = ["0a", "1a", "2a", "3=", "3=", "3=", "3=", "7a", "8a", "9a"];
    let case =
        Case { source: (0..).zip(alike).collect(), target: (100..).zip(alike).collect(), ..Case::dense() };
    assert_eq!(case.position(5), bounded(103, 107));
    assert_eq!(case.position(3), exact(103), "all that look alike are unread");
    assert_eq!(case.position(7), exact(107), "all that look alike are read");
    assert_eq!(case.dead().position(5), bounded(101, 109), "one may be a copy of another");
}

#[test]
fn the_brokers_own_timestamps_are_left_out_of_the_comparison() {
    let case = Case { append_time: true, ..Case::dense() };
    assert_eq!(case.position(5), exact(105));
}

#[test]
fn a_record_that_the_source_has_lost_is_passed_between_two_that_are_read() {
    let mut case = Case::dense();
    case.source.remove(3);
    assert_eq!(case.position(6), exact(106));
    assert_eq!(case.position(4), bounded(103, 104), "nothing tells that it is not the first unread one");
}

#[test]
fn an_unclear_record_is_not_passed_once_source_offsets_have_fallen() {
    // 7 was compacted away on the source after the run before the replay had copied it.
    let mut case = Case::dense();
    case.syncs = &[(0, 100), (9, 110)];
    case.target = (100..).zip(["0a", "1a", "2a", "3a", "7a", "1a", "2a", "3a", "4a", "5a", "9a"]).collect();
    case.target_end = 111;
    case.source.retain(|&(offset, _)| offset != 7);
    let low = case.position(6).target().unwrap();
    assert!(low <= down(104), "{low} lies behind the only copy of record 7");
}

#[test]
fn the_end_of_the_log_is_exact_once_all_of_it_is_read() {
    let case = Case { syncs: &[(0, 100)], ..Case::dense() };
    let row = case.answer(10);
    assert_eq!((row.position, row.reread_max), (exact(110), Some(0)));
    // Three records of the source are still to be copied: the group is ahead by those it has read.
    let mut ahead = Case { syncs: &[(0, 100)], ..Case::dense() };
    ahead.target.truncate(7);
    ahead.target_end = 107;
    let row = ahead.answer(9);
    assert_eq!((row.position, row.reread_max), (exact(107), Some(2)));
    assert!(row.evidence.iter().any(|finding| finding.kind == "ahead"), "{:?}", row.evidence);
}

#[test]
fn a_commit_behind_the_last_marker_of_a_transaction_is_at_the_end() {
    // The source ends with two control records, which no sync ever tells of.
    let mut case = Case { syncs: &[(9, 109)], source_end: 12, ..Case::dense() };
    let row = case.answer(12);
    assert_eq!((row.position, row.reread_max), (exact(110), Some(0)));
    assert_eq!(case.rules.clone().leaving_out_probes(), EvidencePolicy::without_probes());
    case.rules = EvidencePolicy::without_probes();
    assert_eq!(case.position(12), Position::Floor { low: down(110) });
}

#[test]
fn no_more_is_read_than_was_allowed_and_the_bracket_stays() {
    let case = Case { rules: EvidencePolicy::default().reading_at_most(3), ..Case::dense() };
    assert_eq!(case.position(8), bounded(103, 109), "of the source three records, the first one at the sync");
    let none = Case { rules: EvidencePolicy::without_probes(), ..Case::dense() };
    assert_eq!(none.position(8), bounded(101, 109));
}

#[test]
fn a_sync_whose_records_are_not_the_same_makes_the_answer_unsafe() {
    let mut case = Case::dense();
    case.source = (0..).zip(["90b", "91b", "92b", "93b", "94b", "95b", "96b", "97b", "98b", "99b"]).collect();
    let row = case.answer(5);
    let contradiction = Contradiction::OtherRecord { pair: OffsetPair::new(up(0), down(100)) };
    assert_eq!(row.position, Position::Unsafe { low: down(0), contradiction });
}

#[test]
fn a_replicator_that_changes_records_leaves_the_bracket_of_the_syncs() {
    let mut case = Case::dense();
    case.source = (0..).zip(["0b", "1b", "2b", "3b", "4b", "5b", "6b", "7b", "8b", "9b"]).collect();
    case.rules =
        EvidencePolicy::only(EvidenceKind::ALL.into_iter().filter(|kind| *kind != EvidenceKind::SourceScan));
    assert_eq!(case.position(5), bounded(101, 109));
}

#[test]
fn without_any_map_the_content_alone_is_enough() {
    let case = Case { syncs: &[], mapping: OffsetMapping::None, ..Case::dense() };
    for g in 0..=10 {
        assert_eq!(case.position(g), exact(100 + g), "{g}");
    }
}

mod offset_preserving {
    use super::*;

    fn case() -> Case {
        Case {
            syncs: &[],
            mapping: OffsetMapping::Identical,
            target: Case::dense().source,
            target_end: 10,
            ..Case::dense()
        }
    }

    #[test]
    fn the_position_is_the_commit_and_the_records_before_it_prove_it() {
        let row = case().answer(7);
        assert_eq!((row.position, row.reread_max), (exact(7), Some(0)));
        let compared = row.evidence.iter().find(|finding| finding.kind == "content").unwrap();
        assert!(compared.detail.contains("the last 7 records before 7 are the same"), "{compared:?}");
    }

    #[test]
    fn beyond_the_log_it_is_clamped_and_what_was_lost_is_counted() {
        let mut short = case();
        short.target.truncate(6);
        short.target_end = 6;
        let row = short.answer(9);
        assert_eq!(row.position, exact(6));
        assert!(
            row.evidence.iter().any(|finding| finding.kind == "lost" && finding.detail.starts_with("3 "))
        );
        assert_eq!(short.dead().position(9), exact(6));
    }

    #[test]
    fn records_that_differ_make_it_unsafe() {
        let mut other = case();
        other.target[4] = (4, "44x");
        assert!(matches!(
            other.position(7),
            Position::Unsafe { contradiction: Contradiction::OtherRecord { .. }, .. }
        ));
        assert_eq!(other.position(3), exact(3), "what comes later does not matter");
    }
}

#[test]
fn a_source_offset_in_a_header_is_exact_by_lookup_and_next_survivor() {
    // Record 3 was filtered out; the replicator wrote where each record came from.
    let origins = [0, 1, 2, 4, 5, 6];
    let mut records = Records::default();
    let scanned = (100..)
        .zip(origins)
        .map(|(at, origin)| ScannedRecord { origin: Some(up(origin)), ..look(down(at), "0a", true) });
    let log = LogRange { start: down(100), end: down(106) };
    records.add(TopicPartition::new("src.orders", 0), Scan { offsets: log, records: scanned.collect() });
    let mut evidence = Evidence {
        source: SourceState::Dead { reason: "gone".to_owned() },
        target_logs: [(TopicPartition::new("src.orders", 0), log)].into_iter().collect(),
        target_records: records,
        ..Evidence::unread(
            Link { origin_header: Some("offset".to_owned()), ..Link::new("src", "dst") },
            Timestamp::UNIX_EPOCH,
        )
    };
    let mut position = |g| {
        let selection = Selection::Offsets(vec![(TopicPartition::new("orders", 0), up(g))]);
        let Ok(done) =
            Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH).run(&mut evidence);
        done.finish().rows.remove(0).position
    };
    assert_eq!(position(2), exact(102));
    assert_eq!(position(3), exact(103));
    assert_eq!(position(5), exact(104));
    assert_eq!(position(7), exact(106), "all of them are read");
}
