//! Histories that once made an answer break the law, found by the simulator, as they were left after shortening.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use offsets_core::model::SourceOffset;
use offsets_core::sim::{Event, Known, Law, Setting, Story, World};
use offsets_core::translate::{Rules, answers};

/// Expects the law of every answer, whatever evidence survived.
#[track_caller]
fn obeys_the_law(setting: Setting, events: &[Event]) {
    let story = Story { setting, events: events.to_vec(), meanwhile: Vec::new() };
    let (read, now) = story.tell();
    for known in Known::subsets() {
        let law = Law::of(&read, &now, known);
        let offset = |g| (World::partition(), SourceOffset::new(g).unwrap());
        let offsets: Vec<_> = (setting.origin.0..=read.source.end).map(offset).collect();
        for row in answers(&now.evidence(&read, known), &Rules::default(), &offsets) {
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
