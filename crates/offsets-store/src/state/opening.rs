use offsets_reconcile::{Identity, MemoryTable, MemoryTableBuilder, Table as _};

use super::memtables::{MemtableLimit, Memtables};
use super::sorted_runs::{RUN_ENTRIES, SortedRuns};
use super::{
    DurableTable, ENTRIES, PROGRESS, Page, StateDamage, StoredValue, TableIdentity, TableOptions, Tail, mark,
    page,
};
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Flaw};

/// The entries of a table as they are read again, segment by segment.
#[derive(Debug)]
struct Reading<V> {
    stream: Stream,
    first: Option<u64>,
    last: Option<u64>,
    /// The entries of the last segment.
    entries: Vec<(Identity, V)>,
    /// Whether these are too many for the index as it is, so that they are not in it yet.
    waits: bool,
    damage: Option<StateDamage>,
}

impl<V: StoredValue> Reading<V> {
    /// Reads a segment, and tells whether it can be used.
    fn read(&mut self, sequence: u64, bytes: &[u8]) -> bool {
        let key = Key { stream: self.stream, sequence };
        let read = match self.last {
            Some(last) if last + 1 != sequence => Err(Flaw::Gap(last + 1)),
            _ => page::read(key, bytes, &mut self.entries),
        };
        match read {
            Ok(()) => {
                self.first.get_or_insert(sequence);
                self.last = Some(sequence);
            }
            Err(flaw) => {
                self.damage = Some(StateDamage { key, flaw });
                self.entries.clear();
            }
        }
        self.damage.is_none()
    }

    /// Their approximate number in all.
    fn read_all(&mut self, log: &impl SegmentLog, from: u64, about: usize) -> Result<Memtables<V>, Error> {
        // With room for what comes next: a table that is full would double at once.
        let mut table = MemoryTableBuilder::new(about + about / 4);
        let mut entered = 0;
        log.scan(self.stream, from, &mut |sequence, bytes| {
            let whole = self.read(sequence, bytes);
            entered += self.entries.len() as u64;
            self.entries.iter().for_each(|&(identity, value)| table.put(identity, value));
            whole
        })?;
        Ok(Memtables::new(table.finish(), self.first.unwrap_or(from), entered, None))
    }

    /// As many as one generation has.
    fn read_some(
        &mut self,
        log: &impl SegmentLog,
        from: u64,
        limit: MemtableLimit,
    ) -> Result<Memtables<V>, Error> {
        let mut memtables = Memtables::new(MemoryTable::default(), from, 0, Some(limit));
        log.scan(self.stream, from, &mut |sequence, bytes| {
            let whole = self.read(sequence, bytes);
            self.waits = memtables.len() > 0 && memtables.is_full_with(self.entries.len());
            if !self.waits {
                self.entries.iter().for_each(|&(identity, value)| memtables.put(identity, value));
            }
            whole && !self.waits
        })?;
        Ok(memtables)
    }

    /// The segment behind the last one, if there is one that can be used.
    fn next(&mut self, log: &impl SegmentLog) -> Result<bool, Error> {
        let Some(last) = self.last else { return Ok(false) };
        let mut whole = false;
        log.scan(self.stream, last + 1, &mut |sequence, bytes| {
            whole = self.read(sequence, bytes);
            false
        })?;
        Ok(whole)
    }
}

/// The progress that stands with the table of a space, whatever type it is of; `None` where none was saved.
///
/// # Errors
/// [`Error::State`] when it is damaged; the log's own.
pub fn saved_progress(log: &impl SegmentLog, space: u32) -> Result<Option<Vec<u8>>, Error> {
    Ok(Saved::read(log, space)?.map_err(Error::State)?.bytes)
}

/// What was saved with a table.
#[derive(Debug, Default)]
struct Saved {
    bytes: Option<Vec<u8>>,
    /// How many identities were remembered then.
    remembered: i64,
}

impl Saved {
    fn read(log: &impl SegmentLog, space: u32) -> Result<Result<Self, StateDamage>, Error> {
        let key = Key { stream: Stream { space, kind: PROGRESS }, sequence: 0 };
        let mut read = Ok(Self::default());
        log.get(key, &mut |bytes| {
            read = match segment::decode(key, bytes) {
                Ok((head, bytes)) => Ok(Self { bytes: Some(bytes.to_vec()), remembered: head.next }),
                Err(flaw) => Err(StateDamage { key, flaw }),
            };
        })?;
        Ok(read)
    }
}

