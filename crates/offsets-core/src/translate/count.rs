//! Counting the records between two syncs.

use std::collections::HashSet;

use crate::evidence::ScannedRecord;
use crate::history::Sync;
use crate::model::{SourceOffset, TargetOffset};

/// Where the commit lies among the records that were copied between two syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// Not below this record.
    pub(super) low: TargetOffset,
    /// Not above this one.
    pub(super) high: TargetOffset,
    /// Data records after the first sync up to the second, on the target.
    pub(super) found: u64,
    /// As many as were expected there.
    pub(super) expected: u64,
}

impl Count {
    /// Counts the target's records after `from` up to `to`. `target` holds those of that stretch, and before them those
    /// of one stretch of the same length. `source` holds the source's records after `from` up to `to` where they are
    /// known; without them every source offset there is expected to have been copied.
    ///
    /// `None` when nothing follows: a sync does not stand at a data record any more, a record stands there twice (it may
    /// have been copied again, and then a hole can hide behind it), or there are more records than were expected.
    pub(super) fn between(
        from: Sync,
        to: Sync,
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
