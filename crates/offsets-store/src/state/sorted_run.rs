use std::ops::Range;

use offsets_reconcile::Identity;
use xorf::{BinaryFuse8, Filter as _};

use super::{Page, StoredValue};
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};

/// Number of segments that share a filter.
const SEGMENTS_PER_FILTER: usize = 256;

/// Number of segments that are handed to the log at once.
const BATCH: usize = 64;

/// Entries that left the memory: segments in the order of identities, and in memory what tells where one would be.
#[derive(Debug)]
pub(super) struct SortedRun {
    /// Its segments.
    pub(super) segments: Range<u64>,
    /// How many entries are in them.
    pub(super) entries: u64,
    blocks: Vec<FilterBlock>,
}

/// Segments that follow each other.
#[derive(Debug)]
struct FilterBlock {
    first: u64,
    /// The first identity of each.
    fences: Vec<u128>,
    /// Without one every identity could be here.
    filter: Option<BinaryFuse8>,
}

impl SortedRun {
    /// A bucket that is on the disk, of which nothing else is known yet.
    pub(super) fn unread(segments: Range<u64>, entries: u64) -> Self {
        Self { segments, entries, blocks: Vec::new() }
    }

    /// The only segment that can hold an identity; `None` where none does.
    pub(super) fn segment_of(&self, identity: Identity) -> Option<u64> {
        let bits = identity.to_bits();
        let starts_before = |block: &FilterBlock| block.fences.first().is_some_and(|first| *first <= bits);
        let block = &self.blocks[self.blocks.partition_point(starts_before).checked_sub(1)?];
        if block.filter.as_ref().is_some_and(|filter| !filter.contains(&(bits as u64))) {
            return None;
        }
        let segment = block.fences.partition_point(|fence| *fence <= bits).checked_sub(1)?;
        Some(block.first + segment as u64)
    }

    /// Bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let bytes = |block: &FilterBlock| {
            let filter = block.filter.as_ref().map_or(0, BinaryFuse8::len);
            size_of::<FilterBlock>() + block.fences.len() * size_of::<u128>() + filter
        };
        self.blocks.iter().map(bytes).sum()
    }
}

/// What a bucket's memory is made of, while its entries pass in their order.
#[derive(Debug)]
pub(super) struct RunBuilder {
    run: SortedRun,
    fences: Vec<u128>,
    keys: Vec<u64>,
}

impl RunBuilder {
    pub(super) fn new(first: u64) -> Self {
        Self { run: SortedRun::unread(first..first, 0), fences: Vec::new(), keys: Vec::new() }
    }

    /// The next entry, the first of a segment or another.
    pub(super) fn enter(&mut self, identity: Identity, begins: bool) {
        if begins {
            if self.fences.len() == SEGMENTS_PER_FILTER {
                self.close();
            }
            self.fences.push(identity.to_bits());
            self.run.segments.end += 1;
        }
        self.keys.push(identity.to_bits() as u64);
        self.run.entries += 1;
    }

    pub(super) fn finish(mut self) -> SortedRun {
        self.close();
        self.run
    }

    fn close(&mut self) {
        if self.fences.is_empty() {
            return;
        }
        self.keys.sort_unstable();
        self.keys.dedup();
        let first = self.run.segments.end - self.fences.len() as u64;
        let mut fences = std::mem::take(&mut self.fences);
        fences.shrink_to_fit();
        // What cannot be made leaves a chunk that is always looked into.
        let filter = BinaryFuse8::try_from(&self.keys).ok();
        self.run.blocks.push(FilterBlock { first, fences, filter });
        self.keys.clear();
    }
}

/// Writes a bucket whose entries come in the order of their identities.
#[derive(Debug)]
pub(super) struct RunWriter<V> {
    stream: Stream,
    builder: RunBuilder,
    page: Page<V>,
    sequence: u64,
    segments: Vec<(Key, Vec<u8>)>,
}

impl<V: StoredValue> RunWriter<V> {
    pub(super) fn new(stream: Stream, first: u64) -> Self {
        let (builder, page) = (RunBuilder::new(first), Page::new());
        Self { stream, builder, page, sequence: first, segments: Vec::new() }
    }

    pub(super) fn enter(
        &mut self,
        log: &mut impl SegmentLog,
        identity: Identity,
        value: V,
    ) -> Result<(), Error> {
        if self.page.is_full() {
            self.roll();
            if self.segments.len() == BATCH {
                log.append(&self.segments)?;
                self.segments.clear();
            }
        }
        self.builder.enter(identity, self.page.is_empty());
        self.page.enter(identity, value);
        Ok(())
    }

    pub(super) fn finish(mut self, log: &mut impl SegmentLog) -> Result<SortedRun, Error> {
        if !self.page.is_empty() {
            self.roll();
        }
        if !self.segments.is_empty() {
            log.append(&self.segments)?;
        }
        Ok(self.builder.finish())
    }

    fn roll(&mut self) {
        self.segments.push(self.page.encode(Key { stream: self.stream, sequence: self.sequence }));
        self.page = Page::new();
        self.sequence += 1;
    }
}
