use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use offsets_core::evidence::{Answer, CopiedThrough, EvidenceSource, Query, Reading};
use offsets_core::history::{CheckpointHistory, SyncHistory, UnreadableRecord};
use offsets_core::link::Side;
use offsets_core::mm2::SourcePosition;
use offsets_core::model::{
    ClusterAlias, Commit, CommittedOffset, GroupId, SourceOffset, TargetOffset, TopicName, TopicPartition,
};

use super::probe::Probe;
use super::{Endpoint, NoProgress, ProgressListener};
use crate::{Cluster, Deadline, Error, Isolation, RawRecord, Stop};

/// The two clusters of a link as a [`EvidenceSource`]: they answer a batch of questions in parallel, each question on a thread
/// of its own.
///
/// A source that does not answer is dead as a whole: nothing it said before counts, so that an answer never rests on
/// half of it.
pub struct LinkedClusters<'a> {
    source: Source,
    target: Cluster,
    now: Timestamp,
    deadline: Deadline,
    progress: &'a dyn ProgressListener,
}

/// How the source is to be treated.
#[derive(Debug, Clone, Copy)]
pub enum SourceAccess<'a> {
    /// It is tried for `timeout`; when it does not answer it is taken for dead.
    Try {
        /// The source.
        endpoint: &'a Endpoint,
        /// How long.
        timeout: Duration,
    },
    /// It must answer.
    Required(&'a Endpoint),
    /// It is dead and not tried.
    Dead,
}

enum Source {
    Alive { cluster: Box<Cluster>, dispensable: bool },
    Dead { reason: String },
}

