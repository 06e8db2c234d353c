use std::num::NonZeroU64;
use std::time::Duration;

use crate::answers::Answers;
use crate::{Identity, Position, Table};

/// Lets the first record of each identity pass, inside a window.
///
/// What it answers is a function of identity, position and what it remembers: the record that came first keeps passing
/// when it comes again from the same position, as it does after a crash between the store and the output. So a table that
/// is saved no later than the output, and input positions that are committed no earlier than it, lose nothing and double
/// nothing.
///
/// The window moves only in [`on_committed`](Self::on_committed), which removes every identity that is older than the window and whose
/// first position is settled. A position that is not settled keeps its answer: the identity it was the first of stays in the table, and
/// a duplicate is remembered with the [`WindowState`]. So the memory is that of the window and of the positions in flight, also while
/// several batches are in flight or an input rests. An input that is revoked is [released](Self::release).
/// The positions of one input are decided in rising order.
///
/// # Examples
/// ```
/// use offsets_reconcile::{Dedup, Identity, MemoryTable, Position, Seen, DedupDecision, Window};
///
/// let mut dedup = Dedup::new(MemoryTable::<Seen>::default(), Window::Unbounded);
/// let id = Identity::of("order", &[Some(b"17")]);
/// let [here, there] = [0, 1].map(|input| Position::new(input, 5).expect("in range"));
///
/// assert_eq!(dedup.decide(id, here, 0)?, DedupDecision::First);
/// assert_eq!(dedup.decide(id, there, 0)?, DedupDecision::Duplicate { first: here });
/// assert_eq!(dedup.decide(id, here, 0)?, DedupDecision::First, "it is the same record again");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dedup<T> {
    table: T,
    window: Window,
    window_state: WindowState,
}

/// How long an identity is remembered.
///
/// A window is forgotten in sixteenths: a window of time is at least [`Window::MIN_TIME`] long and a window of identities at least
/// [`Window::MIN_COUNT`]. [`Window::time`] and [`Window::count`] make no shorter one.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use offsets_reconcile::Window;
///
/// let day = Window::time(Duration::from_secs(24 * 60 * 60)).expect("long enough");
/// let million = Window::count(1_000_000).expect("more than none");
/// assert_ne!(day, million);
/// assert_eq!(Window::time(Duration::from_secs(5)), None, "it would forget nothing");
/// assert_eq!(Window::count(15), None, "a sixteenth of it is no identity");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// As long as the table lives. It grows with every identity.
    Unbounded,
    /// Until the newest timestamp seen is this much later; then up to a sixteenth longer. A record that comes in older than that
    /// passes.
    Time(TimeWindow),
    /// Until this many further identities came; then up to a sixteenth more.
    Count(CountWindow),
}

/// The length of a [`Window`] of time, at least [`Window::MIN_TIME`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow(NonZeroU64);

impl TimeWindow {
    /// The length in milliseconds.
    pub fn as_millis(self) -> u64 {
        self.0.get()
    }
}

/// The number of identities of a [`Window`], at least [`Window::MIN_COUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountWindow(NonZeroU64);

impl CountWindow {
    /// The number of identities.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

/// What is remembered of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Where it came first.
    pub first: Position,
    /// The sixteenth of the window it came in.
    pub pane: u32,
}

/// How far a window has come, and what was answered of the positions that are not settled. It is saved with the table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WindowState {
    /// The oldest sixteenth that is remembered.
    pub oldest: u32,
    /// The newest one that was seen.
    pub newest: u32,
    /// How many identities came.
    pub count: u64,
    /// The position after the last one that was decided, of each input.
    pub reached: Vec<Position>,
    /// The first position that is not settled, of each input in `reached` and in the same order. An earlier version did not write it.
    #[cfg_attr(feature = "serde", serde(default))]
    open: Vec<Position>,
    /// The duplicates among the positions that are not settled, each with the position of the first.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Answers::is_empty"))]
    duplicates: Answers<Position>,
    /// Positions that an earlier version had reached without keeping the duplicates below them: the window stays where it is until
    /// they are settled.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    unknown: Vec<Position>,
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DedupDecision {
    /// It is the first of its identity.
    First,
    /// Another came before it.
    Duplicate {
        /// Where that one came in.
        first: Position,
    },
}

