//! Simulated histories obey the law, and rules that are broken on purpose do not: the simulator would have
//! noticed.

use std::thread;

use offsets_core::evidence::Evidence;
use offsets_core::history::OffsetPair;
use offsets_core::link::OffsetMapping;
use offsets_core::model::TargetOffset;
use offsets_core::translate::{Assumption, EvidencePolicy, Position, Row};
use offsets_sim::{Case, Kept, Known, Simulation, ViolationKind};

/// Number of histories that a run tries where `SIMULATED_HISTORIES` names none; `cargo xtask ci` names a million.
const HISTORIES: u64 = 20_000;

/// Histories of this test begin with this seed.
const SEED: u64 = 1;

fn histories() -> u64 {
    std::env::var("SIMULATED_HISTORIES").map_or(HISTORIES, |number| number.parse().unwrap())
}

/// One simulation, in as many parts as there are cores.
fn simulated(histories: u64) -> Simulation {
    let parts = thread::available_parallelism().map_or(2, |cores| cores.get() as u64);
    let part = |at: u64| histories * at / parts..histories * (at + 1) / parts;
    thread::scope(|scope| {
        let start = |at| scope.spawn(move || Simulation::of(SEED, part(at)));
        let running: Vec<_> = (0..parts).map(start).collect();
        let mut done = running.into_iter().map(|part| part.join().unwrap());
        let mut all = done.next().unwrap();
        done.for_each(|part| all.add(part));
        all
    })
}

#[test]
fn simulated_histories_obey_the_law() {
    let simulation = simulated(histories());
    let shown: Vec<_> = simulation.violations().iter().take(3).collect();
    let summary = simulation.report().summary;
    assert!(shown.is_empty(), "{summary:?}\n{shown:#?}");
    assert!(summary.excused * 20 < summary.answers, "too much is excused to prove anything: {summary:?}");
    assert!(summary.exact * 5 > summary.answers, "too little is exact to prove anything: {summary:?}");
}

#[test]
fn what_a_simulation_finds_does_not_depend_on_its_parts() {
    let (mut parts, other) = (Simulation::of(3, 0..100), Simulation::of(3, 100..300));
    parts.add(other);
    assert_eq!(parts.report().summary, Simulation::of(3, 0..300).report().summary);
}

#[test]
fn distance_added_to_a_sync_is_caught() {
    assert_caught(|evidence, row| {
        let (floor, _) = syncs_around(evidence, row)?;
        let at = floor.downstream.plus(floor.upstream.distance_to(row.committed.offset));
        Some((Position::Floor { low: at }, &[]))
    });
}

/// Case G1, seen on Kafka and MM2 4.3.1 with the identity policy: on the way back the link's own syncs proved a position
/// behind unread records of the target.
#[test]
fn taking_the_records_of_the_link_for_those_of_the_topic_is_caught() {
    assert_caught(|_, row| {
        let stranded = row.stranded?;
        Some((Position::Exact { at: stranded.beyond }, &[Assumption::SoleWriter]))
    });
}

#[test]
fn a_count_without_the_repeat_check_is_caught() {
    assert_caught(|evidence, row| {
        let (from, to) = syncs_around(evidence, row)?;
        let between = records_between(evidence, row, from, to);
        let complete = between.len() as u64 == from.upstream.distance_to(to.upstream);
        let below = from.upstream.next().distance_to(row.committed.offset) as usize;
        let at = *between.get(below).filter(|_| complete)?;
        Some((Position::Exact { at }, &[Assumption::SoleWriter]))
    });
}

#[test]
fn taking_what_was_not_kept_of_a_dead_source_for_read_is_caught() {
    assert_caught(|evidence, row| {
        if evidence.source.is_alive() || evidence.source_records.is_empty() {
            return None;
        }
        let log = row.target_log?;
        let kept = evidence.source_records.of(&row.source).iter().flat_map(|scan| &scan.records);
        let unread: Vec<_> = kept
            .filter(|record| record.offset >= row.committed.offset)
            .map(|record| record.content)
            .collect();
        let copies = evidence.target_records.of(&row.target).iter().flat_map(|scan| &scan.records);
        let first = copies.into_iter().find(|record| unread.contains(&record.content));
        let low = first.map_or(log.end, |record| record.offset);
        Some((Position::Floor { low }, &[]))
    });
}

#[test]
fn fingerprints_that_were_kept_make_answers_exact_when_the_source_is_dead() {
    let exact = |kept| -> u64 {
        let told = |seed| {
            let mut case = Case::from_seed(seed);
            case.known = Known { source: false, syncs: true, kept, ..case.known };
            case.rules = EvidencePolicy::default();
            case.run().exact
        };
        (SEED..SEED + 2_000).map(told).sum()
    };
    let (without, runs, all) = (exact(Kept::Nothing), exact(Kept::Runs), exact(Kept::All));
    assert!(without < runs && runs < all, "{without}, {runs}, {all}");
}

#[test]
fn a_commit_that_is_not_clamped_to_the_log_of_a_link_that_preserves_offsets_is_caught() {
    assert_caught(|evidence, row| {
        let preserved = evidence.link.mapping == OffsetMapping::Identical;
        let at = TargetOffset::new(row.committed.offset.get()).ok().filter(|_| preserved)?;
        Some((Position::Exact { at }, &[Assumption::OffsetsPreserved]))
    });
}

/// The positions a broken rule gives, with the assumptions it names beside those of every rule that argues from the
/// order of copies; `None` where it has nothing to say.
type Broken = fn(&Evidence, &Row) -> Option<(Position, &'static [Assumption])>;

/// Expects that a group is made to skip records in a fraction of the histories that a run tries.
#[track_caller]
fn assert_caught(broken: Broken) {
    let skips = |seed: &u64| {
        let outcome = Case::from_seed(*seed)
            .run_with(|evidence, rows| rows.into_iter().map(|row| replaced(evidence, row, broken)).collect());
        outcome.breaches.iter().any(|breach| breach.kind == ViolationKind::Skips)
    };
    let caught = (SEED..SEED + HISTORIES / 10).find(skips);
    assert!(caught.is_some(), "a rule that skips records went unnoticed");
}

fn replaced(evidence: &Evidence, mut row: Row, broken: Broken) -> Row {
    if let Some((position, assumptions)) = broken(evidence, &row) {
        row.position = position;
        row.assumptions = vec![Assumption::Order, Assumption::SameIncarnation, Assumption::VisibleReplays];
        row.assumptions.extend(assumptions);
        row.reread_max = None;
    }
    row
}

/// The syncs at or below a commit and at or above it.
fn syncs_around(evidence: &Evidence, row: &Row) -> Option<(OffsetPair, OffsetPair)> {
    let history = evidence.syncs.whole()?.get(&row.source)?;
    let neighbours = history.neighbours(row.committed.offset);
    neighbours.floor.zip(neighbours.ceiling).filter(|(floor, ceiling)| floor != ceiling)
}

/// Where data records stand behind a sync, up to the next.
fn records_between(evidence: &Evidence, row: &Row, from: OffsetPair, to: OffsetPair) -> Vec<TargetOffset> {
    let scans = evidence.target_records.of(&row.target).iter();
    let offsets = scans.flat_map(|scan| &scan.records).map(|record| record.offset);
    offsets.filter(|&at| from.downstream < at && at <= to.downstream).collect()
}
