use std::collections::BTreeMap;

use offsets_core::mm2::{MirrorSyncStore, Mm2Translation};
use offsets_core::model::{SourceOffset, TargetOffset};

use super::Setting;
use super::source::SourceLog;
use super::target::{Entry, TargetLog};

/// MM2's source task and checkpoint task for one partition.
///
/// Rules read in `OffsetSyncWriter` (when a sync is queued, one pending slot, replaced while throttled),
/// `MirrorSourceTask` (a restart goes on from a source offset committed at or below its progress),
/// `MirrorCheckpointTask` (a checkpoint is written only when it advances, or when the group itself went back).
#[derive(Debug, Clone)]
pub(crate) struct MirrorMaker {
    pub(super) setting: Setting,
    /// The syncs topic.
    pub(super) syncs: Vec<SyncRecord>,
    /// The checkpoints topic.
    pub(super) checkpoints: Vec<CheckpointRecord>,
    /// Source incarnation and offset of the next record to copy.
    position: (u32, i64),
    throttled: bool,
    to_lose: u8,
    task: SourceTask,
    store: MirrorSyncStore,
    emitted: BTreeMap<u8, (i64, i64)>,
}

/// A record of the syncs topic, and what nobody but the model knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyncRecord {
    pub(crate) upstream: i64,
    pub(crate) downstream: i64,
    pub(crate) source_incarnation: u32,
    pub(crate) target_incarnation: u32,
}

/// A record of the checkpoints topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckpointRecord {
    pub(crate) group: u8,
    pub(crate) upstream: i64,
    pub(crate) downstream: i64,
    pub(crate) source_incarnation: u32,
}

/// `OffsetSyncWriter.PartitionState`, with the delayed and the pending sync.
#[derive(Debug, Clone, Default)]
struct SourceTask {
    previous: Option<(i64, i64)>,
    last_sync: Option<i64>,
    delayed: Option<SyncRecord>,
    pending: Option<SyncRecord>,
}

