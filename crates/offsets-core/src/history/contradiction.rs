use super::gap::Gap;
use super::{Beginning, Epoch, OffsetPair, PartitionHistory};
use crate::model::{LogRange, SourceOffset, TargetOffset, TopicId};

/// Why the syncs of a partition cannot be trusted for an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Contradiction {
    /// The offsets went back and forth more often than any restart explains.
    MultipleWriters {
        /// How many times they fell.
        rewinds: usize,
    },
    /// The target offset fell, and the target's log does not show whether the older syncs died with an older topic.
    TargetRestarted {
        /// The newest sync before the fall.
        before: OffsetPair,
        /// The first one after it.
        after: OffsetPair,
    },
    /// A sync lies beyond the target's log end: the mirror topic was truncated or re-created since.
    BeyondTargetEnd {
        /// The sync.
        sync: OffsetPair,
        /// The target's log end offset, read after the syncs.
        end: TargetOffset,
    },
    /// A sync lies beyond the source's log end: the source topic was truncated or re-created since.
    BeyondSourceEnd {
        /// The sync.
        sync: OffsetPair,
        /// The source's log end offset, read after the syncs.
        end: SourceOffset,
    },
    /// The group's own commit lies beyond the source's log end.
    CommitBeyondSourceEnd {
        /// The source's log end offset, read after the commit.
        end: SourceOffset,
    },
    /// The record on the source and the one that is said to be its copy have nothing in common: neither timestamp nor
    /// content.
    OtherRecord {
        /// Where they stand.
        pair: OffsetPair,
    },
    /// The source topic was re-created since something was recorded of it: what was is not evidence for this one.
    SourceRecreated {
        /// The id it had first.
        recorded: TopicId,
        /// The id it has now.
        now: TopicId,
    },
    /// The same of the mirror topic.
    TargetRecreated {
        /// The id it had first.
        recorded: TopicId,
        /// The id it has now.
        now: TopicId,
    },
    /// The source offset fell back to the very beginning: a replay from zero, or a topic re-created.
    SourceRestarted {
        /// The newest sync before the fall.
        before: OffsetPair,
        /// The first one after it.
        after: OffsetPair,
    },
}

impl PartitionHistory {
    /// Why these syncs must not be believed for a commit at `g`, if anything speaks against them. Both log ranges
    /// must have been read after the syncs; the source's is `None` when the source is dead.
    pub fn contradiction(
        &self,
        g: SourceOffset,
        source: Option<LogRange<SourceOffset>>,
        target: LogRange<TargetOffset>,
    ) -> Option<Contradiction> {
        if self.has_multiple_writers() {
            return Some(Contradiction::MultipleWriters { rewinds: self.epochs.len() - 1 });
        }
        if self.newest().downstream >= target.end {
            return Some(Contradiction::BeyondTargetEnd { sync: self.newest(), end: target.end });
        }
        if let Some(contradiction) = self.unproven_target_restart(target.end) {
            return Some(contradiction);
        }
        if let Some(source) = source {
            if self.highest >= source.end {
                let sync = self.highest_sync();
                return Some(Contradiction::BeyondSourceEnd { sync, end: source.end });
            }
            if g > source.end {
                return Some(Contradiction::CommitBeyondSourceEnd { end: source.end });
            }
        }
        self.ambiguous_source_restart(g)
    }

    fn highest_sync(&self) -> OffsetPair {
        let lasts = self.epochs.present().map(Epoch::last);
        lasts.max_by_key(|sync| sync.upstream).unwrap_or(self.newest())
    }

    /// A fall of the target offset is believed to be a new topic only when it happened once and the older syncs lie
    /// beyond the log end: two writers under one key look the same otherwise.
    fn unproven_target_restart(&self, end: TargetOffset) -> Option<Contradiction> {
        let neighbours = self.epochs.all().zip(self.epochs.all().skip(1));
        let mut falls = neighbours.filter(|(_, later)| later.beginning() == Beginning::TargetRestart);
        let (before, after) = falls.next().map(|(earlier, later)| (earlier.last(), later.first()))?;
        let proven = falls.next().is_none() && before.downstream >= end;
        (!proven).then_some(Contradiction::TargetRestarted { before, after })
    }

    /// A fall to source offset 0 may be a replay from the beginning or a new topic. Only offsets that the older
    /// records can have reached are in doubt.
    fn ambiguous_source_restart(&self, g: SourceOffset) -> Option<Contradiction> {
        let mut highest = SourceOffset::ZERO;
        self.epochs.present().zip(self.epochs.present().skip(1)).find_map(|(earlier, later)| {
            let (before, after) = (earlier.last(), later.first());
            highest = highest.max(before.upstream);
            let reach = highest.get().saturating_add_unsigned(Gap { before, after }.written());
            (after.upstream == SourceOffset::ZERO && g.get() <= reach)
                .then_some(Contradiction::SourceRestarted { before, after })
        })
    }
}
