use std::collections::BTreeMap;

use offsets_core::config::{BootstrapServers, ProviderAccess, Resolved};

use super::jaas::JaasEntry;
use super::keystore;
use super::note::{Note, Why};
use super::raw_property::RawProperty;
use super::secret::Value;

/// What is wrong with one key.
pub(super) struct Problem {
    pub(super) key: String,
    pub(super) text: String,
}

impl Problem {
    pub(super) fn new(key: &str, text: impl Into<String>) -> Self {
        Self { key: key.to_owned(), text: text.into() }
    }
}

/// How a client talks to a broker: Java's `security.protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Protocol {
    pub(super) tls: bool,
    pub(super) sasl: bool,
}

impl Protocol {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "plaintext" => Self { tls: false, sasl: false },
            "ssl" => Self { tls: true, sasl: false },
            "sasl_plaintext" => Self { tls: false, sasl: true },
            "sasl_ssl" => Self { tls: true, sasl: true },
            _ => return None,
        })
    }

    fn librdkafka(self) -> &'static str {
        match (self.sasl, self.tls) {
            (false, false) => "plaintext",
            (false, true) => "ssl",
            (true, false) => "sasl_plaintext",
            (true, true) => "sasl_ssl",
        }
    }
}

/// A Java client's properties while they are being understood: each is resolved only when it is used.
pub(super) struct JavaClient<'a> {
    left: BTreeMap<String, RawProperty>,
    access: &'a dyn ProviderAccess,
    /// librdkafka's keys that are set in another way and win: what would only set these is not looked at.
    overridden: &'a BTreeMap<String, Value>,
    /// librdkafka's keys, as far as understood.
    pub(super) values: BTreeMap<String, Value>,
    /// What had no effect.
    pub(super) notes: Vec<Note>,
}

impl<'a> JavaClient<'a> {
    pub(super) fn new(
        properties: BTreeMap<String, RawProperty>,
        access: &'a dyn ProviderAccess,
        overridden: &'a BTreeMap<String, Value>,
    ) -> Self {
        Self { left: properties, access, overridden, values: BTreeMap::new(), notes: Vec::new() }
    }

    /// Understands all of them. `overridden` is the protocol that an override already sets.
    pub(super) fn map(&mut self, overridden: Option<Protocol>) -> Result<Protocol, Problem> {
        let written = match self.take("security.protocol")? {
            Some(value) => Some(Protocol::parse(&value.text).ok_or_else(|| {
                Problem::new("security.protocol", "must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")
            })?),
            None => None,
        };
        let protocol = overridden.or(written).unwrap_or(Protocol { tls: false, sasl: false });
        self.set("security.protocol", protocol.librdkafka(), false);
        if let Some(servers) = self.take("bootstrap.servers")? {
            let addresses = BootstrapServers::parse(&servers.text).map_err(|error| {
                let shown = if servers.from_provider { error.fault() } else { error.to_string() };
                Problem::new("bootstrap.servers", shown)
            })?;
            self.set("bootstrap.servers", addresses.to_string(), servers.from_provider);
        }
        self.map_shared()?;
        if protocol.sasl {
            self.map_sasl()?;
        }
        if protocol.tls {
            keystore::map(self)?;
        }
        self.note_the_rest(protocol);
        Ok(protocol)
    }

    /// Takes a property out, its references resolved. An empty one is as good as none, and so is one that an override
    /// stands in for.
    pub(super) fn take(&mut self, key: &str) -> Result<Option<Resolved>, Problem> {
        let Some(written) = self.left.remove(key) else { return Ok(None) };
        if self.is_overridden(key) {
            return Ok(None);
        }
        let resolved = match written.resolve(self.access) {
            Ok(resolved) => resolved,
            Err(error) if written.is_optional => {
                self.note(key, Why::LeftOut(error.to_string()));
                return Ok(None);
            }
            Err(error) => return Err(Problem::new(key, error.to_string())),
        };
        for provider in &resolved.undeclared {
            self.note(key, Why::UndeclaredProvider(provider.clone()));
        }
        Ok(Some(resolved).filter(|value| !value.text.trim().is_empty()))
    }

    fn is_overridden(&self, key: &str) -> bool {
        let instead: &[&str] = match key {
            "bootstrap.servers"
            | "security.protocol"
            | "client.id"
            | "client.rack"
            | "client.dns.lookup"
            | "sasl.kerberos.service.name"
            | "sasl.kerberos.min.time.before.relogin"
            | "ssl.endpoint.identification.algorithm"
            | "ssl.key.password"
            | "ssl.keystore.password" => &[key],
            "sasl.mechanism" => &["sasl.mechanisms"],
            "sasl.jaas.config" => &["sasl.username", "sasl.password"],
            "ssl.truststore.location" | "ssl.truststore.certificates" => {
                return ["ssl.ca.location", "ssl.ca.pem"]
                    .iter()
                    .any(|key| self.overridden.contains_key(*key));
            }
            "ssl.keystore.location" => &["ssl.certificate.location", "ssl.key.location"],
            _ => match NUMBERS.iter().find(|number| number.java == key) {
                Some(number) => return self.overridden.contains_key(number.librdkafka),
                None => return false,
            },
        };
        instead.iter().all(|key| self.overridden.contains_key(*key))
    }

