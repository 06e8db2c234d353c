use std::collections::BTreeMap;

use offsets_core::model::{GroupId, GroupState, TopicPartition};

/// Where a cluster's groups are looked up.
///
/// The embedded demo clusters (librdkafka's mock) keep commits, and refuse commits to a group with members, as a broker
/// does; but they answer neither ListGroups nor DescribeGroups, and nothing to a question for all of a group's commits.
/// For them, and only for them, the list is given. Everything else runs through the same requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum GroupCatalog {
    /// The brokers are asked.
    #[default]
    Broker,
    /// The answers are known beforehand.
    Fixed {
        /// The groups, and the state each is said to be in. Any other group is said to be dead.
        groups: BTreeMap<GroupId, GroupState>,
        /// The partitions to ask for when a group's commits on all partitions are wanted.
        partitions: Vec<TopicPartition>,
    },
}
