//! How far a group reads again at most: where the last right position cannot lie above.

use super::{Assumption, Bound, PartitionEvidence, Reason};
use crate::model::{SourceOffset, TargetOffset};

/// The highest the *last* right position for `g` can be, for a group that goes on at `low`. It can be above the upper
/// end of the bracket: records that MM2 copied again later come twice to a group that starts at their first copies.
pub(super) fn furthest(e: &PartitionEvidence<'_>, g: SourceOffset, low: TargetOffset) -> Bound {
    match e.history.and_then(|history| history.last_copy(g, low)) {
        Some(sync) if e.exactly_once => {
            Bound { at: sync.downstream, reason: Reason::SyncAbove(sync), needs: &[] }
        }
        Some(sync) => Bound {
            at: sync.downstream,
            reason: Reason::SyncAbove(sync),
            needs: &[Assumption::VisibleReplays],
        },
        None => Bound { at: e.target_log.end, reason: Reason::LogEnd, needs: &[] },
    }
}
