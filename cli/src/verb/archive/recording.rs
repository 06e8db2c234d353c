use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use offsets_core::link::{Link, Side};
use offsets_core::mm2::DecodeError;
use offsets_core::model::TopicName;
use offsets_core::translate::GroupSelection;
use offsets_kafka::Cluster;
use offsets_store::{Archive, Limits, LinkStats, Recorder, Topic};

use super::health::{Health, What};
use super::side::ClusterSide;
use super::tail::follow;
use crate::clock;
use crate::failure::Failure;
use crate::print::Remarks;

/// How often the ids of topics are asked for.
const IDENTIFICATION: Duration = Duration::from_secs(60);

/// A link that is being recorded: its clusters, the archive, and what has been said of either.
pub(super) struct Recording<'a> {
    pub(super) link: &'a Link,
    pub(super) archive: &'a Mutex<Archive>,
    pub(super) health: &'a Health,
    /// The demo's clusters are others in each process.
    pub(super) checks_ids: bool,
    /// The topics that groups have commits on.
    topics: Mutex<BTreeSet<TopicName>>,
    /// When the ids of the topics of either cluster were asked for, and of which.
    identified: Mutex<[Option<Identified>; 2]>,
    troubles: Mutex<BTreeMap<What, String>>,
    remarks: Remarks,
}

/// When ids were asked for, and of which topics.
type Identified = (Instant, BTreeSet<TopicName>);

/// Why something was not recorded.
pub(super) struct Trouble {
    failure: Failure,
    unknown_topic: bool,
    /// Whether trying again is of no use.
    pub(super) is_final: bool,
}

impl<'a> Recording<'a> {
    pub(super) fn new(
        link: &'a Link,
        archive: &'a Mutex<Archive>,
        health: &'a Health,
        checks_ids: bool,
        remarks: Remarks,
    ) -> Self {
        Self {
            link,
            archive,
            health,
            checks_ids,
            topics: Mutex::default(),
            identified: Mutex::default(),
            troubles: Mutex::default(),
            remarks,
        }
    }

    /// Lets something be recorded.
    pub(super) fn with<T>(
        &self,
        record: impl FnOnce(&mut Recorder<'_>) -> Result<T, offsets_store::Error>,
    ) -> Result<T, Trouble> {
        let outcome = self.archive().record(self.link).and_then(|mut recorder| record(&mut recorder));
        self.health.stored(outcome.is_ok());
        outcome.map_err(Trouble::from)
    }

    /// Looks at every group's commits on the source.
    pub(super) fn look_at_commits(&self, source: &ClusterSide<'_>) -> Result<(), Trouble> {
        let cluster = self.reach(source)?;
        let now = clock::now();
        let mut commits = cluster.source_commits(&GroupSelection::All, now, &source.deadline())?;
        let topics: BTreeSet<_> = commits.iter().map(|seen| seen.commit.partition.topic.clone()).collect();
        self.topics.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&topics);
        // What is recorded must have been read behind the ids.
        if self.identify_topics(source, topics)? {
            commits = cluster.source_commits(&GroupSelection::All, now, &source.deadline())?;
        }
        let changed = self.with(|recorder| recorder.commits(&commits, now))?;
        self.health.recorded(What::Commits, changed as u64, now);
        Ok(())
    }

