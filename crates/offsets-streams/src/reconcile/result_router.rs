use offsets_core::model::{TopicName, TopicPartition};
use offsets_kafka::RawRecord;
use offsets_kafka::eos::{ProducerRecord, TransactionError};
use offsets_reconcile::{
    Destination, EnteredWrite, KeyedRecord, LedgerEntry, LedgerWrite, Line, Loss, Record, RecordError,
    Routing, RunCounts, WriteRef,
};

use super::task::Task;
use super::topic_limits::{OutputLimits, TopicLimits};
use crate::processing_loop::{GroupSession, ProcessError};
use crate::{Error, Event, Outputs};

/// What becomes of records that were ruled on.
pub(crate) struct ResultRouter<'r> {
    changelog: &'r TopicName,
    pub(crate) sink: Sink<'r>,
    /// What was put out and is not committed yet.
    pub(crate) uncommitted: RunCounts,
    output_limits: OutputLimits,
}

/// Where results go. It is decided when the run starts.
#[derive(Clone, Copy)]
pub(crate) enum Sink<'r> {
    /// To topics, with the state beside them in the changelog.
    Topics(&'r Outputs),
    /// To the listener, with the writes that would lose.
    DryRun,
}

/// A record that was ruled on.
pub(crate) struct RoutedRecord<'i> {
    pub(crate) task: &'i Task,
    pub(crate) raw: RawRecord<'i>,
    pub(crate) record: &'i Record<'i>,
    pub(crate) routing: &'i Routing,
    /// The time, in milliseconds since 1970 (UTC).
    pub(crate) now_ms: i64,
}

impl<'r> ResultRouter<'r> {
    pub(crate) fn new(changelog: &'r TopicName, sink: Sink<'r>) -> Self {
        Self { changelog, sink, uncommitted: RunCounts::default(), output_limits: OutputLimits::default() }
    }

    /// The same, with what the topics that are written to take.
    pub(super) fn with_limits(self, output_limits: OutputLimits) -> Self {
        Self { output_limits, ..self }
    }

    /// Counts a record and lets it go where it is to go.
    pub(crate) fn route(
        &mut self,
        session: &mut GroupSession<'_>,
        routed: &RoutedRecord<'_>,
    ) -> Result<(), ProcessError> {
        let destination = self.uncommitted.count(routed.routing);
        match self.sink {
            Sink::Topics(outputs) => routed.write(session, outputs, &self.output_limits, destination),
            Sink::DryRun => routed.report_loss(session, destination),
        }
    }

    /// Puts out a record of the changelog.
    pub(crate) fn send_change(
        &self,
        session: &mut GroupSession<'_>,
        partition: i32,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), TransactionError> {
        match self.sink {
            Sink::Topics(_) => {
                let topic = self.changelog.as_str();
                session.send(&ProducerRecord {
                    partition,
                    key: Some(key),
                    value,
                    ..ProducerRecord::to(topic)
                })
            }
            Sink::DryRun => Ok(()),
        }
    }
}

