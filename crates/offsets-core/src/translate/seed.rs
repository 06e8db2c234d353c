use std::collections::BTreeSet;

use jiff::Timestamp;
use offsets_record::Identity;
use serde::{Deserialize, Serialize};

use crate::document::{self, DocumentError, Kind, Layout};
use crate::model::{ClusterAlias, GroupId, TargetOffset, TopicPartition};

/// One more than the highest offset that the operators of reconciliation tell apart: 2^48.
const OFFSETS_END: i64 = 1 << 48;

/// What a group had read of the records that come to it again after its move: the file that `offsets reconcile --seed` drops them by.
///
/// Records are named by [`Identity::of_copy`], which a copy shares with the record it is of.
///
/// # Examples
/// ```
/// use offsets_core::translate::Seed;
///
/// let seed = Seed::read(
///     r#"{"apiVersion":"offsets/v1","kind":"Seed","asOf":"2026-01-01T00:00:00Z",
///         "link":{"source":"src","target":"dst"},"group":"app",
///         "windows":[{"topic":"src.orders","partition":0,"from":17,"until":20,
///                     "read":["000102030405060708090a0b0c0d0e0f"]}]}"#,
/// )?;
/// assert_eq!(seed.windows[0].read.len(), 1);
/// # Ok::<(), offsets_core::translate::SeedError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seed {
    /// When the evidence was gathered.
    pub as_of: Timestamp,
    /// The link over which the group moves.
    pub link: SeedLink,
    /// The group.
    pub group: GroupId,
    /// One a partition of the target.
    pub windows: Vec<SeedPart>,
    /// Partitions on which records may come again that nothing is known of: nothing is dropped there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseeded: Vec<SeedGap>,
}

/// The two clusters of a seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedLink {
    /// Where the group was.
    pub source: ClusterAlias,
    /// Where it goes on.
    pub target: ClusterAlias,
}

/// Where records of one partition come again, and which the group had read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeedPart {
    /// The partition on the target.
    #[serde(flatten)]
    pub partition: TopicPartition,
    /// The first offset that the group reads after its move.
    pub from: TargetOffset,
    /// The first offset that it cannot have read before; `None` when no such offset is known.
    pub until: Option<TargetOffset>,
    /// What it had read, each as often as it was read.
    pub read: Vec<Identity>,
    /// How many more it had read that are not named: they look like ones it had not, or cannot be told from others. They come
    /// again and are not dropped.
    #[serde(default, skip_serializing_if = "is_none")]
    pub left_out: u64,
    /// What is taken for granted, by the names that a translation gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<String>,
}

/// A partition without a seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedGap {
    /// The partition on the target.
    #[serde(flatten)]
    pub partition: TopicPartition,
    /// Why, in words.
    pub why: String,
}

/// Why a seed cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// It cannot be read as a seed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Two windows are of one partition.
    #[error("the seed has two windows for {0}")]
    Twice(TopicPartition),
    /// The offsets of a window are none that a group can read.
    #[error(
        "the seed's window for {0} is none: `from` and `until` are offsets below 2^48, and `until` does not lie below `from`"
    )]
    NoWindow(TopicPartition),
}

impl Seed {
    /// A seed that says nothing yet.
    pub fn new(as_of: Timestamp, link: SeedLink, group: GroupId) -> Self {
        Self { as_of, link, group, windows: Vec::new(), unseeded: Vec::new() }
    }

    /// The window of a partition of the target.
    pub fn window(&self, partition: &TopicPartition) -> Option<&SeedPart> {
        self.windows.iter().find(|window| window.partition == *partition)
    }

    /// How many records it names.
    pub fn records(&self) -> usize {
        self.windows.iter().map(|window| window.read.len()).sum()
    }

    /// The file's text.
    pub fn write(&self) -> String {
        document::write(Kind::Seed, self, Layout::Compact)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`SeedError`], with what is wrong.
    pub fn read(text: &str) -> Result<Self, SeedError> {
        let seed: Self = document::read(Kind::Seed, text)?;
        let mut partitions = BTreeSet::new();
        for window in &seed.windows {
            if !partitions.insert(&window.partition) {
                return Err(SeedError::Twice(window.partition.clone()));
            }
            if !window.is_one() {
                return Err(SeedError::NoWindow(window.partition.clone()));
            }
        }
        Ok(seed)
    }
}

impl SeedPart {
    fn is_one(&self) -> bool {
        let until = self.until.unwrap_or(self.from);
        self.partition.partition >= 0 && self.from <= until && until.get() < OFFSETS_END
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_none(count: &u64) -> bool {
    *count == 0
}
