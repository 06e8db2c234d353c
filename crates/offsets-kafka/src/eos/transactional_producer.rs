use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use offsets_core::model::{TopicName, TopicPartition};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Header, Headers as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientContext, Message as _, Offset, TopicPartitionList};

use super::{GroupConsumer, TransactionError};
use crate::cluster::{cause, configured, refused};
use crate::connection::Connection;
use crate::detached::{self, Retiring};
use crate::{Cause, ClientSettings, Deadline, Error, RawRecord, Subject, clock};

/// Puts records and positions out in transactions.
pub struct TransactionalProducer {
    producer: Retiring<Arc<BaseProducer<Deliveries>>>,
    settings: ClientSettings,
    id: String,
    is_open: bool,
    since_check: u32,
}

/// A record to be put out.
#[derive(Clone, Copy)]
pub struct ProducerRecord<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Milliseconds since 1970 (UTC); without one, the time at which it is put out.
    pub timestamp_ms: Option<i64>,
    /// The record whose headers it carries on.
    pub headers_of: Option<RawRecord<'a>>,
    /// Headers behind those.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// What became of records.
struct Deliveries {
    connection: Connection,
    failed: Mutex<Option<(TopicPartition, RDKafkaErrorCode)>>,
}

/// How often failed deliveries are looked for, in records.
const CHECK_INTERVAL: u32 = 1024;

/// How much longer than it was given the client may take to say that time is over.
const GRACE: Duration = Duration::from_secs(2);

/// How long the client may be at a request before deliveries are looked at, some of which it may wait for.
const CALL_TIMEOUT: Duration = Duration::from_millis(100);

/// How long to wait for room in the queue, or for the last deliveries, before looking again.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

impl TransactionalProducer {
    /// Starts a producer with a transactional id. A transaction that was left open under it is aborted, and the producer that left it
    /// can do nothing more.
    ///
    /// # Errors
    /// [`Error::Unauthorised`] when the principal may not write under that id; [`Error::TimedOut`].
    pub fn open(
        settings: &ClientSettings,
        id: &str,
        timeout: Duration,
        deadline: &Deadline,
    ) -> Result<Self, Error> {
        // librdkafka would cut more down to 32 bits.
        let timeout = timeout.as_millis().min(i32::MAX as u128).to_string();
        let forced = [
            ("transactional.id", id),
            ("transaction.timeout.ms", timeout.as_str()),
            // A delivery that takes longer would be one of another transaction.
            ("message.timeout.ms", timeout.as_str()),
            ("delivery.report.only.error", "true"),
        ];
        let tuned = [
            // Maximum time that a commit waits before the last records are sent.
            ("linger.ms", "5"),
            ("batch.size", "1000000"),
            ("queue.buffering.max.messages", "200000"),
            ("queue.buffering.max.kbytes", "65536"),
            // What could be read can be written: whether the topic takes it is the broker's to say.
            ("message.max.bytes", "500000000"),
        ];
        let context = Deliveries { connection: Connection::new(settings, None), failed: Mutex::default() };
        let producer: BaseProducer<Deliveries> = configured(settings, &forced, &tuned)
            .create_with_context(context)
            .map_err(|error| refused(settings, &error))?;
        let producer = Self {
            producer: Retiring::new(Arc::new(producer)),
            settings: settings.clone(),
            id: id.to_owned(),
            is_open: false,
            since_check: 0,
        };
        loop {
            match producer.ask(deadline, |producer, wait| producer.init_transactions(wait)) {
                Ok(()) => return Ok(producer),
                Err(KafkaError::Transaction(error)) if error.is_retriable() && !deadline.has_passed() => {}
                Err(error) => return Err(producer.failed(&error, deadline)),
            }
        }
    }

