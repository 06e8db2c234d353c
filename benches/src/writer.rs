use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

const PATIENCE: Duration = Duration::from_secs(60);

/// Writes one topic in batches as large as MM2's own producers make them.
pub(crate) struct Writer<'t> {
    producer: BaseProducer,
    topic: &'t str,
}

impl<'t> Writer<'t> {
    pub(crate) fn new(bootstrap: &str, topic: &'t str) -> Result<Self> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            // nothing is lost, doubled or swapped on the way
            .set("enable.idempotence", "true")
            .set("batch.size", "16384")
            .set("linger.ms", "5")
            .create()?;
        Ok(Self { producer, topic })
    }

    pub(crate) fn write(&self, partition: i32, key: &[u8], value: &[u8]) -> Result<()> {
        self.write_at(partition, key, value, None)
    }

    pub(crate) fn write_at(
        &self,
        partition: i32,
        key: &[u8],
        value: &[u8],
        timestamp: Option<i64>,
    ) -> Result<()> {
        let mut record = BaseRecord::to(self.topic).partition(partition).key(key).payload(value);
        if let Some(timestamp) = timestamp {
            record = record.timestamp(timestamp);
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                    self.producer.poll(Duration::from_millis(100));
                    record = unsent;
                }
                Err((error, _)) => {
                    return Err(error).with_context(|| format!("produce to {}", self.topic));
                }
            }
        }
    }

    /// Waits until everything is written, and looks whether it is.
    pub(crate) fn finish(self, partitions: i32, end: i64) -> Result<()> {
        self.flush()?;
        (0..partitions).try_for_each(|partition| self.look_at(partition, end))
    }

    /// Waits until everything is written.
    pub(crate) fn flush(&self) -> Result<()> {
        Ok(self.producer.flush(PATIENCE)?)
    }

    /// Looks whether a partition ends where it should.
    pub(crate) fn look_at(&self, partition: i32, end: i64) -> Result<()> {
        let found = self.producer.client().fetch_watermarks(self.topic, partition, PATIENCE)?;
        ensure!(found == (0, end), "{}-{partition} holds {found:?}, not 0..{end}", self.topic);
        Ok(())
    }
}
