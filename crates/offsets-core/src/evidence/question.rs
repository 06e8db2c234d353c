use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{CopiedThrough, Evidence, Logs, Reading, RecordedCommit, Records, SourceState, Span, TopicIds};
use crate::history::{CheckpointHistory, SyncHistory};
use crate::link::Side;
use crate::model::{Commit, GroupId, GroupSelection, SourceOffset, TargetOffset, TopicName, TopicPartition};

/// Something the core would like to know. A batch of them may be answered in any order and in parallel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
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
    /// The ids of source topics; those nobody can tell are left out.
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

/// The answer to a [`Question`].
#[derive(Debug, Clone)]
pub enum Fact {
    /// To [`Question::SourceCommits`]. Groups without commits are simply not there.
    SourceCommits(Vec<RecordedCommit>),
    /// To any question that only the source could answer.
    SourceDead {
        /// What was tried, or that it was not.
        reason: String,
    },
    /// Beside [`Fact::SourceDead`]: when anything of the source was seen last, where that is kept.
    SourceSeen(Timestamp),
    /// To [`Question::OffsetSyncs`].
    OffsetSyncs(Reading<SyncHistory>),
    /// To [`Question::Checkpoints`].
    Checkpoints(Reading<CheckpointHistory>),
    /// To [`Question::SourceLogs`].
    SourceLogs(Logs<SourceOffset>),
    /// To [`Question::TargetLogs`].
    TargetLogs(Logs<TargetOffset>),
    /// To [`Question::TargetCommits`]. Those that are not there are left out, and all where they may not be read.
    TargetCommits(Vec<Commit<TargetOffset>>),
    /// To [`Question::SourceTopics`].
    SourceTopics(TopicIds),
    /// To [`Question::TargetTopics`].
    TargetTopics(TopicIds),
    /// To [`Question::CopiedThrough`].
    CopiedThrough(Reading<CopiedThrough>),
    /// To [`Question::SyncsBack`].
    SyncsBack(Reading<SyncHistory>),
    /// To [`Question::CopiedBack`].
    CopiedBack(Reading<CopiedThrough>),
    /// To [`Question::SourceRecords`].
    SourceRecords(Records<SourceOffset>),
    /// To [`Question::TargetRecords`].
    TargetRecords(Records<TargetOffset>),
}

/// Whoever can answer: live clusters, a dump, an archive, the simulator.
///
/// An implementation answers every question of the batch, whole or not at all: what it could read only in part is an
/// error, except for stretches of data topics, where each scan says which part it is. It may read the questions of one batch in parallel; batches follow each other.
pub trait Witness {
    /// Why an answer could not be had.
    type Error;

    /// Answers a batch.
    ///
    /// # Errors
    /// The witness's own; nothing of the batch is to be used then.
    fn answer(&mut self, questions: Vec<Question>) -> Result<Vec<Fact>, Self::Error>;
}

/// Evidence gathered earlier answers again, with no cluster.
impl Witness for Evidence {
    type Error = std::convert::Infallible;

    fn answer(&mut self, questions: Vec<Question>) -> Result<Vec<Fact>, Self::Error> {
        let seen = self.source_seen_at.map(Fact::SourceSeen);
        Ok(questions.into_iter().map(|question| self.recall(question)).chain(seen).collect())
    }
}

impl Evidence {
    fn recall(&self, question: Question) -> Fact {
        match (question, &self.source) {
            // Commits that were read before the source died are still what the groups had committed then.
            (Question::SourceCommits(_), SourceState::Dead { reason }) if self.commits.is_empty() => {
                Fact::SourceDead { reason: reason.clone() }
            }
            (Question::SourceCommits(groups), _) => Fact::SourceCommits(
                self.commits
                    .iter()
                    .filter(|recorded| groups.admits(&recorded.commit.group))
                    .cloned()
                    .collect(),
            ),
            (Question::SourceLogs(_), SourceState::Dead { reason }) => {
                Fact::SourceDead { reason: reason.clone() }
            }
            (Question::SourceLogs(partitions), SourceState::Alive) => {
                Fact::SourceLogs(self.source_logs.of(&partitions))
            }
            (Question::OffsetSyncs { .. }, _) => Fact::OffsetSyncs(self.syncs.clone()),
            (Question::Checkpoints { .. }, _) => Fact::Checkpoints(self.checkpoints.clone()),
            (Question::TargetLogs(partitions), _) => {
                Fact::TargetLogs(self.target_logs.of_topics(&partitions))
            }
            (Question::TargetCommits(asked), _) => Fact::TargetCommits(
                self.target_commits
                    .iter()
                    .filter(|commit| asked.contains(&(commit.group.clone(), commit.partition.clone())))
                    .cloned()
                    .collect(),
            ),
            // What was seen while the source lived was so.
            (Question::SourceTopics(topics), _) => Fact::SourceTopics(self.source_topics.of(&topics)),
            (Question::TargetTopics(topics), _) => Fact::TargetTopics(self.target_topics.of(&topics)),
            (Question::CopiedThrough { .. }, _) => Fact::CopiedThrough(self.copied_through.clone()),
            (Question::SyncsBack { .. }, _) => Fact::SyncsBack(self.flow_back.syncs.clone()),
            (Question::CopiedBack { .. }, _) => Fact::CopiedBack(self.flow_back.copied_through.clone()),
            // What was read while the source lived is true still.
            (Question::SourceRecords(spans), _) => Fact::SourceRecords(self.source_records.cut(&spans)),
            (Question::TargetRecords { spans, .. }, _) => {
                Fact::TargetRecords(self.target_records.cut(&spans))
            }
        }
    }
}
