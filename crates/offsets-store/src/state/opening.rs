use offsets_core::reconcile::{Identity, MemoryTable, MemoryTableBuilder, Table as _};

use super::index::{Index, Limit};
use super::sealed::Sealed;
use super::{DurableTable, ENTRIES, Kept, PROGRESS, Page, StateDamage, Tail, page};
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

impl<V: Kept> Reading<V> {
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

    /// All of them, about so many.
    fn read_all(&mut self, log: &impl SegmentLog, from: u64, about: usize) -> Result<Index<V>, Error> {
        // With room for what comes next: a table that is full would double at once.
        let mut table = MemoryTableBuilder::new(about + about / 4);
        let mut entered = 0;
        log.scan(self.stream, from, &mut |sequence, bytes| {
            let whole = self.read(sequence, bytes);
            entered += self.entries.len() as u64;
            self.entries.iter().for_each(|&(identity, value)| table.put(identity, value));
            whole
        })?;
        Ok(Index::new(table.finish(), self.first.unwrap_or(from), entered, None))
    }

    /// As many as one generation has.
    fn read_some(&mut self, log: &impl SegmentLog, from: u64, limit: Limit) -> Result<Index<V>, Error> {
        let mut index = Index::new(MemoryTable::default(), from, 0, Some(limit));
        log.scan(self.stream, from, &mut |sequence, bytes| {
            let whole = self.read(sequence, bytes);
            self.waits = index.len() > 0 && index.is_full_with(self.entries.len());
            if !self.waits {
                self.entries.iter().for_each(|&(identity, value)| index.put(identity, value));
            }
            whole && !self.waits
        })?;
        Ok(index)
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

impl<V: Kept, L: SegmentLog> DurableTable<V, L> {
    pub(super) fn opened(mut log: L, space: u32, cap: Option<usize>) -> Result<Self, Error> {
        let key = Key { stream: Stream { space, kind: PROGRESS }, sequence: 0 };
        let (mut progress, mut remembered, mut of_progress) = (None, 0, None);
        log.get(key, &mut |bytes| match segment::decode(key, bytes) {
            Ok((head, bytes)) => (progress, remembered) = (Some(bytes.to_vec()), head.next),
            Err(flaw) => of_progress = Some(StateDamage { key, flaw }),
        })?;
        let (mut sealed, of_list) = Sealed::open(&mut log, space)?;
        let stream = Stream { space, kind: ENTRIES };
        let mut reading =
            Reading { stream, first: None, last: None, entries: Vec::new(), waits: false, damage: None };
        let from = sealed.from();
        let mut index = match cap {
            None => {
                let about = remembered.saturating_sub(sealed.entries().cast_signed());
                reading.read_all(&log, from, usize::try_from(about).unwrap_or_default())?
            }
            Some(cap) => reading.read_some(&log, from, Limit::within::<V>(cap))?,
        };
        let of_sealed = match of_list {
            Some(damage) => {
                sealed.discard(0);
                index.clear();
                Some(damage)
            }
            None => sealed.survey(&log, &mut index)?,
        };
        let first = reading.first.unwrap_or(from);
        let tail = Tail::new(from);
        let mut table =
            Self { log, space, cap, index, sealed, first, full: Vec::new(), tail, progress, damage: None };
        table.limit();
        // A crash left them. Those that are sealed from here on stay until that is saved.
        table.remove_sealed_entries(0)?;
        if of_sealed.is_none() {
            table.read_on(&mut reading)?;
        }
        table.tail = match reading.last {
            Some(last) if reading.damage.is_none() && of_sealed.is_none() => {
                Tail { sequence: last, page: Page::of(&reading.entries), changed: false }
            }
            // Behind damage a new segment is begun.
            Some(last) => Tail::new(last + 1),
            None => Tail::new(from),
        };
        let kept_up_to = match &reading.damage {
            _ if of_sealed.is_some() => Some(0),
            Some(damage) => Some(damage.key.sequence),
            None => None,
        };
        table.damage = of_sealed.or(reading.damage).or(of_progress).or_else(|| table.fewer_than(remembered));
        if table.damage.is_some() {
            table.cut(kept_up_to)?;
        }
        Ok(table)
    }

    /// The damage where less is there than was remembered when the progress was saved. More may be: what was forgotten stands
    /// until its room is given back.
    fn fewer_than(&self, remembered: i64) -> Option<StateDamage> {
        let (counted, there) = (u64::try_from(remembered).unwrap_or_default(), self.len());
        let key = Key { stream: Stream { space: self.space, kind: PROGRESS }, sequence: 0 };
        (there < counted).then_some(StateDamage { key, flaw: Flaw::Fewer { counted, there } })
    }

    /// Reads what did not fit into one generation.
    fn read_on(&mut self, reading: &mut Reading<V>) -> Result<(), Error> {
        let mut goes_on = reading.waits;
        while let Some(sequence) = reading.last
            && goes_on
        {
            if self.index.is_full_with(reading.entries.len()) {
                self.begin_generation(sequence)?;
            }
            for &(identity, value) in &reading.entries {
                self.keep(identity, value)?;
            }
            goes_on = reading.next(&self.log)?;
        }
        Ok(())
    }

    /// Makes an end where there is damage: the entries from this segment on, if any are to go, and the progress.
    fn cut(&mut self, entries: Option<u64>) -> Result<(), Error> {
        let stream = |kind| Stream { space: self.space, kind };
        self.progress = None;
        self.log.remove(stream(PROGRESS), 0..u64::MAX)?;
        if let Some(from) = entries {
            self.log.remove(stream(ENTRIES), from..u64::MAX)?;
        }
        if let Some(list) = self.sealed.change() {
            self.log.append(&[list])?;
        }
        self.log.flush()?;
        self.sealed.saved(&mut self.log)
    }
}
