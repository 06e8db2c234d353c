use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use offsets_kafka::Stop;
use offsets_reconcile::{
    Dedup, Destination, EnteredWrite, IdentityRule, KeyedRecord, LedgerEntry, Line, Loss, MemoryTable,
    Operator, Position, RecordError, RecordErrorKind, RecordRules, RunCounts, Upsert, WriteRef,
};
use offsets_streams::OperatorSpec;
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::output::Output;
use super::inputs::{InputRecord, Inputs};
use super::method::Method;
use super::reread::{Reread, report_seed_gaps};
use crate::args::{Format, Mode, OutputArgs, ReconcileArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::is_stream;
use crate::print::{Reporter, print_reconciled};
use crate::service::stop_on_signals;

/// A run over files.
pub(super) fn reconcile(output: &OutputArgs, args: &ReconcileArgs) -> Result<Exit, Failure> {
    check_format(output, args)?;
    check_distinct_outputs(args)?;
    let mut run = Run::begin(args)?;
    // A read of stdin is not interrupted by a stop: such a run ends as the system ends it.
    let stop = if args.from.iter().any(|from| from == "-") { Stop::default() } else { stop_on_signals()? };
    let reporter = Reporter::new(output);
    if let RunOperator::Reread(reread) = &run.operator {
        report_seed_gaps(reread.seed(), reporter);
    }
    while let Some(input_record) = run.inputs.next()? {
        if stop.is_requested() {
            return Err(Failure::new(
                Exit::Failed,
                "stopped before everything was read: no file was written",
            ));
        }
        run.take(input_record, clock::now().as_millisecond())?;
    }
    if let RunOperator::Reread(reread) = &run.operator {
        reread.is_of_these_files()?;
        reread.report(reporter);
    }
    let to_stdout = args.to.as_ref().is_some_and(|to| to.as_os_str() == "-");
    let (counts, losses) = run.end()?;
    let losses = args.dry_run.then_some(losses);
    print_reconciled(&counts, losses.as_deref(), to_stdout, output, reporter)?;
    Ok(Exit::Done)
}

/// What a run comes to is a table or JSON; the losses of a dry run can be lines.
pub(super) fn check_format(output: &OutputArgs, args: &ReconcileArgs) -> Result<(), Failure> {
    if output.output == Format::Csv || (output.output == Format::Jsonl && !args.dry_run) {
        return Err(Failure::usage("what a run came to is printed as a table or as JSON").remedy(
            "say -o table or -o json; with --dry-run -o jsonl prints a line for each write that would lose",
        ));
    }
    let to_stdout = args.to.as_ref().is_some_and(|to| to.as_os_str() == "-");
    if to_stdout && output.output != Format::Table {
        return Err(Failure::usage(
            "with --to - the records go to stdout, and what the run came to to stderr",
        )
        .remedy("leave -o out, or name a file with --to"));
    }
    Ok(())
}

/// A file that is to hold two things would be found taken only at the end; and the two could not be told apart on stdout.
fn check_distinct_outputs(args: &ReconcileArgs) -> Result<(), Failure> {
    let parts = [("--to", &args.to), ("--ledger", &args.ledger), ("--dead-letter", &args.dead_letter)];
    let mut taken: Vec<(&str, PathBuf)> = Vec::new();
    for (part, path) in parts {
        // A device takes what several write to it.
        let Some(path) = path.as_ref().filter(|path| !is_stream(path)) else { continue };
        let place = place(path);
        if let Some((other, _)) = taken.iter().find(|(_, known)| *known == place) {
            return Err(Failure::usage(format!("{} is both {other} and {part}", path.display()))
                .remedy("name a file of its own for each"));
        }
        taken.push((part, place));
    }
    Ok(())
}

/// Where a file is to be, however its folder is named.
fn place(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().and_then(|folder| folder.canonicalize().ok());
    folder.zip(absolute.file_name()).map_or(absolute.clone(), |(folder, name)| folder.join(name))
}

/// One run over files.
struct Run {
    rules: RecordRules,
    inputs: Inputs,
    operator: RunOperator,
    /// The next line of each input: what lies before is not asked about again.
    next: Vec<Position>,
    /// What counts so far, by the order in which it came; of an upsert only the end tells.
    winners: Option<Winners>,
    to: Option<Output>,
    ledger: Option<Output>,
    dead_letters: Option<Output>,
    /// What a dry run shows.
    losses: Option<Vec<Box<RawValue>>>,
    counts: RunCounts,
}

/// Who judges, with a memory that lives as long as the run.
enum RunOperator {
    Operator(Box<dyn Operator<Error = Infallible>>),
    Reread(Box<Reread>),
}

/// The winners of an upsert.
#[derive(Default)]
struct Winners {
    lines: BTreeMap<u64, Line>,
    arrivals: HashMap<Position, u64>,
}

/// A record that cannot be judged, as it is written out.
#[derive(Serialize)]
struct DeadLetter<'a> {
    #[serde(rename = "flaw")]
    cause: RecordErrorKind,
    detail: String,
    from: &'a str,
    line: u64,
    record: &'a Line,
}

