use std::collections::{BTreeMap, BTreeSet};

use super::{DecodeError, OffsetCommit};
use crate::model::{Commit, CommittedOffset, GroupId, SourceOffset, TopicName, TopicPartition};

/// What every group has committed, as far as the log has been read.
///
/// A group's commits are all in one partition of the log. Partitions may be read in any order among each other; the
/// records of one must come in theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitLog {
    groups: BTreeMap<GroupId, Commits>,
    /// What was written since the changes were last taken.
    touched: BTreeSet<(GroupId, TopicPartition)>,
}

type Commits = BTreeMap<TopicName, BTreeMap<i32, CommittedOffset<SourceOffset>>>;

/// A commit that was made, or that is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitChange {
    /// The group.
    pub group: GroupId,
    /// The partition.
    pub partition: TopicPartition,
    /// What the group has committed on it now; `None` when it has nothing any more.
    pub committed: Option<CommittedOffset<SourceOffset>>,
}

impl CommitLog {
    /// Takes the next record of a partition of the log.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing has changed then.
    pub fn take(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), DecodeError> {
        let Some(record) = OffsetCommit::decode(key, value)? else { return Ok(()) };
        let OffsetCommit { group, topic, partition, standing } = record;
        self.touched.insert((group.into(), TopicPartition::new(topic, partition)));
        match standing {
            Some(standing) => {
                let committed =
                    CommittedOffset { offset: standing.offset, metadata: standing.metadata.to_owned() };
                let partitions = entry(entry(&mut self.groups, group), topic);
                partitions.insert(partition, committed);
            }
            None => self.remove(group, topic, partition),
        }
        Ok(())
    }

    /// The topics that groups have commits on.
    pub fn topics(&self) -> BTreeSet<TopicName> {
        self.groups.values().flat_map(|topics| topics.keys().cloned()).collect()
    }

    /// Every commit, by group and partition.
    pub fn commits(&self) -> Vec<Commit<SourceOffset>> {
        let mut commits = Vec::new();
        for (group, topics) in &self.groups {
            for (topic, partitions) in topics {
                commits.extend(partitions.iter().map(|(&partition, committed)| Commit {
                    group: group.clone(),
                    partition: TopicPartition { topic: topic.clone(), partition },
                    committed: committed.clone(),
                }));
            }
        }
        commits
    }

    /// What was written since this was last asked, each group and partition once, as it stands now.
    pub fn take_changes(&mut self) -> Vec<CommitChange> {
        let touched = std::mem::take(&mut self.touched).into_iter();
        touched
            .map(|(group, partition)| {
                let topics = self.groups.get(&group).and_then(|topics| topics.get(&partition.topic));
                let committed = topics.and_then(|found| found.get(&partition.partition)).cloned();
                CommitChange { group, partition, committed }
            })
            .collect()
    }

    /// Forgets which commits changed: the next caller that asks for changes gets all commits as they stand now.
    pub fn forget_changes(&mut self) {
        self.touched.clear();
    }

    fn remove(&mut self, group: &str, topic: &str, partition: i32) {
        let Some(topics) = self.groups.get_mut(group) else { return };
        let Some(partitions) = topics.get_mut(topic) else { return };
        partitions.remove(&partition);
        if partitions.is_empty() {
            topics.remove(topic);
        }
        if topics.is_empty() {
            self.groups.remove(group);
        }
    }
}

/// What stands under a name, which is only copied when it is new.
fn entry<'m, K, V>(map: &'m mut BTreeMap<K, V>, name: &str) -> &'m mut V
where
    K: Ord + std::borrow::Borrow<str> + for<'n> From<&'n str>,
    V: Default,
{
    if !map.contains_key(name) {
        map.insert(K::from(name), V::default());
    }
    map.get_mut(name).expect("it was put there above")
}