/// The parts a window is forgotten in.
const PANES: u32 = 16;

impl Window {
    /// The shortest window of time. Its sixteenths are numbered from 1970 on, and those of a shorter one would outgrow 32 bits.
    pub const MIN_TIME: Duration = Duration::from_secs(16);

    /// The least number of identities of a window: one for each of the sixteenths it is forgotten in.
    pub const MIN_COUNT: u64 = PANES as u64;

    /// A window of time; `None` when it is shorter than [`Window::MIN_TIME`].
    pub fn time(length: Duration) -> Option<Self> {
        let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        NonZeroU64::new(millis).filter(|_| length >= Self::MIN_TIME).map(TimeWindow).map(Self::Time)
    }

    /// A window of this many identities; `None` when they are fewer than [`Window::MIN_COUNT`].
    pub fn count(identities: u64) -> Option<Self> {
        NonZeroU64::new(identities)
            .filter(|_| identities >= Self::MIN_COUNT)
            .map(CountWindow)
            .map(Self::Count)
    }
}

impl<T: Table<Seen>> Dedup<T> {
    /// Nothing seen yet, with a table that is empty.
    pub fn new(table: T, window: Window) -> Self {
        Self { table, window, window_state: WindowState::default() }
    }

    /// Goes on with a table and a frontier that were saved together. What the window had left behind is forgotten again.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn resume(mut table: T, window: Window, window_state: WindowState) -> Result<Self, T::Error> {
        let window_state = window_state.completed();
        table.retain(&mut |seen| window_state.keeps(seen))?;
        Ok(Self { table, window, window_state })
    }

    /// What becomes of a record with this identity, position and timestamp (milliseconds since 1970, UTC).
    ///
    /// # Errors
    /// When the table cannot be read or written; the record is undecided then.
    pub fn decide(
        &mut self,
        identity: Identity,
        position: Position,
        timestamp_ms: i64,
    ) -> Result<DedupDecision, T::Error> {
        if let Some(first) = self.window_state.duplicates.get(position) {
            return Ok(DedupDecision::Duplicate { first });
        }
        // What is too old for the window is remembered as long as the oldest in it, so that its answer holds too.
        let pane = self.pane(timestamp_ms).max(self.window_state.oldest);
        self.window_state.reach(position);
        match self.table.put_if_absent(identity, Seen { first: position, pane })? {
            None => {
                self.window_state.newest = self.window_state.newest.max(pane);
                self.window_state.count += 1;
                Ok(DedupDecision::First)
            }
            Some(seen) if seen.first == position => Ok(DedupDecision::First),
            Some(seen) => {
                // What is never forgotten is found again.
                if self.window != Window::Unbounded {
                    self.window_state.duplicates.insert(position, seen.first);
                }
                Ok(DedupDecision::Duplicate { first: seen.first })
            }
        }
    }

    /// Declares everything below `next` done: it is out and will not come again. `next` has at most one position for each input, the
    /// next to be read. An input that is not named keeps its unsettled positions, and does not hold the window back.
    ///
    /// # Errors
    /// When the table cannot be written.
    ///
    /// # Examples
    /// One batch is in flight while the next is decided:
    /// ```
    /// use offsets_reconcile::{
    ///     Dedup, Identity, MemoryTable, Position, Seen, Table as _, DedupDecision, Window,
    /// };
    ///
    /// let mut dedup = Dedup::new(MemoryTable::<Seen>::default(), Window::count(160).expect("more than none"));
    /// let at = |offset| Position::new(0, offset).expect("in range");
    /// let id = |offset: i64| Identity::of("order", &[Some(&offset.to_le_bytes())]);
    /// for batch in 0..100 {
    ///     for offset in batch * 50..batch * 50 + 50 {
    ///         assert_eq!(dedup.decide(id(offset), at(offset), 0)?, DedupDecision::First);
    ///     }
    ///     dedup.on_committed(&[at(batch * 50)])?; // this batch is in flight, the one before it is committed
    /// }
    /// assert!(dedup.table().len() <= 160 + 160 / 16 + 50, "the window and what is in flight");
    /// assert_eq!(dedup.decide(id(4_950), at(4_950), 0)?, DedupDecision::First, "it was not committed");
    /// # Ok::<(), std::convert::Infallible>(())
    /// ```
    pub fn on_committed(&mut self, next: &[Position]) -> Result<(), T::Error> {
        self.window_state.on_committed(next);
        self.trim()
    }

    /// Gives up an input that was revoked: nothing that was decided of it will be asked again, unless it is assigned again and goes on
    /// from its committed position. Its unsettled positions count as settled.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn release(&mut self, input: u16) -> Result<(), T::Error> {
        self.window_state.release(input);
        self.trim()
    }

    /// Forgets what the window has left behind.
    fn trim(&mut self) -> Result<(), T::Error> {
        let oldest = self.window_state.newest.saturating_sub(PANES);
        if oldest > self.window_state.oldest && self.window_state.unknown.is_empty() {
            self.window_state.oldest = oldest;
            self.table.retain(&mut |seen| self.window_state.keeps(seen))?;
        }
        Ok(())
    }

    /// How far the window has come, and what was answered of the positions in flight.
    pub fn window_state(&self) -> &WindowState {
        &self.window_state
    }

    /// The table, to save it.
    pub fn table(&mut self) -> &mut T {
        &mut self.table
    }

    fn pane(&self, timestamp_ms: i64) -> u32 {
        let part = |length: u64| length.div_ceil(PANES.into());
        let pane = match self.window {
            Window::Unbounded => 0,
            Window::Time(length) => {
                u64::try_from(timestamp_ms).unwrap_or_default() / part(length.as_millis())
            }
            Window::Count(identities) => self.window_state.count / part(identities.get()),
        };
        u32::try_from(pane).unwrap_or(u32::MAX)
    }
}

