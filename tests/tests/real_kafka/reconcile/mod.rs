//! `offsets reconcile` between topics of a real broker.

mod capped;
mod failover;
mod full_disk;
mod growth;
mod kills;
mod ledger;
mod names;
mod refusals;
mod repartition;
mod rights;
mod state;
mod stopping;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use offsets_tests::rig::{Process, Rig};
use offsets_tests::tool::{self, Run};
use offsets_tests::wait::TIMEOUT;

/// A job as it is given to every instance.
pub(crate) struct Job {
    folder: PathBuf,
    bootstrap: String,
    arguments: Vec<String>,
}

/// One instance that runs.
pub(crate) struct Instance {
    job: Command,
    name: String,
    output: PathBuf,
    process: Process,
}

impl Job {
    /// A job on the target cluster.
    pub(crate) fn new(rig: &Rig, group: &str, arguments: &[&str]) -> Result<Self> {
        Self::on(rig.target.bootstrap(), rig, group, arguments)
    }

    /// A job on another cluster.
    pub(crate) fn on(bootstrap: String, rig: &Rig, group: &str, arguments: &[&str]) -> Result<Self> {
        let folder = rig.scratch().folder(group)?;
        let mut all = vec!["--group".to_owned(), group.to_owned()];
        // A dead member is noticed sooner than by default.
        all.extend(["-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=1000"].map(str::to_owned));
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        Ok(Self { folder, bootstrap, arguments: all })
    }

    fn command(&self, more: &[&str]) -> Result<Command> {
        let mut command = tool::offsets(&self.folder)?;
        command.args(["reconcile", "--bootstrap-server", &self.bootstrap]).args(&self.arguments).args(more);
        Ok(command)
    }

    /// Runs until everything is done that is there.
    pub(crate) fn once(&self, more: &[&str]) -> Result<Run> {
        let mut command = self.command(more)?;
        if !more.contains(&"--dry-run") {
            command.arg("--once");
        }
        Run::of(command)
    }

    /// Starts an instance that runs until it is stopped.
    pub(crate) fn start(&self, name: &str, more: &[&str]) -> Result<Instance> {
        let job = self.command(more)?;
        let output = self.folder.join(name);
        let process = Process::start(name, &job, &output)?;
        Ok(Instance { job, name: name.to_owned(), output, process })
    }

    /// A folder of its own for one instance.
    pub(crate) fn folder(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }
}

impl Instance {
    /// Kills it (SIGKILL) and starts it again.
    pub(crate) fn kill_and_restart(&mut self) -> Result<()> {
        self.process.assert_running()?;
        self.process.kill()?;
        self.process = Process::start(&self.name, &self.job, &self.output)?;
        Ok(())
    }

    /// The last lines it wrote.
    pub(crate) fn tail(&self) -> String {
        self.process.tail()
    }

    /// Lets it sleep (SIGSTOP) while the others go on.
    pub(crate) fn sleep(&self) -> Result<()> {
        self.process.sleep()
    }

    /// Wakes it (SIGCONT).
    pub(crate) fn wake(&self) -> Result<()> {
        self.process.wake()
    }

    /// Stops it (SIGTERM); what it has begun it ends first.
    pub(crate) fn stop(self) -> Result<()> {
        self.stop_within(TIMEOUT).map(drop)
    }

    /// Stops it, and gives the last lines it wrote.
    pub(crate) fn stop_within(mut self, patience: Duration) -> Result<String> {
        self.process.assert_running()?;
        let status = self.process.stop(patience).with_context(|| self.process.tail())?;
        anyhow::ensure!(status.success(), "{}: {status}\n{}", self.name, self.process.tail());
        Ok(self.process.tail())
    }
}
