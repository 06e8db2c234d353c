use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Check, OffsetReset, ResetPlan};
use crate::document::{self, DocumentError, Kind, Layout};
use crate::model::{CommittedOffset, GroupId, TargetOffset, TopicPartition};

/// What a reset is about to overwrite, saved before the first write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undo {
    /// When the plan was drawn.
    pub as_of: Timestamp,
    /// The cluster's id, so that it is not applied elsewhere; `None` where the cluster does not tell.
    pub cluster_id: Option<String>,
    /// What was there and what was written, partition by partition.
    pub entries: Vec<UndoEntry>,
}

/// One partition of an undo file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoEntry {
    /// The group.
    pub group: GroupId,
    /// The partition on the target.
    #[serde(flatten)]
    pub partition: TopicPartition,
    /// The commit before; `null` when there was none.
    pub before: Option<CommittedOffset<TargetOffset>>,
    /// The commit the reset made.
    pub after: CommittedOffset<TargetOffset>,
}

/// Why an undo file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndoError {
    /// It cannot be read as an undo file.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// It names a partition of a group twice.
    #[error("the undo file names {partition} of group {group} twice")]
    Twice {
        /// The group.
        group: GroupId,
        /// The partition.
        partition: TopicPartition,
    },
    /// It holds nothing that could be put back.
    #[error("the undo file has no entry")]
    Empty,
}

impl Undo {
    /// What applying `plan` would overwrite.
    pub fn of(plan: &ResetPlan, as_of: Timestamp, cluster_id: Option<String>) -> Self {
        let entries = plan.steps().iter().filter_map(|step| match (&step.check, &step.after) {
            (Check::Ready, Some(after)) => Some(UndoEntry {
                group: step.group.clone(),
                partition: step.partition.clone(),
                before: step.before.clone(),
                after: after.clone(),
            }),
            _ => None,
        });
        Self { as_of, cluster_id, entries: entries.collect() }
    }

    /// The moves that put everything back. A commit that was not there before cannot be taken away again and stays.
    pub fn resets(&self) -> Vec<OffsetReset> {
        let back = |entry: &UndoEntry| {
            let before = entry.before.clone()?;
            Some(OffsetReset {
                group: entry.group.clone(),
                partition: entry.partition.clone(),
                to: Some(before.offset),
                metadata: Some(before.metadata),
                sound: true,
                stranded: None,
                optional: false,
            })
        };
        self.entries.iter().filter_map(back).collect()
    }

    /// The file's text.
    pub fn write(&self) -> String {
        document::write(Kind::Undo, self, Layout::Pretty)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`UndoError`].
    pub fn read(text: &str) -> Result<Self, UndoError> {
        let undo: Self = document::read(Kind::Undo, text)?;
        let mut partitions = BTreeSet::new();
        let twice = undo.entries.iter().find(|entry| !partitions.insert((&entry.group, &entry.partition)));
        if let Some(UndoEntry { group, partition, .. }) = twice {
            return Err(UndoError::Twice { group: group.clone(), partition: partition.clone() });
        }
        if undo.entries.is_empty() { Err(UndoError::Empty) } else { Ok(undo) }
    }
}
