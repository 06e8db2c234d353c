//! How answers look. Data goes to stdout; remarks go to stderr through [`Reporter`].

mod archive;
mod chart;
mod connection_reporter;
mod explanation;
mod log;
mod plan;
mod progress;
mod reconciled;
mod reporter;
mod reset;
mod simulation;
mod state;
mod stdout;
mod table;
mod translation;

pub(crate) use archive::print_archive;
pub(crate) use chart::chart;
pub(crate) use connection_reporter::ConnectionReporter;
pub(crate) use log::start_log;
pub(crate) use plan::{describe_kind, describe_notices, describe_refusal, report_expiry, report_refusals};
pub(crate) use progress::ProgressBars;
pub(crate) use reconciled::{describe_counts, print_reconciled};
pub(crate) use reporter::Reporter;
pub(crate) use reset::{StepLine, print_reset};
pub(crate) use simulation::print_simulation;
pub(crate) use state::print_state;
pub(crate) use stdout::{IgnoreBrokenPipe, stdout};
pub(crate) use translation::print_translation;

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use table::Table;

/// What stands where there is no value.
const NONE: &str = "-";

fn write_json(out: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}

fn write_json_lines<T: Serialize>(out: &mut impl Write, lines: impl Iterator<Item = T>) -> io::Result<()> {
    for line in lines {
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
    }
    Ok(())
}

fn or_none<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| value.to_string())
}

/// How long before `now` something was, in one unit: `4s`, `12m`, `3h`, `2d`.
fn age(then: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(then).max(SignedDuration::ZERO);
    match age.as_secs() {
        seconds @ ..120 => format!("{seconds}s"),
        seconds @ ..7_200 => format!("{}m", seconds / 60),
        seconds @ ..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}
