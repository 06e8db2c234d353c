//! The law, on every source offset of modelled histories and with any part of the evidence missing: nothing unread
//! lies behind a position, the true position lies inside the bracket, `exact` is proved, and no more is read again than
//! was said.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod cases;
mod model;

use jiff::Timestamp;
use model::{Entry, Known, Story, TOPIC, Truth, World};
use offsets_core::evidence::Evidence;
use offsets_core::model::{SourceOffset, TopicPartition};
use offsets_core::translate::{Assumption, GroupSelection, Inquiry, Position, Row, Selection};

/// The answers for source offsets `from..=to`.
fn rows_between(evidence: &mut Evidence, from: i64, to: i64) -> Vec<Row> {
    let offset = |g| (TopicPartition::new(TOPIC, 0), SourceOffset::new(g).unwrap());
    rows(evidence, Selection::Offsets((from..=to).map(offset).collect()))
}

fn rows(evidence: &mut Evidence, selection: Selection) -> Vec<Row> {
    let inquiry = Inquiry::about(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH);
    inquiry.hear(evidence).unwrap().conclude().rows
}

fn names(row: &Row, assumption: Assumption) -> bool {
    row.assumptions.contains(&assumption)
}

/// What the assumption `visible-replays` excuses, in an answer that names it.
#[derive(Debug, Clone, Copy, Default)]
struct Hidden {
    /// That a floor is too high.
    unfinished: bool,
    /// That more is read again than was said.
    doubled: bool,
    /// That somebody else writes to the mirror partition.
    foreign: bool,
    /// That the source has lost a record that was copied.
    lost: bool,
    /// That such a record looks like another one.
    alike: bool,
}

impl Hidden {
    fn from(read: &World, now: &World, known: Known) -> Self {
        Self {
            unfinished: now.hides_an_unfinished_replay(known.syncs.then_some(read)),
            doubled: now.hides_doubled_records(read),
            lost: now.has_lost_copied_records(),
            alike: now.has_lost_copied_records() && now.source.twins > 1,
            foreign: now.target.entries().any(|(_, entry)| entry == Entry::Foreign),
        }
    }
}

/// Every way in which an answer breaks the law, in words.
fn breaches(row: &Row, truth: &Truth, hidden: Hidden) -> Vec<String> {
    let visible = names(row, Assumption::VisibleReplays);
    let foreign = (hidden.foreign && names(row, Assumption::SoleWriter))
        || (hidden.lost && names(row, Assumption::SourceKept))
        || (hidden.alike && names(row, Assumption::DistinctRecords));
    let hidden = if visible { hidden } else { Hidden::default() };
    let g = row.committed.offset.get();
    let (first, last) = (truth.first(g), truth.last(g));
    let mut breaches = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            let Row { position, reread_max, evidence, .. } = row;
            breaches.push(format!(
                "{g} is right at {first}..={last}, {position:?} {what}, re-read {reread_max:?}, {evidence:?}"
            ));
        }
    };
    let Some(target) = row.position.target().map(|target| target.get()) else {
        must(false, "is no position, though the mirror topic is there");
        return breaches;
    };
    must(target <= last || hidden.unfinished || foreign, "skips");
    must(row.position.high().is_none_or(|high| first <= high.get()) || foreign, "has its upper end too low");
    must(!matches!(row.position, Position::Exact { .. }) || first <= target || foreign, "is not exact");
    let reread = truth.reread(target, g);
    let enough = row.reread_max.is_none_or(|most| reread <= most);
    must(enough || hidden.unfinished || hidden.doubled || foreign, "reads more again than it says");
    breaches
}

/// The first answer for a story that breaks the law.
fn breach(story: &Story, known: Known) -> Option<String> {
    let (read, now) = story.tell();
    let truth = Truth::of(&now);
    let hidden = Hidden::from(&read, &now, known);
    let lowest = story.setting.origin.0.min(read.source.start);
    let mut evidence = now.evidence(&read, known);
    let rows = rows_between(&mut evidence, lowest, read.source.end);
    rows.iter().flat_map(|row| breaches(row, &truth, hidden)).next()
}

