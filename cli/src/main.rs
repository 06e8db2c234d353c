//! The `offsets` command: where a Kafka consumer group goes on after its region died, and how sure that is.
//!
//! Nothing is decided here. Arguments become a link and a selection, the core holds its inquiry, an edge answers, and
//! what comes out is printed; the exit code says how it went.

mod args;
mod clock;
mod exit;
mod failure;
mod job;
mod link;
mod new_file;
mod outcome;
mod print;
mod recorder;
mod service;
mod text;
mod verb;

use std::process::ExitCode;

use crate::args::{Cli, Verb};

fn main() -> ExitCode {
    service::end_on_signals_as_first_process();
    let (arguments, job) = match job::arguments() {
        Ok(arguments) => arguments,
        Err(failure) => return outcome::report(Err(failure), None),
    };
    let job = job.as_deref();
    let Cli { link, evidence, output, verb } = match args::parse(&arguments) {
        Ok(Ok(cli)) => cli,
        Ok(Err(failure)) => return outcome::report(Err(failure), job),
        Err(usage) => return outcome::usage(usage, &arguments, job),
    };
    let ended = match verb {
        Verb::Translate(translate) => verb::translate(&link, &evidence, &output, &translate),
        Verb::Reset(reset) => verb::reset(&link, &evidence, &output, &reset),
        Verb::Undo(undo) => verb::undo(&link, &output, &undo),
        Verb::Dump(dump) => verb::dump(&link, &evidence, &output, &dump),
        Verb::Archive(archive) => verb::archive(&link, &output, &archive),
        Verb::Simulate(simulate) => verb::simulate(&output, &simulate),
        Verb::Reconcile(reconcile) => verb::reconcile(&link, &output, &reconcile),
        Verb::State(state) => verb::state(&output, &state),
        Verb::Completions(completions) => verb::completions(&completions),
        Verb::Man(man) => verb::man(&man),
    };
    outcome::report(ended, job)
}
