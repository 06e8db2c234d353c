use std::convert::Infallible;
use std::hash::BuildHasher as _;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::Identity;

/// What an operator remembers: one value an identity. In memory here; on a disk in `offsets-store`.
///
/// The operators say what is kept and what is forgotten; when it is safe on a disk is the business of who owns the table.
pub trait Table<V> {
    /// Why it cannot be read or written.
    type Error;

    /// What is kept under an identity.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn get(&mut self, identity: Identity) -> Result<Option<V>, Self::Error>;

    /// Keeps a value, in place of one that is there.
    ///
    /// # Errors
    /// When the table cannot be written; then nothing is changed.
    fn put(&mut self, identity: Identity, value: V) -> Result<(), Self::Error>;

    /// Keeps a value where none is, and gives back the one that is there.
    ///
    /// # Errors
    /// When the table cannot be read or written; then nothing is changed.
    fn put_if_absent(&mut self, identity: Identity, value: V) -> Result<Option<V>, Self::Error>;

    /// Forgets every value that is not to be kept.
    ///
    /// # Errors
    /// When the table cannot be written; some may be forgotten then.
    fn retain(&mut self, keep: &mut dyn FnMut(&V) -> bool) -> Result<(), Self::Error>;

    /// How many values are kept.
    fn len(&self) -> u64;

    /// Whether none is.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A table in memory, for as long as the process lives.
#[derive(Debug, Clone)]
pub struct MemoryTable<V>(HashMap<Identity, V>);

impl<V> Default for MemoryTable<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<V: Copy> MemoryTable<V> {
    /// An empty table that need not grow for so many values.
    pub fn with_capacity(values: usize) -> Self {
        Self(HashMap::with_capacity(values))
    }

    /// How many values a table can have that takes no more than so many bytes. Tables double as they grow, so it can take half as
    /// much.
    pub fn room(bytes: usize) -> usize {
        match bytes.saturating_sub(GROUP) / (size_of::<(Identity, V)>() + 1) {
            0..4 => 0,
            4..8 => 3,
            slots => (1 << slots.ilog2()) / 8 * 7,
        }
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.0.allocation_size()
    }

    /// Forgets one value and gives it back.
    pub fn remove(&mut self, identity: Identity) -> Option<V> {
        self.0.remove(&identity)
    }

    /// The values, in no order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Identity, V)> + '_ {
        self.0.iter().map(|(identity, value)| (*identity, *value))
    }
}

/// What a table of any size has behind its slots.
const GROUP: usize = 32;

/// A table in the making, for millions of values at once.
///
/// Each value lies somewhere else in the table, so that putting them in as they come waits for memory most of the time. Here they are
/// gathered by where in the table they belong, and put in part by part.
#[derive(Debug)]
pub struct Filling<V> {
    table: MemoryTable<V>,
    parts: Vec<Vec<(Identity, V)>>,
    waiting: usize,
    /// Of a hash, the bits that place it in a table as large as this one, and how many of them lie below the part.
    mask: usize,
    shift: u32,
}

const PARTS: usize = 64;

/// So many wait before they are put in: somewhat less than doubles the room of a part.
const HANDFUL: usize = 450_000;

impl<V: Copy> Filling<V> {
    /// An empty table that need not grow for so many values.
    pub fn new(values: usize) -> Self {
        let mut filling = Self {
            table: MemoryTable::with_capacity(values),
            parts: (0..PARTS).map(|_| Vec::new()).collect(),
            waiting: 0,
            mask: 0,
            shift: 0,
        };
        filling.measure();
        filling
    }

    /// Keeps a value, in place of one that is there.
    pub fn put(&mut self, identity: Identity, value: V) {
        let hash = self.table.0.hasher().hash_one(identity) as usize;
        self.parts[(hash & self.mask) >> self.shift].push((identity, value));
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
            self.table.0.extend(part.drain(..));
        }
        self.waiting = 0;
        self.measure();
    }

    fn measure(&mut self) {
        let slots = (self.table.0.capacity() / 7 * 8).next_power_of_two().max(PARTS);
        self.mask = slots - 1;
        self.shift = slots.ilog2() - PARTS.ilog2();
    }
}

impl<V: Copy> Table<V> for MemoryTable<V> {
    type Error = Infallible;

    fn get(&mut self, identity: Identity) -> Result<Option<V>, Infallible> {
        Ok(self.0.get(&identity).copied())
    }

    fn put(&mut self, identity: Identity, value: V) -> Result<(), Infallible> {
        self.0.insert(identity, value);
        Ok(())
    }

    fn put_if_absent(&mut self, identity: Identity, value: V) -> Result<Option<V>, Infallible> {
        Ok(match self.0.entry(identity) {
            Entry::Occupied(entry) => Some(*entry.get()),
            Entry::Vacant(entry) => {
                entry.insert(value);
                None
            }
        })
    }

    fn retain(&mut self, keep: &mut dyn FnMut(&V) -> bool) -> Result<(), Infallible> {
        self.0.retain(|_, value| keep(value));
        Ok(())
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
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
        for bytes in [200, 1_000, 5_000, 100_000, 1_000_000] {
            let room = MemoryTable::<u32>::room(bytes);
            let mut table = MemoryTable::with_capacity(room);
            for number in 0..room as u64 {
                let Ok(()) = table.put(id(number), 0_u32);
            }
            assert!(table.bytes() <= bytes, "{} of {bytes}", table.bytes());
            assert!(table.bytes() > bytes / 3, "{} of {bytes}", table.bytes());
        }
    }

    #[test]
    fn a_table_is_filled_with_the_last_of_what_came() {
        for expected in [0, 10, 1_000_000] {
            let mut filling = Filling::new(expected);
            let most = HANDFUL as u64 + 10_000;
            for number in 0..most {
                filling.put(id(number % 300_000), number);
            }
            let mut table = filling.finish();
            assert_eq!(table.len(), 300_000);
            for number in most - 300_000..most {
                assert_eq!(table.get(id(number % 300_000)), Ok(Some(number)));
            }
        }
    }
}
