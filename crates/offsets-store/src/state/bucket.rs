use std::ops::Range;

use offsets_core::reconcile::Identity;
use xorf::{BinaryFuse8, Filter as _};

use super::{Kept, Page};
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};

/// So many segments share a filter.
const CHUNK: usize = 256;

/// So many segments are handed to the log at once.
const HANDFUL: usize = 64;

/// Entries that left the memory: segments in the order of identities, and in memory what tells where one would be.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Its segments.
    pub(super) segments: Range<u64>,
    /// How many entries are in them.
    pub(super) entries: u64,
    chunks: Vec<Chunk>,
}

/// Segments that follow each other.
#[derive(Debug)]
struct Chunk {
    first: u64,
    /// The first identity of each.
    fences: Vec<u128>,
    /// Without one every identity could be here.
    filter: Option<BinaryFuse8>,
}

impl Bucket {
    /// A bucket that is on the disk, of which nothing else is known yet.
    pub(super) fn unread(segments: Range<u64>, entries: u64) -> Self {
        Self { segments, entries, chunks: Vec::new() }
    }

    /// The only segment that can hold an identity; `None` where none does.
    pub(super) fn place(&self, identity: Identity) -> Option<u64> {
        let bits = identity.to_bits();
        let starts_before = |chunk: &Chunk| chunk.fences.first().is_some_and(|first| *first <= bits);
        let chunk = &self.chunks[self.chunks.partition_point(starts_before).checked_sub(1)?];
        if chunk.filter.as_ref().is_some_and(|filter| !filter.contains(&(bits as u64))) {
            return None;
        }
        let segment = chunk.fences.partition_point(|fence| *fence <= bits).checked_sub(1)?;
        Some(chunk.first + segment as u64)
    }

    /// Bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let bytes = |chunk: &Chunk| {
            let filter = chunk.filter.as_ref().map_or(0, BinaryFuse8::len);
            size_of::<Chunk>() + chunk.fences.len() * size_of::<u128>() + filter
        };
        self.chunks.iter().map(bytes).sum()
    }
}

/// What a bucket's memory is made of, while its entries pass in their order.
#[derive(Debug)]
pub(super) struct Draft {
    bucket: Bucket,
    fences: Vec<u128>,
    keys: Vec<u64>,
}

impl Draft {
    pub(super) fn new(first: u64) -> Self {
        Self { bucket: Bucket::unread(first..first, 0), fences: Vec::new(), keys: Vec::new() }
    }

    /// The next entry, the first of a segment or another.
    pub(super) fn enter(&mut self, identity: Identity, begins: bool) {
        if begins {
            if self.fences.len() == CHUNK {
                self.close();
            }
            self.fences.push(identity.to_bits());
            self.bucket.segments.end += 1;
        }
        self.keys.push(identity.to_bits() as u64);
        self.bucket.entries += 1;
    }

    pub(super) fn finish(mut self) -> Bucket {
        self.close();
        self.bucket
    }

    fn close(&mut self) {
        if self.fences.is_empty() {
            return;
        }
        self.keys.sort_unstable();
        self.keys.dedup();
        let first = self.bucket.segments.end - self.fences.len() as u64;
        let mut fences = std::mem::take(&mut self.fences);
        fences.shrink_to_fit();
        // What cannot be made leaves a chunk that is always looked into.
        let filter = BinaryFuse8::try_from(&self.keys).ok();
        self.bucket.chunks.push(Chunk { first, fences, filter });
        self.keys.clear();
    }
}

/// Writes a bucket whose entries come in the order of their identities.
#[derive(Debug)]
pub(super) struct BucketWriter<V> {
    stream: Stream,
    draft: Draft,
    page: Page<V>,
    sequence: u64,
    segments: Vec<(Key, Vec<u8>)>,
}

impl<V: Kept> BucketWriter<V> {
    pub(super) fn new(stream: Stream, first: u64) -> Self {
        let (draft, page) = (Draft::new(first), Page::new());
        Self { stream, draft, page, sequence: first, segments: Vec::new() }
    }

    pub(super) fn enter(
        &mut self,
        log: &mut impl SegmentLog,
        identity: Identity,
        value: V,
    ) -> Result<(), Error> {
        if self.page.is_full() {
            self.turn();
            if self.segments.len() == HANDFUL {
                log.append(&self.segments)?;
                self.segments.clear();
            }
        }
        self.draft.enter(identity, self.page.is_empty());
        self.page.enter(identity, value);
        Ok(())
    }

    pub(super) fn finish(mut self, log: &mut impl SegmentLog) -> Result<Bucket, Error> {
        if !self.page.is_empty() {
            self.turn();
        }
        if !self.segments.is_empty() {
            log.append(&self.segments)?;
        }
        Ok(self.draft.finish())
    }

    fn turn(&mut self) {
        self.segments.push(self.page.encode(Key { stream: self.stream, sequence: self.sequence }));
        self.page = Page::new();
        self.sequence += 1;
    }
}