    /// Puts a record out, in the transaction that is open or in a new one. Waits while too many are under way.
    ///
    /// # Errors
    /// [`TransactionError`]; the transaction is to be [aborted](Self::abort) then.
    pub fn send(&mut self, record: &ProducerRecord<'_>, deadline: &Deadline) -> Result<(), TransactionError> {
        if !self.is_open {
            self.producer.begin_transaction().map_err(|error| self.transaction_error(&error, deadline))?;
            self.is_open = true;
        }
        let mut unsent = BaseRecord::<[u8], [u8], ()>::to(record.topic).partition(record.partition);
        unsent.key = record.key;
        unsent.payload = record.value;
        unsent.timestamp = record.timestamp_ms;
        unsent.headers = headers(record);
        loop {
            match self.producer.send(unsent) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if !deadline.has_passed() =>
                {
                    self.wait();
                    unsent = back;
                }
                Err((error, _)) => {
                    self.flush(deadline)?;
                    let partition = TopicPartition::new(record.topic, record.partition);
                    return Err(match error.rdkafka_error_code() {
                        Some(RDKafkaErrorCode::State) => {
                            self.transaction_error(&self.failure_of_transaction().unwrap_or(error), deadline)
                        }
                        Some(code) => self.undelivered(partition, code),
                        None => self.transaction_error(&error, deadline),
                    });
                }
            }
        }
        self.since_check += 1;
        if self.since_check == CHECK_INTERVAL {
            self.since_check = 0;
            self.producer.poll(Duration::ZERO);
            if self.producer.context().failure().is_some() {
                self.flush(deadline)?;
            }
        }
        Ok(())
    }

    /// Makes everything that was put out visible, and with it the positions at which the group goes on, each with a word beside
    /// it.
    ///
    /// # Errors
    /// [`TransactionError`]; a transaction that was not aborted yet is to be [aborted](Self::abort) then.
    pub fn commit(
        &mut self,
        next: &[(TopicPartition, i64)],
        metadata: &str,
        member: &GroupConsumer,
        deadline: &Deadline,
    ) -> Result<(), TransactionError> {
        if !self.is_open {
            self.producer.begin_transaction().map_err(|error| self.transaction_error(&error, deadline))?;
            self.is_open = true;
        }
        let mut list = TopicPartitionList::new();
        for (partition, offset) in next {
            let mut element = list.add_partition(partition.topic.as_str(), partition.partition);
            element.set_metadata(metadata);
            element
                .set_offset(Offset::Offset(*offset))
                .map_err(|error| self.transaction_error(&error, deadline))?;
        }
        // A record that is refused is told by its own error, which says more than the transaction's.
        self.flush(deadline)?;
        let Some(generation) = member.generation() else {
            return Err(self.transaction_error(&KafkaError::Canceled, deadline));
        };
        let generation = Arc::new(generation);
        self.retry(deadline, |producer| {
            producer.send_offsets(list.clone(), Arc::clone(&generation), deadline)
        })
        .or_else(|transaction_error| self.flush(deadline).and(Err(transaction_error)))?;
        if let Some((partition, code)) = self.producer.context().failure() {
            return Err(self.undelivered(partition, code));
        }
        let commit =
            |producer: &Self| producer.ask(deadline, |producer, wait| producer.commit_transaction(wait));
        self.retry(deadline, commit)?;
        self.is_open = false;
        Ok(())
    }

    /// Takes everything back that was put out since the last commit.
    ///
    /// # Errors
    /// [`TransactionError::ProducerInvalid`] when that cannot be done either.
    pub fn abort(&mut self, deadline: &Deadline) -> Result<(), TransactionError> {
        if self.is_open {
            // What is taken back is told as deliveries that failed, and the client waits until they were looked at.
            let abort = |producer: &Self| producer.producer.abort_transaction(deadline.slice(CALL_TIMEOUT));
            self.retry(deadline, abort).map_err(|transaction_error| {
                TransactionError::ProducerInvalid(Box::new(transaction_error.into_error()))
            })?;
            self.is_open = false;
        }
        self.producer.context().forget();
        Ok(())
    }

    /// Ends the client, and waits for that until the deadline. What is open is left to its timeout.
    pub fn close(mut self, deadline: &Deadline) {
        self.producer.retire_by(deadline);
    }

    /// Adds positions to the transaction. After the death of one of several brokers the client can leave that unanswered for ever:
    /// it waits for the group's coordinator until another broker comes or goes, and the time it was given is kept and never looked
    /// at (`creq_ts_timeout` in `rdkafka_coord.c` of librdkafka 2.12.1). So it is asked elsewhere, and left behind where it is over
    /// its time. The requests to the coordinator of the transaction, at its end, do keep to theirs.
    fn send_offsets(
        &self,
        list: TopicPartitionList,
        generation: Arc<ConsumerGroupMetadata>,
        deadline: &Deadline,
    ) -> Result<(), KafkaError> {
        let producer = Arc::clone(&self.producer);
        detached::ask_unpunctual(deadline, GRACE, move |wait| {
            producer.send_offsets_to_transaction(&list, &generation, wait)
        })
    }

    /// Makes a call that blocks, until a stop ends the wait for it.
    fn ask(
        &self,
        deadline: &Deadline,
        call: impl FnOnce(&BaseProducer<Deliveries>, Duration) -> Result<(), KafkaError> + Send + 'static,
    ) -> Result<(), KafkaError> {
        let producer = Arc::clone(&self.producer);
        detached::ask(deadline, move |wait| call(&producer, wait))
    }

    /// Waits until it is known of every record whether it was taken. The client's own flush looks only ten times a second.
    ///
    /// A transaction that failed while it was given records may keep some of them until their time is over: the client takes back
    /// what it has then, and a record that it had just let in is not among that (seen with librdkafka 2.12.1). So the client is
    /// asked about the transaction as well.
    fn flush(&self, deadline: &Deadline) -> Result<(), TransactionError> {
        let mut asked = clock::instant();
        loop {
            if self.producer.in_flight_count() == 0 {
                return self.check_deliveries();
            }
            let over = KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut);
            let why = if deadline.has_passed() {
                Some(over)
            } else if asked.elapsed() >= CALL_TIMEOUT {
                asked = clock::instant();
                self.failure_of_transaction()
            } else {
                None
            };
            if let Some(why) = why {
                // A record that was refused says more, and may have been told meanwhile.
                self.producer.poll(Duration::ZERO);
                self.check_deliveries()?;
                return Err(self.transaction_error(&why, deadline));
            }
            self.wait();
        }
    }

    /// Lets some time pass. The client's own poll, given a time, asks for the time again and again until it is over, on a core
    /// that the broker or the client's other threads may want.
    fn wait(&self) {
        self.producer.poll(Duration::ZERO);
        std::thread::park_timeout(POLL_INTERVAL);
    }

    fn retry(
        &self,
        deadline: &Deadline,
        step: impl Fn(&Self) -> Result<(), KafkaError>,
    ) -> Result<(), TransactionError> {
        loop {
            match step(self) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error)) if error.is_retriable() && !deadline.has_passed() => {
                    self.wait();
                }
                Err(error) => return Err(self.transaction_error(&error, deadline)),
            }
        }
    }

    /// Tells which record was refused. A record that only shared its transaction with that one says nothing.
    fn check_deliveries(&self) -> Result<(), TransactionError> {
        match self.producer.context().failure() {
            Some((partition, code)) if !is_consequence(code) => Err(self.undelivered(partition, code)),
            _ => Ok(()),
        }
    }

    /// Why the open transaction has failed, if it has: the client reports it when another one is begun.
    fn failure_of_transaction(&self) -> Option<KafkaError> {
        self.producer.begin_transaction().err().filter(|why| !is_open(why))
    }

    fn undelivered(&self, partition: TopicPartition, code: RDKafkaErrorCode) -> TransactionError {
        let cause = Cause::of(code);
        let lasting = cause.is_refused_for_good();
        let error = cause.into_error(self.settings.cluster(), Subject::Partition(partition), Duration::ZERO);
        let error = Box::new(error);
        if lasting { TransactionError::Fatal(error) } else { TransactionError::Abortable(error) }
    }

    fn transaction_error(&self, error: &KafkaError, deadline: &Deadline) -> TransactionError {
        let failed = Box::new(self.failed(error, deadline));
        match error {
            _ if failed.is_unauthorised() => TransactionError::Fatal(failed),
            KafkaError::Transaction(error) if error.txn_requires_abort() => {
                TransactionError::Abortable(failed)
            }
            _ => TransactionError::ProducerInvalid(failed),
        }
    }

    fn failed(&self, error: &KafkaError, deadline: &Deadline) -> Error {
        let cause = match error {
            KafkaError::Transaction(error) => Cause::from_code(error.code() as i32, &error.string()),
            error => cause(error),
        };
        let cause = Cause { text: self.settings.scrub(&cause.text), ..cause };
        let subject = Subject::Transaction(self.id.clone());
        cause.into_error(self.settings.cluster(), subject, deadline.elapsed())
    }
}

