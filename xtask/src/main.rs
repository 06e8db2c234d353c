//! Project chores: `cargo xtask <chore>`.

mod bench;
mod ci;
mod command;
mod fuzz;
mod kills;
mod places;
mod rereads;
mod rig;
mod setup;
mod test;
mod wasm;
mod words;

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "\
Usage: cargo xtask <chore>

  setup        find or install what tests and checks need beyond Rust
  test         build and run every kind of test, and count each
  ci           everything CI runs: format, lints, docs, dependencies, fuzzing, then test
  fuzz [SECONDS]
               fuzz every parser for this number of seconds (60)
  clients      check the builds with TLS, with the system's OpenSSL and with Kerberos (minutes)
  words        look for words that xtask/words.tsv replaces
  advisories   check dependencies against the advisory database (needs a network)
  rig up       two Kafka brokers and a MirrorMaker 2 to play with, until Ctrl-C
  kills [N]    reconcile while instances and a broker are killed N times, and account for every record
  bench        whole processes beside the Java tools, on real brokers
  bench streams
               reconciliation between topics beside Kafka Streams, on a real broker
  wasm         the WebAssembly module for Node and for a page, in wasm/pkg
  rereads      run the tests on real Kafka and print how much groups read twice, beside MirrorMaker 2
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chore: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&chore) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: &[&str]) -> Result<ExitCode> {
    match chore {
        ["setup"] => setup::bring(setup::EVERYTHING)?,
        ["test"] => return test::run(&[]),
        ["ci"] => return ci::run(),
        ["advisories"] => ci::advisories()?,
        ["words"] => words::check()?,
        ["clients"] => ci::clients()?,
        ["fuzz"] => fuzz::run(fuzz::IN_CI)?,
        ["fuzz", seconds] => fuzz::run(seconds.parse().context("SECONDS is a number")?)?,
        ["rig", "up"] => rig::up()?,
        ["rereads"] => return rereads::run(),
        ["wasm"] => wasm::build()?,
        ["kills"] => kills::run_kills(None)?,
        ["kills", times] => kills::run_kills(Some(times))?,
        ["bench", "streams", parts @ ..] => bench::run_beside_streams(parts)?,
        ["bench", parts @ ..] => bench::run_beside_peers(parts)?,
        ["--help" | "-h" | "help"] | [] => print!("{USAGE}"),
        _ => bail!("no chore {:?}\n\n{USAGE}", chore.join(" ")),
    }
    Ok(ExitCode::SUCCESS)
}
