use crate::model::{SourceOffset, TargetOffset};

/// What MM2 itself remembers of one partition's syncs, and how it would translate from them.
///
/// It is here to be compared with: MM2 keeps at most 64 syncs a partition, ever sparser towards the past, so it sends a
/// group that lags back by about half its lag again. The rules are those of `OffsetSyncStore` since Kafka 3.5.2 and
/// 3.6.0 (KAFKA-15202). Slots 0 to 63 each refer to a sync, newest first, and one sync may fill many slots:
///
/// - A: slot 0 has the newest sync read;
/// - B: for slots i < j with different syncs, `up[i] <= up[j] + 2^j - 2^i`: a slot is not too old for its place;
/// - C: for slots i < j with different syncs, `up[i] >= up[j] + 2^max(i - 2, 0)`: neighbours are not too close;
/// - D: slot 63 has the oldest sync that can be used.
///
/// B and C are repaired from the front at each update, and only as far as they are broken. Here a sync is stored once,
/// with the first slot it fills.
///
/// # Examples
/// ```
/// use offsets_core::mm2::{MirrorSyncStore, Mm2Translation};
/// use offsets_core::model::{SourceOffset, TargetOffset};
///
/// let mut store = MirrorSyncStore::default();
/// store.update(SourceOffset::new(100)?, TargetOffset::new(200)?);
/// assert_eq!(store.translate(SourceOffset::new(100)?), Mm2Translation::At(TargetOffset::new(200)?));
/// assert_eq!(store.translate(SourceOffset::new(150)?), Mm2Translation::At(TargetOffset::new(201)?));
/// assert_eq!(store.translate(SourceOffset::new(5)?), Mm2Translation::TooOld);
/// # Ok::<(), offsets_core::model::NegativeOffset>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MirrorSyncStore {
    /// Oldest first, so that an update changes the end of the vector.
    kept: Vec<Kept>,
}

/// What MM2 makes of one committed source offset (`OffsetSyncStore.translateDownstream`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mm2Translation {
    /// No sync of the partition is known: MM2 writes no checkpoint.
    NoSyncs,
    /// The oldest sync that MM2 kept is above the offset (it answers -1): no checkpoint either.
    TooOld,
    /// The target offset that MM2 would put into the checkpoint.
    At(TargetOffset),
}

/// A sync and the first of the slots it fills; it fills them up to the first slot of the next older one.
#[derive(Debug, Clone, Copy)]
struct Kept {
    upstream: SourceOffset,
    downstream: TargetOffset,
    first_slot: u8,
}

/// MM2's `SYNCS_PER_PARTITION`: one slot for each bit of an offset.
const SLOTS: u8 = 64;

impl MirrorSyncStore {
    /// Takes in the next sync of the partition, in the order of the syncs topic.
    ///
    /// A source offset below the newest one erases all that was kept; an equal one does not. A target offset that goes
    /// back is not noticed. Both as in MM2.
    pub fn update(&mut self, upstream: SourceOffset, downstream: TargetOffset) {
        match self.kept.last() {
            Some(newest) if upstream >= newest.upstream => {
                make_room(&mut self.kept, upstream);
                self.kept.push(Kept { upstream, downstream, first_slot: 0 });
            }
            _ => self.reset_to(upstream, downstream),
        }
    }

    /// Forgets everything but this sync.
    ///
    /// MM2 does so with each sync that it reads while it loads without its checkpoints: from 3.4.1 until 3.7.1 and
    /// 3.8.0 always, and since then when it may not read the checkpoints topic (`mustReadToEnd`). To see what such an
    /// MM2 kept, use this for all syncs up to its start and [`Self::update`] from there on.
    pub fn reset_to(&mut self, upstream: SourceOffset, downstream: TargetOffset) {
        self.kept.clear();
        self.kept.push(Kept { upstream, downstream, first_slot: 0 });
    }

    /// Translates a committed source offset as MM2 would once it has read the syncs topic to its end.
    pub fn translate(&self, committed: SourceOffset) -> Mm2Translation {
        if self.kept.is_empty() {
            return Mm2Translation::NoSyncs;
        }
        match self.kept.iter().rev().find(|sync| sync.upstream <= committed) {
            Some(sync) if sync.upstream == committed => Mm2Translation::At(sync.downstream),
            Some(sync) => Mm2Translation::At(sync.downstream.next()),
            None => Mm2Translation::TooOld,
        }
    }

    /// The syncs that are kept, newest first.
    pub fn syncs(&self) -> impl Iterator<Item = (SourceOffset, TargetOffset)> {
        self.kept.iter().rev().map(|sync| (sync.upstream, sync.downstream))
    }
}

