use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use offsets_core::link::{Link, Side};
use offsets_core::mm2::DecodeError;
use offsets_core::model::TopicName;
use offsets_kafka::Cluster;
use offsets_store::{Archive, LinkStats, Recorder, Topic};

use super::cluster_side::ClusterSide;
use super::health::{Health, StreamKind};
use crate::clock;
use crate::exit::Exit;
use crate::failure::{Failure, remedy_for_record};
use crate::print::Reporter;

/// What is recorded of one link: the archive it goes to, how it goes, and what has been said of that.
pub(super) struct Recording<'a> {
    pub(super) link: &'a Link,
    pub(super) archive: &'a Mutex<Archive>,
    pub(super) health: Health<'a>,
    /// The demo's clusters are others in each process.
    pub(super) checks_ids: bool,
    /// Whether it is one of several, so that what is said must name it.
    pub(super) is_named: bool,
    pub(super) reporter: Reporter,
}

/// Why something was not recorded.
pub(super) struct RecordFailure {
    failure: Failure,
    unknown_topic: bool,
    /// Whether trying again is of no use.
    pub(super) is_final: bool,
    /// Whether nothing more can be recorded of any link before the archive is opened again.
    pub(super) is_fatal: bool,
}

impl Recording<'_> {
    /// Lets something be recorded.
    pub(super) fn with<T>(
        &self,
        record: impl FnOnce(&mut Recorder<'_>) -> Result<T, offsets_store::Error>,
    ) -> Result<T, RecordFailure> {
        let outcome = self.archive().record(self.link).and_then(|mut recorder| record(&mut recorder));
        self.health.stored(outcome.is_ok());
        outcome.map_err(RecordFailure::from)
    }

    /// Says what became of an attempt, when it is not what became of the last one, and now and then when that goes on.
    pub(super) fn report(&self, what: StreamKind, outcome: &Result<(), RecordFailure>) {
        let now = clock::now();
        match outcome {
            Ok(()) => {
                if let Some(gone) = self.health.recovered(what) {
                    let (failures, time) = (gone.attempts, since(gone.first, now));
                    self.info(format!("{what}: recorded again, after {failures} failed attempts in {time}"));
                }
            }
            Err(record_failure) => {
                let message = record_failure.failure.in_one_line();
                // How long was waited differs each time: that there is trouble is what counts.
                let Some(failing) = self.health.failed(what, message.clone(), now) else { return };
                let is_first = failing.attempts == 1;
                match self.awaits_topic(what).filter(|_| record_failure.unknown_topic && is_first) {
                    Some(awaits_topic) => self.info(format!("{what}: {awaits_topic}")),
                    None if is_first => self.warn(format!("{what}: {message}; trying again")),
                    None => {
                        let (failures, time) = (failing.attempts, since(failing.first, now));
                        self.warn(format!("{what}: {message}; {failures} attempts failed in {time}"));
                    }
                }
            }
        }
    }

    /// What there is to wait for where the topic of MM2's that is to be read is not there and never was: MM2 creates it.
    fn awaits_topic(&self, what: StreamKind) -> Option<String> {
        let ((side, topic), which) = match what {
            StreamKind::Syncs => (self.link.syncs_topic(), Topic::Syncs),
            StreamKind::Checkpoints => ((Side::Target, self.link.checkpoints_topic()), Topic::Checkpoints),
            StreamKind::Commits | StreamKind::Fingerprints => return None,
        };
        let was_read = self.with(|recorder| Ok(recorder.position(which).is_some())).unwrap_or(true);
        let cluster = match side {
            Side::Source => &self.link.source,
            Side::Target => &self.link.target,
        };
        (!was_read).then(|| {
            format!(
                "there is no topic {topic} on {cluster} yet: it is read as soon as MirrorMaker 2 creates it"
            )
        })
    }

    /// The same for a single round, which does not wait: what failed, with the remedy where MM2 may have yet to create the topic.
    pub(super) fn awaiting(&self, what: StreamKind, record_failure: RecordFailure) -> RecordFailure {
        if !record_failure.unknown_topic || self.awaits_topic(what).is_none() {
            return record_failure;
        }
        let remedy = "run it again once MirrorMaker 2 has created the topic; if MirrorMaker 2 runs already, check the aliases, \
                      --policy, --separator and --syncs-location against its own configuration";
        RecordFailure { failure: record_failure.failure.remedy(remedy), ..record_failure }
    }

    /// Says what the archive holds of the link, and where recording goes on.
    pub(super) fn begin(&self) {
        let positions = self.with(|recorder| {
            let next = |topic| recorder.position(topic).map_or(0, |place| place.offset.saturating_add(1));
            Ok([Topic::Syncs, Topic::Checkpoints].map(next))
        });
        let (Ok([syncs_at, checkpoints_at]), Ok(Some(stats))) = (positions, self.stats()) else { return };
        let LinkStats { link, commits, syncs, checkpoints, fingerprints, commits_as_of, newest, .. } = stats;
        let Some(newest) = newest else {
            return self.reporter.info(format!("{link}: nothing is kept yet, recording begins"));
        };
        let now = clock::now();
        let looked = commits_as_of.map_or_else(
            || "never looked at".to_owned(),
            |at| format!("last looked at {} ago, at {at}", since(at, now)),
        );
        let age = since(newest, now);
        self.reporter.info(format!(
            "{link}: goes on with {commits} commits, {looked}; {syncs} syncs, from offset {syncs_at} of their topic; \
             {checkpoints} checkpoints, from offset {checkpoints_at}; {fingerprints} fingerprints; the newest is {age} old"
        ));
    }

    fn stats(&self) -> Result<Option<LinkStats>, offsets_store::Error> {
        let stats = self.archive().stats()?;
        Ok(stats.into_iter().find(|stats| stats.link == self.link.name()))
    }

    /// Says what the archive holds of the link now.
    pub(super) fn summarise(&self) -> Result<(), Failure> {
        if let Some(LinkStats { link, commits, syncs, checkpoints, fingerprints, .. }) = self.stats()? {
            let records =
                if fingerprints == 0 { String::new() } else { format!(", {fingerprints} fingerprints") };
            self.reporter.info(format!(
                "{link}: {commits} commits, {syncs} syncs, {checkpoints} checkpoints{records} are kept"
            ));
        }
        Ok(())
    }

    pub(super) fn info(&self, text: String) {
        self.reporter.info(self.named(text));
    }

    pub(super) fn warn(&self, text: String) {
        self.reporter.warn(self.named(text));
    }

    fn named(&self, text: String) -> String {
        if self.is_named { format!("{}: {text}", self.link.name()) } else { text }
    }

    pub(super) fn archive(&self) -> MutexGuard<'_, Archive> {
        self.archive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reach(&self, side: &ClusterSide<'_>) -> Result<Arc<Cluster>, RecordFailure> {
        let (cluster, fresh) = side.cluster()?;
        if fresh && self.checks_ids {
            self.identify(side.side, &cluster)?;
        }
        Ok(cluster)
    }

    fn identify(&self, side: Side, cluster: &Cluster) -> Result<(), RecordFailure> {
        Ok(self.archive().identify(&self.link.name(), side, cluster.cluster_id())?)
    }
}

