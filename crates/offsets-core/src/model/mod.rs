//! Kafka's nouns as values: names, partitions, offsets on either side of a link, log ranges and commits.
//!
//! Ranges are half-open everywhere: `start` is inside, `end` is the first offset outside.

mod commit;
mod group;
mod name;
mod offset;
mod topic_id;

pub use commit::{Commit, CommittedOffset};
pub use group::{GroupSelection, GroupState, PatternError};
pub use name::{ClusterAlias, GroupId, TopicName, TopicPartition};
pub use offset::{LogRange, NegativeOffset, SourceOffset, TargetOffset};
pub use topic_id::{TopicId, TopicIdError};
