//! Reconciliation killed again and again, for as long as a person likes.

use anyhow::{Context, Result};

use crate::command::{cargo, run};
use crate::setup;

/// Kills each job this number of times, or as often as the tests do.
///
/// # Errors
///
/// When something was lost or doubled, or the rig cannot be had.
pub(crate) fn run_kills(times: Option<&str>) -> Result<()> {
    let times: Option<u32> = times.map(str::parse).transpose().context("kills takes a number")?;
    setup::bring(setup::FOR_RIG)?;
    run(&mut cargo(["build", "--package", "offsets-cli"]))?;
    let mut test = cargo(["test", "--package", "offsets-tests", "--test", "real_kafka", "--"]);
    test.args(["--nocapture", "--test-threads=1", "reconcile::kills"]);
    if let Some(times) = times {
        test.env("OFFSETS_TEST_KILLS", times.to_string());
    }
    run(&mut test)
}
