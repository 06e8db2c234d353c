use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use offsets_core::model::{LogRange, TopicName, TopicPartition};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers as _, OwnedHeaders, Timestamp};
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::cluster::{cause, metadata};
use crate::connection::{Connection, serve};
use crate::cursor::Cursor;
use crate::fetcher::{FetchProfile, Fetcher};
use crate::ffi::{header, without};
use crate::{Cause, Cluster, Deadline, Error, Isolation, Shortfall, Subject};

/// A record as the log holds it, for as long as the visitor looks at it.
#[derive(Clone, Copy)]
pub struct RawRecord<'a> {
    /// The partition it is in.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since 1970 (UTC), set by the producer or the broker as the topic is configured; `None` in logs
    /// older than timestamps.
    pub timestamp_ms: Option<i64>,
    /// The key; `None` is null, which is not the same as empty.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone in a compacted topic.
    pub value: Option<&'a [u8]>,
    /// Whether the timestamp is the producer's (`CreateTime`).
    pub is_producers_timestamp: bool,
    pub(crate) headers: Option<&'a BorrowedHeaders>,
    /// Headers of this name are not shown.
    hidden: Option<&'a str>,
}

impl<'a> RawRecord<'a> {
    pub(crate) fn of(message: &'a BorrowedMessage<'_>) -> Self {
        Self {
            partition: message.partition(),
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key(),
            value: message.payload(),
            is_producers_timestamp: matches!(message.timestamp(), Timestamp::CreateTime(_)),
            headers: message.headers(),
            hidden: None,
        }
    }

    /// Names and values of the headers, in their order; a null value is `None`. Java writes any bytes for a name: one that is not
    /// UTF-8 is shown as U+FFFD, so that it cannot be asked for, and is passed on as it is.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, Option<&'a [u8]>)> {
        let (headers, hidden) = (self.headers, self.hidden);
        let count = headers.map_or(0, |headers| headers.count());
        (0..count).filter_map(move |at| header(headers?, at)).filter(move |(name, _)| hidden != Some(*name))
    }

    /// The record without its headers of this name.
    #[must_use]
    pub fn without_header(self, name: &'a str) -> Self {
        Self { hidden: Some(name), ..self }
    }

    /// The headers that are shown, to be sent again.
    pub(crate) fn carried(&self) -> Option<OwnedHeaders> {
        let headers = self.headers?;
        Some(self.hidden.map_or_else(|| headers.detach(), |name| without(headers, name)))
    }

    /// The value of the last header of this name.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        let headers = self.headers.filter(|_| self.hidden != Some(name))?;
        let newest_first = (0..headers.count()).rev().filter_map(|at| header(headers, at));
        newest_first.filter(|(known, _)| *known == name).find_map(|(_, value)| value)
    }
}

/// How far a read has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records visited.
    pub records: u64,
    /// Offsets passed, of all partitions together.
    pub offsets: u64,
    /// Offsets to pass. Control records and compaction leave holes, so fewer records than these will come.
    pub of: u64,
}

/// A partition that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionRead {
    /// The partition.
    pub partition: TopicPartition,
    /// The offsets that were read: all that the log held when the read began, or the span asked for.
    pub range: LogRange<i64>,
    /// How many records that was.
    pub records: u64,
}

/// A read of one topic that is being prepared; see [`Cluster::read`].
#[must_use = "nothing is read before `visit`"]
pub struct TopicRead<'c> {
    cluster: &'c Cluster,
    topic: TopicName,
    wanted: BTreeMap<i32, Option<Range<i64>>>,
    isolation: Isolation,
    clipped: bool,
    bulky: bool,
    on_progress: Option<Box<dyn FnMut(Progress) + 'c>>,
}

impl Cluster {
    /// Prepares to read a topic's records: whole partitions or spans of them, read committed.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use offsets_kafka::{ClientSettings, Cluster, Deadline, Error};
    /// # fn main() -> Result<(), Error> {
    /// # let settings = ClientSettings::builder("dst").bootstrap_servers("127.0.0.1:9092").build()?;
    /// # let deadline = Deadline::after(Duration::from_secs(10));
    /// # let cluster = Cluster::connect(&settings, &deadline)?;
    /// let mut bytes = 0;
    /// cluster.read(&"src.checkpoints.internal".into()).visit(&deadline, |record| {
    ///     bytes += record.value.map_or(0, <[u8]>::len);
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(&self, topic: &TopicName) -> TopicRead<'_> {
        TopicRead {
            cluster: self,
            topic: topic.clone(),
            wanted: BTreeMap::new(),
            isolation: Isolation::ReadCommitted,
            clipped: false,
            bulky: false,
            on_progress: None,
        }
    }
}