impl WindowState {
    /// The frontier as it is once everything that was decided is settled. It is what belongs into a transaction that commits the table,
    /// the output and the positions together, and it does not grow with what is in flight.
    #[must_use]
    pub fn committed(&self) -> Self {
        Self {
            reached: self.reached.clone(),
            open: self.reached.clone(),
            duplicates: Answers::default(),
            unknown: Vec::new(),
            ..*self
        }
    }

    /// Fills in what an earlier version did not write: none of what it had reached is known to be settled.
    fn completed(mut self) -> Self {
        if self.open.len() != self.reached.len() {
            self.open = self.reached.iter().filter_map(|reached| Position::new(reached.input(), 0)).collect();
            self.unknown.clone_from(&self.reached);
        }
        self
    }

    fn reach(&mut self, position: Position) {
        let after = position.next();
        match self.reached.iter_mut().find(|reached| reached.input() == position.input()) {
            Some(reached) => *reached = (*reached).max(after),
            None => {
                self.reached.push(after);
                self.open.push(position);
            }
        }
    }

    fn on_committed(&mut self, next: &[Position]) {
        let named = |input| next.iter().find(move |next| next.input() == input);
        for open in &mut self.open {
            *open = named(open.input()).map_or(*open, |next| (*open).max(*next));
        }
        self.unknown.retain(|reached| named(reached.input()).is_none_or(|next| next < reached));
        self.duplicates.on_committed(next);
    }

    fn release(&mut self, input: u16) {
        for positions in [&mut self.reached, &mut self.open, &mut self.unknown] {
            positions.retain(|position| position.input() != input);
        }
        self.duplicates.release(input);
    }

    /// Whether an identity is in the window, or the position it came at first is not settled.
    fn keeps(&self, seen: &Seen) -> bool {
        let is_open =
            |open: &Position| open.input() == seen.first.input() && seen.first.offset() >= open.offset();
        seen.pane >= self.oldest || self.open.iter().any(is_open)
    }
}
