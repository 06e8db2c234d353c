use std::collections::BTreeSet;

use crate::Known;
use crate::history::Event;
use crate::mirror_maker::{CheckpointRecord, MirrorMaker, SyncRecord};
use crate::preserver::Preserver;
use crate::source_log::SourceLog;
use crate::target_log::TargetLog;

/// The state of a mirrored partition at one time: both logs, MM2, and what it has written down.
#[derive(Debug, Clone)]
pub struct World {
    /// The source partition.
    pub source: SourceLog,
    /// The mirror partition.
    pub target: TargetLog,
    pub(crate) mirror_maker: MirrorMaker,
    preserver: Preserver,
    pub(crate) back: FlowBackNotes,
}

/// What the flow back has written down: pairs of an original on the target and its copy on the source.
#[derive(Debug, Clone, Default)]
pub(crate) struct FlowBackNotes {
    pub(crate) syncs: Vec<(i64, i64)>,
    pub(crate) flushed: Option<i64>,
    /// The end of the source behind the last copy.
    end: Option<i64>,
}

/// What stays the same through a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// `offset.lag.max`.
    pub lag_max: i64,
    /// Whether MM2 writes in transactions.
    pub exactly_once: bool,
    /// The source's first offset, and the target's.
    pub origin: (i64, i64),
    /// How many neighbouring source offsets hold records that look alike; 1 when none do.
    pub twins: i64,
    /// Every how many source offsets a filter of MM2 drops the record; 0 for never.
    pub filter: i64,
    /// How many keys the records have by turns; 0 when each has its own.
    pub keys: i64,
    /// Whether the replicator writes source offsets into headers.
    pub headers: bool,
    /// Whether the partition was added to its topic, so that its mirror is made some time later.
    pub added: bool,
    /// Whether copies keep the offsets of their records, and no MM2 is there; the target's first offset is then the
    /// source's.
    pub preserving: bool,
    /// What the timestamps of records are.
    pub timestamps: Timestamps,
    /// Whether copies have the names of their originals, so that every record of the target is a group's to read.
    pub shared: bool,
}

/// What the timestamps of records are. MM2 copies those that it reads, and a topic shows those or its broker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Timestamps {
    /// The producers': each record has its own, but for those that look alike.
    #[default]
    Created,
    /// The producers', whose clocks differ: they fall as often as they rise, and many are the same.
    Skewed,
    /// The source's broker sets them (`message.timestamp.type=LogAppendTime`).
    AppendedOnSource,
    /// The target's broker sets them.
    AppendedOnTarget,
    /// Both do.
    Appended,
}

/// A link as MM2 sets it up: a sync each 101 records, nothing dropped, both logs from the beginning.
impl Default for Setting {
    fn default() -> Self {
        Self {
            lag_max: 100,
            exactly_once: false,
            origin: (0, 0),
            twins: 1,
            filter: 0,
            keys: 0,
            headers: false,
            added: false,
            preserving: false,
            timestamps: Timestamps::Created,
            shared: false,
        }
    }
}

impl World {
    /// Two empty logs.
    pub fn new(setting: Setting) -> Self {
        Self::expecting(0, setting)
    }

    /// The same, with room for about `events`.
    pub(crate) fn expecting(events: usize, setting: Setting) -> Self {
        let (source, target) = setting.origin;
        let target = if setting.preserving { source } else { target };
        Self {
            source: SourceLog::expecting(events, source),
            target: TargetLog::expecting(events, target, !setting.added),
            mirror_maker: MirrorMaker::expecting(events, setting),
            preserver: Preserver::default(),
            back: FlowBackNotes::default(),
        }
    }

    /// What stays the same.
    pub fn setting(&self) -> &Setting {
        &self.mirror_maker.setting
    }

    /// The same with source offsets in the headers of all copies.
    pub(crate) fn with_headers(&self) -> Self {
        let mut world = self.clone();
        world.mirror_maker.setting.headers = true;
        world
    }

    /// What the syncs topic holds.
    pub fn syncs(&self) -> &[SyncRecord] {
        &self.mirror_maker.notes.syncs
    }

