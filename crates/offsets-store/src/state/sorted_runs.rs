use std::mem;
use std::ops::Range;

use offsets_reconcile::Identity;

use super::memtables::Memtables;
use super::merge::{Merge, Stopped};
use super::sorted_run::{RunWriter, SortedRun};
use super::{StateDamage, StoredValue, TableCost, page};
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Flaw, Head};
use crate::wire::{Reader, Writer};

/// The kinds of the streams that hold sealed entries, and the list of their buckets.
pub(super) const RUN_ENTRIES: u8 = 18;
pub(super) const RUN_LIST: u8 = 19;

/// Maximum number of sorted runs: a lookup of an unknown identity asks each.
const MAX_RUNS: usize = 8;

/// What left the memory: buckets on the disk, of which the newer one counts.
///
/// Nothing that is on the disk changes before the table is saved: new buckets get numbers of their own, the list of buckets is
/// written with the progress, and only then what is in no bucket any more is removed.
#[derive(Debug)]
pub(super) struct SortedRuns<V> {
    space: u32,
    /// The oldest first.
    runs: Vec<SortedRun>,
    /// The number of the next segment.
    next: u64,
    /// The first segment of entries that are not sealed.
    from: u64,
    /// Identities that are in a bucket and not in the index.
    visible: u64,
    /// Segments that are in no bucket any more.
    obsolete: Vec<Range<u64>>,
    changed: bool,
    /// What was asked last, and found.
    last: Option<(Identity, Option<V>)>,
    entries: Vec<(Identity, V)>,
    disk_reads: u64,
    false_positives: u64,
}

impl<V: StoredValue> SortedRuns<V> {
    /// What the list of buckets says, and the damage where it cannot be read. The buckets themselves are [surveyed](Self::load)
    /// later.
    pub(super) fn open(log: &impl SegmentLog, space: u32) -> Result<(Self, Option<StateDamage>), Error> {
        let mut sorted_runs = Self {
            space,
            runs: Vec::new(),
            next: 0,
            from: 0,
            visible: 0,
            obsolete: Vec::new(),
            changed: false,
            last: None,
            entries: Vec::new(),
            disk_reads: 0,
            false_positives: 0,
        };
        let mut read = Ok(None);
        let key = sorted_runs.list();
        log.get(key, &mut |bytes| {
            read = segment::decode(key, bytes)
                .and_then(|(head, bytes)| read_list(head.count, bytes).ok_or(Flaw::Entries))
                .map(Some);
        })?;
        let damage = match read {
            Ok(None) => None,
            Ok(Some((from, runs))) => {
                (sorted_runs.from, sorted_runs.runs) = (from, runs);
                None
            }
            Err(flaw) => Some(StateDamage { key, flaw }),
        };
        sorted_runs.find_orphans(log)?;
        Ok((sorted_runs, damage))
    }

    /// Finds the segments that are in no bucket, which a crash left: they go with the next save.
    fn find_orphans(&mut self, log: &impl SegmentLog) -> Result<(), Error> {
        let mut kept: Vec<_> = self.runs.iter().map(|run| run.segments.clone()).collect();
        kept.sort_by_key(|segments| segments.start);
        let mut begin = 0;
        for segments in kept {
            let mut found = None;
            log.scan(self.stream(), begin, &mut |sequence, _| {
                found = Some(sequence);
                false
            })?;
            if found.is_some_and(|found| found < segments.start) {
                self.obsolete.push(begin..segments.start);
            }
            begin = segments.end;
        }
        let mut end = begin;
        log.scan(self.stream(), begin, &mut |sequence, _| {
            end = sequence + 1;
            true
        })?;
        if end > begin {
            self.obsolete.push(begin..end);
        }
        // What is written from here on is told from what was there.
        self.next = end;
        Ok(())
    }

    /// Reads all buckets, for what is to be known of them in memory. Of a damaged one it makes an end: it goes, and all newer
    /// ones.
    pub(super) fn load(
        &mut self,
        log: &impl SegmentLog,
        memtables: &mut Memtables<V>,
    ) -> Result<Option<StateDamage>, Error> {
        let mut first_damage = None;
        loop {
            match self.read_through(log, memtables) {
                Ok(()) => return Ok(first_damage),
                Err(Stopped::Log(error)) => return Err(error),
                Err(Stopped::Damaged(which, damage)) => {
                    self.discard(which);
                    memtables.clear();
                    first_damage = Some(damage);
                }
            }
        }
    }

    fn read_through(&mut self, log: &impl SegmentLog, memtables: &mut Memtables<V>) -> Result<(), Stopped> {
        let mut merge = Merge::<V>::new(self.stream(), &self.runs);
        let (mut holders, mut visible) = (Vec::new(), 0);
        while let Some((identity, _)) = merge.next(log, &mut holders)? {
            visible += u64::from(memtables.get(identity).is_none());
        }
        let runs = merge.finish();
        // A bucket that is shorter than it was is as good as damaged.
        for (which, (read, listed)) in runs.iter().zip(&self.runs).enumerate() {
            if read.entries != listed.entries {
                let key = Key { stream: self.stream(), sequence: listed.segments.start };
                return Err(Stopped::Damaged(which, StateDamage { key, flaw: Flaw::Entries }));
            }
        }
        (self.runs, self.visible) = (runs, visible);
        Ok(())
    }

