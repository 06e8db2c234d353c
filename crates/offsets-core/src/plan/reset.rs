use std::collections::BTreeSet;

use serde::Serialize;

use super::{LongMetadata, Notice, Overrides, TargetState};
use crate::evidence::LogState;
use crate::history::OffsetPair;
use crate::model::{
    Commit, CommittedOffset, GroupId, GroupKind, GroupState, LogRange, Printable, SourceOffset, TargetOffset,
    TopicPartition,
};
use crate::translate::Stranded;

/// A wish: this group is to go on there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetReset {
    /// The group.
    pub group: GroupId,
    /// The partition on the target.
    pub partition: TopicPartition,
    /// The next record to read; `None` when no position is known.
    pub to: Option<TargetOffset>,
    /// Commit metadata to write; `None` keeps what the target has.
    pub metadata: Option<String>,
    /// Whether `to` is proved not to skip. A position that was typed is sound: it is an order.
    pub sound: bool,
    /// Records of the partition that came over no link and that the group may have yet to read, where there are any.
    pub stranded: Option<Stranded>,
    /// Whether the move is left out where a check refuses it, and the others are made: the group goes on in another topic.
    pub optional: bool,
}

/// What a reset would do, partition by partition, sorted by group, topic and partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetPlan {
    steps: Vec<Step>,
    recreated: BTreeSet<GroupId>,
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
    pub check: Check,
    /// What is to be known of it although it may be done.
    pub notices: Vec<Notice>,
}

/// Whether a step may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
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
    /// It is a group of this kind and may have members, which cannot be seen.
    Unseen(GroupKind),
    /// Groups of this kind have no committed offsets.
    Kind(GroupKind),
    /// The offset lies outside the partition's log range.
    OutOfRange(LogRange<TargetOffset>),
    /// The group has committed a higher offset already, and nothing shows that MM2 committed it.
    Backwards {
        /// The commit on the target.
        from: TargetOffset,
        /// The commit on the source that the lower offset was translated from, where it was.
        source: Option<SourceOffset>,
        /// The group's last checkpoint on the partition.
        checkpoint: Option<OffsetPair>,
    },
    /// The commit's metadata is longer than the target takes (`offset.metadata.max.bytes`).
    LongMetadata {
        /// Its length as the broker counts it, in UTF-16 code units.
        length: usize,
        /// The longest the target takes.
        limit: usize,
    },
    /// The answer is `unsafe`.
    Unsound,
    /// The offset, or the group's own commit, lies behind records that came over no link and that the group may have yet to
    /// read.
    Stranded(Stranded),
    /// There is no such partition on the target.
    #[serde(rename = "nowhere")]
    NoTarget,
    /// There is no position to go to.
    NoAnswer,
    /// The log range of the partition is not known, so the position cannot be checked.
    LogUnknown,
    /// The group does not exist there, and its name is empty or has blanks at its ends or characters that cannot be seen: that is
    /// a slip far more often than a name.
    DoubtfulName,
}

impl ResetPlan {
    /// Draws up a plan for `resets` on a target in `state`.
    ///
    /// With [`Overrides::recreate`] each of the groups in [`TargetState::aging`] that has no members is deleted and rewritten.
    /// Its commits on partitions that no move names are then part of the plan, as they are.
    pub fn build(resets: Vec<OffsetReset>, state: &TargetState, overrides: &Overrides) -> Self {
        let mut recreated = BTreeSet::new();
        if overrides.recreate {
            let groups = resets.iter().map(|reset| &reset.group).filter(|group| state.is_aging(group));
            recreated.extend(groups.cloned());
        }
        let named: BTreeSet<_> =
            resets.iter().map(|reset| (reset.group.clone(), reset.partition.clone())).collect();
        let others = state.committed.iter().filter(|(key, _)| {
            recreated.contains(&key.0) && !named.contains(key) && state.logs.get(&key.1).is_some()
        });
        let kept = others.map(|((group, partition), committed)| OffsetReset {
            group: group.clone(),
            partition: partition.clone(),
            to: Some(committed.offset),
            metadata: None,
            sound: true,
            stranded: None,
            optional: false,
        });
        let resets: Vec<OffsetReset> = kept.collect::<Vec<_>>().into_iter().chain(resets).collect();
        let step = |reset: OffsetReset| {
            let is_recreated = recreated.contains(&reset.group);
            step(reset, is_recreated, state, overrides)
        };
        let mut steps: Vec<Step> = resets.into_iter().map(step).collect();
        steps.sort_by(|a, b| (&a.group, &a.partition).cmp(&(&b.group, &b.partition)));
        for step in steps.iter_mut().filter(|step| step.check == Check::Ready) {
            let name = step.group.as_str();
            if step.state == GroupState::Dead && Printable(name).text() != name {
                step.check = Check::Refused(Refusal::DoubtfulName);
            }
        }
        Self { steps, recreated }
    }