impl Run {
    fn begin(args: &ReconcileArgs) -> Result<Self, Failure> {
        let Method { rules, operator } = Method::of(args)?;
        let inputs = Inputs::open(&args.from)?;
        if rules.extractor.identity == IdentityRule::Origin {
            inputs.differ()?;
        }
        let operator = match operator {
            OperatorSpec::Dedup(window) => {
                RunOperator::Operator(Box::new(Dedup::new(MemoryTable::default(), window)))
            }
            OperatorSpec::Upsert(rules) => {
                RunOperator::Operator(Box::new(Upsert::new(MemoryTable::default(), rules)))
            }
            OperatorSpec::Reread(seed) => RunOperator::Reread(Box::new(Reread::of(seed, inputs.topics()))),
            _ => {
                return Err(
                    Failure::usage("this operator does not read files").remedy("name topics and --group")
                );
            }
        };
        let begin = |path: &Option<_>| path.as_deref().map(Output::begin).transpose();
        Ok(Self {
            next: (0..inputs.count()).filter_map(|input| Position::new(input, 0)).collect(),
            operator,
            rules,
            inputs,
            winners: (args.mode == Mode::Upsert).then(Winners::default),
            to: begin(&args.to)?,
            ledger: begin(&args.ledger)?,
            dead_letters: begin(&args.dead_letter)?,
            losses: args.dry_run.then(Vec::new),
            counts: RunCounts::default(),
        })
    }

    /// Decides a record. What is decided by the time is decided by `now_ms` (milliseconds since 1970, UTC).
    fn take(&mut self, input_record: InputRecord, now_ms: i64) -> Result<(), Failure> {
        let Some(position) = Position::new(input_record.input, input_record.line as i64) else {
            return Err(Failure::usage(format!("{}: too many lines", self.inputs.name(input_record.input))));
        };
        let headers = input_record.record.headers();
        let record = input_record.record.record(&headers);
        let routing = match &mut self.operator {
            RunOperator::Operator(operator) => {
                let routing = self.rules.route(&mut **operator, &record, position, now_ms);
                self.next[usize::from(input_record.input)] = position.next();
                let Ok(()) = operator.on_committed(&self.next);
                routing
            }
            RunOperator::Reread(reread) => {
                let mut operator = reread.at(&input_record, &self.inputs)?;
                self.rules.route(&mut operator, &record, position, now_ms)
            }
        };
        let Ok(routing) = routing;
        drop(headers);
        let destination = self.counts.count(&routing);
        if let Some((keyed, loss)) = routing.loss() {
            self.write_ledger(keyed, loss, &input_record.record)?;
        }
        match destination {
            Destination::Output => self.write_output(position, input_record.record),
            Destination::Ledger => Ok(()),
            Destination::DeadLetters(record_error) => self.write_dead_letter(&input_record, record_error),
            Destination::Nowhere(record_error) => Err(self.refuse(&input_record, record_error)),
        }
    }