    /// Forgets a bucket and all newer ones.
    pub(super) fn discard(&mut self, which: usize) {
        let gone = self.runs.split_off(which);
        self.obsolete.extend(gone.into_iter().map(|run| run.segments));
        self.changed = true;
        self.last = None;
    }

    /// The number of the next segment that is written.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The first segment of entries that are not sealed.
    pub(super) fn from(&self) -> u64 {
        self.from
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Entries in buckets, those that are no longer true among them.
    pub(super) fn entries(&self) -> u64 {
        self.runs.iter().map(|run| run.entries).sum()
    }

    pub(super) fn visible(&self) -> u64 {
        self.visible
    }

    /// Says that an identity that is in a bucket is in the index from now on.
    pub(super) fn hidden(&mut self) {
        self.visible -= 1;
    }

    pub(super) fn bytes(&self) -> usize {
        self.runs.iter().map(SortedRun::bytes).sum()
    }

    pub(super) fn cost(&self) -> TableCost {
        TableCost {
            on_disk: self.visible,
            runs: self.runs.len() as u64,
            filter_bytes: self.bytes() as u64,
            disk_reads: self.disk_reads,
            false_positives: self.false_positives,
            ..TableCost::default()
        }
    }

    /// What is sealed under an identity; the index is to be asked before.
    pub(super) fn find(&mut self, log: &impl SegmentLog, identity: Identity) -> Result<Option<V>, Error> {
        if let Some((last, value)) = self.last
            && last == identity
        {
            return Ok(value);
        }
        let mut found = None;
        for run in self.runs.iter().rev() {
            let Some(sequence) = run.segment_of(identity) else { continue };
            let key = Key { stream: Stream { space: self.space, kind: RUN_ENTRIES }, sequence };
            let mut read = Err(Flaw::Missing);
            log.get(key, &mut |bytes| read = page::read(key, bytes, &mut self.entries))?;
            read.map_err(|flaw| StateDamage { key, flaw })?;
            self.disk_reads += 1;
            let place = self.entries.binary_search_by_key(&identity.to_bits(), |(held, _)| held.to_bits());
            if let Ok(at) = place {
                found = Some(self.entries[at].1);
                break;
            }
            self.false_positives += 1;
        }
        self.last = Some((identity, found));
        Ok(found)
    }

    /// Seals entries, of which none is in the index any more; what is not sealed begins with the segment `from`.
    pub(super) fn spill(
        &mut self,
        log: &mut impl SegmentLog,
        mut entries: Vec<(Identity, V)>,
        from: u64,
    ) -> Result<(), Error> {
        entries.sort_unstable_by_key(|(identity, _)| identity.to_bits());
        let added = entries.len() as u64;
        let run = self.write(log, |writer, log| {
            entries.iter().try_for_each(|&(identity, value)| writer.enter(log, identity, value))
        })?;
        self.runs.extend(run);
        self.visible += added;
        self.from = from;
        Ok(())
    }

    /// Merges buckets until there are few, and few entries in them are not true any more.
    pub(super) fn compact(
        &mut self,
        log: &mut impl SegmentLog,
        memtables: &mut Memtables<V>,
    ) -> Result<(), Error> {
        if self.runs.len() > 1 && self.entries() > 2 * (self.visible + memtables.len()) {
            self.merge(log, memtables, 0..self.runs.len())?;
        }
        while self.runs.len() > MAX_RUNS {
            let entries = |at: &usize| self.runs[*at].entries + self.runs[*at + 1].entries;
            let least = (0..self.runs.len() - 1).min_by_key(entries).unwrap_or_default();
            self.merge(log, memtables, least..least + 2)?;
        }
        Ok(())
    }

    /// Makes one of buckets that follow each other. What the index has is left out.
    fn merge(
        &mut self,
        log: &mut impl SegmentLog,
        memtables: &mut Memtables<V>,
        which: Range<usize>,
    ) -> Result<(), Error> {
        let mut merge = Merge::<V>::new(self.stream(), &self.runs[which.clone()]);
        let mut holders = Vec::new();
        let merged = self.write(log, |writer, log| {
            while let Some((identity, value)) = merge.next(log, &mut holders)? {
                if memtables.get(identity).is_none() {
                    writer.enter(log, identity, value)?;
                }
            }
            Ok(())
        })?;
        let gone: Vec<_> = self.runs.splice(which, merged).collect();
        self.obsolete.extend(gone.into_iter().map(|run| run.segments));
        Ok(())
    }

    /// Forgets what is not to be kept; of an identity that is in the index too, what the index has decides. The index is to
    /// forget after this.
    pub(super) fn retain(
        &mut self,
        log: &mut impl SegmentLog,
        memtables: &mut Memtables<V>,
        keep: &mut dyn FnMut(&V) -> bool,
    ) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        let mut dead: Vec<_> = self.runs.iter().map(|run| Bitmap::new(run.entries)).collect();
        let (mut visible, mut holders) = (0, Vec::new());
        let mut merge = Merge::<V>::new(self.stream(), &self.runs);
        while let Some((identity, value)) = merge.next(log, &mut holders)? {
            let held = memtables.get(identity);
            let kept = keep(&held.unwrap_or(value));
            visible += u64::from(kept && held.is_none());
            holders.iter().for_each(|which| dead[*which].push(!kept));
        }
        // What is left of each bucket that loses something.
        let mut left = Vec::new();
        for (which, bitmap) in dead.iter().enumerate() {
            if bitmap.set == 0 {
                left.push(None);
                continue;
            }
            let mut merge = Merge::<V>::new(self.stream(), &self.runs[which..=which]);
            let mut at = 0;
            let rest = self.write(log, |writer, log| {
                while let Some((identity, value)) = merge.next(log, &mut holders)? {
                    if !bitmap.is_set(at) {
                        writer.enter(log, identity, value)?;
                    }
                    at += 1;
                }
                Ok(())
            });
            left.push(Some(rest?));
        }
        for (run, left) in mem::take(&mut self.runs).into_iter().zip(left) {
            match left {
                None => self.runs.push(run),
                Some(rest) => {
                    self.obsolete.push(run.segments);
                    self.runs.extend(rest);
                }
            }
        }
        self.visible = visible;
        (self.changed, self.last) = (true, None);
        Ok(())
    }

