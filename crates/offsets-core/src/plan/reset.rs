use std::collections::BTreeMap;

use serde::Serialize;

use crate::evidence::Logs;
use crate::model::{Commit, CommittedOffset, GroupId, GroupState, LogRange, TargetOffset, TopicPartition};
use crate::translate::Stranded;

/// A wish: this group is to go on there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The group.
    pub group: GroupId,
    /// The partition on the target.
    pub partition: TopicPartition,
    /// The next record to read; `None` when no position is known.
    pub to: Option<TargetOffset>,
    /// Commit metadata to write; `None` keeps what the target has.
    pub metadata: Option<String>,
    /// Whether `to` is proved not to skip. A position somebody typed is sound: it is an order.
    pub sound: bool,
    /// Records of the partition that came over no link and that the group may have yet to read, where there are any.
    pub stranded: Option<Stranded>,
    /// Whether the move is left out where a check refuses it, and the others are made: the group goes on in another topic.
    pub optional: bool,
}

/// The target as it stands before a reset.
#[derive(Debug, Clone, Default)]
pub struct TargetState {
    /// Every group that is to be moved; one that is not here does not exist.
    pub groups: BTreeMap<GroupId, GroupState>,
    /// What those groups have committed.
    pub committed: BTreeMap<(GroupId, TopicPartition), CommittedOffset<TargetOffset>>,
    /// The log ranges of the partitions; one that is not here does not exist.
    pub logs: Logs<TargetOffset>,
}

/// Checks an operator has switched off, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Try a group with members. The coordinator has the last word.
    pub active: bool,
    /// Commit offsets outside the log range.
    pub out_of_range: bool,
    /// Move groups back.
    pub backwards: bool,
    /// Use answers of class `unsafe`.
    pub unsound: bool,
    /// Pass records that came over no link and that the group may have yet to read.
    pub stranded: bool,
}

/// What a reset would do, partition by partition, sorted by group, topic and partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetPlan {
    steps: Vec<Step>,
}

/// One partition of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The group.
    pub group: GroupId,
    /// The partition on the target.
    pub partition: TopicPartition,
    /// The group's state; one that is `Dead` comes into being with its first commit.
    pub state: GroupState,
    /// What the group has committed there now.
    pub before: Option<CommittedOffset<TargetOffset>>,
    /// What it is to have; `None` when there is nothing to commit.
    pub after: Option<CommittedOffset<TargetOffset>>,
    /// Whether that may be done.
    pub verdict: Verdict,
}

/// Whether a step may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Ready,
    /// The group is there already.
    Unchanged,
    /// It may not.
    Refused(Refusal),
    /// It may not, and need not: the others are taken.
    LeftOut(Refusal),
}

/// Why a step is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refusal {
    /// The group has members; the coordinator takes offsets from them only.
    Active(GroupState),
    /// The offset lies outside the partition's log range.
    OutOfRange(LogRange<TargetOffset>),
    /// The group has committed a higher offset already.
    Backwards(TargetOffset),
    /// The answer is `unsafe`.
    Unsound,
    /// The offset, or the group's own commit, lies behind records that came over no link and that the group may have yet to
    /// read.
    Stranded(Stranded),
    /// There is no answer, or no such partition on the target.
    Nowhere,
}

impl ResetPlan {
    /// Draws up a plan for `moves` on a target in `state`.
    pub fn draw(moves: Vec<Move>, state: &TargetState, overrides: Overrides) -> Self {
        let mut steps: Vec<Step> = moves.into_iter().map(|wish| step(wish, state, overrides)).collect();
        steps.sort_by(|a, b| (&a.group, &a.partition).cmp(&(&b.group, &b.partition)));
        Self { steps }
    }

    /// All steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps that are refused. A plan with one of them is not applied at all.
    pub fn refused(&self) -> impl Iterator<Item = (&Step, Refusal)> {
        self.steps.iter().filter_map(|step| match step.verdict {
            Verdict::Refused(refusal) => Some((step, refusal)),
            Verdict::Ready | Verdict::Unchanged | Verdict::LeftOut(_) => None,
        })
    }

    /// The steps that are left out, with what refuses them.
    pub fn left_out(&self) -> impl Iterator<Item = (&Step, Refusal)> {
        self.steps.iter().filter_map(|step| match step.verdict {
            Verdict::LeftOut(refusal) => Some((step, refusal)),
            Verdict::Ready | Verdict::Unchanged | Verdict::Refused(_) => None,
        })
    }

    /// The commits to make, sorted by group, topic and partition.
    pub fn commits(&self) -> Vec<Commit<TargetOffset>> {
        let ready = self.steps.iter().filter(|step| step.verdict == Verdict::Ready);
        let commit = |step: &Step| {
            let committed = step.after.clone()?;
            Some(Commit { group: step.group.clone(), partition: step.partition.clone(), committed })
        };
        ready.filter_map(commit).collect()
    }
}

fn step(wish: Move, state: &TargetState, overrides: Overrides) -> Step {
    let Move { group, partition, to, metadata, sound, stranded, optional } = wish;
    let key = (group, partition);
    let before = state.committed.get(&key).cloned();
    let (group, partition) = key;
    let kept = before.as_ref().map(|before| before.metadata.clone());
    let after = to.map(|offset| CommittedOffset { offset, metadata: metadata.or(kept).unwrap_or_default() });
    let log = state.logs.get(&partition);
    let group_state = state.groups.get(&group).copied().unwrap_or(GroupState::Dead);
    let verdict = match (&after, log) {
        (None, _) | (_, None) => Verdict::Refused(Refusal::Nowhere),
        (Some(after), Some(log)) => {
            let passed = stranded.filter(|stranded| passes(*stranded, before.as_ref(), after, overrides));
            match passed {
                Some(stranded) => Verdict::Refused(Refusal::Stranded(stranded)),
                None => judge(before.as_ref(), after, log, group_state, sound, overrides),
            }
        }
    };
    let verdict = match verdict {
        Verdict::Refused(refusal) if optional => Verdict::LeftOut(refusal),
        verdict => verdict,
    };
    Step { group, partition, state: group_state, before, after, verdict }
}

/// Whether a group would be, or stay, behind records that it may have yet to read.
fn passes(
    stranded: Stranded,
    before: Option<&CommittedOffset<TargetOffset>>,
    after: &CommittedOffset<TargetOffset>,
    overrides: Overrides,
) -> bool {
    let is_behind = before.is_some_and(|before| before.offset > stranded.first) && !overrides.backwards;
    !overrides.stranded && (after.offset > stranded.first || is_behind)
}

fn judge(
    before: Option<&CommittedOffset<TargetOffset>>,
    after: &CommittedOffset<TargetOffset>,
    log: LogRange<TargetOffset>,
    group: GroupState,
    sound: bool,
    overrides: Overrides,
) -> Verdict {
    if !sound && !overrides.unsound {
        return Verdict::Refused(Refusal::Unsound);
    }
    if before == Some(after) {
        return Verdict::Unchanged;
    }
    if !group.accepts_offsets() && !overrides.active {
        return Verdict::Refused(Refusal::Active(group));
    }
    if !log.admits(after.offset) && !overrides.out_of_range {
        return Verdict::Refused(Refusal::OutOfRange(log));
    }
    match before {
        Some(before) if after.offset < before.offset && !overrides.backwards => {
            Verdict::Refused(Refusal::Backwards(before.offset))
        }
        _ => Verdict::Ready,
    }
}
