//! What CI runs, in the order in which it fails soonest.

use std::process::ExitCode;

use anyhow::Result;

use crate::command::{cargo, run as run_command};
use crate::{setup, test};

/// Format, lints, docs, dependencies, then every test.
///
/// # Errors
///
/// At the first of them that does not pass; tests that fail are an exit code.
pub(crate) fn run() -> Result<ExitCode> {
    run_command(&mut cargo(["fmt", "--all", "--", "--check"]))?;
    setup::bring(setup::EVERYTHING)?;
    run_command(&mut cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
    let mut docs = cargo(["doc", "--workspace", "--no-deps", "--locked"]);
    run_command(docs.env("RUSTDOCFLAGS", "-D warnings"))?;
    // the advisory database is not to be had without a network: that check is a chore of its own
    run_command(setup::deny().args(["check", "licenses", "bans", "sources"]))?;
    test::run()
}

/// Dependencies against the advisory database, which cargo-deny downloads.
///
/// # Errors
///
/// When there is an advisory, or the database cannot be had.
pub(crate) fn advisories() -> Result<()> {
    setup::bring(&[setup::DENY])?;
    run_command(setup::deny().args(["check", "advisories"]))
}
