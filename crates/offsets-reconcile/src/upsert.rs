use crate::answers::Answers;
use crate::{Identity, Position, Rank, Reason, Table};

/// Keeps the winner of each key: the write of the highest [`Rank`].
///
/// The value of a key follows from the writes alone, in whatever order and however often they come. Answers are kept until
/// they are [settled](Self::on_committed): a record that comes again from the same position before that is answered as it was the
/// first time, even if its write has been beaten since, so that the ledger of a run that was cut off and goes on is that of
/// one that was not.
///
/// A tombstone competes like any write and is remembered until its horizon, so that a write it beat does not come back. A
/// horizon shorter than the longest time for which a region can be cut off lets that happen.
///
/// # Examples
/// ```
/// use offsets_reconcile::{
///     Fingerprint, Identity, MemoryTable, Position, Rank, Region, UpsertDecision, Upsert, UpsertRules, Version, Winner,
/// };
///
/// let key = Identity::of("key", &[Some(b"17")]);
/// let write = |offset, version, content| Winner {
///     rank: Rank {
///         version: Version::read(version).expect("a number"),
///         region: Region(0),
///         content: Fingerprint::of(Some(b"17"), Some(content)),
///     },
///     position: Position::new(0, offset).expect("in range"),
///     deleted_ms: None,
/// };
/// let (old, new, other) = (write(0, "1", b"a"), write(1, "2", b"b"), write(2, "2", b"c"));
///
/// let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
/// assert_eq!(upsert.decide(key, new, 0)?, UpsertDecision::Won { over: None });
/// assert_eq!(upsert.decide(key, old, 0)?, UpsertDecision::Lost { to: new });
/// assert_eq!(upsert.decide(key, other, 0)?, UpsertDecision::Tied { with: new });
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Clone)]
pub struct Upsert<T> {
    table: T,
    rules: UpsertRules,
    sweep: TombstoneGc,
    answers: Answers<UpsertDecision>,
}

/// How an [`Upsert`] chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UpsertRules {
    /// How long a tombstone is remembered after its timestamp, in milliseconds of the newest timestamp seen; for ever without.
    pub tombstone_retention_ms: Option<i64>,
}

/// The write that is the value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Winner {
    /// Its place among the writes of the key.
    pub rank: Rank,
    /// Where it came in.
    pub position: Position,
    /// The time of a tombstone, in milliseconds since 1970 (UTC).
    pub deleted_ms: Option<i64>,
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsertDecision {
    /// It is the value of its key now.
    Won {
        /// The write that was, if there was one.
        over: Option<Winner>,
    },
    /// Another write is.
    Lost {
        /// That one.
        to: Winner,
    },
    /// Only its content tells it from the write that is: a policy has to prefer one. Nothing is
    /// changed, and nothing is remembered of it. [`Upsert::decide_by_content`] decides.
    Tied {
        /// That one.
        with: Winner,
    },
}

/// How far tombstones have been forgotten. It is kept with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TombstoneGc {
    /// The newest timestamp that was seen, in milliseconds since 1970 (UTC).
    pub newest_ms: i64,
    /// The newest timestamp when tombstones were last looked over.
    pub swept_ms: i64,
}

/// Tombstones are looked over this often while their horizon passes once.
const SWEEPS: i64 = 16;

impl<T: Table<Winner>> Upsert<T> {
    /// No write seen yet, with a table that is empty.
    pub fn new(table: T, rules: UpsertRules) -> Self {
        Self { table, rules, sweep: TombstoneGc::default(), answers: Answers::default() }
    }

