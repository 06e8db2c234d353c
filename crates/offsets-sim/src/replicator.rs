use crate::Setting;
use crate::mirror_maker::{Notes, SyncRecord};
use crate::source_log::{Run, SourceLog};
use crate::target_log::TargetLog;

/// One `MirrorSourceTask`: where it is, and which pairs of offsets it has yet to tell of.
///
/// Rules read in `OffsetSyncWriter.maybeQueueOffsetSyncs` and `firePendingOffsetSyncs` (when a sync is queued; there is
/// one pending slot) and `MirrorSourceTask` (a restart goes on from a source offset committed at or below its
/// progress). What happens to neighbouring records alike is done at one go.
#[derive(Debug, Clone)]
pub(crate) struct Replicator {
    /// Source incarnation and offset of the next record to copy.
    position: (u32, i64),
    /// Where it was seeded: it goes back no further.
    seeded: i64,
    /// The last record that was acknowledged.
    previous: Option<(i64, i64)>,
    /// The target offset of the last sync that was queued.
    last_sync: Option<i64>,
    delayed: Option<SyncRecord>,
    pending: Option<SyncRecord>,
}

/// Copies of a run, as they stand on the target.
#[derive(Debug, Clone, Copy)]
struct Written {
    run: Run,
    at: i64,
    incarnations: (u32, u32),
}

impl Replicator {
    pub(crate) fn starting_at(offset: i64) -> Self {
        Self::at((0, offset))
    }

    /// A task that goes on at the end of the source.
    pub(crate) fn resuming(source: &SourceLog) -> Self {
        Self { seeded: source.end, ..Self::at((source.incarnation, source.end)) }
    }

    fn at(position: (u32, i64)) -> Self {
        Self { position, seeded: 0, previous: None, last_sync: None, delayed: None, pending: None }
    }

    /// The task after a restart: nothing is remembered but a position, `back` records before this one's.
    pub(crate) fn successor(&self, back: u32, source: &SourceLog) -> Self {
        let (incarnation, offset) = self.position;
        let offset = if incarnation == source.incarnation { source.back_from(offset, back) } else { offset };
        Self { seeded: self.seeded, ..Self::at((incarnation, offset.max(self.seeded))) }
    }

    /// Copies the next records and hears of each that it was written.
    pub(crate) fn copy(
        &mut self,
        setting: &Setting,
        records: u32,
        source: &SourceLog,
        target: &mut TargetLog,
        notes: &mut Notes,
    ) {
        let mut left = i64::from(records);
        let mut begun = false;
        while let Some(written) = self.write(setting, left, source, target) {
            left -= written.run.count;
            begun = true;
            self.hear(setting.lag_max, written, notes);
        }
        if setting.exactly_once && begun {
            target.write_control(1);
            notes.flushed = self.previous.map(|(upstream, _)| upstream);
        }
    }

    /// Writes the next records and hears nothing of them: it will not remember that it did.
    pub(crate) fn write_unheard(
        &self,
        setting: &Setting,
        records: u32,
        source: &SourceLog,
        target: &mut TargetLog,
    ) {
        let mut unheard = self.clone();
        let mut left = i64::from(records);
        while let Some(written) = unheard.write(setting, left, source, target) {
            left -= written.run.count;
        }
    }

    /// The worker notes the position, and the delayed sync is promoted.
    pub(crate) fn flush(&mut self, notes: &mut Notes) {
        if let Some((upstream, _)) = self.previous {
            notes.flushed = Some(upstream);
        }
        if let Some(delayed) = self.delayed.take() {
            self.pending = Some(delayed);
        }
        notes.send(&mut self.pending);
    }

    /// Appends copies of the next records, at most `limit` of them and all of one run.
    fn write(
        &mut self,
        setting: &Setting,
        limit: i64,
        source: &SourceLog,
        target: &mut TargetLog,
    ) -> Option<Written> {
        let (incarnation, mut position) = self.position;
        if incarnation != source.incarnation {
            // Out of range on the new topic: auto.offset.reset=earliest.
            position = source.start;
        }
        let run = Self::next(position, limit, setting.filter, source)?;
        let incarnations = (source.incarnation, target.incarnation);
        let (count, at) = target.copy(source.incarnation, run);
        let run = Run { count, ..run };
        (count > 0).then(|| {
            self.position = (source.incarnation, run.last() + 1);
            Written { run, at, incarnations }
        })
    }

    /// The next records that no filter drops, up to the next one that it does.
    fn next(mut position: i64, limit: i64, filter: i64, source: &SourceLog) -> Option<Run> {
        loop {
            let run = source.run_from(position)?;
            let run = Run { count: run.count.min(limit), ..run };
            if run.count == 0 {
                return None;
            }
            if filter == 0 {
                return Some(run);
            }
            if run.first % filter != 0 {
                let kept = if run.step == 1 { filter - run.first % filter } else { 1 };
                return Some(Run { count: run.count.min(kept), ..run });
            }
            position = run.first.checked_add(1)?;
        }
    }

    /// Hears that records were written: the first for itself, and of those behind it, as long as they follow each other
    /// without a hole, only where a sync is due.
    fn hear(&mut self, lag_max: i64, written: Written, notes: &mut Notes) {
        let Run { step, count, .. } = written.run;
        let mut at = 0;
        while at < count {
            self.acknowledge(lag_max, written.sync(at), notes);
            let due = match self.last_sync {
                Some(last) if step == 1 => last.saturating_add(lag_max).saturating_add(1) - written.at,
                _ => at + 1,
            };
            let next = due.clamp(at + 1, count);
            if next > at + 1 {
                // Nothing is due between, but that the newest pair is kept for the next flush.
                let quiet = written.sync(next - 1);
                self.previous = Some((quiet.upstream, quiet.downstream));
                self.delayed = Some(quiet);
            }
            at = next;
        }
    }

    fn acknowledge(&mut self, lag_max: i64, record: SyncRecord, notes: &mut Notes) {
        let SyncRecord { upstream, downstream, .. } = record;
        let first = self.last_sync.is_none();
        let stale = self.last_sync.is_some_and(|last| downstream - (last + 1) >= lag_max);
        let jumped = self.previous.is_some_and(|(previous, _)| upstream != previous + 1);
        let fell = self.previous.is_some_and(|(_, previous)| downstream < previous);
        self.previous = Some((upstream, downstream));
        if first || stale || jumped || fell {
            self.last_sync = Some(downstream);
            self.pending = Some(record);
            self.delayed = None;
        } else {
            self.delayed = Some(record);
        }
        notes.send(&mut self.pending);
    }
}

impl Written {
    fn sync(&self, at: i64) -> SyncRecord {
        SyncRecord {
            upstream: self.run.nth(at),
            downstream: self.at + at,
            source_incarnation: self.incarnations.0,
            target_incarnation: self.incarnations.1,
        }
    }
}
