use std::convert::Infallible;

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
