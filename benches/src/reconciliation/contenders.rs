use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use offsets_tests::kafka::{Topic, partition_count};
use offsets_tests::rig::{Broker, Jars, Java, Rig};

use super::output::Output;
use super::{Input, Run};
use crate::{Stopwatch, Toolbox, Usage};

/// The programs that reconcile topics, each as its users call it, on the same broker.
pub struct Contenders<'r> {
    toolbox: Toolbox,
    broker: &'r Broker,
    folder: PathBuf,
    /// How many runs there have been: each has names of its own.
    runs: Cell<u32>,
}

/// What Kafka Streams promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarantee {
    /// Outputs, state and positions in one transaction.
    ExactlyOnce,
    /// Nothing is lost, and after a crash some of it comes twice.
    AtLeastOnce,
}

/// What belongs to one run.
struct Turn {
    name: String,
    output: String,
    changelog: String,
    state: PathBuf,
}

impl<'r> Contenders<'r> {
    /// Looks for our own programs and compiles the one in Java.
    ///
    /// # Errors
    ///
    /// When one of them is missing or does not compile.
    pub fn prepare(rig: &'r Rig) -> Result<Self> {
        let java = Java::new(Jars::locate_streams()?)?;
        let toolbox =
            Toolbox::prepare(&["offsets", "stopwatch"], &java, rig.scratch(), &["ReconcileStreams.java"])?;
        Ok(Self {
            toolbox,
            broker: &rig.source,
            folder: rig.scratch().folder("reconciliation")?,
            runs: Cell::new(0),
        })
    }

    /// What they are called with.
    pub fn toolbox(&self) -> &Toolbox {
        &self.toolbox
    }

    /// This number of instances of `offsets reconcile --once`, with these arguments as well; `STATE` in them is a new folder.
    ///
    /// # Errors
    ///
    /// When one fails, or the output is not right.
    pub fn offsets(&self, input: &Input, instances: usize, more: &[&str]) -> Result<Run> {
        let turn = self.turn("changelog");
        let command = |instance: usize| {
            let state = turn.state.join(instance.to_string());
            let mut command = self.toolbox.offsets();
            command.args([
                "reconcile",
                "--bootstrap-server",
                &self.broker.bootstrap(),
                "--group",
                &turn.name,
            ]);
            command.args(["--from", &format!("a={}", input.topic()), "--to", &turn.output, "--once"]);
            command.args(["--mode", input.job.name(), "--identity", "key"]);
            if input.job == super::Job::Upsert {
                command.args(["--order", "json:/version", "--regions", "a"]);
            }
            for word in more {
                match *word {
                    "STATE" => command.arg(&state),
                    word => command.arg(word),
                };
            }
            command
        };
        self.run(input, &turn, (0..instances).map(command).collect())
    }

    /// Kafka Streams with this guarantee and number of threads.
    ///
    /// # Errors
    ///
    /// As [`Contenders::offsets`].
    pub fn streams(&self, input: &Input, guarantee: Guarantee, threads: u32) -> Result<Run> {
        let guarantee = match guarantee {
            Guarantee::ExactlyOnce => "exactly_once_v2",
            Guarantee::AtLeastOnce => "at_least_once",
        };
        let store = match input.job {
            super::Job::Dedup => "seen",
            super::Job::Upsert => "winners",
        };
        let turn = self.turn(&format!("{store}-changelog"));
        let mut command = self.toolbox.java(&[], "ReconcileStreams");
        command.args([input.job.name(), &self.broker.bootstrap(), &turn.name, &input.topic(), &turn.output]);
        command.arg(input.records.to_string()).arg(&turn.state);
        command.arg(format!("processing.guarantee={guarantee}"));
        command.arg(format!("num.stream.threads={threads}"));
        self.run(input, &turn, vec![command])
    }

    fn turn(&self, changelog: &str) -> Turn {
        let number = self.runs.replace(self.runs.get() + 1);
        let name = format!("run-{number}");
        Turn {
            output: format!("{name}-output"),
            changelog: format!("{name}-{changelog}"),
            state: self.folder.join(&name),
            name,
        }
    }

    /// Runs processes side by side until all have ended, looks what came of it, and clears up.
    fn run(&self, input: &Input, turn: &Turn, commands: Vec<Command>) -> Result<Run> {
        let bootstrap = self.broker.bootstrap();
        Output::create(&bootstrap, &turn.output, input.partitions)?;
        fs::create_dir(&turn.state)?;
        let before = self.broker_cpu()?;
        let usage = self.side_by_side(&turn.state, &commands)?;
        let broker_cpu = self.broker_cpu()?.saturating_sub(before);
        let output = input.check(&bootstrap, &turn.output)?;
        eprintln!("{} records came of {}", output.records, input.records);
        Topic::delete(&bootstrap, &turn.output)?;
        Topic::delete(&bootstrap, &turn.changelog)?;
        let between = format!("{}-repartition", turn.name);
        if partition_count(&bootstrap, &between)?.is_some() {
            Topic::delete(&bootstrap, &between)?;
        }
        fs::remove_dir_all(&turn.state)?;
        Ok(Run { records: input.records, span: output.span, usage, broker_cpu })
    }

    fn side_by_side(&self, folder: &Path, commands: &[Command]) -> Result<Usage> {
        let mut stopwatches = Vec::new();
        for number in 0..commands.len() {
            let folder = folder.join(format!("stopwatch-{number}"));
            fs::create_dir(&folder)?;
            stopwatches.push(Stopwatch::new(self.toolbox.stopwatch(), folder));
        }
        let usages = thread::scope(|scope| {
            let running: Vec<_> = stopwatches
                .iter()
                .zip(commands)
                .map(|(stopwatch, command)| scope.spawn(|| stopwatch.time(command)))
                .collect();
            running
                .into_iter()
                .map(|thread| match thread.join() {
                    Ok(timed) => Ok(timed?.0),
                    Err(_) => anyhow::bail!("a stopwatch broke"),
                })
                .collect::<Result<Vec<Usage>>>()
        })?;
        let together = |one: Usage, other: Usage| Usage {
            wall: one.wall.max(other.wall),
            cpu: one.cpu + other.cpu,
            peak_memory: one.peak_memory + other.peak_memory,
        };
        usages.into_iter().reduce(together).context("nothing was run")
    }

    /// What the broker has taken so far.
    fn broker_cpu(&self) -> Result<Duration> {
        let id = self.broker.process_id().context("the broker is not running")?;
        let text = fs::read_to_string(format!("/proc/{id}/stat"))?;
        cpu_of(&text).with_context(|| format!("`{text}` is no status of a process"))
    }
}

/// User's and system's time of a process, from what Linux says of it in `/proc/PID/stat`: hundredths of a second, whatever the
/// processor.
fn cpu_of(stat: &str) -> Option<Duration> {
    // The program's name may hold anything, and ends with the last parenthesis.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11).map(str::parse::<u64>);
    let mut next = || times.next()?.ok();
    Some(Duration::from_millis(10 * (next()? + next()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_of_a_process_is_read_whatever_it_is_called() {
        let stat = "17 (ja) va) S 1 17 17 0 -1 4194560 100 0 3 0 250 50 0 0 20 0 60 0 9000 1 2";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu_of("17 (java) S 1"), None);
    }
}
