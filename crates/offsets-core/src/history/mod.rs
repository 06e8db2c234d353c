//! Everything MM2 has told about where records went: the whole sync history of every partition, and every checkpoint.
//!
//! MM2 itself keeps at most 64 syncs a partition (`OffsetSyncStore`). Here all of them are kept, in a few bytes each,
//! and cut into [epochs](Epoch): stretches in which source and target offsets both rise. What happened between two
//! epochs decides which of the older pairs may still be used; that judgement is [`PartitionHistory`]'s.

mod block;
mod checkpoints;
mod contradiction;
mod epoch;
mod epochs;
mod gap;
mod overtaking;
mod partition;
mod replays;
mod search;
mod syncs;

pub use checkpoints::{CheckpointHistory, LastCheckpoint, PartitionCheckpoints};
pub use contradiction::Contradiction;
pub use epoch::{Beginning, Epoch};
pub use partition::{Neighbours, PartitionHistory};
pub use syncs::{SyncHistory, UnreadableRecord};

use serde::{Deserialize, Serialize};

use crate::model::{SourceOffset, TargetOffset};

/// One offset sync: the record at `upstream` on the source was written to `downstream` on the target.
///
/// MM2 takes the pair from the producer's acknowledgement (`OffsetSyncWriter`), so both offsets are those of a data
/// record, never of a log end or a control record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(SourceOffset, TargetOffset)", into = "(SourceOffset, TargetOffset)")]
pub struct OffsetPair {
    /// The record's offset on the source.
    pub upstream: SourceOffset,
    /// The same record's offset on the target.
    pub downstream: TargetOffset,
}

impl OffsetPair {
    /// Pairs two offsets.
    pub fn new(upstream: SourceOffset, downstream: TargetOffset) -> Self {
        Self { upstream, downstream }
    }

    /// The highest position this sync proves safe for a group at `g >= upstream`: the record itself when the group
    /// has yet to read it, else the offset after it (MM2's rule, `OffsetSyncStore.translateDownstream`).
    pub fn floor_for(self, g: SourceOffset) -> TargetOffset {
        if g == self.upstream { self.downstream } else { self.downstream.next() }
    }
}

impl From<(SourceOffset, TargetOffset)> for OffsetPair {
    fn from((upstream, downstream): (SourceOffset, TargetOffset)) -> Self {
        Self { upstream, downstream }
    }
}

impl From<OffsetPair> for (SourceOffset, TargetOffset) {
    fn from(sync: OffsetPair) -> Self {
        (sync.upstream, sync.downstream)
    }
}

impl std::fmt::Display for OffsetPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.upstream, self.downstream)
    }
}
