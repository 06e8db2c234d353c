use offsets_core::model::{TopicName, TopicPartition};
use offsets_kafka::eos::NewTopic;
use offsets_kafka::{Cluster, Deadline};

use crate::{Error, Event, Input, RunListener};

/// The partitions of each of these topics.
pub(crate) fn partitions_of(
    cluster: &Cluster,
    inputs: &[Input],
    deadline: &Deadline,
) -> Result<Vec<Vec<TopicPartition>>, Error> {
    let of_input = |input: &Input| Ok(cluster.partitions(&input.topic, deadline)?);
    inputs.iter().map(of_input).collect()
}

/// A topic that a job has to itself.
pub(crate) struct InternalTopic<'t> {
    pub(crate) cluster: &'t Cluster,
    pub(crate) name: &'t TopicName,
    pub(crate) cleanup_policy: CleanupPolicy,
}

/// Which records a topic keeps.
#[derive(Clone, Copy)]
pub(crate) enum CleanupPolicy {
    /// The last one of each key, for ever: state.
    Compact,
    /// Every one, for a time.
    Delete,
}

impl InternalTopic<'_> {
    /// How many partitions it has, where it is there. It must keep what it is to keep then.
    pub(crate) fn find(&self, deadline: &Deadline) -> Result<Option<usize>, Error> {
        match self.cluster.partitions(self.name, deadline) {
            Err(error) if error.is_unknown_topic() => Ok(None),
            Err(error) => Err(error.into()),
            Ok(partitions) => {
                self.check_policy(deadline)?;
                Ok(Some(partitions.len()))
            }
        }
    }

    /// Finds it, or creates it where it is missing. Gives its number of partitions, and has it said when they have one replica.
    pub(crate) fn find_or_create(
        &self,
        new: impl FnOnce() -> Result<NewTopicSpec, Error>,
        deadline: &Deadline,
        listener: &mut dyn RunListener,
    ) -> Result<usize, Error> {
        let count = match self.find(deadline)? {
            Some(count) => count,
            None => {
                self.create(new()?, deadline, listener)?;
                self.cluster.partitions(self.name, deadline)?.len()
            }
        };
        warn_if_single_replica(self.cluster, self.name, deadline, listener)?;
        Ok(count)
    }

    fn create(
        &self,
        new: NewTopicSpec,
        deadline: &Deadline,
        listener: &mut dyn RunListener,
    ) -> Result<(), Error> {
        let policy = ("cleanup.policy".to_owned(), self.cleanup_policy.as_str().to_owned());
        let topic = NewTopic {
            name: self.name.clone(),
            partitions: i32::try_from(new.partitions).unwrap_or(i32::MAX),
            replicas: new.replicas,
            settings: [policy].into_iter().chain(new.settings).collect(),
        };
        if self.cluster.create_topic(&topic, deadline)? {
            listener.on_event(Event::TopicCreated(self.name.as_str()));
            return Ok(());
        }
        // Another instance was quicker.
        self.check_policy(deadline)
    }

    fn check_policy(&self, deadline: &Deadline) -> Result<(), Error> {
        let policy = self.cluster.topic_setting(self.name, "cleanup.policy", deadline)?.unwrap_or_default();
        if policy == self.cleanup_policy.as_str() {
            return Ok(());
        }
        let topic = self.name.clone();
        Err(match self.cleanup_policy {
            CleanupPolicy::Compact => Error::NotCompacted { topic, policy },
            CleanupPolicy::Delete => Error::Compacted { topic, policy },
        })
    }
}

/// What a topic that is created is like, beside what it keeps.
pub(crate) struct NewTopicSpec {
    pub(crate) partitions: usize,
    /// Without it, the cluster's default.
    pub(crate) replicas: Option<i32>,
    pub(crate) settings: Vec<(String, String)>,
}

impl CleanupPolicy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Delete => "delete",
        }
    }
}

/// Has it said when a topic that is written to is gone for as long as one broker is.
pub(crate) fn warn_if_single_replica(
    cluster: &Cluster,
    topic: &TopicName,
    deadline: &Deadline,
    listener: &mut dyn RunListener,
) -> Result<(), Error> {
    if cluster.has_one_replica(topic, deadline)? {
        listener.on_event(Event::SingleReplica(topic.as_str()));
    }
    Ok(())
}
