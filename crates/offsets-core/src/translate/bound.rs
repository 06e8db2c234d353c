use serde::Serialize;

use crate::history::OffsetPair;
use crate::model::{SourceOffset, TargetOffset};

/// A position that the true one cannot lie below (a floor) or above (a ceiling), and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The target offset.
    pub at: TargetOffset,
    /// The fact it follows from.
    pub reason: Reason,
    /// What must hold for the rule to be right.
    pub needs: Assumptions,
}

/// What a rule takes for granted because no evidence of this kind can show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[repr(u8)]
pub enum Assumption {
    /// MM2 appended to the mirror partition in source order. Broken by more than one request in flight without
    /// idempotence, and by two tasks or two MM2s on one partition.
    Order,
    /// Neither topic was deleted and re-created between the fact and now.
    SameIncarnation,
    /// Where MM2 copied records again after a restart, the syncs show it, and everything from there on was copied
    /// again. Broken where the syncs of a restart were lost or compacted away and holes of the source balance what was
    /// doubled, or where the source deleted records between the two copies. While such a replay has not caught up a
    /// floor can lie too high; afterwards only `rereadMax` can be too low, and where the source deleted records that were
    /// counted on, the bracket. Not needed for an exactly-once MM2.
    VisibleReplays,
    /// The checkpoints were written by MM2 3.4.1 / 3.5.0 or newer; older ones extrapolated (KAFKA-12468, KAFKA-13659).
    CheckpointWriter,
    /// Only the replicator writes to the mirror partition. Broken by a producer that has already failed over; its
    /// records can stand in for records that were never copied, and then counting skips. Where copies have the names of
    /// their originals, such records are the group's to read as well, and an answer passes those of which nothing tells.
    SoleWriter,
    /// A record of the mirror partition that looks like one record of the source looks like no other outside the stretch
    /// that was read, and is its copy. Broken by records with the same timestamp, key and value far apart, and by a
    /// producer that writes the source's records to the mirror too: then a position can be lower than was said, and
    /// never too high.
    DistinctRecords,
    /// The source has deleted none of the records between two syncs, neither since nor before they could be copied again.
    /// Broken by compaction, and by retention that overtakes the replicator.
    SourceKept,
    /// The link gives every copy the offset of its record. Broken where the mirror lost its newest offsets, was promoted
    /// and took other records instead; while the source answers, the records before the position show it.
    OffsetsPreserved,
    /// The headers that carry source offsets were written by this link's replicator, from the source as it is now.
    OriginHeaders,
}

/// A set of assumptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Assumptions(u16);

/// A sync of the flow back: the record at `target` was copied to `source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncBack {
    /// The offset of the original on this link's target.
    pub target: TargetOffset,
    /// The offset of its copy on this link's source.
    pub source: SourceOffset,
}

/// The fact a bound follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The sync at or below the commit.
    SyncBelow(OffsetPair),
    /// The first sync at or above the commit.
    SyncAbove(OffsetPair),
    /// A checkpoint, of any group, at or below the commit.
    Checkpoint(OffsetPair),
    /// Nothing older than the target's log start offset can be read.
    LogStart,
    /// The flow back copied the target's own records up to this source offset of its own, in front of the commit.
    SyncBack(SyncBack),
    /// The last sync of the source topic that was there before this one: every copy of a record of this one stands behind.
    OlderTopic(OffsetPair),
    /// Records of the target that are not known to be read on the source begin here.
    Stranded(TargetOffset),
    /// Everything below the commit has been copied, so nothing above can lie beyond the target's log end offset.
    LogEnd,
    /// The copy has the offset of its record.
    Identical(SourceOffset),
    /// The replicator's worker has flushed this source offset, so nothing unread can lie beyond the log end.
    CopiedThrough(SourceOffset),
    /// Records of the target were recognised on the source, one after the other, as ones the group has read.
    Content {
        /// The source offset of the last of them.
        passed: Option<SourceOffset>,
        /// How many there are.
        records: u64,
    },
    /// This record of the target was recognised as one the group has not read.
    ContentAbove(OffsetPair),
    /// Records of the target carry source offsets below the commit.
    Header {
        /// The source offset of the last of them.
        passed: Option<SourceOffset>,
        /// How many there are.
        records: u64,
    },
    /// This record of the target carries a source offset at or above the commit.
    HeaderAbove(OffsetPair),
    /// The records between two syncs were counted.
    Count {
        /// The sync below the commit.
        from: OffsetPair,
        /// The sync above it.
        to: OffsetPair,
        /// Data records after `from` up to `to` on the target.
        found: u64,
        /// As many as there would be if every source record there had been copied.
        expected: u64,
    },
}

impl Assumption {
    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::SameIncarnation => "same-incarnation",
            Self::VisibleReplays => "visible-replays",
            Self::CheckpointWriter => "checkpoint-writer",
            Self::SoleWriter => "sole-writer",
            Self::DistinctRecords => "distinct-records",
            Self::SourceKept => "source-kept",
            Self::OffsetsPreserved => "offsets-preserved",
            Self::OriginHeaders => "origin-headers",
        }
    }

    const ALL: [Self; 9] = [
        Self::Order,
        Self::SameIncarnation,
        Self::VisibleReplays,
        Self::CheckpointWriter,
        Self::SoleWriter,
        Self::DistinctRecords,
        Self::SourceKept,
        Self::OffsetsPreserved,
        Self::OriginHeaders,
    ];
}

impl Assumptions {
    /// Nothing is taken for granted.
    pub const NONE: Self = Self(0);

    /// These and one more.
    #[must_use]
    pub const fn with(self, assumption: Assumption) -> Self {
        Self(self.0 | 1 << assumption as u8)
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether one is among them.
    pub const fn contains(self, assumption: Assumption) -> bool {
        self.0 & 1 << assumption as u8 != 0
    }

    /// Each of them, in order.
    pub fn iter(self) -> impl Iterator<Item = Assumption> {
        Assumption::ALL.into_iter().filter(move |&assumption| self.contains(assumption))
    }
}