    /// All steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The groups to delete before the commits are made.
    pub fn recreated(&self) -> &BTreeSet<GroupId> {
        &self.recreated
    }

    /// The steps that are refused. A plan with one of them is not applied at all.
    pub fn refused(&self) -> impl Iterator<Item = (&Step, Refusal)> {
        self.steps.iter().filter_map(|step| match step.check {
            Check::Refused(refusal) => Some((step, refusal)),
            Check::Ready | Check::Unchanged | Check::LeftOut(_) => None,
        })
    }

    /// The steps that are left out, with what refuses them.
    pub fn left_out(&self) -> impl Iterator<Item = (&Step, Refusal)> {
        self.steps.iter().filter_map(|step| match step.check {
            Check::LeftOut(refusal) => Some((step, refusal)),
            Check::Ready | Check::Unchanged | Check::Refused(_) => None,
        })
    }

    /// The commits to make, sorted by group, topic and partition.
    pub fn commits(&self) -> Vec<Commit<TargetOffset>> {
        let ready = self.steps.iter().filter(|step| step.check == Check::Ready);
        let commit = |step: &Step| {
            let committed = step.after.clone()?;
            Some(Commit { group: step.group.clone(), partition: step.partition.clone(), committed })
        };
        ready.filter_map(commit).collect()
    }
}

fn step(reset: OffsetReset, is_recreated: bool, state: &TargetState, overrides: &Overrides) -> Step {
    let OffsetReset { group, partition, to, metadata, sound, stranded, optional } = reset;
    let key = (group, partition);
    let before = state.committed.get(&key).cloned();
    let kept = before.as_ref().map(|before| before.metadata.clone());
    let mut after =
        to.map(|offset| CommittedOffset { offset, metadata: metadata.or(kept).unwrap_or_default() });
    let group_state = state.groups.get(&key.0).copied().unwrap_or(GroupState::Dead);
    let mut notices = Vec::new();
    let check = match (&mut after, state.logs.state(&key.1)) {
        (_, LogState::Missing) => Check::Refused(Refusal::NoTarget),
        (None, _) => Check::Refused(Refusal::NoAnswer),
        (_, LogState::Unavailable { .. } | LogState::NotAsked) => Check::Refused(Refusal::LogUnknown),
        (Some(after), LogState::Range(log)) => {
            let checks =
                Checks { key: &key, before: before.as_ref(), log, group_state, sound, state, overrides };
            match stranded.filter(|stranded| checks.passes(*stranded, after)) {
                Some(stranded) => Check::Refused(Refusal::Stranded(stranded)),
                None => checks.of(after, &mut notices),
            }
        }
    };
    let check = match check {
        Check::Refused(refusal) if optional => Check::LeftOut(refusal),
        check => check,
    };
    // A group that is deleted needs all of its commits again.
    let check = match (check, &before) {
        (Check::Unchanged, _) if is_recreated => Check::Ready,
        (Check::LeftOut(_), Some(kept)) if is_recreated && state.logs.get(&key.1).is_some() => {
            after = Some(kept.clone());
            Check::Ready
        }
        (check, _) => check,
    };
    if check == Check::Ready {
        notices.extend(state.notices(&key, is_recreated));
    }
    let (group, partition) = key;
    Step { group, partition, state: group_state, before, after, check, notices }
}

