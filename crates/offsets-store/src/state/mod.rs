//! What the operators of reconciliation remember, on a disk: a table in memory, and beside it a log of segments it can be
//! built from again.

mod kept;
mod page;
mod replica;

pub use kept::Kept;
pub use replica::{NotAChange, Replica, ReplicaPlace, SegmentChange};

use std::mem;

use offsets_core::reconcile::{Filling, Identity, MemoryTable, Table};

use self::page::Page;
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Flaw, Head};

/// The kind of the stream that holds the entries of a table, and of the one that holds its progress.
const ENTRIES: u8 = 16;
const PROGRESS: u8 = 17;

/// So many entries more than twice what is remembered may lie on the disk before the oldest are cleaned away.
const SLACK: u64 = 16 * 1024;

/// A [`Table`] that outlives the process.
///
/// Everything is in memory and answered from there. What changes goes into segments, and [`save`](Self::save) puts them on the disk
/// together with a progress, such as how far the inputs were read: in one step, so one is never there without the other.
/// What was not saved is gone after a crash, all of it.
///
/// ```
/// use offsets_core::reconcile::{Dedup, Identity, Position, Seen, Table as _, Verdict, Window};
/// use offsets_store::{DurableTable, MemoryLog};
///
/// # fn main() -> Result<(), offsets_store::Error> {
/// let table = DurableTable::<Seen, _>::open(MemoryLog::default(), 0)?;
/// let mut dedup = Dedup::new(table, Window::Unbounded);
/// let (id, place) = (Identity::of("order", &[Some(b"17")]), Position::new(0, 5).expect("in range"));
/// assert_eq!(dedup.decide(id, place, 0)?, Verdict::First);
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
    index: MemoryTable<V>,
    /// The first segment that is there.
    first: u64,
    /// Segments that are full and not saved yet.
    full: Vec<(Key, Vec<u8>)>,
    tail: Tail<V>,
    /// Entries in the log, those that are no longer true among them.
    entries: u64,
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

impl<V: Kept, L: SegmentLog> DurableTable<V, L> {
    /// Opens the table of one space of a log; other tables may be in other spaces.
    ///
    /// A damaged segment ends what is read: what stands before it is kept, what stands behind it is removed, there is no
    /// [`progress`](Self::progress), and [`damage`](Self::damage) names it. The inputs are to be read again from a position that what is kept
    /// goes back to, or from their beginning.
    ///
    /// # Errors
    /// The log's own.
    pub fn open(mut log: L, space: u32) -> Result<Self, Error> {
        let mut flaw = None;
        let progress_stream = Stream { space, kind: PROGRESS };
        let (mut progress, mut remembered) = (None, 0);
        log.scan(progress_stream, 0, &mut |sequence, bytes| {
            let key = Key { stream: progress_stream, sequence };
            match segment::decode(key, bytes) {
                Ok((head, bytes)) => (progress, remembered) = (Some(bytes.to_vec()), head.next),
                Err(found) => flaw = Some((key, found)),
            }
            false
        })?;
        let stream = Stream { space, kind: ENTRIES };
        let mut index = Filling::new(usize::try_from(remembered).unwrap_or_default());
        let (mut first, mut entries, mut last, mut handful) = (None, 0, None, Vec::new());
        log.scan(stream, 0, &mut |sequence, bytes| {
            let key = Key { stream, sequence };
            let read = match last {
                Some(last) if last + 1 != sequence => Err(Flaw::Gap(last + 1)),
                _ => page::read(key, bytes, &mut handful),
            };
            match read {
                Ok(()) => {
                    first.get_or_insert(sequence);
                    last = Some(sequence);
                    entries += handful.len() as u64;
                    handful.iter().for_each(|&(identity, value)| index.put(identity, value));
                    true
                }
                Err(found) => {
                    flaw = Some((key, found));
                    handful.clear();
                    false
                }
            }
        })?;
        let mut damage = None;
        if let Some((key, flaw)) = flaw {
            progress = None;
            if key.stream == stream {
                log.remove(stream, key.sequence..u64::MAX)?;
            }
            log.remove(progress_stream, 0..u64::MAX)?;
            log.flush()?;
            damage = Some(StateDamage { key, flaw });
        }
        let first = first.unwrap_or_default();
        let tail = match last {
            // Behind damage a new segment is begun.
            Some(last) if handful.is_empty() => Tail::new(last + 1),
            Some(last) => Tail { sequence: last, page: Page::of(&handful), changed: false },
            None => Tail::new(0),
        };
        let (index, full) = (index.finish(), Vec::new());
        Ok(Self { log, space, index, first, full, tail, entries, progress, damage })
    }