/// Repairs invariants B and C for a sync at `newest` that is about to take slot 0: decides which of the kept syncs stay
/// and from which slot on, and drops the others.
///
/// Slots are walked from the newest to the oldest. One whose sync has become too old for its place gets what the
/// candidate offers, or else what its newer neighbour has. The first slot that is still in order ends the walk, for then
/// all older ones are in order too.
fn make_room(kept: &mut Vec<Kept>, newest: SourceOffset) {
    let mut old = NewestFirst(kept);
    // Before this slot the newest old sync is too old for any place, so that all of them get the new one.
    let first = first_slot_for(old.upstream(0).distance_to(newest));
    let mut neighbour = Choice { sync: None, upstream: newest };
    let mut replacement = neighbour;
    let mut candidate = Candidate { sync: 0, reached: (old.end(0) - 1).min(first - 1) };
    // Old sync in the current slot; the first one that is left as it is; which of those before it stay, bit by bit.
    let mut present = 0;
    let mut untouched = old.len();
    let mut stay = 0_u64;
    for slot in first..SLOTS {
        while old.end(present) <= slot {
            present += 1;
        }
        let following = if old.end(present) == slot + 1 { present + 1 } else { present };
        if let Some(offer) = candidate.offer(slot, neighbour, following, &old) {
            replacement = offer;
        }
        if old.gap(neighbour, present).is_none_or(|gap| gap <= widest_gap(slot - 1)) {
            if neighbour.sync != Some(present) {
                old.set_first_slot(present, slot);
            }
            untouched = present;
            break;
        }
        if let Some(sync) = replacement.sync.filter(|_| replacement.sync != neighbour.sync) {
            old.set_first_slot(sync, slot);
            stay |= 1 << sync;
        }
        neighbour = replacement;
    }
    old.retain(stay, untouched);
}

/// What a slot refers to: an old sync by its place, or the new one.
#[derive(Clone, Copy)]
struct Choice {
    sync: Option<usize>,
    upstream: SourceOffset,
}

/// An old sync that is looking for a new place, and which of its old slots the walk has been through. It goes from the
/// newest sync to the oldest, and its slots never get ahead of the walk.
struct Candidate {
    sync: usize,
    reached: u8,
}

impl Candidate {
    /// The latest old sync on the way to `slot` that fits there, between `neighbour` in the slot before it and
    /// `following` in the slot after it.
    fn offer(
        &mut self,
        slot: u8,
        neighbour: Choice,
        following: usize,
        old: &NewestFirst<'_>,
    ) -> Option<Choice> {
        let mut offer = None;
        loop {
            let upstream = old.upstream(self.sync);
            let gap = old.gap(neighbour, self.sync);
            let far_from_newer = gap.is_none_or(|gap| gap >= least_gap(slot - 1));
            let far_from_older = self.sync == following
                || following == old.len()
                || old.upstream(following).distance_to(upstream) >= least_gap(slot);
            let fits = far_from_newer && far_from_older && gap.is_none_or(|gap| gap <= widest_gap(slot - 1));
            if fits {
                offer = Some(Choice { sync: Some(self.sync), upstream });
            }
            let last = old.end(self.sync) - 1;
            if self.reached < last {
                self.reached = last.min(slot);
            } else {
                // One that is too close to its newer neighbour will be so in all later slots.
                if fits || !far_from_newer {
                    self.reached += 1;
                    self.sync += 1;
                }
                if far_from_newer {
                    return offer;
                }
            }
            if self.reached == slot {
                return offer;
            }
        }
    }
}

/// Invariant B for neighbours: how far the sync in `slot` may be above the one in the next slot.
fn widest_gap(slot: u8) -> u64 {
    1 << slot
}

/// The first slot that a sync `gap` below the newest one may be in, by invariant B.
fn first_slot_for(gap: u64) -> u8 {
    let bits = u64::BITS - gap.saturating_sub(1).leading_zeros();
    1 + bits as u8
}

/// Invariant C: how far the sync in `slot` must be above any other in a later slot.
fn least_gap(slot: u8) -> u64 {
    1 << slot.saturating_sub(2)
}

/// The kept syncs, counted from the newest.
struct NewestFirst<'a>(&'a mut Vec<Kept>);

impl NewestFirst<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn upstream(&self, sync: usize) -> SourceOffset {
        self.0[self.at(sync)].upstream
    }

    /// The first slot that `sync` no longer fills.
    fn end(&self, sync: usize) -> u8 {
        if sync + 1 == self.len() { SLOTS } else { self.0[self.at(sync + 1)].first_slot }
    }

    /// How far `newer` is above `sync`; `None` when they are the same sync, which no invariant keeps apart.
    fn gap(&self, newer: Choice, sync: usize) -> Option<u64> {
        (newer.sync != Some(sync)).then(|| self.upstream(sync).distance_to(newer.upstream))
    }

    fn set_first_slot(&mut self, sync: usize, slot: u8) {
        let at = self.at(sync);
        self.0[at].first_slot = slot;
    }

    /// Keeps the syncs from `untouched` on, and of those before it the ones whose bit is set in `stay`.
    fn retain(self, stay: u64, untouched: usize) {
        let mut end = self.len() - untouched;
        for sync in (0..untouched).rev().filter(|sync| stay >> sync & 1 == 1) {
            self.0[end] = self.0[self.at(sync)];
            end += 1;
        }
        self.0.truncate(end);
    }

    fn at(&self, sync: usize) -> usize {
        self.0.len() - 1 - sync
    }
}
