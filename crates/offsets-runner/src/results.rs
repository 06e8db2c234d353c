use offsets_core::model::TopicPartition;
use offsets_core::reconcile::{
    Candidate, Flawed, LedgerEntry, Line, Loss, Policy, Record, Ruling, Side, Tally, Write,
};
use offsets_kafka::exchange::{Outbox, Outgoing, Setback};
use offsets_kafka::{Deadline, RawRecord};

use crate::task::Task;
use crate::{Error, Event, Job, Watcher};

/// Where results go: to topics, or, in a run that writes nothing, to whoever watches.
pub(crate) struct Results<'r> {
    pub(crate) job: &'r Job,
    pub(crate) outbox: Option<Outbox>,
    /// What was put out and is not committed yet.
    pub(crate) open: Tally,
    /// Until when the open transaction is to be through.
    deadline: Option<Deadline>,
}

/// Why a record could not be dealt with.
pub(crate) enum Stopped {
    /// The transaction came to nothing.
    Setback(Setback),
    /// The run cannot go on.
    Failed(Box<Error>),
}

impl<E: Into<Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(Box::new(error.into()))
    }
}

impl From<Setback> for Stopped {
    fn from(setback: Setback) -> Self {
        Self::Setback(setback)
    }
}

impl<'r> Results<'r> {
    pub(crate) fn new(job: &'r Job, outbox: Option<Outbox>) -> Self {
        Self { job, outbox, open: Tally::default(), deadline: None }
    }

    /// The time that the open transaction has left.
    pub(crate) fn deadline(&mut self) -> Deadline {
        *self.deadline.get_or_insert_with(|| Deadline::after(self.job.transaction_timeout))
    }

    /// What was put out counts, or is taken back: another transaction begins.
    pub(crate) fn begin_anew(&mut self) -> Tally {
        self.deadline = None;
        std::mem::take(&mut self.open)
    }

    /// Puts out what was ruled on a record.
    pub(crate) fn put(
        &mut self,
        task: &Task,
        raw: RawRecord<'_>,
        record: &Record<'_>,
        ruling: Ruling,
        watcher: &mut dyn Watcher,
    ) -> Result<(), Stopped> {
        self.open.records += 1;
        match ruling {
            Ruling::Passes { candidate, over } => {
                if let Some(loss) = over {
                    self.enter(task, raw, record, &candidate, &loss, watcher)?;
                }
                self.forward(self.job.output.as_str(), task.partition, raw, &[])?;
                self.open.written += 1;
            }
            Ruling::Loses { candidate, loss } => self.enter(task, raw, record, &candidate, &loss, watcher)?,
            Ruling::SetAside { flawed, policy } => self.set_aside(task, raw, record, flawed, policy)?,
        }
        Ok(())
    }

    /// Puts out a record of the changelog.
    pub(crate) fn change(&mut self, partition: i32, key: &[u8], value: Option<&[u8]>) -> Result<(), Setback> {
        let deadline = self.deadline();
        let Some(outbox) = &mut self.outbox else { return Ok(()) };
        let topic = self.job.changelog.as_str();
        let record = Outgoing { partition, key: Some(key), value, ..Outgoing::to(topic) };
        outbox.put(&record, &deadline)
    }

    fn forward(
        &mut self,
        topic: &str,
        partition: i32,
        raw: RawRecord<'_>,
        headers: &[(&str, &[u8])],
    ) -> Result<(), Setback> {
        let deadline = self.deadline();
        let Some(outbox) = &mut self.outbox else { return Ok(()) };
        let record = Outgoing {
            topic,
            partition,
            key: raw.key,
            value: raw.value,
            timestamp_ms: raw.timestamp_ms,
            headers_of: Some(raw),
            headers,
        };
        outbox.put(&record, &deadline)
    }

    fn enter(
        &mut self,
        task: &Task,
        raw: RawRecord<'_>,
        record: &Record<'_>,
        candidate: &Candidate,
        loss: &Loss,
        watcher: &mut dyn Watcher,
    ) -> Result<(), Stopped> {
        *self.open.lost.entry(loss.reason).or_default() += 1;
        if self.job.ledger.is_none() && self.outbox.is_some() {
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
        let deadline = self.deadline();
        match (&mut self.outbox, &self.job.ledger) {
            (Some(outbox), Some(ledger)) => {
                let record = Outgoing {
                    partition: task.partition,
                    key: raw.key,
                    value: Some(&json),
                    ..Outgoing::to(ledger.as_str())
                };
                outbox.put(&record, &deadline)?;
            }
            (Some(_), None) => {}
            (None, _) => watcher.see(Event::Loss(&json)),
        }
        Ok(())
    }

    /// A record that cannot be judged goes where the policy says.
    fn set_aside(
        &mut self,
        task: &Task,
        raw: RawRecord<'_>,
        record: &Record<'_>,
        flawed: Flawed,
        policy: Policy,
    ) -> Result<(), Stopped> {
        let kind = flawed.kind;
        match (policy, &self.job.dead_letters) {
            (Policy::Fail, _) | (Policy::DeadLetter, None) => {
                self.open.records -= 1;
                let partition = TopicPartition::new(record.topic, record.partition);
                return Err(Error::Unjudged { partition, offset: record.offset, flawed }.into());
            }
            (Policy::DeadLetter, Some(topic)) => {
                let detail = flawed.to_string();
                let (partition, offset) = (record.partition.to_string(), record.offset.to_string());
                let headers = [
                    ("offsets.flaw", kind.as_str().as_bytes()),
                    ("offsets.detail", detail.as_bytes()),
                    ("offsets.topic", record.topic.as_bytes()),
                    ("offsets.partition", partition.as_bytes()),
                    ("offsets.offset", offset.as_bytes()),
                ];
                self.forward(topic.as_str(), task.partition, raw, &headers)?;
            }
            (Policy::Pass, _) => {
                self.forward(self.job.output.as_str(), task.partition, raw, &[])?;
                self.open.written += 1;
            }
        }
        *self.open.flawed.entry(kind).or_default() += 1;
        Ok(())
    }
}

/// One of the writes of a loss; all of it only where it is the record at hand.
fn write<'a>(task: &'a Task, side: &Side, record: Option<&'a Line>) -> Write<'a> {
    let from = task.input(side.position.input()).map(|input| input.partition.topic.as_str());
    Write {
        from: from.unwrap_or_default(),
        line: None,
        partition: Some(task.partition),
        offset: Some(side.position.offset()),
        version: side.rank.map(|rank| rank.version.to_string()),
        record,
    }
}