    /// Whether the property is there, though it may be empty.
    pub(super) fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    pub(super) fn set(&mut self, key: &str, text: impl Into<String>, from_provider: bool) {
        self.values.insert(key.to_owned(), Value::new(key, text, from_provider));
    }

    pub(super) fn note(&mut self, key: &str, why: Why) {
        self.notes.push(Note { key: key.to_owned(), why, place: None });
    }

    fn map_shared(&mut self) -> Result<(), Problem> {
        for key in ["client.id", "client.rack", "client.dns.lookup"] {
            if let Some(value) = self.take(key)? {
                self.set(key, value.text.trim(), value.from_provider);
            }
        }
        for number in NUMBERS {
            if let Some(value) = self.take(number.java)? {
                let written: i64 = value
                    .text
                    .trim()
                    .parse()
                    .map_err(|_| Problem::new(number.java, "is not a whole number"))?;
                if written < number.java_least || written > number.java_most {
                    let range = format!("must be {} to {}", number.java_least, number.java_most);
                    return Err(Problem::new(number.java, range));
                }
                let meant = if written == -1 { number.for_minus_one } else { written };
                let taken = meant.clamp(number.least, number.most);
                if taken != meant {
                    self.note(number.java, Why::TakenAs(taken));
                }
                self.set(number.librdkafka, taken.to_string(), false);
            }
        }
        Ok(())
    }

    fn map_sasl(&mut self) -> Result<(), Problem> {
        let mechanism = match self.take("sasl.mechanism")? {
            Some(value) => value.text.trim().to_ascii_uppercase(),
            None => "GSSAPI".to_owned(),
        };
        self.set("sasl.mechanisms", mechanism.as_str(), false);
        if let Some(jaas) = self.take("sasl.jaas.config")? {
            self.map_jaas(&mechanism, &jaas)?;
        }
        for key in ["sasl.kerberos.service.name", "sasl.kerberos.min.time.before.relogin"] {
            if mechanism == "GSSAPI"
                && let Some(value) = self.take(key)?
            {
                self.set(key, value.text.trim(), value.from_provider);
            }
        }
        Ok(())
    }

    fn map_jaas(&mut self, mechanism: &str, jaas: &Resolved) -> Result<(), Problem> {
        const KEY: &str = "sasl.jaas.config";
        let entry = JaasEntry::parse(&jaas.text).map_err(|text| {
            // `DirectoryConfigProvider` gives a file's line end with the rest.
            let broken = jaas.from_provider && jaas.text.contains('\n');
            let hint = if broken {
                "; what it refers to ends with a line end, which is part of the value"
            } else {
                ""
            };
            Problem::new(KEY, format!("{text}{hint}"))
        })?;
        let module = match entry.module.rsplit('.').next() {
            Some(name @ ("PlainLoginModule" | "ScramLoginModule" | "Krb5LoginModule")) => name,
            _ => {
                return Err(Problem::new(
                    KEY,
                    "names a login module that only a Java client can run; PlainLoginModule, ScramLoginModule and \
                     Krb5LoginModule are understood",
                ));
            }
        };
        let fits = match module {
            "PlainLoginModule" => mechanism == "PLAIN",
            "ScramLoginModule" => mechanism.starts_with("SCRAM-"),
            _ => mechanism == "GSSAPI",
        };
        if !fits {
            return Err(Problem::new(
                KEY,
                format!("uses {module}, which does not fit sasl.mechanism {mechanism}"),
            ));
        }
        let wanted: &[(&str, &str, bool)] = if module == "Krb5LoginModule" {
            &[("principal", "sasl.kerberos.principal", false), ("keyTab", "sasl.kerberos.keytab", false)]
        } else {
            &[("username", "sasl.username", true), ("password", "sasl.password", true)]
        };
        for (option, key, needed) in wanted {
            match entry.options.get(*option) {
                Some(value) => self.set(key, value.as_str(), jaas.from_provider),
                None if *needed => return Err(Problem::new(KEY, format!("has no {option}"))),
                None => {}
            }
        }
        Ok(())
    }

