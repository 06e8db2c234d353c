use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use offsets_core::evidence::{Fingerprint, KeptRecords, Records, Scan, Span};
use offsets_core::link::Link;
use offsets_core::model::{LogRange, SourceOffset, TopicPartition};

use super::contents::StreamState;
use super::recorder::Recorder;
use super::stretches::{self, Entry, LocalNames};
use super::{Archive, Damage, Kind};
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment;
use crate::wire::Writer;

/// How far the records of a source partition were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptUpTo {
    /// The first offset that was not read.
    pub next: SourceOffset,
    /// The last record that was kept. While the log still holds it, the topic is the one that it was read from.
    pub last: Option<(SourceOffset, Fingerprint)>,
}

/// What is known of kept records while more are recorded.
#[derive(Debug, Clone, Default)]
pub(super) struct Fingerprints {
    positions: HashMap<TopicPartition, KeptUpTo>,
    /// The partitions named in the segment that grows.
    names: LocalNames,
}

impl Fingerprints {
    /// Takes the entries of a segment; `None` when they make no sense.
    pub(super) fn read(&mut self, entries: &[u8], count: u32) -> Option<()> {
        let Self { positions, names } = self;
        let mut left = u64::from(count);
        stretches::read(entries, names, |entry| {
            match entry {
                Entry::Withdrawn { partition } => {
                    left = left.checked_sub(1)?;
                    positions.remove(partition);
                }
                Entry::Stretch { partition, offsets, records } => {
                    left = left.checked_sub(records.len().max(1))?;
                    let read = records.records(offsets.end)?;
                    let known = positions.get(partition).and_then(|known| known.last);
                    let last = read.last().map(|record| (record.offset, record.content)).or(known);
                    positions.insert(partition.clone(), KeptUpTo { next: offsets.end, last });
                }
            }
            Some(())
        })?;
        (left == 0).then_some(())
    }
}

/// Records of data topics, as far as they serve to be recognised.
impl Recorder<'_> {
    /// How far the records of a source partition were kept; `None` where none were.
    pub fn kept_up_to(&self, partition: &TopicPartition) -> Option<KeptUpTo> {
        self.contents().fingerprints.positions.get(partition).copied()
    }

    /// Keeps a stretch of a source partition that was read whole, aborted records too. It lies behind all that was kept of
    /// the partition before, and is of the same incarnation of the topic.
    ///
    /// # Errors
    /// The log's own.
    pub fn source_records(
        &mut self,
        partition: &TopicPartition,
        scan: &Scan<SourceOffset>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut left = Some(scan.clone());
        while let Some(scan) = left.take() {
            let contents = self.contents_mut();
            if contents.records.tail.is_full_for(stretches::LONGEST, now) {
                contents.full.push(contents.records.close(&[]));
                contents.fingerprints.names.clear();
            }
            let (tail, names) = (&mut contents.records.tail, &mut contents.fingerprints.names);
            let room = tail.room();
            let mut entry = Writer::default();
            let (taken, rest) = stretches::write_stretch(&mut entry, names, partition, &scan, room);
            tail.entries.append(entry.bytes());
            tail.grow_by(u32::try_from(taken.max(1)).unwrap_or(u32::MAX), now);
            left = rest;
            self.write_full()?;
        }
        let positions = &mut self.contents_mut().fingerprints.positions;
        let known = positions.get(partition).and_then(|known| known.last);
        let last = scan.records.last().map(|record| (record.offset, record.content)).or(known);
        positions.insert(partition.clone(), KeptUpTo { next: scan.offsets.end, last });
        Ok(())
    }

    /// Withdraws what was kept of a source partition: the topic that it was read from is gone, or nothing shows that it is
    /// not. Tells whether there was anything.
    ///
    /// # Errors
    /// The log's own.
    pub fn withdraw_records(&mut self, partition: &TopicPartition, now: Timestamp) -> Result<bool, Error> {
        let contents = self.contents_mut();
        if contents.fingerprints.positions.remove(partition).is_none() {
            return Ok(false);
        }
        if contents.records.tail.is_full_for(stretches::LONGEST, now) {
            contents.full.push(contents.records.close(&[]));
            contents.fingerprints.names.clear();
        }
        let (tail, names) = (&mut contents.records.tail, &mut contents.fingerprints.names);
        let mut entry = Writer::default();
        stretches::write_withdrawal(&mut entry, names, partition);
        tail.entries.append(entry.bytes());
        tail.grow_by(1, now);
        self.write_full()?;
        Ok(true)
    }
}

/// The source records that an archive kept of a link, read when they are asked for.
pub struct KeptFingerprints<'a> {
    log: &'a (dyn SegmentLog + Send),
    stream: Stream,
    runs: BTreeMap<TopicPartition, Vec<Run>>,
    damage: Option<Damage>,
    trouble: Option<Error>,
}

/// Stretches of a partition that meet, and the segments they are in.
#[derive(Debug, Clone, Copy)]
struct Run {
    offsets: LogRange<SourceOffset>,
    first: u64,
    last: u64,
}

