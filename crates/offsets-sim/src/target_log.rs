use std::collections::BTreeMap;

use crate::source_log::Run;

/// The mirror partition: what stands at each offset, and what retention and compaction have taken away since.
#[derive(Debug, Clone)]
pub struct TargetLog {
    /// Counts re-creations of the topic.
    pub incarnation: u32,
    /// The log start offset.
    pub start: i64,
    /// The log end offset.
    pub end: i64,
    /// Whether the partition is there; a partition that was added on the source is mirrored some time later.
    pub exists: bool,
    stretches: Vec<Stretch>,
    /// Offsets that compaction took, rising.
    gone: Vec<i64>,
}

/// What stands at one target offset, or stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The copy of a source record.
    Copy {
        /// Which of the source topics of this name.
        incarnation: u32,
        /// The record's offset there.
        upstream: i64,
    },
    /// A record of the target's own that was copied to the source, by the flow back.
    Original {
        /// To which of the source topics of this name.
        incarnation: u32,
        /// The offset of its copy there.
        upstream: i64,
    },
    /// A transaction marker, or a record of an aborted transaction: no data to a consumer that reads committed.
    Control,
    /// A record of another producer.
    Foreign,
    /// The same, with the content of a source record.
    Alike {
        /// Of which of the source topics of this name.
        incarnation: u32,
        /// The offset there of the record that it looks like.
        upstream: i64,
        /// Whether its timestamp is its own.
        stamped: bool,
    },
}

/// Entries of one kind that follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) at: i64,
    pub(crate) count: i64,
    pub(crate) kind: Kind,
}

/// Of what kind the entries of a stretch are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Copies of source records, `step` offsets apart.
    Copies {
        incarnation: u32,
        upstream: i64,
        step: i64,
    },
    /// Records of the target's own with copies on the source, `step` offsets apart.
    Originals {
        incarnation: u32,
        upstream: i64,
        step: i64,
    },
    Control,
    Foreign,
    /// Records of another producer that look like those of the source, `step` offsets apart.
    Alike {
        incarnation: u32,
        upstream: i64,
        step: i64,
        stamped: bool,
    },
}

impl Entry {
    /// Whether another producer wrote it.
    pub fn is_foreign(self) -> bool {
        matches!(self, Self::Foreign | Self::Alike { .. })
    }
}

impl TargetLog {
    pub(crate) fn starting_at(start: i64, exists: bool) -> Self {
        Self::expecting(0, start, exists)
    }

    /// The same, with room for about `events`.
    pub(crate) fn expecting(events: usize, start: i64, exists: bool) -> Self {
        let stretches = Vec::with_capacity(events);
        Self { incarnation: 0, start, end: start, exists, stretches, gone: Vec::new() }
    }

    /// Appends copies of a run, as many as there are offsets for: how many, and where the first stands.
    pub(crate) fn copy(&mut self, incarnation: u32, run: Run) -> (i64, i64) {
        let kind = Kind::Copies { incarnation, upstream: run.first, step: run.step };
        let at = self.end;
        (self.append(kind, run.count), at)
    }

    pub(crate) fn write_control(&mut self, entries: u32) {
        self.append(Kind::Control, i64::from(entries));
    }

    /// Writes copies of a run at the offsets that the records have, which are not below the log end. A log in which
    /// nothing ever stood begins there.
    pub(crate) fn preserve(&mut self, incarnation: u32, run: Run) {
        if !self.exists {
            return;
        }
        if self.stretches.is_empty() {
            (self.start, self.end) = (run.first, run.first);
        }
        self.append(Kind::Control, run.first - self.end);
        if run.step == 1 {
            self.append(Kind::Copies { incarnation, upstream: run.first, step: 1 }, run.count);
            return;
        }
        for upstream in run.offsets() {
            self.append(Kind::Control, upstream - self.end);
            self.append(Kind::Copies { incarnation, upstream, step: 1 }, 1);
        }
    }

    /// Appends the originals of a run that is on the source: how many, and where the first stands.
    pub(crate) fn write_originals(&mut self, incarnation: u32, run: Run) -> (i64, i64) {
        let kind = Kind::Originals { incarnation, upstream: run.first, step: run.step };
        let at = self.end;
        (self.append(kind, run.count), at)
    }

    pub(crate) fn write_foreign(&mut self, records: u32) {
        self.append(Kind::Foreign, i64::from(records));
    }

    /// Appends records that look like those of a run.
    pub(crate) fn write_alike(&mut self, incarnation: u32, run: Run, stamped: bool) {
        self.append(Kind::Alike { incarnation, upstream: run.first, step: run.step, stamped }, run.count);
    }

    /// Loses the newest offsets, but none below the log start.
    pub(crate) fn truncate(&mut self, offsets: u32) {
        self.end = self.start.max(self.end - i64::from(offsets));
        let end = self.end;
        self.stretches.retain(|stretch| stretch.at < end);
        if let Some(last) = self.stretches.last_mut() {
            last.count = last.count.min(end - last.at);
        }
        self.gone.retain(|&offset| offset < end);
    }

    fn append(&mut self, kind: Kind, count: i64) -> i64 {
        let count = if self.exists { count.min(i64::MAX - self.end) } else { 0 };
        if count > 0 {
            match self.stretches.last_mut().filter(|last| last.is_continued_by(kind)) {
                Some(last) => last.count += count,
                None => self.stretches.push(Stretch { at: self.end, count, kind }),
            }
            self.end += count;
        }
        count
    }

    pub(crate) fn retain(&mut self, keep: u32) {
        self.start = self.start.max(self.end - i64::from(keep));
    }