    fn write_output(&mut self, position: Position, record: Line) -> Result<(), Failure> {
        match &mut self.winners {
            Some(winners) => {
                winners.add(position, self.counts.records, record);
                Ok(())
            }
            None => write_line(&mut self.to, &record),
        }
    }

    /// Enters a loss into the ledger: the record at hand is one of its two writes, and an upsert holds the other.
    fn write_ledger(&mut self, keyed: &KeyedRecord, loss: &Loss, record: &Line) -> Result<(), Failure> {
        let is_beaten = loss.loser.position != keyed.position;
        let beaten = match &mut self.winners {
            Some(winners) if is_beaten => winners.remove(loss.loser.position),
            _ => None,
        };
        let stands = loss.winner.and_then(|winner| self.winners.as_ref()?.get(winner.position));
        let (loser, winner) =
            if is_beaten { (beaten.as_ref(), Some(record)) } else { (Some(record), stands) };
        let inputs = &self.inputs;
        let write = |side: &WriteRef, record| EnteredWrite {
            from: inputs.name(side.position.input()),
            line: u64::try_from(side.position.offset() + 1).ok(),
            partition: None,
            offset: None,
            version: side.rank.map(|rank| rank.version.to_string()),
            record,
        };
        let entry = LedgerEntry {
            reason: loss.reason,
            identity: keyed.identity.to_string(),
            loser: write(&loss.loser, loser),
            winner: loss.winner.as_ref().map(|side| write(side, winner)),
        };
        if let Some(losses) = &mut self.losses {
            losses.push(serde_json::value::to_raw_value(&entry).map_err(std::io::Error::from)?);
        }
        write_line(&mut self.ledger, &entry)
    }

    /// Writes a rejected record to the dead letters.
    fn write_dead_letter(
        &mut self,
        input_record: &InputRecord,
        record_error: &RecordError,
    ) -> Result<(), Failure> {
        let letter = DeadLetter {
            cause: record_error.kind,
            detail: record_error.to_string(),
            from: self.inputs.name(input_record.input),
            line: input_record.line + 1,
            record: &input_record.record,
        };
        write_line(&mut self.dead_letters, &letter)
    }

    fn refuse(&self, input_record: &InputRecord, record_error: &RecordError) -> Failure {
        let (from, line) = (self.inputs.name(input_record.input), input_record.line + 1);
        let kind = record_error.kind.as_str();
        Failure::new(Exit::Unsound, format!("{from}:{line}: the record cannot be judged: {record_error}"))
            .remedy(format!("use --on {kind}=dead-letter or --on {kind}=pass, or mend the record"))
    }

    fn end(mut self) -> Result<(RunCounts, Vec<Box<RawValue>>), Failure> {
        if let Some(winners) = self.winners {
            self.counts = self.counts.without_superseded();
            for record in winners.lines.into_values() {
                write_line(&mut self.to, &record)?;
            }
        }
        let outputs = [self.dead_letters, self.ledger, self.to];
        Output::publish(outputs.into_iter().flatten().collect())?;
        Ok((self.counts, self.losses.unwrap_or_default()))
    }
}

/// A dry run has no outputs, and others not all of them.
fn write_line(output: &mut Option<Output>, line: &impl Serialize) -> Result<(), Failure> {
    output.as_mut().map_or(Ok(()), |output| output.line(line))
}

impl Winners {
    fn add(&mut self, position: Position, input_record: u64, record: Line) {
        self.arrivals.insert(position, input_record);
        self.lines.insert(input_record, record);
    }

    fn get(&self, position: Position) -> Option<&Line> {
        self.lines.get(self.arrivals.get(&position)?)
    }

    fn remove(&mut self, position: Position) -> Option<Line> {
        self.lines.remove(&self.arrivals.remove(&position)?)
    }
}