/// Where topics were created anew, a position that presumes they were not may be wrong, if it says so. One that is
/// called `unsafe` may not, whichever of the source topics that the syncs tell of the commit was made on.
fn breach_after_recreation(story: &Story, known: Known) -> Option<String> {
    let (read, now) = story.tell();
    let fall = read.syncs().windows(2).rposition(|pair| pair[1].downstream <= pair[0].downstream);
    let present = &read.syncs()[fall.map_or(0, |at| at + 1)..];
    let stale_syncs = present.iter().any(|sync| sync.target_incarnation != now.target.incarnation);
    if stale_syncs && known.syncs {
        return None;
    }
    let target_unseen = now.target.incarnation > 0 && (!known.syncs || fall.is_none());
    let source_unseen = now.source.incarnation > 0;
    let Hidden { lost, alike, foreign, unfinished: hidden, .. } = Hidden::from(&read, &now, known);
    let rising = present.windows(2).position(|pair| pair[1].upstream <= pair[0].upstream);
    let oldest = present.get(rising.unwrap_or(present.len().saturating_sub(1)));
    let oldest = oldest.map_or(0, |sync| sync.source_incarnation);
    let mut evidence = now.evidence(&read, known);
    let rows = rows_between(&mut evidence, 0, 80);
    (oldest..=now.source.incarnation).find_map(|incarnation| {
        let truth = Truth::of_incarnation(&now, incarnation);
        let broken = |row: &&Row| {
            let presumes = names(row, Assumption::SameIncarnation) && row.position.is_sound();
            let excused = (presumes && (target_unseen || source_unseen))
                || (names(row, Assumption::DistinctRecords) && alike)
                || (names(row, Assumption::SourceKept) && lost)
                || (names(row, Assumption::SoleWriter) && foreign)
                || (names(row, Assumption::VisibleReplays) && hidden);
            let target = row.position.target().map_or(i64::MAX, |target| target.get());
            target > truth.last(row.committed.offset.get()) && !excused
        };
        let row = rows.iter().find(broken)?;
        let Row { committed, position, evidence, .. } = row;
        let last = truth.last(committed.offset.get());
        Some(format!("{committed:?} of topic {incarnation}: {position:?} skips {last}, {evidence:?}"))
    })
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(cases::up_to(1_500))]

        #[test]
        fn no_history_makes_an_answer_break_the_law(story in model::stories()) {
            for known in Known::subsets() {
                let breach = breach(&story, known);
                prop_assert!(breach.is_none(), "{known:?}: {}", breach.unwrap_or_default());
            }
        }

        #[test]
        fn groups_obey_the_law_by_their_last_known_commit(story in model::stories(), source in any::<bool>()) {
            let known = Known { source, ..Known::ALL };
            let (read, now) = story.tell();
            let groups = Selection::Groups { groups: GroupSelection::All, topics: Vec::new() };
            let rows = rows(&mut now.evidence(&read, known), groups);
            let expected = if source { 3 } else { read.groups_with_checkpoints() };
            prop_assert_eq!(rows.len(), expected);
            let truth = Truth::of(&now);
            for row in &rows {
                let breaches = breaches(row, &truth, Hidden::from(&read, &now, known));
                prop_assert!(breaches.is_empty(), "{breaches:#?}");
                let unread = row.position.target().map(|target| (truth.end() - target.get()).unsigned_abs());
                prop_assert!(source || row.reread_max == unread, "the group may have gone on to the end");
            }
        }

        #[test]
        fn unsafe_answers_are_safe_where_topics_were_created_anew(story in model::recreations()) {
            for known in Known::subsets() {
                let breach = breach_after_recreation(&story, known);
                prop_assert!(breach.is_none(), "{known:?}: {}", breach.unwrap_or_default());
            }
        }

        #[test]
        fn without_restarts_no_floor_is_below_mm2s_own(story in model::undisturbed_stories()) {
            let (read, now) = story.tell();
            let known = Known { source: false, ..Known::ALL };
            let mut evidence = now.evidence(&read, known);
            for row in rows_between(&mut evidence, read.source.start, read.source.end) {
                prop_assert!(row.position.is_sound());
                prop_assert!(row.position.target() >= row.mm2.target, "{row:?}");
                prop_assert!(row.reread_max.is_none() || row.reread_max <= row.mm2.reread_max.or(row.reread_max));
            }
        }
    }
}
