use std::time::Duration;

use anyhow::{Context, Result, ensure};
use offsets_tests::kafka::{self, Isolation, Topic};
use rdkafka::{Message as _, Timestamp};

/// What came to lie in a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// How many committed records.
    pub records: u64,
    /// From the time at which the broker took the first one to that of the last.
    pub span: Duration,
}

impl Output {
    /// Makes a topic whose records bear the broker's time.
    pub(super) fn create(bootstrap: &str, topic: &str, partitions: i32) -> Result<()> {
        Topic::new(topic, partitions).set("message.timestamp.type", "LogAppendTime").create(bootstrap)
    }

    /// Shows key and value of each committed record.
    pub(super) fn read(
        bootstrap: &str,
        topic: &str,
        mut see: impl FnMut([u8; 16], &[u8]) -> Result<()>,
    ) -> Result<Self> {
        let (mut records, mut first, mut last) = (0, i64::MAX, i64::MIN);
        kafka::read_whole(bootstrap, topic, Isolation::ReadCommitted, |message| {
            let Timestamp::LogAppendTime(at) = message.timestamp() else {
                anyhow::bail!("a time of another clock")
            };
            (records, first, last) = (records + 1, first.min(at), last.max(at));
            let key = message.key().unwrap_or_default().try_into().context("a key of 16 bytes")?;
            see(key, message.payload().unwrap_or_default())
        })?;
        ensure!(records > 0, "{topic} is empty");
        Ok(Self { records, span: Duration::from_millis((last - first).unsigned_abs()) })
    }
}
