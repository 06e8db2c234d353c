//! What an edge gathered, as plain values: they serialise (that is the dump file) and replay anywhere.

mod archived;
mod continuity;
mod dump;
mod flow_back;
mod logs;
mod positions;
mod query;
mod records;
mod topic_ids;
mod written;

pub use archived::{ArchivedEvidence, FingerprintSource, WithArchive};
pub use continuity::{Continuity, Incarnation, Sighting};
pub use dump::{DumpError, read_dump, write_dump};
pub use flow_back::FlowBack;
pub use logs::{LogState, Logs};
pub use offsets_record::Fingerprint;
pub use positions::CopiedThrough;
pub use query::{Answer, EvidenceSource, Query};
pub use records::{Records, Scan, ScannedRecord, Span};
pub use topic_ids::TopicIds;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::history::{CheckpointHistory, SyncHistory};
use crate::link::Link;
use crate::model::{Commit, GroupId, SourceOffset, TargetOffset, TopicPartition};

/// Everything known about a link at one time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The link.
    pub link: Link,
    /// When the gathering began.
    pub as_of: Timestamp,
    /// Whether the source answered.
    pub source: SourceState,
    /// The newest time at which anything of the source was seen, where that is kept beside its commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_seen_at: Option<Timestamp>,
    /// What the groups had committed on the source: read live, or where the source was not reached as it was kept
    /// beside it, which may be nothing.
    #[serde(deserialize_with = "written::source_commits")]
    pub commits: Vec<RecordedCommit>,
    /// The offset-syncs topic.
    #[serde(default = "Reading::unread")]
    pub syncs: Reading<SyncHistory>,
    /// The checkpoints topic.
    #[serde(default = "Reading::unread")]
    pub checkpoints: Reading<CheckpointHistory>,
    /// Log ranges on the source. A partition that is not among them was not asked for.
    #[serde(default)]
    pub source_logs: Logs<SourceOffset>,
    /// Log ranges on the target, read after the topics above. A partition that is not among them was not asked for; dumps of
    /// version 0.1 do not tell it from one that does not exist.
    #[serde(default)]
    pub target_logs: Logs<TargetOffset>,
    /// The ids that topics of the source have, asked for with the log ranges, behind those they had when something was
    /// kept of them.
    #[serde(default, skip_serializing_if = "TopicIds::is_empty")]
    pub source_topics: TopicIds,
    /// The same of the target.
    #[serde(default, skip_serializing_if = "TopicIds::is_empty")]
    pub target_topics: TopicIds,
    /// What groups have committed on the target themselves, where that was asked: with the source dead, a group may have gone
    /// on there. Sorted by group and partition.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "written::target_commits")]
    pub target_commits: Vec<Commit<TargetOffset>>,
    /// How far the replicator's worker says it has copied.
    #[serde(default = "Reading::unread")]
    pub copied_through: Reading<CopiedThrough>,
    /// What the flow back has written down, where it was asked for: where a topic of the target can hold records of its own
    /// that a group of the source is to read.
    #[serde(default, skip_serializing_if = "FlowBack::is_empty")]
    pub flow_back: FlowBack,
    /// Records of the source's data topics, aborted ones too: a replicator may copy them. Of a dead source those that were
    /// kept.
    #[serde(default, skip_serializing_if = "Records::is_empty")]
    pub source_records: Records<SourceOffset>,
    /// Records of the target's data topics, as a reader of committed records sees them, read after the log ranges.
    #[serde(default, skip_serializing_if = "Records::is_empty")]
    pub target_records: Records<TargetOffset>,
}

impl Evidence {
    /// The newest time at which anything of the source is known to have been seen: now while it answers, otherwise the last
    /// look at a commit, the newest checkpoint, or what an archive recorded of it.
    pub fn source_seen_at(&self) -> Option<Timestamp> {
        if self.source.is_alive() {
            return Some(self.as_of);
        }
        let commits = self.commits.iter().map(|recorded| recorded.as_of).max();
        let checkpoints = self.checkpoints.whole().and_then(CheckpointHistory::newest);
        [self.source_seen_at, commits, checkpoints].into_iter().flatten().max()
    }

    /// Nothing known yet about a link, at `now`.
    pub fn unread(link: Link, now: Timestamp) -> Self {
        Self {
            link,
            as_of: now,
            source: SourceState::Alive,
            source_seen_at: None,
            commits: Vec::new(),
            syncs: Reading::unread(),
            checkpoints: Reading::unread(),
            source_logs: Logs::default(),
            target_logs: Logs::default(),
            source_topics: TopicIds::default(),
            target_topics: TopicIds::default(),
            target_commits: Vec::new(),
            copied_through: Reading::unread(),
            flow_back: FlowBack::default(),
            source_records: Records::default(),
            target_records: Records::default(),
        }
    }
}

impl Evidence {
    /// What a group has committed on a partition of the target itself, where that was asked.
    pub fn committed_on_target(&self, group: &GroupId, target: &TopicPartition) -> Option<TargetOffset> {
        let commits = &self.target_commits;
        let found =
            commits.binary_search_by(|commit| (&commit.group, &commit.partition).cmp(&(group, target)));
        Some(commits[found.ok()?].committed.offset)
    }
}

/// Whether the source cluster answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum SourceState {
    /// It did; commits are live.
    Alive,
    /// It did not: only what survives on the target is known.
    Dead {
        /// What was tried, or that it was not.
        reason: String,
    },
}

/// A commit and when it was read or recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedCommit {
    /// The commit.
    #[serde(flatten)]
    pub commit: Commit<SourceOffset>,
    /// When it was known to be the group's newest.
    pub as_of: Timestamp,
    /// The latest time at which it can have been made, where that is known: an archive's first sight of it, or the time of its
    /// checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
    /// Where the group was some minutes earlier, where that was recorded: tells how fast it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EarlierCommit>,
}

/// A commit that was a group's newest before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierCommit {
    /// What was committed.
    pub offset: SourceOffset,
    /// When that was first seen.
    pub at: Timestamp,
}

impl RecordedCommit {
    /// A commit that was the group's newest at `as_of`, of which no more is known.
    pub fn new(commit: Commit<SourceOffset>, as_of: Timestamp) -> Self {
        Self { commit, as_of, committed_at: None, earlier: None }
    }
}

/// The outcome of reading one internal topic whole. A topic that could be read only in part is an error of the edge
/// and never gets here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading<T> {
    /// It was read from its log start to its end.
    Whole(T),
    /// There is nothing to read, and this is why.
    Absent {
        /// In words for an operator.
        reason: String,
    },
}

impl<T> Reading<T> {
    /// It was not asked for.
    pub fn unread() -> Self {
        Self::Absent { reason: "not read".to_owned() }
    }

    /// What was read, if anything.
    pub fn whole(&self) -> Option<&T> {
        match self {
            Self::Whole(content) => Some(content),
            Self::Absent { .. } => None,
        }
    }
}

impl SourceState {
    /// Whether the source answered.
    pub fn is_alive(&self) -> bool {
        matches!(self, Self::Alive)
    }
}
