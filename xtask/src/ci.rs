//! What CI runs, in the order in which it fails soonest.

use std::process::ExitCode;

use anyhow::Result;

use crate::command::{cargo, run as run_command};
use crate::{fuzz, setup, test, words};

/// Packages with features that change what is compiled, each with the selections that build on any machine.
const FEATURES: [(&str, &[&str]); 4] = [
    ("offsets-record", &["--all-features"]),
    ("offsets-reconcile", &["--no-default-features"]),
    ("offsets-reconcile", &["--no-default-features", "--features", "serde"]),
    ("offsets-store", &["--features", "redb"]),
];

/// The TLS builds of the client. The first and the last compile OpenSSL and Kerberos from their sources, which takes minutes, perl and
/// bison; the second needs the system's OpenSSL with its headers.
const CLIENTS: [&str; 3] = ["tls", "tls-system", "gssapi"];

/// Number of simulated histories that CI tries, unless `SIMULATED_HISTORIES` names another.
const HISTORIES: &str = "1000000";

/// Format, words, lints, features, docs, dependencies, a minute of fuzzing for each parser, then every test.
///
/// # Errors
///
/// At the first of them that does not pass; tests that fail are an exit code.
pub(crate) fn run() -> Result<ExitCode> {
    run_command(&mut cargo(["fmt", "--all", "--", "--check"]))?;
    words::check()?;
    setup::bring(setup::EVERYTHING)?;
    run_command(&mut cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
    for (package, features) in FEATURES {
        run_command(cargo(["check", "--locked", "--package", package]).args(features))?;
    }
    let mut docs = cargo(["doc", "--workspace", "--no-deps", "--locked"]);
    run_command(docs.env("RUSTDOCFLAGS", "-D warnings"))?;
    run_command(setup::deny().args(["check", "licenses", "bans", "sources"]))?;
    match run_command(setup::deny().args(["fetch", "db"])) {
        Ok(()) => run_command(setup::deny().args(["check", "--disable-fetch", "advisories"]))?,
        Err(error) => eprintln!("advisories are not checked: the database cannot be had ({error:#})"),
    }
    fuzz::run(fuzz::IN_CI)?;
    let histories = std::env::var("SIMULATED_HISTORIES");
    test::run(&[("SIMULATED_HISTORIES", histories.as_deref().unwrap_or(HISTORIES))])
}

/// Checks each TLS build of the client, all of them even where one fails.
///
/// # Errors
///
/// Names those that do not build.
pub(crate) fn clients() -> Result<()> {
    let failed: Vec<_> = CLIENTS
        .into_iter()
        .filter(|feature| {
            let mut check = cargo(["check", "--locked", "--package", "offsets-cli", "--features", feature]);
            run_command(&mut check).is_err()
        })
        .collect();
    anyhow::ensure!(failed.is_empty(), "features that do not build here: {}", failed.join(", "));
    Ok(())
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