impl<V: StoredValue, L: SegmentLog> DurableTable<V, L> {
    /// Opens a table. What is damaged is refused, or, where the table is to be salvaged, cut out of it.
    pub(super) fn opened(log: L, space: u32, options: &TableOptions, salvages: bool) -> Result<Self, Error> {
        let claim = log.claim(space).ok_or(Error::Claimed { space })?;
        let (marked, of_mark) = damaged(mark::read(&log, space))?;
        if let Some(damage) = marked.clone().flatten().filter(|_| !salvages) {
            return Err(Error::Salvaged { damage });
        }
        let (header, of_header) = damaged(TableIdentity::read(&log, space))?;
        let header = header.flatten();
        let mut identity = TableIdentity::of::<V>(options.rules.clone());
        if let Some(found) = &header {
            if !found.admits(&identity) {
                return Err(Error::OtherTable { space, found: found.clone(), expected: identity });
            }
            identity.rules = identity.rules.or_else(|| found.rules.clone());
        }
        let is_identified = header.as_ref() == Some(&identity);
        let cap = options.cap;
        let (saved, of_progress) = damaged(Saved::read(&log, space)?.map_err(Error::State))?;
        let Saved { bytes: progress, remembered } = saved.unwrap_or_default();
        let (mut sorted_runs, of_list) = SortedRuns::open(&log, space)?;
        let first_new = sorted_runs.next();
        let stream = Stream { space, kind: ENTRIES };
        let mut reading =
            Reading { stream, first: None, last: None, entries: Vec::new(), waits: false, damage: None };
        let from = sorted_runs.from();
        let mut memtables = match cap {
            None => {
                let about = remembered.saturating_sub(sorted_runs.entries().cast_signed());
                reading.read_all(&log, from, usize::try_from(about).unwrap_or_default())?
            }
            Some(cap) => reading.read_some(&log, from, MemtableLimit::within::<V>(cap))?,
        };
        let of_runs = match of_list {
            Some(damage) => {
                sorted_runs.discard(0);
                memtables.clear();
                Some(damage)
            }
            None => sorted_runs.load(&log, &mut memtables)?,
        };
        let leftover = first_of(&log, stream)?.filter(|first| *first < from);
        let mut table = Self {
            log,
            space,
            _claim: claim,
            identity,
            is_identified,
            cap,
            memtables,
            sorted_runs,
            first: reading.first.unwrap_or(from),
            leftover,
            full: Vec::new(),
            tail: Tail::new(from),
            progress,
            damage: None,
        };
        table.limit();
        if of_runs.is_none()
            && let Err(error) = table.read_rest(&mut reading)
        {
            table.discard_new_runs(first_new)?;
            return Err(error);
        }
        table.tail = match reading.last {
            Some(last) if reading.damage.is_none() && of_runs.is_none() => {
                Tail { sequence: last, page: Page::of(&reading.entries), changed: false }
            }
            // Behind damage a new segment is begun.
            Some(last) => Tail::new(last + 1),
            None => Tail::new(from),
        };
        let kept_up_to = match &reading.damage {
            _ if of_runs.is_some() => Some(0),
            Some(damage) => Some(damage.key.sequence),
            None => None,
        };
        let damage = of_runs.or(reading.damage).or(of_progress).or_else(|| table.fewer_than(remembered));
        let damage = damage.or(of_header).or(of_mark);
        let Some(damage) = damage else {
            table.damage = marked.flatten();
            return Ok(table);
        };
        // A table without a header may be one of another type, whose entries make no sense here.
        let found = match damage.flaw {
            Flaw::Entries if header.is_none() => TableIdentity::guess::<V>(&table.log, damage.key)?,
            _ => None,
        };
        if found.is_none() && salvages {
            table.cut(kept_up_to, damage)?;
            return Ok(table);
        }
        table.discard_new_runs(first_new)?;
        Err(match found {
            Some(found) => Error::OtherTable { space, found, expected: table.identity },
            None => damage.into(),
        })
    }

    /// Removes the buckets that were sealed to make room while the table was read, so that the disk is as it was before.
    fn discard_new_runs(&mut self, first_new: u64) -> Result<(), Error> {
        if self.sorted_runs.next() > first_new {
            self.log.remove(Stream { space: self.space, kind: RUN_ENTRIES }, first_new..u64::MAX)?;
        }
        Ok(())
    }

    /// The damage where less is there than was remembered when the progress was saved. More may be: what was forgotten stands
    /// until its room is given back.
    fn fewer_than(&self, remembered: i64) -> Option<StateDamage> {
        let (counted, there) = (u64::try_from(remembered).unwrap_or_default(), self.len());
        let key = Key { stream: Stream { space: self.space, kind: PROGRESS }, sequence: 0 };
        (there < counted).then_some(StateDamage { key, flaw: Flaw::Fewer { counted, there } })
    }

    /// Reads what did not fit into one generation.
    fn read_rest(&mut self, reading: &mut Reading<V>) -> Result<(), Error> {
        let mut goes_on = reading.waits;
        while let Some(sequence) = reading.last
            && goes_on
        {
            if self.memtables.is_full_with(reading.entries.len()) {
                self.begin_memtable(sequence)?;
            }
            for &(identity, value) in &reading.entries {
                self.keep(identity, value)?;
            }
            goes_on = reading.next(&self.log)?;
        }
        Ok(())
    }

    /// Makes an end where there is damage: the entries from this segment on, if any are to go, and the progress. The mark is on the
    /// disk before anything goes.
    fn cut(&mut self, entries: Option<u64>, damage: StateDamage) -> Result<(), Error> {
        let stream = |kind| Stream { space: self.space, kind };
        let mut written = vec![mark::segment(self.space, &damage), self.identity.segment(self.space)];
        written.extend(self.sorted_runs.change());
        self.log.append(&written)?;
        self.log.flush()?;
        self.log.remove(stream(PROGRESS), 0..u64::MAX)?;
        if let Some(from) = entries {
            self.log.remove(stream(ENTRIES), from..u64::MAX)?;
        }
        self.sorted_runs.saved(&mut self.log)?;
        self.log.flush()?;
        (self.progress, self.is_identified, self.damage) = (None, true, Some(damage));
        Ok(())
    }
}

/// What was read, or else the damage that hindered it.
fn damaged<T>(read: Result<T, Error>) -> Result<(Option<T>, Option<StateDamage>), Error> {
    match read {
        Ok(read) => Ok((Some(read), None)),
        Err(Error::State(damage)) => Ok((None, Some(damage))),
        Err(error) => Err(error),
    }
}

/// The number of the first segment of a stream.
fn first_of(log: &impl SegmentLog, stream: Stream) -> Result<Option<u64>, Error> {
    let mut first = None;
    log.scan(stream, 0, &mut |sequence, _| {
        first = Some(sequence);
        false
    })?;
    Ok(first)
}
