use std::collections::BTreeSet;

use serde::Serialize;

use super::{LongMetadata, Notice, Overrides, TargetState};
use crate::evidence::LogState;
use crate::history::Sync;
use crate::model::{
    Commit, CommittedOffset, GroupId, GroupKind, GroupState, LogRange, Printable, SourceOffset, TargetOffset,
    TopicPartition,
};
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
    pub verdict: Verdict,
    /// What is to be known of it although it may be done.
    pub notices: Vec<Notice>,
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
        checkpoint: Option<Sync>,
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
    Nowhere,
    /// There is no position to go to.
    NoAnswer,
    /// The log range of the partition is not known, so the position cannot be checked.
    LogUnknown,
    /// The group does not exist there, and its name is empty or has blanks at its ends or characters that cannot be seen: that is
    /// a slip far more often than a name.
    DoubtfulName,
}

impl ResetPlan {
    /// Draws up a plan for `moves` on a target in `state`.
    ///
    /// With [`Overrides::recreate`] each of the groups in [`TargetState::aging`] that has no members is deleted and written anew.
    /// Its commits on partitions that no move names are then part of the plan, as they are.
    pub fn draw(moves: Vec<Move>, state: &TargetState, overrides: &Overrides) -> Self {
        let mut recreated = BTreeSet::new();
        if overrides.recreate {
            let groups = moves.iter().map(|wish| &wish.group).filter(|group| state.is_aging(group));
            recreated.extend(groups.cloned());
        }
        let named: BTreeSet<_> =
            moves.iter().map(|wish| (wish.group.clone(), wish.partition.clone())).collect();
        let others = state.committed.iter().filter(|(key, _)| {
            recreated.contains(&key.0) && !named.contains(key) && state.logs.get(&key.1).is_some()
        });
        let kept = others.map(|((group, partition), committed)| Move {
            group: group.clone(),
            partition: partition.clone(),
            to: Some(committed.offset),
            metadata: None,
            sound: true,
            stranded: None,
            optional: false,
        });
        let wishes: Vec<Move> = kept.collect::<Vec<_>>().into_iter().chain(moves).collect();
        let step = |wish: Move| {
            let anew = recreated.contains(&wish.group);
            step(wish, anew, state, overrides)
        };
        let mut steps: Vec<Step> = wishes.into_iter().map(step).collect();
        steps.sort_by(|a, b| (&a.group, &a.partition).cmp(&(&b.group, &b.partition)));
        for step in steps.iter_mut().filter(|step| step.verdict == Verdict::Ready) {
            let name = step.group.as_str();
            if step.state == GroupState::Dead && Printable(name).text() != name {
                step.verdict = Verdict::Refused(Refusal::DoubtfulName);
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

fn step(wish: Move, anew: bool, state: &TargetState, overrides: &Overrides) -> Step {
    let Move { group, partition, to, metadata, sound, stranded, optional } = wish;
    let key = (group, partition);
    let before = state.committed.get(&key).cloned();
    let kept = before.as_ref().map(|before| before.metadata.clone());
    let mut after =
        to.map(|offset| CommittedOffset { offset, metadata: metadata.or(kept).unwrap_or_default() });
    let group_state = state.groups.get(&key.0).copied().unwrap_or(GroupState::Dead);
    let mut notices = Vec::new();
    let verdict = match (&mut after, state.logs.state(&key.1)) {
        (_, LogState::Missing) => Verdict::Refused(Refusal::Nowhere),
        (None, _) => Verdict::Refused(Refusal::NoAnswer),
        (_, LogState::Unavailable { .. } | LogState::NotAsked) => Verdict::Refused(Refusal::LogUnknown),
        (Some(after), LogState::Range(log)) => {
            let judge =
                Judge { key: &key, before: before.as_ref(), log, group_state, sound, state, overrides };
            match stranded.filter(|stranded| judge.passes(*stranded, after)) {
                Some(stranded) => Verdict::Refused(Refusal::Stranded(stranded)),
                None => judge.of(after, &mut notices),
            }
        }
    };
    let verdict = match verdict {
        Verdict::Refused(refusal) if optional => Verdict::LeftOut(refusal),
        verdict => verdict,
    };
    // A group that is deleted needs all of its commits again.
    let verdict = match (verdict, &before) {
        (Verdict::Unchanged, _) if anew => Verdict::Ready,
        (Verdict::LeftOut(_), Some(kept)) if anew && state.logs.get(&key.1).is_some() => {
            after = Some(kept.clone());
            Verdict::Ready
        }
        (verdict, _) => verdict,
    };
    if verdict == Verdict::Ready {
        notices.extend(state.notices(&key, anew));
    }
    let (group, partition) = key;
    Step { group, partition, state: group_state, before, after, verdict, notices }
}

/// The checks of one step, in the order in which they are made.
struct Judge<'a> {
    key: &'a (GroupId, TopicPartition),
    before: Option<&'a CommittedOffset<TargetOffset>>,
    log: LogRange<TargetOffset>,
    group_state: GroupState,
    sound: bool,
    state: &'a TargetState,
    overrides: &'a Overrides,
}

impl Judge<'_> {
    /// Whether the group would be, or stay, behind records that it may have yet to read.
    fn passes(&self, stranded: Stranded, after: &CommittedOffset<TargetOffset>) -> bool {
        let is_behind = self.before.is_some_and(|before| before.offset > stranded.first)
            && !self.overrides.backwards.admits(&self.key.0);
        !self.overrides.stranded && (after.offset > stranded.first || is_behind)
    }

    fn of(&self, after: &mut CommittedOffset<TargetOffset>, notices: &mut Vec<Notice>) -> Verdict {
        let Self { key, before, log, group_state, sound, state, overrides } = *self;
        let kind = state.kinds.get(&key.0).copied().unwrap_or(GroupKind::Unknown);
        if !kind.has_offsets() {
            return Verdict::Refused(Refusal::Kind(kind));
        }
        if !sound && !overrides.unsound {
            return Verdict::Refused(Refusal::Unsound);
        }
        if before == Some(after) {
            return Verdict::Unchanged;
        }
        if !group_state.accepts_offsets() && !overrides.active {
            let unseen = kind == GroupKind::Streams && group_state == GroupState::Unknown;
            return Verdict::Refused(if unseen {
                Refusal::Unseen(kind)
            } else {
                Refusal::Active(group_state)
            });
        }
        if !log.admits(after.offset) && !overrides.out_of_range {
            return Verdict::Refused(Refusal::OutOfRange(log));
        }
        if let Some(refusal) = self.metadata(after, notices) {
            return Verdict::Refused(refusal);
        }
        match before.map(|before| before.offset).filter(|from| after.offset < *from) {
            Some(from) => self.backwards(from, notices),
            None => Verdict::Ready,
        }
    }

    /// A commit that MM2 made (`MirrorCheckpointTask.syncGroupOffset`) says what the group had read on the source once, and not
    /// that it has read on the target: a group that has rewound since is right to go back.
    fn backwards(&self, from: TargetOffset, notices: &mut Vec<Notice>) -> Verdict {
        let checkpoint = self.state.checkpoints.get(self.key).copied();
        if let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.downstream == from) {
            notices.push(Notice::BehindSync { from, checkpoint });
            return Verdict::Ready;
        }
        if self.overrides.backwards.admits(&self.key.0) {
            return Verdict::Ready;
        }
        let source = self.state.source_commits.get(self.key).copied();
        Verdict::Refused(Refusal::Backwards { from, source, checkpoint })
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
