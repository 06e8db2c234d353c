//! Making, deleting and counting topics.

use std::time::Duration;

use anyhow::{Result, bail};
use futures_executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::{TIMEOUT, client};
use crate::wait;

/// A topic to be made.
#[derive(Clone, Debug)]
pub struct Topic {
    name: String,
    partitions: i32,
    /// As many as the brokers give by default, where it is below zero.
    replicas: i32,
    config: Vec<(String, String)>,
}

impl Topic {
    /// A topic with the broker's own settings.
    pub fn new(name: impl Into<String>, partitions: i32) -> Self {
        Self { name: name.into(), partitions, replicas: -1, config: Vec::new() }
    }

    /// Sets the number of replicas of every partition.
    #[must_use]
    pub fn replicas(mut self, replicas: i32) -> Self {
        self.replicas = replicas;
        self
    }

    /// Sets one of the topic's own settings, such as `cleanup.policy`.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.config.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Makes it, and waits until every broker that is named knows it, and that every partition has a leader.
    ///
    /// # Errors
    ///
    /// When the broker refuses, for instance because the topic is there already.
    pub fn create(&self, bootstrap: &str) -> Result<()> {
        let topic = NewTopic::new(&self.name, self.partitions, TopicReplication::Fixed(self.replicas));
        let topic = self.config.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        let results = block_on(admin(bootstrap)?.create_topics([&topic], &options()))?;
        for result in results {
            result.map_err(|(name, code)| anyhow::anyhow!("cannot create topic {name}: {code}"))?;
        }
        wait::until(&format!("the leaders of topic {}", self.name), TIMEOUT, || {
            Ok(all_count(bootstrap, &self.name, Some(self.partitions))?.then_some(()))
        })
    }

    /// Gives the topic called `name` more partitions, this number in all, and waits until they have leaders.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn grow(bootstrap: &str, name: &str, partitions: i32) -> Result<()> {
        let more = NewPartitions::new(name, usize::try_from(partitions)?);
        for result in block_on(admin(bootstrap)?.create_partitions([&more], &options()))? {
            result.map_err(|(name, code)| {
                anyhow::anyhow!("cannot give topic {name} more partitions: {code}")
            })?;
        }
        wait::until(&format!("the new partitions of topic {name}"), TIMEOUT, || {
            Ok(all_count(bootstrap, name, Some(partitions))?.then_some(()))
        })
    }

    /// Deletes the topic called `name`, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn delete(bootstrap: &str, name: &str) -> Result<()> {
        for result in block_on(admin(bootstrap)?.delete_topics(&[name], &options()))? {
            result.map_err(|(name, code)| anyhow::anyhow!("cannot delete topic {name}: {code}"))?;
        }
        wait::until(&format!("the end of topic {name}"), TIMEOUT, || {
            Ok(all_count(bootstrap, name, None)?.then_some(()))
        })
    }
}

/// Whether each of the brokers that are named counts this number of partitions with a leader.
fn all_count(bootstrap: &str, topic: &str, expected: Option<i32>) -> Result<bool> {
    for broker in bootstrap.split(',') {
        if partition_count(broker, topic)? != expected {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many partitions of a topic have a leader, or `None` when there is no such topic.
///
/// # Errors
///
/// When the cluster does not answer.
pub fn partition_count(bootstrap: &str, topic: &str) -> Result<Option<i32>> {
    count_partitions(&client(bootstrap).create()?, topic)
}

/// [`partition_count`], asked through a client that is there already.
pub(super) fn count_partitions(consumer: &BaseConsumer, topic: &str) -> Result<Option<i32>> {
    // asking for the whole cluster: a request that names a topic leaves a trace of it in the client
    let metadata = consumer.fetch_metadata(None, TIMEOUT)?;
    let Some(topic) = metadata.topics().iter().find(|known| known.name() == topic) else { return Ok(None) };
    if topic.error().is_some() {
        return Ok(None);
    }
    let led = topic.partitions().iter().filter(|partition| partition.leader() >= 0).count();
    match i32::try_from(led) {
        Ok(led) => Ok(Some(led)),
        Err(_) => bail!("{led} partitions"),
    }
}

fn admin(bootstrap: &str) -> Result<AdminClient<DefaultClientContext>> {
    Ok(client(bootstrap).create()?)
}

fn options() -> AdminOptions {
    let patience: Duration = TIMEOUT;
    AdminOptions::new().request_timeout(Some(patience)).operation_timeout(Some(patience))
}
