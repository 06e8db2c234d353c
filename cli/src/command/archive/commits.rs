use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use offsets_core::consumer_offsets::CONSUMER_OFFSETS_TOPIC;
use offsets_core::evidence::RecordedCommit;
use offsets_core::model::{GroupSelection, TopicName};
use offsets_kafka::{Cluster, CommitTail, TailProgress};

use super::cluster_side::ClusterSide;
use super::health::StreamKind;
use super::recording::{RecordFailure, Recording};
use super::topics::TopicWatch;
use crate::args::CommitsFrom;
use crate::clock;
use crate::exit::Exit;
use crate::failure::{Failure, with_causes};

/// Interval between attempts to read a log that may not be read: the right may be granted meanwhile, or the first
/// group may commit.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// How long at a time a log is read whose end was not reached yet: every group is asked in between.
const INITIAL_SLICE: Duration = Duration::from_secs(1);

/// How the commits of a source are learnt: from the log in which they are kept, or by asking every group.
///
/// Whichever it is, all that is recorded of one look was so at one time, before which nothing is left out.
pub(super) struct CommitWatch {
    from: CommitsFrom,
    tail: CommitTail,
    /// Whether the archive has all that the tail has, so that changes are enough.
    is_synced: bool,
    slice: Duration,
    refused_at: Option<Instant>,
    reported: Option<CommitSource>,
    once: bool,
}

/// What is in use, as it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CommitSource {
    Log,
    /// The log is read, and its end was not reached yet.
    Behind,
    Groups,
}

impl CommitWatch {
    pub(super) fn new(from: CommitsFrom, once: bool) -> Self {
        let (tail, slice) = (CommitTail::default(), INITIAL_SLICE);
        Self { from, tail, is_synced: false, slice, refused_at: None, reported: None, once }
    }

    /// Looks at the commits of all groups, and records them.
    pub(super) fn look(
        &mut self,
        recording: &Recording<'_>,
        topics: &TopicWatch,
        source: &ClusterSide<'_>,
    ) -> Result<(), RecordFailure> {
        let cluster = recording.reach(source)?;
        let now = clock::now();
        let mut has_read = self.read_log(recording, &cluster, now, source)?;
        if has_read && identify(recording, topics, source, self.tail.log().topics())? {
            has_read = self.read_log(recording, &cluster, now, source)?;
        }
        if has_read {
            return self.record_log(recording, now);
        }
        // The log may have been read for a while.
        let now = clock::now();
        let mut commits = cluster.source_commits(&GroupSelection::All, now, &source.deadline())?;
        let committed = commits.iter().map(|seen| seen.commit.partition.topic.clone()).collect();
        if identify(recording, topics, source, committed)? {
            commits = cluster.source_commits(&GroupSelection::All, now, &source.deadline())?;
        }
        self.is_synced = false;
        let changed = recording.with(|recorder| recorder.commits(&commits, now))?;
        recording.health.tailing(false);
        recording.health.recorded(StreamKind::Commits, changed as u64, now);
        Ok(())
    }

    /// Whether the log tells of all that was committed before `now`. Where it does not, every group is to be asked.
    fn read_log(
        &mut self,
        recording: &Recording<'_>,
        cluster: &Cluster,
        now: jiff::Timestamp,
        source: &ClusterSide<'_>,
    ) -> Result<bool, RecordFailure> {
        let alone = self.from == CommitsFrom::Tail;
        match self.from {
            CommitsFrom::Poll => {
                self.report(CommitSource::Groups, recording, "as --commits says");
                return Ok(false);
            }
            // One answer of each group is less than a log of all there ever was.
            CommitsFrom::Auto if self.once => return Ok(false),
            CommitsFrom::Auto if self.refused_at.is_some_and(|at| at.elapsed() < RETRY_INTERVAL) => {
                return Ok(false);
            }
            CommitsFrom::Auto | CommitsFrom::Tail => {}
        }
        let whole = self.tail.is_whole();
        let deadline = if whole || alone { source.deadline() } else { source.deadline().within(self.slice) };
        let why = match self.tail.read_on(cluster, now, &deadline) {
            Ok(TailProgress::CaughtUp) => {
                (self.slice, self.refused_at) = (INITIAL_SLICE, None);
                self.report(CommitSource::Log, recording, "");
                return Ok(true);
            }
            Ok(TailProgress::BlockedByOpenTransaction(partition)) => {
                format!("a transaction is open on {partition}")
            }
            Ok(TailProgress::Lagging(records)) => {
                if !self.is_synced {
                    self.tail.log().forget_changes();
                }
                self.report(CommitSource::Behind, recording, "");
                format!(
                    "the end of {CONSUMER_OFFSETS_TOPIC} is not reached yet, after {records} records more"
                )
            }
            Err(error) if alone => return Err(error.into()),
            Err(error) if error.is_unauthorised() || error.is_unknown_topic() || error.is_unreadable() => {
                (self.refused_at, self.tail) = (Some(clock::instant()), CommitTail::default());
                self.report(CommitSource::Groups, recording, &with_causes(&error));
                return Ok(false);
            }
            // Who keeps the log keeps the groups too: they would not answer either.
            Err(error) if whole => return Err(error.into()),
            // It takes longer than this to begin at all.
            Err(_) => {
                self.slice *= 2;
                return Ok(false);
            }
        };
        if alone {
            let what = format!("commits cannot be known: {why}");
            return Err(Failure::new(Exit::Failed, what)
                .remedy("with --commits auto every group is asked meanwhile")
                .into());
        }
        Ok(false)
    }

    fn record_log(&mut self, recording: &Recording<'_>, now: jiff::Timestamp) -> Result<(), RecordFailure> {
        let log = self.tail.log();
        let changed = if self.is_synced {
            let changes = log.take_changes();
            // Should the archive not take them, it is told everything the next time.
            self.is_synced = false;
            recording.with(|recorder| recorder.commit_changes(&changes, now))?
        } else {
            log.forget_changes();
            let commits: Vec<_> =
                log.commits().into_iter().map(|commit| RecordedCommit::new(commit, now)).collect();
            recording.with(|recorder| recorder.commits(&commits, now))?
        };
        self.is_synced = true;
        recording.health.tailing(true);
        recording.health.recorded(StreamKind::Commits, changed as u64, now);
        Ok(())
    }

    /// Says how commits are learnt, when that is not how it was.
    fn report(&mut self, via: CommitSource, recording: &Recording<'_>, why: &str) {
        if self.once || self.reported == Some(via) {
            return;
        }
        let before = self.reported.replace(via);
        let source = &recording.link.source;
        match via {
            CommitSource::Log => recording.info(format!("commits: followed in {CONSUMER_OFFSETS_TOPIC} of {source}")),
            CommitSource::Groups => recording.info(format!("commits: every group of {source} is asked each time: {why}")),
            CommitSource::Behind if before.is_none() => recording.info(format!(
                "commits: {CONSUMER_OFFSETS_TOPIC} of {source} is read; every group is asked until its end is reached"
            )),
            // A moment later it is the log again.
            CommitSource::Behind => self.reported = before,
        }
    }
}

/// Records the ids of the topics with commits, if that is due. What is recorded must have been read behind them.
fn identify(
    recording: &Recording<'_>,
    topics: &TopicWatch,
    source: &ClusterSide<'_>,
    committed: BTreeSet<TopicName>,
) -> Result<bool, RecordFailure> {
    if !recording.checks_ids {
        return Ok(false);
    }
    topics.identify(recording, source, committed)
}
