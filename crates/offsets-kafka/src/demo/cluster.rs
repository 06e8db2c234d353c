use std::collections::BTreeMap;
use std::time::Duration;

use offsets_core::model::{ClusterAlias, Commit, GroupId, GroupState, LogRange, TopicName, TopicPartition};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::types::RDKafkaErrorCode;

use super::deliveries::Deliveries;
use crate::cluster::cause;
use crate::{ClientSettings, Cluster, Deadline, Endpoint, Error, GroupCatalog, Subject};

/// Two embedded clusters, for a link between them.
pub struct DemoClusters {
    /// Where the records come from.
    pub source: DemoCluster,
    /// Where they are mirrored to.
    pub target: DemoCluster,
}

impl DemoClusters {
    /// Starts two clusters that hold nothing yet. They live until they are dropped.
    ///
    /// # Errors
    /// When no socket can be opened on loopback.
    pub fn start(source: impl Into<ClusterAlias>, target: impl Into<ClusterAlias>) -> Result<Self, Error> {
        Ok(Self { source: DemoCluster::start(source)?, target: DemoCluster::start(target)? })
    }
}

/// One embedded cluster, and the hands that fill it.
///
/// Its logs are dense and start at 0. It keeps neither transactions nor timestamps to search by, compacts nothing, and
/// knows no list of groups, for which reason it is connected to with a [`GroupCatalog::Fixed`]. A partition holds 5 MiB; what
/// would push the oldest records out is an error here, for a demo that loses its beginning tells lies.
pub struct DemoCluster {
    settings: ClientSettings,
    // Before the cluster, so that it is dropped while there is still one to talk to.
    producer: BaseProducer<Deliveries>,
    mock: MockCluster<'static, DefaultProducerContext>,
    topics: BTreeMap<TopicName, i32>,
    groups: BTreeMap<GroupId, GroupState>,
}

/// A record to be written to an embedded cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoRecord<'a> {
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null.
    pub value: Option<&'a [u8]>,
    /// Milliseconds since 1970 (UTC).
    pub timestamp_ms: i64,
}

/// How long a step may take inside one process.
const TIMEOUT: Duration = Duration::from_secs(30);

