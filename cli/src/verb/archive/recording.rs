use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use offsets_core::link::{Link, Side};
use offsets_core::mm2::DecodeError;
use offsets_core::model::TopicName;
use offsets_kafka::Cluster;
use offsets_store::{Archive, LinkStats, Recorder, Topic};

use super::health::{Health, What};
use super::side::ClusterSide;
use crate::clock;
use crate::exit::Exit;
use crate::failure::{Failure, remedy_for_record};
use crate::print::Remarks;

/// What is recorded of one link: the archive it goes to, how it goes, and what has been said of that.
pub(super) struct Recording<'a> {
    pub(super) link: &'a Link,
    pub(super) archive: &'a Mutex<Archive>,
    pub(super) health: Health<'a>,
    /// The demo's clusters are others in each process.
    pub(super) checks_ids: bool,
    /// Whether it is one of several, so that what is said must name it.
    pub(super) is_named: bool,
    pub(super) remarks: Remarks,
}

/// Why something was not recorded.
pub(super) struct Trouble {
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
    ) -> Result<T, Trouble> {
        let outcome = self.archive().record(self.link).and_then(|mut recorder| record(&mut recorder));
        self.health.stored(outcome.is_ok());
        outcome.map_err(Trouble::from)
    }

    /// Says what became of an attempt, when it is not what became of the last one, and now and then when that goes on.
    pub(super) fn tell(&self, what: What, outcome: &Result<(), Trouble>) {
        let now = clock::now();
        match outcome {
            Ok(()) => {
                if let Some(gone) = self.health.recovered(what) {
                    let (failures, time) = (gone.attempts, since(gone.first, now));
                    self.remark(format!(
                        "{what}: recorded again, after {failures} failed attempts in {time}"
                    ));
                }
            }
            Err(trouble) => {
                let said = trouble.failure.in_one_line();
                // How long was waited differs each time: that there is trouble is what counts.
                let Some(failing) = self.health.failed(what, said.clone(), now) else { return };
                let is_first = failing.attempts == 1;
                match self.awaited(what).filter(|_| trouble.unknown_topic && is_first) {
                    Some(awaited) => self.remark(format!("{what}: {awaited}")),
                    None if is_first => self.warn(format!("{what}: {said}; trying again")),
                    None => {
                        let (failures, time) = (failing.attempts, since(failing.first, now));
                        self.warn(format!("{what}: {said}; {failures} attempts failed in {time}"));
                    }
                }
            }
        }
    }

    /// What there is to wait for where the topic of MM2's that is to be read is not there and never was: MM2 creates it.
    fn awaited(&self, what: What) -> Option<String> {
        let ((side, topic), which) = match what {
            What::Syncs => (self.link.syncs_topic(), Topic::Syncs),
            What::Checkpoints => ((Side::Target, self.link.checkpoints_topic()), Topic::Checkpoints),
            What::Commits | What::Fingerprints => return None,
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
    pub(super) fn awaiting(&self, what: What, trouble: Trouble) -> Trouble {
        if !trouble.unknown_topic || self.awaited(what).is_none() {
            return trouble;
        }
        let remedy = "run it again once MirrorMaker 2 has created the topic; if MirrorMaker 2 runs already, check the aliases, \
                      --policy, --separator and --syncs-location against its own configuration";
        Trouble { failure: trouble.failure.remedy(remedy), ..trouble }
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
            return self.remarks.say(format!("{link}: nothing is kept yet, recording begins"));
        };
        let now = clock::now();
        let looked = commits_as_of.map_or_else(
            || "never looked at".to_owned(),
            |at| format!("last looked at {} ago, at {at}", since(at, now)),
        );
        let age = since(newest, now);
        self.remarks.say(format!(
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
            self.remarks.say(format!(
                "{link}: {commits} commits, {syncs} syncs, {checkpoints} checkpoints{records} are kept"
            ));
        }
        Ok(())
    }

    pub(super) fn remark(&self, text: String) {
        self.remarks.say(self.named(text));
    }

    pub(super) fn warn(&self, text: String) {
        self.remarks.warn(self.named(text));
    }

    fn named(&self, text: String) -> String {
        if self.is_named { format!("{}: {text}", self.link.name()) } else { text }
    }

    pub(super) fn archive(&self) -> MutexGuard<'_, Archive> {
        self.archive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reach(&self, side: &ClusterSide<'_>) -> Result<Arc<Cluster>, Trouble> {
        let (cluster, fresh) = side.cluster()?;
        if fresh && self.checks_ids {
            self.identify(side.side, &cluster)?;
        }
        Ok(cluster)
    }

    fn identify(&self, side: Side, cluster: &Cluster) -> Result<(), Trouble> {
        Ok(self.archive().identify(&self.link.name(), side, cluster.cluster_id())?)
    }
}

impl Trouble {
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
impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self { failure, unknown_topic: false, is_final: false, is_fatal: false }
    }
}

impl From<offsets_kafka::Error> for Trouble {
    fn from(error: offsets_kafka::Error) -> Self {
        let is_final = error.is_setting() || error.is_unauthenticated();
        let unknown_topic = error.is_unknown_topic();
        Self { unknown_topic, failure: error.into(), is_final, is_fatal: false }
    }
}

impl From<offsets_store::Error> for Trouble {
    fn from(error: offsets_store::Error) -> Self {
        let (is_final, is_fatal) = (error.is_unsuitable() || error.is_damage(), error.needs_reopening());
        Self { failure: error.into(), unknown_topic: false, is_final, is_fatal }
    }
}

/// How long it has been, in whole seconds.
fn since(then: Timestamp, now: Timestamp) -> String {
    format!("{:#}", SignedDuration::from_secs(now.duration_since(then).as_secs().max(0)))
}
