use super::epochs::Epochs;
use super::gap::Gap;
use super::overtaking::Overtaking;
use super::replays::Replays;
use super::{Beginning, Epoch, OffsetPair};
use crate::model::{SourceOffset, TargetOffset};

/// A partition whose syncs go back and forth more often than this has more than one writer.
const EPOCH_LIMIT: usize = 1024;

/// Every sync of one source partition, in the order of the syncs topic.
///
/// Needs only that each sync is true and that they stand in the order they were written; neighbours in the topic need
/// not be neighbours in emission, for MM2 replaces pending syncs and loses some (`OffsetSyncWriter`).
#[derive(Debug, Clone)]
pub struct PartitionHistory {
    pub(super) epochs: Epochs,
    /// The highest source offset seen in the present incarnation of the target.
    pub(super) highest: SourceOffset,
    overtaking: Overtaking,
    replays: Replays,
    markers_on_target: bool,
    /// No two syncs have shown a hole on the source yet.
    dense: bool,
    /// Two syncs have shown more records on the target than the source had offsets for.
    outran: bool,
}

/// The syncs around a source offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    /// The newest usable sync at or below the offset.
    pub floor: Option<OffsetPair>,
    /// The first sync at or above the offset that follows the floor.
    pub ceiling: Option<OffsetPair>,
    /// The sync beyond which a replay has not been seen to catch up; the floor is not taken from beyond it.
    pub replay_after: Option<OffsetPair>,
}

impl PartitionHistory {
    /// A history that begins with its oldest sync. With `markers_on_target` (an exactly-once MM2 ends each of its
    /// transactions with a control record on the target) target offsets that run ahead of source offsets are
    /// expected; without it they are a sign of records copied twice.
    pub fn starting_with(first: OffsetPair, markers_on_target: bool) -> Self {
        Self {
            epochs: Epochs::starting_with(first),
            highest: first.upstream,
            overtaking: Overtaking::default(),
            replays: Replays::default(),
            markers_on_target,
            dense: true,
            outran: false,
        }
    }

    /// Adds the next sync of the topic.
    pub fn push(&mut self, sync: OffsetPair) {
        let gap = Gap { before: self.newest(), after: sync };
        if gap.after == gap.before || self.has_multiple_writers() {
            return;
        }
        if gap.after.downstream <= gap.before.downstream {
            return self.restart_target(sync);
        }
        self.dense &= !gap.shows_holes();
        self.outran |= gap.outruns() && !gap.rewinds();
        if gap.rewinds() || (gap.outruns() && !self.markers_on_target) {
            self.replays.add(self.reach(gap), sync);
            if gap.may_fall_short(self.dense) {
                self.overtaking.open(gap, self.highest);
            }
        }
        self.overtaking.pass(gap, self.dense);
        if gap.rewinds() {
            self.epochs.begin(sync, Beginning::SourceRewind);
        } else {
            self.epochs.push(sync);
        }
        self.highest = self.highest.max(sync.upstream);
    }

    /// Whether it is known where in this history a later reading of the same topic goes on.
    pub(super) fn meets(&self, later: &Self) -> bool {
        let newest = self.newest();
        let above = |sync: OffsetPair| sync.upstream > newest.upstream && sync.downstream > newest.downstream;
        later.iter().any(|sync| sync == newest) || later.iter().next().is_some_and(above)
    }

    /// Adds what a later reading of the topic has behind the newest sync.
    pub(super) fn continue_with(&mut self, later: &Self) {
        let newest = self.newest();
        let seen = later.iter().position(|sync| sync == newest).map_or(0, |at| at + 1);
        later.iter().skip(seen).for_each(|sync| self.push(sync));
    }

    /// The newest sync.
    pub fn newest(&self) -> OffsetPair {
        self.epochs.newest().last()
    }

    /// The highest source offset known to have been copied to the target as it is now.
    pub fn highest(&self) -> SourceOffset {
        self.highest
    }

    /// How many syncs there are.
    #[expect(clippy::len_without_is_empty, reason = "a history begins with a sync")]
    pub fn len(&self) -> usize {
        self.epochs.all().map(Epoch::len).sum()
    }

