use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Check, OffsetReset, ResetPlan};
use crate::document::{HeadError, Malformed, expect_kind, in_words};
use crate::model::{CommittedOffset, GroupId, TargetOffset, TopicPartition};

const KIND: &str = "Undo";

/// What a reset is about to overwrite, saved before the first write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undo {
    api_version: String,
    kind: String,
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
    /// It is not the JSON of an undo file.
    #[error("the undo file cannot be read at line {line}, column {column}: {problem}")]
    Malformed {
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// It is JSON of another kind or version.
    #[error("this is {}, not an undo file (`{KIND}` of `{}`)", in_words(found, version), crate::API_VERSION)]
    OtherKind {
        /// Its `kind`.
        found: String,
        /// Its `apiVersion`.
        version: String,
    },
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

impl From<Malformed> for UndoError {
    fn from(Malformed { line, column, problem }: Malformed) -> Self {
        Self::Malformed { line, column, problem }
    }
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
        Self {
            api_version: crate::API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            as_of,
            cluster_id,
            entries: entries.collect(),
        }
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
        let mut text = serde_json::to_string_pretty(self).expect("an undo file has only string keys");
        text.push('\n');
        text
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`UndoError`].
    pub fn read(text: &str) -> Result<Self, UndoError> {
        expect_kind(text, KIND).map_err(|error| match error {
            HeadError::Malformed(malformed) => malformed.into(),
            HeadError::Other { found, version } => UndoError::OtherKind { found, version },
        })?;
        let undo: Self = serde_json::from_str(text).map_err(|cause| Malformed::from(&cause))?;
        let mut partitions = BTreeSet::new();
        let twice = undo.entries.iter().find(|entry| !partitions.insert((&entry.group, &entry.partition)));
        if let Some(UndoEntry { group, partition, .. }) = twice {
            return Err(UndoError::Twice { group: group.clone(), partition: partition.clone() });
        }
        if undo.entries.is_empty() { Err(UndoError::Empty) } else { Ok(undo) }
    }
}
