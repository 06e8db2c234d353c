use crate::Identity;

/// What an operator remembers: one value an identity. In memory here; on a disk in `offsets-store`.
///
/// The operators say what is kept and what is forgotten; when it is safe on a disk is the business of who owns the table.
///
/// # Examples
/// Any map from an identity to a value will do:
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
///
/// use offsets_reconcile::{Dedup, Identity, Position, Seen, Table, DedupDecision, Window};
///
/// #[derive(Default)]
/// struct Map(HashMap<Identity, Seen>);
///
/// impl Table<Seen> for Map {
///     type Error = Infallible;
///
///     fn get(&mut self, identity: Identity) -> Result<Option<Seen>, Infallible> {
///         Ok(self.0.get(&identity).copied())
///     }
///
///     fn put(&mut self, identity: Identity, seen: Seen) -> Result<(), Infallible> {
///         self.0.insert(identity, seen);
///         Ok(())
///     }
///
///     fn put_if_absent(&mut self, identity: Identity, seen: Seen) -> Result<Option<Seen>, Infallible> {
///         let held = self.0.get(&identity).copied();
///         self.0.entry(identity).or_insert(seen);
///         Ok(held)
///     }
///
///     fn retain(&mut self, keep: &mut dyn FnMut(&Seen) -> bool) -> Result<(), Infallible> {
///         self.0.retain(|_, seen| keep(seen));
///         Ok(())
///     }
///
///     fn len(&self) -> u64 {
///         self.0.len() as u64
///     }
/// }
///
/// let mut dedup = Dedup::new(Map::default(), Window::Unbounded);
/// let (id, place) = (Identity::of("order", &[Some(b"17")]), Position::new(0, 5).expect("in range"));
/// assert_eq!(dedup.decide(id, place, 0)?, DedupDecision::First);
/// assert_eq!(dedup.decide(id, place.next(), 0)?, DedupDecision::Duplicate { first: place });
/// # Ok::<(), Infallible>(())
/// ```
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
    fn prefetch(&self, identities: &mut dyn Iterator<Item = Identity>) {
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
