use std::collections::HashMap;

use offsets_core::model::{GroupId, TopicPartition};

use crate::wire::{Reader, Writer};

/// What a number in a segment stands for. Each use counts its own, from 1, in the order of appearance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameKind {
    /// A source partition that groups have commits on.
    Committed = 1,
    /// A source partition that syncs are about.
    Synced = 2,
    /// A target partition that checkpoints are about.
    Checkpointed = 3,
    /// A group.
    Group = 4,
}

/// A partition, and what offsets of it are counted from.
#[derive(Debug, Clone)]
pub(super) struct NamedPartition {
    pub(super) partition: TopicPartition,
    pub(super) base: Base,
}

/// The first pair of offsets that was seen of a partition: offsets near it take few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Base {
    pub(super) upstream: i64,
    /// How far the target's offset is ahead of the source's.
    pub(super) drift: i64,
}

/// The names that segments of a link refer to by number.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    partitions: [PartitionNumbers; 3],
    groups: Vec<GroupId>,
    group_numbers: HashMap<GroupId, u32>,
}

#[derive(Debug, Clone, Default)]
struct PartitionNumbers {
    partitions: Vec<NamedPartition>,
    numbers: HashMap<String, HashMap<i32, u32>>,
}

impl Names {
    /// The number of a partition, if it has one.
    pub(super) fn find(&self, of: NameKind, topic: &str, partition: i32) -> Option<u32> {
        self.partitions[of.table()].numbers.get(topic)?.get(&partition).copied()
    }

    /// The number of a group, if it has one.
    pub(super) fn find_group(&self, group: &str) -> Option<u32> {
        self.group_numbers.get(group).copied()
    }

    /// Gives a partition the next number.
    pub(super) fn add(&mut self, of: NameKind, topic: &str, partition: i32, base: Base) -> u32 {
        let table = &mut self.partitions[of.table()];
        table.partitions.push(NamedPartition { partition: TopicPartition::new(topic, partition), base });
        let number = u32::try_from(table.partitions.len()).expect("fewer than 2^32 partitions have names");
        table.numbers.entry(topic.to_owned()).or_default().insert(partition, number);
        number
    }

    /// Gives a group the next number.
    pub(super) fn add_group(&mut self, group: &str) -> u32 {
        let group = GroupId::from(group);
        self.groups.push(group.clone());
        let number = u32::try_from(self.groups.len()).expect("fewer than 2^32 groups have names");
        self.group_numbers.insert(group, number);
        number
    }

    pub(super) fn partition(&self, of: NameKind, number: u32) -> Option<&NamedPartition> {
        self.partitions[of.table()].partitions.get(number.checked_sub(1)? as usize)
    }

    pub(super) fn partitions(&self, of: NameKind) -> &[NamedPartition] {
        &self.partitions[of.table()].partitions
    }

    pub(super) fn group(&self, number: u32) -> Option<&GroupId> {
        self.groups.get(number.checked_sub(1)? as usize)
    }

    /// Takes the entries of a segment; `None` when they make no sense.
    pub(super) fn read(&mut self, entries: &[u8]) -> Option<()> {
        let mut reader = Reader::new(entries);
        while !reader.is_at_end() {
            let of = reader.number()?;
            let name = reader.text()?;
            if of == NameKind::Group as u64 {
                self.add_group(name);
                continue;
            }
            let of = [NameKind::Committed, NameKind::Synced, NameKind::Checkpointed]
                .into_iter()
                .find(|u| *u as u64 == of)?;
            let partition = i32::try_from(reader.number()?).ok()?;
            let base = Base { upstream: reader.signed()?, drift: reader.signed()? };
            self.add(of, name, partition, base);
        }
        Some(())
    }
}

impl NameKind {
    fn table(self) -> usize {
        match self {
            Self::Committed => 0,
            Self::Synced => 1,
            Self::Checkpointed | Self::Group => 2,
        }
    }
}

/// The entry that gives a partition its number.
pub(super) fn write_partition(out: &mut Writer, of: NameKind, topic: &str, partition: i32, base: Base) {
    out.number(of as u64);
    out.text(topic);
    out.number(u64::from(partition.unsigned_abs()));
    out.signed(base.upstream);
    out.signed(base.drift);
}

/// The entry that gives a group its number.
pub(super) fn write_group(out: &mut Writer, group: &str) {
    out.number(NameKind::Group as u64);
    out.text(group);
}
