//! How far a group reads again at most: where the last right position cannot lie above.

use super::{Assumption, Assumptions, Bound, PartitionEvidence, Reason};
use crate::history::OffsetPair;
use crate::model::{SourceOffset, TargetOffset};

/// The highest the *last* right position for `g` can be, for a group that goes on at `low`. It can be above the upper
/// end of the bracket: records that MM2 copied again later come twice to a group that starts at their first copies.
/// `copy` is the last copy that was seen of the first record the group has not read, where one was seen.
pub(super) fn furthest(
    e: &PartitionEvidence<'_>,
    g: SourceOffset,
    low: TargetOffset,
    copy: Option<OffsetPair>,
) -> Bound {
    if e.preserved {
        let needs = Assumptions::NONE.with(Assumption::OffsetsPreserved);
        return Bound { at: low, reason: Reason::Identical(g), needs };
    }
    let found = match (copy, e.history) {
        (Some(copy), Some(history)) => history.last_copy_from(copy),
        (None, Some(history)) => history.last_copy(g, low),
        (_, None) => None,
    };
    let needs =
        if e.exactly_once { Assumptions::NONE } else { Assumptions::NONE.with(Assumption::VisibleReplays) };
    match found {
        Some(sync) => Bound { at: sync.downstream, reason: Reason::SyncAbove(sync), needs },
        None => Bound { at: e.target_log.end, reason: Reason::LogEnd, needs: Assumptions::NONE },
    }
}
