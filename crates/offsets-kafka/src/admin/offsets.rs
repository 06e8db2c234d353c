use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use offsets_core::model::{Commit, CommittedOffset, GroupId, TopicPartition};
use rdkafka::types::RDKafkaErrorCode;

use super::any_retriable;
use crate::ffi::{AlterCommitted, FetchCommitted};
use crate::{Cause, Cluster, Deadline, Error, GroupCatalog, Outcomes, Subject};

/// A group and a partition: what a committed offset belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupPartition {
    /// The group.
    pub group: GroupId,
    /// The partition.
    pub partition: TopicPartition,
}

impl Cluster {
    /// What each group has committed: on the partitions named, with `None` where it has nothing, or with no partitions
    /// named on all on which it has something. A group that does not exist has committed nothing.
    ///
    /// A commit that a transaction still holds back is not seen; the last one before it is.
    pub fn committed(
        &self,
        groups: &[GroupId],
        partitions: Option<&[TopicPartition]>,
        deadline: &Deadline,
    ) -> Outcomes<GroupId, Outcomes<TopicPartition, Option<CommittedOffset<i64>>>> {
        let groups: BTreeSet<&GroupId> = groups.iter().collect();
        let (named, all) = match (partitions, self.group_catalog()) {
            (Some(partitions), _) => (Some(partitions), false),
            (None, GroupCatalog::Fixed { partitions, .. }) => (Some(partitions.as_slice()), true),
            (None, GroupCatalog::Broker) => (None, true),
        };
        let named: Option<Vec<TopicPartition>> =
            named.map(|partitions| partitions.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect());
        if named.as_ref().is_some_and(Vec::is_empty) {
            return groups.into_iter().map(|group| (group.clone(), Ok([].into_iter().collect()))).collect();
        }
        let calls: Vec<FetchCommitted<'_>> = groups
            .iter()
            .map(|group| FetchCommitted { group, partitions: named.as_deref(), stable: false })
            .collect();
        let answers = self.ask(&calls, deadline, any_retriable);
        let outcome = |group: &GroupId, answer: Result<Vec<(TopicPartition, Result<_, Cause>)>, Cause>| {
            let rows = answer.map_err(|cause| self.failed(Subject::Group(group.clone()), cause, deadline))?;
            let subject = |partition: &TopicPartition| Subject::Commit {
                group: group.clone(),
                partition: partition.clone(),
                offset: None,
            };
            let mut outcomes: BTreeMap<TopicPartition, Result<Option<CommittedOffset<i64>>, Error>> = named
                .iter()
                .flatten()
                .map(|partition| (partition.clone(), Err(self.left_out(subject(partition)))))
                .collect();
            for (partition, row) in rows {
                let row = row.map_err(|cause| self.failed(subject(&partition), cause, deadline));
                outcomes.insert(partition, row);
            }
            if all {
                outcomes.retain(|_, outcome| !matches!(outcome, Ok(None)));
            }
            Ok(outcomes.into_iter().collect())
        };
        groups
            .into_iter()
            .zip(answers)
            .map(|(group, answer)| (group.clone(), outcome(group, answer)))
            .collect()
    }

    /// On which of the partitions a transaction that has not ended yet holds back a commit of the group: a consumer that starts
    /// there waits for its end. What cannot be asked for is left out, as on brokers before Kafka 2.5.
    pub fn pending_commits(
        &self,
        groups: &[GroupId],
        partitions: &[TopicPartition],
        deadline: &Deadline,
    ) -> BTreeSet<(GroupId, TopicPartition)> {
        if matches!(self.group_catalog(), GroupCatalog::Fixed { .. }) || partitions.is_empty() {
            return BTreeSet::new();
        }
        let partitions: Vec<TopicPartition> =
            partitions.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let call = |group| FetchCommitted { group, partitions: Some(&partitions), stable: true };
        let calls: Vec<FetchCommitted<'_>> = groups.iter().map(call).collect();
        let answers = self.ask(&calls, deadline, any_retriable);
        let unstable = RDKafkaErrorCode::UnstableOffsetCommit as i32;
        let mut pending = BTreeSet::new();
        for (group, answer) in groups.iter().zip(answers) {
            for (partition, row) in answer.into_iter().flatten() {
                if row.is_err_and(|cause| cause.code == unstable) {
                    pending.insert((group.clone(), partition));
                }
            }
        }
        pending
    }

