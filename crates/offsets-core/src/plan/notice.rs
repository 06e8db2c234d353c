use std::time::Duration;

use crate::history::OffsetPair;
use crate::model::TargetOffset;

/// What is to be known of a step that may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// It moves the group back from a commit that MM2 made: a checkpoint of the group has exactly this target offset.
    BehindSync {
        /// The commit on the target.
        from: TargetOffset,
        /// The checkpoint that MM2 committed.
        checkpoint: OffsetPair,
    },
    /// The group is classic, has had members and is empty: its commits expire this time after the last member left, and not after
    /// this commit.
    ExpiresFromEmpty {
        /// `offsets.retention.minutes`, where the target tells it.
        retention: Option<Duration>,
    },
    /// A transaction holds a commit of the group back. A consumer that joins waits until it has ended.
    OpenTransaction,
    /// The metadata is longer than brokers take by default, and the target does not tell what it takes.
    MetadataMayBeTooLong {
        /// In UTF-16 code units.
        length: usize,
    },
    /// The metadata is left out.
    MetadataDropped {
        /// The length it had, in UTF-16 code units.
        length: usize,
        /// The longest the target takes.
        limit: usize,
    },
    /// The metadata is cut.
    MetadataCut {
        /// The length it had, in UTF-16 code units.
        length: usize,
        /// The longest the target takes.
        limit: usize,
    },
}
