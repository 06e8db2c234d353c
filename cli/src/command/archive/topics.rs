use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use offsets_core::model::TopicName;

use super::cluster_side::ClusterSide;
use super::recording::{RecordFailure, Recording};
use crate::clock;

/// How often the ids of topics are asked for.
const IDENTIFICATION: Duration = Duration::from_secs(60);

/// Which topics groups have commits on, and when their ids were asked for: a topic that was re-created has another.
#[derive(Default)]
pub(super) struct TopicWatch {
    topics: Mutex<BTreeSet<TopicName>>,
    /// When the ids of the topics of either cluster were asked for, and of which.
    identified: Mutex<[Option<Identified>; 2]>,
}

/// When ids were asked for, and of which topics.
type Identified = (Instant, BTreeSet<TopicName>);

impl TopicWatch {
    /// Records the ids of the source topics that groups have commits on, if that is due; tells whether it asked. What was read
    /// before it asked may be of topics that are gone.
    pub(super) fn identify(
        &self,
        recording: &Recording<'_>,
        source: &ClusterSide<'_>,
        topics: BTreeSet<TopicName>,
    ) -> Result<bool, RecordFailure> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&topics);
        self.ask(recording, source, topics)
    }

    /// The same of their mirrors.
    pub(super) fn identify_mirrors(
        &self,
        recording: &Recording<'_>,
        target: &ClusterSide<'_>,
    ) -> Result<bool, RecordFailure> {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mirrors = topics.iter().map(|topic| recording.link.remote_topic(topic)).collect();
        self.ask(recording, target, mirrors)
    }

    fn ask(
        &self,
        recording: &Recording<'_>,
        side: &ClusterSide<'_>,
        topics: BTreeSet<TopicName>,
    ) -> Result<bool, RecordFailure> {
        let at = side.side as usize;
        let is_due = match &self.identified.lock().unwrap_or_else(PoisonError::into_inner)[at] {
            Some((asked, known)) => asked.elapsed() >= IDENTIFICATION || !topics.is_subset(known),
            None => true,
        };
        if !is_due || topics.is_empty() {
            return Ok(false);
        }
        let names: Vec<_> = topics.iter().cloned().collect();
        let ids = recording.reach(side)?.topic_ids(&names, &side.deadline());
        recording.archive().note_topics(&recording.link.name(), side.side, &ids)?;
        self.identified.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some((clock::instant(), topics));
        Ok(true)
    }
}
