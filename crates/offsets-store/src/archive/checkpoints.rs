//! Checkpoints in segments.

use std::collections::HashMap;

use offsets_core::model::{SourceOffset, TargetOffset};

use super::commits::GroupPartition;
use super::names::{NameKind, Names};
use crate::wire::{Reader, Writer};

/// A checkpoint, its group and partition by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CheckpointEntry {
    pub(super) group_partition: GroupPartition,
    pub(super) as_of_ms: i64,
    pub(super) upstream: i64,
    pub(super) downstream: i64,
    pub(super) metadata: String,
}

/// Each group's last checkpoint on each partition.
pub(super) type LastCheckpoints = HashMap<GroupPartition, CheckpointEntry>;

impl CheckpointEntry {
    pub(super) fn write(&self, out: &mut Writer, names: &Names) {
        let (group, number) = self.group_partition;
        let base =
            names.partition(NameKind::Checkpointed, number).map(|named| named.base).unwrap_or_default();
        let drift = self.downstream.wrapping_sub(self.upstream);
        out.number(group.into());
        out.number(u64::from(number) << 1 | u64::from(!self.metadata.is_empty()));
        out.signed(self.as_of_ms);
        out.signed(self.upstream.wrapping_sub(base.upstream));
        out.signed(drift.wrapping_sub(base.drift));
        if !self.metadata.is_empty() {
            out.text(&self.metadata);
        }
    }

    fn read(reader: &mut Reader<'_>, names: &Names) -> Option<Self> {
        let group = u32::try_from(reader.number()?).ok()?;
        let head = reader.number()?;
        let number = u32::try_from(head >> 1).ok()?;
        let (_, named) = (names.group(group)?, names.partition(NameKind::Checkpointed, number)?);
        let as_of_ms = reader.signed()?;
        let upstream = reader.signed()?.wrapping_add(named.base.upstream);
        let drift = reader.signed()?.wrapping_add(named.base.drift);
        let metadata = if head & 1 == 1 { reader.text()? } else { "" };
        let downstream = upstream.wrapping_add(drift);
        let (upstream, downstream) = (SourceOffset::new(upstream).ok()?, TargetOffset::new(downstream).ok()?);
        Some(Self {
            group_partition: (group, number),
            as_of_ms,
            upstream: upstream.get(),
            downstream: downstream.get(),
            metadata: metadata.to_owned(),
        })
    }

    /// Whether it says the same as another, at another time.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        (self.upstream, self.downstream, &self.metadata)
            == (other.upstream, other.downstream, &other.metadata)
    }
}

/// The checkpoints of a segment; `None` when its entries make no sense.
pub(super) fn read(entries: &[u8], names: &Names) -> Option<Vec<CheckpointEntry>> {
    let mut reader = Reader::new(entries);
    let mut checkpoints = Vec::new();
    while !reader.is_at_end() {
        checkpoints.push(CheckpointEntry::read(&mut reader, names)?);
    }
    Some(checkpoints)
}
