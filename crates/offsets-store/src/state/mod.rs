//! What the operators of reconciliation remember, on a disk: a table in memory, and beside it a log of segments it can be
//! built from again.

mod cost;
mod folder;
mod identity;
mod mark;
mod memtables;
mod merge;
mod opening;
mod options;
mod page;
mod replica;
mod sorted_run;
mod sorted_runs;
mod stored_value;
mod survey;

pub use cost::TableCost;
pub(crate) use folder::write_copy;
pub use folder::{Acknowledged, StateFolder, StateFolderError};
pub use identity::TableIdentity;
pub use opening::saved_progress;
pub use options::TableOptions;
pub use replica::{ChangelogReplica, NotAChange, ReplicaCheckpoint, SegmentChange};
pub use stored_value::StoredValue;
pub use survey::SavedState;

use std::mem;

use offsets_reconcile::{Identity, Table};

use self::memtables::{MemtableLimit, Memtables};
use self::page::Page;
use self::sorted_runs::SortedRuns;
use crate::Error;
use crate::log::{Claim, Key, SegmentLog, Stream};
use crate::segment::{self, Flaw, Head};

/// The kind of the stream that holds the entries of a table, and of the one that holds its progress.
const ENTRIES: u8 = 16;
const PROGRESS: u8 = 17;

/// Number of entries beyond twice what is remembered that may lie on the disk before the oldest are compacted.
const SLACK: u64 = 16 * 1024;

/// Number of segments that a save compacts for each one it writes, which is more than keeps up: about half of what is in the oldest is
/// written again. So what one save changes is about as much as was put in, and fits into one transaction.
const COMPACTED_PER_WRITTEN: u64 = 4;

/// A [`Table`] that outlives the process.
///
/// Everything is in memory and answered from there. What changes goes into segments, and [`save`](Self::save) puts them on the disk
/// together with a progress, such as how far the inputs were read: in one step, so one is never there without the other.
/// What was not saved is gone after a crash, all of it.
///
/// ```
/// use offsets_reconcile::{Dedup, Identity, Position, Seen, Table as _, DedupDecision, Window};
/// use offsets_store::{DurableTable, MemoryLog};
///
/// # fn main() -> Result<(), offsets_store::Error> {
/// let table = DurableTable::<Seen, _>::open(MemoryLog::default(), 0)?;
/// let mut dedup = Dedup::new(table, Window::Unbounded);
/// let (id, place) = (Identity::of("order", &[Some(b"17")]), Position::new(0, 5).expect("in range"));
/// assert_eq!(dedup.decide(id, place, 0)?, DedupDecision::First);
/// dedup.table().save(b"read up to 6")?;
///
/// let log = dedup.table().log().clone();
/// let mut again = DurableTable::<Seen, _>::open(log, 0)?;
/// assert_eq!(again.progress(), Some(&b"read up to 6"[..]));
/// assert_eq!(again.get(id)?.map(|seen| seen.first), Some(place));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DurableTable<V, L> {
    log: L,
    space: u32,
    _claim: Claim,
    identity: TableIdentity,
    /// Whether the header on the disk says so.
    is_identified: bool,
    /// Bytes of memory it may take.
    cap: Option<usize>,
    memtables: Memtables<V>,
    sorted_runs: SortedRuns<V>,
    /// The first segment that is there.
    first: u64,
    /// The first segment of entries that are sealed, where a crash left some: they go with the next save.
    leftover: Option<u64>,
    /// Segments that are full and not saved yet.
    full: Vec<(Key, Vec<u8>)>,
    tail: Tail<V>,
    progress: Option<Vec<u8>>,
    damage: Option<StateDamage>,
}

/// A segment of a table that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("segment {} of space {} cannot be used: {flaw}", .key.sequence, .key.stream.space)]
pub struct StateDamage {
    /// The segment.
    pub key: Key,
    /// What is wrong with it.
    #[source]
    pub flaw: Flaw,
}

/// The segment that grows.
#[derive(Debug)]
struct Tail<V> {
    sequence: u64,
    page: Page<V>,
    changed: bool,
}

impl<V: StoredValue, L: SegmentLog> DurableTable<V, L> {
    /// Opens the table of one space of a log; other tables may be in other spaces. Memory is not limited, and rules are not compared:
    /// [`TableOptions`] has both.
    ///
    /// Nothing on the disk is changed or removed. The header of the table is written, or brought up to date, by the next
    /// [`save`](Self::save).
    ///
    /// # Errors
    /// [`Error::State`] when a segment is damaged or missing: opened again, it is refused again. [`Error::Salvaged`] when damage was cut out
    /// of it and that is not acknowledged; [`Error::OtherTable`] when the space holds a table of another type, of other rules or of a newer
    /// format; [`Error::Claimed`] when another table has the space open; the log's own.
    pub fn open(log: L, space: u32) -> Result<Self, Error> {
        TableOptions::new().open(log, space)
    }

