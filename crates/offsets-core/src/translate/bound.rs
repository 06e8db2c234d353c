use serde::Serialize;

use crate::history::Sync;
use crate::model::TargetOffset;

/// A position that the true one cannot lie below (a floor) or above (a ceiling), and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The target offset.
    pub at: TargetOffset,
    /// The fact it follows from.
    pub reason: Reason,
    /// What must hold for the rule to be right.
    pub needs: &'static [Assumption],
}

/// What a rule takes for granted because no evidence of this kind can show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Assumption {
    /// MM2 appended to the mirror partition in source order. Broken by more than one request in flight without
    /// idempotence, and by two tasks or two MM2s on one partition.
    Order,
    /// Neither topic was deleted and created anew between the fact and now.
    SameIncarnation,
    /// Where MM2 copied records again after a restart, the syncs show it, and everything from there on was copied
    /// again. Broken where the syncs of a restart were lost or compacted away and holes of the source balance what was
    /// doubled, or where the source deleted records between the two copies. While such a replay has not caught up a
    /// floor can lie too high; afterwards only `rereadMax` can be too low. Not needed for an exactly-once MM2.
    VisibleReplays,
    /// The checkpoints were written by MM2 3.4.1 / 3.5.0 or newer; older ones extrapolated (KAFKA-12468, KAFKA-13659).
    CheckpointWriter,
}

/// The fact a bound follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The sync at or below the commit.
    SyncBelow(Sync),
    /// The first sync at or above the commit.
    SyncAbove(Sync),
    /// A checkpoint, of any group, at or below the commit.
    Checkpoint(Sync),
    /// Nothing older than the target's log start offset can be read.
    LogStart,
    /// Everything below the commit has been copied, so nothing above can lie beyond the target's log end offset.
    LogEnd,
}

impl Assumption {
    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::SameIncarnation => "same-incarnation",
            Self::VisibleReplays => "visible-replays",
            Self::CheckpointWriter => "checkpoint-writer",
        }
    }
}
