use std::convert::Infallible;
use std::hash::BuildHasher as _;
use std::hint::black_box;

use foldhash::fast::RandomState;

use crate::{Identity, Table};

/// A table in memory, for as long as the process lives.
///
/// Identities and values lie in one row of slots, in about the order of their hashes: each in the slot that its hash says, or in the
/// first free one behind it. So most of what is asked for is one place in memory, and the row grows where it is, to the double: it is
/// never held twice.
#[derive(Debug, Clone)]
pub struct MemoryTable<V> {
    hasher: RandomState,
    /// The slots that hashes say, and some behind them for what does not fit there.
    slots: Vec<(Identity, V)>,
    /// How many slots hashes say.
    width: usize,
    /// How many slots are taken.
    taken: usize,
    /// What is kept under the identity that marks a free slot.
    of_free: Option<V>,
}

/// What marks a free slot.
const FREE: Identity = Identity::ZERO;

/// Three of four slots can be taken: beyond that the stretches without a free one get long.
const PART: (usize, usize) = (3, 4);

/// The most slots behind those that hashes say. Where even these do not do, there are more.
const SPARE: usize = 512;

impl<V> Default for MemoryTable<V> {
    fn default() -> Self {
        let hasher = RandomState::default();
        Self { hasher, slots: Vec::new(), width: 0, taken: 0, of_free: None }
    }
}

impl<V: Copy> MemoryTable<V> {
    /// An empty table that need not grow for this number of values. Memory is taken with the first of them.
    pub fn with_capacity(values: usize) -> Self {
        Self { width: Self::width_for(values), ..Self::default() }
    }

    /// Number of values that a table of at most `bytes` can hold.
    pub fn room(bytes: usize) -> usize {
        let slots = bytes / size_of::<(Identity, V)>();
        let width = slots - (slots / 9).min(SPARE);
        Self::most(width)
    }

    /// Bytes that a table with room for `values` takes.
    pub fn bytes_for(values: usize) -> usize {
        let width = Self::width_for(values);
        (width + Self::spare(width)).saturating_mul(size_of::<(Identity, V)>())
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<(Identity, V)>()
    }

    /// Forgets one value and gives it back.
    pub fn remove(&mut self, identity: Identity) -> Option<V> {
        if identity == FREE {
            return self.of_free.take();
        }
        let at = self.find(identity).ok()?;
        let (_, value) = self.slots[at];
        self.free(at);
        // What lies behind it may have come there because this slot was taken.
        for behind in at + 1..self.slots.len() {
            let (identity, value) = self.slots[behind];
            if identity == FREE {
                break;
            }
            self.free(behind);
            self.place(identity, value);
        }
        Some(value)
    }

