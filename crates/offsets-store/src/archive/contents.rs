use std::collections::VecDeque;
use std::fmt;

use offsets_core::history::OffsetPair;
use offsets_core::link::{LinkName, Side};
use offsets_core::model::{SourceOffset, TargetOffset};

use super::Kind;
use super::checkpoints::{self, CheckpointEntry, LastCheckpoints};
use super::commits::{self, StoredCommits};
use super::fingerprints::Fingerprints;
use super::names::Names;
use super::syncs::{self, Pair, SyncReader, SyncWriter};
use super::tail::Tail;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Head};
use crate::wire::Writer;
use crate::{Error, Flaw};

/// A segment that cannot be used, and with it what stands behind it in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The link; `None` when the damage is to what names it.
    pub link: Option<LinkName>,
    /// The number of the segment in its stream.
    pub sequence: u64,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// How many segments are lost, this one among them.
    pub lost: u64,
    pub(super) kind: Kind,
}

impl Damage {
    pub(super) fn of_link(sequence: u64, flaw: Flaw) -> Self {
        Self { link: None, sequence, flaw, lost: 1, kind: Kind::Links }
    }

    /// What the stream holds.
    pub fn stream(&self) -> &'static str {
        match self.kind {
            Kind::Links => "links",
            Kind::Names => "names",
            Kind::Commits => "commits",
            Kind::Syncs => "syncs",
            Kind::Checkpoints => "checkpoints",
            Kind::Records => "records",
            Kind::RecordTopics => "ids of recorded topics",
            Kind::Salvages => "salvages",
        }
    }

    pub(super) fn kind(&self) -> u8 {
        self.kind as u8
    }

    pub(super) fn of(self, link: &LinkName) -> Self {
        Self { link: Some(link.clone()), ..self }
    }

    /// The first segment that is of no use any more. What was withdrawn of records behind the damage is not known, so none
    /// that stand before it can be trusted.
    pub(super) fn lost_from(&self) -> u64 {
        if matches!(self.kind, Kind::Records | Kind::RecordTopics) { 0 } else { self.sequence }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequence, flaw, lost, .. } = self;
        if let Some(link) = &self.link {
            write!(f, "link {link}: ")?;
        }
        let stream = self.stream();
        write!(
            f,
            "segment {sequence} of the {stream} is damaged: {flaw}; {lost} segments of them are not used"
        )
    }
}

/// Who wants to see what the streams hold while they are read.
pub(super) trait Sink {
    fn sync(&mut self, pair: Pair, names: &Names);
    fn checkpoint(&mut self, checkpoint_entry: &CheckpointEntry, names: &Names);
}

impl Sink for () {
    #[inline]
    fn sync(&mut self, _: Pair, _: &Names) {}

    fn checkpoint(&mut self, _: &CheckpointEntry, _: &Names) {}
}

/// What is known of a link while it is recorded: its names, the newest of everything, and the ends of its streams.
pub(super) struct Contents {
    pub(super) names: Names,
    pub(super) stored_commits: StoredCommits,
    pub(super) last_checkpoints: LastCheckpoints,
    /// The newest sync of each partition, by its number less one.
    pub(super) newest: Vec<Option<Pair>>,
    pub(super) sync_writer: SyncWriter,
    /// Segments that are full and not written yet.
    pub(super) full: Vec<(Key, Vec<u8>)>,
    pub(super) named: StreamState,
    pub(super) commits: StreamState,
    pub(super) syncs: StreamState,
    pub(super) checkpoints: StreamState,
    pub(super) fingerprints: Fingerprints,
    pub(super) records: StreamState,
    pub(super) record_topics: StreamState,
}

/// Takes a segment's number, its head and its entries; `None` when they make no sense.
pub(super) type Take<'a> = &'a mut dyn FnMut(u64, Head, &[u8]) -> Option<()>;

/// The full segments of a stream, and the one that grows.
#[derive(Debug, Clone)]
pub(super) struct StreamState {
    pub(super) stream: Stream,
    pub(super) pieces: VecDeque<Piece>,
    pub(super) tail: Tail,
}

