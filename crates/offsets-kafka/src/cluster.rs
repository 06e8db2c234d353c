use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use offsets_core::link::Side;
use offsets_core::model::{ClusterAlias, GroupId, GroupKind, TopicName, TopicPartition};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::{Metadata, MetadataPartition, MetadataTopic};
use rdkafka::types::RDKafkaErrorCode;

use crate::connection::{Connection, MOMENT, serve};
use crate::detached::{self, Retiring};
use crate::fetcher::Fetchers;
use crate::{Cause, ClientSettings, Contact, Deadline, Error, GroupCatalog, Subject};

/// A client that asks.
pub(crate) type Client = Retiring<BaseConsumer<Connection>>;

/// A cluster that has been reached.
///
/// Every call blocks, takes a [`Deadline`] and may be made from several threads at once. Nothing here joins a group, or commits
/// other than in [`Cluster::alter`].
pub struct Cluster {
    settings: ClientSettings,
    connection: Connection,
    client: Mutex<Arc<Client>>,
    cluster_id: Option<String>,
    group_catalog: GroupCatalog,
    fetchers: Fetchers,
    /// The groups that are neither classic nor KIP-848, and until when that is not asked for again.
    uncommon: Mutex<Option<(Deadline, BTreeMap<GroupId, GroupKind>)>>,
}

/// The first slice of waiting for a connection; each further one is twice as long. Between slices it is seen whether the
/// broker turned us away, which no waiting heals.
const INITIAL_SLICE: Duration = Duration::from_millis(500);

/// The longest slice: a broker that is back, or that turns us away, is noticed by then.
const MAX_SLICE: Duration = Duration::from_secs(4);

impl Cluster {
    /// Connects and waits until a broker has answered.
    ///
    /// # Errors
    /// - [`Error::Unreachable`] when none answered before the deadline, with the last connection error as its cause;
    /// - [`Error::Unauthenticated`], without waiting longer, when one answered and turned us away;
    /// - [`Error::Setting`] when the client cannot be made, for example for lack of a certificate file.
    pub fn connect(settings: &ClientSettings, deadline: &Deadline) -> Result<Self, Error> {
        Self::connect_with(settings, GroupCatalog::Broker, deadline)
    }

    /// The same, for a cluster that must be told about its groups (see [`GroupCatalog`]).
    ///
    /// # Errors
    /// As [`Cluster::connect`].
    pub fn connect_with(
        settings: &ClientSettings,
        group_catalog: GroupCatalog,
        deadline: &Deadline,
    ) -> Result<Self, Error> {
        Self::reach(settings, group_catalog, None, deadline)
    }

    /// The same, contacted as `contact` has it.
    pub(crate) fn reach(
        settings: &ClientSettings,
        group_catalog: GroupCatalog,
        contact: Option<&Contact>,
        deadline: &Deadline,
    ) -> Result<Self, Error> {
        let deadline = match contact {
            Some(contact) => deadline.within(contact.within),
            None => deadline.clone(),
        };
        let side = contact.and_then(|contact| contact.side);
        if deadline.is_stopped() {
            return Err(unreachable(settings, side, &deadline, None));
        }
        let connection = Connection::new(settings, contact.cloned());
        let client = Arc::new(Retiring::new(client(settings, &connection, ASKING, &[])?));
        let (mut slice, mut told) = (INITIAL_SLICE, false);
        loop {
            let turn = deadline.within(slice);
            let asked = Arc::clone(&client);
            let cluster_id =
                detached::call(&turn, move |wait| asked.client().fetch_cluster_id(wait)).flatten();
            // A cluster without an id has been reached too, if it answers anything.
            if cluster_id.is_some() || metadata(&client, None, &turn).is_ok() {
                let (settings, client) = (settings.clone(), Mutex::new(client));
                let fetchers = Fetchers::default();
                let uncommon = Mutex::default();
                connection.reached();
                return Ok(Self {
                    settings,
                    connection,
                    client,
                    cluster_id,
                    group_catalog,
                    fetchers,
                    uncommon,
                });
            }
            serve(&client, MOMENT);
            if let Some(cause) = connection.authentication_error() {
                let (cluster, bootstrap) =
                    (settings.cluster().clone(), settings.bootstrap_servers().to_owned());
                return Err(Error::Unauthenticated { cluster, bootstrap, cause });
            }
            // One that refuses is told at once, one that says nothing a moment later, and each before it is given up.
            let passed = deadline.has_passed();
            if !told && (passed || connection.last_error().is_some() || slice > INITIAL_SLICE) {
                connection.report(Some(deadline.remaining()));
                told = true;
            }
            if passed {
                return Err(unreachable(settings, side, &deadline, connection.last_error()));
            }
            slice = (slice * 2).min(MAX_SLICE);
        }
    }

    /// The alias the cluster was given.
    pub fn alias(&self) -> &ClusterAlias {
        self.settings.cluster()
    }