impl<'a> LinkedClusters<'a> {
    /// Connects to the target, and to the source as `source` says. `now` is when commits count as read.
    ///
    /// # Errors
    /// When the target cannot be reached, or a source that is required; when either refuses who we are. The target's error ends
    /// the wait for the source.
    pub fn connect(
        source: SourceAccess<'_>,
        target: &Endpoint,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let target_failed = Stop::default();
        let for_source = deadline.clone().or_stop(&target_failed);
        let (source, target) = thread::scope(|scope| {
            let source = scope.spawn(|| connect_source(source, &for_source));
            let target = target.connect(&deadline);
            if target.is_err() {
                target_failed.request();
            }
            (source.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), target)
        });
        let target = target?;
        Ok(Self { source: source?, target, now, deadline, progress: &NoProgress })
    }

    /// Sets the listener that follows how far reading has come.
    pub fn with_progress<'b>(self, progress: &'b dyn ProgressListener) -> LinkedClusters<'b> {
        let Self { source, target, now, deadline, progress: _ } = self;
        LinkedClusters { source, target, now, deadline, progress }
    }

    fn answer_one(&self, query: &Query) -> Result<Answer, Error> {
        match query {
            Query::SourceCommits(groups) => self.ask_source(|source| {
                source.source_commits(groups, self.now, &self.deadline).map(Answer::SourceCommits)
            }),
            Query::SourceLogs(partitions) => self.ask_source(|source| self.source_logs(source, partitions)),
            Query::TargetLogs(partitions) => {
                let partitions = self.with_their_topics(partitions);
                self.target.permitted_target_logs(&partitions, &self.deadline).map(Answer::TargetLogs)
            }
            Query::TargetCommits(asked) => self.own_commits(asked).map(Answer::TargetCommits),
            Query::SourceTopics(topics) => {
                self.ask_source(|source| Ok(Answer::SourceTopics(source.topic_ids(topics, &self.deadline))))
            }
            Query::TargetTopics(topics) => {
                Ok(Answer::TargetTopics(self.target.topic_ids(topics, &self.deadline)))
            }
            Query::OffsetSyncs { on: Side::Source, topic, markers_on_target } => {
                self.ask_source(|source| self.syncs(source, topic, *markers_on_target))
            }
            Query::OffsetSyncs { on: Side::Target, topic, markers_on_target } => {
                self.syncs(&self.target, topic, *markers_on_target)
            }
            Query::Checkpoints { topic } => self.checkpoints(topic),
            Query::CopiedThrough { topic } => {
                let back = self.target.alias();
                self.copied_through(&self.target, topic, |cluster| cluster != back).map(Answer::CopiedThrough)
            }
            Query::SyncsBack { on: Side::Source, topic, markers } => {
                self.ask_source(|source| self.syncs_back(source, topic, *markers))
            }
            Query::SyncsBack { on: Side::Target, topic, markers } => {
                self.syncs_back(&self.target, topic, *markers)
            }
            Query::CopiedBack { topic } => self.ask_source(|source| {
                let back = self.target.alias();
                self.copied_through(source, topic, |cluster| cluster == back).map(Answer::CopiedBack)
            }),
            Query::SourceRecords(spans) => self.ask_source(|source| {
                Ok(Answer::SourceRecords(source.source_records(spans, &self.probe_deadline(), self.progress)))
            }),
            Query::TargetRecords { spans, origin_header } => {
                let (cluster, origin_header) = (&self.target, origin_header.as_deref());
                let probe = Probe { cluster, isolation: Isolation::ReadCommitted, origin_header };
                Ok(Answer::TargetRecords(probe.read(spans, &self.probe_deadline(), self.progress)))
            }
        }
    }

    fn ask_source(&self, ask: impl FnOnce(&Cluster) -> Result<Answer, Error>) -> Result<Answer, Error> {
        match &self.source {
            Source::Alive { cluster, dispensable } => match ask(cluster) {
                Err(error) if *dispensable && is_silence(&error) => {
                    Ok(Answer::SourceDead { reason: describe_error(&error) })
                }
                outcome => outcome,
            },
            Source::Dead { reason } => Ok(Answer::SourceDead { reason: reason.clone() }),
        }
    }

    /// These partitions and all others of their topics on the target, as far as the cluster tells which there are.
    fn with_their_topics(&self, partitions: &[TopicPartition]) -> Vec<TopicPartition> {
        let topics: BTreeSet<&TopicName> = partitions.iter().map(|partition| &partition.topic).collect();
        let counts = self.target.topics(&self.deadline).unwrap_or_default();
        let of_topic = |topic: &&TopicName| {
            let topic = (*topic).clone();
            let count = counts.get(&topic).copied().unwrap_or_default();
            (0..count).map(move |number| TopicPartition::new(topic.clone(), number))
        };
        let all: BTreeSet<_> = topics.iter().flat_map(of_topic).chain(partitions.iter().cloned()).collect();
        all.into_iter().collect()
    }

    fn source_logs(&self, source: &Cluster, partitions: &[TopicPartition]) -> Result<Answer, Error> {
        source.logs(partitions, SourceOffset::new, &self.deadline).map(Answer::SourceLogs)
    }

    fn syncs(&self, cluster: &Cluster, topic: &TopicName, markers_on_target: bool) -> Result<Answer, Error> {
        let mut syncs = SyncHistory::new(markers_on_target);
        self.read(cluster, topic, |record| syncs.read(record.offset, record.key, record.value))?;
        Ok(Answer::OffsetSyncs(Reading::Whole(syncs)))
    }

    /// Where groups are on the target is a help and no condition: a group or topic that may not be read, or that is not
    /// there, is left out, and hides no other.
    fn own_commits(
        &self,
        asked: &BTreeSet<(GroupId, TopicPartition)>,
    ) -> Result<Vec<Commit<TargetOffset>>, Error> {
        let groups: BTreeSet<_> = asked.iter().map(|(group, _)| group.clone()).collect();
        let partitions: BTreeSet<_> = asked.iter().map(|(_, partition)| partition.clone()).collect();
        let (groups, partitions) = (Vec::from_iter(groups), Vec::from_iter(partitions));
        let mut commits = Vec::new();
        for (group, outcome) in self.target.committed(&groups, Some(&partitions), &self.deadline) {
            for (partition, outcome) in if_it_can_be_had(outcome)?.into_iter().flatten() {
                let place = (group.clone(), partition);
                let Some(found) = if_it_can_be_had(outcome)?.flatten().filter(|_| asked.contains(&place))
                else {
                    continue;
                };
                let Ok(offset) = TargetOffset::new(found.offset) else { continue };
                let (group, partition) = place;
                let committed = CommittedOffset { offset, metadata: found.metadata };
                commits.push(Commit { group, partition, committed });
            }
        }
        Ok(commits)
    }

    /// What a worker says is a help and no condition: reading it may not be allowed. Its topic may hold the positions of
    /// several flows.
    fn copied_through(
        &self,
        cluster: &Cluster,
        topic: &TopicName,
        is_meant: impl Fn(&ClusterAlias) -> bool,
    ) -> Result<Reading<CopiedThrough>, Error> {
        let mut through = CopiedThrough::default();
        let watch = self.progress.watch(cluster.alias(), topic);
        let read = cluster.read(topic).on_progress(watch).visit(&self.deadline, |record| {
            if let Some(SourcePosition { cluster, partition, through: to }) =
                SourcePosition::decode(record.key, record.value)
                && is_meant(&cluster)
            {
                through.note(partition, to);
            }
        });
        match read {
            Ok(_) => Ok(Reading::Whole(through)),
            Err(error) if error.is_unknown_topic() || error.is_unauthorised() => {
                Ok(Reading::Absent { reason: describe_error(&error) })
            }
            Err(error) => Err(error),
        }
    }

    /// What the flow back has written is a help and no condition: it may never have run.
    fn syncs_back(&self, cluster: &Cluster, topic: &TopicName, markers: bool) -> Result<Answer, Error> {
        let mut syncs = SyncHistory::new(markers);
        let read = self.read(cluster, topic, |record| syncs.read(record.offset, record.key, record.value));
        match read {
            Ok(()) => Ok(Answer::SyncsBack(Reading::Whole(syncs))),
            Err(error)
                if error.is_unknown_topic()
                    || error.is_unauthorised()
                    || matches!(error, Error::Unreadable { .. }) =>
            {
                Ok(Answer::SyncsBack(Reading::Absent { reason: describe_error(&error) }))
            }
            Err(error) => Err(error),
        }
    }

    /// Records sharpen an answer that stands already: half of the time that is left has to do for each round of them.
    fn probe_deadline(&self) -> Deadline {
        self.deadline.within(self.deadline.remaining() / 2)
    }

    /// Checkpoints are a help and no condition: a link may run without the checkpoint connector.
    fn checkpoints(&self, topic: &TopicName) -> Result<Answer, Error> {
        let mut checkpoints = CheckpointHistory::default();
        let read = self.read(&self.target, topic, |record| {
            checkpoints.read(record.offset, record.timestamp_ms.unwrap_or_default(), record.key, record.value)
        });
        match read {
            Ok(()) => {
                checkpoints.settle();
                Ok(Answer::Checkpoints(Reading::Whole(checkpoints)))
            }
            Err(error) if error.is_unknown_topic() => {
                let reason = format!("there is no topic {topic} on {}", self.target.alias());
                Ok(Answer::Checkpoints(Reading::Absent { reason }))
            }
            Err(error) => Err(error),
        }
    }
}

