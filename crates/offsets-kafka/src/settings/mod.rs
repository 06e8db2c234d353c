//! How a client reaches a cluster: Java's `client.properties`, librdkafka's own keys, and what becomes of secrets.
//!
//! Data flows one way: Java properties have their references resolved ([`references`]), become librdkafka's keys
//! ([`java`], [`jaas`], [`keystore`]), are overridden by what was said on the command line, and are checked by librdkafka
//! itself. From then on every secret is a [`secret::Value`], which shows itself to nobody.

mod jaas;
mod java;
mod keystore;
mod note;
mod pem;
mod references;
mod secret;

use std::collections::BTreeMap;

use offsets_core::model::ClusterAlias;
use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;

pub use note::Note;

use crate::Error;
use java::{JavaProperties, Problem, Protocol};
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

    /// What was read and had no effect: Java's own keys, and keys that nobody knows.
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
/// bootstrap servers, and these over a Java properties file.
#[derive(Debug, Clone)]
pub struct ClientSettingsBuilder {
    cluster: ClusterAlias,
    bootstrap_servers: Option<String>,
    properties: BTreeMap<String, Hidden>,
    overrides: BTreeMap<String, Value>,
}

/// A property as it was written; until it is understood, nobody knows whether it is a secret.
#[derive(Clone)]
struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hidden]")
    }
}

impl ClientSettingsBuilder {
    /// Sets the brokers to start from: `host:port`, separated by commas.
    pub fn bootstrap_servers(mut self, servers: impl Into<String>) -> Self {
        self.bootstrap_servers = Some(servers.into());
        self
    }

    /// Adds the content of a Java `client.properties` file. As in Java, bytes are ISO-8859-1 and `\uXXXX` is any other
    /// character.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is no properties file.
    pub fn java_properties(self, content: impl AsRef<[u8]>) -> Result<Self, Error> {
        let properties = java_properties::read(content.as_ref()).map_err(|error| {
            let line = error.line_number().map(|line| format!(" at line {line}")).unwrap_or_default();
            self.error(Problem::new("client properties", format!("malformed properties file{line}")))
        })?;
        Ok(self.java_pairs(properties))
    }

    /// Adds Java client properties that something else has read, for example out of MM2's own file.
    pub fn java_pairs(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        self.properties.extend(pairs.into_iter().map(|(key, value)| (key.trim().to_owned(), Hidden(value))));
        self
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

    /// Understands and checks everything. Environment variables and files that properties refer to are read now;
    /// no cluster is contacted.
    ///
    /// # Errors
    /// [`Error::Setting`], which names the key and the remedy and never holds a value that may be secret.
    pub fn build(self) -> Result<ClientSettings, Error> {
        self.build_in(&|name| std::env::var(name).ok())
    }

    fn build_in(self, environment: &dyn Fn(&str) -> Option<String>) -> Result<ClientSettings, Error> {
        let overridden = match self.overrides.get("security.protocol") {
            Some(value) => Some(Protocol::parse(value.reveal()).ok_or_else(|| {
                let known = "must be plaintext, ssl, sasl_plaintext or sasl_ssl";
                self.error(Problem::new("security.protocol", known))
            })?),
            None => None,
        };
        let written = self.properties.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect();
        let mut properties = JavaProperties::new(written, environment);
        let protocol = properties.map(overridden).map_err(|problem| self.error(problem))?;
        let (mut values, notes) = (properties.values, properties.notes);
        if let Some(servers) = &self.bootstrap_servers {
            values.insert("bootstrap.servers".into(), Value::new("bootstrap.servers", servers.trim(), false));
        }
        values.extend(self.overrides.iter().map(|(key, value)| (key.clone(), value.clone())));
        values.entry("client.id".into()).or_insert_with(|| Value::new("client.id", "offsets", false));
        let settings = ClientSettings { cluster: self.cluster.clone(), values, notes };
        self.check(&settings, protocol).map_err(|problem| self.error(problem))?;
        Ok(settings)
    }

    fn check(&self, settings: &ClientSettings, protocol: Protocol) -> Result<(), Problem> {
        if settings.values.get("bootstrap.servers").is_none_or(|servers| servers.reveal().trim().is_empty()) {
            return Err(Problem::new("bootstrap.servers", "is not set, so there is no broker to start from"));
        }
        check_build(settings, protocol, &built_in_features())?;
        // What needs a newer or fuller librdkafka, or is misspelt, is known only to librdkafka.
        match settings.librdkafka().create_native_config() {
            Ok(_) => Ok(()),
            Err(KafkaError::ClientConfig(_, said, key, _)) => {
                let hide = settings.values.get(&key).is_some_and(Value::is_secret);
                let said = if hide {
                    "librdkafka does not take its value".to_owned()
                } else {
                    settings.scrub(&said)
                };
                Err(Problem::new(&key, said))
            }
            Err(_) => {
                Err(Problem::new("client settings", "hold a character that librdkafka cannot take (NUL)"))
            }
        }
    }

    fn error(&self, problem: Problem) -> Error {
        Error::Setting { cluster: self.cluster.clone(), key: problem.key, problem: problem.text }
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

/// What the librdkafka that this program was linked with can do, in its own words (`ssl`, `sasl_scram`, ...).
fn built_in_features() -> String {
    ClientConfig::new()
        .create_native_config()
        .and_then(|config| config.get("builtin.features"))
        .unwrap_or_default()
}

fn check_build(settings: &ClientSettings, protocol: Protocol, features: &str) -> Result<(), Problem> {
    let has = |feature: &str| features.split(',').any(|built| built.trim() == feature);
    const WITH_TLS: &str = "build it with: cargo build --release --features tls";
    if protocol.tls && !has("ssl") {
        let text = format!("asks for TLS, which this build lacks; {WITH_TLS}");
        return Err(Problem::new("security.protocol", text));
    }
    if !protocol.sasl {
        return Ok(());
    }
    let mechanism =
        settings.values.get("sasl.mechanisms").map_or("GSSAPI", Value::reveal).to_ascii_uppercase();
    let lacks = |text: &str| Err(Problem::new("sasl.mechanism", text));
    match mechanism.as_str() {
        "PLAIN" => {}
        "SCRAM-SHA-256" | "SCRAM-SHA-512" if has("sasl_scram") => {}
        "SCRAM-SHA-256" | "SCRAM-SHA-512" => {
            return lacks(&format!("SCRAM needs a build with TLS; {WITH_TLS}"));
        }
        "GSSAPI" if has("sasl_gssapi") => return Ok(()),
        "GSSAPI" => {
            return lacks(
                "GSSAPI (Kerberos, the default) needs a build with it; build it with: cargo build --release \
                          --features gssapi",
            );
        }
        "OAUTHBEARER" => {
            return lacks("OAUTHBEARER is in no build of offsets; PLAIN and SCRAM are, GSSAPI can be");
        }
        _ => return lacks("must be PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or GSSAPI"),
    }
    for (key, what) in [("sasl.username", "user name"), ("sasl.password", "password")] {
        if !settings.values.contains_key(key) {
            return Err(Problem::new("sasl.jaas.config", format!("is not set, so there is no {what}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
