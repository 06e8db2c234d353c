//! Producing records that carry their own identity.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::{Log, LoggedRecord, TIMEOUT, client};
use crate::wait;

/// The identity of a produced record, unique within a topic. It is the record's whole value, so that a copy can be
/// recognised wherever it turns up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u64);

impl RecordId {
    /// The value of the record with this identity.
    fn value(self) -> String {
        format!("id-{:012}", self.0)
    }

    /// The identity in a record's value; `None` for a record that the tests did not produce.
    pub fn of(value: &[u8]) -> Option<Self> {
        std::str::from_utf8(value).ok()?.strip_prefix("id-")?.parse().ok().map(Self)
    }
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its records count.
    Commit,
    /// Its records stay in the log, and readers of committed records do not see them.
    Abort,
}

/// Writes to chosen partitions of one topic, and remembers where every record landed.
pub struct Producer {
    inner: BaseProducer<Landings>,
    topic: String,
}

impl Producer {
    /// A plain producer: batches are large, order is kept.
    ///
    /// # Errors
    ///
    /// When the client cannot be made.
    pub fn new(bootstrap: &str, topic: &str) -> Result<Self> {
        Self::with(client(bootstrap).set("enable.idempotence", "true"), topic)
    }

    /// A producer for [`Producer::transaction`].
    ///
    /// # Errors
    ///
    /// When the broker does not let it begin.
    pub fn transactional(bootstrap: &str, topic: &str) -> Result<Self> {
        let id = format!("{topic}-writer");
        let producer = Self::with(client(bootstrap).set("transactional.id", id), topic)?;
        producer.inner.init_transactions(TIMEOUT)?;
        Ok(producer)
    }

    fn with(config: &rdkafka::ClientConfig, topic: &str) -> Result<Self> {
        let mut config = config.clone();
        config.set("linger.ms", "2").set("delivery.timeout.ms", "60000");
        Ok(Self { inner: config.create_with_context(Landings::default())?, topic: topic.to_owned() })
    }

    /// Hands one record over for sending.
    ///
    /// # Errors
    ///
    /// When the client refuses it.
    pub fn send(&self, partition: i32, key: &str, id: RecordId) -> Result<()> {
        let value = id.value();
        let opaque = usize::try_from(id.0)?;
        let mut record = BaseRecord::with_opaque_to(&self.topic, opaque).partition(partition);
        record = record.key(key).payload(&value);
        loop {
            match self.inner.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                    self.inner.poll(Duration::from_millis(10));
                    record = unsent;
                }
                Err((error, _)) => return Err(error).context("produce"),
            }
        }
    }

    /// Waits until every record handed over is in the log.
    ///
    /// # Errors
    ///
    /// When one of them was not delivered.
    pub fn flush(&self) -> Result<()> {
        // the client's own flush looks only every 100 ms, which is long in a test of 200 transactions
        let deadline = wait::now() + TIMEOUT * 2;
        while self.inner.in_flight_count() > 0 {
            self.inner.poll(Duration::from_millis(1));
            ensure!(wait::now() < deadline, "topic {} did not take all records in time", self.topic);
        }
        match self.inner.context().state().failed {
            0 => Ok(()),
            failed => bail!("{failed} records of topic {} were not delivered", self.topic),
        }
    }

    /// Runs `write` in a transaction. Aborted records are in the log all the same: they are flushed first.
    ///
    /// # Errors
    ///
    /// When the broker refuses, or `write` fails.
    pub fn transaction(&self, ending: Ending, write: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        self.inner.begin_transaction()?;
        write(self)?;
        self.flush()?;
        match ending {
            Ending::Commit => self.inner.commit_transaction(TIMEOUT)?,
            Ending::Abort => self.inner.abort_transaction(TIMEOUT)?,
        }
        Ok(())
    }

    /// Where every record landed, aborted ones among them.
    ///
    /// # Errors
    ///
    /// Like [`Producer::flush`].
    pub fn landed(&self) -> Result<Log> {
        self.flush()?;
        let mut log = Log::default();
        for (partition, record) in &self.inner.context().state().landed {
            log.push(*partition, *record);
        }
        Ok(log)
    }
}

/// Writes records with any key and value, each to its partition, and waits until they are there.
///
/// # Errors
///
/// When one of them was not delivered.
pub fn write(bootstrap: &str, topic: &str, records: &[(i32, Option<&str>, Option<&str>)]) -> Result<()> {
    write_at(bootstrap, topic, None, records)
}

/// Writes records with a timestamp in milliseconds since 1970, or without one with the time of now.
///
/// # Errors
///
/// When one of them was not delivered.
pub fn write_at(
    bootstrap: &str,
    topic: &str,
    timestamp_ms: Option<i64>,
    records: &[(i32, Option<&str>, Option<&str>)],
) -> Result<()> {
    let mut config = client(bootstrap);
    // How large a record may be is the topic's to say.
    config.set("enable.idempotence", "true").set("message.max.bytes", "100000000");
    let producer: BaseProducer<Landings> = config.create_with_context(Landings::default())?;
    for (partition, key, value) in records {
        let mut record = BaseRecord::<str, str, usize>::with_opaque_to(topic, 0).partition(*partition);
        (record.key, record.payload, record.timestamp) = (*key, *value, timestamp_ms);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    let producer = Producer { inner: producer, topic: topic.to_owned() };
    producer.flush()
}

/// Collects the broker's acknowledgements.
#[derive(Default)]
struct Landings(Mutex<State>);

#[derive(Default)]
struct State {
    landed: Vec<(i32, LoggedRecord)>,
    failed: usize,
}

impl Landings {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Landings {}

impl ProducerContext for Landings {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, id: usize) {
        let mut state = self.state();
        match result {
            Ok(message) => {
                let record = LoggedRecord { offset: message.offset(), id: Some(RecordId(id as u64)) };
                state.landed.push((message.partition(), record));
            }
            Err(_) => state.failed += 1,
        }
    }
}
