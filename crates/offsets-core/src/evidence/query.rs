use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{CopiedThrough, Evidence, Logs, Reading, RecordedCommit, Records, SourceState, Span, TopicIds};
use crate::history::{CheckpointHistory, SyncHistory};
use crate::link::Side;
use crate::model::{Commit, GroupId, GroupSelection, SourceOffset, TargetOffset, TopicName, TopicPartition};

/// Something the core would like to know. A batch of them may be answered in any order and in parallel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// What these groups have committed on the source.
    SourceCommits(GroupSelection),
    /// The whole offset-syncs topic.
    OffsetSyncs {
        /// The cluster that holds it.
        on: Side,
        /// Its name there.
        topic: TopicName,
        /// As in [`SyncHistory::new`].
        markers_on_target: bool,
    },
    /// The whole checkpoints topic, which is always on the target.
    Checkpoints {
        /// Its name there.
        topic: TopicName,
    },
    /// The log ranges of source partitions.
    SourceLogs(Vec<TopicPartition>),
    /// The log ranges of target partitions, up to the high watermark. The answer may hold other partitions of their topics
    /// too.
    TargetLogs(Vec<TopicPartition>),
    /// What groups have committed on the target themselves, by whom and where; sorted.
    TargetCommits(BTreeSet<(GroupId, TopicPartition)>),
    /// The ids of source topics; unknown ones are left out.
    SourceTopics(Vec<TopicName>),
    /// The ids of target topics.
    TargetTopics(Vec<TopicName>),
    /// How far the replicator's worker has copied, by its own flushed position.
    CopiedThrough {
        /// Connect's offset storage topic, on the target.
        topic: TopicName,
    },
    /// The whole offset-syncs topic of the flow back, from the target to the source. It may never have run.
    SyncsBack {
        /// The cluster that holds it.
        on: Side,
        /// Its name there.
        topic: TopicName,
        /// As in [`SyncHistory::new`].
        markers: bool,
    },
    /// How far the worker of the flow back has copied.
    CopiedBack {
        /// Connect's offset storage topic, on the source.
        topic: TopicName,
    },
    /// The data records of these stretches of the source, aborted ones too. Part of a stretch is an answer too.
    SourceRecords(Vec<Span<SourceOffset>>),
    /// The data records of these stretches of the target that a reader of committed records sees. Part of a stretch is an
    /// answer too.
    TargetRecords {
        /// Which stretches.
        spans: Vec<Span<TargetOffset>>,
        /// The header in which a replicator writes source offsets, where it does.
        origin_header: Option<String>,
    },
}

/// The answer to a [`Query`].
#[derive(Debug, Clone)]
pub enum Answer {
    /// To [`Query::SourceCommits`]. Groups without commits are simply not there.
    SourceCommits(Vec<RecordedCommit>),
    /// To any question that only the source could answer.
    SourceDead {
        /// What was tried, or that it was not.
        reason: String,
    },
    /// Beside [`Answer::SourceDead`]: when anything of the source was seen last, where that is kept.
    SourceSeen(Timestamp),
    /// To [`Query::OffsetSyncs`].
    OffsetSyncs(Reading<SyncHistory>),
    /// To [`Query::Checkpoints`].
    Checkpoints(Reading<CheckpointHistory>),
    /// To [`Query::SourceLogs`].
    SourceLogs(Logs<SourceOffset>),
    /// To [`Query::TargetLogs`].
    TargetLogs(Logs<TargetOffset>),
    /// To [`Query::TargetCommits`]. Those that are not there are left out, and all where they may not be read.
    TargetCommits(Vec<Commit<TargetOffset>>),
    /// To [`Query::SourceTopics`].
    SourceTopics(TopicIds),
    /// To [`Query::TargetTopics`].
    TargetTopics(TopicIds),
    /// To [`Query::CopiedThrough`].
    CopiedThrough(Reading<CopiedThrough>),
    /// To [`Query::SyncsBack`].
    SyncsBack(Reading<SyncHistory>),
    /// To [`Query::CopiedBack`].
    CopiedBack(Reading<CopiedThrough>),
    /// To [`Query::SourceRecords`].
    SourceRecords(Records<SourceOffset>),
    /// To [`Query::TargetRecords`].
    TargetRecords(Records<TargetOffset>),
}

/// What answers queries: live clusters, a dump, an archive, the simulator.
///
/// An implementation answers every question of the batch, whole or not at all: what it could read only in part is an
/// error, except for stretches of data topics, where each scan says which part it is. It may read the questions of one batch in parallel; batches follow each other.
pub trait EvidenceSource {
    /// Why an answer could not be had.
    type Error;

    /// Answers a batch.
    ///
    /// # Errors
    /// The source's own; nothing of the batch is to be used then.
    fn answer(&mut self, queries: Vec<Query>) -> Result<Vec<Answer>, Self::Error>;
}

/// Evidence gathered earlier answers again, with no cluster.
impl EvidenceSource for Evidence {
    type Error = std::convert::Infallible;

    fn answer(&mut self, queries: Vec<Query>) -> Result<Vec<Answer>, Self::Error> {
        let seen = self.source_seen_at.map(Answer::SourceSeen);
        Ok(queries.into_iter().map(|query| self.recall(query)).chain(seen).collect())
    }
}

impl Evidence {
    fn recall(&self, query: Query) -> Answer {
        match (query, &self.source) {
            // Commits that were read before the source died are still what the groups had committed then.
            (Query::SourceCommits(_), SourceState::Dead { reason }) if self.commits.is_empty() => {
                Answer::SourceDead { reason: reason.clone() }
            }
            (Query::SourceCommits(groups), _) => Answer::SourceCommits(
                self.commits
                    .iter()
                    .filter(|recorded| groups.admits(&recorded.commit.group))
                    .cloned()
                    .collect(),
            ),
            (Query::SourceLogs(_), SourceState::Dead { reason }) => {
                Answer::SourceDead { reason: reason.clone() }
            }
            (Query::SourceLogs(partitions), SourceState::Alive) => {
                Answer::SourceLogs(self.source_logs.of(&partitions))
            }
            (Query::OffsetSyncs { .. }, _) => Answer::OffsetSyncs(self.syncs.clone()),
            (Query::Checkpoints { .. }, _) => Answer::Checkpoints(self.checkpoints.clone()),
            (Query::TargetLogs(partitions), _) => Answer::TargetLogs(self.target_logs.of_topics(&partitions)),
            (Query::TargetCommits(asked), _) => Answer::TargetCommits(
                self.target_commits
                    .iter()
                    .filter(|commit| asked.contains(&(commit.group.clone(), commit.partition.clone())))
                    .cloned()
                    .collect(),
            ),
            // What was seen while the source lived was so.
            (Query::SourceTopics(topics), _) => Answer::SourceTopics(self.source_topics.of(&topics)),
            (Query::TargetTopics(topics), _) => Answer::TargetTopics(self.target_topics.of(&topics)),
            (Query::CopiedThrough { .. }, _) => Answer::CopiedThrough(self.copied_through.clone()),
            (Query::SyncsBack { .. }, _) => Answer::SyncsBack(self.flow_back.syncs.clone()),
            (Query::CopiedBack { .. }, _) => Answer::CopiedBack(self.flow_back.copied_through.clone()),
            // What was read while the source lived is true still.
            (Query::SourceRecords(spans), _) => Answer::SourceRecords(self.source_records.cut(&spans)),
            (Query::TargetRecords { spans, .. }, _) => Answer::TargetRecords(self.target_records.cut(&spans)),
        }
    }
}
