//! How a client reaches a cluster: Java's `client.properties`, librdkafka's own keys, and what becomes of secrets.
//!
//! Data flows one way: Java properties that are used have their references resolved ([`offsets_core::config::Providers`]),
//! become librdkafka's keys ([`java`], [`jaas`], [`keystore`]) unless an override stands in for them, and are checked by
//! librdkafka itself ([`check`]). From then on every secret is a [`secret::Value`], which is never shown.

mod access;
mod check;
mod jaas;
mod java;
mod keystore;
mod note;
mod pem;
mod raw_property;
mod secret;

use std::collections::BTreeMap;
use std::sync::Arc;

use offsets_core::config::{BootstrapServers, JavaProperties, Place, ProviderAccess, Providers};
use offsets_core::model::ClusterAlias;
use rdkafka::config::ClientConfig;

pub use access::LocalAccess;
pub use note::Note;

use crate::Error;
use java::{JavaClient, Problem, Protocol};
use raw_property::RawProperty;
use secret::Value;

/// How to reach one cluster, checked and ready to use.
///
/// No secret in it can be printed: `Debug` shows `[hidden]` in its place, and so does [`ClientSettings::shown`].
///
/// ```
/// use offsets_kafka::ClientSettings;
///
/// let settings = ClientSettings::builder("dst")
///     .java_properties("bootstrap.servers=127.0.0.1:9092\nrequest.timeout.ms=5000\nkey.deserializer=x.Y")?
///     .librdkafka("client.id=offsets-test")?
///     .build()?;
/// assert_eq!(settings.bootstrap_servers(), "127.0.0.1:9092");
/// assert_eq!(settings.notes()[0].key(), "key.deserializer");
/// # Ok::<(), offsets_kafka::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClientSettings {
    cluster: ClusterAlias,
    values: BTreeMap<String, Value>,
    notes: Vec<Note>,
}

impl ClientSettings {
    /// Starts on the settings of the cluster with that alias. The alias goes into every error about it.
    pub fn builder(cluster: impl Into<ClusterAlias>) -> ClientSettingsBuilder {
        ClientSettingsBuilder {
            cluster: cluster.into(),
            bootstrap_servers: None,
            properties: BTreeMap::new(),
            overrides: BTreeMap::new(),
        }
    }

    /// The alias of the cluster these are for.
    pub fn cluster(&self) -> &ClusterAlias {
        &self.cluster
    }

    /// The brokers to start from, separated by commas.
    pub fn bootstrap_servers(&self) -> &str {
        self.values.get("bootstrap.servers").map_or("", Value::shown)
    }

    /// What was read and had no effect: Java's own keys, and unknown keys.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Every librdkafka key that is set and what may be shown of its value, in order.
    pub fn shown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.shown()))
    }

    /// The client library's own form of the settings. It holds secrets and must not be printed.
    pub(crate) fn librdkafka(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (key, value) in &self.values {
            config.set(key, value.reveal());
        }
        config
    }

    /// Cuts every secret out of a text that the library or a broker wrote.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.values.values().fold(text.to_owned(), |text, value| value.scrub(text))
    }
}

/// Gathers the settings of one cluster. What is said later and closer to the user wins: an override over the
/// bootstrap servers, and these over Java properties.
#[derive(Debug, Clone)]
pub struct ClientSettingsBuilder {
    cluster: ClusterAlias,
    bootstrap_servers: Option<(String, Place)>,
    properties: BTreeMap<String, RawProperty>,
    overrides: BTreeMap<String, Value>,
}

impl ClientSettingsBuilder {
    /// Sets the brokers to start from: `host:port`, separated by commas.
    pub fn bootstrap_servers(self, servers: impl Into<String>) -> Self {
        self.bootstrap_servers_of(servers, Place::named("bootstrap.servers"))
    }

    /// The same, with the place where they were written, for errors to name.
    pub fn bootstrap_servers_of(mut self, servers: impl Into<String>, place: Place) -> Self {
        self.bootstrap_servers = Some((servers.into(), place));
        self
    }

    /// Adds the content of a Java `client.properties` file. As in Java, bytes are ISO-8859-1 and `\uXXXX` is any other
    /// character.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is no properties file.
    pub fn java_properties(self, content: impl AsRef<[u8]>) -> Result<Self, Error> {
        let properties = JavaProperties::parse(content)
            .map_err(|error| self.error(Problem::new("client properties", error.to_string())))?;
        Ok(self.properties(&properties))
    }

    /// Adds Java client properties that were read already. The config providers they declare fill in their references.
    pub fn properties(self, properties: &JavaProperties) -> Self {
        let providers = Arc::new(Providers::of(properties));
        self.properties_under(properties, &providers)
    }

