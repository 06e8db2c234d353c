//! Builds and runs every kind of test, and counts each.
//!
//! Each test program is asked for its tests first and run afterwards, so a test that never reported, because its
//! program died or was never written to run it, is seen and named.

mod libtest;
mod node;
mod programs;
mod tally;

use std::process::ExitCode;

use anyhow::{Context, Result};

use self::tally::Verdict;
pub(crate) use self::tally::{Kind, Tally};
use crate::command::cargo;
use crate::{rereads, setup, wasm};

/// Everything, the slowest kind last. The last line of the output is the sum.
///
/// # Errors
///
/// When something that is needed is missing, or something does not build. Tests that fail are no error but an exit
/// code.
pub(crate) fn run() -> Result<ExitCode> {
    setup::bring(setup::FOR_TESTS)?;
    let mut programs = programs::build()?;
    programs.sort_by_key(|program| program.is_real_kafka());
    let mut tally = Tally::default();
    for program in programs.iter().filter(|program| !program.is_real_kafka()) {
        program.run(&programs, &mut tally)?;
    }
    doc_tests(&mut tally)?;
    wasm::build()?;
    node::run(&programs, &mut tally)?;
    rereads::forget()?;
    for program in programs.iter().filter(|program| program.is_real_kafka()) {
        program.run(&programs, &mut tally)?;
    }
    rereads::print()?;
    Ok(conclude(&tally, &Kind::ALL))
}

/// The tests on real Kafka alone.
///
/// # Errors
///
/// Like [`run`].
pub(crate) fn run_real_kafka() -> Result<Tally> {
    setup::bring(setup::FOR_RIG)?;
    let programs = programs::build()?;
    let mut tally = Tally::default();
    for program in programs.iter().filter(|program| program.is_real_kafka()) {
        program.run(&programs, &mut tally)?;
    }
    Ok(tally)
}

/// Prints the counts; success only if every test of `kinds` passed, or is named as skipped, and each kind has one.
pub(crate) fn conclude(tally: &Tally, kinds: &[Kind]) -> ExitCode {
    print!("\n{}", tally.summary(kinds));
    if tally.is_success(kinds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Examples in the documentation. Their names are known only once they have run.
fn doc_tests(tally: &mut Tally) -> Result<()> {
    let mut command = cargo(["test", "--workspace", "--doc", "--no-fail-fast"]);
    let (verdicts, success) = libtest::run(&mut command).context("run the examples of the documentation")?;
    // an example that does not compile is reported like one that fails; anything else is cargo's own failure
    let silent = !success && verdicts.iter().all(|(_, verdict)| *verdict != Verdict::Failed);
    for (name, verdict) in verdicts {
        tally.add(Kind::Unit, "documentation", &name, verdict);
    }
    if silent {
        tally.add(Kind::Unit, "documentation", "cargo test --doc", Verdict::Failed);
    }
    Ok(())
}
