use offsets_core::model::{LogRange, TopicPartition};

use crate::PartitionRead;

/// How far one partition has been read.
pub(crate) struct Cursor {
    partition: TopicPartition,
    range: LogRange<i64>,
    /// The offset from which the next record comes, or a later one.
    next: i64,
    records: u64,
    /// Whether the log was seen to reach the end before the fetch that is now under way.
    end_is_expected: bool,
}

impl Cursor {
    pub(crate) fn new(partition: TopicPartition, range: LogRange<i64>) -> Self {
        Self { partition, range, next: range.start, records: 0, end_is_expected: false }
    }

    pub(crate) fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// The offsets to read.
    pub(crate) fn range(&self) -> LogRange<i64> {
        self.range
    }

    /// The offset to go on from.
    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// Whether nothing is left to read.
    pub(crate) fn is_done(&self) -> bool {
        self.next >= self.range.end
    }

    /// How many offsets are left.
    pub(crate) fn left(&self) -> u64 {
        u64::try_from(self.range.end.saturating_sub(self.next)).unwrap_or(0)
    }

    /// Comes upon the record at `offset`, with nothing in between. Whether it is one to be read: not if it was passed
    /// before, nor if it lies beyond the end, in which case all before it has been seen.
    pub(crate) fn meet(&mut self, offset: i64) -> bool {
        if offset < self.next {
            return false;
        }
        let wanted = offset < self.range.end;
        self.next = if wanted { offset + 1 } else { self.range.end };
        self.records += u64::from(wanted);
        wanted
    }

    /// Comes upon the end of the log. Whether that is to be believed; see [`Cursor::expect_end`].
    pub(crate) fn meet_end(&mut self) -> bool {
        if self.end_is_expected {
            self.next = self.range.end;
        }
        self.end_is_expected
    }

    /// From now on an end is believed: the log is known to reach as far, so what is left are offsets without a record.
    pub(crate) fn expect_end(&mut self) {
        self.end_is_expected = true;
    }

    pub(crate) fn finish(self) -> PartitionRead {
        PartitionRead { partition: self.partition, range: self.range, records: self.records }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(start: i64, end: i64) -> Cursor {
        Cursor::new(TopicPartition::new("orders", 0), LogRange { start, end })
    }

    #[test]
    fn the_last_record_ends_the_read() {
        let mut cursor = over(5, 8);
        assert!(cursor.meet(5) && cursor.meet(6) && !cursor.is_done());
        assert!(cursor.meet(7) && cursor.is_done());
        assert_eq!(cursor.finish().records, 3);
    }

    #[test]
    fn a_hole_at_the_end_is_left_when_a_record_beyond_it_is_met() {
        let mut cursor = over(0, 10);
        assert!(cursor.meet(6));
        assert!(!cursor.meet(10));
        assert!(cursor.is_done());
        assert_eq!(cursor.finish().records, 1);
    }

    #[test]
    fn a_record_is_not_taken_twice() {
        let mut cursor = over(0, 10);
        assert!(cursor.meet(3));
        assert!(!cursor.meet(3) && !cursor.meet(1));
        assert_eq!((cursor.next(), cursor.left()), (4, 6));
    }

    #[test]
    fn an_end_is_believed_only_once_the_log_is_known_to_reach_it() {
        let mut cursor = over(0, 10);
        cursor.meet(6);
        assert!(!cursor.meet_end() && !cursor.is_done());
        cursor.expect_end();
        assert!(cursor.meet_end() && cursor.is_done());
        assert_eq!(cursor.left(), 0);
    }

    #[test]
    fn the_largest_offset_can_be_passed() {
        let mut cursor = over(i64::MAX - 1, i64::MAX);
        assert!(cursor.meet(i64::MAX - 1) && cursor.is_done());
        assert!(over(3, 3).is_done());
    }
}
