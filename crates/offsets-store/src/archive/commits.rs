//! Commits in segments: what changed from one look at the source to the next.

use std::collections::HashMap;

use offsets_core::evidence::RecordedCommit;
use offsets_core::model::{Commit, CommittedOffset, SourceOffset};

use super::names::{Names, Use};
use super::to_timestamp;
use crate::wire::{Reader, Writer};

/// A group and a partition, by their numbers.
pub(super) type Holder = (u32, u32);

/// What a group has committed on a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) offset: i64,
    pub(super) metadata: String,
}

/// A change: what a group has committed from then on, or `None` that it has nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) holder: Holder,
    pub(super) seen_ms: i64,
    pub(super) standing: Option<Standing>,
}

const GONE: u64 = 1;
const METADATA: u64 = 2;

impl Change {
    pub(super) fn write(&self, out: &mut Writer, names: &Names) {
        let (group, place) = self.holder;
        let metadata = self.standing.as_ref().is_some_and(|standing| !standing.metadata.is_empty());
        let flags = if self.standing.is_none() { GONE } else { 0 } | if metadata { METADATA } else { 0 };
        out.number(group.into());
        out.number(place.into());
        out.number(flags);
        out.signed(self.seen_ms);
        if let Some(Standing { offset, metadata: text }) = &self.standing {
            let base = names.place(Use::Committed, place).map_or(0, |place| place.base.upstream);
            out.signed(offset.wrapping_sub(base));
            if metadata {
                out.text(text);
            }
        }
    }

    fn read(reader: &mut Reader<'_>, names: &Names) -> Option<Self> {
        let group = u32::try_from(reader.number()?).ok()?;
        let number = u32::try_from(reader.number()?).ok()?;
        let (_, place) = (names.group(group)?, names.place(Use::Committed, number)?);
        let flags = reader.number()?;
        let seen_ms = reader.signed()?;
        let mut standing = None;
        if flags & GONE == 0 {
            let offset = reader.signed()?.wrapping_add(place.base.upstream);
            let metadata = if flags & METADATA == 0 { "" } else { reader.text()? };
            standing = Some(Standing {
                offset: SourceOffset::new(offset).ok()?.get(),
                metadata: metadata.to_owned(),
            });
        }
        Some(Self { holder: (group, number), seen_ms, standing })
    }
}

/// The changes of a segment; `None` when its entries make no sense.
pub(super) fn read(entries: &[u8], names: &Names) -> Option<Vec<Change>> {
    let mut reader = Reader::new(entries);
    let mut changes = Vec::new();
    while !reader.is_at_end() {
        changes.push(Change::read(&mut reader, names)?);
    }
    Some(changes)
}

/// Where every group was when it was last looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Standings(pub(super) HashMap<Holder, (i64, Standing)>);

impl Standings {
    pub(super) fn apply(&mut self, change: Change) {
        let Change { holder, seen_ms, standing } = change;
        match standing {
            Some(standing) => drop(self.0.insert(holder, (seen_ms, standing))),
            None => drop(self.0.remove(&holder)),
        }
    }

    /// As the core's own values: all were the newest when the source was last looked at.
    pub(super) fn recorded(&self, names: &Names, confirmed_ms: i64) -> Vec<RecordedCommit> {
        let recorded = |(&(group, place), (seen_ms, standing)): (&Holder, &(i64, Standing))| {
            let committed = CommittedOffset {
                offset: SourceOffset::new(standing.offset).ok()?,
                metadata: standing.metadata.clone(),
            };
            let partition = names.place(Use::Committed, place)?.partition.clone();
            let commit = Commit { group: names.group(group)?.clone(), partition, committed };
            Some(RecordedCommit { commit, as_of: to_timestamp(confirmed_ms.max(*seen_ms)) })
        };
        let mut recorded: Vec<_> = self.0.iter().filter_map(recorded).collect();
        recorded.sort_by(|a, b| {
            (&a.commit.group, &a.commit.partition).cmp(&(&b.commit.group, &b.commit.partition))
        });
        recorded
    }
}