    /// Compaction below the newest `keep` offsets: of the records with one key only the newest stays. Source offsets
    /// that leave the same rest by `keys` share a key; with 0 each has a key of its own, and what goes is what was
    /// copied twice.
    pub(crate) fn compact(&mut self, keys: i64, keep: u32) {
        let below = self.end - i64::from(keep);
        let mut newest = BTreeMap::new();
        let mut gone = Vec::new();
        let key = |entry| match entry {
            Entry::Copy { incarnation, upstream } | Entry::Original { incarnation, upstream }
                if keys == 0 =>
            {
                Some((incarnation, upstream))
            }
            Entry::Alike { incarnation, upstream, .. } if keys == 0 => Some((incarnation, upstream)),
            Entry::Copy { upstream, .. }
            | Entry::Original { upstream, .. }
            | Entry::Alike { upstream, .. } => Some((0, upstream % keys)),
            Entry::Control | Entry::Foreign => None,
        };
        let held = self.between(self.start, below).filter(|&(offset, _)| self.holds(offset));
        for (offset, entry) in held {
            gone.extend(key(entry).and_then(|key| newest.insert(key, offset)));
        }
        self.gone.append(&mut gone);
        self.gone.sort_unstable();
    }

    pub(crate) fn recreate(&mut self) {
        *self = Self { incarnation: self.incarnation + 1, ..Self::starting_at(0, true) };
    }

    /// Every entry there ever was, with its offset.
    pub fn entries(&self) -> impl Iterator<Item = (i64, Entry)> + '_ {
        self.between(0, i64::MAX)
    }

    /// The entries in `from..to`, those that are gone too.
    pub fn between(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, Entry)> + '_ {
        let begun = self.stretches.partition_point(|stretch| stretch.end() <= from);
        let within = self.stretches[begun..].iter().take_while(move |stretch| stretch.at < to);
        within.flat_map(move |stretch| {
            let skipped = (from - stretch.at).max(0);
            let taken = stretch.count.min(to - stretch.at);
            (skipped..taken).map(move |at| (stretch.at + at, stretch.entry(at)))
        })
    }

    /// Whether what stood at an offset can still be read.
    pub fn holds(&self, offset: i64) -> bool {
        self.start <= offset && offset < self.end && self.gone.binary_search(&offset).is_err()
    }

    /// Whether nothing was ever written but originals that are on the source.
    pub(crate) fn holds_originals_only(&self) -> bool {
        self.stretches.iter().all(|stretch| matches!(stretch.kind, Kind::Originals { .. }))
    }

    /// Whether compaction took anything.
    pub(crate) fn is_compacted(&self) -> bool {
        !self.gone.is_empty()
    }

    pub(crate) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    pub(crate) fn gone(&self) -> &[i64] {
        &self.gone
    }
}

impl Stretch {
    pub(crate) fn end(&self) -> i64 {
        self.at + self.count
    }

    /// Whether entries of a kind go on where this ends.
    fn is_continued_by(&self, next: Kind) -> bool {
        match (self.kind, next) {
            (
                Kind::Copies { incarnation, upstream, step },
                Kind::Copies { incarnation: same, upstream: next, step: even },
            ) => incarnation == same && step == even && next - upstream == self.count * step,
            (kind @ (Kind::Control | Kind::Foreign), next) => kind == next,
            _ => false,
        }
    }

    pub(crate) fn is_foreign(&self) -> bool {
        matches!(self.kind, Kind::Foreign | Kind::Alike { .. })
    }

    fn entry(&self, at: i64) -> Entry {
        match self.kind {
            Kind::Copies { incarnation, upstream, step } => {
                Entry::Copy { incarnation, upstream: upstream + at * step }
            }
            Kind::Originals { incarnation, upstream, step } => {
                Entry::Original { incarnation, upstream: upstream + at * step }
            }
            Kind::Control => Entry::Control,
            Kind::Foreign => Entry::Foreign,
            Kind::Alike { incarnation, upstream, step, stamped } => {
                Entry::Alike { incarnation, upstream: upstream + at * step, stamped }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compaction_keeps_the_newest_record_of_a_key() {
        let mut log = TargetLog::starting_at(0, true);
        log.copy(0, Run { first: 0, step: 1, count: 4 });
        log.copy(0, Run { first: 2, step: 1, count: 2 });
        log.compact(0, 0);
        let held: Vec<bool> = (0..7).map(|at| log.holds(at)).collect();
        assert_eq!(held, [true, true, false, false, true, true, false]);
        log.compact(2, 1);
        let held: Vec<bool> = (0..6).map(|at| log.holds(at)).collect();
        assert_eq!(held, [false, true, false, false, true, true], "the newest offset is not looked at");
    }

    #[test]
    fn stretches_are_read_entry_by_entry() {
        let mut log = TargetLog::starting_at(5, true);
        log.copy(1, Run { first: 10, step: 3, count: 3 });
        log.write_control(1);
        log.write_foreign(2);
        let entries: Vec<_> = log.between(6, 10).collect();
        let copy = |upstream| Entry::Copy { incarnation: 1, upstream };
        assert_eq!(entries, [(6, copy(13)), (7, copy(16)), (8, Entry::Control), (9, Entry::Foreign)]);
        assert_eq!(log.end, 11);
    }

    #[test]
    fn a_partition_that_is_not_mirrored_yet_takes_nothing() {
        let mut log = TargetLog::starting_at(0, false);
        assert_eq!(log.copy(0, Run { first: 0, step: 1, count: 3 }), (0, 0));
        assert_eq!(log.end, 0);
    }
}
