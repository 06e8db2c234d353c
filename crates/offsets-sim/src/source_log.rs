/// The source partition: offsets of data records, and holes between them where transaction markers stand, where
/// compaction took records away, or where aborted records stood.
///
/// Records are held as runs of equal steps, so that a log of a million plain records weighs as much as one of ten.
#[derive(Debug, Clone)]
pub struct SourceLog {
    /// Counts re-creations of the topic.
    pub incarnation: u32,
    /// The log start offset.
    pub start: i64,
    /// The log end offset.
    pub end: i64,
    runs: Vec<Run>,
}

/// Data records at `first`, `first + step` and so on, `count` of them; there is at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first: i64,
    pub(crate) step: i64,
    pub(crate) count: i64,
}

impl SourceLog {
    pub(crate) fn starting_at(start: i64) -> Self {
        Self::expecting(0, start)
    }

    /// The same, with room for about `events`.
    pub(crate) fn expecting(events: usize, start: i64) -> Self {
        Self { incarnation: 0, start, end: start, runs: Vec::with_capacity(events) }
    }

    /// Appends records, each followed by `holes`, as far as the log has offsets for them.
    pub(crate) fn produce(&mut self, records: u32, holes: u32) {
        let step = 1 + i64::from(holes);
        let count = i64::from(records);
        let fits = self.end.checked_add(count * step).is_some();
        let count = if fits { count } else { (i64::MAX - self.end) / step };
        if count > 0 {
            self.push(Run { first: self.end, step, count });
            self.end += count * step;
        }
    }

    /// Deletes all but the newest `keep` offsets.
    pub(crate) fn retain(&mut self, keep: u32) {
        self.start = self.start.max(self.end - i64::from(keep));
    }

    /// Compaction takes one of every `every` records below the newest `keep` offsets.
    pub(crate) fn compact(&mut self, every: u32, keep: u32) {
        let below = self.end - i64::from(keep);
        let every = i64::from(every.max(1));
        let mut at = 0;
        for run in std::mem::take(&mut self.runs) {
            if run.first >= below {
                self.push(run);
                continue;
            }
            for offset in run.offsets() {
                at += 1;
                if offset >= below || at % every != 0 {
                    self.push(Run { first: offset, step: 1, count: 1 });
                }
            }
        }
    }

    pub(crate) fn recreate(&mut self) {
        *self = Self { incarnation: self.incarnation + 1, ..Self::starting_at(0) };
    }

    /// The records from the first one at or above `position` that can still be read, up to the end of its run.
    pub(crate) fn run_from(&self, position: i64) -> Option<Run> {
        let position = position.max(self.start);
        // The replicator is mostly at the end.
        let run = match self.runs.as_slice() {
            [.., before, last] if before.last() < position => {
                Some(last).filter(|last| position <= last.last())
            }
            runs => runs.get(runs.partition_point(|run| run.last() < position)),
        };
        run.map(|run| run.after(run.below(position)))
    }

    /// The next records from `position` on that can still be read, up to a limit, run by run.
    pub(crate) fn runs_from(&self, position: i64, records: u32) -> impl Iterator<Item = Run> + '_ {
        let (mut position, mut left) = (position, i64::from(records));
        std::iter::from_fn(move || {
            let run = self.run_from(position).filter(|_| left > 0)?;
            let run = Run { count: run.count.min(left), ..run };
            (position, left) = (run.last() + 1, left - run.count);
            Some(run)
        })
    }

    /// Whether a record can still be read.
    pub fn holds(&self, offset: i64) -> bool {
        offset >= self.start && self.run_from(offset).is_some_and(|run| run.first == offset)
    }

    /// The source offset `records` data records before `position`, or that of the oldest there ever was.
    pub(crate) fn back_from(&self, position: i64, records: u32) -> i64 {
        let mut left = i64::from(records);
        let mut back = position;
        for run in self.runs.iter().rev() {
            let below = run.below(position);
            if left > 0 && below >= left {
                return run.nth(below - left);
            }
            if left > 0 && below > 0 {
                back = run.first;
            }
            left -= below;
        }
        back
    }

    /// The readable records in `from..to`.
    pub fn records(&self, from: i64, to: i64) -> impl Iterator<Item = i64> + '_ {
        let from = from.max(self.start);
        let begun = self.runs.partition_point(|run| run.last() < from);
        let offsets = self.runs[begun..].iter().flat_map(move |run| run.after(run.below(from)).offsets());
        offsets.take_while(move |&offset| offset < to)
    }

    /// How many records were ever produced and not compacted away.
    pub fn len(&self) -> u64 {
        self.runs.iter().map(|run| run.count.unsigned_abs()).sum()
    }

    /// Whether there never was a record, or all were compacted away.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    fn push(&mut self, run: Run) {
        match self.runs.last_mut() {
            Some(last) if last.step == run.step && run.first == last.last() + last.step => {
                last.count += run.count;
            }
            _ => self.runs.push(run),
        }
    }
}

impl Run {
    pub(crate) fn last(self) -> i64 {
        self.nth(self.count - 1)
    }

    pub(crate) fn nth(self, at: i64) -> i64 {
        self.first + at * self.step
    }

    /// How many of its records lie below `position`.
    fn below(self, position: i64) -> i64 {
        if position <= self.first {
            return 0;
        }
        ((position - self.first - 1) / self.step + 1).min(self.count)
    }

    /// The run without its first records, of which at least one must be left.
    fn after(self, gone: i64) -> Self {
        Self { first: self.nth(gone), count: self.count - gone, ..self }
    }

    pub(crate) fn offsets(self) -> impl Iterator<Item = i64> {
        (0..self.count).map(move |at| self.nth(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(log: &SourceLog) -> Vec<i64> {
        log.records(0, i64::MAX).collect()
    }

    #[test]
    fn runs_hold_the_same_as_single_records() {
        let mut log = SourceLog::starting_at(10);
        log.produce(3, 0);
        log.produce(2, 0);
        log.produce(2, 2);
        assert_eq!(offsets(&log), [10, 11, 12, 13, 14, 15, 18]);
        assert_eq!((log.end, log.len()), (21, 7));
        assert!(log.holds(18) && !log.holds(17) && !log.holds(19));
        assert_eq!(log.run_from(16).map(|run| run.first), Some(18));
        assert_eq!(log.run_from(19), None);
    }

    #[test]
    fn a_replay_goes_back_by_records_and_not_by_offsets() {
        let mut log = SourceLog::starting_at(0);
        log.produce(3, 0);
        log.produce(3, 3);
        let back = |position, records| log.back_from(position, records);
        assert_eq!((back(4, 0), back(4, 1), back(4, 2), back(4, 9)), (4, 3, 2, 0));
        assert_eq!((back(15, 1), back(15, 3), back(12, 1)), (11, 3, 11));
        assert_eq!((back(7, 0), back(5, 0)), (7, 5));
    }

    #[test]
    fn compaction_takes_every_nth_old_record() {
        let mut log = SourceLog::starting_at(0);
        log.produce(10, 0);
        log.compact(3, 4);
        assert_eq!(offsets(&log), [0, 1, 3, 4, 6, 7, 8, 9]);
        log.retain(3);
        assert_eq!(offsets(&log), [7, 8, 9]);
        assert!(!log.holds(6));
    }

    #[test]
    fn a_log_ends_with_the_last_offset_there_is() {
        let mut log = SourceLog::starting_at(i64::MAX - 2);
        log.produce(5, 0);
        assert_eq!((log.end, log.len()), (i64::MAX, 2));
    }
}