    /// The values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Identity, V)> + '_ {
        let taken = self.slots.iter().filter(|(identity, _)| *identity != FREE).copied();
        self.of_free.map(|value| (FREE, value)).into_iter().chain(taken)
    }

    fn most(width: usize) -> usize {
        width / PART.1 * PART.0
    }

    fn width_for(values: usize) -> usize {
        values.div_ceil(PART.0).saturating_mul(PART.1)
    }

    fn spare(width: usize) -> usize {
        (width / 8).min(SPARE)
    }

    #[inline]
    fn hash(&self, identity: Identity) -> u64 {
        self.hasher.hash_one(identity)
    }

    /// The slot that the hash of an identity says: the higher the hash, the further behind.
    #[inline]
    fn home(&self, identity: Identity) -> usize {
        ((u128::from(self.hash(identity)) * self.width as u128) >> 64) as usize
    }

    /// Where an identity is, or where it is to go; that can be the end of the slots.
    #[inline]
    fn find(&self, identity: Identity) -> Result<usize, usize> {
        let home = self.home(identity);
        for (step, (held, _)) in self.slots.get(home..).unwrap_or_default().iter().enumerate() {
            if *held == identity {
                return Ok(home + step);
            }
            if *held == FREE {
                return Err(home + step);
            }
        }
        Err(self.slots.len())
    }

    /// Puts a value where there is none: into the slot that was [found](Self::find), or into a longer row.
    #[inline]
    fn enter(&mut self, at: usize, identity: Identity, value: V) {
        if self.taken < Self::most(self.width) && !self.slots.is_empty() {
            self.take(at, identity, value);
        } else {
            self.grow(value);
            self.place(identity, value);
        }
    }

    /// Puts a value where none is. There is room for it.
    fn place(&mut self, identity: Identity, value: V) {
        if let Err(at) = self.find(identity) {
            self.take(at, identity, value);
        }
    }

    #[inline]
    fn take(&mut self, at: usize, identity: Identity, value: V) {
        if at == self.slots.len() {
            self.lengthen(at + 1 + Self::spare(self.width), value);
        }
        self.slots[at] = (identity, value);
        self.taken += 1;
    }

    fn free(&mut self, at: usize) {
        self.slots[at].0 = FREE;
        self.taken -= 1;
    }

    /// Makes room for one more; any value does for slots that are free.
    #[cold]
    fn grow(&mut self, value: V) {
        let old = self.slots.len();
        // What was asked for in the beginning comes with the first value.
        if self.taken > 0 || self.width == 0 {
            self.width = (self.width * 2).max(2 * PART.1);
        }
        self.lengthen(self.width + Self::spare(self.width), value);
        // From the end on, stretch by stretch: no identity comes before the beginning of its own, and none is left behind it.
        let (mut end, mut stretch) = (old, Vec::new());
        while end > 0 {
            let mut begin = end;
            while begin > 0 && self.slots[begin - 1].0 != FREE {
                begin -= 1;
            }
            self.lift(begin..end, &mut stretch);
            stretch.drain(..).for_each(|(identity, value)| self.place(identity, value));
            end = begin.saturating_sub(1);
        }
    }

    fn lengthen(&mut self, length: usize, value: V) {
        if length > self.slots.len() {
            self.slots.reserve_exact(length - self.slots.len());
            self.slots.resize(length, (FREE, value));
        }
    }

    /// Takes everything out of slots that are all taken.
    fn lift(&mut self, slots: std::ops::Range<usize>, into: &mut Vec<(Identity, V)>) {
        into.extend_from_slice(&self.slots[slots.clone()]);
        slots.for_each(|at| self.free(at));
    }
}

impl<V: Copy> Table<V> for MemoryTable<V> {
    type Error = Infallible;

    fn get(&mut self, identity: Identity) -> Result<Option<V>, Infallible> {
        if identity == FREE {
            return Ok(self.of_free);
        }
        Ok(self.find(identity).ok().map(|at| self.slots[at].1))
    }

    fn put(&mut self, identity: Identity, value: V) -> Result<(), Infallible> {
        if identity == FREE {
            self.of_free = Some(value);
            return Ok(());
        }
        match self.find(identity) {
            Ok(at) => self.slots[at].1 = value,
            Err(at) => self.enter(at, identity, value),
        }
        Ok(())
    }

    #[inline]
    fn put_if_absent(&mut self, identity: Identity, value: V) -> Result<Option<V>, Infallible> {
        if identity == FREE {
            let held = self.of_free;
            self.of_free = held.or(Some(value));
            return Ok(held);
        }
        match self.find(identity) {
            Ok(at) => Ok(Some(self.slots[at].1)),
            Err(at) => {
                self.enter(at, identity, value);
                Ok(None)
            }
        }
    }

    /// Looks at all their slots without waiting for one before the next.
    #[inline]
    fn prefetch(&self, identities: &mut dyn Iterator<Item = Identity>) {
        // Of most stretches the end is not further away than this.
        const BEHIND: usize = 3;
        let part = |at: usize| self.slots.get(at).map_or(0, |(held, _)| held.to_bits() as u32);
        let seen = identities.fold(0, |seen, identity| {
            let home = self.home(identity);
            seen ^ part(home) ^ part(home + BEHIND)
        });
        black_box(seen);
    }

