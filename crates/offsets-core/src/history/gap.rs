use super::OffsetPair;

/// What two neighbours in the syncs topic say about the stretch between them.
///
/// With `written` target offsets and `risen` source offsets after `before` up to and including `after`,
/// `written = risen - holes + extras`: a hole is a source offset that was never copied (a control record, compacted,
/// filtered), an extra is a target offset that holds no first copy (a record copied again, a foreign record, a
/// transaction marker).
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    pub(super) before: OffsetPair,
    pub(super) after: OffsetPair,
}

impl Gap {
    /// Target offsets after `before` up to `after`.
    pub(super) fn written(self) -> u64 {
        self.before.downstream.distance_to(self.after.downstream)
    }

    /// Source offsets after `before` up to `after`; 0 where the source offset fell.
    pub(super) fn risen(self) -> u64 {
        self.before.upstream.distance_to(self.after.upstream)
    }

    /// Whether the source offset fell: a replay, or another topic.
    pub(super) fn rewinds(self) -> bool {
        self.after.upstream <= self.before.upstream
    }

    /// Whether source offsets are missing on the target for certain.
    pub(super) fn shows_holes(self) -> bool {
        self.risen() > self.written()
    }

    /// Whether more was written than the source offsets explain, so that records may have been copied again though
    /// the source offset rose.
    pub(super) fn outruns(self) -> bool {
        self.written() > self.risen()
    }

    /// Whether a replay that ended here may have left records behind that only an earlier run has copied. That takes
    /// two extras, one left behind and one doubled; where the source is not `dense`, a hole can hide one of them.
    pub(super) fn may_fall_short(self, dense: bool) -> bool {
        self.rewinds() || self.written() > self.risen().saturating_add(u64::from(dense))
    }

    /// The least number of source records after `before` up to `after` by the source offsets alone: all of them where
    /// the source is `dense` elsewhere too, else only the record of `after` itself.
    pub(super) fn records_risen(self, dense: bool) -> u64 {
        if dense { self.risen() } else { self.risen().min(1) }
    }

    /// The least number of source records after `before` up to `after`, both of one run of MM2, provided that holes do
    /// not hide extras: what was written, or where that holds extras for certain, what the source offsets tell.
    pub(super) fn records(self, dense: bool) -> u64 {
        if self.written() <= self.risen() { self.written() } else { self.records_risen(dense) }
    }
}
