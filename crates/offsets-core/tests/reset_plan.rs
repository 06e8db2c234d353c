//! What a reset may do, as a table, and what its undo file gives back.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod cases;

use jiff::Timestamp;
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, GroupState, LogRange, TargetOffset, TopicPartition,
};
use offsets_core::plan::{Move, Overrides, Refusal, ResetPlan, Step, TargetState, Undo, UndoError, Verdict};
use offsets_core::translate::Stranded;

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
    }
}

fn wish(to: Option<i64>) -> Move {
    Move {
        group: app(),
        partition: orders(),
        to: to.map(at),
        metadata: None,
        sound: true,
        stranded: None,
        optional: false,
    }
}

fn step(wish: Move, state: &TargetState, overrides: Overrides) -> Step {
    ResetPlan::draw(vec![wish], state, overrides).steps()[0].clone()
}

#[test]
fn a_group_that_is_behind_stranded_records_already_is_not_left_there_in_silence() {
    let wish = Move { stranded: Some(STRANDED), ..wish(Some(130)) };
    let none = Overrides::default();
    let before = |offset| state(Some(GroupState::Empty), Some(commit(offset, "")));
    assert_eq!(step(wish.clone(), &before(120), none).verdict, Verdict::Ready);
    let refused = Verdict::Refused(Refusal::Stranded(STRANDED));
    assert_eq!(step(wish.clone(), &before(160), none).verdict, refused, "MM2's own sync passed them");
    let back = Overrides { backwards: true, ..none };
    assert_eq!(step(wish, &before(160), back).verdict, Verdict::Ready);
}

#[test]
fn a_move_that_need_not_be_made_blocks_no_other() {
    let state = state(Some(GroupState::Empty), Some(commit(150, "")));
    let nowhere = Move { partition: TopicPartition::new("src.orders", 1), optional: true, ..wish(None) };
    let behind = Move { optional: true, ..wish(Some(120)) };
    let plan = ResetPlan::draw(vec![nowhere, behind, wish(Some(160))], &state, Overrides::default());
    assert!(plan.refused().next().is_none());
    let left_out: Vec<_> = plan.left_out().map(|(_, refusal)| refusal).collect();
    assert_eq!(left_out, [Refusal::Backwards(at(150)), Refusal::Nowhere]);
    assert_eq!(plan.commits().len(), 1);
}

#[test]
fn every_check_refuses_and_its_own_override_lets_pass() {
    let none = Overrides::default();
    let unsound = Move { sound: false, ..wish(Some(150)) };
    let cases = [
        (
            wish(Some(150)),
            GroupState::Stable,
            Some(120),
            Refusal::Active(GroupState::Stable),
            Overrides { active: true, ..none },
        ),
        (
            wish(Some(99)),
            GroupState::Empty,
            None,
            Refusal::OutOfRange(log()),
            Overrides { out_of_range: true, ..none },
        ),
        (
            wish(Some(201)),
            GroupState::Empty,
            Some(120),
            Refusal::OutOfRange(log()),
            Overrides { out_of_range: true, ..none },
        ),
        (
            wish(Some(119)),
            GroupState::Empty,
            Some(120),
            Refusal::Backwards(at(120)),
            Overrides { backwards: true, ..none },
        ),
        (unsound, GroupState::Empty, None, Refusal::Unsound, Overrides { unsound: true, ..none }),
        (
            Move { stranded: Some(STRANDED), ..wish(Some(150)) },
            GroupState::Empty,
            Some(120),
            Refusal::Stranded(STRANDED),
            Overrides { stranded: true, ..none },
        ),
    ];
    for (wish, group, before, refusal, own) in cases {
        let state = state(Some(group), before.map(|before| commit(before, "")));
        assert_eq!(step(wish.clone(), &state, none).verdict, Verdict::Refused(refusal), "{wish:?}");
        assert_eq!(step(wish.clone(), &state, own).verdict, Verdict::Ready, "{wish:?}");
        let others = Overrides {
            active: !own.active,
            out_of_range: !own.out_of_range,
            backwards: !own.backwards,
            unsound: !own.unsound,
            stranded: !own.stranded,
        };
        assert_eq!(step(wish.clone(), &state, others).verdict, Verdict::Refused(refusal), "{wish:?}");
    }
}

#[test]
fn the_ends_of_the_log_are_in_range_and_the_same_offset_is_not_backwards() {
    for (to, before) in [(100, None), (200, None), (120, Some(119)), (200, Some(120))] {
        let state = state(Some(GroupState::Empty), before.map(|before| commit(before, "")));
        assert_eq!(step(wish(Some(to)), &state, Overrides::default()).verdict, Verdict::Ready, "{to}");
    }
    let moved = Move { metadata: Some("new".to_owned()), ..wish(Some(120)) };
    let state = state(Some(GroupState::Empty), Some(commit(120, "old")));
    assert_eq!(
        step(moved, &state, Overrides::default()).verdict,
        Verdict::Ready,
        "other metadata is a change"
    );
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
        let verdict = step(wish(Some(150)), &state(group, None), Overrides::default()).verdict;
        assert_eq!(verdict == Verdict::Ready, accepts, "{group:?}");
    }
}

#[test]
fn a_group_that_is_there_already_is_left_alone_even_while_it_is_active() {
    let state = state(Some(GroupState::Stable), Some(commit(150, "kept")));
    let step = step(wish(Some(150)), &state, Overrides::default());
    assert_eq!(step.verdict, Verdict::Unchanged);
    assert_eq!(step.after, Some(commit(150, "kept")));
}