impl RoutedRecord<'_> {
    /// Puts it out, and into the ledger what loses by it.
    fn write(
        &self,
        session: &mut GroupSession<'_>,
        outputs: &Outputs,
        output_limits: &OutputLimits,
        destination: Destination<'_>,
    ) -> Result<(), ProcessError> {
        if let (Some(ledger), Some((keyed, loss))) = (&outputs.ledger, self.routing.loss()) {
            let (partition, key) = (self.task.number, self.raw.key);
            self.check_key(ledger, &output_limits.of(ledger))?;
            let entry = self.ledger_entry(keyed, loss);
            session.send(&ProducerRecord {
                partition,
                key,
                value: Some(&entry),
                ..ProducerRecord::to(ledger.as_str())
            })?;
        }
        if let (Some(ledger), true, Routing::Emit { keyed, .. }) =
            (&outputs.ledger, outputs.ledger_values, self.routing)
            && keyed.rank.is_some()
        {
            let (partition, key) = (self.task.number, self.raw.key);
            let write = self.ledger_write(keyed);
            session.send(&ProducerRecord {
                partition,
                key,
                value: Some(&write),
                ..ProducerRecord::to(ledger.as_str())
            })?;
        }
        match destination {
            Destination::Output => {
                let limits = output_limits.of(&outputs.output);
                self.check_key(&outputs.output, &limits)?;
                if let Some((setting, limit)) = limits.refuses_time(self.raw.timestamp_ms, self.now_ms) {
                    return Err(self.refused(&outputs.output, setting, limit.to_string()).into());
                }
                Ok(self.forward(session, &outputs.output, self.raw.timestamp_ms, &[])?)
            }
            Destination::Ledger => Ok(()),
            Destination::DeadLetters(record_error) => match &outputs.dead_letters {
                Some(topic) => {
                    let limits = output_limits.of(topic);
                    self.check_key(topic, &limits)?;
                    Ok(self.send_dead_letter(session, topic, &limits, record_error)?)
                }
                // No record is skipped.
                None => Err(self.invalid_record(record_error).into()),
            },
            Destination::Nowhere(record_error) => Err(self.invalid_record(record_error).into()),
        }
    }

    /// Tells what loses by it.
    fn report_loss(
        &self,
        session: &mut GroupSession<'_>,
        destination: Destination<'_>,
    ) -> Result<(), ProcessError> {
        if let Some((keyed, loss)) = self.routing.loss() {
            session.listener.on_event(Event::Loss(&self.ledger_entry(keyed, loss)));
        }
        match destination {
            Destination::Output | Destination::Ledger | Destination::DeadLetters(_) => Ok(()),
            Destination::Nowhere(record_error) => Err(self.invalid_record(record_error).into()),
        }
    }

    fn forward(
        &self,
        session: &mut GroupSession<'_>,
        topic: &TopicName,
        timestamp_ms: Option<i64>,
        headers: &[(&str, &[u8])],
    ) -> Result<(), TransactionError> {
        session.send(&ProducerRecord {
            topic: topic.as_str(),
            partition: self.task.number,
            key: self.raw.key,
            value: self.raw.value,
            timestamp_ms,
            headers_of: Some(self.raw),
            headers,
        })
    }

    /// Sends it to the dead letters with what is wrong. A timestamp that the topic may refuse goes into a header,
    /// and the record gets the time of now.
    fn send_dead_letter(
        &self,
        session: &mut GroupSession<'_>,
        topic: &TopicName,
        limits: &TopicLimits,
        record_error: &RecordError,
    ) -> Result<(), TransactionError> {
        let detail = record_error.to_string();
        let (partition, offset) = (self.record.partition.to_string(), self.record.offset.to_string());
        let timestamp = self.raw.timestamp_ms.map(|time| time.to_string()).unwrap_or_default();
        let mut headers = vec![
            ("offsets.flaw", record_error.kind.as_str().as_bytes()),
            ("offsets.detail", detail.as_bytes()),
            ("offsets.topic", self.record.topic.as_bytes()),
            ("offsets.partition", partition.as_bytes()),
            ("offsets.offset", offset.as_bytes()),
        ];
        if limits.may_refuse_time(self.raw.timestamp_ms, self.now_ms) {
            headers.push(("offsets.timestamp", timestamp.as_bytes()));
            return self.forward(session, topic, Some(self.now_ms), &headers);
        }
        self.forward(session, topic, self.raw.timestamp_ms, &headers)
    }

    /// A topic that is compacted takes no record without a key.
    fn check_key(&self, topic: &TopicName, limits: &TopicLimits) -> Result<(), Error> {
        if self.raw.key.is_none() && limits.refuses_null_keys() {
            return Err(self.refused(topic, "cleanup.policy", "compact".to_owned()));
        }
        Ok(())
    }

    fn refused(&self, topic: &TopicName, setting: &'static str, value: String) -> Error {
        let Record { topic: input, partition, offset, .. } = *self.record;
        let partition = TopicPartition::new(input, partition);
        let timestamp_ms = self.raw.timestamp_ms;
        Error::Refused { partition, offset, timestamp_ms, topic: topic.clone(), setting, value }
    }

    /// A loss as it stands in the ledger, as JSON.
    fn ledger_entry(&self, keyed: &KeyedRecord, loss: &Loss) -> Vec<u8> {
        let line = Line::of(self.record, self.raw.headers());
        let write =
            |side: &WriteRef| write(self.task, side, (side.position == keyed.position).then_some(&line));
        let entry = LedgerEntry {
            reason: loss.reason,
            identity: keyed.identity.to_string(),
            loser: write(&loss.loser),
            winner: loss.winner.as_ref().map(write),
        };
        // Strings and numbers are always JSON.
        serde_json::to_vec(&entry).unwrap_or_default()
    }

    /// A write that goes to the output as it stands in the ledger, as JSON.
    fn ledger_write(&self, keyed: &KeyedRecord) -> Vec<u8> {
        let line = Line::of(self.record, self.raw.headers());
        let side = WriteRef { position: keyed.position, rank: keyed.rank };
        let entry =
            LedgerWrite { identity: keyed.identity.to_string(), write: write(self.task, &side, Some(&line)) };
        // Strings and numbers are always JSON.
        serde_json::to_vec(&entry).unwrap_or_default()
    }

    fn invalid_record(&self, record_error: &RecordError) -> Error {
        let Record { topic, partition, offset, .. } = *self.record;
        Error::InvalidRecord {
            partition: TopicPartition::new(topic, partition),
            offset,
            record_error: record_error.clone(),
        }
    }
}

/// One of the writes of a loss; all of it only where it is the record at hand.
fn write<'a>(task: &'a Task, side: &WriteRef, record: Option<&'a Line>) -> EnteredWrite<'a> {
    let from = task.input(side.position.input()).map(|input| &input.partition);
    EnteredWrite {
        from: from.map(|from| from.topic.as_str()).unwrap_or_default(),
        line: None,
        partition: from.map(|from| from.partition),
        offset: Some(side.position.offset()),
        version: side.rank.map(|rank| rank.version.to_string()),
        record,
    }
}
