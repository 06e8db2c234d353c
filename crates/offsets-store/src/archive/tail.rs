use jiff::Timestamp;

use crate::log::{Key, SEGMENT_LIMIT, Stream};
use crate::segment::{self, FRAME, Head};
use crate::wire::Writer;

/// A segment is closed when it spans more than this, so that old entries can go without young ones.
const SPAN_MS: i64 = 24 * 60 * 60 * 1000;

/// The segment at the end of a stream, which grows in place until it is full.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    stream: Stream,
    sequence: u64,
    pub(super) head: Head,
    pub(super) entries: Writer,
    /// Whether it differs from what the log holds.
    changed: bool,
}

impl Tail {
    /// The first segment of a stream, empty.
    pub(super) fn first(stream: Stream, sequence: u64) -> Self {
        Self { stream, sequence, head: Head::default(), entries: Writer::default(), changed: false }
    }

    /// The last segment of a stream as it is stored.
    pub(super) fn resumed(stream: Stream, sequence: u64, head: Head, written: &[u8]) -> Self {
        let mut entries = Writer::default();
        entries.append(written);
        Self { stream, sequence, head, entries, changed: false }
    }

    /// Whether an entry of `more` bytes at `now` belongs in the next segment.
    pub(super) fn is_full_for(&self, more: usize, now: Timestamp) -> bool {
        self.head.count > 0
            && (FRAME + self.entries.len() + more > SEGMENT_LIMIT
                || now.as_millisecond() - self.head.first_ms > SPAN_MS
                || self.head.count == u32::MAX)
    }

    /// Counts an entry that was written at `now`.
    pub(super) fn grow(&mut self, now: Timestamp) {
        let now = now.as_millisecond();
        if self.head.count == 0 {
            self.head.first_ms = now;
            self.head.last_ms = now;
        }
        self.head.count += 1;
        self.head.last_ms = self.head.last_ms.max(now);
        self.changed = true;
    }

    /// Counts an entry that counts as several.
    pub(super) fn grow_by(&mut self, entries: u32, now: Timestamp) {
        self.grow(now);
        self.head.count = self.head.count.saturating_add(entries - 1);
    }

    /// How many bytes of entries it still holds.
    pub(super) fn room(&self) -> usize {
        SEGMENT_LIMIT.saturating_sub(FRAME + self.entries.len())
    }

    /// Where reading goes on.
    pub(super) fn reach(&mut self, next: i64, guard: u64) {
        self.changed |= self.head.next != next;
        self.head.next = next;
        self.head.guard = guard;
    }

    /// All of the stream was known to be as it is at `now`.
    pub(super) fn confirm(&mut self, now: Timestamp) {
        if self.head.count == 0 {
            self.head.first_ms = now.as_millisecond();
        }
        self.head.last_ms = self.head.last_ms.max(now.as_millisecond());
        self.changed = true;
    }

    /// The segment as it is stored, with `end` behind its entries; `None` when it is stored already.
    pub(super) fn stored(&mut self, end: &[u8]) -> Option<(Key, Vec<u8>)> {
        std::mem::take(&mut self.changed).then(|| self.encoded(end))
    }

    /// Takes the segment, full as it is, and begins the next one.
    pub(super) fn close(&mut self, end: &[u8]) -> (Key, Vec<u8>) {
        let full = self.encoded(end);
        self.sequence += 1;
        self.head = Head { count: 0, first_ms: self.head.last_ms, ..self.head };
        self.entries.clear();
        self.changed = false;
        full
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) fn len(&self) -> u64 {
        if self.head.count == 0 { 0 } else { (FRAME + self.entries.len()) as u64 }
    }

    fn encoded(&self, end: &[u8]) -> (Key, Vec<u8>) {
        let key = Key { stream: self.stream, sequence: self.sequence };
        let mut entries = self.entries.bytes().to_vec();
        entries.extend_from_slice(end);
        (key, segment::encode(key, &self.head, &entries))
    }
}
