use serde::{Deserialize, Serialize};

use super::OffsetPair;
use super::block::Block;
use super::search::{in_proportion, partition_point_near};
use crate::model::{SourceOffset, TargetOffset};

/// How an epoch began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beginning {
    /// It is the oldest the syncs topic still holds.
    Oldest,
    /// The source offset fell while the target offset went on rising: MM2 replayed after a restart, or the source
    /// topic was re-created.
    SourceRewind,
    /// The target offset fell: the mirror topic was truncated or re-created, or another link writes syncs under
    /// the same key.
    TargetRestart,
}

/// A longest stretch of syncs in which source and target offsets both rise.
#[derive(Debug, Clone)]
pub struct Epoch {
    beginning: Beginning,
    /// Blocks that are full, oldest first.
    closed: Vec<Block>,
    /// The block that takes the next sync; it stands here so that a stream of one block is found in one place.
    open: Block,
    last: OffsetPair,
    len: usize,
}

impl Epoch {
    pub(super) fn starting_with(first: OffsetPair, beginning: Beginning) -> Self {
        Self { beginning, closed: Vec::new(), open: Block::starting_with(first), last: first, len: 1 }
    }

    /// How the epoch began.
    pub fn beginning(&self) -> Beginning {
        self.beginning
    }

    /// The first sync.
    pub fn first(&self) -> OffsetPair {
        self.block(0).first()
    }

    /// The newest sync.
    pub fn last(&self) -> OffsetPair {
        self.last
    }

    /// How many syncs there are; never 0.
    #[expect(clippy::len_without_is_empty, reason = "an epoch begins with a sync")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds a sync that rises above the last in both offsets.
    pub(super) fn push(&mut self, sync: OffsetPair) {
        debug_assert!(sync.upstream > self.last.upstream && sync.downstream > self.last.downstream);
        if !self.open.push(sync) {
            self.closed.push(std::mem::replace(&mut self.open, Block::starting_with(sync)));
        }
        self.last = sync;
        self.len += 1;
    }

    /// The last sync at or below `g` on the source.
    pub fn at_or_below(&self, g: SourceOffset) -> Option<OffsetPair> {
        if g >= self.last.upstream {
            return Some(self.last);
        }
        let block = self.block(self.blocks_below(g).checked_sub(1)?);
        Some(block.get(block.rank(g) - 1))
    }

    /// The first sync at or above `g` on the source.
    pub fn at_or_above(&self, g: SourceOffset) -> Option<OffsetPair> {
        if g > self.last.upstream {
            return None;
        }
        let Some(at) = self.blocks_below(g).checked_sub(1) else { return Some(self.first()) };
        let block = self.block(at);
        let rank = block.rank(g);
        let below = block.get(rank - 1);
        if below.upstream == g {
            return Some(below);
        }
        if (rank as usize) < block.len() {
            return Some(block.get(rank));
        }
        Some(self.block(at + 1).first())
    }

    /// The first sync at or above `g` on the source and `at` on the target.
    pub(super) fn at_or_beyond(&self, g: SourceOffset, at: TargetOffset) -> Option<OffsetPair> {
        let short = |sync: OffsetPair| sync.upstream < g || sync.downstream < at;
        if short(self.last) {
            return None;
        }
        let begun = self.closed.partition_point(|block| short(block.first()));
        let begun = if begun == self.closed.len() && short(self.open.first()) { begun + 1 } else { begun };
        let within = begun.checked_sub(1).and_then(|at| self.block(at).first_that(|sync| !short(sync)));
        within.or_else(|| Some(self.block(begun).first()))
    }

    /// The last sync at or below `at` on the target.
    pub(super) fn at_or_below_on_target(&self, at: TargetOffset) -> Option<OffsetPair> {
        let begun = self.closed.partition_point(|block| block.first().downstream <= at);
        let begun = begun + usize::from(begun == self.closed.len() && self.open.first().downstream <= at);
        let block = self.block(begun.checked_sub(1)?);
        Some(block.get(block.rank_on_target(at) - 1))
    }

    /// The syncs at or below `g` on the source, newest first.
    pub(super) fn downwards(&self, g: SourceOffset) -> impl Iterator<Item = OffsetPair> + '_ {
        let blocks = (0..self.blocks_below(g)).rev().map(|at| self.block(at));
        blocks.flat_map(move |block| (0..block.rank(g)).rev().map(|index| block.get(index)))
    }

    /// All syncs, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = OffsetPair> + '_ {
        self.closed.iter().chain([&self.open]).flat_map(Block::iter)
    }

    /// Bytes held.
    pub fn footprint(&self) -> usize {
        size_of::<Self>() + self.heap()
    }

    /// Bytes held outside the epoch itself.
    pub(super) fn heap(&self) -> usize {
        let closed = self.closed.iter().map(Block::heap).sum::<usize>();
        closed + self.closed.capacity() * size_of::<Block>() + self.open.heap()
    }

    /// The block number `at`, of those that are closed and the open one.
    fn block(&self, at: usize) -> &Block {
        self.closed.get(at).unwrap_or(&self.open)
    }

    /// How many blocks begin at or below `g`.
    fn blocks_below(&self, g: SourceOffset) -> usize {
        let open = self.open.first().upstream;
        if g >= open {
            return self.closed.len() + 1;
        }
        let Some(first) = self.closed.first() else { return 0 };
        let first = first.first().upstream;
        let guess = in_proportion(first.distance_to(g), first.distance_to(open), self.closed.len());
        partition_point_near(self.closed.len(), guess, |at| self.closed[at].first().upstream <= g)
    }
}