impl<'a> ProducerRecord<'a> {
    /// A record of that topic with nothing in it yet.
    pub fn to(topic: &'a str) -> Self {
        Self {
            topic,
            partition: 0,
            key: None,
            value: None,
            timestamp_ms: None,
            headers_of: None,
            headers: &[],
        }
    }
}

impl Deliveries {
    /// The delivery that failed, and if there are several, the one that says why.
    fn failure(&self) -> Option<(TopicPartition, RDKafkaErrorCode)> {
        self.failed().clone()
    }

    fn forget(&self) {
        *self.failed() = None;
    }

    fn failed(&self) -> MutexGuard<'_, Option<(TopicPartition, RDKafkaErrorCode)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a record was not refused, but taken back with its transaction. Such a report may come before the one that says why.
fn is_consequence(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight)
}

/// Whether another transaction cannot begin only because this one is open.
fn is_open(refused: &KafkaError) -> bool {
    matches!(refused, KafkaError::Transaction(error) if error.code() == RDKafkaErrorCode::State)
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.connection.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.connection.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let Err((error, message)) = result else { return };
        let Some(code) = error.rdkafka_error_code() else { return };
        let partition = TopicPartition::new(TopicName::from(message.topic()), message.partition());
        let mut failed = self.failed();
        if failed.as_ref().is_none_or(|(_, known)| is_consequence(*known)) {
            *failed = Some((partition, code));
        }
    }
}

fn headers(record: &ProducerRecord<'_>) -> Option<OwnedHeaders> {
    let carried = record.headers_of.and_then(|of| of.carried());
    if record.headers.is_empty() {
        return carried.filter(|headers| headers.count() > 0);
    }
    let more = record.headers.iter();
    Some(more.fold(carried.unwrap_or_default(), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(*value) })
    }))
}