/// The checks of one step, in the order in which they are made.
struct Checks<'a> {
    key: &'a (GroupId, TopicPartition),
    before: Option<&'a CommittedOffset<TargetOffset>>,
    log: LogRange<TargetOffset>,
    group_state: GroupState,
    sound: bool,
    state: &'a TargetState,
    overrides: &'a Overrides,
}

impl Checks<'_> {
    /// Whether the group would be, or stay, behind records that it may have yet to read.
    fn passes(&self, stranded: Stranded, after: &CommittedOffset<TargetOffset>) -> bool {
        let is_behind = self.before.is_some_and(|before| before.offset > stranded.first)
            && !self.overrides.backwards.admits(&self.key.0);
        !self.overrides.stranded && (after.offset > stranded.first || is_behind)
    }

    fn of(&self, after: &mut CommittedOffset<TargetOffset>, notices: &mut Vec<Notice>) -> Check {
        let Self { key, before, log, group_state, sound, state, overrides } = *self;
        let kind = state.kinds.get(&key.0).copied().unwrap_or(GroupKind::Unknown);
        if !kind.has_offsets() {
            return Check::Refused(Refusal::Kind(kind));
        }
        if !sound && !overrides.unsound {
            return Check::Refused(Refusal::Unsound);
        }
        if before == Some(after) {
            return Check::Unchanged;
        }
        if !group_state.accepts_offsets() && !overrides.active {
            let unseen = kind == GroupKind::Streams && group_state == GroupState::Unknown;
            return Check::Refused(if unseen { Refusal::Unseen(kind) } else { Refusal::Active(group_state) });
        }
        if !log.admits(after.offset) && !overrides.out_of_range {
            return Check::Refused(Refusal::OutOfRange(log));
        }
        if let Some(refusal) = self.metadata(after, notices) {
            return Check::Refused(refusal);
        }
        match before.map(|before| before.offset).filter(|from| after.offset < *from) {
            Some(from) => self.backwards(from, notices),
            None => Check::Ready,
        }
    }

    /// A commit that MM2 made (`MirrorCheckpointTask.syncGroupOffset`) says what the group had read on the source once, and not
    /// that it has read on the target: a group that has rewound since is right to go back.
    fn backwards(&self, from: TargetOffset, notices: &mut Vec<Notice>) -> Check {
        let checkpoint = self.state.checkpoints.get(self.key).copied();
        if let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.downstream == from) {
            notices.push(Notice::BehindSync { from, checkpoint });
            return Check::Ready;
        }
        if self.overrides.backwards.admits(&self.key.0) {
            return Check::Ready;
        }
        let source = self.state.source_commits.get(self.key).copied();
        Check::Refused(Refusal::Backwards { from, source, checkpoint })
    }

    fn metadata(
        &self,
        after: &mut CommittedOffset<TargetOffset>,
        notices: &mut Vec<Notice>,
    ) -> Option<Refusal> {
        let length = after.metadata.encode_utf16().count();
        let known = self.state.metadata_limit;
        let limit = known.unwrap_or(LongMetadata::DEFAULT_LIMIT);
        if length <= limit {
            return None;
        }
        match (self.overrides.long_metadata, known) {
            (LongMetadata::Refuse, Some(limit)) => return Some(Refusal::LongMetadata { length, limit }),
            (LongMetadata::Refuse, None) => notices.push(Notice::MetadataMayBeTooLong { length }),
            (LongMetadata::Drop, _) => {
                after.metadata.clear();
                notices.push(Notice::MetadataDropped { length, limit });
            }
            (LongMetadata::Cut, _) => {
                after.metadata = LongMetadata::cut(&after.metadata, limit);
                notices.push(Notice::MetadataCut { length, limit });
            }
        }
        None
    }
}