    /// Commits offsets for groups that have no members, as an administrator: without leader epoch, since an epoch means
    /// nothing on another cluster. A group that does not exist comes into being.
    ///
    /// One request goes out for each group, and all of them at once. This is not atomic, neither over groups nor over a
    /// group's partitions: each has its own outcome. Nothing is sent for a partition that is named twice with different
    /// commits, or with a negative offset.
    ///
    /// An outcome that is no success does not prove that nothing was committed: after a time-out the request may still be
    /// carried out. Read back what matters.
    pub fn alter(&self, commits: &[Commit<i64>], deadline: &Deadline) -> Outcomes<GroupPartition, ()> {
        let mut outcomes: BTreeMap<GroupPartition, Result<(), Error>> = BTreeMap::new();
        let mut wanted: BTreeMap<GroupPartition, &CommittedOffset<i64>> = BTreeMap::new();
        for commit in commits {
            let key = GroupPartition { group: commit.group.clone(), partition: commit.partition.clone() };
            let problem = match wanted.entry(key.clone()) {
                _ if commit.committed.offset < 0 => "a negative offset cannot be committed",
                Entry::Occupied(other) if *other.get() != &commit.committed => {
                    "it is named twice, with different commits"
                }
                entry => {
                    entry.or_insert(&commit.committed);
                    continue;
                }
            };
            outcomes.insert(key.clone(), Err(self.invalid(subject(&key, commit.committed.offset), problem)));
        }
        wanted.retain(|key, _| !outcomes.contains_key(key));

        let mut by_group: BTreeMap<&GroupId, Vec<(TopicPartition, CommittedOffset<i64>)>> = BTreeMap::new();
        for (key, committed) in &wanted {
            by_group.entry(&key.group).or_default().push((key.partition.clone(), (*committed).clone()));
        }
        let calls: Vec<AlterCommitted<'_>> =
            by_group.iter().map(|(group, commits)| AlterCommitted { group, commits }).collect();
        let answers = self.ask(&calls, deadline, any_retriable);
        for (call, answer) in calls.iter().zip(answers) {
            let mut rows: BTreeMap<TopicPartition, Result<(), Cause>> = BTreeMap::new();
            let whole = answer.map(|answer| rows.extend(answer));
            for (partition, committed) in call.commits {
                let key = GroupPartition { group: call.group.clone(), partition: partition.clone() };
                let subject = subject(&key, committed.offset);
                let outcome = match (&whole, rows.remove(partition)) {
                    (Err(cause), _) => Err(self.failed(subject, cause.clone(), deadline)),
                    (Ok(()), Some(row)) => row.map_err(|cause| self.failed(subject, cause, deadline)),
                    (Ok(()), None) => Err(self.left_out(subject)),
                };
                outcomes.insert(key, outcome);
            }
        }
        outcomes.into_iter().collect()
    }

    /// The error of a partition that was asked for and not answered.
    pub(super) fn left_out(&self, subject: Subject) -> Error {
        self.invalid(subject, "the broker's answer leaves it out")
    }

    pub(super) fn invalid(&self, subject: Subject, problem: &str) -> Error {
        Error::Invalid { cluster: self.alias().clone(), subject, problem: problem.to_owned() }
    }
}

fn subject(key: &GroupPartition, offset: i64) -> Subject {
    Subject::Commit { group: key.group.clone(), partition: key.partition.clone(), offset: Some(offset) }
}
