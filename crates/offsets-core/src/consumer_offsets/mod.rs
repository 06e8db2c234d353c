//! `__consumer_offsets` as Kafka's group coordinators write it: the log of every commit, and what it comes to.
//!
//! Read from its beginning to its end it says what every group has committed; read on, what changes.

mod commit_log;
mod offset_commit;

pub use commit_log::{CommitChange, CommitLog};
pub use offset_commit::{OffsetCommit, Standing};

pub use crate::wire::DecodeError;

/// The topic's name on every cluster (`Topic.GROUP_METADATA_TOPIC_NAME`).
pub const CONSUMER_OFFSETS_TOPIC: &str = "__consumer_offsets";
