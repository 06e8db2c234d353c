//! The rig of the tests, for a person.

use std::os::unix::process::CommandExt;

use anyhow::{Result, bail};

use crate::command::cargo;
use crate::setup;

/// Becomes the rig, so that an interrupt at the terminal reaches it and nothing else waits in between.
///
/// # Errors
///
/// When something it needs is missing, or it cannot be started.
pub(crate) fn up() -> Result<()> {
    setup::bring(setup::FOR_RIG)?;
    let error = cargo(["run", "--quiet", "--package", "offsets-tests", "--bin", "rig"]).exec();
    bail!("start the rig: {error}")
}
