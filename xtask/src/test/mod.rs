//! Builds and runs every kind of test, and counts each.
//!
//! Each test program is asked for its tests first and run afterwards, so a test that never reported, because its
//! program died or was never written to run it, is seen and named.

mod counts;
mod libtest;
mod node;
mod programs;

use std::process::ExitCode;

use anyhow::{Context, Result};

use self::counts::TestResult;
pub(crate) use self::counts::{Kind, TestCounts};
use crate::command::cargo;
use crate::{rereads, setup, wasm};

/// Everything with these environment variables, the slowest kind last. The last line of the output is the sum.
///
/// # Errors
///
/// When something that is needed is missing, or something does not build. Tests that fail are no error but an exit
/// code.
pub(crate) fn run(variables: &[(&str, &str)]) -> Result<ExitCode> {
    setup::bring(setup::FOR_TESTS)?;
    let mut programs = programs::build()?;
    programs.sort_by_key(|program| program.is_real_kafka());
    let mut counts = TestCounts::default();
    for program in programs.iter().filter(|program| !program.is_real_kafka()) {
        program.run(&programs, variables, &mut counts)?;
    }
    doc_tests(&mut counts)?;
    wasm::build()?;
    node::run(&programs, &mut counts)?;
    rereads::forget()?;
    for program in programs.iter().filter(|program| program.is_real_kafka()) {
        program.run(&programs, variables, &mut counts)?;
    }
    rereads::print()?;
    Ok(conclude(&counts, &Kind::ALL))
}

/// The tests on real Kafka alone.
///
/// # Errors
///
/// Like [`run`].
pub(crate) fn run_real_kafka() -> Result<TestCounts> {
    setup::bring(setup::FOR_RIG)?;
    let programs = programs::build()?;
    let mut counts = TestCounts::default();
    for program in programs.iter().filter(|program| program.is_real_kafka()) {
        program.run(&programs, &[], &mut counts)?;
    }
    Ok(counts)
}

/// Prints the counts; success only if every test of `kinds` passed, or is named as skipped, and each kind has one.
pub(crate) fn conclude(counts: &TestCounts, kinds: &[Kind]) -> ExitCode {
    print!("\n{}", counts.summary(kinds));
    if counts.is_success(kinds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Examples in the documentation. Their names are known only once they have run.
fn doc_tests(counts: &mut TestCounts) -> Result<()> {
    let mut command = cargo(["test", "--workspace", "--doc", "--no-fail-fast"]);
    let (verdicts, success) = libtest::run(&mut command).context("run the examples of the documentation")?;
    // an example that does not compile is reported like one that fails; anything else is cargo's own failure
    let silent = !success && verdicts.iter().all(|(_, result)| *result != TestResult::Failed);
    for (name, result) in verdicts {
        counts.add(Kind::Unit, "documentation", &name, result);
    }
    if silent {
        counts.add(Kind::Unit, "documentation", "cargo test --doc", TestResult::Failed);
    }
    Ok(())
}