impl MirrorMaker {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            setting,
            syncs: Vec::new(),
            checkpoints: Vec::new(),
            position: (0, setting.origin.0),
            throttled: false,
            to_lose: 0,
            task: SourceTask::default(),
            store: MirrorSyncStore::default(),
            emitted: BTreeMap::new(),
        }
    }

    /// Copies the next records and hears of each that it was written.
    pub(super) fn copy(&mut self, records: u8, source: &SourceLog, target: &mut TargetLog) {
        let written = self.write(records, source, target);
        if self.setting.exactly_once && !written.is_empty() {
            target.append(Entry::Control);
        }
        written.into_iter().for_each(|record| self.acknowledge(record));
    }

    /// Copies a batch whose first acknowledgement is lost, so that the producer sends it again. An idempotent or
    /// transactional producer would not write it twice.
    pub(super) fn copy_retried(&mut self, records: u8, source: &SourceLog, target: &mut TargetLog) {
        if self.setting.exactly_once {
            return self.copy(records, source, target);
        }
        let position = self.position;
        self.write(records, source, target);
        self.position = position;
        self.copy(records, source, target);
    }

    /// Dies with some records written but not acknowledged, and starts again `back` records before its progress. In
    /// transactions what was not acknowledged is aborted, and the restart goes on where the last commit left off.
    pub(super) fn crash(&mut self, unacknowledged: u8, back: u8, source: &SourceLog, target: &mut TargetLog) {
        let acknowledged = self.position;
        if self.setting.exactly_once {
            for _ in 0..unacknowledged {
                target.append(Entry::Control);
            }
        } else {
            self.write(unacknowledged, source, target);
            let (incarnation, offset) = acknowledged;
            if incarnation == source.incarnation {
                self.position = (incarnation, source.back_from(offset, back));
            }
        }
        self.task = SourceTask::default();
    }

    /// The worker's offset commit: `MirrorSourceTask.commit` promotes the delayed sync.
    pub(super) fn flush(&mut self) {
        if let Some(delayed) = self.task.delayed.take() {
            self.task.pending = Some(delayed);
        }
        self.fire();
    }

    /// While too many syncs are under way the pending one waits, and a newer one replaces it.
    pub(super) fn throttle(&mut self, on: bool) {
        self.throttled = on;
    }

    /// The next syncs that are sent do not arrive.
    pub(super) fn lose(&mut self, syncs: u8) {
        self.to_lose = syncs;
    }

    /// The oldest syncs are compacted away; the newest of the key always stays.
    pub(super) fn compact_syncs(&mut self, gone: u8) {
        let gone = usize::from(gone).min(self.syncs.len().saturating_sub(1));
        self.syncs.drain(..gone);
    }

    /// A group commits `behind` offsets below the source's log end, and MM2 looks at it.
    pub(super) fn checkpoint(&mut self, group: u8, behind: u8, source: &SourceLog) {
        let committed = (source.end - i64::from(behind)).max(source.start);
        let Mm2Translation::At(translated) = self.store.translate(offset(committed)) else { return };
        let downstream = translated.get();
        let emit = match self.emitted.get(&group) {
            None => true,
            Some(&(upstream, _)) if committed < upstream => true,
            Some(&(_, last)) => downstream > last,
        };
        if emit {
            self.emitted.insert(group, (committed, downstream));
            let source_incarnation = source.incarnation;
            self.checkpoints.push(CheckpointRecord {
                group,
                upstream: committed,
                downstream,
                source_incarnation,
            });
        }
    }

    /// The checkpoint task starts again and reads the syncs topic anew.
    pub(super) fn reload(&mut self) {
        self.store = MirrorSyncStore::default();
        for sync in &self.syncs {
            self.store.update(offset(sync.upstream), TargetOffset::new(sync.downstream).unwrap());
        }
    }

    /// Appends copies of the next records; acknowledged or not is the caller's affair.
    fn write(&mut self, records: u8, source: &SourceLog, target: &mut TargetLog) -> Vec<SyncRecord> {
        let mut written = Vec::new();
        for _ in 0..records {
            let (incarnation, mut position) = self.position;
            if incarnation != source.incarnation {
                // Out of range on the new topic: auto.offset.reset=earliest.
                position = source.start;
            }
            let Some(upstream) = self.next(position, source) else { break };
            let entry = Entry::Copy { incarnation: source.incarnation, upstream };
            let target_incarnation = target.incarnation;
            let Some(downstream) = target.append(entry) else { break };
            self.position = (source.incarnation, upstream + 1);
            let source_incarnation = source.incarnation;
            written.push(SyncRecord { upstream, downstream, source_incarnation, target_incarnation });
        }
        written
    }

    /// The next record that no filter drops.
    fn next(&self, mut position: i64, source: &SourceLog) -> Option<i64> {
        let filter = self.setting.filter;
        loop {
            let upstream = source.next(position)?;
            if filter == 0 || upstream % filter != 0 {
                return Some(upstream);
            }
            position = upstream.checked_add(1)?;
        }
    }

    /// `OffsetSyncWriter.maybeQueueOffsetSyncs` and `firePendingOffsetSyncs`.
    fn acknowledge(&mut self, record: SyncRecord) {
        let SyncRecord { upstream, downstream, .. } = record;
        let first = self.task.last_sync.is_none();
        let stale = self.task.last_sync.is_some_and(|last| downstream - (last + 1) >= self.setting.lag_max);
        let jumped = self.task.previous.is_some_and(|(previous, _)| upstream != previous + 1);
        let fell = self.task.previous.is_some_and(|(_, previous)| downstream < previous);
        self.task.previous = Some((upstream, downstream));
        if first || stale || jumped || fell {
            self.task.last_sync = Some(downstream);
            self.task.pending = Some(record);
            self.task.delayed = None;
        } else {
            self.task.delayed = Some(record);
        }
        self.fire();
    }

    fn fire(&mut self) {
        if self.throttled {
            return;
        }
        let Some(sync) = self.task.pending.take() else { return };
        if self.to_lose > 0 {
            self.to_lose -= 1;
            return;
        }
        self.syncs.push(sync);
        self.store.update(offset(sync.upstream), TargetOffset::new(sync.downstream).unwrap());
    }
}

fn offset(upstream: i64) -> SourceOffset {
    SourceOffset::new(upstream).unwrap()
}
