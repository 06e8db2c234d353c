//! A snapshot of an archive, page by page: what a recorder sends to those who read while it records.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use twox_hash::XxHash3_128;

use super::{Archive, Kind, LINKS};
use crate::log::{Key, MemoryLog, SegmentLog, Stream};
use crate::{Error, MalformedCopy};

/// What a copy begins with: its name and its version.
const MAGIC: &[u8; 16] = b"offsets-copy\0\0\0\x02";

/// Bytes in front of the first segment: name, version and footprint.
const PREFIX: usize = MAGIC.len() + 8;

/// What stands in front of each segment.
const HEAD: usize = 17;

const SUM: usize = 16;

/// Bytes of the longest segment that a reader accepts. Those of records have a few KiB; that of a link holds the ids of all its topics.
const SEGMENT_MAX: usize = 1 << 28;

/// The kinds of a link's streams.
const KINDS: [Kind; 6] =
    [Kind::Names, Kind::Commits, Kind::Syncs, Kind::Checkpoints, Kind::Records, Kind::RecordTopics];

/// Everything that an archive had saved at one moment, read page by page. What is recorded later is not in it.
///
/// It holds the segments that may still grow, one of each stream, and reads the others, which nothing changes, when their page is asked
/// for, through a handle of its own: the archive is not borrowed, and its owner records on. Nothing expires while a snapshot lives.
pub struct Snapshot {
    log: Box<dyn SegmentLog + Send>,
    /// Bytes that were read and not handed out yet.
    taken: Vec<u8>,
    /// Full segments that are still to be read: of these streams from one number up to another, half-open.
    left: VecDeque<(Stream, u64, u64)>,
    sum: Sum,
    is_summed: bool,
    /// Shared with the archive, which counts the snapshots by it.
    _alive: Arc<()>,
}

/// The checksum of everything so far: of the one before it and what came since.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sum([u8; SUM]);

impl Sum {
    fn of(begin: &[u8]) -> Self {
        Self(XxHash3_128::oneshot(begin).to_le_bytes())
    }

    fn add(&mut self, head: &[u8], segment: &[u8]) {
        *self = Self::of(&[&self.0, head, segment].concat());
    }
}

impl Archive {
    /// Begins to read everything that is saved: every link, as it is at this moment.
    ///
    /// # Errors
    /// The log's own.
    pub fn snapshot(&mut self) -> Result<Snapshot, Error> {
        let mut taken = MAGIC.to_vec();
        taken.extend_from_slice(&self.footprint()?.to_le_bytes());
        let sum = Sum::of(&taken);
        let mut left = VecDeque::new();
        let mut growing = vec![(LINKS, 0)];
        for &space in self.links.keys() {
            for kind in KINDS {
                let stream = Stream { space, kind: kind as u8 };
                let grows_from = self.grows_from(stream, kind)?;
                left.push_back((stream, 0, grows_from));
                growing.push((stream, grows_from));
            }
        }
        let (log, alive) = (self.log.reader(), Arc::clone(&self.snapshots));
        let mut snapshot = Snapshot { log, taken, left, sum, is_summed: false, _alive: alive };
        for (stream, from) in growing {
            self.log.scan(stream, from, &mut |sequence, segment| {
                snapshot.take(Key { stream, sequence }, segment);
                true
            })?;
        }
        Ok(snapshot)
    }

    /// The number of the first segment that may still change or that is not stored yet.
    fn grows_from(&self, stream: Stream, kind: Kind) -> Result<u64, Error> {
        let Some(contents) = self.open.get(&stream.space) else { return last_sequence(&*self.log, stream) };
        let waiting = contents.full.iter().filter(|(key, _)| key.stream == stream);
        let waiting = waiting.map(|(key, _)| key.sequence).min();
        let tail = contents.stream(kind).tail.sequence();
        Ok(waiting.map_or(tail, |waiting| waiting.min(tail)))
    }
}

/// The number of the last segment of a stream, 0 where there is none. A link that is not recorded yet may be before the snapshot is read.
fn last_sequence(log: &dyn SegmentLog, stream: Stream) -> Result<u64, Error> {
    let first_from = |from| {
        let mut found = None;
        log.scan(stream, from, &mut |sequence, _| {
            found = Some(sequence);
            false
        })
        .map(|()| found)
    };
    let (mut last, mut step) = (0, 1_u64);
    loop {
        match first_from(last + step)? {
            Some(sequence) => (last, step) = (sequence, step.saturating_mul(2).min(1 << 40)),
            None if step == 1 => return Ok(last),
            None => step /= 2,
        }
    }
}

