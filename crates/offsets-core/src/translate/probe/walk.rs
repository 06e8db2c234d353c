//! From a floor upwards, record by record, for as long as each is known to be one the group has read.

use crate::evidence::ScannedRecord;
use crate::model::{SourceOffset, TargetOffset};

/// What can be said of one record of the target, seen from a commit at `g`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The copy of a source record below `g`, whose offset lies in `least..=most`.
    Read { least: SourceOffset, most: SourceOffset },
    /// The copy of a source record at or above `g`, the lowest of which is `least`.
    Unread { least: SourceOffset },
    /// It may be either, or no copy at all.
    Unclear,
    /// The same, and the target holds its like more often than the source: it may have been copied twice.
    Repeated,
    /// Nothing on the source looks like it, where each record of the target is the group's to read: another producer wrote it to the
    /// target, or the source has deleted it since.
    Foreign,
}

/// How far a walk came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walk {
    /// No copy of a record at or above the commit lies between where the walk began and here. The offset is that of a
    /// data record, or one after the last that was passed.
    pub(super) low: TargetOffset,
    /// The first record that is known to be unread.
    pub(super) unread: Option<(TargetOffset, SourceOffset)>,
    /// The source offset of the last record passed that is known to be read.
    pub(super) passed: Option<SourceOffset>,
    /// How many records were passed.
    pub(super) steps: u64,
    /// Whether nothing unclear stands between `low` and where the walk ended.
    pub(super) is_clear: bool,
}

impl Walk {
    /// Walks over `records`, which follow a floor without a gap.
    ///
    /// A record that is known to be read is passed. One that is unclear is passed only once a later one is known to be
    /// read and the source offsets have not fallen on the way: a replicator that appends in source order then copied it
    /// between the two, so it is of a record below the commit, or it is no copy. After a fall the unclear record may be
    /// the only copy there is of an unread one; and a record that was copied twice speaks of a fall. `before` is the source
    /// offset of the record in front of the floor, where it is known.
    ///
    /// That a record which comes again is unclear itself, and not known to be read, takes its first copy. Where compaction
    /// may have taken that, which shows in offsets that are missing, nothing unclear is passed; with `markers_on_target`
    /// nothing comes again, and offsets are missing anyway.
    ///
    /// Records that are foreign are passed only where the source lacks as many offsets there, which `missing` counts between
    /// two of them: they are then of records that it has deleted.
    pub(super) fn over<'a>(
        from: TargetOffset,
        before: Option<SourceOffset>,
        markers_on_target: bool,
        records: impl IntoIterator<Item = &'a ScannedRecord<TargetOffset>>,
        origin: impl Fn(&ScannedRecord<TargetOffset>) -> Origin,
        missing: impl Fn(SourceOffset, SourceOffset) -> u64,
    ) -> Self {
        let mut walk = Self { low: from, unread: None, passed: None, steps: 0, is_clear: true };
        let (mut highest, mut unclear, mut foreign, mut repeated) = (before, 0, 0, false);
        let (mut next, mut is_whole) = (from, true);
        for record in records {
            is_whole &= record.offset == next || markers_on_target;
            next = record.offset.next();
            match origin(record) {
                Origin::Unread { least } => {
                    walk.unread = Some((record.offset, least));
                    if walk.is_clear {
                        walk.low = record.offset;
                    }
                    return walk;
                }
                unclear_origin @ (Origin::Unclear | Origin::Repeated | Origin::Foreign) => {
                    repeated |= unclear_origin == Origin::Repeated;
                    foreign += u64::from(unclear_origin == Origin::Foreign);
                    walk.is_clear = false;
                    unclear += 1;
                }
                Origin::Read { least, most } => {
                    let rises = highest.is_some_and(|highest| highest < least);
                    let explained =
                        foreign == 0 || highest.is_some_and(|highest| foreign <= missing(highest, least));
                    highest = highest.max(Some(most));
                    let passable = rises && is_whole && !repeated && explained;
                    if !(walk.is_clear || passable) {
                        return walk;
                    }
                    walk.steps += unclear + 1;
                    (unclear, foreign) = (0, 0);
                    walk.is_clear = true;
                    walk.passed = Some(most);
                    walk.low = record.offset.next();
                }
            }
        }
        walk
    }
}
