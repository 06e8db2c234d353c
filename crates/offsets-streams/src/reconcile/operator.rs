use offsets_core::translate::SeedPart;
use offsets_reconcile::{
    Decision, Dedup, KeyedRecord, Operator, Position, ReadBefore, Reread, Seen, Table as _, Upsert, Winner,
};
use offsets_store::{
    ChangeBuffer, DurableTable, Error, SegmentLog, StateDamage, StoredValue, TableCost, TableOptions,
    saved_progress,
};

use super::progress::{OperatorProgress, Progress};
use crate::job::OperatorSpec;

/// Where the segments of a table are, whatever keeps them.
pub(crate) type Log = ChangeBuffer<Box<dyn SegmentLog + Send>>;

/// The operator of one task, over its table.
pub(crate) enum TaskOperator {
    Dedup(Dedup<DurableTable<Seen, Log>>),
    Upsert(Upsert<DurableTable<Winner, Log>>),
    Reread(Reread<DurableTable<ReadBefore, Log>>),
}

/// What a table is apart from the values in it.
trait StateTable {
    fn log(&mut self) -> &mut Log;
    fn remembered(&self) -> u64;
    fn cost(&self) -> TableCost;
    fn save(&mut self, progress: &[u8]) -> Result<(), Error>;
}

impl<V: StoredValue> StateTable for DurableTable<V, Log> {
    fn log(&mut self) -> &mut Log {
        self.log_mut()
    }

    fn remembered(&self) -> u64 {
        self.len()
    }

    fn cost(&self) -> TableCost {
        Self::cost(self)
    }

    fn save(&mut self, progress: &[u8]) -> Result<(), Error> {
        // What nothing is true of any more is not kept waiting for more of it to come.
        if self.is_empty() && self.entries() > 0 {
            self.clear()?;
        }
        Self::save(self, progress)
    }
}

/// An operator that was found in a log, or a new one.
pub(crate) struct Opened {
    pub(crate) operator: TaskOperator,
    /// What stood with it; `None` with a new one.
    pub(crate) progress: Option<Progress>,
}

/// Why what is in a log cannot be used.
pub(crate) enum Unusable {
    Store(Error),
    Damage(StateDamage),
    Progress(serde_json::Error),
    /// Another operator left it.
    Other(Box<Progress>),
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Self {
        match error {
            Error::State(damage) | Error::Salvaged { damage } => Self::Damage(damage),
            error => Self::Store(error),
        }
    }
}

impl TaskOperator {
    /// The operator that a log holds.
    pub(crate) fn open(
        log: Log,
        space: u32,
        spec: &OperatorSpec,
        memory: Option<usize>,
    ) -> Result<Opened, Unusable> {
        // A table of another operator is known by what stands with it: it is not damaged.
        let saved = saved_progress(&log, space)?;
        if let Some(progress) =
            saved.as_deref().map(Progress::read).transpose().map_err(Unusable::Progress)?
            && !progress.operator.is_of(spec)
        {
            return Err(Unusable::Other(Box::new(progress)));
        }
        let opened = |operator, progress| Ok(Opened { operator, progress });
        match spec {
            OperatorSpec::Dedup(window) => match table(log, space, memory)? {
                (table, None) => opened(Self::Dedup(Dedup::new(table, *window)), None),
                (table, Some(progress)) => match progress.operator.clone() {
                    OperatorProgress::Dedup(window_state) => {
                        opened(Self::Dedup(Dedup::resume(table, *window, window_state)?), Some(progress))
                    }
                    _ => Err(Unusable::Other(Box::new(progress))),
                },
            },
            OperatorSpec::Upsert(rules) => match table(log, space, memory)? {
                (table, None) => opened(Self::Upsert(Upsert::new(table, *rules)), None),
                (table, Some(progress)) => match progress.operator {
                    // Every answer that was given was committed with the state.
                    OperatorProgress::Upsert(sweep) => {
                        opened(Self::Upsert(Upsert::resume(table, *rules, sweep, [])?), Some(progress))
                    }
                    _ => Err(Unusable::Other(Box::new(progress))),
                },
            },
            OperatorSpec::Reread(_) => match table(log, space, memory)? {
                (table, None) => opened(Self::Reread(Reread::new(table)), None),
                (table, Some(progress)) => match progress.operator.clone() {
                    OperatorProgress::Reread(windows) => {
                        opened(Self::Reread(Reread::resume(table, windows)?), Some(progress))
                    }
                    _ => Err(Unusable::Other(Box::new(progress))),
                },
            },
        }
    }