    /// Writes a bucket; `None` where nothing is in it.
    fn write<L: SegmentLog>(
        &mut self,
        log: &mut L,
        enter: impl FnOnce(&mut RunWriter<V>, &mut L) -> Result<(), Error>,
    ) -> Result<Option<SortedRun>, Error> {
        let mut writer = RunWriter::new(self.stream(), self.next);
        let written = enter(&mut writer, log).and_then(|()| writer.finish(log));
        let run = written?;
        self.next = run.segments.end;
        (self.changed, self.last) = (true, None);
        Ok(Some(run).filter(|run| run.entries > 0))
    }

    /// The list of buckets, if it is another than what is on the disk.
    pub(super) fn change(&self) -> Option<(Key, Vec<u8>)> {
        if !self.changed {
            return None;
        }
        let mut list = Writer::default();
        list.number(self.from);
        for run in &self.runs {
            list.number(run.segments.start);
            list.number(run.segments.end - run.segments.start);
            list.number(run.entries);
        }
        let head = Head { count: self.runs.len() as u32, ..Head::default() };
        Some((self.list(), segment::encode(self.list(), &head, list.bytes())))
    }

    /// Says that the list is on the disk; what is in no bucket of it goes.
    pub(super) fn saved(&mut self, log: &mut impl SegmentLog) -> Result<(), Error> {
        self.changed = false;
        while let Some(segments) = self.obsolete.last() {
            log.remove(self.stream(), segments.clone())?;
            self.obsolete.pop();
        }
        Ok(())
    }

    /// Forgets everything. Entries that come begin with the segment `from`.
    pub(super) fn clear(&mut self, log: &mut impl SegmentLog, from: u64) -> Result<(), Error> {
        for kind in [RUN_LIST, RUN_ENTRIES] {
            log.remove(Stream { space: self.space, kind }, 0..u64::MAX)?;
        }
        self.runs.clear();
        self.obsolete.clear();
        (self.visible, self.from, self.changed, self.last) = (0, from, false, None);
        Ok(())
    }

    fn stream(&self) -> Stream {
        Stream { space: self.space, kind: RUN_ENTRIES }
    }

    fn list(&self) -> Key {
        Key { stream: Stream { space: self.space, kind: RUN_LIST }, sequence: 0 }
    }
}

pub(super) fn read_list(count: u32, bytes: &[u8]) -> Option<(u64, Vec<SortedRun>)> {
    let mut reader = Reader::new(bytes);
    let from = reader.number()?;
    let mut runs = Vec::new();
    for _ in 0..count {
        let [first, segments, entries] = [reader.number()?, reader.number()?, reader.number()?];
        runs.push(SortedRun::unread(first..first.checked_add(segments)?, entries));
    }
    reader.is_at_end().then_some((from, runs))
}

/// A bit for each entry of a bucket, in their order.
#[derive(Debug)]
struct Bitmap {
    bits: Vec<u64>,
    pushed: usize,
    set: u64,
}

impl Bitmap {
    fn new(entries: u64) -> Self {
        Self { bits: vec![0; entries.div_ceil(64) as usize], pushed: 0, set: 0 }
    }

    fn push(&mut self, mark: bool) {
        if let Some(bits) = self.bits.get_mut(self.pushed / 64) {
            *bits |= u64::from(mark) << (self.pushed % 64);
        }
        self.pushed += 1;
        self.set += u64::from(mark);
    }

    fn is_set(&self, at: usize) -> bool {
        self.bits.get(at / 64).is_some_and(|bits| bits >> (at % 64) & 1 == 1)
    }
}
