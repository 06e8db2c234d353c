//! Counting the records between two syncs.

use std::collections::HashSet;

use super::walk::Walk;
use super::{Windows, slice};
use crate::evidence::ScannedRecord;
use crate::history::OffsetPair;
use crate::model::{SourceOffset, TargetOffset};
use crate::translate::{Assumption, Bound, EvidenceKind, PartitionEvidence, Reason};

/// What a count proves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) floor: Bound,
    pub(super) ceiling: Bound,
    /// Where the first unread record stands, when the count tells.
    pub(super) copy: Option<OffsetPair>,
}

impl Counted {
    /// Counting is proof only where no other producer writes to the partition. While the source lives it has to agree with
    /// the offsets the source really holds; once it is dead, anything in the syncs that speaks of another writer forbids
    /// it.
    pub(super) fn between(
        e: &PartitionEvidence<'_>,
        g: SourceOffset,
        from: OffsetPair,
        to: OffsetPair,
        windows: &Windows,
        source: Option<&[ScannedRecord<SourceOffset>]>,
    ) -> Option<Self> {
        let confirmed = e.rules.allows(EvidenceKind::SourceScan);
        let kept = match e.source_alive {
            true => e.source_log.is_some_and(|log| log.start <= from.upstream.next()),
            false => windows
                .source
                .is_some_and(|window| window.start <= from.upstream.next() && to.upstream < window.end),
        };
        let source = source.filter(|_| confirmed && kept);
        let source = source.map(|source| {
            let after = source.partition_point(|record| record.offset <= from.upstream);
            &source[after..]
        });
        let may_count = match (e.source_alive, source) {
            (true, None) => false,
            (_, _) => e.rules.allows(EvidenceKind::TargetScan),
        };
        // Where the target is known to hold records of its own, one of them may stand for a copy that is not there.
        let shown =
            e.has_originals() || e.history.is_some_and(|history| history.outruns() && !e.exactly_once);
        // What retention has taken from in front of the bracket may have been copied again inside it.
        let seen_before = from.downstream.distance_to(to.downstream)
            <= windows.reach.start.distance_to(from.downstream)
            || e.target_log.start == TargetOffset::ZERO;
        if !may_count || shown || !seen_before {
            return None;
        }
        let target = slice(e.target_records, windows.reach)?;
        // Compaction takes the first of two copies and leaves the second. Where there are no transactions, it shows.
        let whole =
            e.exactly_once || windows.reach.start.distance_to(windows.reach.end) == target.len() as u64;
        if !whole {
            return None;
        }
        let count = Count::between(from, to, g, target, source)?;
        let needs = e.needs_of_order().with(Assumption::SoleWriter).with(Assumption::SourceKept);
        let reason = Reason::Count { from, to, found: count.found, expected: count.expected };
        let next = match source {
            Some(source) => {
                source.get(source.partition_point(|record| record.offset < g)).map(|next| next.offset)
            }
            None => Some(g),
        };
        let certain = count.low == count.high && count.found == count.expected;
        Some(Self {
            floor: Bound { at: count.low, reason, needs },
            ceiling: Bound { at: count.high, reason, needs },
            copy: next.filter(|_| certain).map(|next| OffsetPair::new(next, count.low)),
        })
    }

    /// Whether a walk over the same records leaves room for what was counted.
    pub(super) fn agrees_with(&self, walk: &Walk) -> bool {
        walk.low <= self.ceiling.at && walk.unread.is_none_or(|(at, _)| self.floor.at <= at)
    }
}

/// Where the commit lies among the records that were copied between two syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    /// Not below this record.
    low: TargetOffset,
    /// Not above this one.
    high: TargetOffset,
    /// Data records after the first sync up to the second, on the target.
    found: u64,
    /// As many as were expected there.
    expected: u64,
}

impl Count {
    /// Counts the target's records after `from` up to `to`. `target` holds those of that stretch, and before them those
    /// of one stretch of the same length. `source` holds the source's records after `from` up to `to` where they are
    /// known; without them every source offset there is expected to have been copied.
    ///
    /// `None` when nothing follows: a sync does not stand at a data record any more, a record stands there twice (it may
    /// have been copied again, and then a hole can hide behind it), or there are more records than were expected.
    fn between(
        from: OffsetPair,
        to: OffsetPair,
        g: SourceOffset,
        target: &[ScannedRecord<TargetOffset>],
        source: Option<&[ScannedRecord<SourceOffset>]>,
    ) -> Option<Self> {
        let mut seen = HashSet::with_capacity(target.len());
        if !target.iter().all(|record| seen.insert((record.created_ms, record.content))) {
            return None;
        }
        let at = |offset| target.binary_search_by_key(&offset, |record| record.offset).ok();
        let (first, last) = (at(from.downstream)?, at(to.downstream)?);
        let copied = &target[first + 1..=last];
        let (below, expected) = match source {
            Some(source) => {
                source.last().filter(|last| last.offset == to.upstream)?;
                (source.partition_point(|record| record.offset < g) as u64, source.len() as u64)
            }
            None => (from.upstream.next().distance_to(g), from.upstream.distance_to(to.upstream)),
        };
        let found = copied.len() as u64;
        let holes = expected.checked_sub(found)?;
        // Of the records below the commit all that are missing may be missing, or none.
        let least = copied.get(usize::try_from(below.saturating_sub(holes)).ok()?)?;
        let most = copied.get(usize::try_from(below).ok()?.min(copied.len() - 1))?;
        Some(Self { low: least.offset, high: most.offset, found, expected })
    }
}