    /// Adds Java client properties that were read already, out of a file that declares these config providers: MM2's own.
    pub fn properties_under(mut self, properties: &JavaProperties, providers: &Arc<Providers>) -> Self {
        let written = |(key, value): (&str, &str)| {
            let written = RawProperty {
                value: value.to_owned(),
                place: properties.place(key).cloned(),
                providers: Arc::clone(providers),
                is_optional: false,
            };
            (key.trim().to_owned(), written)
        };
        self.properties.extend(properties.iter().map(written));
        self
    }

    /// Leaves out, with a [`Note`], what was added so far and whose references lead nowhere: what is added from now on is
    /// meant to be enough.
    pub fn dispensable(mut self) -> Self {
        self.properties.values_mut().for_each(|written| written.is_optional = true);
        self
    }

    /// Adds Java client properties that something else has read.
    pub fn java_pairs(self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        self.properties(&pairs.into_iter().collect())
    }

    /// Adds `key=value` for librdkafka itself, past all mapping.
    ///
    /// # Errors
    /// [`Error::Setting`] when there is no `=`, or the key is one that this program sets on its own.
    pub fn librdkafka(mut self, assignment: &str) -> Result<Self, Error> {
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(self.error(Problem::new("-X", "must be written key=value")));
        };
        let key = key.trim();
        if let Some((_, reason)) = OURS.iter().find(|(ours, _)| *ours == key) {
            return Err(self.error(Problem::new(key, format!("cannot be overridden: {reason}"))));
        }
        let key = match key {
            "metadata.broker.list" => "bootstrap.servers",
            "sasl.mechanism" => "sasl.mechanisms",
            key => key,
        };
        self.overrides.insert(key.to_owned(), Value::new(key, value, false));
        Ok(self)
    }

    /// Understands and checks everything that is used. The environment variables and files that this refers to are read
    /// now; no cluster is contacted.
    ///
    /// # Errors
    /// [`Error::Setting`], which names the key and the remedy and never holds a value that may be secret.
    pub fn build(self) -> Result<ClientSettings, Error> {
        self.build_with(&LocalAccess)
    }

    /// The same, with another environment and other files.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_with(mut self, access: &dyn ProviderAccess) -> Result<ClientSettings, Error> {
        if let Some(servers) = self.overrides.remove("bootstrap.servers") {
            let place = Place::named("-X bootstrap.servers");
            self.bootstrap_servers = Some((servers.reveal().to_owned(), place));
        }
        let servers = self.bootstrap_servers.as_ref().map(|(servers, place)| {
            BootstrapServers::parse(servers)
                .map_err(|error| self.error(Problem::new(&place.to_string(), error.to_string())))
        });
        if let Some(servers) = servers.transpose()? {
            let servers = Value::new("bootstrap.servers", servers.to_string(), false);
            self.overrides.insert("bootstrap.servers".to_owned(), servers);
        }
        let overridden = match self.overrides.get("security.protocol") {
            Some(value) => Some(Protocol::parse(value.reveal()).ok_or_else(|| {
                let known = "must be plaintext, ssl, sasl_plaintext or sasl_ssl";
                self.error(Problem::new("security.protocol", known))
            })?),
            None => None,
        };
        let mut properties = JavaClient::new(self.properties.clone(), access, &self.overrides);
        let protocol = properties.map(overridden).map_err(|problem| self.error(problem))?;
        let (mut values, mut notes) = (properties.values, properties.notes);
        for note in &mut notes {
            note.place = self.properties.get(note.key()).and_then(|written| written.place.clone());
        }
        values.extend(self.overrides.iter().map(|(key, value)| (key.clone(), value.clone())));
        values.entry("client.id".into()).or_insert_with(|| Value::new("client.id", "offsets", false));
        let settings = ClientSettings { cluster: self.cluster.clone(), values, notes };
        check::check(&settings, protocol).map_err(|problem| self.error(problem))?;
        Ok(settings)
    }

    /// An error that names the key as it was written, and where.
    fn error(&self, problem: Problem) -> Error {
        let place = self.properties.get(&problem.key).and_then(|written| written.place.as_ref());
        let key = place.map_or(problem.key, Place::to_string);
        Error::Setting { cluster: self.cluster.clone(), key, problem: problem.text }
    }
}

/// Keys on which this program's promises rest.
const OURS: &[(&str, &str)] = &[
    ("group.id", "offsets never joins a group"),
    ("enable.auto.commit", "offsets commits only what it was told to"),
    ("enable.auto.offset.store", "offsets commits only what it was told to"),
    ("auto.commit.enable", "offsets commits only what it was told to"),
    ("auto.offset.reset", "a position that is gone must be an error"),
    ("isolation.level", "internal topics are read committed"),
    ("enable.partition.eof", "offsets finds the end of a log with it"),
    ("check.crcs", "a damaged record must be an error"),
    ("allow.auto.create.topics", "offsets creates no topics"),
    ("test.mock.num.brokers", "the embedded clusters are started with --demo"),
    ("log.queue", "it is set by the client library"),
];

#[cfg(test)]
mod tests;