#[test]
fn nowhere_to_go_cannot_be_overridden() {
    let all = Overrides { active: true, out_of_range: true, backwards: true, unsound: true, stranded: true };
    let known = state(Some(GroupState::Empty), None);
    assert_eq!(step(wish(None), &known, all).verdict, Verdict::Refused(Refusal::Nowhere));
    let elsewhere = Move { partition: TopicPartition::new("src.orders", 1), ..wish(Some(150)) };
    assert_eq!(step(elsewhere, &known, all).verdict, Verdict::Refused(Refusal::Nowhere));
}

#[test]
fn metadata_is_taken_from_the_move_or_else_kept() {
    let state = state(Some(GroupState::Empty), Some(commit(120, "old")));
    assert_eq!(step(wish(Some(150)), &state, Overrides::default()).after, Some(commit(150, "old")));
    let given = Move { metadata: Some(String::new()), ..wish(Some(150)) };
    assert_eq!(step(given, &state, Overrides::default()).after, Some(commit(150, "")));
}

#[test]
fn a_plan_is_sorted_and_counts_what_it_refuses_apart() {
    let mut state = state(Some(GroupState::Empty), Some(commit(150, "")));
    state.groups.insert(GroupId::from("busy"), GroupState::Stable);
    let busy = Move { group: GroupId::from("busy"), ..wish(Some(150)) };
    let other = Move { group: GroupId::from("aaa"), ..wish(Some(110)) };
    let plan = ResetPlan::draw(vec![busy, wish(Some(150)), other], &state, Overrides::default());
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
        &ResetPlan::draw(Vec::new(), &TargetState::default(), Overrides::default()),
        Timestamp::UNIX_EPOCH,
        None,
    );
    let other = undo.write().replace("\"Undo\"", "\"Plan\"");
    assert_eq!(
        Undo::read(&other).unwrap_err().to_string(),
        "this is `Plan` of `offsets/v1`, not `Undo` of `offsets/v1`"
    );
    let text = undo.write();
    for cut in 0..text.trim_end().len() {
        assert!(matches!(Undo::read(&text[..cut]), Err(UndoError::Malformed { line: 1.., .. })), "{cut}");
    }
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
            TargetState { groups, committed, logs }
        })
    }

    fn wishes() -> impl Strategy<Value = Vec<Move>> {
        let wish = (prop::option::weighted(0.9, 90..210_i64), prop::option::of("[xy]?"), any::<bool>());
        btree_map(place(), wish, 1..8).prop_map(|wishes| {
            let wish = |((group, partition), (to, metadata, sound)): (_, (Option<i64>, _, _))| Move {
                group,
                partition,
                to: to.map(at),
                metadata,
                sound,
                stranded: None,
                optional: false,
            };
            wishes.into_iter().map(wish).collect()
        })
    }

    fn overrides() -> impl Strategy<Value = Overrides> {
        vec(any::<bool>(), 5).prop_map(|on| Overrides {
            active: on[0],
            out_of_range: on[1],
            backwards: on[2],
            unsound: on[3],
            stranded: on[4],
        })
    }

    proptest! {
        #![proptest_config(cases::up_to(500))]

        #[test]
        fn what_is_ready_passes_every_check_that_is_on(
            state in worlds(),
            wishes in wishes(),
            on in overrides(),
        ) {
            let sound: std::collections::BTreeMap<_, _> =
                wishes.iter().map(|wish| ((wish.group.clone(), wish.partition.clone()), wish.sound)).collect();
            let plan = ResetPlan::draw(wishes.clone(), &state, on);
            prop_assert_eq!(plan.steps().len(), wishes.len());
            for step in plan.steps().iter().filter(|step| step.verdict == Verdict::Ready) {
                let after = step.after.clone().expect("something to commit");
                let group = state.groups.get(&step.group).copied().unwrap_or(GroupState::Dead);
                prop_assert!(on.active || group.accepts_offsets());
                prop_assert!(on.out_of_range || log().admits(after.offset));
                prop_assert!(on.backwards || step.before.as_ref().is_none_or(|before| before.offset <= after.offset));
                prop_assert!(on.unsound || sound[&(step.group.clone(), step.partition.clone())]);
                prop_assert!(state.logs.get(&step.partition).is_some());
                prop_assert_ne!(step.before.as_ref(), Some(&after));
            }
            let ready = plan.steps().iter().filter(|step| step.verdict == Verdict::Ready).count();
            prop_assert_eq!(plan.commits().len(), ready);
        }

        #[test]
        fn applying_a_plan_and_its_undo_leaves_every_commit_that_was_there(
            mut state in worlds(),
            wishes in wishes(),
        ) {
            let all = Overrides { active: true, out_of_range: true, backwards: true, unsound: true, stranded: true };
            let before = state.committed.clone();
            let plan = ResetPlan::draw(wishes, &state, all);
            let undo = Undo::of(&plan, Timestamp::UNIX_EPOCH, Some("cluster-1".to_owned()));
            let undo = match Undo::read(&undo.write()) {
                Ok(again) => {
                    prop_assert_eq!(&again, &undo);
                    again
                }
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            };
            apply(&plan, &mut state);
            apply(&ResetPlan::draw(undo.moves(), &state, all), &mut state);
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