    /// The id the cluster gave itself when it was formatted; `None` for the few systems that have none.
    pub fn cluster_id(&self) -> Option<&str> {
        self.cluster_id.as_deref()
    }

    /// The settings it was reached with.
    pub fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// Where its groups are looked up.
    pub fn group_catalog(&self) -> &GroupCatalog {
        &self.group_catalog
    }

    /// Every topic this principal may see, internal ones too, with its number of partitions.
    ///
    /// # Errors
    /// [`Error::TimedOut`] and what else [`Error`] tells of connections.
    pub fn topics(&self, deadline: &Deadline) -> Result<BTreeMap<TopicName, i32>, Error> {
        let metadata =
            self.metadata(None, deadline).map_err(|cause| self.failed(Subject::Metadata, cause, deadline))?;
        Ok(metadata
            .topics()
            .iter()
            .map(|topic| (TopicName::from(topic.name()), partition_count(topic)))
            .collect())
    }

    /// The partitions of a topic, in order.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`], [`Error::Unauthorised`], and what else [`Error`] tells of connections.
    pub fn partitions(&self, topic: &TopicName, deadline: &Deadline) -> Result<Vec<TopicPartition>, Error> {
        self.with_topic(topic, deadline, |found, _| {
            let partition = |partition| TopicPartition::new(topic.clone(), partition);
            (0..partition_count(found)).map(partition).collect()
        })
    }

    /// Whether a partition of a topic has one replica, though the cluster has more than one broker.
    ///
    /// # Errors
    /// As [`Cluster::partitions`].
    pub fn has_one_replica(&self, topic: &TopicName, deadline: &Deadline) -> Result<bool, Error> {
        self.with_topic(topic, deadline, |found, brokers| {
            brokers > 1 && found.partitions().iter().any(|partition| partition.replicas().len() == 1)
        })
    }

    /// What is to be learnt of a topic, and of how many brokers there are.
    fn with_topic<T>(
        &self,
        topic: &TopicName,
        deadline: &Deadline,
        learn: impl FnOnce(&MetadataTopic, usize) -> T,
    ) -> Result<T, Error> {
        let subject = || Subject::Topic(topic.clone());
        let metadata =
            self.metadata(Some(topic), deadline).map_err(|cause| self.failed(subject(), cause, deadline))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic.as_str());
        let found =
            found.ok_or_else(|| Error::UnknownTopic { cluster: self.alias().clone(), subject: subject() })?;
        match found.error() {
            Some(code) => Err(self.failed(subject(), Cause::of(code.into()), deadline)),
            None => Ok(learn(found, metadata.brokers().len())),
        }
    }

    fn metadata(&self, topic: Option<&TopicName>, deadline: &Deadline) -> Result<Metadata, Cause> {
        self.begin();
        let client = self.client();
        metadata(&client, topic.map(TopicName::as_str), deadline).inspect_err(|_| serve(&client, MOMENT))
    }

    /// Why a partition has no leader to be asked.
    pub(crate) fn without_leader(&self, partition: &TopicPartition, deadline: &Deadline) -> Cause {
        let metadata = match metadata(&self.client(), Some(partition.topic.as_str()), deadline) {
            Ok(metadata) => metadata,
            Err(cause) => return cause,
        };
        let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == partition.topic.as_str())
        else {
            return Cause::of(RDKafkaErrorCode::UnknownTopicOrPartition);
        };
        let found = topic.partitions().iter().find(|found| found.id() == partition.partition);
        match (topic.error(), found.map(MetadataPartition::error)) {
            (Some(code), _) | (None, Some(Some(code))) => Cause::of(code.into()),
            (None, None) => Cause::of(RDKafkaErrorCode::UnknownTopicOrPartition),
            (None, Some(None)) => Cause::of(RDKafkaErrorCode::LeaderNotAvailable),
        }
    }

    /// The client that asks. It fetches no records.
    pub(crate) fn client(&self) -> Arc<Client> {
        Arc::clone(&self.client.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives the client up for a new one, with all that it still waits for.
    pub(crate) fn renew_client(&self) {
        // The same settings made a client before.
        if let Ok(fresh) = client(&self.settings, &self.connection, ASKING, &[]) {
            let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
            let spent = std::mem::replace(&mut *client, Arc::new(Retiring::new(fresh)));
            drop(client);
            drop(spent);
        }
    }

    /// The uncommon groups that were found a short time ago.
    pub(crate) fn known_uncommon(&self) -> Option<BTreeMap<GroupId, GroupKind>> {
        let known = self.uncommon.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(until, _)| !until.has_passed()).map(|(_, groups)| groups.clone())
    }

    /// Keeps them `until` then.
    pub(crate) fn keep_uncommon(&self, until: Deadline, groups: BTreeMap<GroupId, GroupKind>) {
        *self.uncommon.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, groups));
    }

    /// What is heard of the cluster.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The clients that read records.
    pub(crate) fn fetchers(&self) -> &Fetchers {
        &self.fetchers
    }

    /// Starts on a request: what the connection said earlier does not concern it.
    pub(crate) fn begin(&self) {
        self.connection.forget();
    }

    /// Lets the client speak for a while, without anybody being asked.
    pub(crate) fn pause(&self, wait: Duration) {
        serve(&self.client(), wait);
    }

    /// The error that a failed request is, told with what the connection said meanwhile.
    pub(crate) fn failed(&self, subject: Subject, cause: Cause, deadline: &Deadline) -> Error {
        if cause.is_timeout() || cause.is_transport() {
            if let Some(cause) = self.connection.authentication_error() {
                let (cluster, bootstrap) =
                    (self.alias().clone(), self.settings.bootstrap_servers().to_owned());
                return Error::Unauthenticated { cluster, bootstrap, cause };
            }
            let cause = self.connection.last_error().or(Some(cause));
            let (cluster, waited) = (self.alias().clone(), deadline.elapsed());
            return Error::TimedOut { cluster, subject, waited, cause };
        }
        let cause = Cause { text: self.settings.scrub(&cause.text), ..cause };
        cause.into_error(self.alias(), subject, deadline.elapsed())
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("settings", &self.settings)
            .field("cluster_id", &self.cluster_id)
            .field("directory", &self.group_catalog)
            .finish_non_exhaustive()
    }
}

