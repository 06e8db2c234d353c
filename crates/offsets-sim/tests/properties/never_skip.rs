//! The law, on every source offset of simulated histories and with any part of the evidence missing: nothing unread
//! lies behind a position, the true position lies inside the bracket, `exact` is proved, and no more is read again than
//! was said.

use jiff::Timestamp;
use offsets_core::evidence::Evidence;
use offsets_core::model::{GroupSelection, SourceOffset};
use offsets_core::translate::{EvidencePolicy, Row, Selection, Translator, answers};
use offsets_sim::{History, Invariant, Known, SimulatedLink, World};

use crate::cases;
use crate::strategies;

/// The answers for source offsets `from..=to`.
fn rows_between(evidence: &Evidence, from: i64, to: i64) -> Vec<Row> {
    let offset = |g| (World::partition(), SourceOffset::new(g).unwrap());
    answers(evidence, &EvidencePolicy::default(), &(from..=to).map(offset).collect::<Vec<_>>())
}

/// The first answer for a story that breaks the law.
fn breach(history: &History, known: Known) -> Option<String> {
    let (read, now) = history.tell();
    let recreated = now.source.incarnation > 0 || now.target.incarnation > 0;
    let lowest = if recreated { 0 } else { history.setting.origin.0.min(read.source.start) };
    let highest = if recreated { 80 } else { read.source.end };
    let law = Invariant::of(&read, &now, known);
    let rows = rows_between(&now.evidence(&read, known), lowest, highest);
    rows.iter().flat_map(|row| law.breaches(row)).next().map(|breach| breach.detail)
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    fn obeys(history: &History) -> Result<(), TestCaseError> {
        for known in Known::subsets() {
            let breach = breach(history, known);
            prop_assert!(breach.is_none(), "{known:?}: {}", breach.unwrap_or_default());
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(cases::up_to(400))]

        #[test]
        fn no_history_makes_an_answer_break_the_law(history in strategies::stories()) {
            obeys(&history)?;
        }

        #[test]
        fn two_replicators_make_no_answer_break_the_law_that_does_not_presume_their_order(
            history in strategies::rivalries()
        ) {
            obeys(&history)?;
        }

        #[test]
        fn links_that_preserve_offsets_obey_the_law(history in strategies::preservations()) {
            obeys(&history)?;
        }

        #[test]
        fn on_the_way_back_no_answer_passes_records_that_were_stranded(history in strategies::returns()) {
            obeys(&history)?;
        }

        #[test]
        fn unsafe_answers_are_safe_where_topics_were_recreated(history in strategies::recreations()) {
            obeys(&history)?;
        }

        #[test]
        fn groups_obey_the_law_by_their_last_known_commit(history in strategies::stories(), source in any::<bool>()) {
            let known = Known { source, ..Known::ALL };
            let (read, now) = history.tell();
            let groups = Selection::Groups { groups: GroupSelection::All, topics: Vec::new() };
            let translator = Translator::new(now.link(), groups, Timestamp::UNIX_EPOCH);
            let rows = translator.run(&mut now.evidence(&read, known)).unwrap().finish().rows;
            let expected = if source { 3 } else { read.groups_with_checkpoints() };
            prop_assert_eq!(rows.len(), expected);
            let law = Invariant::of(&read, &now, known);
            for row in &rows {
                let breaches = law.breaches(row);
                prop_assert!(breaches.is_empty(), "{breaches:#?}");
                let unread = row.position.target().map(|at| (law.truth().end() - at.get()).unsigned_abs());
                prop_assert!(source || row.reread_max == unread, "the group may have gone on to the end");
            }
        }

        #[test]
        fn a_conversation_comes_to_the_same_as_asking_the_core_directly(history in strategies::stories()) {
            for known in Known::subsets() {
                let (read, now) = history.tell();
                let evidence = now.evidence(&read, known);
                let direct = rows_between(&evidence, read.source.start, read.source.end);
                let offsets = direct.iter().map(|row| (row.source.clone(), row.committed.offset)).collect();
                let translator = {
                    Translator::new(now.link(), Selection::Offsets(offsets), Timestamp::UNIX_EPOCH)
                };
                let mut link = SimulatedLink { read: &read, now: &now, known };
                let done = translator.run(&mut link).unwrap().finish().rows;
                for (direct, done) in direct.iter().zip(&done) {
                    prop_assert_eq!(&direct.position, &done.position);
                    prop_assert_eq!(direct.reread_max, done.reread_max);
                    prop_assert_eq!(&direct.evidence, &done.evidence);
                }
            }
        }

        #[test]
        fn without_restarts_no_floor_is_below_mm2s_own(history in strategies::undisturbed_stories()) {
            let (read, now) = history.tell();
            let known = Known { source: false, ..Known::ALL };
            for row in rows_between(&now.evidence(&read, known), read.source.start, read.source.end) {
                prop_assume!(row.target_log.is_some());
                prop_assert!(row.position.is_sound());
                prop_assert!(row.position.target() >= row.mm2.target, "{row:?}");
                prop_assert!(row.reread_max.is_none() || row.reread_max <= row.mm2.reread_max.or(row.reread_max));
            }
        }
    }
}
