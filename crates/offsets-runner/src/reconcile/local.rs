use offsets_store::{MemoryLog, SegmentLog, SledLog};

use super::changelog::Copy;
use crate::Error;
use crate::job::{Job, LocalState};

/// Where copies of the changelog are.
pub(crate) enum Local {
    Memory,
    Sled(SledLog),
}

impl Local {
    pub(crate) fn open(place: &LocalState) -> Result<Self, Error> {
        Ok(match place {
            LocalState::Memory => Self::Memory,
            LocalState::Folder(folder) => Self::Sled(SledLog::open(folder)?),
        })
    }

    /// The copy of one partition of the changelog.
    pub(crate) fn copy(&self, number: i32, job: &Job) -> Result<Copy, Error> {
        let log: Box<dyn SegmentLog> = match self {
            Self::Memory => Box::new(MemoryLog::default()),
            Self::Sled(log) => Box::new(log.clone()),
        };
        Ok(Copy::open(log, number.cast_unsigned(), job.changelog.as_str())?)
    }

    /// What is there of a partition is of no use.
    pub(crate) fn forget(&self, number: i32, job: &Job) -> Result<(), Error> {
        Ok(self.copy(number, job)?.clear()?)
    }

    /// Returns when everything is on the disk.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        match self {
            Self::Memory => Ok(()),
            Self::Sled(log) => Ok(log.flush()?),
        }
    }
}
