use offsets_core::model::TopicPartition;
use offsets_core::reconcile::{
    Candidate, Destination, Flawed, LedgerEntry, Line, Loss, Record, Ruling, Side, Tally, Write,
};
use offsets_kafka::RawRecord;
use offsets_kafka::exchange::{Outgoing, Setback};

use super::task::Task;
use crate::course::{Seat, Stopped};
use crate::{Error, Event, Job};

/// What becomes of records that were ruled on: they go to topics, or, in a run that writes nothing, to whoever watches.
pub(crate) struct Results<'r> {
    pub(crate) job: &'r Job,
    /// What was put out and is not committed yet.
    pub(crate) open: Tally,
}

impl<'r> Results<'r> {
    pub(crate) fn new(job: &'r Job) -> Self {
        Self { job, open: Tally::default() }
    }

    /// Puts out what was ruled on a record.
    pub(crate) fn put(
        &mut self,
        seat: &mut Seat<'_>,
        task: &Task,
        raw: RawRecord<'_>,
        record: &Record<'_>,
        ruling: Ruling,
    ) -> Result<(), Stopped> {
        let destination = self.open.count(&ruling);
        if let Some((candidate, loss)) = ruling.loss() {
            self.enter(seat, task, raw, record, candidate, loss)?;
        }
        match destination {
            Destination::Output => Ok(self.forward(seat, self.job.output.as_str(), task.number, raw, &[])?),
            Destination::Ledger => Ok(()),
            Destination::DeadLetters(_) if !seat.writes() => Ok(()),
            Destination::DeadLetters(flawed) => self.set_aside(seat, task, raw, record, flawed),
            Destination::Nowhere(flawed) => Err(unjudged(record, flawed).into()),
        }
    }

    /// Puts out a record of the changelog.
    pub(crate) fn change(
        &self,
        seat: &mut Seat<'_>,
        partition: i32,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), Setback> {
        let topic = self.job.changelog.as_str();
        seat.put(&Outgoing { partition, key: Some(key), value, ..Outgoing::to(topic) })
    }

    fn forward(
        &self,
        seat: &mut Seat<'_>,
        topic: &str,
        partition: i32,
        raw: RawRecord<'_>,
        headers: &[(&str, &[u8])],
    ) -> Result<(), Setback> {
        seat.put(&Outgoing {
            topic,
            partition,
            key: raw.key,
            value: raw.value,
            timestamp_ms: raw.timestamp_ms,
            headers_of: Some(raw),
            headers,
        })
    }

    fn enter(
        &self,
        seat: &mut Seat<'_>,
        task: &Task,
        raw: RawRecord<'_>,
        record: &Record<'_>,
        candidate: &Candidate,
        loss: &Loss,
    ) -> Result<(), Stopped> {
        if self.job.ledger.is_none() && seat.writes() {
            return Ok(());
        }
        let line = Line::of(record, raw.headers());
        let write = |side: &Side| write(task, side, (side.position == candidate.position).then_some(&line));
        let entry = LedgerEntry {
            reason: loss.reason,
            identity: candidate.identity.to_string(),
            loser: write(&loss.loser),
            winner: loss.winner.as_ref().map(write),
        };
        // Strings and numbers are always JSON.
        let json = serde_json::to_vec(&entry).unwrap_or_default();
        match &self.job.ledger {
            _ if !seat.writes() => seat.watcher.see(Event::Loss(&json)),
            None => {}
            Some(ledger) => {
                let partition = task.number;
                let (key, value) = (raw.key, Some(json.as_slice()));
                seat.put(&Outgoing { partition, key, value, ..Outgoing::to(ledger.as_str()) })?;
            }
        }
        Ok(())
    }

    /// Puts a record that cannot be judged out to where somebody looks after it. Without such a place the run ends: no record is
    /// skipped.
    fn set_aside(
        &self,
        seat: &mut Seat<'_>,
        task: &Task,
        raw: RawRecord<'_>,
        record: &Record<'_>,
        flawed: &Flawed,
    ) -> Result<(), Stopped> {
        let Some(topic) = &self.job.dead_letters else { return Err(unjudged(record, flawed).into()) };
        let detail = flawed.to_string();
        let (partition, offset) = (record.partition.to_string(), record.offset.to_string());
        let headers = [
            ("offsets.flaw", flawed.kind.as_str().as_bytes()),
            ("offsets.detail", detail.as_bytes()),
            ("offsets.topic", record.topic.as_bytes()),
            ("offsets.partition", partition.as_bytes()),
            ("offsets.offset", offset.as_bytes()),
        ];
        Ok(self.forward(seat, topic.as_str(), task.number, raw, &headers)?)
    }
}

fn unjudged(record: &Record<'_>, flawed: &Flawed) -> Error {
    let partition = TopicPartition::new(record.topic, record.partition);
    Error::Unjudged { partition, offset: record.offset, flawed: flawed.clone() }
}

/// One of the writes of a loss; all of it only where it is the record at hand.
fn write<'a>(task: &'a Task, side: &Side, record: Option<&'a Line>) -> Write<'a> {
    let from = task.input(side.position.input()).map(|input| &input.partition);
    Write {
        from: from.map(|from| from.topic.as_str()).unwrap_or_default(),
        line: None,
        partition: from.map(|from| from.partition),
        offset: Some(side.position.offset()),
        version: side.rank.map(|rank| rank.version.to_string()),
        record,
    }
}
