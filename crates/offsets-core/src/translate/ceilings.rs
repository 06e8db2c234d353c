//! Ceilings: positions the true one cannot lie above. Never committed; they say how wide the doubt is.

use super::recast::Fall;
use super::{Assumption, Assumptions, Bound, EvidenceKind, PartitionEvidence, Reason};
use crate::model::SourceOffset;

const NEEDS: Assumptions = Assumptions::NONE.with(Assumption::Order).with(Assumption::SameIncarnation);

pub(super) fn ceilings(e: &PartitionEvidence<'_>, g: SourceOffset) -> impl Iterator<Item = Bound> {
    // Without the log's end nothing shows that a sync is of the mirror topic that is there now.
    let trusted = e.contradiction(g).is_none() && e.target_log_unknown.is_none();
    [super::floors::preserved(e, g), sync_above(e, g), log_end(e, g), copied_through(e, g)]
        .into_iter()
        .flatten()
        .filter(move |_| trusted)
}

/// The first sync `(u, d)` with `u >= g`: the record at `u` is not below the first one the group has yet to read.
fn sync_above(e: &PartitionEvidence<'_>, g: SourceOffset) -> Option<Bound> {
    let sync = e.above?.neighbours(g).ceiling?;
    Some(Bound { at: sync.downstream, reason: Reason::SyncAbove(sync), needs: NEEDS })
}

/// The target's log end offset, once a sync shows that every record below `g` has been copied or dropped: `g` is then
/// at most one above the highest source offset seen, and no replay is under way. For a commit further ahead the log
/// end says nothing, for records below it may still come.
fn log_end(e: &PartitionEvidence<'_>, g: SourceOffset) -> Option<Bound> {
    let history = e.above?;
    let copied = g <= history.highest().next() && history.neighbours(g).replay_after.is_none();
    copied.then_some(Bound { at: e.target_log.end, reason: Reason::LogEnd, needs: NEEDS })
}

/// The target's log end offset, once the replicator's worker has flushed a source offset that is not below the last
/// record the group has read. What the worker says outlives the syncs, which may have died with the source.
fn copied_through(e: &PartitionEvidence<'_>, g: SourceOffset) -> Option<Bound> {
    let through = e.copied_through.filter(|through| g <= through.next())?;
    // It may be of an older source topic.
    let through = Some(through).filter(|_| !matches!(e.fall, Some(Fall::Recreation | Fall::Unknown)))?;
    let replaying = e.above.is_some_and(|history| history.neighbours(g).replay_after.is_some());
    (e.rules.allows(EvidenceKind::ConnectOffsets) && !replaying).then_some(Bound {
        at: e.target_log.end,
        reason: Reason::CopiedThrough(through),
        needs: NEEDS,
    })
}