    fn note_the_rest(&mut self, protocol: Protocol) {
        for key in std::mem::take(&mut self.left).into_keys() {
            let why = if (key.starts_with("ssl.") && !protocol.tls)
                || (key.starts_with("sasl.") && !protocol.sasl)
            {
                Why::OtherProtocol
            } else if ONLY_FOR_JAVA.iter().any(|known| *known == key)
                || ONLY_FOR_JAVA_UNDER.iter().any(|prefix| key.starts_with(prefix))
            {
                Why::OnlyForJava
            } else if WITHOUT_COUNTERPART.contains(&key.as_str()) {
                Why::NoCounterpart
            } else {
                Why::Unknown
            };
            self.notes.push(Note { key, why, place: None });
        }
    }
}

/// A number that both clients have, with librdkafka's range (its CONFIGURATION.md, 2.12) and Java's (`AdminClientConfig`,
/// Kafka 4.3).
struct Number {
    java: &'static str,
    librdkafka: &'static str,
    least: i64,
    most: i64,
    java_least: i64,
    java_most: i64,
    /// What Java means by -1.
    for_minus_one: i64,
}

const fn number(java: &'static str, librdkafka: &'static str, least: i64, most: i64) -> Number {
    Number { java, librdkafka, least, most, java_least: 0, java_most: i64::MAX, for_minus_one: 0 }
}

impl Number {
    /// One that is an `int` in Java.
    const fn int(self) -> Self {
        Self { java_most: INT_MAX, ..self }
    }

    /// One that may be -1 in Java: the default of the system, or never.
    const fn or_minus_one(self) -> Self {
        Self { java_least: -1, ..self }
    }
}

const INT_MAX: i64 = i32::MAX as i64;

const NUMBERS: &[Number] = &[
    number("request.timeout.ms", "socket.timeout.ms", 10, 300_000).int(),
    number("connections.max.idle.ms", "connections.max.idle.ms", 0, INT_MAX).or_minus_one(),
    number("metadata.max.age.ms", "metadata.max.age.ms", 1, 86_400_000),
    number("socket.connection.setup.timeout.ms", "socket.connection.setup.timeout.ms", 1000, INT_MAX),
    number("reconnect.backoff.ms", "reconnect.backoff.ms", 0, 3_600_000),
    number("reconnect.backoff.max.ms", "reconnect.backoff.max.ms", 0, 3_600_000),
    number("retry.backoff.ms", "retry.backoff.ms", 1, 300_000),
    number("retry.backoff.max.ms", "retry.backoff.max.ms", 1, 300_000),
    number("receive.buffer.bytes", "socket.receive.buffer.bytes", 0, 100_000_000).int().or_minus_one(),
    number("send.buffer.bytes", "socket.send.buffer.bytes", 0, 100_000_000).int().or_minus_one(),
];

/// What only Java's consumers, producers, admin clients and MM2 read.
const ONLY_FOR_JAVA: &[&str] = &[
    "acks",
    "allow.auto.create.topics",
    "auto.commit.interval.ms",
    "auto.include.jmx.reporter",
    "auto.offset.reset",
    "batch.size",
    "buffer.memory",
    "check.crcs",
    "compression.type",
    "config.providers",
    "default.api.timeout.ms",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.idempotence",
    "enable.metrics.push",
    "exclude.internal.topics",
    "fetch.max.bytes",
    "fetch.max.wait.ms",
    "fetch.min.bytes",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "interceptor.classes",
    "isolation.level",
    "key.deserializer",
    "key.serializer",
    "linger.ms",
    "max.block.ms",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "max.poll.records",
    "max.request.size",
    "metadata.max.idle.ms",
    "metric.reporters",
    "partition.assignment.strategy",
    "partitioner.class",
    "retries",
    "security.providers",
    "session.timeout.ms",
    "transaction.timeout.ms",
    "transactional.id",
    "value.deserializer",
    "value.serializer",
];

const ONLY_FOR_JAVA_UNDER: &[&str] = &["metrics.", "config.providers.", "compression."];

/// What a Java client would have honoured and librdkafka has no key for.
const WITHOUT_COUNTERPART: &[&str] = &[
    "bootstrap.controllers",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "sasl.client.callback.handler.class",
    "sasl.kerberos.kinit.cmd",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.kerberos.service.name",
    "sasl.kerberos.ticket.renew.jitter",
    "sasl.kerberos.ticket.renew.window.factor",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.login.connect.timeout.ms",
    "sasl.login.read.timeout.ms",
    "sasl.login.refresh.buffer.seconds",
    "sasl.login.refresh.min.period.seconds",
    "sasl.login.refresh.window.factor",
    "sasl.login.refresh.window.jitter",
    "sasl.login.retry.backoff.max.ms",
    "sasl.login.retry.backoff.ms",
    "socket.connection.setup.timeout.max.ms",
    "ssl.cipher.suites",
    "ssl.enabled.protocols",
    "ssl.engine.factory.class",
    "ssl.keymanager.algorithm",
    "ssl.protocol",
    "ssl.provider",
    "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm",
];
