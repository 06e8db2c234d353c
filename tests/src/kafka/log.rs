//! Whole logs: every record of a topic, with its offset and its identity.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers as _, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::topics::count_partitions;
use super::{RecordId, TIMEOUT, client};
use crate::wait;

/// Which records a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Not those of open and aborted transactions.
    ReadCommitted,
    /// All of them.
    ReadUncommitted,
}

impl Isolation {
    /// The value of `isolation.level`.
    pub fn level(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read_committed",
            Self::ReadUncommitted => "read_uncommitted",
        }
    }
}

/// One data record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedRecord {
    /// Its offset in the log it was read from.
    pub offset: i64,
    /// Who it is; `None` for a record that the tests did not produce.
    pub id: Option<RecordId>,
}

/// One partition, in offset order. Offsets without a data record are simply not there: transaction markers, aborted
/// records, what compaction took.
#[derive(Clone, Debug, Default)]
pub struct PartitionLog {
    /// Log start offset.
    pub start: i64,
    /// Log end offset (last stable offset for a reader of committed records), exclusive.
    pub end: i64,
    /// The data records.
    pub records: Vec<LoggedRecord>,
}

/// All partitions of a topic.
#[derive(Clone, Debug, Default)]
pub struct Log {
    partitions: BTreeMap<i32, PartitionLog>,
}

impl Log {
    /// Reads a topic from its start to the end it had when the read began.
    ///
    /// # Errors
    ///
    /// When there is no such topic, or not all of it came in time.
    pub fn read(bootstrap: &str, topic: &str, isolation: Isolation) -> Result<Self> {
        let mut log = Self::default();
        let bounds = read_whole(bootstrap, topic, isolation, |message| {
            let id = message.payload().and_then(RecordId::of);
            log.push(message.partition(), LoggedRecord { offset: message.offset(), id });
            Ok(())
        })?;
        for (partition, (start, end)) in bounds {
            let part = log.partitions.entry(partition).or_default();
            (part.start, part.end) = (start, end);
            // records that came after the end was taken
            part.records.retain(|record| record.offset < end);
        }
        Ok(log)
    }

    /// Adds one record behind those of its partition.
    pub fn push(&mut self, partition: i32, record: LoggedRecord) {
        let part = self.partitions.entry(partition).or_default();
        part.records.push(record);
        part.end = part.end.max(record.offset + 1);
    }

    /// Adds all records of `other`, which come after these.
    pub fn append(&mut self, other: Self) {
        for (partition, part) in other.partitions {
            for record in part.records {
                self.push(partition, record);
            }
        }
    }

    /// The partitions, in order.
    pub fn partitions(&self) -> impl Iterator<Item = (i32, &PartitionLog)> {
        self.partitions.iter().map(|(number, part)| (*number, part))
    }

    /// One partition.
    pub fn partition(&self, number: i32) -> Option<&PartitionLog> {
        self.partitions.get(&number)
    }

    /// How many data records there are in all.
    pub fn len(&self) -> usize {
        self.partitions.values().map(|part| part.records.len()).sum()
    }

    /// Whether there is no data record at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads a topic to its end and shows each message to `see`; gives start and end of each partition.
///
/// # Errors
///
/// As [`Log::read`], and what `see` says.
pub fn read_whole(
    bootstrap: &str,
    topic: &str,
    isolation: Isolation,
    mut see: impl FnMut(&BorrowedMessage<'_>) -> Result<()>,
) -> Result<BTreeMap<i32, (i64, i64)>> {
    let consumer = reader(bootstrap, isolation)?;
    let Some(partitions) = count_partitions(&consumer, topic)? else {
        bail!("no topic {topic} on {bootstrap}")
    };
    let mut bounds = BTreeMap::new();
    for partition in 0..partitions {
        // a topic that was just made is announced before its broker leads it
        let bound = wait::until(&format!("the ends of topic {topic}"), TIMEOUT, || {
            watermarks(&consumer, topic, partition)
        });
        bounds.insert(partition, bound?);
    }
    assign(&consumer, topic, partitions)?;
    let mut open: BTreeSet<i32> = (0..partitions).collect();
    let deadline = wait::now() + TIMEOUT * 2;
    while !open.is_empty() {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => see(&message)?,
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) => return Err(error).with_context(|| format!("read topic {topic}")),
            None => {}
        }
        if wait::now() > deadline {
            bail!("topic {topic}: partitions {open:?} were not read to their ends in time");
        }
    }
    Ok(bounds)
}

