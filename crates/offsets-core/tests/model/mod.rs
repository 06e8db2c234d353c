//! One mirrored partition, modelled record by record: a source log with holes, an MM2 that copies it, crashes and
//! copies again, and everything that can happen to either topic meanwhile. It knows the truth, so an answer can be
//! checked against it.
#![allow(dead_code, unused_imports, reason = "each test program uses a part of it")]

use std::collections::BTreeSet;

mod evidence;
mod mirror_maker;
mod source;
mod story;
mod target;
mod truth;

pub(crate) use evidence::{Known, TOPIC};
pub(crate) use mirror_maker::SyncRecord;
pub(crate) use story::{Event, Story, recreations, stories, undisturbed_stories};
pub(crate) use truth::Truth;

use mirror_maker::MirrorMaker;
use source::SourceLog;
pub(crate) use target::Entry;
use target::TargetLog;

/// The state of the world at one time.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) source: SourceLog,
    pub(crate) target: TargetLog,
    mirror_maker: MirrorMaker,
}

/// What stays the same through a story.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// `offset.lag.max`.
    pub(crate) lag_max: i64,
    /// Whether MM2 writes in transactions.
    pub(crate) exactly_once: bool,
    /// The source's first offset, and the target's.
    pub(crate) origin: (i64, i64),
    /// How many neighbouring source offsets hold records that look alike.
    pub(crate) twins: i64,
    /// Every how many source offsets a filter of MM2 drops the record; 0 for never.
    pub(crate) filter: i64,
}

impl World {
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            source: SourceLog::starting_at(setting.origin.0, setting.twins),
            target: TargetLog::starting_at(setting.origin.1, setting.twins),
            mirror_maker: MirrorMaker::new(setting),
        }
    }

    /// What the syncs topic holds.
    pub(crate) fn syncs(&self) -> &[SyncRecord] {
        &self.mirror_maker.syncs
    }

    /// What the checkpoints topic holds.
    pub(crate) fn checkpoints(&self) -> &[mirror_maker::CheckpointRecord] {
        &self.mirror_maker.checkpoints
    }

    /// How many groups have a checkpoint.
    pub(crate) fn groups_with_checkpoints(&self) -> usize {
        let groups: BTreeSet<_> = self.checkpoints().iter().map(|checkpoint| checkpoint.group).collect();
        groups.len()
    }

    pub(crate) fn happen(&mut self, event: &Event) {
        let Self { source, target, mirror_maker } = self;
        match *event {
            Event::Produce { records, holes } => source.produce(records, holes),
            Event::Copy { records } => mirror_maker.copy(records, source, target),
            Event::CopyRetried { records } => mirror_maker.copy_retried(records, source, target),
            Event::Crash { unacknowledged, back } => {
                mirror_maker.crash(unacknowledged, back, source, target);
            }
            Event::Flush => mirror_maker.flush(),
            Event::Throttle(on) => mirror_maker.throttle(on),
            Event::LoseSyncs(syncs) => mirror_maker.lose(syncs),
            Event::CompactSyncs { gone } => mirror_maker.compact_syncs(gone),
            Event::Checkpoint { group, behind } => mirror_maker.checkpoint(group, behind, source),
            Event::CheckpointTaskRestart => mirror_maker.reload(),
            Event::WriteForeign { records } => target.write_foreign(records),
            Event::TargetRetention { keep } => target.retain(keep),
            Event::SourceRetention { keep } => source.retain(keep),
            Event::CompactSource { every, keep } => source.compact(every, keep),
            Event::RecreateTarget => target.recreate(),
            Event::RecreateSource => source.recreate(),
        }
    }
}