    /// Goes on with a table, a sweep and the answers that were not settled, all saved together. Tombstones past their horizon
    /// are forgotten again.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn resume(
        table: T,
        rules: UpsertRules,
        sweep: TombstoneGc,
        answers: impl IntoIterator<Item = (Position, UpsertDecision)>,
    ) -> Result<Self, T::Error> {
        let mut upsert = Self { table, rules, sweep, answers: answers.into_iter().collect() };
        upsert.forget()?;
        Ok(upsert)
    }

    /// What becomes of a write of this key, at this position, with this timestamp (milliseconds since 1970, UTC).
    ///
    /// # Errors
    /// When the table cannot be read or written; the write is undecided then.
    pub fn decide(
        &mut self,
        key: Identity,
        write: Winner,
        timestamp_ms: i64,
    ) -> Result<UpsertDecision, T::Error> {
        self.stand(key, write, timestamp_ms, false)
    }

    /// The same, but of a [tie](UpsertDecision::Tied) the greater hash wins: arbitrary, and the same in every region.
    ///
    /// # Errors
    /// When the table cannot be read or written; the write is undecided then.
    pub fn decide_by_content(
        &mut self,
        key: Identity,
        write: Winner,
        timestamp_ms: i64,
    ) -> Result<UpsertDecision, T::Error> {
        self.stand(key, write, timestamp_ms, true)
    }

    fn stand(
        &mut self,
        key: Identity,
        write: Winner,
        timestamp_ms: i64,
        by_content: bool,
    ) -> Result<UpsertDecision, T::Error> {
        if let Some(answer) = self.answers.get(write.position) {
            return Ok(answer);
        }
        let standing = match self.table.get(key)? {
            Some(held) if held.position == write.position && held.rank == write.rank => {
                UpsertDecision::Won { over: None }
            }
            Some(held) if !by_content && write.rank.decided_by(&held.rank) == Reason::Content => {
                return Ok(UpsertDecision::Tied { with: held });
            }
            Some(held) if held.rank >= write.rank => UpsertDecision::Lost { to: held },
            over => {
                self.table.put(key, write)?;
                UpsertDecision::Won { over }
            }
        };
        self.sweep.newest_ms = self.sweep.newest_ms.max(timestamp_ms);
        self.answers.insert(write.position, standing);
        Ok(standing)
    }

    /// Declares everything below `next` done: it is out and will not come again. `next` has at most one position for each input, the next
    /// to be read; of an input that is not named nothing changes.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn on_committed(&mut self, next: &[Position]) -> Result<(), T::Error> {
        self.answers.on_committed(next);
        let horizon = self.rules.tombstone_retention_ms.unwrap_or(i64::MAX);
        if self.sweep.newest_ms.saturating_sub(self.sweep.swept_ms) >= horizon / SWEEPS {
            self.sweep.swept_ms = self.sweep.newest_ms;
            self.forget()?;
        }
        Ok(())
    }

    /// Gives up an input that was revoked: nothing that was decided of it will be asked again, unless it is assigned again and goes on
    /// from its committed position. Its answers are forgotten; its writes stay.
    pub fn release(&mut self, input: u16) {
        self.answers.release(input);
    }

    fn forget(&mut self) -> Result<(), T::Error> {
        let Some(horizon) = self.rules.tombstone_retention_ms else { return Ok(()) };
        let oldest = self.sweep.swept_ms.saturating_sub(horizon);
        self.table.retain(&mut |held| held.deleted_ms.is_none_or(|deleted| deleted >= oldest))
    }

    /// How far tombstones have been forgotten.
    pub fn sweep(&self) -> TombstoneGc {
        self.sweep
    }

    /// The answers that are not settled. They are saved with the table and the sweep where these are saved before the positions
    /// are committed: what comes again from them is then answered as it was, losses and all. Where all of that is one transaction, as it is
    /// in a runner between topics, there are none to be saved.
    ///
    /// # Examples
    /// ```
    /// # use offsets_reconcile::{
    /// #     Fingerprint, Identity, MemoryTable, Position, Rank, Region, UpsertDecision, Upsert, UpsertRules, Version, Winner,
    /// # };
    /// # let key = Identity::of("key", &[Some(b"17")]);
    /// # let write = |offset, version| Winner {
    /// #     rank: Rank {
    /// #         version: Version::read(version).expect("a number"),
    /// #         region: Region(0),
    /// #         content: Fingerprint::of(Some(b"17"), Some(b"paid")),
    /// #     },
    /// #     position: Position::new(0, offset).expect("in range"),
    /// #     deleted_ms: None,
    /// # };
    /// let rules = UpsertRules::default();
    /// let (old, new) = (write(0, "1"), write(1, "2"));
    /// let mut upsert = Upsert::new(MemoryTable::default(), rules);
    /// upsert.decide(key, old, 0)?;
    /// upsert.decide(key, new, 0)?;
    /// let saved = (upsert.table().clone(), upsert.sweep(), upsert.uncommitted().collect::<Vec<_>>());
    ///
    /// // A crash before the positions were committed, and both come again.
    /// let (table, sweep, answers) = saved;
    /// let mut again = Upsert::resume(table.clone(), rules, sweep, answers)?;
    /// assert_eq!(again.decide(key, old, 0)?, UpsertDecision::Won { over: None });
    /// assert_eq!(again.decide(key, new, 0)?, UpsertDecision::Won { over: Some(old) });
    ///
    /// // Without them the value is the same, and the ledger tells it otherwise.
    /// let mut other = Upsert::resume(table, rules, sweep, [])?;
    /// assert_eq!(other.decide(key, old, 0)?, UpsertDecision::Lost { to: new });
    /// assert_eq!(other.decide(key, new, 0)?, UpsertDecision::Won { over: None });
    /// # Ok::<(), std::convert::Infallible>(())
    /// ```
    pub fn uncommitted(&self) -> impl Iterator<Item = (Position, UpsertDecision)> + '_ {
        self.answers.iter()
    }

    /// The table, to save it.
    pub fn table(&mut self) -> &mut T {
        &mut self.table
    }
}