/// A full segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) sequence: u64,
    pub(super) count: u32,
    pub(super) bytes: u64,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
}

impl Piece {
    pub(super) fn of(sequence: u64, head: &Head, bytes: usize) -> Self {
        let Head { count, first_ms, last_ms, .. } = *head;
        Self { sequence, count, bytes: bytes as u64, first_ms, last_ms }
    }
}

impl Contents {
    /// Reads everything of a link, and tells what of it is damaged. Nothing is changed.
    pub(super) fn load(
        log: &dyn SegmentLog,
        space: u32,
        link: &LinkName,
        sink: &mut impl Sink,
    ) -> Result<(Self, Vec<Damage>), Error> {
        let mut damages = Vec::new();
        let mut names = Names::default();
        let mut stream = |kind, take: Take<'_>| {
            let (state, damage) = StreamState::load(log, space, kind, take)?;
            damages.extend(damage.map(|damage| damage.of(link)));
            Ok::<_, Error>(state)
        };
        let named = stream(Kind::Names, &mut |_, _, entries| names.read(entries))?;
        let mut stored_commits = StoredCommits::default();
        let commits = stream(Kind::Commits, &mut |_, _, entries| {
            commits::read(entries, &names)?.into_iter().for_each(|change| stored_commits.apply(change));
            Some(())
        })?;
        let mut last_checkpoints = LastCheckpoints::default();
        let checkpoints = stream(Kind::Checkpoints, &mut |_, _, entries| {
            for checkpoint_entry in checkpoints::read(entries, &names)? {
                sink.checkpoint(&checkpoint_entry, &names);
                last_checkpoints.insert(checkpoint_entry.group_partition, checkpoint_entry);
            }
            Some(())
        })?;
        let (mut reader, mut newest) = (SyncReader::default(), Vec::new());
        let mut syncs = stream(Kind::Syncs, &mut |_, head, entries| {
            reader.read(&head, entries, &names, |pair| {
                sink.sync(pair, &names);
                set_newest(&mut newest, pair);
            })
        })?;
        let mut fingerprints = Fingerprints::default();
        let take = &mut |_, head: Head, entries: &[u8]| fingerprints.read(entries, head.count);
        let (mut records, damage) = StreamState::load(log, space, Kind::Records, take)?;
        if let Some(damage) = damage {
            (records, fingerprints) = (StreamState::empty(records.stream, 0), Fingerprints::default());
            damages.push(damage.of(link));
        }
        let take = &mut |_, head: Head, entries: &[u8]| fingerprints.read_topics(entries, head.count);
        let (mut record_topics, damage) = StreamState::load(log, space, Kind::RecordTopics, take)?;
        if let Some(damage) = damage {
            // An id that is not known proves nothing, and an old one would.
            record_topics = StreamState::empty(record_topics.stream, 0);
            fingerprints.forget_topics();
            damages.push(damage.of(link));
        }
        let sync_writer = resume(&mut syncs.tail, &names);
        let contents = Self {
            names,
            stored_commits,
            last_checkpoints,
            newest,
            sync_writer,
            full: Vec::new(),
            named,
            commits,
            syncs,
            checkpoints,
            fingerprints,
            records,
            record_topics,
        };
        Ok((contents, damages))
    }

    /// When anything was read of the source last, in milliseconds; the syncs count where they are on it.
    pub(super) fn source_seen_ms(&self, syncs_on: Side) -> Option<i64> {
        let syncs = (syncs_on == Side::Source).then_some(&self.syncs);
        let read = [Some(&self.commits), Some(&self.records), syncs].into_iter().flatten();
        let newest = |stream: &StreamState| {
            stream.pieces.iter().map(|piece| piece.last_ms).chain([stream.tail.head.last_ms]).max()
        };
        read.filter_map(newest).max().filter(|&ms| ms > 0)
    }

    pub(super) fn streams(&self) -> [&StreamState; 6] {
        let Self { named, commits, syncs, checkpoints, records, record_topics, .. } = self;
        [named, commits, syncs, checkpoints, records, record_topics]
    }
}