    /// Puts everything on the disk that changed, with `progress`, and returns when it is there.
    ///
    /// # Errors
    /// The log's own; then nothing of it is on the disk, and saving can be tried again.
    pub fn save(&mut self, progress: &[u8]) -> Result<(), Error> {
        self.append(Some(progress))?;
        self.progress = Some(progress.to_vec());
        self.log.flush()?;
        if self.entries > 2 * self.index.len() + SLACK {
            self.clean()?;
        }
        Ok(())
    }

    /// What was saved with the table; `None` in a new one, and where there was damage.
    pub fn progress(&self) -> Option<&[u8]> {
        self.progress.as_deref()
    }

    /// What was found damaged when it was opened.
    pub fn damage(&self) -> Option<&StateDamage> {
        self.damage.as_ref()
    }

    /// The log beneath.
    pub fn log(&self) -> &L {
        &self.log
    }

    /// The log beneath, for whoever keeps its changes elsewhere too. What is written to it past the table is not seen by it.
    pub fn log_mut(&mut self) -> &mut L {
        &mut self.log
    }

    /// The log beneath. What was not saved is gone.
    pub fn into_log(self) -> L {
        self.log
    }

    /// Entries in the log, those that are no longer true among them.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Forgets everything, progress too.
    ///
    /// # Errors
    /// The log's own.
    pub fn clear(&mut self) -> Result<(), Error> {
        for kind in [PROGRESS, ENTRIES] {
            self.log.remove(Stream { space: self.space, kind }, 0..u64::MAX)?;
        }
        self.log.flush()?;
        self.index = MemoryTable::default();
        self.full.clear();
        // Numbers are not given twice, so that a segment that is left of before cannot be taken for one that comes.
        self.tail = Tail::new(self.tail.sequence + 1);
        (self.first, self.entries, self.progress) = (self.tail.sequence, 0, None);
        Ok(())
    }

    /// Notes what an identity has now.
    fn enter(&mut self, identity: Identity, value: V) {
        if self.tail.page.is_full() {
            let next = Tail::new(self.tail.sequence + 1);
            let tail = mem::replace(&mut self.tail, next);
            self.full.push(tail.encode(self.space));
        }
        self.tail.enter(identity, value);
        self.entries += 1;
    }

    /// Hands everything that changed to the log, in one step.
    fn append(&mut self, progress: Option<&[u8]>) -> Result<(), Error> {
        let mut segments = self.full.clone();
        if self.tail.changed {
            segments.push(self.tail.encode(self.space));
        }
        if let Some(progress) = progress {
            let key = Key { stream: Stream { space: self.space, kind: PROGRESS }, sequence: 0 };
            let remembered = i64::try_from(self.index.len()).unwrap_or_default();
            let head = Head { count: 1, next: remembered, ..Head::default() };
            segments.push((key, segment::encode(key, &head, progress)));
        }
        self.log.append(&segments)?;
        self.full.clear();
        self.tail.changed = false;
        Ok(())
    }

    /// Gives back the room of entries that are no longer true. From the oldest segment on, what is true is written again at
    /// the end, and the segment goes; a crash in between leaves it twice, which changes nothing.
    fn clean(&mut self) -> Result<(), Error> {
        let stream = Stream { space: self.space, kind: ENTRIES };
        while self.entries > self.index.len() + SLACK / 2 && self.first < self.tail.sequence {
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
                let Ok(held) = self.index.get(identity);
                if held == Some(value) {
                    self.enter(identity, value);
                }
            }
            self.append(None)?;
            self.log.flush()?;
            self.log.remove(stream, self.first..self.first + 1)?;
            self.entries -= oldest.len() as u64;
            self.first += 1;
        }
        self.log.flush()
    }
}

impl<V: Kept, L: SegmentLog> Table<V> for DurableTable<V, L> {
    type Error = Error;

    fn get(&mut self, identity: Identity) -> Result<Option<V>, Error> {
        let Ok(value) = self.index.get(identity);
        Ok(value)
    }

    fn put(&mut self, identity: Identity, value: V) -> Result<(), Error> {
        let Ok(()) = self.index.put(identity, value);
        self.enter(identity, value);
        Ok(())
    }

    fn put_if_absent(&mut self, identity: Identity, value: V) -> Result<Option<V>, Error> {
        let Ok(held) = self.index.put_if_absent(identity, value);
        if held.is_none() {
            self.enter(identity, value);
        }
        Ok(held)
    }

    /// What is forgotten here is there again after a crash, until the room it takes is given back: an operator that goes on
    /// forgets it again by its own progress.
    fn retain(&mut self, keep: &mut dyn FnMut(&V) -> bool) -> Result<(), Error> {
        let Ok(()) = self.index.retain(keep);
        Ok(())
    }

    fn len(&self) -> u64 {
        self.index.len()
    }
}

impl<V: Kept> Tail<V> {
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
