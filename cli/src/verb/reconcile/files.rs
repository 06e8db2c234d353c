use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use offsets_core::reconcile::{
    Candidate, Flaw, FlawKind, Flawed, LedgerEntry, Line, Loss, Operator, Outcome, Position, Side, Write,
};
use serde::Serialize;

use super::inputs::{Arrival, Inputs};
use super::outputs::Output;
use super::rules::Rules;
use crate::args::{Format, Mode, OutputArgs, Policy, ReconcileArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Remarks, print_reconciled};

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reconciled {
    /// Records that were read.
    pub(crate) records: u64,
    /// Records that count.
    pub(crate) written: u64,
    /// Records that lost, by reason.
    pub(crate) lost: BTreeMap<String, u64>,
    /// Records that could not be judged, by what they could not be judged by.
    pub(crate) flawed: BTreeMap<String, u64>,
}

/// `offsets reconcile`.
pub(crate) fn reconcile(output: &OutputArgs, args: &ReconcileArgs) -> Result<Exit, Failure> {
    if output.output == Format::Csv || (output.output == Format::Jsonl && !args.dry_run) {
        return Err(Failure::usage("what a run came to is printed as a table or as JSON").remedy(
            "say -o table or -o json; with --dry-run -o jsonl prints a line for each write that would lose",
        ));
    }
    let mut run = Run::begin(args)?;
    while let Some(arrival) = run.inputs.next()? {
        run.take(arrival)?;
    }
    let to_stdout = args.to.as_ref().is_some_and(|to| to.as_os_str() == "-");
    let (reconciled, losses) = run.end()?;
    let losses = args.dry_run.then_some(losses);
    print_reconciled(&reconciled, losses.as_deref(), to_stdout, output, Remarks::new(output))?;
    Ok(Exit::Done)
}

/// One run over files.
struct Run {
    rules: Rules,
    inputs: Inputs,
    operator: Box<dyn Operator<Error = Infallible>>,
    /// What counts so far, by the order in which it came; of an upsert only the end tells.
    standing: Option<Standing>,
    to: Option<Output>,
    ledger: Option<Output>,
    dead_letters: Option<Output>,
    /// What a dry run shows.
    losses: Option<Vec<serde_json::Value>>,
    reconciled: Reconciled,
}

/// The winners of an upsert.
#[derive(Default)]
struct Standing {
    lines: BTreeMap<u64, Line>,
    arrivals: HashMap<Position, u64>,
}

/// A record that cannot be judged, as it is written out.
#[derive(Serialize)]
struct DeadLetter<'a> {
    flaw: FlawKind,
    detail: String,
    from: &'a str,
    line: u64,
    record: &'a Line,
}

impl Run {
    fn begin(args: &ReconcileArgs) -> Result<Self, Failure> {
        let rules = Rules::of(args)?;
        let inputs = Inputs::open(&args.from)?;
        let begin = |path: &Option<_>| path.as_deref().map(Output::begin).transpose();
        Ok(Self {
            operator: rules.operator(),
            rules,
            inputs,
            standing: (args.mode == Mode::Upsert).then(Standing::default),
            to: begin(&args.to)?,
            ledger: begin(&args.ledger)?,
            dead_letters: begin(&args.dead_letter)?,
            losses: args.dry_run.then(Vec::new),
            reconciled: Reconciled::default(),
        })
    }

    fn take(&mut self, arrival: Arrival) -> Result<(), Failure> {
        self.reconciled.records += 1;
        let headers = arrival.record.headers();
        let examined = Position::new(arrival.input, arrival.line as i64).map(|position| {
            let record = arrival.record.record(&headers);
            self.rules.examination.examine(&record, position, clock::now().as_millisecond())
        });
        drop(headers);
        let candidate = match examined {
            Some(Ok(candidate)) => candidate,
            Some(Err(flawed)) => return self.set_aside(arrival, &flawed),
            None => {
                return Err(Failure::usage(format!("{}: too many lines", self.inputs.name(arrival.input))));
            }
        };
        let Ok(outcome) = self.operator.judge(&candidate);
        match outcome {
            Outcome::Passes { over } => {
                if let Some(loss) = over {
                    let beaten =
                        self.standing.as_mut().and_then(|standing| standing.remove(loss.loser.position));
                    self.enter(&candidate, &loss, beaten.as_ref(), Some(&arrival.record))?;
                }
                self.pass(candidate.position, arrival.record)
            }
            Outcome::Loses(loss) => {
                let winner =
                    loss.winner.and_then(|winner| self.standing.as_ref()?.get(winner.position).cloned());
                self.enter(&candidate, &loss, Some(&arrival.record), winner.as_ref())
            }
            Outcome::Tied(_) => self.set_aside(arrival, &Flawed { kind: FlawKind::Tie, flaw: Flaw::Tie }),
        }
    }

