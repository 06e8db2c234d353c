//! cargo-deny, at one version, so that a new one does not change what passes.

use std::process::Command;

use anyhow::Result;

use super::apt::Apt;
use crate::command::{answer, cargo, run};
use crate::places;

const VERSION: &str = "0.20.2";
pub(super) const REMEDY: &str = "run `cargo install cargo-deny --locked --version 0.20.2`";

/// A command that runs it in the workspace.
pub(crate) fn deny() -> Command {
    let mut command = Command::new(program().unwrap_or_else(|| "cargo-deny".to_owned()));
    command.current_dir(places::workspace());
    command
}

pub(super) fn find() -> Option<String> {
    program()
}

/// Installed for this workspace alone. A debug build takes a third of the time and checks this workspace as fast.
pub(super) fn get(_: &mut Apt) -> Result<()> {
    let mut install = cargo(["install", "cargo-deny", "--locked", "--debug", "--version", VERSION]);
    // it is not debugged: without that information it builds sooner and smaller
    install.arg("--root").arg(places::tools()).env("CARGO_PROFILE_DEV_DEBUG", "0");
    // cargo then builds it in a folder of its own, which goes when it is done
    run(install.env_remove("CARGO_TARGET_DIR"))
}

/// The installed one of the right version, wherever it is.
fn program() -> Option<String> {
    let own = places::tools().join("bin").join("cargo-deny").to_string_lossy().into_owned();
    let right = |program: &String| answer(program, &["--version"]).is_some_and(|text| text.contains(VERSION));
    [own, "cargo-deny".to_owned()].into_iter().find(right)
}
