use std::io::{self, Write};

use offsets_reconcile::RunCounts;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{NONE, Reporter, Table, stdout, write_json};
use crate::args::{Format, OutputArgs};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    api_version: &'static str,
    kind: &'static str,
    summary: &'a RunCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    losses: Option<&'a [Box<RawValue>]>,
}

/// Prints what a run came to, and of a dry run which writes would lose. Where stdout has the records it is said on stderr.
pub(crate) fn print_reconciled(
    summary: &RunCounts,
    losses: Option<&[Box<RawValue>]>,
    stdout_is_taken: bool,
    output: &OutputArgs,
    reporter: Reporter,
) -> io::Result<()> {
    let mut out = stdout();
    match (output.output, losses) {
        _ if stdout_is_taken => reporter.info(describe_counts(summary)),
        (Format::Json, _) => {
            let (api_version, kind) = (offsets_core::API_VERSION, "Reconciliation");
            write_json(&mut out, &Report { api_version, kind, summary, losses })?;
        }
        (Format::Jsonl, Some(losses)) => {
            losses.iter().try_for_each(|loss| writeln!(out, "{loss}"))?;
        }
        (_, Some(losses)) => {
            print_losses(&mut out, losses)?;
            out.flush()?;
            reporter.info(format!("{}; nothing was written", describe_counts(summary)));
        }
        (_, None) => {
            // The first is the sum of the others.
            let mut table = Table::new(["RECORDS", "WRITTEN", "LOST", "SET ASIDE"]);
            table.add_row([summary.records, summary.written, summary.dropped(), summary.set_aside()]);
            table.write(&mut out)?;
            out.flush()?;
            reporter.info(describe_counts(summary));
        }
    }
    out.flush()
}

fn print_losses(out: &mut impl Write, losses: &[Box<RawValue>]) -> io::Result<()> {
    let mut table = Table::new(["REASON", "LOSER", "VERSION", "WINNER", "VERSION", "KEY"]);
    let text = |value: &Value| match value {
        Value::Null => NONE.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let place = |write: &Value| match &write["from"] {
        Value::Null => NONE.to_owned(),
        from if write["line"].is_null() => {
            format!("{}-{}:{}", text(from), write["partition"], write["offset"])
        }
        from => format!("{}:{}", text(from), write["line"]),
    };
    for loss in losses {
        let loss: Value = serde_json::from_str(loss.get())?;
        let (loser, winner) = (&loss["loser"], &loss["winner"]);
        table.add_row([
            text(&loss["reason"]),
            place(loser),
            text(&loser["version"]),
            place(winner),
            text(&winner["version"]),
            text(&loser["record"]["key"]),
        ]);
    }
    table.write(out)
}

/// A line for people.
pub(crate) fn describe_counts(summary: &RunCounts) -> String {
    let RunCounts { records, written, lost, superseded, flawed, passed } = summary;
    let lost = list(lost.iter().map(|(reason, count)| (reason.as_str(), *count)));
    let flawed = list(flawed.iter().map(|(kind, count)| (kind.as_str(), *count)));
    let lost = if lost.is_empty() { "none lost".to_owned() } else { format!("lost: {lost}") };
    let superseded = of_them(*superseded, "had been written");
    let flawed = if flawed.is_empty() { flawed } else { format!("; could not be judged: {flawed}") };
    let passed = of_them(*passed, "written all the same");
    let (dropped, set_aside) = (summary.dropped(), summary.set_aside());
    format!(
        "{records} records read, {written} count; {lost}{superseded}{flawed}{passed}; {records} = {written} written + {dropped} lost + \
         {set_aside} set aside"
    )
}

/// How many of what was just said have gone to the output.
fn of_them(count: u64, what: &str) -> String {
    if count == 0 { String::new() } else { format!(" ({count} of them {what})") }
}

fn list<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> String {
    counts.map(|(what, count)| format!("{count} by {what}")).collect::<Vec<_>>().join(", ")
}
