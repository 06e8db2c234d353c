//! Commits in segments: what changed from one look at the source to the next.

use std::collections::HashMap;

use offsets_core::evidence::{EarlierCommit, RecordedCommit};
use offsets_core::model::{Commit, CommittedOffset, SourceOffset};

use super::names::{NameKind, Names};
use super::to_timestamp;
use crate::wire::{Reader, Writer};

/// A group and a partition, by their numbers.
pub(super) type GroupPartition = (u32, u32);

/// What a group has committed on a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommitValue {
    pub(super) offset: i64,
    pub(super) metadata: String,
}

/// A change: what a group has committed, and when that was first seen; or `None` that it was not seen any more after that
/// time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommitEntry {
    pub(super) group_partition: GroupPartition,
    pub(super) seen_ms: i64,
    pub(super) value: Option<CommitValue>,
}

const GONE: u64 = 1;
const METADATA: u64 = 2;

impl CommitEntry {
    pub(super) fn write(&self, out: &mut Writer, names: &Names) {
        let (group, named) = self.group_partition;
        let metadata = self.value.as_ref().is_some_and(|value| !value.metadata.is_empty());
        let flags = if self.value.is_none() { GONE } else { 0 } | if metadata { METADATA } else { 0 };
        out.number(group.into());
        out.number(named.into());
        out.number(flags);
        out.signed(self.seen_ms);
        if let Some(CommitValue { offset, metadata: text }) = &self.value {
            let base = names.partition(NameKind::Committed, named).map_or(0, |named| named.base.upstream);
            out.signed(offset.wrapping_sub(base));
            if metadata {
                out.text(text);
            }
        }
    }

    fn read(reader: &mut Reader<'_>, names: &Names) -> Option<Self> {
        let group = u32::try_from(reader.number()?).ok()?;
        let number = u32::try_from(reader.number()?).ok()?;
        let (_, named) = (names.group(group)?, names.partition(NameKind::Committed, number)?);
        let flags = reader.number()?;
        let seen_ms = reader.signed()?;
        let mut value = None;
        if flags & GONE == 0 {
            let offset = reader.signed()?.wrapping_add(named.base.upstream);
            let metadata = if flags & METADATA == 0 { "" } else { reader.text()? };
            value = Some(CommitValue {
                offset: SourceOffset::new(offset).ok()?.get(),
                metadata: metadata.to_owned(),
            });
        }
        Some(Self { group_partition: (group, number), seen_ms, value })
    }
}

/// The changes of a segment; `None` when its entries make no sense.
pub(super) fn read(entries: &[u8], names: &Names) -> Option<Vec<CommitEntry>> {
    let mut reader = Reader::new(entries);
    let mut changes = Vec::new();
    while !reader.is_at_end() {
        changes.push(CommitEntry::read(&mut reader, names)?);
    }
    Some(changes)
}

/// Where every group was when it was last seen.
///
/// A commit that is not seen any more is kept. It may have expired or been deleted; but a source that dies broker by
/// broker stops telling of groups as well, and then this is the last that is known.
#[derive(Debug, Clone, Default)]
pub(super) struct StoredCommits(pub(super) HashMap<GroupPartition, StoredCommit>);

/// What a group holds, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredCommit {
    pub(super) seen_ms: i64,
    pub(super) value: CommitValue,
    /// When it was last seen, if it is not seen any more.
    pub(super) until_ms: Option<i64>,
    pub(super) earlier: Earlier,
}

/// Where a group was before: two commits at least [`WINDOW_MS`] apart once it has been recorded for that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Earlier {
    /// When it was first seen, and its offset.
    older: (i64, i64),
    newer: (i64, i64),
}

/// The rate at which a group reads is that of the last five to ten minutes.
const WINDOW_MS: i64 = 5 * 60 * 1000;

impl Earlier {
    fn starting(seen_ms: i64, offset: i64) -> Self {
        Self { older: (seen_ms, offset), newer: (seen_ms, offset) }
    }

    /// With a commit that was made later.
    fn then(self, seen_ms: i64, offset: i64) -> Self {
        if offset < self.newer.1 {
            return Self::starting(seen_ms, offset);
        }
        if seen_ms.saturating_sub(self.newer.0) < WINDOW_MS {
            return self;
        }
        Self { older: self.newer, newer: (seen_ms, offset) }
    }
}

impl StoredCommits {
    pub(super) fn apply(&mut self, change: CommitEntry) {
        let CommitEntry { group_partition, seen_ms, value } = change;
        match value {
            Some(value) => {
                let earlier = match self.0.get(&group_partition) {
                    Some(stored) if stored.value.offset <= value.offset => {
                        stored.earlier.then(seen_ms, value.offset)
                    }
                    _ => Earlier::starting(seen_ms, value.offset),
                };
                self.0.insert(group_partition, StoredCommit { seen_ms, value, until_ms: None, earlier });
            }
            None => {
                if let Some(stored) = self.0.get_mut(&group_partition) {
                    stored.until_ms = Some(seen_ms);
                }
            }
        }
    }

    /// As the core's own values: those that are seen were the newest when the source was last looked at.
    pub(super) fn recorded(&self, names: &Names, confirmed_ms: i64) -> Vec<RecordedCommit> {
        let recorded = |(&(group, named), stored): (&GroupPartition, &StoredCommit)| {
            let StoredCommit { seen_ms, value, until_ms, earlier } = stored;
            let as_of_ms = until_ms.unwrap_or(confirmed_ms).max(*seen_ms);
            let committed = CommittedOffset {
                offset: SourceOffset::new(value.offset).ok()?,
                metadata: value.metadata.clone(),
            };
            let partition = names.partition(NameKind::Committed, named)?.partition.clone();
            let commit = Commit { group: names.group(group)?.clone(), partition, committed };
            let (at_ms, offset) = earlier.older;
            let earlier = SourceOffset::new(offset).ok();
            let earlier = earlier.map(|offset| EarlierCommit { offset, at: to_timestamp(at_ms) });
            let committed_at = Some(to_timestamp(*seen_ms));
            let recorded = RecordedCommit::new(commit, to_timestamp(as_of_ms));
            Some(RecordedCommit { committed_at, earlier, ..recorded })
        };
        let mut recorded: Vec<_> = self.0.iter().filter_map(recorded).collect();
        recorded.sort_by(|a, b| {
            (&a.commit.group, &a.commit.partition).cmp(&(&b.commit.group, &b.commit.partition))
        });
        recorded
    }
}
