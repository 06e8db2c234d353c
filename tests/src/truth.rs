//! Where a group really belongs, read off both logs.
//!
//! Every record carries its identity, so each record of the target is traced to the source offset it was copied
//! from. Nothing is inferred from offsets, and nothing MirrorMaker 2 says about itself is believed.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};

use crate::kafka::{Log, PartitionLog, RecordId};

/// The truth about a mirrored topic.
#[derive(Clone, Debug)]
pub struct Truth {
    partitions: BTreeMap<i32, PartitionTruth>,
}

impl Truth {
    /// Traces every record of `target` to where it stood in `source`.
    ///
    /// `source` must hold every record that was ever copied, also those that compaction has taken since.
    pub fn of(source: &Log, target: &Log) -> Self {
        let nothing = PartitionLog::default();
        let partitions = target.partitions().map(|(number, part)| {
            (number, PartitionTruth::of(source.partition(number).unwrap_or(&nothing), part))
        });
        Self { partitions: partitions.collect() }
    }

    /// The truth about one partition.
    ///
    /// # Errors
    ///
    /// When the target has no such partition.
    pub fn partition(&self, number: i32) -> Result<&PartitionTruth> {
        self.partitions.get(&number).with_context(|| format!("the mirror topic has no partition {number}"))
    }

    /// How many records of the target are second or later copies.
    pub fn duplicates(&self) -> usize {
        self.partitions.values().map(|part| part.copies - part.firsts.len()).sum()
    }
}

/// The truth about one partition.
///
/// Positions are offsets of the target. Two of them are the same position when no data record lies between them, so
/// they are compared by [`PartitionTruth::rank`], never as numbers.
#[derive(Clone, Debug)]
pub struct PartitionTruth {
    /// Offsets of the data records on the target, ascending.
    data: Vec<i64>,
    /// Log end offset of the target.
    end: i64,
    /// Source offset to the offset of its first copy.
    firsts: BTreeMap<i64, i64>,
    /// Source offset to the least last-copy offset among this and all greater source offsets.
    lasts: BTreeMap<i64, i64>,
    copies: usize,
}

impl PartitionTruth {
    fn of(source: &PartitionLog, target: &PartitionLog) -> Self {
        let origins: HashMap<RecordId, i64> =
            source.records.iter().filter_map(|record| Some((record.id?, record.offset))).collect();
        let (mut firsts, mut lasts, mut copies) = (BTreeMap::new(), BTreeMap::new(), 0);
        for record in &target.records {
            if let Some(origin) = record.id.and_then(|id| origins.get(&id)) {
                firsts.entry(*origin).or_insert(record.offset);
                lasts.insert(*origin, record.offset);
                copies += 1;
            }
        }
        let mut least = i64::MAX;
        for last in lasts.values_mut().rev() {
            least = least.min(*last);
            *last = least;
        }
        let data = target.records.iter().map(|record| record.offset).collect();
        Self { data, end: target.end, firsts, lasts, copies }
    }

    /// The first copy of the first record at or after source offset `g`; the log end when there is none yet.
    pub fn first(&self, g: i64) -> i64 {
        self.firsts.range(g..).next().map_or(self.end, |(_, copy)| *copy)
    }

    /// The greatest position from which every copied record at or after source offset `g` is still ahead.
    pub fn last(&self, g: i64) -> i64 {
        self.lasts.range(g..).next().map_or(self.end, |(_, copy)| *copy)
    }

    /// How many data records lie below the target offset `at`.
    pub fn rank(&self, at: i64) -> usize {
        self.data.partition_point(|offset| *offset < at)
    }

    /// How many records a group at source offset `g` reads twice when it goes on at target offset `at`: the data
    /// records from there to the best position there is. Zero at the best position, and past it.
    pub fn reread(&self, at: i64, g: i64) -> usize {
        self.rank(self.last(g)).saturating_sub(self.rank(at))
    }

    /// By how many data records the target offset `at` lies past the last right position for a group at source offset
    /// `g`. More than zero is data loss.
    pub fn past(&self, at: i64, g: i64) -> usize {
        self.rank(at).saturating_sub(self.rank(self.last(g)))
    }

    /// How many records of the source have been copied, once or more often.
    pub fn copied(&self) -> usize {
        self.firsts.len()
    }

    /// Log end offset of the target.
    pub fn end(&self) -> i64 {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::LoggedRecord;

    /// A partition from (offset, identity) pairs; an identity of `u64::MAX` is a foreign record.
    fn part(records: &[(i64, u64)], end: i64) -> PartitionLog {
        let record = |(offset, id): &(i64, u64)| LoggedRecord {
            offset: *offset,
            id: (*id != u64::MAX).then_some(RecordId(*id)),
        };
        PartitionLog { start: 0, end, records: records.iter().map(record).collect() }
    }

    #[test]
    fn without_duplicates_first_and_last_are_one() {
        let source = part(&[(100, 0), (101, 1), (103, 3)], 104);
        let target = part(&[(0, 0), (1, 1), (3, 3)], 4);
        let truth = PartitionTruth::of(&source, &target);
        for (g, position) in [(0, 0), (100, 0), (101, 1), (102, 3), (103, 3), (104, 4), (900, 4)] {
            assert_eq!((truth.first(g), truth.last(g)), (position, position), "source offset {g}");
        }
    }

    #[test]
    fn a_replay_opens_the_range_from_first_to_last() {
        // 0..=4 copied, then 2.. again
        let source = part(&[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)], 6);
        let target = part(&[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 2), (6, 3), (7, 4), (8, 5)], 9);
        let truth = PartitionTruth::of(&source, &target);
        assert_eq!((truth.first(1), truth.last(1)), (1, 1), "below the replay there is one copy");
        assert_eq!((truth.first(3), truth.last(3)), (3, 6));
        assert_eq!((truth.first(5), truth.last(5)), (8, 8));
        assert_eq!(truth.reread(3, 3), 3, "3, 4 and 2 again");
        assert_eq!(truth.reread(6, 3), 0);
        assert_eq!(truth.past(7, 3), 1);
    }

    #[test]
    fn control_records_do_not_move_a_position() {
        let source = part(&[(0, 0), (1, 1)], 2);
        let target = part(&[(0, 0), (7, 1)], 8);
        let truth = PartitionTruth::of(&source, &target);
        assert_eq!(truth.first(1), 7);
        assert_eq!(truth.rank(1), truth.rank(7));
        assert_eq!(truth.reread(1, 1), 0);
    }

    #[test]
    fn foreign_records_are_read_but_are_no_copies() {
        let source = part(&[(0, 0), (1, 1)], 2);
        let target = part(&[(0, 0), (1, u64::MAX), (2, 1)], 3);
        let truth = PartitionTruth::of(&source, &target);
        assert_eq!(truth.first(1), 2);
        assert_eq!(truth.reread(0, 1), 2);
    }

    #[test]
    fn ahead_of_replication_is_the_end_of_the_target() {
        let truth = PartitionTruth::of(&part(&[(0, 0), (1, 1)], 2), &part(&[(0, 0)], 1));
        assert_eq!((truth.first(1), truth.last(1)), (1, 1));
    }
}
