use std::collections::BTreeMap;
use std::ops::Range;

use super::{Claim, Key, SegmentLog, Stream};
use crate::Error;

/// A log whose changes are held back until they are known to count.
///
/// A caller that writes the same changes elsewhere in a transaction, such as to a changelog in Kafka, takes them from
/// [`changes`](Self::changes), and once that transaction is through has them committed by [`commit`](Self::commit). Where it
/// fails, the journal is dropped with the table over it, which knows of the changes, and both are reopened over what is
/// kept. Reading shows the log as if they counted.
#[derive(Debug, Clone, Default)]
pub struct ChangeBuffer<L> {
    committed: L,
    /// What has changed: a segment, or `None` where one was removed.
    changes: BTreeMap<Key, Option<Vec<u8>>>,
}

impl<L: SegmentLog> ChangeBuffer<L> {
    /// Nothing has changed yet.
    pub fn over(committed: L) -> Self {
        Self { committed, changes: BTreeMap::new() }
    }

    /// What has changed since it was last settled, in the order of the keys: the bytes of a segment, or `None` for one
    /// that was removed.
    pub fn changes(&self) -> impl Iterator<Item = (Key, Option<&[u8]>)> {
        self.changes.iter().map(|(key, segment)| (*key, segment.as_deref()))
    }

    /// Has the log beneath keep the changes, and `more` with them in the same step. What was removed goes after that: a crash
    /// in between leaves too much and never too little.
    ///
    /// # Errors
    /// The log's own; the changes are still held then.
    pub fn commit(&mut self, more: Vec<(Key, Vec<u8>)>) -> Result<(), Error> {
        let written = self.changes.iter().filter_map(|(key, segment)| Some((*key, segment.clone()?)));
        let written: Vec<_> = written.chain(more).collect();
        self.committed.append(&written)?;
        let removed = self.changes.iter().filter(|(_, segment)| segment.is_none());
        for (key, _) in removed {
            self.committed.remove(key.stream, key.sequence..key.sequence.saturating_add(1))?;
        }
        self.changes.clear();
        Ok(())
    }

    /// Has the log beneath keep these segments at once, which are not of what is written elsewhere; the changes are held on.
    ///
    /// # Errors
    /// The log's own.
    pub fn write_through(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        self.committed.append(segments)
    }

    /// The log beneath, as it was last settled: what is there after a crash.
    pub fn committed(&self) -> &L {
        &self.committed
    }

    fn changed(&self, stream: Stream, range: Range<u64>) -> impl Iterator<Item = (u64, Option<&[u8]>)> {
        let [from, to] = [range.start, range.end].map(|sequence| Key { stream, sequence });
        let changed = self.changes.range(from..to.max(from));
        changed.map(|(key, segment)| (key.sequence, segment.as_deref()))
    }
}

impl<L: SegmentLog> SegmentLog for ChangeBuffer<L> {
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        self.changes.extend(segments.iter().map(|(key, segment)| (*key, Some(segment.clone()))));
        Ok(())
    }

    fn scan(
        &self,
        stream: Stream,
        from: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Error> {
        let mut changed = self.changed(stream, from..u64::MAX).peekable();
        let mut go_on = true;
        self.committed.scan(stream, from, &mut |sequence, segment| {
            while go_on && let Some((earlier, change)) = changed.next_if(|(at, _)| *at < sequence) {
                go_on = change.is_none_or(|change| visit(earlier, change));
            }
            let change = if go_on { changed.next_if(|(at, _)| *at == sequence) } else { None };
            go_on = go_on
                && match change {
                    Some((_, Some(change))) => visit(sequence, change),
                    Some((_, None)) => true,
                    None => visit(sequence, segment),
                };
            go_on
        })?;
        while go_on && let Some((sequence, change)) = changed.next() {
            go_on = change.is_none_or(|change| visit(sequence, change));
        }
        Ok(())
    }

    fn get(&self, key: Key, visit: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        match self.changes.get(&key) {
            Some(change) => Ok(change.as_deref().map(visit).is_some()),
            None => self.committed.get(key, visit),
        }
    }

    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error> {
        let mut changed = self.changes.iter().peekable();
        let mut show = |(key, segment): (&Key, &Option<Vec<u8>>)| {
            if let Some(segment) = segment {
                visit(*key, segment);
            }
        };
        let mut committed = Vec::new();
        self.committed.scan_all(&mut |key, segment| committed.push((key, Some(segment.to_vec()))))?;
        for (key, segment) in &committed {
            while let Some(change) = changed.next_if(|(at, _)| *at < key) {
                show(change);
            }
            show(changed.next_if(|(at, _)| *at == key).unwrap_or((key, segment)));
        }
        changed.for_each(show);
        Ok(())
    }

    fn remove(&mut self, stream: Stream, range: Range<u64>) -> Result<u64, Error> {
        let mut there = Vec::new();
        self.scan(stream, range.start, &mut |sequence, _| {
            let inside = sequence < range.end;
            if inside {
                there.push(Key { stream, sequence });
            }
            inside
        })?;
        let removed = there.len() as u64;
        self.changes.extend(there.into_iter().map(|key| (key, None)));
        Ok(removed)
    }

    /// What has changed is on no disk before it is settled.
    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn footprint(&self) -> Result<u64, Error> {
        let changed: u64 = self.changes.values().flatten().map(|segment| segment.len() as u64).sum();
        Ok(self.committed.footprint()? + changed)
    }

    fn claim(&self, space: u32) -> Option<Claim> {
        self.committed.claim(space)
    }
}
