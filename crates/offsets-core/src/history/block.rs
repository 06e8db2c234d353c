use super::OffsetPair;
use super::search::{in_proportion, partition_point_near};
use crate::model::{SourceOffset, TargetOffset};

/// Uneven blocks are closed at this many syncs: small enough to search in a few steps, large enough that the
/// block's own head costs less than a byte a sync.
const UNEVEN_LIMIT: u32 = 128;

/// A stretch of syncs that rise in both offsets, stored as distances from the first one.
///
/// A column that rises by equal steps costs nothing, any other four bytes a sync; and where source and target rise
/// together (no hole, no extra record in between) the target column is not stored at all.
#[derive(Debug, Clone)]
pub(super) struct Block {
    first: OffsetPair,
    count: u32,
    up: Column,
    /// `None` while every distance equals the source's.
    down: Option<Column>,
}

#[derive(Debug, Clone)]
enum Column {
    Even { step: u32 },
    Uneven(Vec<u32>),
}

impl Block {
    pub(super) fn starting_with(first: OffsetPair) -> Self {
        Self { first, count: 1, up: Column::Even { step: 0 }, down: None }
    }

    pub(super) fn first(&self) -> OffsetPair {
        self.first
    }

    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// Adds a sync above the last one; `false` when it does not fit and a new block must begin.
    pub(super) fn push(&mut self, sync: OffsetPair) -> bool {
        let up = u32::try_from(self.first.upstream.distance_to(sync.upstream));
        let down = u32::try_from(self.first.downstream.distance_to(sync.downstream));
        let (Ok(up), Ok(down)) = (up, down) else { return false };
        let parallel = self.down.is_none() && up == down;
        let even = self.up.continues(self.count, up)
            && (parallel || self.down.as_ref().is_some_and(|column| column.continues(self.count, down)));
        if self.count >= UNEVEN_LIMIT && !even {
            return false;
        }
        if !parallel && self.down.is_none() {
            self.down = Some(self.up.clone());
        }
        if let Some(column) = &mut self.down {
            column.push(self.count, down);
        }
        self.up.push(self.count, up);
        self.count += 1;
        true
    }

    /// The sync at `index < len`.
    pub(super) fn get(&self, index: u32) -> OffsetPair {
        let up = self.up.get(index);
        let down = self.down.as_ref().map_or(up, |column| column.get(index));
        OffsetPair {
            upstream: above_source(self.first.upstream, up),
            downstream: above_target(self.first.downstream, down),
        }
    }

    /// How many syncs of the block lie at or below `g` on the source.
    pub(super) fn rank(&self, g: SourceOffset) -> u32 {
        if g < self.first.upstream {
            return 0;
        }
        match (&self.up, u32::try_from(self.first.upstream.distance_to(g))) {
            (_, Err(_)) | (Column::Even { step: 0 }, Ok(_)) => self.count,
            (Column::Even { step }, Ok(distance)) => (distance / step).min(self.count - 1) + 1,
            (Column::Uneven(column), Ok(distance)) => {
                let last = column.last().copied().unwrap_or(0);
                let guess = in_proportion(distance.into(), last.into(), column.len());
                partition_point_near(column.len(), guess, |at| column[at] <= distance) as u32
            }
        }
    }

    /// How many syncs of the block lie at or below `at` on the target.
    pub(super) fn rank_on_target(&self, at: TargetOffset) -> u32 {
        partition_point_near(self.len(), self.len() / 2, |index| self.get(index as u32).downstream <= at)
            as u32
    }

    /// The first sync that is `far` enough, where every sync after such a one is too.
    pub(super) fn first_that(&self, far: impl Fn(OffsetPair) -> bool) -> Option<OffsetPair> {
        let at = partition_point_near(self.len(), self.len() / 2, |at| !far(self.get(at as u32)));
        (at < self.len()).then(|| self.get(at as u32))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = OffsetPair> + '_ {
        (0..self.count).map(|index| self.get(index))
    }

    /// Bytes held outside the block itself.
    pub(super) fn heap(&self) -> usize {
        self.up.heap() + self.down.as_ref().map_or(0, Column::heap)
    }
}

impl Column {
    /// Whether `distance`, as entry number `index`, keeps the steps equal.
    fn continues(&self, index: u32, distance: u32) -> bool {
        match self {
            Column::Even { step } => index == 1 || u64::from(*step) * u64::from(index) == u64::from(distance),
            Column::Uneven(_) => false,
        }
    }

    fn push(&mut self, index: u32, distance: u32) {
        match self {
            Column::Even { step } if index == 1 => *step = distance,
            Column::Even { step } if u64::from(*step) * u64::from(index) == u64::from(distance) => {}
            Column::Even { step } => {
                let mut column = Vec::with_capacity(index.next_power_of_two().max(4) as usize);
                column.extend((0..index).map(|i| *step * i));
                column.push(distance);
                *self = Column::Uneven(column);
            }
            Column::Uneven(column) => column.push(distance),
        }
    }

    fn get(&self, index: u32) -> u32 {
        match self {
            Column::Even { step } => step * index,
            Column::Uneven(column) => column[index as usize],
        }
    }

    fn heap(&self) -> usize {
        match self {
            Column::Even { .. } => 0,
            Column::Uneven(column) => column.capacity() * size_of::<u32>(),
        }
    }
}

fn above_source(first: SourceOffset, distance: u32) -> SourceOffset {
    SourceOffset::new(first.get() + i64::from(distance))
        .expect("a distance taken above an offset leads back to one")
}

fn above_target(first: TargetOffset, distance: u32) -> TargetOffset {
    TargetOffset::new(first.get() + i64::from(distance))
        .expect("a distance taken above an offset leads back to one")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(upstream: i64, downstream: i64) -> OffsetPair {
        OffsetPair::new(SourceOffset::new(upstream).unwrap(), TargetOffset::new(downstream).unwrap())
    }

    #[test]
    fn even_steps_cost_nothing_however_many() {
        let mut block = Block::starting_with(sync(0, 0));
        assert!((1..1_000_000).all(|i| block.push(sync(i * 101, i * 101))));
        assert_eq!(block.heap(), 0);
        assert_eq!(block.get(999_999), sync(999_999 * 101, 999_999 * 101));
        assert_eq!(block.rank(SourceOffset::new(202).unwrap()), 3);
        assert_eq!(block.rank(SourceOffset::new(201).unwrap()), 2);
    }

    #[test]
    fn offsets_too_far_apart_begin_a_new_block() {
        let mut block = Block::starting_with(sync(0, 0));
        assert!(!block.push(sync(1 << 33, 1)));
        assert!(block.push(sync(i64::from(u32::MAX), 1)));
        assert_eq!(block.get(1), sync(i64::from(u32::MAX), 1));
    }
}
