//! Whole processes beside their peers, on real brokers.

use anyhow::Result;

use crate::command::{cargo, run};
use crate::{places, setup};

/// What the peers in Java are compiled with.
const COMPILER: &str = "javac";

/// Builds everything that is measured, as users have it, and measures it: all of it, or the parts that are named.
///
/// # Errors
///
/// When something that is needed is missing, does not build, or gives a wrong answer.
pub(crate) fn run_beside_peers(parts: &[&str]) -> Result<()> {
    measure("beside-peers", parts)
}

/// The same for `offsets reconcile` between topics, beside Kafka Streams.
///
/// # Errors
///
/// As [`run_beside_peers`].
pub(crate) fn run_beside_streams(parts: &[&str]) -> Result<()> {
    setup::bring(&[setup::STREAMS_JARS])?;
    measure("beside-streams", parts)
}

fn measure(program: &str, parts: &[&str]) -> Result<()> {
    setup::bring(setup::FOR_RIG)?;
    anyhow::ensure!(
        crate::command::answer(COMPILER, &["-version"]).is_some(),
        "there is no {COMPILER}: install a JDK, such as openjdk-17-jdk-headless"
    );
    run(&mut cargo(["build", "--profile", "dist", "-p", "offsets-cli", "-p", "offsets-benches", "--bins"]))?;
    let mut measure = std::process::Command::new(places::target().join("dist").join(program));
    run(measure.current_dir(places::workspace()).args(parts))
}