    /// Gives an operator that drops what comes again its seed of one input.
    pub(crate) fn preload(&mut self, input: u16, part: &SeedPart) -> Result<(), Error> {
        match self {
            Self::Reread(reread) => reread.preload_part(input, part),
            Self::Dedup(_) | Self::Upsert(_) => Ok(()),
        }
    }

    pub(crate) fn progress(&self) -> OperatorProgress {
        match self {
            // All that was decided is committed with it, in one transaction.
            Self::Dedup(dedup) => OperatorProgress::Dedup(dedup.window_state().committed()),
            Self::Upsert(upsert) => OperatorProgress::Upsert(upsert.sweep()),
            Self::Reread(reread) => OperatorProgress::Reread(reread.windows().to_vec()),
        }
    }

    /// Whether it will let everything pass from now on.
    pub(crate) fn is_done(&self) -> bool {
        self.windows() == Some(0)
    }

    /// How many windows are open, of an operator that has some.
    pub(crate) fn windows(&self) -> Option<usize> {
        match self {
            Self::Reread(reread) => Some(reread.windows().len()),
            Self::Dedup(_) | Self::Upsert(_) => None,
        }
    }

    /// How many identities are remembered.
    pub(crate) fn remembered(&mut self) -> u64 {
        self.state().remembered()
    }

    /// What it takes to remember them.
    pub(crate) fn cost(&mut self) -> TableCost {
        self.state().cost()
    }

    /// Puts what changed into the journal, with a progress.
    pub(crate) fn save(&mut self, progress: &[u8]) -> Result<(), Error> {
        self.state().save(progress)
    }

    pub(crate) fn log(&mut self) -> &mut Log {
        self.state().log()
    }

    fn state(&mut self) -> &mut dyn StateTable {
        match self {
            Self::Dedup(dedup) => dedup.table(),
            Self::Upsert(upsert) => upsert.table(),
            Self::Reread(reread) => reread.table(),
        }
    }
}

impl Operator for TaskOperator {
    type Error = Error;

    fn process(&mut self, keyed: &KeyedRecord) -> Result<Decision, Error> {
        match self {
            Self::Dedup(dedup) => dedup.process(keyed),
            Self::Upsert(upsert) => upsert.process(keyed),
            Self::Reread(reread) => reread.process(keyed),
        }
    }

    fn process_by_content(&mut self, keyed: &KeyedRecord) -> Result<Decision, Error> {
        match self {
            Self::Dedup(dedup) => dedup.process_by_content(keyed),
            Self::Upsert(upsert) => upsert.process_by_content(keyed),
            Self::Reread(reread) => reread.process_by_content(keyed),
        }
    }

    fn on_committed(&mut self, next: &[Position]) -> Result<(), Error> {
        match self {
            Self::Dedup(dedup) => Operator::on_committed(dedup, next),
            Self::Upsert(upsert) => Operator::on_committed(upsert, next),
            Self::Reread(reread) => Operator::on_committed(reread, next),
        }
    }

    fn release(&mut self, input: u16) -> Result<(), Error> {
        match self {
            Self::Dedup(dedup) => Operator::release(dedup, input),
            Self::Upsert(upsert) => Operator::release(upsert, input),
            Self::Reread(reread) => Operator::release(reread, input),
        }
    }
}

/// The table of a space, with what stands with it.
fn table<V: StoredValue>(
    log: Log,
    space: u32,
    memory: Option<usize>,
) -> Result<(DurableTable<V, Log>, Option<Progress>), Unusable> {
    let options = memory.map_or(TableOptions::new(), |bytes| TableOptions::new().capped(bytes));
    let table = options.open(log, space)?;
    let progress = table.progress().map(Progress::read).transpose().map_err(Unusable::Progress)?;
    Ok((table, progress))
}