    /// Whether the flow back tells that the target holds records of its own.
    pub(crate) fn tells_of_originals(&self, known: Known) -> bool {
        known.syncs && !self.back.syncs.is_empty()
    }

    /// What the checkpoints topic holds.
    pub(crate) fn checkpoints(&self) -> &[CheckpointRecord] {
        &self.mirror_maker.notes.checkpoints
    }

    /// Whether two MM2s copied the partition.
    pub(crate) fn has_a_rival(&self) -> bool {
        self.mirror_maker.has_a_rival()
    }

    /// How many groups have a checkpoint.
    pub fn groups_with_checkpoints(&self) -> usize {
        let groups: BTreeSet<_> = self.checkpoints().iter().map(|checkpoint| checkpoint.group).collect();
        groups.len()
    }

    /// Lets something happen.
    pub fn happen(&mut self, event: &Event) {
        let Self { source, target, mirror_maker, preserver, back } = self;
        let preserving = mirror_maker.setting.preserving;
        match *event {
            Event::Copy { records }
            | Event::CopyRetried { records }
            | Event::CopyBeside { records, .. }
            | Event::Crash { unacknowledged: records, .. }
                if preserving =>
            {
                preserver.copy(records, source, target);
            }
            Event::Produce { records, holes } => source.produce(records, holes),
            Event::Copy { records } => mirror_maker.copy(records, source, target),
            Event::CopyRetried { records } => mirror_maker.copy_retried(records, source, target),
            Event::CopyBeside { records, back } => mirror_maker.copy_beside(records, back, source, target),
            Event::Crash { unacknowledged, back } => {
                mirror_maker.crash(unacknowledged, back, source, target);
            }
            Event::Flush => mirror_maker.flush(),
            Event::Throttle(on) => mirror_maker.throttle(on),
            Event::LoseSyncs(syncs) => mirror_maker.lose(syncs),
            Event::CompactSyncs { gone } => mirror_maker.compact_syncs(gone),
            Event::Checkpoint { group, behind } => mirror_maker.checkpoint(group, behind, source),
            Event::CheckpointTaskRestart => mirror_maker.reload(),
            Event::WriteForeign { records } => {
                preserver.promote();
                target.write_foreign(records);
            }
            Event::WriteAlike { records, back, stamped } => {
                preserver.promote();
                source
                    .runs_from(source.end - i64::from(back), records)
                    .for_each(|run| target.write_alike(source.incarnation, run, stamped));
            }
            Event::TruncateTarget { offsets } => target.truncate(offsets),
            Event::TargetRetention { keep } => target.retain(keep),
            Event::SourceRetention { keep } => source.retain(keep),
            Event::CompactSource { every, keep } => source.compact(every, keep),
            Event::CompactTarget { keep } => target.compact(mirror_maker.setting.keys, keep),
            Event::MirrorPartition => target.exists = true,
            // The flow back copies in order: it has ended where others wrote to the target, or this link did.
            Event::CopyBack { .. }
                if !target.holds_originals_only()
                    || source.end != back.end.unwrap_or(mirror_maker.setting.origin.0) => {}
            Event::CopyBack { records, flush } => {
                let first = source.end;
                source.produce(records, 0);
                let run = source.runs_from(first, records).next().filter(|_| source.end > first);
                let Some(run) = run else { return };
                let (count, at) = target.write_originals(source.incarnation, run);
                if count == 0 {
                    return;
                }
                back.end = Some(source.end);
                let last = (at + count - 1, run.first + count - 1);
                let due = back.syncs.last().is_none_or(|last| at - last.0 > mirror_maker.setting.lag_max);
                back.syncs.extend(due.then_some((at, run.first)));
                if flush {
                    back.syncs.extend((back.syncs.last() != Some(&last)).then_some(last));
                    back.flushed = Some(last.0);
                }
            }
            Event::Strand { records } => target.write_foreign(records),
            // A seed that passed records of the source's own would leave them behind.
            Event::Turn if source.end != back.end.unwrap_or(mirror_maker.setting.origin.0) => {}
            Event::Turn => mirror_maker.seed(source),
            Event::RecreateTarget => {
                target.recreate();
                preserver.start_over();
            }
            Event::RecreateSource => source.recreate(),
        }
    }
}
