//! Floors: positions at which nothing unread lies behind the group. The highest sound one is what gets committed.

use super::{Assumption, Assumptions, Bound, PartitionEvidence, Reason, SyncBack};
use crate::history::{Contradiction, PartitionHistory};
use crate::model::{SourceOffset, TargetOffset};

pub(super) fn floors(e: &PartitionEvidence<'_>, g: SourceOffset) -> impl Iterator<Item = Bound> {
    [Some(log_start(e)), preserved(e, g), sync_back(e, g), sync_below(e, g), checkpoint_below(e, g)]
        .into_iter()
        .chain([older_topic(e)])
        .flatten()
}

/// The end of what was copied of an older source topic: a commit that is read from the living source is on the topic as it
/// is now, and that was copied later.
fn older_topic(e: &PartitionEvidence<'_>) -> Option<Bound> {
    let sync = e.older_topic?;
    Some(Bound { at: sync.downstream.next(), reason: Reason::OlderTopic(sync), needs: e.needs_of_copies() })
}

/// A sync `(t, s)` of the flow back with `s < g`: the target's own records up to `t` were on the source below `g` by
/// then, so the group has read them there. Whatever this link copied in front of `t` was on the source before `t` was
/// written, and so below `s` too. At `s = g` the record at `t` is the first unread one.
pub(super) fn sync_back(e: &PartitionEvidence<'_>, g: SourceOffset) -> Option<Bound> {
    let SyncBack { target, source } = e.pair_back(g)?;
    let at = if source == g { target } else { target.next() };
    let needs = Assumptions::NONE.with(Assumption::Order).with(Assumption::SameIncarnation);
    (at <= e.target_log.end).then_some(Bound {
        at,
        reason: Reason::SyncBack(SyncBack { target, source }),
        needs,
    })
}

/// The target's log start offset: the last floor of all. There is nothing older to read. Where the log is not known it is
/// offset 0, which is below every position and none itself.
fn log_start(e: &PartitionEvidence<'_>) -> Bound {
    Bound { at: e.target_log.start, reason: Reason::LogStart, needs: Assumptions::NONE }
}

/// On a link that preserves offsets the position is the commit itself, or the log end where the target has not got so
/// far. It is floor and ceiling at once.
pub(super) fn preserved(e: &PartitionEvidence<'_>, g: SourceOffset) -> Option<Bound> {
    // The target may not have got as far as the commit: without its log end nothing shows that it has.
    let may_be_used = e.preserved && e.recreated.is_none() && e.target_log_unknown.is_none();
    let same = TargetOffset::new(g.get()).ok().filter(|_| may_be_used)?;
    let needs = Assumptions::NONE.with(Assumption::OffsetsPreserved).with(Assumption::SameIncarnation);
    Some(Bound { at: same.min(e.target_log.end), reason: Reason::Identical(g), needs })
}

/// MM2's own rule (`OffsetSyncStore.translateDownstream`) over the whole history instead of 64 slots: a sync `(u, d)`
/// with `u <= g` puts the group at `d` if they are equal, else at `d + 1`. Records between may be missing on the
/// target, so no distance is ever added.
fn sync_below(e: &PartitionEvidence<'_>, g: SourceOffset) -> Option<Bound> {
    let history = e.history?;
    let sync = match e.contradiction(g) {
        None => history.neighbours(g).floor?,
        // Whichever of the topics that the syncs tell of the commit was made on, the records of the oldest epoch lie
        // before those of any later one.
        Some(Contradiction::SourceRestarted { .. } | Contradiction::BeyondSourceEnd { .. }) => {
            history.oldest_floor(g)?
        }
        Some(_) => return None,
    };
    Some(Bound { at: sync.floor_for(g), reason: Reason::SyncBelow(sync), needs: e.needs_of_copies() })
}

/// A checkpoint of any group at or below `g` (`MirrorCheckpointTask` writes floors). Checkpoints that lie beyond what
/// the syncs allow are not used: above the next sync, or written from a replay that has not been seen to catch up.
///
/// A checkpoint does not say which mirror topic it was written for. Where one lies beyond the log end, or the syncs
/// show that the topic was re-created, any other may be of the older topic too.
fn checkpoint_below(e: &PartitionEvidence<'_>, g: SourceOffset) -> Option<Bound> {
    if e.contradiction(g).is_some() || e.history.is_some_and(PartitionHistory::target_restarted) {
        return None;
    }
    let checkpoints = e.checkpoints?;
    if checkpoints.highest().is_none_or(|highest| highest > e.target_log.end) {
        return None;
    }
    let pair = checkpoints.floor(g, highest_credible(e, g))?;
    let needs = e.needs_of_copies().with(Assumption::CheckpointWriter);
    Some(Bound { at: pair.downstream, reason: Reason::Checkpoint(pair), needs })
}

fn highest_credible(e: &PartitionEvidence<'_>, g: SourceOffset) -> TargetOffset {
    let neighbours = e.history.map(|history| history.neighbours(g));
    let above = neighbours.and_then(|near| near.ceiling).map(|sync| sync.downstream);
    let settled = neighbours.and_then(|near| near.replay_after).map(|sync| sync.downstream.next());
    [above, settled].into_iter().flatten().fold(e.target_log.end, TargetOffset::min)
}
