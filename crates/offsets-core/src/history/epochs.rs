use super::{Beginning, Epoch, OffsetPair};
use crate::model::{SourceOffset, TargetOffset};

/// The epochs of a partition, oldest first; there is always one.
#[derive(Debug, Clone)]
pub(super) struct Epochs {
    older: Vec<Epoch>,
    /// The one that goes on. It stands here because most histories have no other.
    newest: Epoch,
    /// Where the present incarnation of the target begins, counted from the oldest.
    present: usize,
}

impl Epochs {
    pub(super) fn starting_with(first: OffsetPair) -> Self {
        Self { older: Vec::new(), newest: Epoch::starting_with(first, Beginning::Oldest), present: 0 }
    }

    /// Goes on with the newest epoch.
    pub(super) fn push(&mut self, sync: OffsetPair) {
        self.newest.push(sync);
    }

    /// Begins another epoch.
    pub(super) fn begin(&mut self, sync: OffsetPair, beginning: Beginning) {
        self.older.push(std::mem::replace(&mut self.newest, Epoch::starting_with(sync, beginning)));
        if beginning == Beginning::TargetRestart {
            self.present = self.older.len();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.older.len() + 1
    }

    pub(super) fn newest(&self) -> &Epoch {
        &self.newest
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Epoch> + Clone {
        self.older.iter().chain([&self.newest])
    }

    /// Those of the target as it is now.
    pub(super) fn present(&self) -> impl DoubleEndedIterator<Item = &Epoch> + Clone {
        self.older[self.present..].iter().chain([&self.newest])
    }

    /// Whether there are epochs of an older target.
    pub(super) fn has_past(&self) -> bool {
        self.present > 0
    }

    /// The newest usable sync at or below `g`, and the number of its epoch among the present ones. Where a replay is
    /// open, syncs after `settled` are not usable.
    pub(super) fn floor(&self, g: SourceOffset, settled: Option<OffsetPair>) -> Option<(usize, OffsetPair)> {
        let present = self.present..self.len();
        present.rev().find_map(|at| {
            let floor = usable_floor(self.older.get(at).unwrap_or(&self.newest), g, settled)?;
            Some((at - self.present, floor))
        })
    }

    /// The same in the oldest of the present epochs alone.
    pub(super) fn oldest_floor(&self, g: SourceOffset, settled: Option<OffsetPair>) -> Option<OffsetPair> {
        usable_floor(self.present().next()?, g, settled)
    }

    /// The first sync at or above `g` from the present epoch number `from` on.
    pub(super) fn ceiling(&self, g: SourceOffset, from: usize) -> Option<OffsetPair> {
        self.present().skip(from).find_map(|epoch| epoch.at_or_above(g))
    }

    /// The first sync at or above `g` that is not below `at` on the target.
    pub(super) fn at_or_beyond(&self, g: SourceOffset, at: TargetOffset) -> Option<OffsetPair> {
        self.present().find_map(|epoch| epoch.at_or_beyond(g, at))
    }

    /// Bytes held outside.
    pub(super) fn heap(&self) -> usize {
        self.older.capacity() * size_of::<Epoch>() + self.all().map(Epoch::heap).sum::<usize>()
    }
}

fn usable_floor(epoch: &Epoch, g: SourceOffset, settled: Option<OffsetPair>) -> Option<OffsetPair> {
    match settled {
        Some(settled) if epoch.first().downstream > settled.downstream => None,
        Some(settled) if epoch.last().downstream > settled.downstream => {
            epoch.at_or_below(g.min(settled.upstream))
        }
        _ => epoch.at_or_below(g),
    }
}