impl RecordFailure {
    pub(super) fn unreadable(topic: &TopicName, offset: i64, cause: &DecodeError) -> Self {
        let what = format!("topic {topic}: record at offset {offset} is not MirrorMaker 2's: {cause}");
        Failure::new(Exit::Failed, what).remedy(remedy_for_record(cause)).into()
    }

    /// Whether the topic is not there.
    pub(super) fn is_unknown_topic(&self) -> bool {
        self.unknown_topic
    }

    pub(super) fn into_failure(self) -> Failure {
        self.failure
    }
}

/// One that may pass.
impl From<Failure> for RecordFailure {
    fn from(failure: Failure) -> Self {
        Self { failure, unknown_topic: false, is_final: false, is_fatal: false }
    }
}

impl From<offsets_kafka::Error> for RecordFailure {
    fn from(error: offsets_kafka::Error) -> Self {
        let is_final = error.is_setting() || error.is_unauthenticated();
        let unknown_topic = error.is_unknown_topic();
        Self { unknown_topic, failure: error.into(), is_final, is_fatal: false }
    }
}

impl From<offsets_store::Error> for RecordFailure {
    fn from(error: offsets_store::Error) -> Self {
        let (is_final, is_fatal) = (error.is_unsuitable() || error.is_damage(), error.needs_reopening());
        Self { failure: error.into(), unknown_topic: false, is_final, is_fatal }
    }
}

/// How long it has been, in whole seconds.
fn since(then: Timestamp, now: Timestamp) -> String {
    format!("{:#}", SignedDuration::from_secs(now.duration_since(then).as_secs().max(0)))
}
