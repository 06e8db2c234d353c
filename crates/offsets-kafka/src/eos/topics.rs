use std::collections::BTreeMap;
use std::time::Duration;

use offsets_core::model::TopicName;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier, TopicReplication};
use rdkafka::types::RDKafkaErrorCode;

use crate::admin::MAX_TIMEOUT;
use crate::cluster::{cause, configured, refused};
use crate::connection::Connection;
use crate::detached;
use crate::{Cause, Cluster, Deadline, Error, Right, Subject};

/// A topic to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// How many partitions it is to have.
    pub partitions: i32,
    /// How many replicas; without it, as many as the cluster gives by default.
    pub replicas: Option<i32>,
    /// Its settings, such as `cleanup.policy`.
    pub settings: Vec<(String, String)>,
}

impl Cluster {
    /// Creates a topic and waits until it is there. Whether it was this call that created it: another instance may have been
    /// quicker.
    ///
    /// # Errors
    /// [`Error::Unauthorised`], [`Error::TimedOut`], and what else the cluster refuses.
    pub fn create_topic(&self, topic: &NewTopic, deadline: &Deadline) -> Result<bool, Error> {
        let admin = self.admin_client()?;
        let wanted = topic.clone();
        let created = detached::ask(deadline, move |wait| {
            let replication = TopicReplication::Fixed(wanted.replicas.unwrap_or(-1));
            let new = rdkafka::admin::NewTopic::new(wanted.name.as_str(), wanted.partitions, replication);
            let new = wanted.settings.iter().fold(new, |new, (key, value)| new.set(key, value));
            futures_executor::block_on(admin.create_topics([&new], &options(wait)))
        });
        let subject = || Subject::Topic(topic.name.clone());
        let created = created.map_err(|error| self.failed(subject(), cause(&error), deadline))?;
        let is_new = match created.into_iter().next() {
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => false,
            Some(Err((_, code))) => return Err(self.failed(subject(), Cause::of(code), deadline)),
            _ => true,
        };
        // The controller knows it now, and the brokers a moment later.
        loop {
            match self.partitions(&topic.name, deadline) {
                Err(error) if error.is_unknown_topic() && !deadline.has_passed() => {
                    self.pause(Duration::from_millis(50));
                }
                Err(error) => return Err(error),
                Ok(_) => return Ok(is_new),
            }
        }
    }

    /// What a setting of a topic is, its default included; `None` when the cluster does not know it.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`], [`Error::Unauthorised`], [`Error::TimedOut`].
    pub fn topic_setting(
        &self,
        topic: &TopicName,
        key: &str,
        deadline: &Deadline,
    ) -> Result<Option<String>, Error> {
        Ok(self.topic_settings(topic, deadline)?.remove(key))
    }

    /// The settings of a topic, defaults included.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`], [`Error::Unauthorised`], [`Error::TimedOut`].
    pub fn topic_settings(
        &self,
        topic: &TopicName,
        deadline: &Deadline,
    ) -> Result<BTreeMap<String, String>, Error> {
        let failed = |cause| self.failed(Subject::Topic(topic.clone()), cause, deadline);
        loop {
            let (admin, asked) = (self.admin_client()?, topic.clone());
            let described = detached::ask(deadline, move |wait| {
                let resource = ResourceSpecifier::Topic(asked.as_str());
                futures_executor::block_on(admin.describe_configs([&resource], &options(wait)))
            });
            let described = described.map_err(|error| failed(cause(&error)))?;
            match described.into_iter().next() {
                // What is wrong with one resource is lost on the way (rdkafka 0.39). Every topic has settings: none are told to whom
                // may not look at them, and by a broker that does not know yet of a topic that was just created.
                Some(Ok(config)) if config.entries.is_empty() => {
                    let right = [(topic.clone(), &[Right::DescribeConfigs][..])];
                    if deadline.has_passed() || !self.missing_permissions(&right, deadline).is_empty() {
                        return Err(failed(Cause::of(RDKafkaErrorCode::TopicAuthorizationFailed)));
                    }
                    self.pause(Duration::from_millis(50));
                }
                Some(Ok(config)) => {
                    let entries = config.entries.into_iter();
                    return Ok(entries.filter_map(|entry| Some((entry.name, entry.value?))).collect());
                }
                Some(Err(code)) => return Err(failed(Cause::of(code))),
                None => return Ok(BTreeMap::new()),
            }
        }
    }

    pub(crate) fn admin_client(&self) -> Result<AdminClient<Connection>, Error> {
        self.begin();
        let context = self.connection().sibling();
        configured(self.settings(), &[], &[])
            .create_with_context(context)
            .map_err(|error| refused(self.settings(), &error))
    }
}

fn options(wait: Duration) -> AdminOptions {
    let left = wait.min(MAX_TIMEOUT).max(Duration::from_millis(1));
    AdminOptions::new().request_timeout(Some(left)).operation_timeout(Some(left))
}
