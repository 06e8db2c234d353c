use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Selection;
use crate::evidence::{EarlierCommit, Evidence, RecordedCommit};
use crate::model::{
    Commit, CommittedOffset, GroupId, GroupSelection, SourceOffset, TopicChoice, TopicName, TopicPartition,
};

/// One answer that is wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) group: Option<GroupId>,
    pub(super) source: TopicPartition,
    pub(super) committed: CommittedOffset<SourceOffset>,
    pub(super) as_of: Timestamp,
    pub(super) committed_at: Option<Timestamp>,
    pub(super) earlier: Option<EarlierCommit>,
    /// Whether the group cannot have gone on unseen: its commit was read from the living source, or given by hand.
    pub(super) live: bool,
}

/// A selection, and the evidence that says which commits and partitions it comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selected<'a> {
    pub(super) selection: &'a Selection,
    pub(super) evidence: &'a Evidence,
}

impl<'a> Selected<'a> {
    /// What is to be translated, sorted by group, topic and partition.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = match self.selection {
            Selection::Offsets(offsets) => self.wanted_offsets(offsets),
            Selection::Everything => self.wanted_commits(&GroupSelection::All, &[]),
            Selection::Groups { groups, topics } => self.wanted_commits(groups, topics),
        };
        wanted.sort_by(|a, b| (&a.group, &a.source).cmp(&(&b.group, &b.source)));
        wanted
    }

    fn wanted_offsets(&self, offsets: &[(TopicPartition, SourceOffset)]) -> Vec<Wanted> {
        let wanted = |(source, offset): &(TopicPartition, SourceOffset)| Wanted {
            group: None,
            source: source.clone(),
            committed: CommittedOffset { offset: *offset, metadata: String::new() },
            as_of: self.evidence.as_of,
            committed_at: None,
            earlier: None,
            live: true,
        };
        offsets.iter().map(wanted).collect()
    }

    fn wanted_commits(&self, groups: &GroupSelection, topics: &[TopicChoice]) -> Vec<Wanted> {
        let wanted = |RecordedCommit { commit, as_of, committed_at, earlier }: &RecordedCommit| Wanted {
            group: Some(commit.group.clone()),
            source: commit.partition.clone(),
            committed: commit.committed.clone(),
            as_of: *as_of,
            committed_at: *committed_at,
            earlier: *earlier,
            live: self.evidence.source.is_alive(),
        };
        self.commits().iter().filter(|recorded| admits(groups, topics, recorded)).map(wanted).collect()
    }

    /// The partitions that anything is wanted of.
    pub(super) fn partitions(&self) -> BTreeSet<TopicPartition> {
        let (groups, topics) = match self.selection {
            Selection::Offsets(offsets) => {
                return offsets.iter().map(|(partition, _)| partition.clone()).collect();
            }
            Selection::Everything => (&GroupSelection::All, &[][..]),
            Selection::Groups { groups, topics } => (groups, topics.as_slice()),
        };
        let mut partitions = BTreeSet::new();
        for recorded in self.commits().iter().filter(|recorded| admits(groups, topics, recorded)) {
            if !partitions.contains(&recorded.commit.partition) {
                partitions.insert(recorded.commit.partition.clone());
            }
        }
        partitions
    }

    /// The other partitions of the topics that groups read which the syncs, the checkpoints or a higher number show to be
    /// there. A number beyond [`MOST_PARTITIONS`] shows itself only: one stray record must not stand for millions.
    pub(super) fn siblings(&self, sources: &BTreeSet<TopicPartition>) -> BTreeSet<TopicPartition> {
        if matches!(self.selection, Selection::Offsets(_)) {
            return BTreeSet::new();
        }
        let mut highest: BTreeMap<TopicName, i32> = BTreeMap::new();
        for source in sources {
            let number = highest.entry(source.topic.clone()).or_default();
            *number = source.partition.max(*number);
        }
        let link = &self.evidence.link;
        let synced = self.evidence.syncs.whole().map(|syncs| syncs.partitions().into_iter().collect());
        let checkpointed = self.evidence.checkpoints.whole().map(|checkpoints| {
            let original = |target: TopicPartition| {
                Some(TopicPartition { topic: link.original_topic(&target.topic)?, ..target })
            };
            checkpoints.partitions().into_iter().filter_map(original).collect()
        });
        let seen: Vec<Vec<TopicPartition>> = [synced, checkpointed].into_iter().flatten().collect();
        for partition in seen.into_iter().flatten() {
            if let Some(number) = highest.get_mut(&partition.topic) {
                *number = partition.partition.max(*number);
            }
        }
        let all = highest.into_iter().flat_map(|(topic, highest)| {
            let numbers = 0..=highest.min(MOST_PARTITIONS);
            numbers.map(move |number| TopicPartition { topic: topic.clone(), partition: number })
        });
        all.filter(|partition| !sources.contains(partition)).collect()
    }

    /// Commits read from the living source; when it is dead the newest that anyone recorded, whether they were kept beside
    /// it or are those MM2 saw last: the upstream offsets of the newest checkpoints.
    pub(super) fn commits(&self) -> Cow<'a, [RecordedCommit]> {
        if self.evidence.source.is_alive() {
            return Cow::Borrowed(&self.evidence.commits);
        }
        Cow::Owned(newest(self.evidence.commits.iter().cloned().chain(self.checkpointed())))
    }

    fn checkpointed(&self) -> Vec<RecordedCommit> {
        let Some(checkpoints) = self.evidence.checkpoints.whole() else { return Vec::new() };
        let mut commits = Vec::new();
        for target in checkpoints.partitions() {
            let (Some(topic), Some(partition)) =
                (self.evidence.link.original_topic(&target.topic), checkpoints.get(&target))
            else {
                continue;
            };
            for (group, last) in partition.groups() {
                let source = TopicPartition { topic: topic.clone(), partition: target.partition };
                let committed =
                    CommittedOffset { offset: last.pair.upstream, metadata: last.metadata.clone() };
                let commit = Commit { group: group.clone(), partition: source, committed };
                let committed_at = Some(last.as_of);
                commits.push(RecordedCommit { committed_at, ..RecordedCommit::new(commit, last.as_of) });
            }
        }
        commits
    }
}

/// Maximum partition number below which all of a topic's partitions are taken to exist.
const MOST_PARTITIONS: i32 = 10_000;

/// Whether a commit is of a group and a topic that are meant.
fn admits(groups: &GroupSelection, topics: &[TopicChoice], recorded: &RecordedCommit) -> bool {
    let Commit { group, partition, .. } = &recorded.commit;
    groups.admits(group) && TopicChoice::any_admits(topics, partition)
}

/// Of each group's commits on a partition the one that was the newest last; of two that were so at the same time the
/// lower one, which skips nothing.
fn newest(commits: impl Iterator<Item = RecordedCommit>) -> Vec<RecordedCommit> {
    let mut newest: BTreeMap<(GroupId, TopicPartition), RecordedCommit> = BTreeMap::new();
    for recorded in commits {
        let Commit { group, partition, .. } = &recorded.commit;
        match newest.entry((group.clone(), partition.clone())) {
            Entry::Vacant(place) => drop(place.insert(recorded)),
            Entry::Occupied(mut place) => {
                let rank = |r: &RecordedCommit| (r.as_of, std::cmp::Reverse(r.commit.committed.offset));
                if rank(&recorded) > rank(place.get()) {
                    place.insert(recorded);
                }
            }
        }
    }
    newest.into_values().collect()
}
