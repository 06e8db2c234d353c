//! Seeds, held to the truth of simulated histories: what a group has not read is never dropped, and where nothing was copied
//! twice it reads nothing twice that its seed could know of.

use offsets_core::evidence::Evidence;
use offsets_core::model::{GroupId, SourceOffset};
use offsets_core::translate::{EvidencePolicy, Row, answers, seeds};
use offsets_core::translate::{Seed, SeedPart};
use offsets_sim::{Entry, Event, History, Invariant, Known, Resumption, Setting, Timestamps, World};
use proptest::prelude::*;

use crate::cases;
use crate::strategies;

/// The answers for groups that have committed every source offset in `from..=to`, with their seeds.
fn seeded(evidence: &Evidence, rules: &EvidencePolicy, from: i64, to: i64) -> Vec<(Row, Seed)> {
    let offset = |g| (World::partition(), SourceOffset::new(g).unwrap());
    let mut rows = answers(evidence, rules, &(from..=to).map(offset).collect::<Vec<_>>());
    for row in &mut rows {
        row.group = Some(GroupId::from(format!("at-{:020}", row.committed.offset).as_str()));
    }
    let seeds = seeds(evidence, rules, &rows);
    assert_eq!(rows.len(), seeds.len());
    rows.into_iter().zip(seeds).collect()
}

fn part(seed: &Seed) -> Option<&SeedPart> {
    assert!(seed.windows.len() + seed.unseeded.len() <= 1, "there is one partition: {seed:?}");
    seed.windows.first()
}

/// What happens after the seeds were made.
fn after(now: &World, events: &[Event]) -> World {
    let mut then = now.clone();
    events.iter().for_each(|event| then.happen(event));
    then
}

fn rules() -> impl Strategy<Value = EvidencePolicy> {
    let limit = prop_oneof![2 => Just(EvidencePolicy::PROBE_MAX_RECORDS), 1 => 1..80_u64];
    (any::<bool>(), limit).prop_map(|(probes, limit)| {
        let rules = if probes { EvidencePolicy::default() } else { EvidencePolicy::without_probes() };
        rules.reading_at_most(limit)
    })
}

/// Stories in which many records look alike, for it is they that a seed can mistake.
fn alike(stories: impl Strategy<Value = History>) -> impl Strategy<Value = History> {
    (stories, 1..6_i64, any::<bool>()).prop_map(|(history, twins, as_told)| {
        let timestamps = if as_told { history.setting.timestamps } else { Timestamps::Created };
        let twins = if as_told { history.setting.twins } else { twins };
        History { setting: Setting { twins, timestamps, ..history.setting }, ..history }
    })
}

/// Any part of the evidence.
fn known() -> impl Strategy<Value = Known> {
    prop::sample::select(Known::subsets().collect::<Vec<_>>())
}

fn drops_nothing_unread(
    history: &History,
    later: &History,
    rules: &EvidencePolicy,
    known: Known,
) -> Result<(), TestCaseError> {
    let (read, now) = history.tell();
    let then = after(&now, &later.events);
    let law = Invariant::of(&read, &now, known);
    let (from, to) = (history.setting.origin.0.min(read.source.start), read.source.end);
    for (row, seed) in seeded(&now.evidence(&read, known), rules, from, to) {
        if let Some(part) = part(&seed) {
            let dropped = law.drops(&row, part, &then);
            let breach = dropped.into_iter().find(|violation| violation.waiver.is_none());
            prop_assert!(breach.is_none(), "{known:?}: {}", breach.unwrap().detail);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases::up_to(1_500))]

    #[test]
    fn no_seed_drops_a_record_that_the_group_has_not_read(
        history in alike(strategies::stories()), later in strategies::stories(), rules in rules(), known in known()
    ) {
        drops_nothing_unread(&history, &later, &rules, known)?;
    }

    #[test]
    fn nor_where_two_replicators_copy_or_topics_are_recreated(
        history in prop_oneof![alike(strategies::rivalries()).boxed(), alike(strategies::recreations()).boxed()],
        later in strategies::stories(), rules in rules(), known in known()
    ) {
        drops_nothing_unread(&history, &later, &rules, known)?;
    }

    #[test]
    fn a_link_that_preserves_offsets_needs_no_seed(history in strategies::preservations()) {
        let (read, now) = history.tell();
        for (_, seed) in seeded(&now.evidence(&read, Known::ALL), &EvidencePolicy::default(), read.source.start, read.source.end) {
            prop_assert!(seed.windows.is_empty(), "{seed:?}");
        }
    }

    /// Where MM2 never dies and no other producer writes, inside a window that was sown nothing comes twice.
    #[test]
    fn inside_a_sown_window_nothing_is_read_twice(history in strategies::undisturbed_stories(), probes in any::<bool>()) {
        let plain = Setting { twins: 1, timestamps: Timestamps::Created, ..history.setting };
        let history = History { setting: plain, ..history };
        let (read, now) = history.tell();
        let then = after(&now, &[Event::Copy { records: 1_000 }]);
        let rules = if probes { EvidencePolicy::default() } else { EvidencePolicy::without_probes() };
        // A checkpoint does not tell how many holes the source has in front of it.
        let known = Known { checkpoints: false, ..Known::ALL };
        for (row, seed) in seeded(&now.evidence(&read, known), &rules, read.source.start, read.source.end) {
            let Some(part) = part(&seed) else { continue };
            let g = row.committed.offset.get();
            let inside = |offset| part.until.is_none_or(|until| offset < until.get());
            for (offset, entry, dropped) in Resumption::of(&then, part).reads {
                if let Entry::Copy { upstream, .. } = entry {
                    // What the source has deleted cannot be known.
                    let known = now.source.holds(upstream);
                    prop_assert!(
                        dropped || upstream >= g || !inside(offset) || !known,
                        "{upstream} at {offset} is read again: {row:?}\n{seed:?}"
                    );
                }
            }
        }
    }

    /// And where everything is copied, the window closes by itself: nothing was sown that does not come.
    #[test]
    fn a_window_closes_when_everything_has_come(history in strategies::undisturbed_stories()) {
        let plain = Setting { twins: 1, filter: 0, timestamps: Timestamps::Created, ..history.setting };
        let calm = |event: &Event| !matches!(event, Event::CompactTarget { .. } | Event::TargetRetention { .. });
        let mut history = History { setting: plain, ..history };
        history.events.retain(calm);
        history.meanwhile.retain(calm);
        let (read, now) = history.tell();
        let then = after(&now, &[Event::Copy { records: 1_000 }]);
        let known = Known { checkpoints: false, ..Known::ALL };
        for (row, seed) in seeded(&now.evidence(&read, known), &EvidencePolicy::default(), read.source.start, read.source.end) {
            if let Some(part) = part(&seed).filter(|part| part.from.get() < 1 << 48) {
                prop_assert!(!Resumption::of(&then, part).is_open, "{row:?}\n{seed:?}");
            }
        }
    }
}
