use std::collections::BTreeSet;
use std::path::PathBuf;
use std::slice;

use offsets_kafka::Cluster;
use offsets_store::{MemoryLog, SegmentLog, SledLog};

use super::changelog::ReplicaCopy;
use crate::job::{Job, LocalState};
use crate::limit::Limit;
use crate::name::random;
use crate::{Error, Event, RunListener};

/// Where copies of the changelog are.
pub(crate) struct LocalCopies {
    storage: Storage,
    /// What the changelog is known by: its name and, where the cluster tells it, the id that a topic re-created would not have.
    changelog: String,
    /// Partitions whose copy was moved aside, and was not found whole since.
    quarantined: BTreeSet<i32>,
}

/// What copies are kept in.
pub(crate) enum Storage {
    Memory,
    Sled(SledLog),
}

impl Storage {
    /// Opens what a job keeps its copies in. What is damaged, as after a disk that was full, is started over: the changelog has it all.
    pub(crate) fn open(job: &Job, listener: &mut dyn RunListener) -> Result<Self, Error> {
        let LocalState::Folder(folder) = &job.local else { return Ok(Self::Memory) };
        Ok(Self::Sled(match SledLog::open(folder) {
            Err(cause) if cause.is_damage() => {
                listener.on_event(Event::LocalDamaged { folder, cause: &cause });
                SledLog::open_fresh(folder)?
            }
            opened => opened?,
        }))
    }

    /// The name of the folder, if it is one: no process but this one goes by it.
    pub(crate) fn name(&self) -> Result<Option<String>, Error> {
        match self {
            Self::Memory => Ok(None),
            Self::Sled(log) => Ok(Some(log.name(random)?)),
        }
    }
}

impl LocalCopies {
    /// The copies of an instance that writes to the changelog.
    pub(crate) fn of(storage: Storage, cluster: &Cluster, job: &Job, limit: Limit<'_>) -> Self {
        let ids = cluster.topic_ids(slice::from_ref(&job.changelog), &limit.deadline());
        let id = ids.newest(&job.changelog).map(|id| format!("@{id}")).unwrap_or_default();
        Self { storage, changelog: format!("{}{id}", job.changelog), quarantined: BTreeSet::new() }
    }

    /// Copies that are gone with the process.
    pub(crate) fn in_memory(job: &Job) -> Self {
        Self { storage: Storage::Memory, changelog: job.changelog.to_string(), quarantined: BTreeSet::new() }
    }

    /// The copy of one partition of the changelog.
    pub(crate) fn copy(&self, number: i32) -> Result<ReplicaCopy, Error> {
        let log: Box<dyn SegmentLog + Send> = match &self.storage {
            Storage::Memory => Box::new(MemoryLog::default()),
            Storage::Sled(log) => Box::new(log.clone()),
        };
        Ok(ReplicaCopy::open(log, number.cast_unsigned(), &self.changelog)?)
    }

    /// Moves what is there of a partition aside, since it is damaged: the changelog has it all. Gives the file it is in now, where
    /// copies are on a disk. What was read from the changelog since then and is damaged again is of no use to anybody.
    pub(crate) fn quarantine(&mut self, number: i32) -> Result<Option<PathBuf>, Error> {
        let is_new = self.quarantined.insert(number);
        match &mut self.storage {
            Storage::Sled(log) if is_new => Ok(Some(log.quarantine(number.cast_unsigned())?)),
            Storage::Sled(_) => self.copy(number)?.clear().map(|()| None).map_err(Error::from),
            Storage::Memory => Ok(None),
        }
    }

    /// The copy of a partition is whole.
    pub(crate) fn found(&mut self, number: i32) {
        self.quarantined.remove(&number);
    }

    /// Returns when everything is on the disk.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        match &mut self.storage {
            Storage::Memory => Ok(()),
            Storage::Sled(log) => Ok(log.flush()?),
        }
    }
}
