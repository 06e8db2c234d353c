//! Kafka's nouns as values: names, partitions, offsets on either side of a link, log ranges and commits.
//!
//! Ranges are half-open everywhere: `start` is inside, `end` is the first offset outside.

mod commit;
mod duration;
mod group;
mod name;
mod offset;
mod printable;
mod topic_choice;
mod topic_id;

pub use commit::{Commit, CommittedOffset};
pub use duration::{DurationError, deserialize_duration, deserialize_some_duration, parse_duration};
pub use group::{GroupKind, GroupSelection, GroupState, PatternError};
pub use name::{ClusterAlias, GroupId, TopicName, TopicPartition};
pub use offset::{LogRange, NegativeOffset, SourceOffset, TargetOffset};
pub use offsets_record::{parse_instant, sentinel};
pub use printable::Printable;
pub use topic_choice::{TopicChoice, TopicChoiceError};
pub use topic_id::{TopicId, TopicIdError};