    /// [Opens](Self::open) a table that takes at most about this number of bytes of memory, as [`TableOptions::capped`] says.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn open_capped(log: L, space: u32, bytes: usize) -> Result<Self, Error> {
        TableOptions::new().capped(bytes).open(log, space)
    }

    /// Opens a table and cuts out of it what is damaged: what stands before the damage is kept, what stands behind it is removed
    /// from the disk, there is no [`progress`](Self::progress), and [`damage`](Self::damage) names it. The inputs are to be read again from a position
    /// that what is kept goes back to, or from their beginning; else duplicates pass.
    ///
    /// The table is marked on the disk: [`open`](Self::open) refuses it until the salvage is [acknowledged](Self::acknowledge), and salvaged
    /// again it names the same damage. Of a table that is whole nothing is changed.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), but for [`Error::State`] and [`Error::Salvaged`].
    ///
    /// # Examples
    /// ```
    /// use offsets_reconcile::{Identity, Position, Seen, Table as _};
    /// use offsets_store::{DurableTable, Error, Key, MemoryLog, SegmentLog as _, Stream};
    ///
    /// # fn main() -> Result<(), Error> {
    /// let mut table = DurableTable::<Seen, _>::open(MemoryLog::default(), 0)?;
    /// let (id, first) = (Identity::of("order", &[Some(b"17")]), Position::new(0, 5).expect("in range"));
    /// table.put(id, Seen { first, pane: 0 })?;
    /// table.save(b"read up to 6")?;
    /// let mut log = table.into_log();
    /// let key = Key { stream: Stream { space: 0, kind: 16 }, sequence: 0 };
    /// log.append(&[(key, b"a broken disk".to_vec())])?;
    ///
    /// let refused = |log: &MemoryLog| DurableTable::<Seen, _>::open(log.clone(), 0).unwrap_err();
    /// assert!(matches!(refused(&log), Error::State(damage) if damage.key == key));
    /// assert!(matches!(refused(&log), Error::State(_)), "and so it is for the next process");
    ///
    /// let mut table = DurableTable::<Seen, _>::salvage(log, 0)?;
    /// assert_eq!((table.damage().map(|damage| damage.key), table.progress()), (Some(key), None));
    /// assert!(matches!(refused(table.log()), Error::Salvaged { .. }));
    /// // Here the inputs are set back to where they begin.
    /// table.acknowledge()?;
    /// DurableTable::<Seen, _>::open(table.into_log(), 0)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn salvage(log: L, space: u32) -> Result<Self, Error> {
        TableOptions::new().salvage(log, space)
    }

    /// Takes note of what a [salvage](Self::salvage) has cut out: the table can be [opened](Self::open) again from now on.
    ///
    /// # Errors
    /// The log's own.
    pub fn acknowledge(&mut self) -> Result<(), Error> {
        mark::remove(&mut self.log, self.space)?;
        self.damage = None;
        Ok(())
    }

    /// What the table says of itself: the type of its values, and the rules they were decided by.
    pub fn identity(&self) -> &TableIdentity {
        &self.identity
    }

    /// Puts everything on the disk that changed, with `progress`, and returns when it is there.
    ///
    /// # Errors
    /// The log's own; then nothing of it is on the disk, and saving can be tried again.
    pub fn save(&mut self, progress: &[u8]) -> Result<(), Error> {
        let written = self.append(Some(progress))?;
        self.progress = Some(progress.to_vec());
        self.log.flush()?;
        self.sorted_runs.saved(&mut self.log)?;
        self.remove_spilled_entries(self.first)?;
        if self.memtables.entered() > 2 * self.memtables.len() + SLACK {
            if self.memtables.count() > 1 {
                return self.spill_oldest();
            }
            self.compact_entries(written.saturating_mul(COMPACTED_PER_WRITTEN))?;
        }
        Ok(())
    }

    /// What it takes, and what its cap costs.
    pub fn cost(&self) -> TableCost {
        TableCost {
            in_memory: self.memtables.len(),
            memtable_bytes: self.memtables.bytes() as u64,
            ..self.sorted_runs.cost()
        }
    }

    /// What was saved with the table; `None` in a new one, and after a [salvage](Self::salvage).
    pub fn progress(&self) -> Option<&[u8]> {
        self.progress.as_deref()
    }

    /// The damage that a [salvage](Self::salvage) cut out, as long as that is not [acknowledged](Self::acknowledge).
    pub fn damage(&self) -> Option<&StateDamage> {
        self.damage.as_ref()
    }

    /// The log beneath.
    pub fn log(&self) -> &L {
        &self.log
    }

    /// The log beneath, for a caller that keeps its changes elsewhere too. What is written to it past the table is not seen by it.
    pub fn log_mut(&mut self) -> &mut L {
        &mut self.log
    }

    /// The log beneath. What was not saved is gone.
    pub fn into_log(self) -> L {
        self.log
    }

    /// Entries in the log, those that are no longer true among them.
    pub fn entries(&self) -> u64 {
        self.memtables.entered()
    }

    /// Forgets everything, progress too.
    ///
    /// # Errors
    /// The log's own.
    pub fn clear(&mut self) -> Result<(), Error> {
        for kind in [PROGRESS, ENTRIES] {
            self.log.remove(Stream { space: self.space, kind }, 0..u64::MAX)?;
        }
        // Numbers are not given twice, so that a segment that is left of before cannot be taken for one that comes.
        let next = self.tail.sequence + 1;
        self.sorted_runs.clear(&mut self.log, next)?;
        self.log.flush()?;
        self.tail = Tail::new(next);
        self.full.clear();
        self.memtables.clear();
        (self.first, self.leftover, self.progress) = (next, None, None);
        self.limit();
        Ok(())
    }

    /// Puts a value into memory; it may be on the disk already.
    fn keep(&mut self, identity: Identity, value: V) -> Result<(), Error> {
        if !self.sorted_runs.is_empty()
            && self.memtables.get(identity).is_none()
            && self.sorted_runs.find(&self.log, identity)?.is_some()
        {
            self.sorted_runs.hidden();
        }
        self.memtables.put(identity, value);
        Ok(())
    }

    /// Makes room for one more value in memory.
    fn make_room(&mut self) -> Result<(), Error> {
        if !self.memtables.is_full_with(1) {
            return Ok(());
        }
        if self.tail.changed || !self.tail.page.is_empty() {
            self.roll();
        }
        self.begin_memtable(self.tail.sequence)
    }

    /// Begins a generation whose entries begin in a segment.
    fn begin_memtable(&mut self, begins: u64) -> Result<(), Error> {
        while self.memtables.is_too_many() {
            self.spill_oldest()?;
        }
        self.memtables.begin(begins);
        Ok(())
    }

    /// Takes the oldest generation out of memory.
    fn spill_oldest(&mut self) -> Result<(), Error> {
        let Some((oldest, from)) = self.memtables.oldest() else { return Ok(()) };
        self.sorted_runs.spill(&mut self.log, oldest, from)?;
        self.memtables.drop_oldest();
        // What is sealed need not be written as an entry any more.
        self.full.retain(|(key, _)| key.sequence >= from);
        self.sorted_runs.compact(&mut self.log, &mut self.memtables)?;
        self.limit();
        Ok(())
    }

    /// Says what is left for the index beside the filters.
    fn limit(&mut self) {
        let limit =
            self.cap.map(|cap| MemtableLimit::within::<V>(cap.saturating_sub(self.sorted_runs.bytes())));
        self.memtables.limit(limit);
    }

    /// Removes the segments of entries that are sealed, from this one on.
    fn remove_spilled_entries(&mut self, first: u64) -> Result<(), Error> {
        let from = self.sorted_runs.from();
        let first = self.leftover.map_or(first, |leftover| leftover.min(first));
        if first < from {
            self.log.remove(Stream { space: self.space, kind: ENTRIES }, first..from)?;
        }
        (self.first, self.leftover) = (self.first.max(from), None);
        Ok(())
    }

    /// Notes what an identity has now.
    fn enter(&mut self, identity: Identity, value: V) {
        if self.tail.page.is_full() {
            self.roll();
        }
        self.tail.enter(identity, value);
    }

    /// Begins the next segment.
    fn roll(&mut self) {
        let next = Tail::new(self.tail.sequence + 1);
        let tail = mem::replace(&mut self.tail, next);
        if tail.changed {
            self.full.push(tail.encode(self.space));
        }
    }

    /// Hands everything that changed to the log, in one step; tells how many segments of entries that was.
    fn append(&mut self, progress: Option<&[u8]>) -> Result<u64, Error> {
        let mut segments = mem::take(&mut self.full);
        let full = segments.len();
        if self.tail.changed {
            segments.push(self.tail.encode(self.space));
        }
        let written = segments.len() as u64;
        segments.extend(self.sorted_runs.change());
        let identifies = progress.is_some() && !self.is_identified;
        segments.extend(identifies.then(|| self.identity.segment(self.space)));
        if let Some(progress) = progress {
            let key = Key { stream: Stream { space: self.space, kind: PROGRESS }, sequence: 0 };
            let remembered = i64::try_from(self.len()).unwrap_or_default();
            let head = Head { count: 1, next: remembered, ..Head::default() };
            segments.push((key, segment::encode(key, &head, progress)));
        }
        if let Err(error) = self.log.append(&segments) {
            segments.truncate(full);
            self.full = segments;
            return Err(error);
        }
        self.tail.changed = false;
        self.is_identified |= identifies;
        Ok(written)
    }

    /// Gives back the room of entries that are no longer true, in this number of segments. From the oldest on, what is true is written
    /// again at the end, and the segment goes; a crash in between leaves it twice, which changes nothing.
    fn compact_entries(&mut self, segments: u64) -> Result<(), Error> {
        let stream = Stream { space: self.space, kind: ENTRIES };
        let last = self.first.saturating_add(segments).min(self.tail.sequence);
        while self.memtables.entered() > self.memtables.len() + SLACK / 2 && self.first < last {
            let (mut oldest, mut whole) = (Vec::new(), false);
            self.log.scan(stream, self.first, &mut |sequence, bytes| {
                whole = page::read(Key { stream, sequence }, bytes, &mut oldest).is_ok();
                false
            })?;
            // What could not be read again is left alone: opening it will name it.
            if !whole {
                break;
            }
            for &(identity, value) in &oldest {
                if self.memtables.get(identity) == Some(value) {
                    self.enter(identity, value);
                    self.memtables.entered_again();
                }
            }
            self.append(None)?;
            self.log.flush()?;
            self.log.remove(stream, self.first..self.first + 1)?;
            self.memtables.gone(oldest.len() as u64);
            self.first += 1;
        }
        self.log.flush()
    }
}

