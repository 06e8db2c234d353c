use std::collections::BTreeMap;

use jiff::Timestamp;
use offsets_core::evidence::Logs;
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, GroupState, LogRange, NegativeOffset, TargetOffset, TopicPartition,
};

use super::evidence_source::describe_error;
use crate::{Cluster, Deadline, Error, GroupPartition, Isolation, Outcomes};

/// What groups have committed on the target.
pub type Committed = BTreeMap<(GroupId, TopicPartition), CommittedOffset<TargetOffset>>;

/// The cluster as the target of a link. A reading that fails for one partition fails as a whole: these are the facts a
/// reset is checked against.
impl Cluster {
    /// The state of each group; one that does not exist is [`GroupState::Dead`].
    ///
    /// # Errors
    /// The first group's that could not be described.
    pub fn group_states(
        &self,
        groups: &[GroupId],
        deadline: &Deadline,
    ) -> Result<BTreeMap<GroupId, GroupState>, Error> {
        let described = self.describe_groups(groups, deadline).into_result()?;
        Ok(described.into_iter().map(|(group, description)| (group, description.state)).collect())
    }

    /// What groups have committed here, on these partitions or on all.
    ///
    /// # Errors
    /// The first commit's that could not be read.
    pub fn target_commits(
        &self,
        groups: &[GroupId],
        partitions: Option<&[TopicPartition]>,
        deadline: &Deadline,
    ) -> Result<Committed, Error> {
        let mut committed = Committed::new();
        for (group, commits) in self.committed(groups, partitions, deadline).into_result()? {
            for (partition, found) in commits.into_result()? {
                let Some(CommittedOffset { offset, metadata }) = found else { continue };
                // A broker stores whatever a client sends; below zero it is an instruction and no position.
                let Ok::<_, NegativeOffset>(offset) = TargetOffset::new(offset) else { continue };
                committed.insert((group.clone(), partition), CommittedOffset { offset, metadata });
            }
        }
        Ok(committed)
    }

    /// The log ranges of `partitions`, up to the high watermark, and which of them do not exist.
    ///
    /// # Errors
    /// The first partition's that exists and could not be asked for.
    pub fn target_logs(
        &self,
        partitions: &[TopicPartition],
        deadline: &Deadline,
    ) -> Result<Logs<TargetOffset>, Error> {
        self.logs(partitions, TargetOffset::new, deadline)
    }

    /// The first offset at or after a time; a partition without a record that young is left out.
    ///
    /// # Errors
    /// The first partition's that could not be asked for.
    pub fn target_offsets_at(
        &self,
        partitions: &[TopicPartition],
        time: Timestamp,
        deadline: &Deadline,
    ) -> Result<BTreeMap<TopicPartition, TargetOffset>, Error> {
        let found =
            self.offsets_for_time(partitions, time.as_millisecond(), Isolation::ReadUncommitted, deadline);
        let found = found.into_result()?.into_iter();
        Ok(found.filter_map(|(partition, at)| Some((partition, TargetOffset::new(at?).ok()?))).collect())
    }

    /// Commits, and says for each partition what became of it.
    pub fn commit(
        &self,
        commits: impl IntoIterator<Item = Commit<TargetOffset>>,
        deadline: &Deadline,
    ) -> Outcomes<GroupPartition, ()> {
        let plain = commits.into_iter().map(|Commit { group, partition, committed }| Commit {
            group,
            partition,
            committed: CommittedOffset { offset: committed.offset.get(), metadata: committed.metadata },
        });
        self.alter(&plain.collect::<Vec<_>>(), deadline)
    }

    /// The log ranges of `partitions`, and which of them do not exist or may not be looked at.
    ///
    /// # Errors
    /// The first partition's whose log could not be asked for, for any other reason than a missing permission.
    pub(super) fn permitted_target_logs(
        &self,
        partitions: &[TopicPartition],
        deadline: &Deadline,
    ) -> Result<Logs<TargetOffset>, Error> {
        self.logs_unless(partitions, TargetOffset::new, Error::is_unauthorised, deadline)
    }

    /// Log ranges as offsets of one side of the link.
    pub(super) fn logs<O: Copy>(
        &self,
        partitions: &[TopicPartition],
        offset: impl Fn(i64) -> Result<O, NegativeOffset>,
        deadline: &Deadline,
    ) -> Result<Logs<O>, Error> {
        self.logs_unless(partitions, offset, |_| false, deadline)
    }

    /// The same, where an error that `is_answer` is the answer for its partition alone.
    fn logs_unless<O: Copy>(
        &self,
        partitions: &[TopicPartition],
        offset: impl Fn(i64) -> Result<O, NegativeOffset>,
        is_answer: impl Fn(&Error) -> bool,
        deadline: &Deadline,
    ) -> Result<Logs<O>, Error> {
        let mut logs = Logs::default();
        for (partition, range) in self.log_ranges(partitions, Isolation::ReadUncommitted, deadline) {
            match range {
                Ok(LogRange { start, end }) => match (offset(start), offset(end)) {
                    (Ok(start), Ok(end)) => logs.add(partition, LogRange { start, end }),
                    _ => logs.add_unavailable(partition, format!("its log range is {start}..{end}")),
                },
                Err(error) if error.is_unknown_topic() => logs.add_missing(partition),
                Err(error) if is_answer(&error) => logs.add_unavailable(partition, describe_error(&error)),
                Err(error) => return Err(error),
            }
        }
        Ok(logs)
    }
}
