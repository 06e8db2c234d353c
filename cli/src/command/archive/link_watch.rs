use std::sync::{Mutex, PoisonError};

use offsets_core::link::{OffsetMapping, Side};
use offsets_kafka::Stop;
use offsets_store::Topic;

use super::cluster_side::ClusterSide;
use super::commits::CommitWatch;
use super::fingerprints::DataTopics;
use super::health::StreamKind;
use super::recording::{RecordFailure, Recording};
use super::tail::follow;
use super::topics::TopicWatch;
use crate::args::{LinkArgs, RunArgs};
use crate::clock;
use crate::link::Clusters;

/// A link that is watched: its two clusters, and where what is seen of them goes.
pub(super) struct LinkWatch<'a> {
    pub(super) recording: Recording<'a>,
    /// `None` with `--source-dead`.
    source: Option<ClusterSide<'a>>,
    target: ClusterSide<'a>,
    commits: Mutex<CommitWatch>,
    topics: TopicWatch,
    /// The data topics, where fingerprints of their records are kept.
    data: Option<DataTopics>,
}

impl<'a> LinkWatch<'a> {
    pub(super) fn new(
        clusters: &'a Clusters,
        recording: Recording<'a>,
        link: &LinkArgs,
        args: &RunArgs,
        stop: &'a Stop,
    ) -> Self {
        let timeout = if args.once { link.timeout } else { link.source_timeout };
        let side = |side, endpoint| ClusterSide::new(side, endpoint, timeout, stop);
        Self {
            recording,
            source: clusters.source.as_ref().map(|source| side(Side::Source, source)),
            target: side(Side::Target, &clusters.target),
            commits: Mutex::new(CommitWatch::new(args.commits, args.once)),
            topics: TopicWatch::default(),
            data: args.fingerprints.map(DataTopics::new),
        }
    }

    /// Looks at what a disaster takes: the commits, if the source is not said to be dead.
    pub(super) fn commits(&self) -> Result<(), RecordFailure> {
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        self.source.as_ref().map_or(Ok(()), |source| commits.look(&self.recording, &self.topics, source))
    }

    /// Reads on in a topic of MM2's, if the cluster that holds it is not said to be dead.
    pub(super) fn topic(&self, what: StreamKind) -> Result<(), RecordFailure> {
        // On other links these topics are not written.
        if self.recording.link.mapping != OffsetMapping::OffsetSyncs {
            return Ok(());
        }
        let on_source = what == StreamKind::Syncs && self.recording.link.syncs_topic().0 == Side::Source;
        let side = if on_source { self.source.as_ref() } else { Some(&self.target) };
        side.map_or(Ok(()), |side| self.read_on(what, side))
    }

    fn read_on(&self, what: StreamKind, side: &ClusterSide<'_>) -> Result<(), RecordFailure> {
        let Self { recording, topics, .. } = self;
        let (topic, which) = match what {
            StreamKind::Checkpoints => (recording.link.checkpoints_topic(), Topic::Checkpoints),
            StreamKind::Syncs | StreamKind::Commits | StreamKind::Fingerprints => {
                (recording.link.syncs_topic().1, Topic::Syncs)
            }
        };
        let cluster = recording.reach(side)?;
        if side.side == Side::Target && recording.checks_ids {
            topics.identify_mirrors(recording, side)?;
        }
        let read = follow(recording, &cluster, &topic, which, &side.deadline())?;
        recording.health.recorded(what, read, clock::now());
        Ok(())
    }

    /// Whether fingerprints of records are kept.
    pub(super) fn keeps_fingerprints(&self) -> bool {
        self.data.is_some()
    }

    /// Reads on in the data topics of the source, if that is wanted and it is not said to be dead, for as long as `go_on` says.
    pub(super) fn fingerprints(&self, go_on: impl Fn() -> bool) -> Result<(), RecordFailure> {
        let (Some(data), Some(source)) = (&self.data, &self.source) else { return Ok(()) };
        let kept = data.follow(&self.recording, [source, &self.target], go_on)?;
        self.recording.health.recorded(StreamKind::Fingerprints, kept, clock::now());
        Ok(())
    }
}
