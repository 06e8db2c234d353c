use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offsets_core::link::{Link, Side};
use offsets_core::mm2::DecodeError;
use offsets_core::model::TopicName;
use offsets_kafka::Cluster;
use offsets_store::{Archive, LinkStats, Recorder};

use super::health::{Health, What};
use super::side::ClusterSide;
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

    /// Says what became of an attempt, when it is not what became of the last one.
    pub(super) fn tell(&self, what: What, outcome: &Result<(), Trouble>) {
        match outcome {
            Ok(()) => {
                if self.health.recovered(what) {
                    self.remark(format!("{what}: recorded again"));
                }
            }
            Err(trouble) => {
                let said = trouble.failure.to_string();
                let said = said.strip_prefix("error: ").unwrap_or(&said).replace('\n', "; ");
                // How long was waited differs each time: that there is trouble is what counts.
                if self.health.failed(what, said.clone()) {
                    self.remark(format!("{what}: {said}; trying again"));
                }
            }
        }
    }

    /// Says what the archive holds of the link now.
    pub(super) fn summarise(&self) -> Result<(), Failure> {
        let stats = self.archive().stats()?;
        if let Some(LinkStats { link, commits, syncs, checkpoints, fingerprints, .. }) =
            stats.into_iter().find(|stats| stats.link == self.link.name())
        {
            let records =
                if fingerprints == 0 { String::new() } else { format!(", {fingerprints} fingerprints") };
            self.remarks.say(format!(
                "{link}: {commits} commits, {syncs} syncs, {checkpoints} checkpoints{records} are kept"
            ));
        }
        Ok(())
    }

    pub(super) fn remark(&self, text: String) {
        let text = if self.is_named { format!("{}: {text}", self.link.name()) } else { text };
        self.remarks.say(text);
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