    fn retain(&mut self, keep: &mut dyn FnMut(&V) -> bool) -> Result<(), Infallible> {
        self.of_free = self.of_free.filter(|value| keep(value));
        let (mut begin, mut stretch) = (0, Vec::new());
        while begin < self.slots.len() {
            let end = (begin..self.slots.len()).find(|at| self.slots[*at].0 == FREE);
            let end = end.unwrap_or(self.slots.len());
            // What is kept stays inside its stretch.
            self.lift(begin..end, &mut stretch);
            for (identity, value) in stretch.drain(..).filter(|(_, value)| keep(value)) {
                self.place(identity, value);
            }
            begin = end + 1;
        }
        Ok(())
    }

    fn len(&self) -> u64 {
        self.taken as u64 + u64::from(self.of_free.is_some())
    }
}

/// A table in the making, for millions of values at once.
///
/// Each value lies somewhere else in the table, so that putting them in as they come waits for memory most of the time. Here they are
/// gathered by where in the table they belong, and put in part by part.
#[derive(Debug)]
pub struct MemoryTableBuilder<V> {
    table: MemoryTable<V>,
    parts: Vec<Vec<(Identity, V)>>,
    waiting: usize,
}

/// How many bits of a hash say the part.
const BITS: u32 = 6;

/// Number of values that wait before they are inserted: somewhat less than doubles the room of a part.
const HANDFUL: usize = 450_000;

/// Number of values that are looked up at a time.
const TOGETHER: usize = 64;

impl<V: Copy> MemoryTableBuilder<V> {
    /// An empty table that need not grow for this number of values.
    pub fn new(values: usize) -> Self {
        let parts = (0..1 << BITS).map(|_| Vec::new()).collect();
        Self { table: MemoryTable::with_capacity(values), parts, waiting: 0 }
    }

    /// Keeps a value, in place of one that is there.
    pub fn put(&mut self, identity: Identity, value: V) {
        let part = self.table.hash(identity) >> (u64::BITS - BITS);
        self.parts[part as usize].push((identity, value));
        self.waiting += 1;
        if self.waiting == HANDFUL {
            self.pour();
        }
    }

    /// The table with everything in it.
    pub fn finish(mut self) -> MemoryTable<V> {
        self.pour();
        self.table
    }

    fn pour(&mut self) {
        for part in &mut self.parts {
            for some in part.chunks(TOGETHER) {
                self.table.prefetch(&mut some.iter().map(|(identity, _)| *identity));
                for &(identity, value) in some {
                    let Ok(()) = self.table.put(identity, value);
                }
            }
            part.clear();
        }
        self.waiting = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> Identity {
        Identity::of("test", &[Some(&number.to_le_bytes())])
    }

    #[test]
    fn a_table_with_as_much_as_there_is_room_for_takes_no_more() {
        for bytes in [200_000, 1_000_000, 10_000_000] {
            let room = MemoryTable::<u32>::room(bytes);
            let mut table = MemoryTable::with_capacity(room);
            for number in 0..room as u64 {
                let Ok(()) = table.put(id(number), 0_u32);
            }
            assert!(table.bytes() <= bytes, "{} of {bytes}", table.bytes());
            assert!(table.bytes() > bytes / 10 * 9, "{} of {bytes}", table.bytes());
            assert_eq!(table.bytes(), MemoryTable::<u32>::bytes_for(room));
        }
    }

    #[test]
    fn a_table_is_filled_with_the_last_of_what_came() {
        for expected in [0, 10, 1_000_000] {
            let mut builder = MemoryTableBuilder::new(expected);
            let most = HANDFUL as u64 + 10_000;
            for number in 0..most {
                builder.put(id(number % 300_000), number);
            }
            let mut table = builder.finish();
            assert_eq!(table.len(), 300_000);
            for number in most - 300_000..most {
                assert_eq!(table.get(id(number % 300_000)), Ok(Some(number)));
            }
        }
    }
}