impl Snapshot {
    /// The next page, of at most `most` bytes; empty when there is no more.
    ///
    /// # Errors
    /// The log's own.
    pub fn next_page(&mut self, most: usize) -> Result<Vec<u8>, Error> {
        while self.taken.len() < most {
            let Some((stream, from, end)) = self.left.pop_front() else { break };
            let (mut next, mut read) = (None, Vec::new());
            let room = most - self.taken.len();
            let mut bytes = 0;
            self.log.scan(stream, from, &mut |sequence, segment| {
                if sequence >= end {
                    return false;
                }
                if bytes >= room {
                    next = Some(sequence);
                    return false;
                }
                bytes += HEAD + segment.len();
                read.push((sequence, segment.to_vec()));
                true
            })?;
            read.iter().for_each(|(sequence, segment)| {
                self.take(Key { stream, sequence: *sequence }, segment);
            });
            if let Some(next) = next {
                self.left.push_front((stream, next, end));
            }
        }
        if self.left.is_empty() && !mem::replace(&mut self.is_summed, true) {
            self.taken.extend_from_slice(&self.sum.0);
        }
        let rest = self.taken.split_off(self.taken.len().min(most));
        Ok(mem::replace(&mut self.taken, rest))
    }

    fn take(&mut self, key: Key, segment: &[u8]) {
        let length = u32::try_from(segment.len()).expect("a segment has a few KiB");
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(&key.stream.space.to_le_bytes());
        head.push(key.stream.kind);
        head.extend_from_slice(&key.sequence.to_le_bytes());
        head.extend_from_slice(&length.to_le_bytes());
        self.sum.add(&head, segment);
        self.taken.extend_from_slice(&head);
        self.taken.extend_from_slice(segment);
    }
}

/// Reads the pages of a [`Snapshot`], however they are cut: each segment is stored as soon as it is whole.
#[derive(Default)]
pub struct SnapshotReader {
    log: MemoryLog,
    /// Bytes that no whole segment begins with yet.
    pending: Vec<u8>,
    /// The footprint, and the checksum so far; `None` before the prefix.
    begun: Option<(u64, Sum)>,
}

impl SnapshotReader {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`MalformedCopy`] when they are not those of a copy of this version.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), MalformedCopy> {
        self.pending.extend_from_slice(bytes);
        let mut rest = &self.pending[..];
        let (footprint, mut sum) = match self.begun {
            Some(begun) => begun,
            None => {
                let Some((prefix, behind)) = rest.split_at_checked(PREFIX) else { return Ok(()) };
                let footprint = prefix.strip_prefix(MAGIC).and_then(|bytes| bytes.try_into().ok());
                rest = behind;
                (u64::from_le_bytes(footprint.ok_or(MalformedCopy)?), Sum::of(prefix))
            }
        };
        // The last bytes are the checksum's.
        while let Some((head, behind)) = rest.split_first_chunk::<HEAD>() {
            let (key, length) = read_head(head);
            if length > SEGMENT_MAX {
                return Err(MalformedCopy);
            }
            let Some((segment, behind)) = behind.split_at_checked(length) else { break };
            if behind.len() < SUM {
                break;
            }
            sum.add(head, segment);
            self.log.append(&[(key, segment.to_vec())]).map_err(|_| MalformedCopy)?;
            rest = behind;
        }
        self.begun = Some((footprint, sum));
        let read = self.pending.len() - rest.len();
        self.pending.drain(..read);
        Ok(())
    }

    /// The archive that all the pages are of. What is recorded into it is nowhere on a disk.
    ///
    /// # Errors
    /// [`MalformedCopy`] when something is missing or changed.
    pub fn finish(self) -> Result<Archive, MalformedCopy> {
        let (footprint, sum) = self.begun.ok_or(MalformedCopy)?;
        if self.pending != sum.0 {
            return Err(MalformedCopy);
        }
        let mut archive = Archive::over(self.log).map_err(|_| MalformedCopy)?;
        archive.footprint_elsewhere = Some(footprint);
        Ok(archive)
    }
}

fn read_head(head: &[u8; HEAD]) -> (Key, usize) {
    let [s0, s1, s2, s3, kind, rest @ ..] = *head;
    let [n0, n1, n2, n3, n4, n5, n6, n7, l0, l1, l2, l3] = rest;
    let stream = Stream { space: u32::from_le_bytes([s0, s1, s2, s3]), kind };
    let sequence = u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]);
    (Key { stream, sequence }, u32::from_le_bytes([l0, l1, l2, l3]) as usize)
}
