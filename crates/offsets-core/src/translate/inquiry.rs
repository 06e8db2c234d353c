use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{GroupSelection, Selection, Translation};
use crate::evidence::{Evidence, Fact, Logs, Question, Reading, RecordedCommit, SourceState, Witness};
use crate::link::Link;
use crate::model::{Commit, CommittedOffset, GroupId, SourceOffset, TopicName, TopicPartition};

/// A translation in the making: a short conversation in which the core asks and a [`Witness`] answers.
///
/// First what the groups committed and what MM2 wrote down, then the log ranges of the partitions this turned out to
/// be about. The order matters: log ends are read after the syncs, so a sync beyond a log end is a contradiction and
/// not a race.
#[derive(Debug, Clone)]
pub struct Inquiry {
    selection: Selection,
    evidence: Evidence,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Topics,
    Logs,
    Done,
}

impl Inquiry {
    /// Begins an inquiry at `now`.
    pub fn about(link: Link, selection: Selection, now: Timestamp) -> Self {
        let unread = || "not read yet".to_owned();
        let evidence = Evidence {
            link,
            as_of: now,
            source: SourceState::Alive,
            commits: Vec::new(),
            syncs: Reading::Absent { reason: unread() },
            checkpoints: Reading::Absent { reason: unread() },
            source_logs: Logs::default(),
            target_logs: Logs::default(),
        };
        Self { selection, evidence, stage: Stage::Topics }
    }

    /// The next batch of questions, or `None` when nothing more would sharpen the answer.
    pub fn questions(&mut self) -> Option<Vec<Question>> {
        match self.stage {
            Stage::Topics => {
                self.stage = Stage::Logs;
                Some(self.about_topics())
            }
            Stage::Logs => {
                self.stage = Stage::Done;
                Some(self.about_logs())
            }
            Stage::Done => None,
        }
    }

    /// Takes the answers to the last batch.
    pub fn learn(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            match fact {
                Fact::SourceCommits(commits) => self.evidence.commits = commits,
                Fact::SourceDead { reason } => self.evidence.source = SourceState::Dead { reason },
                Fact::OffsetSyncs(reading) => self.evidence.syncs = reading,
                Fact::Checkpoints(reading) => self.evidence.checkpoints = reading,
                Fact::SourceLogs(logs) => self.evidence.source_logs.extend(logs),
                Fact::TargetLogs(logs) => self.evidence.target_logs.extend(logs),
            }
        }
    }

    /// Holds the whole conversation with one witness.
    ///
    /// # Errors
    /// The witness's own.
    pub fn hear<W: Witness>(mut self, witness: &mut W) -> Result<Self, W::Error> {
        while let Some(questions) = self.questions() {
            let facts = witness.answer(questions)?;
            self.learn(facts);
        }
        Ok(self)
    }

    /// What has been learnt so far.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The answers that follow from what has been learnt.
    pub fn conclude(&self) -> Translation {
        let wanted = self.wanted();
        let missing = match self.selection.groups() {
            Some(GroupSelection::Named(names)) => {
                let answered: BTreeSet<_> =
                    wanted.iter().filter_map(|wanted| wanted.group.as_ref()).collect();
                names.iter().filter(|name| !answered.contains(name)).cloned().collect()
            }
            _ => Vec::new(),
        };
        Translation::of(&self.evidence, wanted, missing)
    }

    fn about_topics(&self) -> Vec<Question> {
        let link = &self.evidence.link;
        let (on, topic) = link.syncs_topic();
        let mut questions = vec![
            Question::OffsetSyncs { on, topic, markers_on_target: link.exactly_once },
            Question::Checkpoints { topic: link.checkpoints_topic() },
        ];
        questions.extend(self.selection.groups().cloned().map(Question::SourceCommits));
        questions
    }

    fn about_logs(&self) -> Vec<Question> {
        let link = &self.evidence.link;
        let mut sources: BTreeSet<_> = self.wanted().into_iter().map(|wanted| wanted.source).collect();
        if let (Selection::Everything, Some(syncs)) = (&self.selection, self.evidence.syncs.whole()) {
            sources.extend(syncs.partitions());
        }
        let targets = sources
            .iter()
            .map(|source| TopicPartition {
                topic: link.remote_topic(&source.topic),
                partition: source.partition,
            })
            .collect();
        let mut questions = vec![Question::TargetLogs(targets)];
        if self.evidence.source.is_alive() {
            questions.push(Question::SourceLogs(sources.into_iter().collect()));
        }
        questions
    }

    /// What is to be translated, sorted by group, topic and partition.
    fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = match &self.selection {
            Selection::Offsets(offsets) => self.wanted_offsets(offsets),
            Selection::Everything => self.wanted_commits(&GroupSelection::All, &[]),
            Selection::Groups { groups, topics } => self.wanted_commits(groups, topics),
        };
        wanted.sort_by(|a, b| (&a.group, &a.source).cmp(&(&b.group, &b.source)));
        wanted
    }

    fn wanted_offsets(&self, offsets: &[(TopicPartition, SourceOffset)]) -> Vec<Wanted> {
        let wanted = |(source, offset): &(TopicPartition, SourceOffset)| Wanted {
            group: None,
            source: source.clone(),
            committed: CommittedOffset { offset: *offset, metadata: String::new() },
            as_of: self.evidence.as_of,
            live: true,
        };
        offsets.iter().map(wanted).collect()
    }

    fn wanted_commits(&self, groups: &GroupSelection, topics: &[TopicName]) -> Vec<Wanted> {
        let commits = self.commits().into_iter().filter(|recorded| {
            let Commit { group, partition, .. } = &recorded.commit;
            groups.admits(group) && (topics.is_empty() || topics.contains(&partition.topic))
        });
        let wanted = |RecordedCommit { commit, as_of }| Wanted {
            group: Some(commit.group),
            source: commit.partition,
            committed: commit.committed,
            as_of,
            live: self.evidence.source.is_alive(),
        };
        commits.map(wanted).collect()
    }

    /// Commits read from the source itself, or when it was dead from the start those MM2 saw last: the upstream offsets
    /// of the newest checkpoints.
    fn commits(&self) -> Vec<RecordedCommit> {
        if self.evidence.source.is_alive() || !self.evidence.commits.is_empty() {
            return self.evidence.commits.clone();
        }
        let Some(checkpoints) = self.evidence.checkpoints.whole() else { return Vec::new() };
        let mut commits = Vec::new();
        for target in checkpoints.partitions() {
            let (Some(topic), Some(partition)) =
                (self.evidence.link.original_topic(&target.topic), checkpoints.get(&target))
            else {
                continue;
            };
            for (group, last) in partition.groups() {
                let source = TopicPartition { topic: topic.clone(), partition: target.partition };
                let committed =
                    CommittedOffset { offset: last.pair.upstream, metadata: last.metadata.clone() };
                let commit = Commit { group: group.clone(), partition: source, committed };
                commits.push(RecordedCommit { commit, as_of: last.as_of });
            }
        }
        commits
    }
}

/// One answer that is wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) group: Option<GroupId>,
    pub(super) source: TopicPartition,
    pub(super) committed: CommittedOffset<SourceOffset>,
    pub(super) as_of: Timestamp,
    /// Whether the group cannot have gone on unseen: its commit was read from the living source, or given by hand.
    pub(super) live: bool,
}
