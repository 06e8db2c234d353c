//! The `offsets` command: where a Kafka consumer group goes on after its region died, and how sure that is.
//!
//! Nothing is decided here. Arguments become a link and a selection, the core asks, an edge answers, and
//! what comes out is printed; the exit code says how it went.

mod args;
mod clock;
mod command;
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

use std::process::ExitCode;

use crate::args::{Cli, Command, OutputArgs};

fn main() -> ExitCode {
    service::end_on_signals_as_first_process();
    let (arguments, job) = match job::arguments() {
        Ok(arguments) => arguments,
        Err(failure) => return outcome::report(Err(failure), None),
    };
    let job = job.as_deref();
    let Cli { link, evidence, output, command } = match args::parse(&arguments) {
        Ok(Ok(cli)) => cli,
        Ok(Err(failure)) => return outcome::report(Err(failure), job),
        Err(usage) => return outcome::usage(usage, &arguments, job),
    };
    let output = OutputArgs { log: command.log_format(), ..output };
    print::start_log(&output);
    let ended = match command {
        Command::Translate(translate) => command::translate(&link, &evidence, &output, &translate),
        Command::Reset(reset) => command::reset(&link, &evidence, &output, &reset),
        Command::Undo(undo) => command::undo(&link, &output, &undo),
        Command::Dump(dump) => command::dump(&link, &evidence, &output, &dump),
        Command::Archive(archive) => command::archive(&link, &output, &archive),
        Command::Simulate(simulate) => command::simulate(&output, &simulate),
        Command::Reconcile(reconcile) => command::reconcile(&link, &output, &reconcile),
        Command::State(state) => command::state(&output, &state),
        Command::Completions(completions) => command::completions(&completions),
        Command::Man(man) => command::man(&man),
    };
    outcome::report(ended, job)
}