impl<V: StoredValue, L: SegmentLog> Table<V> for DurableTable<V, L> {
    type Error = Error;

    fn get(&mut self, identity: Identity) -> Result<Option<V>, Error> {
        match self.memtables.get(identity) {
            None if !self.sorted_runs.is_empty() => self.sorted_runs.find(&self.log, identity),
            held => Ok(held),
        }
    }

    fn put(&mut self, identity: Identity, value: V) -> Result<(), Error> {
        self.make_room()?;
        self.keep(identity, value)?;
        self.enter(identity, value);
        Ok(())
    }

    fn put_if_absent(&mut self, identity: Identity, value: V) -> Result<Option<V>, Error> {
        let held = if self.cap.is_none() && self.sorted_runs.is_empty() {
            self.memtables.put_if_absent(identity, value)
        } else {
            let held = self.get(identity)?;
            if held.is_none() {
                self.make_room()?;
                self.memtables.put(identity, value);
            }
            held
        };
        if held.is_none() {
            self.enter(identity, value);
        }
        Ok(held)
    }

    fn prefetch(&self, identities: &mut dyn Iterator<Item = Identity>) {
        self.memtables.prefetch(identities);
    }

    /// What is forgotten here is there again after a crash, and may be when the table is opened again, until the room it takes is given
    /// back: an operator that goes on forgets it again by its own progress. What is asked more than once is to be answered alike.
    fn retain(&mut self, keep: &mut dyn FnMut(&V) -> bool) -> Result<(), Error> {
        self.sorted_runs.retain(&mut self.log, &mut self.memtables, keep)?;
        self.memtables.retain(keep);
        self.limit();
        Ok(())
    }

    fn len(&self) -> u64 {
        self.memtables.len() + self.sorted_runs.visible()
    }
}

impl<V: StoredValue> Tail<V> {
    fn new(sequence: u64) -> Self {
        Self { sequence, page: Page::new(), changed: false }
    }

    fn enter(&mut self, identity: Identity, value: V) {
        self.page.enter(identity, value);
        self.changed = true;
    }

    fn encode(&self, space: u32) -> (Key, Vec<u8>) {
        self.page.encode(Key { stream: Stream { space, kind: ENTRIES }, sequence: self.sequence })
    }
}
