use serde::{Deserialize, Serialize};

use super::{GroupId, TopicPartition};

/// What a group has committed for one partition: the next record to read, and the free text beside it.
///
/// `O` is [`SourceOffset`](super::SourceOffset) or [`TargetOffset`](super::TargetOffset), after the cluster it was
/// committed on. The leader epoch of a commit means nothing on another cluster and is never carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedOffset<O> {
    /// The offset of the next record the group will read.
    pub offset: O,
    /// The commit's metadata string; empty when the consumer gave none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub metadata: String,
}

/// A group's commit on one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit<O> {
    /// The group.
    pub group: GroupId,
    /// The partition, named as on the cluster the commit was made on.
    #[serde(flatten)]
    pub partition: TopicPartition,
    /// What was committed.
    #[serde(flatten)]
    pub committed: CommittedOffset<O>,
}
