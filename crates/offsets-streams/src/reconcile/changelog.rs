use std::collections::BTreeMap;

use offsets_core::model::{LogRange, TopicName, TopicPartition};
use offsets_kafka::{Cluster, Deadline, Isolation};
use offsets_store::{ChangelogReplica, SegmentChange, SegmentLog};

use crate::Error;

/// The topic that holds the state of every task, in the partition of its number.
pub(crate) struct Changelog<'c> {
    pub(crate) cluster: &'c Cluster,
    pub(crate) topic: &'c TopicName,
}

/// The copy of one partition of the changelog.
pub(crate) type ReplicaCopy = ChangelogReplica<Box<dyn SegmentLog + Send>>;

/// Number of records that are applied in one step.
const BATCH: usize = 256;

impl Changelog<'_> {
    /// The last stable ends of these partitions.
    pub(crate) fn ends(&self, numbers: &[i32], deadline: &Deadline) -> Result<BTreeMap<i32, i64>, Error> {
        let partitions: Vec<_> = numbers.iter().map(|number| self.partition(*number)).collect();
        let ranges = self.ranges(&partitions, deadline)?;
        Ok(ranges.into_iter().map(|(partition, range)| (partition.partition, range.end)).collect())
    }

    /// Brings copies up to the ends that their partitions have now, and counts the `records` that takes. A copy that the log
    /// no longer continues is started over. Where there is more than time, each copy has a part of it, and says which.
    pub(crate) fn catch_up(
        &self,
        copies: &mut BTreeMap<i32, ReplicaCopy>,
        records: &mut u64,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let partitions: Vec<_> = copies.keys().map(|number| self.partition(*number)).collect();
        let mut read = self.cluster.read(self.topic).in_bulk();
        let mut ends = BTreeMap::new();
        for (partition, range) in self.ranges(&partitions, deadline)? {
            let Some(copy) = copies.get_mut(&partition.partition) else { continue };
            if copy.checkpoint().next().is_some_and(|place| place < range.start || place > range.end) {
                copy.clear()?;
            }
            let from = copy.checkpoint().next().unwrap_or(range.start);
            if from < range.end {
                read = read.span(partition.partition, from..range.end);
                ends.insert(partition.partition, range.end);
            } else if copy.checkpoint().next().is_none() {
                copy.apply(Vec::new(), range.end)?;
            }
        }
        if ends.is_empty() {
            return Ok(());
        }
        let mut failed = None;
        let mut waiting: BTreeMap<i32, Vec<SegmentChange>> = BTreeMap::new();
        read.visit(deadline, |record| {
            let Some(copy) = copies.get_mut(&record.partition) else { return };
            if failed.is_some() {
                return;
            }
            *records += 1;
            let changes = waiting.entry(record.partition).or_default();
            match copy.change(record.key, record.value) {
                Ok(change) => changes.push(change),
                Err(cause) => {
                    let (partition, offset) = (self.partition(record.partition), record.offset);
                    failed = Some(Error::ForeignRecord { partition, offset, cause });
                    return;
                }
            }
            if changes.len() >= BATCH {
                let applied = copy.apply(std::mem::take(changes), record.offset + 1);
                failed = applied.err().map(Error::from);
            }
        })?;
        if let Some(failed) = failed {
            return Err(failed);
        }
        for (number, end) in ends {
            if let Some(copy) = copies.get_mut(&number) {
                copy.apply(waiting.remove(&number).unwrap_or_default(), end)?;
            }
        }
        Ok(())
    }

    pub(crate) fn partition(&self, number: i32) -> TopicPartition {
        TopicPartition::new(self.topic.clone(), number)
    }

    fn ranges(
        &self,
        partitions: &[TopicPartition],
        deadline: &Deadline,
    ) -> Result<Vec<(TopicPartition, LogRange<i64>)>, Error> {
        let ranges = self.cluster.log_ranges(partitions, Isolation::ReadCommitted, deadline);
        Ok(ranges.into_result()?.into_iter().collect())
    }
}