/// How many segments a run may be spread over: so many are read to find a part of it.
const SPREAD: u64 = 64;

impl Archive {
    /// The source records that were kept of a link, and not withdrawn. Where their stream is damaged none are: what was
    /// withdrawn behind the damage is not known.
    ///
    /// # Errors
    /// [`Error::UnknownLink`], [`Error::OtherLink`] when the archive's has other topics; the log's own.
    pub fn fingerprints(&self, link: &Link) -> Result<KeptFingerprints<'_>, Error> {
        let space = self.space_of(link)?;
        let mut runs: BTreeMap<TopicPartition, Vec<Run>> = BTreeMap::new();
        let mut names = LocalNames::default();
        let (state, damage) = StreamState::load(&*self.log, space, Kind::Records, &mut |at, _, entries| {
            stretches::read(entries, &mut names, |entry| {
                match entry {
                    Entry::Withdrawn { partition } => drop(runs.remove(partition)),
                    Entry::Stretch { partition, offsets, .. } => {
                        let of = match runs.get_mut(partition) {
                            Some(of) => of,
                            None => runs.entry(partition.clone()).or_default(),
                        };
                        Run { offsets, first: at, last: at }.join(of);
                    }
                }
                Some(())
            })
        })?;
        let damage = damage.map(|damage| damage.of(&link.name()));
        if damage.is_some() {
            runs.clear();
        }
        Ok(KeptFingerprints { log: &*self.log, stream: state.stream, runs, damage, trouble: None })
    }
}

impl Run {
    fn join(self, runs: &mut Vec<Self>) {
        match runs.last_mut() {
            Some(last) if last.offsets.end == self.offsets.start && self.last - last.first < SPREAD => {
                last.offsets.end = self.offsets.end;
                last.last = self.last;
            }
            _ => runs.push(self),
        }
    }
}

impl KeptFingerprints<'_> {
    /// Whether nothing was kept.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// What is damaged of it, so that none is used.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// Why not all that was kept could be read, if so; it was left out then.
    pub fn trouble(&self) -> Option<&Error> {
        self.trouble.as_ref()
    }

    /// The parts of a stretch that were kept, those that meet made one.
    fn scans(&self, span: &Span<SourceOffset>) -> Result<Vec<Scan<SourceOffset>>, Error> {
        let Some(runs) = self.runs.get(&span.partition) else { return Ok(Vec::new()) };
        let mut scans = Vec::new();
        for run in runs.iter().filter(|run| overlap(run.offsets, span.offsets).is_some()) {
            let mut of_run: Vec<Scan<SourceOffset>> = Vec::new();
            self.log.scan(self.stream, run.first, &mut |sequence, bytes| {
                if sequence > run.last {
                    return false;
                }
                let key = Key { stream: self.stream, sequence };
                // It was whole when its contents were listed; if it is not any more, it holds nothing.
                if let Ok((_, entries)) = segment::decode(key, bytes) {
                    let _ = stretches::read(entries, &mut LocalNames::default(), |entry| {
                        match entry {
                            // The run stands behind it.
                            Entry::Withdrawn { partition } if *partition == span.partition => of_run.clear(),
                            Entry::Stretch { partition, offsets, records }
                                if *partition == span.partition
                                    && overlap(offsets, run.offsets) == Some(offsets)
                                    && overlap(offsets, span.offsets).is_some() =>
                            {
                                append(&mut of_run, Scan { offsets, records: records.records(offsets.end)? });
                            }
                            _ => {}
                        }
                        Some(())
                    });
                }
                true
            })?;
            of_run.into_iter().for_each(|scan| append(&mut scans, scan));
        }
        Ok(scans)
    }
}

impl KeptRecords for KeptFingerprints<'_> {
    fn source_records(&mut self, spans: &[Span<SourceOffset>]) -> Records<SourceOffset> {
        let mut records = Records::default();
        for span in spans {
            match self.scans(span) {
                Ok(scans) => {
                    let mut found = Records::default();
                    scans.into_iter().for_each(|scan| found.add(span.partition.clone(), scan));
                    records.extend(found.cut(std::slice::from_ref(span)));
                }
                Err(trouble) => self.trouble = Some(trouble),
            }
        }
        records
    }
}

fn append(scans: &mut Vec<Scan<SourceOffset>>, scan: Scan<SourceOffset>) {
    match scans.last_mut() {
        Some(last) if last.offsets.end == scan.offsets.start => {
            last.offsets.end = scan.offsets.end;
            last.records.extend(scan.records);
        }
        _ => scans.push(scan),
    }
}

/// What lies in both, if anything does.
fn overlap(a: LogRange<SourceOffset>, b: LogRange<SourceOffset>) -> Option<LogRange<SourceOffset>> {
    let (start, end) = (a.start.max(b.start), a.end.min(b.end));
    (start < end).then_some(LogRange { start, end })
}