impl LinkedClusters<'_> {
    /// Reads partition 0 of an internal topic, the only one MM2 writes to. One record that is not MM2's spoils it all:
    /// what else is wrong is not known.
    fn read(
        &self,
        cluster: &Cluster,
        topic: &TopicName,
        mut take: impl FnMut(RawRecord<'_>) -> Result<(), UnreadableRecord>,
    ) -> Result<(), Error> {
        let mut unreadable = None;
        let watch = self.progress.watch(cluster.alias(), topic);
        cluster.read(topic).partition(0).on_progress(watch).visit(&self.deadline, |record| {
            if unreadable.is_none() {
                unreadable = take(record).err();
            }
        })?;
        let cluster = cluster.alias().clone();
        unreadable.map_or(Ok(()), |cause| Err(Error::Unreadable { cluster, topic: topic.clone(), cause }))
    }
}

impl EvidenceSource for LinkedClusters<'_> {
    type Error = Error;

    fn answer(&mut self, queries: Vec<Query>) -> Result<Vec<Answer>, Error> {
        let answered: Result<Vec<Answer>, Error> = thread::scope(|scope| {
            let this = &*self;
            let asked: Vec<_> =
                queries.iter().map(|query| scope.spawn(move || this.answer_one(query))).collect();
            asked
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let mut facts = answered?;
        let died = facts.iter().find_map(|fact| match fact {
            Answer::SourceDead { reason } => Some(reason.clone()),
            _ => None,
        });
        if let Some(reason) = died {
            for (query, fact) in queries.iter().zip(&mut facts) {
                if let Query::OffsetSyncs { on: Side::Source, topic, .. } = query {
                    let reason = format!("the syncs in {topic} are lost with the source");
                    *fact = Answer::OffsetSyncs(Reading::Absent { reason });
                }
            }
            facts.push(Answer::SourceDead { reason: reason.clone() });
            self.source = Source::Dead { reason };
        }
        Ok(facts)
    }
}

fn connect_source(access: SourceAccess<'_>, deadline: &Deadline) -> Result<Source, Error> {
    match access {
        SourceAccess::Dead => Ok(Source::Dead { reason: "not tried".to_owned() }),
        SourceAccess::Required(endpoint) => endpoint
            .connect(deadline)
            .map(|cluster| Source::Alive { cluster: Box::new(cluster), dispensable: false }),
        SourceAccess::Try { endpoint, timeout } => {
            let tried = deadline.within(timeout);
            match endpoint.connect(&tried) {
                Ok(cluster) => Ok(Source::Alive { cluster: Box::new(cluster), dispensable: true }),
                Err(error) if is_silence(&error) => Ok(Source::Dead { reason: describe_error(&error) }),
                Err(error) => Err(error),
            }
        }
    }
}

/// An outcome that is a help and no condition: nothing where it may not be asked for, or where there is no such topic.
fn if_it_can_be_had<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Err(error) if error.is_unauthorised() || error.is_unknown_topic() => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// Whether an error means that no broker answers, as against one that refuses.
fn is_silence(error: &Error) -> bool {
    error.is_unreachable() || error.is_timeout()
}

pub(super) fn describe_error(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
