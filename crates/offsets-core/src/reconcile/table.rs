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

    /// Says what will be asked for next; changes nothing. A table that would wait for each can fetch them together.
    fn expect(&self, identities: &mut dyn Iterator<Item = Identity>) {
        let _ = identities;
    }

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
