use std::mem;
use std::ops::Range;

use offsets_core::reconcile::Identity;

use super::bucket::{Bucket, BucketWriter};
use super::index::Index;
use super::merge::{Merge, Stopped};
use super::{Kept, StateDamage, TableCost, page};
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Flaw, Head};
use crate::wire::{Reader, Writer};

/// The kinds of the streams that hold sealed entries, and the list of their buckets.
pub(super) const SEALED: u8 = 18;
pub(super) const BUCKETS: u8 = 19;

/// So many buckets there are at most: each of them is asked for what is in none.
const MOST: usize = 8;

/// What left the memory: buckets on the disk, of which the newer one counts.
///
/// Nothing that is on the disk changes before the table is saved: new buckets get numbers of their own, the list of buckets is
/// written with the progress, and only then what is in no bucket any more is removed.
#[derive(Debug)]
pub(super) struct Sealed<V> {
    space: u32,
    /// The oldest first.
    buckets: Vec<Bucket>,
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

impl<V: Kept> Sealed<V> {
    /// What the list of buckets says, and the damage where it cannot be read. The buckets themselves are [surveyed](Self::survey)
    /// later.
    pub(super) fn open(log: &impl SegmentLog, space: u32) -> Result<(Self, Option<StateDamage>), Error> {
        let mut sealed = Self {
            space,
            buckets: Vec::new(),
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
        let key = sealed.list();
        log.get(key, &mut |bytes| {
            read = segment::decode(key, bytes)
                .and_then(|(head, bytes)| read_list(head.count, bytes).ok_or(Flaw::Entries))
                .map(Some);
        })?;
        let damage = match read {
            Ok(None) => None,
            Ok(Some((from, buckets))) => {
                (sealed.from, sealed.buckets) = (from, buckets);
                None
            }
            Err(flaw) => Some(StateDamage { key, flaw }),
        };
        sealed.find_orphans(log)?;
        Ok((sealed, damage))
    }

    /// Finds the segments that are in no bucket, which a crash left: they go with the next save.
    fn find_orphans(&mut self, log: &impl SegmentLog) -> Result<(), Error> {
        let mut kept: Vec<_> = self.buckets.iter().map(|bucket| bucket.segments.clone()).collect();
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
    pub(super) fn survey(
        &mut self,
        log: &impl SegmentLog,
        index: &mut Index<V>,
    ) -> Result<Option<StateDamage>, Error> {
        let mut first_damage = None;
        loop {
            match self.read_through(log, index) {
                Ok(()) => return Ok(first_damage),
                Err(Stopped::Log(error)) => return Err(error),
                Err(Stopped::Damaged(which, damage)) => {
                    self.discard(which);
                    index.clear();
                    first_damage = Some(damage);
                }
            }
        }
    }

    fn read_through(&mut self, log: &impl SegmentLog, index: &mut Index<V>) -> Result<(), Stopped> {
        let mut merge = Merge::<V>::new(self.stream(), &self.buckets);
        let (mut holders, mut visible) = (Vec::new(), 0);
        while let Some((identity, _)) = merge.next(log, &mut holders)? {
            visible += u64::from(index.get(identity).is_none());
        }
        let buckets = merge.finish();
        // A bucket that is shorter than it was is as good as damaged.
        for (which, (read, listed)) in buckets.iter().zip(&self.buckets).enumerate() {
            if read.entries != listed.entries {
                let key = Key { stream: self.stream(), sequence: listed.segments.start };
                return Err(Stopped::Damaged(which, StateDamage { key, flaw: Flaw::Entries }));
            }
        }
        (self.buckets, self.visible) = (buckets, visible);
        Ok(())
    }

    /// Forgets a bucket and all newer ones.
    pub(super) fn discard(&mut self, which: usize) {
        let gone = self.buckets.split_off(which);
        self.obsolete.extend(gone.into_iter().map(|bucket| bucket.segments));
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
        self.buckets.is_empty()
    }

    /// Entries in buckets, those that are no longer true among them.
    pub(super) fn entries(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.entries).sum()
    }

    pub(super) fn visible(&self) -> u64 {
        self.visible
    }

    /// Says that an identity that is in a bucket is in the index from now on.
    pub(super) fn hidden(&mut self) {
        self.visible -= 1;
    }

    pub(super) fn bytes(&self) -> usize {
        self.buckets.iter().map(Bucket::bytes).sum()
    }

    pub(super) fn cost(&self) -> TableCost {
        TableCost {
            sealed: self.visible,
            buckets: self.buckets.len() as u64,
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
        for bucket in self.buckets.iter().rev() {
            let Some(sequence) = bucket.place(identity) else { continue };
            let key = Key { stream: Stream { space: self.space, kind: SEALED }, sequence };
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
    pub(super) fn seal(
        &mut self,
        log: &mut impl SegmentLog,
        mut entries: Vec<(Identity, V)>,
        from: u64,
    ) -> Result<(), Error> {
        entries.sort_unstable_by_key(|(identity, _)| identity.to_bits());
        let sealed = entries.len() as u64;
        let bucket = self.write(log, |writer, log| {
            entries.iter().try_for_each(|&(identity, value)| writer.enter(log, identity, value))
        })?;
        self.buckets.extend(bucket);
        self.visible += sealed;
        self.from = from;
        Ok(())
    }

    /// Merges buckets until there are few, and few entries in them are not true any more.
    pub(super) fn tidy(&mut self, log: &mut impl SegmentLog, index: &mut Index<V>) -> Result<(), Error> {
        if self.buckets.len() > 1 && self.entries() > 2 * (self.visible + index.len()) {
            self.merge(log, index, 0..self.buckets.len())?;
        }
        while self.buckets.len() > MOST {
            let entries = |at: &usize| self.buckets[*at].entries + self.buckets[*at + 1].entries;
            let least = (0..self.buckets.len() - 1).min_by_key(entries).unwrap_or_default();
            self.merge(log, index, least..least + 2)?;
        }
        Ok(())
    }

    /// Makes one of buckets that follow each other. What the index has is left out.
    fn merge(
        &mut self,
        log: &mut impl SegmentLog,
        index: &mut Index<V>,
        which: Range<usize>,
    ) -> Result<(), Error> {
        let mut merge = Merge::<V>::new(self.stream(), &self.buckets[which.clone()]);
        let mut holders = Vec::new();
        let merged = self.write(log, |writer, log| {
            while let Some((identity, value)) = merge.next(log, &mut holders)? {
                if index.get(identity).is_none() {
                    writer.enter(log, identity, value)?;
                }
            }
            Ok(())
        })?;
        let gone: Vec<_> = self.buckets.splice(which, merged).collect();
        self.obsolete.extend(gone.into_iter().map(|bucket| bucket.segments));
        Ok(())
    }

    /// Forgets what is not to be kept; of an identity that is in the index too, what the index has decides. The index is to
    /// forget after this.
    pub(super) fn retain(
        &mut self,
        log: &mut impl SegmentLog,
        index: &mut Index<V>,
        keep: &mut dyn FnMut(&V) -> bool,
    ) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        let mut dead: Vec<_> = self.buckets.iter().map(|bucket| Marks::new(bucket.entries)).collect();
        let (mut visible, mut holders) = (0, Vec::new());
        let mut merge = Merge::<V>::new(self.stream(), &self.buckets);
        while let Some((identity, value)) = merge.next(log, &mut holders)? {
            let held = index.get(identity);
            let kept = keep(&held.unwrap_or(value));
            visible += u64::from(kept && held.is_none());
            holders.iter().for_each(|which| dead[*which].push(!kept));
        }
        // What is left of each bucket that loses something.
        let mut left = Vec::new();
        for (which, marks) in dead.iter().enumerate() {
            if marks.set == 0 {
                left.push(None);
                continue;
            }
            let mut merge = Merge::<V>::new(self.stream(), &self.buckets[which..=which]);
            let mut at = 0;
            let rest = self.write(log, |writer, log| {
                while let Some((identity, value)) = merge.next(log, &mut holders)? {
                    if !marks.is_set(at) {
                        writer.enter(log, identity, value)?;
                    }
                    at += 1;
                }
                Ok(())
            });
            left.push(Some(rest?));
        }
        for (bucket, left) in mem::take(&mut self.buckets).into_iter().zip(left) {
            match left {
                None => self.buckets.push(bucket),
                Some(rest) => {
                    self.obsolete.push(bucket.segments);
                    self.buckets.extend(rest);
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
        enter: impl FnOnce(&mut BucketWriter<V>, &mut L) -> Result<(), Error>,
    ) -> Result<Option<Bucket>, Error> {
        let mut writer = BucketWriter::new(self.stream(), self.next);
        let written = enter(&mut writer, log).and_then(|()| writer.finish(log));
        let bucket = written?;
        self.next = bucket.segments.end;
        (self.changed, self.last) = (true, None);
        Ok(Some(bucket).filter(|bucket| bucket.entries > 0))
    }

    /// The list of buckets, if it is another than what is on the disk.
    pub(super) fn change(&self) -> Option<(Key, Vec<u8>)> {
        if !self.changed {
            return None;
        }
        let mut list = Writer::default();
        list.number(self.from);
        for bucket in &self.buckets {
            list.number(bucket.segments.start);
            list.number(bucket.segments.end - bucket.segments.start);
            list.number(bucket.entries);
        }
        let head = Head { count: self.buckets.len() as u32, ..Head::default() };
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
        for kind in [BUCKETS, SEALED] {
            log.remove(Stream { space: self.space, kind }, 0..u64::MAX)?;
        }
        self.buckets.clear();
        self.obsolete.clear();
        (self.visible, self.from, self.changed, self.last) = (0, from, false, None);
        Ok(())
    }

    fn stream(&self) -> Stream {
        Stream { space: self.space, kind: SEALED }
    }

    fn list(&self) -> Key {
        Key { stream: Stream { space: self.space, kind: BUCKETS }, sequence: 0 }
    }
}

pub(super) fn read_list(count: u32, bytes: &[u8]) -> Option<(u64, Vec<Bucket>)> {
    let mut reader = Reader::new(bytes);
    let from = reader.number()?;
    let mut buckets = Vec::new();
    for _ in 0..count {
        let [first, segments, entries] = [reader.number()?, reader.number()?, reader.number()?];
        buckets.push(Bucket::unread(first..first.checked_add(segments)?, entries));
    }
    reader.is_at_end().then_some((from, buckets))
}

/// A bit for each entry of a bucket, in their order.
#[derive(Debug)]
struct Marks {
    bits: Vec<u64>,
    pushed: usize,
    set: u64,
}

impl Marks {
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
