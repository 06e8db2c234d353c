use offsets_reconcile::Identity;

use super::StoredValue;
use crate::log::{Key, SEGMENT_LIMIT};
use crate::segment::{self, FRAME, Flaw, Head};
use crate::wire::{Reader, Writer};

/// The entries of a segment that is being written.
#[derive(Debug)]
pub(super) struct Page<V> {
    count: u32,
    entries: Writer,
    last: Option<V>,
}

impl<V: StoredValue> Page<V> {
    pub(super) fn new() -> Self {
        Self { count: 0, entries: Writer::with_capacity(SEGMENT_LIMIT), last: None }
    }

    pub(super) fn of(entries: &[(Identity, V)]) -> Self {
        let mut page = Self::new();
        entries.iter().for_each(|&(identity, value)| page.enter(identity, value));
        page
    }

    /// Whether one more entry could be more than a segment holds.
    pub(super) fn is_full(&self) -> bool {
        FRAME + self.entries.len() + V::MAX_BYTES > SEGMENT_LIMIT
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn enter(&mut self, identity: Identity, value: V) {
        self.entries.append(&identity.to_bits().to_le_bytes());
        value.write(self.last.as_ref(), &mut self.entries);
        self.last = Some(value);
        self.count += 1;
    }

    pub(super) fn encode(&self, key: Key) -> (Key, Vec<u8>) {
        let head = Head { count: self.count, ..Head::default() };
        (key, segment::encode(key, &head, self.entries.bytes()))
    }
}

/// Puts the entries of a segment into `entries`, in the order in which they were written, in place of what is there.
pub(super) fn read<V: StoredValue>(
    key: Key,
    bytes: &[u8],
    entries: &mut Vec<(Identity, V)>,
) -> Result<(), Flaw> {
    entries.clear();
    let (head, bytes) = segment::decode(key, bytes)?;
    let mut reader = Reader::new(bytes);
    let mut last = None;
    for _ in 0..head.count {
        let identity = reader.array().map(u128::from_le_bytes).ok_or(Flaw::Entries)?;
        let value = V::read(last.as_ref(), &mut reader).ok_or(Flaw::Entries)?;
        entries.push((Identity::from_bits(identity), value));
        last = Some(value);
    }
    if reader.is_at_end() { Ok(()) } else { Err(Flaw::Entries) }
}