    /// Reads on in one of MM2's topics.
    pub(super) fn read_topic(&self, what: What, side: &ClusterSide<'_>) -> Result<(), Trouble> {
        let (topic, which) = match what {
            What::Checkpoints => (self.link.checkpoints_topic(), Topic::Checkpoints),
            What::Syncs | What::Commits => (self.link.syncs_topic().1, Topic::Syncs),
        };
        let cluster = self.reach(side)?;
        if side.side == Side::Target {
            let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner).clone();
            self.identify_topics(side, topics.iter().map(|topic| self.link.remote_topic(topic)).collect())?;
        }
        let read = follow(self, &cluster, &topic, which, &side.deadline())?;
        self.health.recorded(what, read, clock::now());
        Ok(())
    }

    /// Removes what is beyond the limits.
    pub(super) fn expire(&self, limits: &Limits) -> Result<(), Trouble> {
        let expired = self.archive().expire(limits, clock::now())?;
        if expired.segments > 0 {
            self.remarks.detail(format!("archive: {} segments expired", expired.segments));
        }
        self.health.expired(expired);
        Ok(())
    }

    /// Says what became of an attempt, when it is not what became of the last one.
    pub(super) fn tell(&self, what: What, outcome: &Result<(), Trouble>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => {
                if troubles.remove(&what).is_some() {
                    self.remarks.say(format!("{what}: recorded again"));
                }
            }
            Err(trouble) => {
                self.health.failed(what);
                let said = trouble.failure.to_string();
                let said = said.strip_prefix("error: ").unwrap_or(&said).replace('\n', "; ");
                // How long was waited differs each time: the kind of trouble is what counts.
                if troubles.insert(what, said.clone()).is_none() {
                    self.remarks.say(format!("{what}: {said}; trying again"));
                }
            }
        }
    }

    /// Says what the archive holds of the link now.
    pub(super) fn summarise(&self) -> Result<(), Failure> {
        let stats = self.archive().stats()?;
        if let Some(LinkStats { link, commits, syncs, checkpoints, .. }) =
            stats.into_iter().find(|stats| stats.link == self.link.name())
        {
            self.remarks
                .say(format!("{link}: {commits} commits, {syncs} syncs, {checkpoints} checkpoints are kept"));
        }
        Ok(())
    }

    pub(super) fn remark(&self, text: String) {
        self.remarks.say(text);
    }

    pub(super) fn archive(&self) -> MutexGuard<'_, Archive> {
        self.archive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, side: &ClusterSide<'_>) -> Result<std::sync::Arc<Cluster>, Trouble> {
        let (cluster, fresh) = side.cluster()?;
        if fresh && self.checks_ids {
            self.identify(side.side, &cluster)?;
        }
        Ok(cluster)
    }

    /// Records the ids of `topics`, when there is one among them that was not asked about or some time has passed; tells
    /// whether it asked.
    fn identify_topics(&self, side: &ClusterSide<'_>, topics: BTreeSet<TopicName>) -> Result<bool, Trouble> {
        let at = side.side as usize;
        let is_due = match &self.identified.lock().unwrap_or_else(PoisonError::into_inner)[at] {
            Some((asked, known)) => asked.elapsed() >= IDENTIFICATION || !topics.is_subset(known),
            None => true,
        };
        if !is_due || topics.is_empty() || !self.checks_ids {
            return Ok(false);
        }
        let names: Vec<_> = topics.iter().cloned().collect();
        let ids = self.reach(side)?.topic_ids(&names, &side.deadline());
        self.archive().note_topics(&self.link.name(), side.side, &ids)?;
        self.identified.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some((Instant::now(), topics));
        Ok(true)
    }

    fn identify(&self, side: Side, cluster: &Cluster) -> Result<(), Trouble> {
        Ok(self.archive().identify(&self.link.name(), side, cluster.cluster_id())?)
    }
}

impl Trouble {
    pub(super) fn unreadable(topic: &TopicName, offset: i64, cause: &DecodeError) -> Self {
        let failure = Failure::new(
            crate::exit::Exit::Failed,
            format!("topic {topic}: record at offset {offset} is not MirrorMaker 2's: {cause}"),
        );
        let remedy = if cause.is_json_converter_output() {
            "set MM2's key.converter and value.converter to org.apache.kafka.connect.converters.ByteArrayConverter"
        } else {
            "check the name of the topic: something else than MM2 writes to it"
        };
        Self { failure: failure.remedy(remedy), unknown_topic: false, is_final: false }
    }

    /// Whether the topic is not there.
    pub(super) fn is_unknown_topic(&self) -> bool {
        self.unknown_topic
    }

    pub(super) fn into_failure(self) -> Failure {
        self.failure
    }
}

impl From<offsets_kafka::Error> for Trouble {
    fn from(error: offsets_kafka::Error) -> Self {
        let is_final = error.is_setting() || error.is_unauthenticated();
        Self { unknown_topic: error.is_unknown_topic(), failure: error.into(), is_final }
    }
}

impl From<offsets_store::Error> for Trouble {
    fn from(error: offsets_store::Error) -> Self {
        let is_final = error.is_unsuitable();
        Self { failure: error.into(), unknown_topic: false, is_final }
    }
}