    /// The epochs, oldest first.
    pub fn epochs(&self) -> impl DoubleEndedIterator<Item = &Epoch> {
        self.epochs.all()
    }

    /// All syncs in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = OffsetPair> + '_ {
        self.epochs.all().flat_map(Epoch::iter)
    }

    /// Whether the syncs show that the mirror topic was re-created.
    pub fn target_restarted(&self) -> bool {
        self.epochs.has_past()
    }

    /// The syncs around `g` in the present incarnation of the target.
    ///
    /// Where a replay doubled records the floor comes from the newest epoch that begins at or below `g` and is
    /// settled, so that the doubled run is not read again; older epochs serve what lies below a replay's beginning.
    pub fn neighbours(&self, g: SourceOffset) -> Neighbours {
        let replay_after = self.overtaking.last_settled();
        let (from, floor) = match self.epochs.floor(g, replay_after) {
            Some((at, floor)) => (at, Some(floor)),
            None => (0, None),
        };
        let met = floor.filter(|floor| floor.upstream == g);
        let ceiling = met.or_else(|| self.epochs.ceiling(g, from));
        Neighbours { floor, ceiling, replay_after }
    }

    /// The floor that holds whether the source topic was re-created or not: from before the first fall of the
    /// source offset.
    pub fn oldest_floor(&self, g: SourceOffset) -> Option<OffsetPair> {
        self.epochs.oldest_floor(g, self.overtaking.last_settled())
    }

    /// The sync with the highest source offset of those at or below `at` on the target. All source records up to it, or
    /// where it stands at `at` itself below it, had a copy below `at` when it was written: a replicator that copies in source order
    /// has copied them before, whichever run of the replicator it was.
    pub fn copied_below(&self, at: TargetOffset) -> Option<OffsetPair> {
        let found = self.epochs.present().filter_map(|epoch| epoch.at_or_below_on_target(at));
        found.max_by_key(|sync| (sync.upstream, sync.downstream < at))
    }

    /// The last sync in front of a jump over source records that the `other` flow wrote: between this sync and the next one
    /// fewer records were copied than the source has offsets, and syncs of the other flow, whose target this flow's source
    /// is, stand there. A flow that is seeded again after the roles were turned passes records that were not copied.
    pub fn before_turn(&self, other: &Self) -> Option<OffsetPair> {
        let syncs = || self.epochs.present().flat_map(Epoch::iter);
        let gaps = syncs().zip(syncs().skip(1)).map(|(before, after)| Gap { before, after });
        let mut jumps = gaps.filter(|gap| gap.shows_holes());
        let turned = |gap: &Gap| {
            let end = TargetOffset::ZERO.plus(gap.after.upstream.get().unsigned_abs());
            let found = other.epochs.present().filter_map(|epoch| epoch.at_or_below_on_target(end));
            found.into_iter().any(|sync| sync.downstream.get() > gap.before.upstream.get())
        };
        jumps.find(turned).map(|gap| gap.before)
    }

    /// Whether nothing in the syncs speaks against a source whose log ends at `end`.
    pub fn is_plain(&self, end: SourceOffset) -> bool {
        let mut later = self.epochs.present().skip(1);
        self.highest < end && later.all(|epoch| epoch.first().upstream > SourceOffset::ZERO)
    }

    /// The syncs since the source offset last fell from where the source, whose log ends at `end`, cannot have been: from
    /// beyond its end, or to its very beginning. A topic that was re-created begins there, or a replay of the same one.
    /// With them come the last sync before the fall, and those that lie inside the log, newest first: what stands at them tells the two
    /// apart. `None` where nothing fell, or the newest sync itself lies beyond the end.
    pub fn since_fall(&self, end: SourceOffset) -> Option<(Self, OffsetPair, Vec<OffsetPair>)> {
        let epochs: Vec<&Epoch> = self.epochs.present().collect();
        let beyond = epochs.iter().rposition(|epoch| epoch.last().upstream >= end);
        let restart =
            || epochs.iter().skip(1).rposition(|epoch| epoch.first().upstream == SourceOffset::ZERO);
        let before = beyond.or_else(restart)?;
        let (older, newer) = epochs.split_at(before + 1);
        let mut syncs = newer.iter().flat_map(|epoch| epoch.iter());
        let mut since = Self::starting_with(syncs.next()?, self.markers_on_target);
        syncs.for_each(|sync| since.push(sync));
        let inside = |epoch: &&Epoch| epoch.at_or_below(end.minus(1)).filter(|sync| sync.upstream < end);
        let last = older.last()?.last();
        Some((since, last, older.iter().rev().filter_map(inside).collect()))
    }

    /// The oldest sync of the present incarnation of the target.
    pub fn oldest_present(&self) -> OffsetPair {
        self.epochs.present().next().map_or(self.newest(), Epoch::first)
    }

    /// Neighbours in the syncs topic, of the present incarnation of the target, between which more was written than the
    /// source had offsets for: records copied twice, transaction markers, or records of another producer.
    pub fn surpluses(&self) -> impl Iterator<Item = (OffsetPair, OffsetPair)> + '_ {
        let calm = !self.outran && self.epochs.present().nth(1).is_none();
        let syncs = || self.epochs.present().filter(move |_| !calm).flat_map(Epoch::iter);
        let gaps = syncs().zip(syncs().skip(1)).map(|(before, after)| Gap { before, after });
        gaps.filter(|gap| gap.outruns()).map(|Gap { before, after }| (before, after))
    }

    /// A sync that the last right position for `g` does not lie behind: the first one at or above `g`, not below `from`
    /// on the target, that no later replay can have copied again. `None` when the last replay has not been seen to
    /// come that far: then only the log end is sure.
    pub fn last_copy(&self, g: SourceOffset, from: TargetOffset) -> Option<OffsetPair> {
        let copy = self.epochs.at_or_beyond(g, from)?;
        self.last_after(g, copy)
    }

    /// The same for the record that `copy` is a copy of.
    pub fn last_copy_from(&self, copy: OffsetPair) -> Option<OffsetPair> {
        self.last_after(copy.upstream, copy)
    }

    /// Whether syncs with rising source offsets show that more was written to the target between them than the source
    /// had offsets for: a replay that left no other trace, or another writer. Where MM2 writes in transactions their
    /// markers look the same.
    pub fn outruns(&self) -> bool {
        self.outran
    }

    /// Bytes held.
    pub fn footprint(&self) -> usize {
        size_of::<Self>() + self.epochs.heap() + self.replays.heap()
    }

    fn last_after(&self, g: SourceOffset, mut copy: OffsetPair) -> Option<OffsetPair> {
        while let Some(replay) = self.replays.after(copy) {
            copy = self.epochs.at_or_beyond(g, replay.downstream)?;
        }
        Some(copy)
    }

    /// A new target topic: what was copied to the older one is gone.
    fn restart_target(&mut self, sync: OffsetPair) {
        self.epochs.begin(sync, Beginning::TargetRestart);
        self.highest = sync.upstream;
        self.overtaking.clear();
        self.replays.clear();
        self.outran = false;
    }

    /// Two writers under one key would make any number of epochs.
    pub(super) fn has_multiple_writers(&self) -> bool {
        self.epochs.len() > EPOCH_LIMIT
    }

    /// The lowest source offset at which a replay that ended with `gap.after` can have begun: it wrote no more records
    /// than the gap has target offsets, and every sync on the way down stands for records it would have had to copy.
    fn reach(&self, gap: Gap) -> SourceOffset {
        let mut records: u64 = 0;
        let mut above = gap.after;
        let mut neighbours = !gap.rewinds();
        for epoch in self.epochs.present().rev() {
            if epoch.first().upstream > above.upstream {
                continue;
            }
            for below in epoch.downwards(above.upstream) {
                let step = Gap { before: below, after: above };
                records += if neighbours { step.records(self.dense) } else { step.records_risen(self.dense) };
                if records >= gap.written() {
                    return below.upstream.next();
                }
                above = below;
                neighbours = true;
            }
            neighbours = false;
        }
        SourceOffset::ZERO
    }
}
