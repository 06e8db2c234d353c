use crate::{Identity, Position, Table};

/// Drops what a group that has moved reads for the second time, and nothing else.
///
/// After a failover only records between the position the group was given and the highest it can have been at, `TARGET..HIGH`
/// of its translation, can come twice. The seed is what the group had read of them: each identity as often as it was read.
/// Each drops as many records, so a record that was never read passes, even one that looks like another.
///
/// A window is closed by [`on_committed`](Self::on_committed) once the group has passed `HIGH`, or once everything in its seed has come; what was
/// remembered is forgotten then, and nothing is left when all are closed.
///
/// # Examples
/// ```
/// use offsets_reconcile::{Identity, MemoryTable, Position, Reread};
///
/// // The group goes on at 1 and cannot have read from 3 on; of what lies between it had read one record.
/// let at = |offset| Position::new(0, offset).expect("in range");
/// let paid = Identity::of_copy(Some(1_764_000_000_000), Some(b"17"), Some(b"paid")).expect("it has a timestamp");
/// let mut seeded = Reread::new(MemoryTable::default());
/// seeded.preload(at(1), Some(3), [paid])?;
///
/// assert!(seeded.is_reread(paid, at(1))?);
/// assert!(!seeded.is_reread(paid, at(2))?, "it was read once");
/// seeded.on_committed(&[at(3)])?;
/// assert!(seeded.windows().is_empty());
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reread<T> {
    table: T,
    windows: Vec<SeedWindow>,
}

/// Where records of one input can come twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SeedWindow {
    /// The input.
    pub input: u16,
    /// The first offset that the group reads after its move.
    pub from: i64,
    /// The first offset that it cannot have read before; `None` when no such offset is known.
    pub until: Option<i64>,
    /// How many records of the seed have yet to come.
    pub missing: u64,
    /// The offset after the last one that came.
    pub reached: i64,
}

/// What is remembered of an identity the group had read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadBefore {
    /// The last place at which it came again, or the first offset of the window.
    pub last: Position,
    /// How often it was read before the move.
    pub times: u32,
    /// How often it came again.
    pub again: u32,
}

impl<T: Table<ReadBefore>> Reread<T> {
    /// Nothing sown yet, with a table that is empty.
    pub fn new(table: T) -> Self {
        Self { table, windows: Vec::new() }
    }

    /// Goes on with a table and windows that were saved together. What closed windows had remembered is forgotten again.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn resume(mut table: T, windows: Vec<SeedWindow>) -> Result<Self, T::Error> {
        table.retain(&mut |read| windows.iter().any(|window| window.input == read.last.input()))?;
        Ok(Self { table, windows })
    }

    /// Opens a window on an input, with the identities of what the group had read at its offsets. An input has one window.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn preload(
        &mut self,
        from: Position,
        until: Option<i64>,
        read: impl IntoIterator<Item = Identity>,
    ) -> Result<(), T::Error> {
        let mut missing = 0;
        for identity in read {
            let identity = within(from.input(), identity);
            let known = self.table.get(identity)?;
            let known = known.unwrap_or(ReadBefore { last: from, times: 0, again: 0 });
            self.table.put(identity, ReadBefore { times: known.times.saturating_add(1), ..known })?;
            missing += 1;
        }
        self.windows.push(SeedWindow {
            input: from.input(),
            from: from.offset(),
            until,
            missing,
            reached: from.offset(),
        });
        Ok(())
    }

    /// Whether the group had read the record with this identity and position before it moved. Offsets of an input are asked
    /// about in rising order; one that is asked about again is answered as before.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub fn is_reread(&mut self, identity: Identity, position: Position) -> Result<bool, T::Error> {
        let offset = position.offset();
        let within_window = |window: &&mut SeedWindow| {
            window.input == position.input()
                && offset >= window.from
                && window.until.is_none_or(|until| offset < until)
        };
        let Some(window) = self.windows.iter_mut().find(within_window) else { return Ok(false) };
        let identity = within(position.input(), identity);
        let Some(read) = self.table.get(identity)? else { return Ok(false) };
        // Records of one identity are taken in the order of their offsets, so all of them up to the last were.
        if read.again > 0 && offset <= read.last.offset() {
            return Ok(true);
        }
        if read.again >= read.times {
            return Ok(false);
        }
        self.table.put(identity, ReadBefore { last: position, again: read.again + 1, ..read })?;
        window.missing -= 1;
        window.reached = offset + 1;
        Ok(true)
    }

    /// Declares everything below these positions done: it is out and will not come again. There is at most one for each input, the next
    /// to be read. A window depends on its own input alone; that of an input which is revoked stays, for its return.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn on_committed(&mut self, next: &[Position]) -> Result<(), T::Error> {
        let passed = |window: &SeedWindow| {
            let next = next.iter().find(|next| next.input() == window.input);
            let next = next.map_or(0, |next| next.offset());
            let come = window.missing == 0 && next >= window.reached;
            come || window.until.is_some_and(|until| next >= until)
        };
        let closed: Vec<_> = self.windows.extract_if(.., |window| passed(window)).collect();
        if !closed.is_empty() {
            let of_closed = |read: &ReadBefore| closed.iter().any(|window| window.input == read.last.input());
            self.table.retain(&mut |read| !of_closed(read))?;
        }
        Ok(())
    }

    /// The windows that are open.
    pub fn windows(&self) -> &[SeedWindow] {
        &self.windows
    }

    /// The table, to save it.
    pub fn table(&mut self) -> &mut T {
        &mut self.table
    }
}

/// One identity can be in the seeds of several inputs.
fn within(input: u16, identity: Identity) -> Identity {
    Identity::of("seed", &[Some(&input.to_le_bytes()), Some(&identity.to_bits().to_le_bytes())])
}
