//! Histories that once made an answer break the law, found by the simulator, as they were left after shortening.

use offsets_core::model::SourceOffset;
use offsets_core::translate::{Assumption, EvidencePolicy, answers};
use offsets_sim::{Event, History, Invariant, Known, Setting, Timestamps, ViolationKind, World};

/// Expects the law of every answer, whatever evidence survived.
#[track_caller]
fn obeys_the_law(setting: Setting, events: &[Event]) {
    let history = History { setting, events: events.to_vec(), meanwhile: Vec::new() };
    let (read, now) = history.tell();
    for known in Known::subsets() {
        let law = Invariant::of(&read, &now, known);
        let offset = |g| (World::partition(), SourceOffset::new(g).unwrap());
        let offsets: Vec<_> = (setting.origin.0..=read.source.end).map(offset).collect();
        for row in answers(&now.evidence(&read, known), &EvidencePolicy::default(), &offsets) {
            let breaches = law.breaches(&row);
            assert!(breaches.is_empty(), "{known:?}: {breaches:#?}");
        }
    }
}

#[test]
fn compaction_took_the_first_copies_of_what_came_again_between_two_syncs() {
    obeys_the_law(
        Setting { lag_max: 5, keys: 11, ..Setting::default() },
        &[
            Event::Produce { records: 13, holes: 0 },
            Event::Copy { records: 6 },
            Event::Throttle(true),
            Event::Copy { records: 7 },
            Event::Produce { records: 11, holes: 0 },
            Event::Copy { records: 10 },
            Event::Produce { records: 11, holes: 0 },
            Event::Throttle(false),
            Event::LoseSyncs(3),
            Event::Copy { records: 13 },
            Event::Crash { unacknowledged: 3, back: 32 },
            Event::Copy { records: 8 },
            Event::CompactTarget { keep: 9 },
        ],
    );
}

#[test]
fn compaction_on_both_sides_left_one_copy_of_an_unread_record_in_front_of_read_ones() {
    obeys_the_law(
        Setting { lag_max: 7, filter: 5, ..Setting::default() },
        &[
            Event::Produce { records: 23, holes: 0 },
            Event::Copy { records: 20 },
            Event::Produce { records: 9, holes: 0 },
            Event::Crash { unacknowledged: 8, back: 19 },
            Event::Produce { records: 6, holes: 0 },
            Event::CompactSource { every: 5, keep: 0 },
            Event::Copy { records: 22 },
            Event::Crash { unacknowledged: 1, back: 23 },
            Event::Copy { records: 14 },
            Event::Crash { unacknowledged: 2, back: 8 },
            Event::Crash { unacknowledged: 8, back: 5 },
            Event::Copy { records: 11 },
            Event::CompactTarget { keep: 53 },
        ],
    );
}

#[test]
fn compaction_took_what_a_count_would_have_seen_come_twice() {
    obeys_the_law(
        Setting { lag_max: 0, ..Setting::default() },
        &[
            Event::Produce { records: 11, holes: 0 },
            Event::Copy { records: 14 },
            Event::Crash { unacknowledged: 1, back: 35 },
            Event::Produce { records: 4, holes: 0 },
            Event::Crash { unacknowledged: 6, back: 20 },
            Event::Produce { records: 11, holes: 0 },
            Event::SourceRetention { keep: 7 },
            Event::Copy { records: 17 },
            Event::CompactTarget { keep: 6 },
        ],
    );
}

#[test]
fn a_producer_that_writes_to_both_clusters_stands_in_for_records_that_are_still_to_be_copied() {
    obeys_the_law(
        Setting::default(),
        &[
            Event::Produce { records: 11, holes: 0 },
            Event::WriteAlike { records: 3, back: 5, stamped: false },
        ],
    );
}

#[test]
fn a_producer_that_writes_to_both_clusters_is_copied_behind_its_own_records() {
    obeys_the_law(
        Setting { timestamps: Timestamps::AppendedOnTarget, ..Setting::default() },
        &[
            Event::Produce { records: 41, holes: 0 },
            Event::WriteAlike { records: 4, back: 17, stamped: false },
            Event::Copy { records: 30 },
            Event::CompactSyncs { gone: 7 },
        ],
    );
}

/// As many records of another writer as the source lacks offsets: they are taken for records that it has deleted, which the
/// answer has to say.
#[test]
fn records_of_another_writer_in_a_shared_topic_stand_in_for_holes_of_the_source() {
    obeys_the_law(
        Setting { lag_max: 2, exactly_once: true, shared: true, ..Setting::default() },
        &[
            Event::Throttle(true),
            Event::Produce { records: 6, holes: 5 },
            Event::Copy { records: 19 },
            Event::WriteForeign { records: 2 },
            Event::Produce { records: 8, holes: 0 },
            Event::Copy { records: 8 },
        ],
    );
}

/// A link that preserves offsets has lost its newest 10 records; then its mirror was promoted and took 15 others.
fn promoted_after_losing_its_tail() -> History {
    let events = vec![
        Event::Produce { records: 100, holes: 0 },
        Event::Copy { records: 100 },
        Event::TruncateTarget { offsets: 10 },
        Event::WriteForeign { records: 15 },
    ];
    let setting = Setting { preserving: true, ..Setting::default() };
    History { setting, events, meanwhile: Vec::new() }
}

#[test]
fn a_promoted_mirror_with_other_records_than_the_source_is_unsafe_while_the_source_can_be_asked() {
    let (read, now) = promoted_after_losing_its_tail().tell();
    let offset = |g| (World::partition(), SourceOffset::new(g).unwrap());
    let evidence = now.evidence(&read, Known::ALL);
    let rows = answers(&evidence, &EvidencePolicy::default(), &[offset(80), offset(95), offset(100)]);
    let classes: Vec<_> = rows.iter().map(|row| row.position.class()).collect();
    assert_eq!(classes, ["exact", "unsafe", "unsafe"]);
    let law = Invariant::of(&read, &now, Known::ALL);
    assert!(rows.iter().all(|row| law.violations(row).is_empty()), "{rows:#?}");
}

#[test]
fn a_promoted_mirror_is_presumed_to_be_the_source_where_the_source_is_dead_and_the_answer_says_so() {
    let (read, now) = promoted_after_losing_its_tail().tell();
    let known = Known { source: false, ..Known::ALL };
    let g = (World::partition(), SourceOffset::new(95).unwrap());
    let rows = answers(&now.evidence(&read, known), &EvidencePolicy::default(), &[g]);
    let violations = Invariant::of(&read, &now, known).violations(&rows[0]);
    assert_eq!(violations.len(), 1, "{violations:#?}");
    assert_eq!(violations[0].kind, ViolationKind::Skips);
    assert_eq!(violations[0].waiver, Some(Assumption::OffsetsPreserved));
}