impl<'c> TopicRead<'c> {
    /// Reads this partition whole. Without any partition named, all are read.
    pub fn partition(mut self, partition: i32) -> Self {
        self.wanted.insert(partition, None);
        self
    }

    /// Reads these offsets of this partition and no others. `offsets.end` is not read.
    pub fn span(mut self, partition: i32, offsets: Range<i64>) -> Self {
        self.wanted.insert(partition, Some(offsets));
        self
    }

    /// Reads what this isolation shows; without it, committed records.
    pub fn isolated(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Reads of each span what the log holds of it, where it would be an error that it does not hold all.
    pub fn clipped(mut self) -> Self {
        self.clipped = true;
        self
    }

    /// Fetches as much at a time for spans as for whole partitions: there is much to read in them.
    pub fn in_bulk(mut self) -> Self {
        self.bulky = true;
        self
    }

    /// Calls `hook` now and then, about every 16,000 records and at the end.
    pub fn on_progress(mut self, hook: impl FnMut(Progress) + 'c) -> Self {
        self.on_progress = Some(Box::new(hook));
        self
    }

    /// Reads, and shows each record to `visitor`: the records of one partition in their order, partitions in any order
    /// among each other. A partition is read from its log start offset to the last stable offset it has when the read
    /// begins; records of aborted transactions are not shown.
    ///
    /// All or nothing: on an error, what the visitor has seen is no answer.
    ///
    /// # Errors
    /// - [`Error::ShortRead`] when the deadline passes, or the log is truncated or loses records meanwhile;
    /// - [`Error::OutsideLog`] when a span is not in the log;
    /// - [`Error::TimedOut`] when the deadline passes before the first record could be asked for;
    /// - [`Error::UnknownTopic`], [`Error::Unauthorised`];
    /// - [`Error::Refused`] for a record that cannot be read, such as one with a wrong checksum.
    pub fn visit(
        mut self,
        deadline: &Deadline,
        mut visitor: impl FnMut(RawRecord<'_>),
    ) -> Result<Vec<PartitionRead>, Error> {
        let cursors = self.cursors(deadline)?;
        let mut on_progress = self.on_progress.take();
        let of = cursors.iter().map(Cursor::left).sum();
        let mut progress = Progress { records: 0, offsets: 0, of };
        let mut tell = |progress| {
            if let Some(hook) = &mut on_progress {
                hook(progress);
            }
        };
        let mut reading = ReadLoop { read: &self, cursors, deadline };
        reading.run(|cursors, record| {
            visitor(record);
            progress.records += 1;
            if progress.records.is_multiple_of(PROGRESS_EVERY) {
                progress.offsets = of - cursors.iter().map(Cursor::left).sum::<u64>();
                tell(progress);
            }
        })?;
        progress.offsets = of;
        tell(progress);
        Ok(reading.cursors.into_iter().map(Cursor::finish).collect())
    }

    /// Where each partition begins and ends.
    fn cursors(&self, deadline: &Deadline) -> Result<Vec<Cursor>, Error> {
        let partitions: Vec<TopicPartition> = if self.wanted.is_empty() {
            self.cluster.partitions(&self.topic, deadline)?
        } else {
            let named = |partition: &i32| TopicPartition::new(self.topic.clone(), *partition);
            self.wanted.keys().map(named).collect()
        };
        let logs = self.cluster.log_ranges(&partitions, self.isolation, deadline).into_result()?;
        let cursor = |(partition, log): (TopicPartition, LogRange<i64>)| {
            let range = match self.wanted.get(&partition.partition) {
                Some(Some(wanted)) if self.clipped => {
                    let start = wanted.start.clamp(log.start, log.end);
                    LogRange { start, end: wanted.end.clamp(start, log.end) }
                }
                Some(Some(wanted)) if wanted.start < log.start || wanted.end > log.end => {
                    let (cluster, wanted) = (self.cluster.alias().clone(), wanted.clone());
                    return Err(Error::OutsideLog { cluster, partition, wanted, log });
                }
                Some(Some(wanted)) => LogRange { start: wanted.start, end: wanted.end },
                _ => log,
            };
            Ok(Cursor::new(partition, range))
        };
        logs.into_iter().map(cursor).collect()
    }

    fn profile(&self) -> FetchProfile {
        let whole = self.wanted.values().all(Option::is_none);
        if whole || self.bulky { FetchProfile::Bulk } else { FetchProfile::Small }
    }
}

/// How often the progress hook is called, in records.
const PROGRESS_EVERY: u64 = 16_384;

/// How often the deadline is looked at while records keep coming, in records: asking the clock takes as long as a
/// record.
const CHECK_INTERVAL: u32 = 1024;

/// How long to wait for records before the deadline is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// After how many turns without a record it is asked whether the log is still there. librdkafka itself waits half a minute
/// for a topic that was deleted to come back.
const MAX_SILENT_POLLS: u32 = 20;

/// A read that is under way.
struct ReadLoop<'r, 'c> {
    read: &'r TopicRead<'c>,
    cursors: Vec<Cursor>,
    deadline: &'r Deadline,
}

impl ReadLoop<'_, '_> {
    fn run(&mut self, mut visit: impl FnMut(&[Cursor], RawRecord<'_>)) -> Result<(), Error> {
        let mut open = self.open().count();
        if open == 0 {
            return Ok(());
        }
        let cluster = self.read.cluster;
        let consumer =
            cluster.fetchers().take(cluster.connection(), self.read.profile(), self.read.isolation)?;
        self.assign(&consumer)?;
        let (mut since_check, mut silent_polls, mut turn) = (0, 0, self.deadline.slice(POLL_INTERVAL));
        while open > 0 {
            since_check += 1;
            let finished = match consumer.poll(turn) {
                Some(Ok(message)) => {
                    silent_polls = 0;
                    self.step(&message, &mut visit)
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => self.at_end(&consumer, partition)?,
                Some(Err(error)) => {
                    self.fault(&consumer, &error)?;
                    None
                }
                None => {
                    since_check = CHECK_INTERVAL;
                    silent_polls += 1;
                    None
                }
            };
            if let Some(index) = finished {
                open -= 1;
                if open > 0 {
                    self.stop_fetching(&consumer, index)?;
                }
            }
            if since_check >= CHECK_INTERVAL && open > 0 {
                (since_check, turn) = (0, self.deadline.slice(POLL_INTERVAL));
                if turn.is_zero() {
                    return Err(self.out_of_time(&consumer));
                }
            }
            if silent_polls >= MAX_SILENT_POLLS && open > 0 {
                silent_polls = 0;
                self.examine()?;
            }
        }
        cluster.fetchers().put_back(consumer);
        Ok(())
    }

    fn open(&self) -> impl Iterator<Item = &Cursor> {
        self.cursors.iter().filter(|cursor| !cursor.is_done())
    }

    fn assign(&self, consumer: &Fetcher) -> Result<(), Error> {
        // A client that has worked before learns of another topic's leaders only once a second, unless it asks.
        let topic = Some(self.read.topic.as_str());
        metadata(consumer.client(), topic, self.deadline).map_err(|cause| self.failed(cause))?;
        let mut list = TopicPartitionList::new();
        for cursor in self.open() {
            let partition = cursor.partition();
            list.add_partition_offset(
                partition.topic.as_str(),
                partition.partition,
                Offset::Offset(cursor.next()),
            )
            .map_err(|error| self.failed(cause(&error)))?;
        }
        consumer.assign(&list).map_err(|error| self.failed(cause(&error)))
    }

    /// The partition's index, unless it is done with: a fetch brings more than was asked for.
    fn find(&self, partition: i32) -> Option<usize> {
        let index =
            self.cursors.binary_search_by_key(&partition, |cursor| cursor.partition().partition).ok()?;
        (!self.cursors[index].is_done()).then_some(index)
    }

    /// Takes one record; tells the partition's index when that was its last.
    fn step(
        &mut self,
        message: &BorrowedMessage<'_>,
        visit: &mut impl FnMut(&[Cursor], RawRecord<'_>),
    ) -> Option<usize> {
        let index = self.find(message.partition())?;
        if self.cursors[index].meet(message.offset()) {
            visit(&self.cursors, RawRecord::of(message));
        }
        self.cursors[index].is_done().then_some(index)
    }

    /// There is nothing more to fetch, though the last offsets have not been seen: they may be control records, aborted or
    /// compacted away, or the log may have been truncated. The log itself is asked; and because the leader may have
    /// changed before that, only a fetch that begins after the answer is believed when it finds nothing.
    fn at_end(
        &mut self,
        consumer: &BaseConsumer<Connection>,
        partition: i32,
    ) -> Result<Option<usize>, Error> {
        let Some(index) = self.find(partition) else { return Ok(None) };
        if self.cursors[index].meet_end() {
            return Ok(Some(index));
        }
        let cursor = &self.cursors[index];
        let log = self.log_now(cursor)?;
        if log.end < cursor.range().end {
            return Err(self.short(cursor, Shortfall::Truncated { end: log.end }));
        }
        let (topic, next) = (cursor.partition().topic.as_str(), Offset::Offset(cursor.next()));
        let wait = self.deadline.remaining().max(Duration::from_millis(1));
        consumer.seek(topic, partition, next, wait).map_err(|error| self.failed(cause(&error)))?;
        self.cursors[index].expect_end();
        Ok(None)
    }

    /// An error from the client: one that passes is waited out, any other ends the read.
    fn fault(&self, consumer: &BaseConsumer<Connection>, error: &KafkaError) -> Result<(), Error> {
        let fault = cause(error);
        if fault.is_out_of_range() {
            self.examine()?;
            return Err(self.failed(fault));
        }
        if fault.is_group_matter() || fault.is_retriable() {
            return Ok(());
        }
        if fault.is_transport() || fault.is_timeout() || fault.is_authentication() {
            let Some(cause) = consumer.context().authentication_error() else { return Ok(()) };
            let settings = self.read.cluster.settings();
            let (cluster, bootstrap) = (settings.cluster().clone(), settings.bootstrap_servers().to_owned());
            return Err(Error::Unauthenticated { cluster, bootstrap, cause });
        }
        // The library's own words name the partition.
        let said = consumer.context().last_error().filter(|said| said.code == fault.code);
        Err(self.failed(said.unwrap_or(fault)))
    }

    /// Whether the logs still hold what is to be read. The library does not say whose position is in no log any more.
    ///
    /// # Errors
    /// What became of the first one that does not. A cluster that does not answer is none: the deadline ends that.
    fn examine(&self) -> Result<(), Error> {
        for cursor in self.open() {
            match self.log_now(cursor) {
                Err(error) if error.is_timeout() => {}
                Err(error) => return Err(error),
                Ok(log) if log.start > cursor.next() => return Err(self.short(cursor, Shortfall::Removed)),
                Ok(log) if log.end < cursor.range().end => {
                    return Err(self.short(cursor, Shortfall::Truncated { end: log.end }));
                }
                Ok(_) => {}
            }
        }
        Ok(())
    }

    fn log_now(&self, cursor: &Cursor) -> Result<LogRange<i64>, Error> {
        let one = std::slice::from_ref(cursor.partition());
        let logs = self.read.cluster.log_ranges(one, self.read.isolation, self.deadline).into_result()?;
        Ok(logs.get(cursor.partition()).copied().unwrap_or(LogRange { start: 0, end: 0 }))
    }

    /// What is left of a done partition is no longer fetched while others are read. (To pause it would outlast the
    /// assignment, and stall the next read of that partition.)
    fn stop_fetching(&self, consumer: &BaseConsumer<Connection>, index: usize) -> Result<(), Error> {
        let partition = self.cursors[index].partition();
        let mut list = TopicPartitionList::new();
        list.add_partition(partition.topic.as_str(), partition.partition);
        consumer.incremental_unassign(&list).map_err(|error| self.failed(cause(&error)))
    }

    fn out_of_time(&self, consumer: &BaseConsumer<Connection>) -> Error {
        serve(consumer, Duration::ZERO);
        let why =
            Shortfall::Deadline { waited: self.deadline.allowed(), cause: consumer.context().last_error() };
        match self.open().next() {
            Some(cursor) => self.short(cursor, why),
            None => self.failed(Cause::of(rdkafka::types::RDKafkaErrorCode::OperationTimedOut)),
        }
    }

    fn short(&self, cursor: &Cursor, why: Shortfall) -> Error {
        Error::ShortRead {
            cluster: self.read.cluster.alias().clone(),
            partition: cursor.partition().clone(),
            reached: cursor.next(),
            expected: cursor.range().end,
            why,
        }
    }

    fn failed(&self, cause: Cause) -> Error {
        self.read.cluster.failed(Subject::Topic(self.read.topic.clone()), cause, self.deadline)
    }
}
