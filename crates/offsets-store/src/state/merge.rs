use std::ops::Range;

use offsets_reconcile::Identity;

use super::sorted_run::{RunBuilder, SortedRun};
use super::{StateDamage, StoredValue, page};
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::Flaw;

/// The entries of several buckets in the order of their identities, a segment of each in memory at a time.
#[derive(Debug)]
pub(super) struct Merge<V> {
    stream: Stream,
    /// The oldest first.
    cursors: Vec<Cursor<V>>,
}

#[derive(Debug)]
struct Cursor<V> {
    segments: Range<u64>,
    entries: Vec<(Identity, V)>,
    at: usize,
    builder: RunBuilder,
    last: Option<u128>,
}

/// Why a merge ends before its end.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The log cannot be read.
    Log(Error),
    /// A segment is damaged: of which bucket.
    Damaged(usize, StateDamage),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Log(error)
    }
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Log(error) => error,
            Stopped::Damaged(_, damage) => damage.into(),
        }
    }
}

impl<V: StoredValue> Merge<V> {
    pub(super) fn new(stream: Stream, runs: &[SortedRun]) -> Self {
        let cursor = |run: &SortedRun| Cursor {
            segments: run.segments.clone(),
            entries: Vec::new(),
            at: 0,
            builder: RunBuilder::new(run.segments.start),
            last: None,
        };
        Self { stream, cursors: runs.iter().map(cursor).collect() }
    }

    /// The next identity, with its newest value; `holders` is told which buckets have it.
    pub(super) fn next(
        &mut self,
        log: &impl SegmentLog,
        holders: &mut Vec<usize>,
    ) -> Result<Option<(Identity, V)>, Stopped> {
        holders.clear();
        let mut least: Option<(u128, (Identity, V))> = None;
        for (which, cursor) in self.cursors.iter_mut().enumerate() {
            let Some(entry) = cursor.peek(log, self.stream, which)? else { continue };
            let bits = entry.0.to_bits();
            match least {
                Some((known, _)) if known < bits => {}
                Some((known, _)) if known == bits => {
                    holders.push(which);
                    least = Some((bits, entry));
                }
                _ => {
                    holders.clear();
                    holders.push(which);
                    least = Some((bits, entry));
                }
            }
        }
        holders.iter().for_each(|which| self.cursors[*which].at += 1);
        Ok(least.map(|(_, entry)| entry))
    }

    /// The buckets, read to their end.
    pub(super) fn finish(self) -> Vec<SortedRun> {
        self.cursors.into_iter().map(|cursor| cursor.builder.finish()).collect()
    }
}

impl<V: StoredValue> Cursor<V> {
    fn peek(
        &mut self,
        log: &impl SegmentLog,
        stream: Stream,
        which: usize,
    ) -> Result<Option<(Identity, V)>, Stopped> {
        while self.at == self.entries.len() {
            let Some(sequence) = self.segments.next() else { return Ok(None) };
            let key = Key { stream, sequence };
            let mut read = Err(Flaw::Missing);
            log.get(key, &mut |bytes| read = page::read(key, bytes, &mut self.entries))?;
            read.and_then(|()| self.enter()).map_err(|flaw| {
                let damage = StateDamage { key, flaw };
                Stopped::Damaged(which, damage)
            })?;
            self.at = 0;
        }
        Ok(self.entries.get(self.at).copied())
    }

    fn enter(&mut self) -> Result<(), Flaw> {
        for (number, (identity, _)) in self.entries.iter().enumerate() {
            let bits = identity.to_bits();
            if self.last.is_some_and(|last| last >= bits) {
                return Err(Flaw::Entries);
            }
            self.last = Some(bits);
            self.builder.enter(*identity, number == 0);
        }
        Ok(())
    }
}
