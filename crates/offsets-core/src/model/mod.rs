//! Kafka's nouns as values: names, partitions, offsets on either side of a link, log ranges and commits.
//!
//! Ranges are half-open everywhere: `start` is inside, `end` is the first offset outside.

mod commit;
pub(crate) mod duration;
mod group;
mod instant;
mod name;
mod offset;
mod printable;
pub mod sentinel;
mod topic_choice;
mod topic_id;

pub use commit::{Commit, CommittedOffset};
pub use duration::{DurationError, parse_duration};
pub use group::{GroupKind, GroupSelection, GroupState, PatternError};
pub use instant::parse_instant;
pub use name::{ClusterAlias, GroupId, TopicName, TopicPartition};
pub use offset::{LogRange, NegativeOffset, SourceOffset, TargetOffset};
pub use printable::Printable;
pub use topic_choice::{TopicChoice, TopicChoiceError};
pub use topic_id::{TopicId, TopicIdError};
