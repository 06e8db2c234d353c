//! An archive in one piece: what a recorder hands to those who want to read while it records.

use std::collections::VecDeque;
use std::mem;

use twox_hash::XxHash3_128;

use super::{Archive, Kind, LINKS};
use crate::log::{Key, MemoryLog, SegmentLog, Stream};
use crate::{Error, MalformedCopy};

/// What a copy begins with: its name and its version.
const MAGIC: &[u8; 16] = b"offsets-copy\0\0\0\x02";

/// What stands in front of each segment.
const HEAD: usize = 17;

const SUM: usize = 16;

/// The kinds of a link's streams.
const KINDS: [Kind; 6] =
    [Kind::Names, Kind::Commits, Kind::Syncs, Kind::Checkpoints, Kind::Records, Kind::RecordTopics];

/// A copy of an archive that is being made, part by part: everything that was saved when it was begun. What is recorded meanwhile is
/// not in it.
pub struct Copying {
    /// Bytes that were taken and not handed out yet.
    taken: Vec<u8>,
    /// Full segments, which nothing changes, that are still to be taken: of these streams from one number up to another.
    left: VecDeque<(Stream, u64, u64)>,
    sum: Sum,
    is_summed: bool,
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

impl Copying {
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

impl Archive {
    /// Begins a copy of everything that is saved: every link, and what stands of them at this moment. Nothing expires before
    /// [`Archive::end_copy`].
    ///
    /// # Errors
    /// The log's own.
    pub fn begin_copy(&mut self) -> Result<Copying, Error> {
        let mut taken = MAGIC.to_vec();
        taken.extend_from_slice(&self.footprint()?.to_le_bytes());
        let sum = Sum::of(&taken);
        let mut copying = Copying { taken, left: VecDeque::new(), sum, is_summed: false };
        let mut streams = vec![(LINKS, 0)];
        for &space in self.links.keys() {
            for kind in KINDS {
                let stream = Stream { space, kind: kind as u8 };
                // What is not recorded does not grow, and of the rest only the last segments do.
                let grows_from = self.open.get(&space).map_or(u64::MAX, |contents| {
                    let waiting = contents.full.iter().filter(|(key, _)| key.stream == stream);
                    let waiting = waiting.map(|(key, _)| key.sequence).min();
                    let tail = contents.stream(kind).tail.sequence();
                    waiting.map_or(tail, |waiting| waiting.min(tail))
                });
                copying.left.push_back((stream, 0, grows_from));
                streams.push((stream, grows_from));
            }
        }
        for (stream, from) in streams {
            self.log.scan(stream, from, &mut |sequence, segment| {
                copying.take(Key { stream, sequence }, segment);
                true
            })?;
        }
        self.copies += 1;
        Ok(copying)
    }

    /// The next part of a copy, of about `most` bytes; empty when there is no more.
    ///
    /// # Errors
    /// The log's own.
    pub fn copy_on(&self, copying: &mut Copying, most: usize) -> Result<Vec<u8>, Error> {
        while copying.taken.len() < most {
            let Some((stream, from, end)) = copying.left.pop_front() else { break };
            let mut next = None;
            self.log.scan(stream, from, &mut |sequence, segment| {
                if sequence >= end {
                    return false;
                }
                if copying.taken.len() >= most {
                    next = Some(sequence);
                    return false;
                }
                copying.take(Key { stream, sequence }, segment);
                true
            })?;
            if let Some(next) = next {
                copying.left.push_front((stream, next, end));
            }
        }
        let mut part = mem::take(&mut copying.taken);
        if copying.left.is_empty() && !mem::replace(&mut copying.is_summed, true) {
            part.extend_from_slice(&copying.sum.0);
        }
        Ok(part)
    }

    /// Ends a copy, whole or not: what is old expires again.
    pub fn end_copy(&mut self, _: Copying) {
        self.copies = self.copies.saturating_sub(1);
    }

    /// Everything that is saved, as one piece of bytes.
    ///
    /// # Errors
    /// The log's own.
    pub fn copy(&mut self) -> Result<Vec<u8>, Error> {
        let mut copying = self.begin_copy()?;
        let copy = self.copy_on(&mut copying, usize::MAX);
        self.end_copy(copying);
        copy
    }

    /// The archive that a [copy](Archive::copy) is of. What is recorded into it is nowhere on a disk.
    ///
    /// # Errors
    /// [`MalformedCopy`] when the bytes are not a whole copy of this version.
    pub fn of_copy(bytes: &[u8]) -> Result<Self, MalformedCopy> {
        let (footprint, log) = read(bytes).ok_or(MalformedCopy)?;
        let mut archive = Self::over(log).map_err(|_| MalformedCopy)?;
        archive.footprint_elsewhere = Some(footprint);
        Ok(archive)
    }
}

fn read(bytes: &[u8]) -> Option<(u64, MemoryLog)> {
    let (content, expected) = bytes.split_last_chunk::<SUM>()?;
    let (footprint, mut rest) = content.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
    let mut sum = Sum::of(&content[..content.len() - rest.len()]);
    let mut log = MemoryLog::default();
    while !rest.is_empty() {
        let (head, behind) = rest.split_first_chunk::<HEAD>()?;
        let space = u32::from_le_bytes(head[..4].try_into().ok()?);
        let sequence = u64::from_le_bytes(head[5..13].try_into().ok()?);
        let length = u32::from_le_bytes(head[13..].try_into().ok()?);
        let (segment, behind) = behind.split_at_checked(length as usize)?;
        sum.add(head, segment);
        log.append(&[(Key { stream: Stream { space, kind: head[4] }, sequence }, segment.to_vec())]).ok()?;
        rest = behind;
    }
    (sum == Sum(*expected)).then(|| (u64::from_le_bytes(*footprint), log))
}