/// Start and end of a partition; `None` while it has no leader yet.
fn watermarks(consumer: &BaseConsumer, topic: &str, partition: i32) -> Result<Option<(i64, i64)>> {
    match consumer.fetch_watermarks(topic, partition, TIMEOUT) {
        Ok(watermarks) => Ok(Some(watermarks)),
        Err(error) if error.rdkafka_error_code().is_some_and(is_young) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("ends of topic {topic}")),
    }
}

fn is_young(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::NotLeaderForPartition | Code::LeaderNotAvailable | Code::UnknownTopicOrPartition)
}

/// A record as it is, whichever producer wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The partition it is in.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// Names and values of its headers.
    pub headers: Vec<(String, Vec<u8>)>,
}

/// Reads a topic to its end: the records of each partition in their order.
///
/// # Errors
///
/// When there is no such topic, or not all of it came in time.
pub fn records(bootstrap: &str, topic: &str, isolation: Isolation) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    read_whole(bootstrap, topic, isolation, |message| {
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let header =
            |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.unwrap_or_default().to_vec());
        records.push(Record {
            partition: message.partition(),
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.map(header).collect(),
        });
        Ok(())
    })?;
    Ok(records)
}

/// Waits until no transaction is open in a topic: until then a reader of committed records sees less than there will be.
///
/// # Errors
///
/// When one does not end in time, which none does that outlives its own timeout.
pub fn await_transactions(bootstrap: &str, topic: &str) -> Result<()> {
    let readers =
        [reader(bootstrap, Isolation::ReadCommitted)?, reader(bootstrap, Isolation::ReadUncommitted)?];
    let partitions = count_partitions(&readers[0], topic)?.with_context(|| format!("no topic {topic}"))?;
    for partition in 0..partitions {
        let mut last = None;
        wait::until(&format!("the transactions in {topic}-{partition}"), TIMEOUT * 2, || {
            let [stable, high] =
                [watermarks(&readers[0], topic, partition)?, watermarks(&readers[1], topic, partition)?];
            last = stable;
            Ok((stable.is_some() && stable == high).then_some(()))
        })
        .with_context(|| format!("one is open at {last:?}"))?;
    }
    Ok(())
}

/// Reads a growing topic as it comes.
pub struct Follower {
    consumer: BaseConsumer,
    topic: String,
}

impl Follower {
    /// Starts at the beginning of a topic.
    ///
    /// # Errors
    ///
    /// When the client cannot be made.
    pub fn new(bootstrap: &str, topic: &str, partitions: i32, isolation: Isolation) -> Result<Self> {
        let consumer = reader(bootstrap, isolation)?;
        assign(&consumer, topic, partitions)?;
        Ok(Self { consumer, topic: topic.to_owned() })
    }

    /// The next record with its partition, or `None` when none came for a moment.
    ///
    /// # Errors
    ///
    /// When the broker refuses to be read.
    pub fn next(&self) -> Result<Option<(i32, LoggedRecord)>> {
        match self.consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                let id = message.payload().and_then(RecordId::of);
                Ok(Some((message.partition(), LoggedRecord { offset: message.offset(), id })))
            }
            Some(Err(KafkaError::PartitionEOF(_))) | None => Ok(None),
            Some(Err(error)) => Err(error).with_context(|| format!("follow topic {}", self.topic)),
        }
    }
}

fn reader(bootstrap: &str, isolation: Isolation) -> Result<BaseConsumer> {
    let mut config = client(bootstrap);
    // the group id is required by the client and never used: nothing is committed
    config.set("group.id", "offsets-tests-reader").set("enable.auto.commit", "false");
    config.set("isolation.level", isolation.level()).set("enable.partition.eof", "true");
    // the defaults make a bulk read wait a second whenever 100,000 messages are queued
    config.set("fetch.queue.backoff.ms", "1").set("fetch.wait.max.ms", "10");
    Ok(config.create()?)
}

/// Every partition from its beginning.
fn assign(consumer: &BaseConsumer, topic: &str, partitions: i32) -> Result<()> {
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    Ok(consumer.assign(&list)?)
}
