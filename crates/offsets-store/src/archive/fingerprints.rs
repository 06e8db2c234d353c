use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use offsets_core::evidence::{Fingerprint, FingerprintSource, Records, Scan, Span};
use offsets_core::link::Link;
use offsets_core::model::{LogRange, SourceOffset, TopicId, TopicPartition};

use super::contents::{Contents, StreamState};
use super::extents::{self, Entry, LocalNames};
use super::recorder::{Recorder, put};
use super::{Archive, Damage, Kind, record_topics};
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment;
use crate::wire::Writer;

/// How far the records of a source partition were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FingerprintProgress {
    /// The first offset that was not read.
    pub next: SourceOffset,
    /// The last record that was kept.
    pub last: Option<(SourceOffset, Fingerprint)>,
    /// The id of the topic that it was all read from, where that is known.
    pub topic: Option<TopicId>,
}

/// Most records of a partition that are held to recognise it by.
const LANDMARKS: usize = 16;

/// What is known of kept records while more are recorded.
#[derive(Debug, Clone, Default)]
pub(super) struct Fingerprints {
    positions: HashMap<TopicPartition, Position>,
    /// The ids of the topics that the records of partitions are of.
    topics: HashMap<TopicPartition, TopicId>,
    /// The partitions named in the segment that grows.
    names: LocalNames,
}

/// How far a partition was kept.
#[derive(Debug, Clone)]
struct Position {
    next: SourceOffset,
    /// The last records of stretches, the last one behind: the further back, the further apart.
    landmarks: Vec<(SourceOffset, Fingerprint)>,
}

impl Position {
    fn pass(&mut self, next: SourceOffset, last: Option<(SourceOffset, Fingerprint)>) {
        self.next = next;
        if let Some(last) = last {
            if self.landmarks.len() == LANDMARKS {
                let mut at = 0;
                self.landmarks.retain(|_| {
                    at += 1;
                    at % 2 == 0
                });
            }
            self.landmarks.push(last);
        }
    }
}

impl Fingerprints {
    /// Takes the entries of a segment of the ids of topics; `None` when they make no sense.
    pub(super) fn read_topics(&mut self, entries: &[u8], count: u32) -> Option<()> {
        record_topics::read(entries, count, |partition, id| self.set_topic(partition, id))
    }

    pub(super) fn forget_topics(&mut self) {
        self.topics.clear();
    }

    fn set_topic(&mut self, partition: TopicPartition, id: Option<TopicId>) {
        match id {
            Some(id) => self.topics.insert(partition, id),
            None => self.topics.remove(&partition),
        };
    }

    fn pass(
        positions: &mut HashMap<TopicPartition, Position>,
        partition: &TopicPartition,
        next: SourceOffset,
        last: Option<(SourceOffset, Fingerprint)>,
    ) {
        let begun = || Position { next, landmarks: Vec::new() };
        positions.entry(partition.clone()).or_insert_with(begun).pass(next, last);
    }