    fn pass(&mut self, position: Position, record: Line) -> Result<(), Failure> {
        match &mut self.standing {
            Some(standing) => standing.add(position, self.reconciled.records, record),
            None => self.write(&record)?,
        }
        Ok(())
    }

    fn write(&mut self, record: &Line) -> Result<(), Failure> {
        self.reconciled.written += 1;
        self.to.as_mut().map_or(Ok(()), |to| to.line(record))
    }

    fn enter(
        &mut self,
        candidate: &Candidate,
        loss: &Loss,
        loser: Option<&Line>,
        winner: Option<&Line>,
    ) -> Result<(), Failure> {
        let inputs = &self.inputs;
        let write = |side: &Side, record| Write {
            from: inputs.name(side.position.input()),
            line: u64::try_from(side.position.offset() + 1).ok(),
            version: side.rank.map(|rank| rank.version.to_string()),
            record,
        };
        let entry = LedgerEntry {
            reason: loss.reason,
            identity: candidate.identity.to_string(),
            loser: write(&loss.loser, loser),
            winner: loss.winner.as_ref().map(|side| write(side, winner)),
        };
        *self.reconciled.lost.entry(word(&loss.reason)).or_default() += 1;
        if let Some(losses) = &mut self.losses {
            losses.push(serde_json::to_value(&entry).map_err(std::io::Error::from)?);
        }
        self.ledger.as_mut().map_or(Ok(()), |ledger| ledger.line(&entry))
    }

    /// A record that cannot be judged goes where the policy says.
    fn set_aside(&mut self, arrival: Arrival, flawed: &Flawed) -> Result<(), Failure> {
        let from = self.inputs.name(arrival.input);
        let kind = word(&flawed.kind);
        let line = arrival.line + 1;
        match self.rules.policy(flawed.kind) {
            Policy::Fail => {
                let said = format!("{from}:{line}: the record cannot be judged: {flawed}");
                return Err(Failure::new(Exit::Unsound, said)
                    .remedy(format!("say --on {kind}=dead-letter or --on {kind}=pass, or mend the record")));
            }
            Policy::DeadLetter => {
                let detail = flawed.to_string();
                let letter = DeadLetter { flaw: flawed.kind, detail, from, line, record: &arrival.record };
                self.dead_letters.as_mut().map_or(Ok(()), |letters| letters.line(&letter))?;
            }
            Policy::Pass => match &mut self.standing {
                Some(standing) => drop(standing.lines.insert(self.reconciled.records, arrival.record)),
                None => self.write(&arrival.record)?,
            },
        }
        *self.reconciled.flawed.entry(kind).or_default() += 1;
        Ok(())
    }

    fn end(mut self) -> Result<(Reconciled, Vec<serde_json::Value>), Failure> {
        for record in self.standing.take().unwrap_or_default().lines.into_values() {
            self.write(&record)?;
        }
        let outputs = [self.dead_letters, self.ledger, self.to];
        Output::publish(outputs.into_iter().flatten().collect())?;
        Ok((self.reconciled, self.losses.unwrap_or_default()))
    }
}

impl Standing {
    fn add(&mut self, position: Position, arrival: u64, record: Line) {
        self.arrivals.insert(position, arrival);
        self.lines.insert(arrival, record);
    }

    fn get(&self, position: Position) -> Option<&Line> {
        self.lines.get(self.arrivals.get(&position)?)
    }

    fn remove(&mut self, position: Position) -> Option<Line> {
        self.lines.remove(&self.arrivals.remove(&position)?)
    }
}

/// The word that JSON has for it.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
