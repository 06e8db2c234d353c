//! What a reset may do, as a table, and what its undo file gives back.

use jiff::Timestamp;
use offsets_core::DocumentError;
use offsets_core::history::OffsetPair;
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, GroupKind, GroupState, LogRange, SourceOffset, TargetOffset,
    TopicPartition,
};
use offsets_core::plan::{
    Backwards, Check, LongMetadata, Notice, OffsetReset, Overrides, Refusal, ResetPlan, Step, TargetState,
    Undo, UndoError,
};
use offsets_core::translate::Stranded;

use crate::cases;

fn at(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

fn commit(offset: i64, metadata: &str) -> CommittedOffset<TargetOffset> {
    CommittedOffset { offset: at(offset), metadata: metadata.to_owned() }
}

fn orders() -> TopicPartition {
    TopicPartition::new("src.orders", 0)
}

fn app() -> GroupId {
    GroupId::from("app")
}

const LOG: (i64, i64) = (100, 200);

fn log() -> LogRange<TargetOffset> {
    LogRange { start: at(LOG.0), end: at(LOG.1) }
}

/// Case G1: records of the target that came over no link.
const STRANDED: Stranded =
    Stranded { first: at_const(130), beyond: at_const(150), records: Some(20), offsets: 20 };

const fn at_const(offset: u64) -> TargetOffset {
    TargetOffset::ZERO.plus(offset)
}

/// `app` in `group`, committed at `before`.
fn state(group: Option<GroupState>, before: Option<CommittedOffset<TargetOffset>>) -> TargetState {
    TargetState {
        groups: group.map(|group| (app(), group)).into_iter().collect(),
        committed: before.map(|before| ((app(), orders()), before)).into_iter().collect(),
        logs: [(orders(), log())].into_iter().collect(),
        ..TargetState::default()
    }
}

/// Every check that can be switched off.
fn all_overrides() -> Overrides {
    Overrides {
        active: true,
        out_of_range: true,
        backwards: Backwards::All,
        unsound: true,
        stranded: true,
        ..Overrides::default()
    }
}

fn reset(to: Option<i64>) -> OffsetReset {
    OffsetReset {
        group: app(),
        partition: orders(),
        to: to.map(at),
        metadata: None,
        sound: true,
        stranded: None,
        optional: false,
    }
}

fn step(reset: OffsetReset, state: &TargetState, overrides: &Overrides) -> Step {
    ResetPlan::build(vec![reset], state, overrides).steps()[0].clone()
}

#[test]
fn a_group_that_is_behind_stranded_records_already_is_not_left_there_in_silence() {
    let reset = OffsetReset { stranded: Some(STRANDED), ..reset(Some(130)) };
    let none = Overrides::default();
    let before = |offset| state(Some(GroupState::Empty), Some(commit(offset, "")));
    assert_eq!(step(reset.clone(), &before(120), &none).check, Check::Ready);
    let refused = Check::Refused(Refusal::Stranded(STRANDED));
    assert_eq!(step(reset.clone(), &before(160), &none).check, refused, "MM2's own sync passed them");
    let back = Overrides { backwards: Backwards::All, ..none };
    assert_eq!(step(reset, &before(160), &back).check, Check::Ready);
}

#[test]
fn a_move_that_need_not_be_made_blocks_no_other() {
    let state = state(Some(GroupState::Empty), Some(commit(150, "")));
    let nowhere =
        OffsetReset { partition: TopicPartition::new("src.orders", 1), optional: true, ..reset(None) };
    let behind = OffsetReset { optional: true, ..reset(Some(120)) };
    let plan = ResetPlan::build(vec![nowhere, behind, reset(Some(160))], &state, &Overrides::default());
    assert!(plan.refused().next().is_none());
    let left_out: Vec<_> = plan.left_out().map(|(_, refusal)| refusal).collect();
    let backwards = Refusal::Backwards { from: at(150), source: None, checkpoint: None };
    assert_eq!(left_out, [backwards, Refusal::NoAnswer]);

    // A group that is deleted keeps what it has where a move is left out.
    let mut state = state;
    state.aging.insert(app());
    let recreate = Overrides { recreate: true, ..Overrides::default() };
    let behind = OffsetReset { optional: true, ..reset(Some(120)) };
    let plan = ResetPlan::build(vec![behind], &state, &recreate);
    let written: Vec<_> = plan.commits().into_iter().map(|commit| commit.committed).collect();
    assert_eq!(written, [commit(150, "")]);
    assert_eq!(plan.commits().len(), 1);
}

#[test]
fn every_check_refuses_and_its_own_override_lets_pass() {
    let none = Overrides::default();
    let unsound = OffsetReset { sound: false, ..reset(Some(150)) };
    let cases = [
        (
            reset(Some(150)),
            GroupState::Stable,
            Some(120),
            Refusal::Active(GroupState::Stable),
            Overrides { active: true, ..none.clone() },
        ),
        (
            reset(Some(99)),
            GroupState::Empty,
            None,
            Refusal::OutOfRange(log()),
            Overrides { out_of_range: true, ..none.clone() },
        ),
        (
            reset(Some(201)),
            GroupState::Empty,
            Some(120),
            Refusal::OutOfRange(log()),
            Overrides { out_of_range: true, ..none.clone() },
        ),
        (
            reset(Some(119)),
            GroupState::Empty,
            Some(120),
            Refusal::Backwards { from: at(120), source: None, checkpoint: None },
            Overrides { backwards: Backwards::All, ..none.clone() },
        ),
        (unsound, GroupState::Empty, None, Refusal::Unsound, Overrides { unsound: true, ..none.clone() }),
        (
            OffsetReset { stranded: Some(STRANDED), ..reset(Some(150)) },
            GroupState::Empty,
            Some(120),
            Refusal::Stranded(STRANDED),
            Overrides { stranded: true, ..none.clone() },
        ),
    ];
    for (reset, group, before, refusal, own) in cases {
        let state = state(Some(group), before.map(|before| commit(before, "")));
        assert_eq!(step(reset.clone(), &state, &none).check, Check::Refused(refusal), "{reset:?}");
        assert_eq!(step(reset.clone(), &state, &own).check, Check::Ready, "{reset:?}");
        let others = Overrides {
            active: !own.active,
            out_of_range: !own.out_of_range,
            backwards: match own.backwards {
                Backwards::All => Backwards::default(),
                Backwards::Only(_) => Backwards::All,
            },
            unsound: !own.unsound,
            stranded: !own.stranded,
            ..Overrides::default()
        };
        assert_eq!(step(reset.clone(), &state, &others).check, Check::Refused(refusal), "{reset:?}");
    }
}

#[test]
fn the_ends_of_the_log_are_in_range_and_the_same_offset_is_not_backwards() {
    for (to, before) in [(100, None), (200, None), (120, Some(119)), (200, Some(120))] {
        let state = state(Some(GroupState::Empty), before.map(|before| commit(before, "")));
        assert_eq!(step(reset(Some(to)), &state, &Overrides::default()).check, Check::Ready, "{to}");
    }
    let moved = OffsetReset { metadata: Some("new".to_owned()), ..reset(Some(120)) };
    let state = state(Some(GroupState::Empty), Some(commit(120, "old")));
    assert_eq!(step(moved, &state, &Overrides::default()).check, Check::Ready, "other metadata is a change");
}

#[test]
fn only_groups_without_members_accept_offsets() {
    for (group, accepts) in [
        (Some(GroupState::Empty), true),
        (Some(GroupState::Dead), true),
        (None, true),
        (Some(GroupState::Stable), false),
        (Some(GroupState::PreparingRebalance), false),
        (Some(GroupState::CompletingRebalance), false),
        (Some(GroupState::Assigning), false),
        (Some(GroupState::Reconciling), false),
        (Some(GroupState::Unknown), false),
    ] {
        let check = step(reset(Some(150)), &state(group, None), &Overrides::default()).check;
        assert_eq!(check == Check::Ready, accepts, "{group:?}");
    }
}

#[test]
fn a_group_that_is_there_already_is_left_alone_even_while_it_is_active() {
    let state = state(Some(GroupState::Stable), Some(commit(150, "kept")));
    let step = step(reset(Some(150)), &state, &Overrides::default());
    assert_eq!(step.check, Check::Unchanged);
    assert_eq!(step.after, Some(commit(150, "kept")));
}

#[test]
fn nowhere_to_go_cannot_be_overridden() {
    let all = all_overrides();
    let mut known = state(Some(GroupState::Empty), None);
    assert_eq!(step(reset(None), &known, &all).check, Check::Refused(Refusal::NoAnswer));
    let elsewhere = OffsetReset { partition: TopicPartition::new("src.orders", 1), ..reset(Some(150)) };
    assert_eq!(step(elsewhere.clone(), &known, &all).check, Check::Refused(Refusal::LogUnknown));
    known.logs.add_unavailable(elsewhere.partition.clone(), "not authorised");
    assert_eq!(step(elsewhere.clone(), &known, &all).check, Check::Refused(Refusal::LogUnknown));
    known.logs.add_missing(elsewhere.partition.clone());
    assert_eq!(step(elsewhere, &known, &all).check, Check::Refused(Refusal::NoTarget));
}

#[test]
fn metadata_is_taken_from_the_move_or_else_kept() {
    let state = state(Some(GroupState::Empty), Some(commit(120, "old")));
    assert_eq!(step(reset(Some(150)), &state, &Overrides::default()).after, Some(commit(150, "old")));
    let given = OffsetReset { metadata: Some(String::new()), ..reset(Some(150)) };
    assert_eq!(step(given, &state, &Overrides::default()).after, Some(commit(150, "")));
}

#[test]
fn a_plan_is_sorted_and_counts_what_it_refuses_apart() {
    let mut state = state(Some(GroupState::Empty), Some(commit(150, "")));
    state.groups.insert(GroupId::from("busy"), GroupState::Stable);
    let busy = OffsetReset { group: GroupId::from("busy"), ..reset(Some(150)) };
    let other = OffsetReset { group: GroupId::from("aaa"), ..reset(Some(110)) };
    let plan = ResetPlan::build(vec![busy, reset(Some(150)), other], &state, &Overrides::default());
    let groups: Vec<_> = plan.steps().iter().map(|step| step.group.as_str()).collect();
    assert_eq!(groups, ["aaa", "app", "busy"]);
    let refused: Vec<_> = plan.refused().map(|(step, refusal)| (step.group.as_str(), refusal)).collect();
    assert_eq!(refused, [("busy", Refusal::Active(GroupState::Stable))]);
    let commits = plan.commits();
    let expected = Commit { group: GroupId::from("aaa"), partition: orders(), committed: commit(110, "") };
    assert_eq!(commits, [expected]);
}

#[test]
fn an_undo_file_of_another_kind_or_cut_short_is_refused() {
    let undo = Undo::of(
        &ResetPlan::build(Vec::new(), &TargetState::default(), &Overrides::default()),
        Timestamp::UNIX_EPOCH,
        None,
    );
    let other = undo.write().replace("\"Undo\"", "\"Plan\"");
    assert_eq!(
        Undo::read(&other).unwrap_err().to_string(),
        "this is `Plan` of `offsets/v1`, not an undo file (`Undo` of `offsets/v1`)"
    );
    let text = undo.write();
    for cut in 0..text.trim_end().len() {
        assert!(
            matches!(
                Undo::read(&text[..cut]),
                Err(UndoError::Document(DocumentError::Malformed { line: 1.., .. }))
            ),
            "{cut}"
        );
    }
}

/// O2: a group that has rewound on the source stands too far ahead where MM2's sync has put it. A checkpoint says who put it there.
#[test]
fn a_commit_that_mm2_made_is_no_reason_not_to_go_back() {
    let pair = |upstream, downstream| OffsetPair::new(SourceOffset::new(upstream).unwrap(), at(downstream));
    let place = (app(), orders());
    let mut state = state(Some(GroupState::Empty), Some(commit(180, "")));
    state.source_commits.insert(place.clone(), SourceOffset::new(40).unwrap());

    let refused = |state: &TargetState, checkpoint| {
        let step = step(reset(Some(120)), state, &Overrides::default());
        let source = SourceOffset::new(40).ok();
        assert_eq!(step.check, Check::Refused(Refusal::Backwards { from: at(180), source, checkpoint }));
    };
    refused(&state, None);
    state.checkpoints.insert(place.clone(), pair(99, 179));
    refused(&state, Some(pair(99, 179)));

    state.checkpoints.insert(place, pair(100, 180));
    let step = step(reset(Some(120)), &state, &Overrides::default());
    assert_eq!(step.check, Check::Ready);
    assert_eq!(step.notices, [Notice::BehindSync { from: at(180), checkpoint: pair(100, 180) }]);
}

#[test]
fn only_the_groups_that_are_named_may_go_back() {
    let mut state = state(Some(GroupState::Empty), Some(commit(180, "")));
    let other = GroupId::from("other");
    state.committed.insert((other.clone(), orders()), commit(180, ""));
    let overrides =
        Overrides { backwards: Backwards::Only([app()].into_iter().collect()), ..Overrides::default() };
    let resets = vec![reset(Some(120)), OffsetReset { group: other.clone(), ..reset(Some(120)) }];
    let plan = ResetPlan::build(resets, &state, &overrides);
    let refused: Vec<_> = plan.refused().map(|(step, _)| &step.group).collect();
    assert_eq!(refused, [&other]);
}

/// G4, G8: a share group has no committed offsets, and the members of a streams group cannot be seen.
#[test]
fn groups_of_other_kinds_are_refused_by_their_kind() {
    let mut state = state(Some(GroupState::Unknown), None);
    for (kind, refusal) in [
        (GroupKind::Share, Refusal::Kind(GroupKind::Share)),
        (GroupKind::Other, Refusal::Kind(GroupKind::Other)),
        (GroupKind::Streams, Refusal::Unseen(GroupKind::Streams)),
        (GroupKind::Unknown, Refusal::Active(GroupState::Unknown)),
    ] {
        state.kinds.insert(app(), kind);
        let check = step(reset(Some(150)), &state, &Overrides::default()).check;
        assert_eq!(check, Check::Refused(refusal), "{kind:?}");
        let tried = step(reset(Some(150)), &state, &all_overrides()).check;
        assert_eq!(tried == Check::Ready, kind.has_offsets(), "{kind:?}");
    }
    state.groups.insert(app(), GroupState::Empty);
    state.kinds.insert(app(), GroupKind::Streams);
    assert_eq!(step(reset(Some(150)), &state, &Overrides::default()).check, Check::Ready);
}

/// G5: the limit is the target's, and counts UTF-16 code units.
#[test]
fn metadata_that_the_target_does_not_take_is_refused_dropped_or_cut() {
    let mut state = state(Some(GroupState::Empty), None);
    let reset = |metadata: &str| OffsetReset { metadata: Some(metadata.to_owned()), ..reset(Some(150)) };
    let under = |long_metadata| Overrides { long_metadata, ..Overrides::default() };
    state.metadata_limit = Some(5);
    assert_eq!(step(reset("12345"), &state, &under(LongMetadata::Refuse)).check, Check::Ready);
    let long = "12\u{1f980}34";
    let refusal = Refusal::LongMetadata { length: 6, limit: 5 };
    assert_eq!(step(reset(long), &state, &under(LongMetadata::Refuse)).check, Check::Refused(refusal));
    let dropped = step(reset(long), &state, &under(LongMetadata::Drop));
    assert_eq!((dropped.check, dropped.after), (Check::Ready, Some(commit(150, ""))));
    assert_eq!(dropped.notices, [Notice::MetadataDropped { length: 6, limit: 5 }]);
    let cut = step(reset(long), &state, &under(LongMetadata::Cut));
    assert_eq!(cut.after, Some(commit(150, "12\u{1f980}3")));
    state.metadata_limit = Some(3);
    let cut = step(reset(long), &state, &under(LongMetadata::Cut));
    assert_eq!(cut.after, Some(commit(150, "12")), "no character is cut in half");

    // What the target does not answer is reported only where it can matter.
    state.metadata_limit = None;
    assert_eq!(step(reset(long), &state, &under(LongMetadata::Refuse)).notices, []);
    let longer = "m".repeat(4097);
    let unknown = step(reset(&longer), &state, &under(LongMetadata::Refuse));
    assert_eq!(unknown.check, Check::Ready);
    assert_eq!(unknown.notices, [Notice::MetadataMayBeTooLong { length: 4097 }]);
}

/// G6: what a recreated group had on other partitions is written again with the rest.
#[test]
fn a_group_whose_commits_may_expire_at_once_is_told_and_can_be_recreated() {
    let mut state = state(Some(GroupState::Empty), Some(commit(150, "kept")));
    let elsewhere = TopicPartition::new("src.orders", 1);
    state.logs = [(orders(), log()), (elsewhere.clone(), log())].into_iter().collect();
    state.committed.insert((app(), elsewhere.clone()), commit(70, "below the log"));
    state.committed.insert((app(), TopicPartition::new("gone", 0)), commit(1, "of no topic"));
    state.aging.insert(app());

    let plan = ResetPlan::build(vec![reset(Some(160))], &state, &Overrides::default());
    assert_eq!(plan.steps()[0].notices, [Notice::ExpiresFromEmpty { retention: None }]);
    assert!(plan.recreated().is_empty());

    let recreate = Overrides { recreate: true, ..Overrides::default() };
    let plan = ResetPlan::build(vec![reset(Some(150))], &state, &recreate);
    assert_eq!(plan.recreated().iter().collect::<Vec<_>>(), [&app()]);
    let written: Vec<_> =
        plan.commits().into_iter().map(|commit| (commit.partition, commit.committed)).collect();
    assert_eq!(written, [(orders(), commit(150, "kept")), (elsewhere, commit(70, "below the log"))]);
    assert!(plan.steps().iter().all(|step| step.notices.is_empty()));

    state.groups.insert(app(), GroupState::Stable);
    let plan = ResetPlan::build(vec![reset(Some(160))], &state, &recreate);
    assert!(plan.recreated().is_empty(), "a group with members is not deleted");
}

/// G7: offsets in an open transaction.
#[test]
fn an_open_transaction_of_the_group_is_told() {
    let mut state = state(Some(GroupState::Empty), None);
    state.pending.insert((app(), orders()));
    let step = step(reset(Some(150)), &state, &Overrides::default());
    assert_eq!((step.check, step.notices), (Check::Ready, vec![Notice::OpenTransaction]));
}

mod properties {
    use super::*;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    fn groups() -> impl Strategy<Value = GroupState> {
        prop_oneof![3 => Just(GroupState::Empty), 1 => Just(GroupState::Stable), 1 => Just(GroupState::Dead)]
    }

    fn place() -> impl Strategy<Value = (GroupId, TopicPartition)> {
        ("[abc]", 0..3).prop_map(|(group, partition)| {
            (GroupId::from(group.as_str()), TopicPartition::new("src.orders", partition))
        })
    }

    fn committed() -> impl Strategy<Value = CommittedOffset<TargetOffset>> {
        (90..210_i64, "[xy]?").prop_map(|(offset, metadata)| commit(offset, &metadata))
    }

    fn worlds() -> impl Strategy<Value = TargetState> {
        let groups = btree_map("[abc]".prop_map(|group| GroupId::from(group.as_str())), groups(), 0..4);
        (groups, btree_map(place(), committed(), 0..6)).prop_map(|(groups, committed)| {
            let logs =
                (0..2).map(|partition| (TopicPartition::new("src.orders", partition), log())).collect();
            TargetState { groups, committed, logs, ..TargetState::default() }
        })
    }

    fn resets() -> impl Strategy<Value = Vec<OffsetReset>> {
        let reset = (prop::option::weighted(0.9, 90..210_i64), prop::option::of("[xy]?"), any::<bool>());
        btree_map(place(), reset, 1..8).prop_map(|resets| {
            let reset = |((group, partition), (to, metadata, sound)): (_, (Option<i64>, _, _))| OffsetReset {
                group,
                partition,
                to: to.map(at),
                metadata,
                sound,
                stranded: None,
                optional: false,
            };
            resets.into_iter().map(reset).collect()
        })
    }

    fn overrides() -> impl Strategy<Value = Overrides> {
        vec(any::<bool>(), 5).prop_map(|on| Overrides {
            active: on[0],
            out_of_range: on[1],
            backwards: if on[2] { Backwards::All } else { Backwards::default() },
            unsound: on[3],
            stranded: on[4],
            ..Overrides::default()
        })
    }

    proptest! {
        #![proptest_config(cases::up_to(500))]

        #[test]
        fn what_is_ready_passes_every_check_that_is_on(
            state in worlds(),
            resets in resets(),
            on in overrides(),
        ) {
            let sound: std::collections::BTreeMap<_, _> =
                resets.iter().map(|reset| ((reset.group.clone(), reset.partition.clone()), reset.sound)).collect();
            let plan = ResetPlan::build(resets.clone(), &state, &on);
            prop_assert_eq!(plan.steps().len(), resets.len());
            for step in plan.steps().iter().filter(|step| step.check == Check::Ready) {
                let after = step.after.clone().expect("something to commit");
                let group = state.groups.get(&step.group).copied().unwrap_or(GroupState::Dead);
                prop_assert!(on.active || group.accepts_offsets());
                prop_assert!(on.out_of_range || log().admits(after.offset));
                prop_assert!(on.backwards == Backwards::All || step.before.as_ref().is_none_or(|before| before.offset <= after.offset));
                prop_assert!(on.unsound || sound[&(step.group.clone(), step.partition.clone())]);
                prop_assert!(state.logs.get(&step.partition).is_some());
                prop_assert_ne!(step.before.as_ref(), Some(&after));
            }
            let ready = plan.steps().iter().filter(|step| step.check == Check::Ready).count();
            prop_assert_eq!(plan.commits().len(), ready);
        }

        #[test]
        fn applying_a_plan_and_its_undo_leaves_every_commit_that_was_there(
            mut state in worlds(),
            resets in resets(),
        ) {
            let all = all_overrides();
            let before = state.committed.clone();
            let plan = ResetPlan::build(resets, &state, &all);
            let undo = Undo::of(&plan, Timestamp::UNIX_EPOCH, Some("cluster-1".to_owned()));
            let undo = match Undo::read(&undo.write()) {
                Ok(again) => {
                    prop_assert_eq!(&again, &undo);
                    again
                }
                Err(UndoError::Empty) if plan.commits().is_empty() => return Ok(()),
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            };
            apply(&plan, &mut state);
            apply(&ResetPlan::build(undo.resets(), &state, &all), &mut state);
            for (place, commit) in before {
                prop_assert_eq!(state.committed.get(&place), Some(&commit));
            }
        }
    }

    fn apply(plan: &ResetPlan, state: &mut TargetState) {
        for Commit { group, partition, committed } in plan.commits() {
            state.committed.insert((group, partition), committed);
        }
    }
}