impl StreamState {
    fn empty(stream: Stream, sequence: u64) -> Self {
        Self { stream, pieces: VecDeque::new(), tail: Tail::first(stream, sequence) }
    }

    /// Reads a stream up to its end or to the first segment that makes no sense.
    pub(super) fn load(
        log: &dyn SegmentLog,
        space: u32,
        kind: Kind,
        take: Take<'_>,
    ) -> Result<(Self, Option<Damage>), Error> {
        let stream = Stream { space, kind: kind as u8 };
        let mut pieces: VecDeque<Piece> = VecDeque::new();
        let mut last: Option<(u64, Head, Vec<u8>)> = None;
        let mut damage: Option<Damage> = None;
        log.scan(stream, 0, &mut |sequence, bytes| {
            if let Some(damage) = &mut damage {
                damage.lost += 1;
                return true;
            }
            let expected = pieces.back().map_or(sequence, |piece| piece.sequence + 1);
            let read = segment::decode(Key { stream, sequence }, bytes).and_then(|(head, entries)| {
                if sequence != expected {
                    return Err(Flaw::Gap(expected));
                }
                take(sequence, head, entries).map(|()| (head, entries)).ok_or(Flaw::Entries)
            });
            match read {
                Ok((head, entries)) => {
                    pieces.push_back(Piece::of(sequence, &head, bytes.len()));
                    let (at, known, kept) = last.get_or_insert_default();
                    (*at, *known) = (sequence, head);
                    kept.clear();
                    kept.extend_from_slice(entries);
                }
                Err(flaw) => damage = Some(Damage { link: None, sequence, flaw, lost: 1, kind }),
            }
            true
        })?;
        let tail = match last {
            Some((sequence, head, entries)) => {
                pieces.pop_back();
                Tail::resumed(stream, sequence, head, &entries)
            }
            // A damaged first segment is rewritten.
            None => Tail::first(stream, damage.as_ref().map_or(0, |damage| damage.sequence)),
        };
        Ok((Self { stream, pieces, tail }, damage))
    }

    /// Closes the tail with `end` behind its entries.
    pub(super) fn close(&mut self, end: &[u8]) -> (Key, Vec<u8>) {
        let (sequence, head) = (self.tail.sequence(), self.tail.head);
        let (key, bytes) = self.tail.close(end);
        self.pieces.push_back(Piece::of(sequence, &head, bytes.len()));
        (key, bytes)
    }

    /// Bytes of all its segments.
    pub(super) fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.bytes).sum::<u64>() + self.tail.len()
    }

    /// Entries in all its segments.
    pub(super) fn count(&self) -> u64 {
        self.pieces.iter().map(|piece| u64::from(piece.count)).sum::<u64>() + u64::from(self.tail.head.count)
    }
}

/// The writer that wrote the syncs of the last segment, so that the segment can grow.
fn resume(tail: &mut Tail, names: &Names) -> SyncWriter {
    let mut writer = SyncWriter::default();
    writer.begin();
    let (written, mut entries) = (tail.entries.bytes().to_vec(), Writer::default());
    let again = |pair| writer.push(&mut entries, pair, names);
    if SyncReader::default().read(&tail.head, &written, names, again).is_some() {
        tail.entries = entries;
        tail.head.version = syncs::BY_STEPS;
    }
    writer
}

/// Takes the newest sync of a partition.
#[inline]
pub(super) fn set_newest(newest: &mut Vec<Option<Pair>>, pair: Pair) {
    let at = pair.number as usize - 1;
    if at >= newest.len() {
        newest.resize(at + 1, None);
    }
    newest[at] = Some(pair);
}

impl Pair {
    pub(super) fn to_sync(self) -> Option<OffsetPair> {
        Some(OffsetPair::new(
            SourceOffset::new(self.upstream).ok()?,
            TargetOffset::new(self.downstream).ok()?,
        ))
    }
}

impl CheckpointEntry {
    pub(super) fn to_sync(&self) -> Option<OffsetPair> {
        Some(OffsetPair::new(
            SourceOffset::new(self.upstream).ok()?,
            TargetOffset::new(self.downstream).ok()?,
        ))
    }
}
