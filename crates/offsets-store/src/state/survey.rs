use std::ops::Range;

use super::identity::IDENTITY;
use super::mark::{self, MARK};
use super::replica::CHECKPOINT;
use super::sorted_runs::{RUN_ENTRIES, RUN_LIST, read_list};
use super::{ENTRIES, PROGRESS, StateDamage};
use crate::log::{Key, Stream};
use crate::segment::{self, Flaw, Head};

/// What is kept of one partition of a changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedState {
    /// The partition.
    pub partition: u32,
    /// The offset of the changelog up to which, not included, everything is there; `None` where that is not known, and
    /// then nothing of it counts.
    pub next: Option<i64>,
    /// How many identities were remembered when it was saved.
    pub identities: Option<u64>,
    /// What the caller gave, such as how far the inputs were read.
    pub progress: Option<Vec<u8>>,
    /// How many segments there are.
    pub segments: u64,
    /// How many bytes they are.
    pub bytes: u64,
    /// The first segment that cannot be used.
    pub damage: Option<StateDamage>,
    /// The damage that was [salvaged](crate::DurableTable::salvage), where that is not acknowledged.
    pub salvaged: Option<StateDamage>,
}

/// The segments of one or more tables, as they are looked through in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Survey {
    seen: Vec<SavedState>,
    last: Option<Key>,
    entries: Vec<Range<u64>>,
    sorted_runs: Vec<Range<u64>>,
    /// From which segment on entries count, and the segments of each bucket.
    list: (u64, Vec<Range<u64>>),
}

impl Survey {
    /// Looks at the next segment. `None` where no state has such a one, or not behind the one before.
    pub(super) fn look(&mut self, key: Key, segment: &[u8]) -> Option<()> {
        let known = matches!(
            key.stream.kind,
            ENTRIES | PROGRESS | RUN_ENTRIES | RUN_LIST | IDENTITY | MARK | CHECKPOINT
        );
        if !known || self.last.is_some_and(|last| last >= key) {
            return None;
        }
        if self.last.is_none_or(|last| last.stream.space != key.stream.space) {
            self.conclude();
            self.seen.push(SavedState::of(key.stream.space));
        }
        self.last = Some(key);
        let state = self.seen.last_mut()?;
        state.segments += 1;
        state.bytes += segment.len() as u64;
        match segment::decode(key, segment) {
            Ok((head, content)) => self.take(key, &head, content),
            Err(flaw) => self.damaged(key, flaw),
        }
        Some(())
    }

    /// What there is of each partition.
    pub(super) fn finish(mut self) -> Vec<SavedState> {
        self.conclude();
        self.seen
    }

    fn take(&mut self, key: Key, head: &Head, content: &[u8]) {
        let Some(state) = self.seen.last_mut() else { return };
        match key.stream.kind {
            ENTRIES => extend(&mut self.entries, key.sequence),
            RUN_ENTRIES => extend(&mut self.sorted_runs, key.sequence),
            PROGRESS => {
                state.progress = Some(content.to_vec());
                state.identities = u64::try_from(head.next).ok();
            }
            CHECKPOINT => state.next = Some(head.next),
            IDENTITY => {}
            MARK => state.salvaged = mark::decode(content),
            _ => match read_list(head.count, content) {
                Some((from, listed_runs)) => {
                    self.list = (from, listed_runs.into_iter().map(|listed| listed.segments).collect());
                }
                None => self.damaged(key, Flaw::Entries),
            },
        }
    }

    /// Sees whether a partition has everything that it says it has.
    fn conclude(&mut self) {
        let (entries, sorted_runs) =
            (std::mem::take(&mut self.entries), std::mem::take(&mut self.sorted_runs));
        let (from, listed_runs) = std::mem::take(&mut self.list);
        let Some(space) = self.last.map(|last| last.stream.space) else { return };
        let key = |kind, sequence| Key { stream: Stream { space, kind }, sequence };
        // Below `from` a crash may have left some.
        let gap = entries.windows(2).find(|runs| runs[0].end > from).map(|runs| (runs[0].end, runs[1].start));
        if let Some((missing, next)) = gap {
            self.damaged(key(ENTRIES, next), Flaw::Gap(missing));
        }
        for listed in listed_runs.into_iter().filter(|listed| !listed.is_empty()) {
            let there = sorted_runs
                .iter()
                .find(|run| run.contains(&listed.start))
                .map_or(listed.start, |run| run.end);
            if there < listed.end {
                self.damaged(key(RUN_ENTRIES, there), Flaw::Missing);
            }
        }
    }

    fn damaged(&mut self, key: Key, flaw: Flaw) {
        if let Some(state) = self.seen.last_mut() {
            state.damage.get_or_insert(StateDamage { key, flaw });
        }
    }
}

impl SavedState {
    fn of(partition: u32) -> Self {
        Self {
            partition,
            next: None,
            identities: None,
            progress: None,
            segments: 0,
            bytes: 0,
            damage: None,
            salvaged: None,
        }
    }
}

/// Adds a number to the last run, or begins another.
fn extend(runs: &mut Vec<Range<u64>>, sequence: u64) {
    match runs.last_mut() {
        Some(run) if run.end == sequence => run.end += 1,
        _ => runs.push(sequence..sequence.saturating_add(1)),
    }
}