/// librdkafka spaces its first connections half a back-off apart, which is 50 ms by default and most of what a short
/// command takes; and it would notice only after ten seconds that a cluster has come back.
const PROMPT: &[(&str, &str)] = &[("reconnect.backoff.ms", "20"), ("reconnect.backoff.max.ms", "1000")];

/// A client that asks for the offsets of groups needs a group id, though it neither joins nor commits: when a broker answers
/// NOT_COORDINATOR, as one does while coordinators move or come up, librdkafka 2.12 goes through the client's own group
/// (`rd_kafka_handle_OffsetFetch`), and without one the process ends with a segmentation fault.
pub(crate) const ASKING: &[(&str, &str)] = &[("group.id", "offsets-reader")];

/// A client of the library: with the given keys whatever the settings say, and the others unless they say otherwise.
pub(crate) fn client(
    settings: &ClientSettings,
    connection: &Connection,
    forced: &[(&str, &str)],
    tuned: &[(&str, &str)],
) -> Result<BaseConsumer<Connection>, Error> {
    configured(settings, forced, tuned)
        .create_with_context(connection.clone())
        .map_err(|error| refused(settings, &error))
}

/// The configuration of any client of the library, as [`client`] has it.
pub(crate) fn configured(
    settings: &ClientSettings,
    forced: &[(&str, &str)],
    tuned: &[(&str, &str)],
) -> ClientConfig {
    let mut config = settings.librdkafka();
    for (key, value) in tuned.iter().chain(PROMPT) {
        if config.get(key).is_none() {
            config.set(*key, *value);
        }
    }
    for (key, value) in forced {
        config.set(*key, *value);
    }
    // What a connection says about its end comes at this level. Where it is shown is another matter.
    if !matches!(config.log_level, RDKafkaLogLevel::Debug) {
        config.set_log_level(RDKafkaLogLevel::Info);
    }
    config
}

/// Why the library does not make a client of a configuration.
pub(crate) fn refused(settings: &ClientSettings, error: &KafkaError) -> Error {
    let said = match error {
        KafkaError::ClientCreation(said) => settings.scrub(said),
        // Its own text may repeat a value.
        _ => "the client library does not take them".to_owned(),
    };
    Error::Setting { cluster: settings.cluster().clone(), key: "client settings".into(), problem: said }
}

fn unreachable(
    settings: &ClientSettings,
    side: Option<Side>,
    deadline: &Deadline,
    cause: Option<Cause>,
) -> Error {
    let (cluster, bootstrap) = (settings.cluster().clone(), settings.bootstrap_servers().to_owned());
    Error::Unreachable { cluster, bootstrap, side, waited: deadline.allowed(), cause }
}

/// What the cluster knows of a topic or of all.
pub(crate) fn metadata(
    client: &Arc<Client>,
    topic: Option<&str>,
    deadline: &Deadline,
) -> Result<Metadata, Cause> {
    let (client, topic) = (Arc::clone(client), topic.map(str::to_owned));
    match detached::call(deadline, move |wait| client.fetch_metadata(topic.as_deref(), wait)) {
        Some(answer) => answer.map_err(|error| cause(&error)),
        None => Err(Cause::of(RDKafkaErrorCode::OperationTimedOut)),
    }
}

/// What the library's error says; its own wrapper is of no interest where there is a code.
pub(crate) fn cause(error: &KafkaError) -> Cause {
    match error.rdkafka_error_code() {
        Some(code) => Cause::of(code),
        None => Cause::from_code(RDKafkaErrorCode::Fail as i32, &error.to_string()),
    }
}

fn partition_count(topic: &MetadataTopic) -> i32 {
    i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX)
}