impl DemoCluster {
    /// Starts one cluster of one broker.
    ///
    /// # Errors
    /// When no socket can be opened on loopback.
    pub fn start(alias: impl Into<ClusterAlias>) -> Result<Self, Error> {
        let alias = alias.into();
        let refused = |error: KafkaError| Error::Refused {
            cluster: alias.clone(),
            subject: Subject::Metadata,
            cause: cause(&error),
        };
        let mock = MockCluster::new(1).map_err(refused)?;
        let settings =
            ClientSettings::builder(alias.clone()).bootstrap_servers(mock.bootstrap_servers()).build()?;
        let producer = ClientConfig::new()
            .set("bootstrap.servers", settings.bootstrap_servers())
            // Order, and each record once: the demo's offsets are computed beforehand.
            .set("enable.idempotence", "true")
            .set("linger.ms", "1")
            .set("reconnect.backoff.ms", "20")
            .set("queue.buffering.max.messages", "1000000")
            .create_with_context(Deliveries::default())
            .map_err(refused)?;
        Ok(Self { settings, producer, mock, topics: BTreeMap::new(), groups: BTreeMap::new() })
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// When it exists, or the name is none.
    pub fn create_topic(&mut self, topic: impl Into<TopicName>, partitions: i32) -> Result<(), Error> {
        let topic = topic.into();
        let created = self.mock.create_topic(topic.as_str(), partitions, 1);
        created.map_err(|error| self.refused(Subject::Topic(topic.clone()), &error))?;
        self.topics.insert(topic, partitions);
        Ok(())
    }

    /// Appends records to a partition, in their order, and waits until all are there. Returns the offsets they got.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`], and [`Error::Invalid`] once the partition no longer holds its first record.
    pub fn produce<'a>(
        &mut self,
        topic: &TopicName,
        partition: i32,
        records: impl IntoIterator<Item = DemoRecord<'a>>,
    ) -> Result<LogRange<i64>, Error> {
        let subject = || Subject::Partition(TopicPartition::new(topic.clone(), partition));
        if !self.topics.get(topic).is_some_and(|partitions| (0..*partitions).contains(&partition)) {
            return Err(Error::UnknownTopic { cluster: self.settings.cluster().clone(), subject: subject() });
        }
        let deadline = Deadline::after(TIMEOUT);
        let (_, before) = self.watermarks(topic, partition)?;
        for record in records {
            let mut unsent =
                BaseRecord::to(topic.as_str()).partition(partition).timestamp(record.timestamp_ms);
            unsent.key = record.key;
            unsent.payload = record.value;
            while let Err((error, back)) = self.producer.send(unsent) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) || deadline.has_passed() {
                    return Err(self.refused(subject(), &error));
                }
                self.producer.poll(Duration::from_millis(10));
                unsent = back;
            }
        }
        self.producer.flush(deadline.remaining()).map_err(|error| self.refused(subject(), &error))?;
        if let Some(error) = self.producer.context().take_failure() {
            return Err(self.refused(subject(), &error));
        }
        let (start, end) = self.watermarks(topic, partition)?;
        if start > 0 {
            let (cluster, problem) = (self.settings.cluster().clone(), "the embedded log is full".to_owned());
            return Err(Error::Invalid { cluster, subject: subject(), problem });
        }
        Ok(LogRange { start: before, end })
    }

    /// Commits offsets, and from now on knows the groups as empty ones unless they were said to be in another state.
    ///
    /// # Errors
    /// The first commit that the cluster refuses.
    pub fn commit(&mut self, commits: &[Commit<i64>]) -> Result<(), Error> {
        let deadline = Deadline::after(TIMEOUT);
        self.connect(&deadline)?.alter(commits, &deadline).into_result()?;
        for commit in commits {
            self.groups.entry(commit.group.clone()).or_insert(GroupState::Empty);
        }
        Ok(())
    }

    /// Says what state a group is listed in. It changes nothing about the cluster itself.
    pub fn set_group_state(&mut self, group: impl Into<GroupId>, state: GroupState) {
        self.groups.insert(group.into(), state);
    }

    /// How clients reach it.
    pub fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// Its groups, and all its partitions, as they are now.
    pub fn group_catalog(&self) -> GroupCatalog {
        let partitions = self
            .topics
            .iter()
            .flat_map(|(topic, count)| {
                (0..*count).map(|partition| TopicPartition::new(topic.clone(), partition))
            })
            .collect();
        GroupCatalog::Fixed { groups: self.groups.clone(), partitions }
    }

    /// Where it is and what it cannot be asked for, to connect later. What is created afterwards is missing from its
    /// directory.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.settings.clone(), self.group_catalog())
    }

    /// Connects to it as to any cluster. What is created afterwards is missing from its directory.
    ///
    /// # Errors
    /// As [`Cluster::connect`].
    pub fn connect(&self, deadline: &Deadline) -> Result<Cluster, Error> {
        Cluster::connect_with(&self.settings, self.group_catalog(), deadline)
    }

    fn watermarks(&self, topic: &TopicName, partition: i32) -> Result<(i64, i64), Error> {
        let subject = || Subject::Partition(TopicPartition::new(topic.clone(), partition));
        let client = self.producer.client();
        client
            .fetch_watermarks(topic.as_str(), partition, TIMEOUT)
            .map_err(|error| self.refused(subject(), &error))
    }

    fn refused(&self, subject: Subject, error: &KafkaError) -> Error {
        Error::Refused { cluster: self.settings.cluster().clone(), subject, cause: cause(error) }
    }
}

impl std::fmt::Debug for DemoCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoCluster")
            .field("settings", &self.settings)
            .field("topics", &self.topics)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_get_the_offsets_of_their_order() {
        let mut cluster = DemoCluster::start("demo").unwrap();
        cluster.create_topic("orders", 2).unwrap();
        let record = |value: &'static [u8]| DemoRecord { key: None, value: Some(value), timestamp_ms: 1 };
        let first = cluster.produce(&"orders".into(), 1, [record(b"a"), record(b"b")]).unwrap();
        let second = cluster.produce(&"orders".into(), 1, [record(b"c")]).unwrap();
        assert_eq!((first.start, first.end), (0, 2));
        assert_eq!((second.start, second.end), (2, 3));
    }

    #[test]
    fn a_log_that_outgrows_the_embedded_broker_is_an_error() {
        let mut cluster = DemoCluster::start("demo").unwrap();
        cluster.create_topic("orders", 1).unwrap();
        let value = vec![7; 10_000];
        let record = DemoRecord { key: None, value: Some(&value), timestamp_ms: 1 };
        let error = cluster.produce(&"orders".into(), 0, std::iter::repeat_n(record, 1000)).unwrap_err();
        assert!(error.to_string().contains("partition orders-0: the embedded log is full"), "{error}");
    }

    #[test]
    fn a_topic_or_partition_that_was_not_created_is_refused() {
        let mut cluster = DemoCluster::start("demo").unwrap();
        cluster.create_topic("orders", 1).unwrap();
        assert!(cluster.produce(&"nosuch".into(), 0, []).unwrap_err().is_unknown_topic());
        assert!(cluster.produce(&"orders".into(), 1, []).unwrap_err().is_unknown_topic());
    }
}
