use offsets_core::mm2::{MirrorSyncStore, Mm2Translation};

use crate::replicator::Replicator;
use crate::source_log::SourceLog;
use crate::target_log::TargetLog;
use crate::{Setting, downstream, upstream};

/// MM2's source task and checkpoint task for one partition, and what it writes to its internal topics.
///
/// Rules read in `OffsetSyncWriter` (a pending sync is replaced while throttled) and `MirrorCheckpointTask` (a
/// checkpoint is written only when it advances, or when the group itself went back).
#[derive(Debug, Clone)]
pub(crate) struct MirrorMaker {
    pub(crate) setting: Setting,
    pub(crate) notes: Notes,
    source_task: Replicator,
    /// Another MM2 that copies the same partition to the same place, once there is one.
    rival: Option<Replicator>,
    store: MirrorSyncStore,
    /// How many of the syncs the checkpoint task has taken in.
    seen: usize,
    /// The last checkpoint of each group.
    emitted: Vec<CheckpointRecord>,
}

/// The internal topics, and what becomes of records on the way there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    /// The syncs topic.
    pub(crate) syncs: Vec<SyncRecord>,
    /// The checkpoints topic.
    pub(crate) checkpoints: Vec<CheckpointRecord>,
    /// The last source offset the worker has flushed.
    pub(crate) flushed: Option<i64>,
    throttled: bool,
    to_lose: u32,
}

/// A record of the syncs topic, and what only the simulator knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncRecord {
    /// The source offset.
    pub upstream: i64,
    /// The target offset.
    pub downstream: i64,
    /// Which of the source topics of this name it is about.
    pub source_incarnation: u32,
    /// Which of the target topics.
    pub target_incarnation: u32,
}

/// A record of the checkpoints topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckpointRecord {
    pub(crate) group: u8,
    pub(crate) upstream: i64,
    pub(crate) downstream: i64,
}

impl MirrorMaker {
    /// An MM2 with room for about `events`.
    pub(crate) fn expecting(events: usize, setting: Setting) -> Self {
        Self {
            setting,
            notes: Notes { syncs: Vec::with_capacity(events), ..Notes::default() },
            source_task: Replicator::starting_at(setting.origin.0),
            rival: None,
            store: MirrorSyncStore::default(),
            seen: 0,
            emitted: Vec::new(),
        }
    }

    /// Copies the next records and hears of each that it was written.
    pub(crate) fn copy(&mut self, records: u32, source: &SourceLog, target: &mut TargetLog) {
        self.source_task.copy(&self.setting, records, source, target, &mut self.notes);
    }

    /// Copies a batch whose first acknowledgement is lost, so that the producer sends it again. An idempotent or
    /// transactional producer would not write it twice.
    pub(crate) fn copy_retried(&mut self, records: u32, source: &SourceLog, target: &mut TargetLog) {
        if !self.setting.exactly_once {
            self.source_task.write_unheard(&self.setting, records, source, target);
        }
        self.copy(records, source, target);
    }

    /// A second MM2 copies the next records. When it first does, it begins `back` records before the first one's
    /// progress.
    pub(crate) fn copy_beside(
        &mut self,
        records: u32,
        back: u32,
        source: &SourceLog,
        target: &mut TargetLog,
    ) {
        let rival = self.rival.get_or_insert_with(|| self.source_task.successor(back, source));
        rival.copy(&self.setting, records, source, target, &mut self.notes);
    }

    /// Takes all that the source holds for copied.
    pub(crate) fn seed(&mut self, source: &SourceLog) {
        self.source_task = Replicator::resuming(source);
    }

    /// Whether a second MM2 ever copied.
    pub(crate) fn has_a_rival(&self) -> bool {
        self.rival.is_some()
    }

    /// Dies with some records written but not acknowledged, and starts again `back` records before its progress. In
    /// transactions what was not acknowledged is aborted, and the restart goes on where the last commit left off.
    pub(crate) fn crash(
        &mut self,
        unacknowledged: u32,
        back: u32,
        source: &SourceLog,
        target: &mut TargetLog,
    ) {
        if self.setting.exactly_once {
            target.write_control(unacknowledged);
            self.source_task = self.source_task.successor(0, source);
        } else {
            self.source_task.write_unheard(&self.setting, unacknowledged, source, target);
            self.source_task = self.source_task.successor(back, source);
        }
    }

    /// The worker's offset commit: it notes its position, and `MirrorSourceTask.commit` promotes the delayed sync.
    pub(crate) fn flush(&mut self) {
        self.source_task.flush(&mut self.notes);
    }

    /// While too many syncs are under way the pending one waits, and a newer one replaces it.
    pub(crate) fn throttle(&mut self, on: bool) {
        self.notes.throttled = on;
    }

    /// The next syncs that are sent do not arrive.
    pub(crate) fn lose(&mut self, syncs: u32) {
        self.notes.to_lose = syncs;
    }

    /// The oldest syncs are compacted away; the newest of the key always stays.
    pub(crate) fn compact_syncs(&mut self, gone: u32) {
        self.take_in();
        let syncs = &mut self.notes.syncs;
        let gone = (gone as usize).min(syncs.len().saturating_sub(1));
        syncs.drain(..gone);
        self.seen = syncs.len();
    }

    /// A group commits `behind` offsets below the source's log end, and MM2 looks at it.
    pub(crate) fn checkpoint(&mut self, group: u8, behind: u32, source: &SourceLog) {
        self.take_in();
        let committed = (source.end - i64::from(behind)).max(source.start);
        let Mm2Translation::At(translated) = self.store.translate(upstream(committed)) else { return };
        let translated = translated.get();
        let last = self.emitted.iter_mut().find(|checkpoint| checkpoint.group == group);
        let emit = match &last {
            None => true,
            Some(last) if committed < last.upstream => true,
            Some(last) => translated > last.downstream,
        };
        if emit {
            let checkpoint = CheckpointRecord { group, upstream: committed, downstream: translated };
            match last {
                Some(last) => *last = checkpoint,
                None => self.emitted.push(checkpoint),
            }
            self.notes.checkpoints.push(checkpoint);
        }
    }

    /// The checkpoint task starts again and reads the syncs topic again.
    pub(crate) fn reload(&mut self) {
        self.store = MirrorSyncStore::default();
        self.seen = 0;
    }

    /// The checkpoint task reads what was added to the syncs topic. It is let to do so only when it matters what it has
    /// read: before a checkpoint, and before syncs go that it has seen.
    fn take_in(&mut self) {
        for sync in &self.notes.syncs[self.seen..] {
            self.store.update(upstream(sync.upstream), downstream(sync.downstream));
        }
        self.seen = self.notes.syncs.len();
    }
}

impl Notes {
    /// Sends a pending sync, if it may be sent now.
    pub(crate) fn send(&mut self, pending: &mut Option<SyncRecord>) {
        if self.throttled {
            return;
        }
        let Some(sync) = pending.take() else { return };
        if self.to_lose > 0 {
            self.to_lose -= 1;
            return;
        }
        self.syncs.push(sync);
    }
}