    /// Takes the entries of a segment; `None` when they make no sense.
    pub(super) fn read(&mut self, entries: &[u8], count: u32) -> Option<()> {
        let Self { positions, names, .. } = self;
        let mut left = u64::from(count);
        extents::read(entries, names, |entry| {
            match entry {
                Entry::Invalidated { partition } => {
                    left = left.checked_sub(1)?;
                    positions.remove(partition);
                }
                Entry::Extent { partition, offsets, records } => {
                    left = left.checked_sub(records.len().max(1))?;
                    let read = records.records(offsets.end)?;
                    let last = read.last().map(|record| (record.offset, record.content));
                    Self::pass(positions, partition, offsets.end, last);
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
    pub fn fingerprint_progress(&self, partition: &TopicPartition) -> Option<FingerprintProgress> {
        let Fingerprints { positions, topics, .. } = &self.contents().fingerprints;
        let Position { next, landmarks } = positions.get(partition)?;
        Some(FingerprintProgress {
            next: *next,
            last: landmarks.last().copied(),
            topic: topics.get(partition).copied(),
        })
    }

    /// Up to 16 of the records that were kept of a source partition, in the order of their offsets, the last one among them: what
    /// the partition can be recognised by. The further back, the further apart.
    pub fn landmarks(&self, partition: &TopicPartition) -> &[(SourceOffset, Fingerprint)] {
        let position = self.contents().fingerprints.positions.get(partition);
        position.map_or(&[], |position| &position.landmarks)
    }

    /// Takes the id of the topic that all that is kept of a source partition is of. It is saved with that.
    pub fn record_topic(&mut self, partition: &TopicPartition, id: TopicId) {
        if self.contents().fingerprints.topics.get(partition) != Some(&id) {
            self.put_topic(partition, Some(id));
        }
    }

    fn put_topic(&mut self, partition: &TopicPartition, id: Option<TopicId>) {
        let mut entry = Writer::default();
        record_topics::write(&mut entry, partition, id);
        let Contents { full, record_topics, fingerprints, .. } = self.contents_mut();
        // They have no age.
        put(record_topics, full, entry.bytes(), Timestamp::UNIX_EPOCH);
        fingerprints.set_topic(partition.clone(), id);
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
            if contents.records.tail.is_full_for(extents::LONGEST, now) {
                contents.full.push(contents.records.close(&[]));
                contents.fingerprints.names.clear();
            }
            let (tail, names) = (&mut contents.records.tail, &mut contents.fingerprints.names);
            let room = tail.room();
            let mut entry = Writer::default();
            let (taken, rest) = extents::write_extent(&mut entry, names, partition, &scan, room);
            tail.entries.append(entry.bytes());
            tail.grow_by(u32::try_from(taken.max(1)).unwrap_or(u32::MAX), now);
            left = rest;
            self.write_full()?;
        }
        let last = scan.records.last().map(|record| (record.offset, record.content));
        Fingerprints::pass(
            &mut self.contents_mut().fingerprints.positions,
            partition,
            scan.offsets.end,
            last,
        );
        Ok(())
    }

    /// Withdraws what was kept of a source partition: the topic that it was read from is gone, or nothing shows that it is
    /// not. Tells whether there was anything.
    ///
    /// # Errors
    /// The log's own.
    pub fn invalidate_records(&mut self, partition: &TopicPartition, now: Timestamp) -> Result<bool, Error> {
        let contents = self.contents_mut();
        if contents.fingerprints.positions.remove(partition).is_none() {
            return Ok(false);
        }
        if contents.records.tail.is_full_for(extents::LONGEST, now) {
            contents.full.push(contents.records.close(&[]));
            contents.fingerprints.names.clear();
        }
        let (tail, names) = (&mut contents.records.tail, &mut contents.fingerprints.names);
        let mut entry = Writer::default();
        extents::write_invalidation(&mut entry, names, partition);
        tail.entries.append(entry.bytes());
        tail.grow_by(1, now);
        if self.contents().fingerprints.topics.contains_key(partition) {
            self.put_topic(partition, None);
        }
        self.write_full()?;
        Ok(true)
    }
}

/// The source records that an archive kept of a link, read when they are asked for.
pub struct ArchivedFingerprints<'a> {
    log: &'a (dyn SegmentLog + Send),
    stream: Stream,
    runs: BTreeMap<TopicPartition, Vec<Run>>,
    damage: Option<Damage>,
    read_error: Option<Error>,
}

/// Stretches of a partition that meet, and the segments they are in.
#[derive(Debug, Clone, Copy)]
struct Run {
    offsets: LogRange<SourceOffset>,
    first: u64,
    last: u64,
}

/// Maximum number of segments that a run is spread over, and that are read to find a part of it.
const SPREAD: u64 = 64;

impl Archive {
    /// The source records that were kept of a link, and not withdrawn. Where their stream is damaged none are: what was
    /// withdrawn behind the damage is not known.
    ///
    /// # Errors
    /// [`Error::UnknownLink`], [`Error::OtherLink`] when the archive's has other topics; the log's own.
    pub fn fingerprints(&self, link: &Link) -> Result<ArchivedFingerprints<'_>, Error> {
        let space = self.space_of(link)?;
        let mut runs: BTreeMap<TopicPartition, Vec<Run>> = BTreeMap::new();
        let mut names = LocalNames::default();
        let (state, damage) = StreamState::load(&*self.log, space, Kind::Records, &mut |at, _, entries| {
            extents::read(entries, &mut names, |entry| {
                match entry {
                    Entry::Invalidated { partition } => drop(runs.remove(partition)),
                    Entry::Extent { partition, offsets, .. } => {
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
        Ok(ArchivedFingerprints { log: &*self.log, stream: state.stream, runs, damage, read_error: None })
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

impl ArchivedFingerprints<'_> {
    /// Whether nothing was kept.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// What is damaged of it, so that none is used.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// Why not all that was kept could be read, if so; it was left out then.
    pub fn read_error(&self) -> Option<&Error> {
        self.read_error.as_ref()
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
                    let _ = extents::read(entries, &mut LocalNames::default(), |entry| {
                        match entry {
                            // The run stands behind it.
                            Entry::Invalidated { partition } if *partition == span.partition => {
                                of_run.clear()
                            }
                            Entry::Extent { partition, offsets, records }
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

impl FingerprintSource for ArchivedFingerprints<'_> {
    fn source_records(&mut self, spans: &[Span<SourceOffset>]) -> Records<SourceOffset> {
        let mut records = Records::default();
        for span in spans {
            match self.scans(span) {
                Ok(scans) => {
                    let mut found = Records::default();
                    scans.into_iter().for_each(|scan| found.add(span.partition.clone(), scan));
                    records.extend(found.cut(std::slice::from_ref(span)));
                }
                Err(read_error) => self.read_error = Some(read_error),
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
