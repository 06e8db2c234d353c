//! What a whole process takes: time, CPU and memory.
//!
//! The kernel keeps these figures for children that were waited for, and a child begins with the memory of the process
//! that starts it. So the program that holds the stopwatch is a small one of its own (`src/bin/stopwatch.rs`), and is
//! restarted for every measurement.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;

use crate::contest::{Column, Measured, memory_in_words, time_in_words};

/// A program that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(900);

/// What a process took, from its start until it was gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Time on the wall.
    pub wall: Duration,
    /// Time on a core, its own and the kernel's on its behalf, of all its threads together.
    pub cpu: Duration,
    /// The most physical memory it held at once, in bytes.
    pub peak_memory: u64,
}

impl Measured for Usage {
    const COLUMNS: &'static [Column<Self>] = &[
        Column {
            name: "wall",
            value: |usage| usage.wall.as_secs_f64(),
            in_words: time_in_words,
            has_range: true,
            is_compared: true,
        },
        Column {
            name: "CPU",
            value: |usage| usage.cpu.as_secs_f64(),
            in_words: time_in_words,
            has_range: true,
            is_compared: true,
        },
        Column {
            name: "peak memory",
            value: |usage| usage.peak_memory as f64,
            in_words: memory_in_words,
            has_range: false,
            is_compared: false,
        },
    ];
}

/// Runs programs and keeps what they said.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    program: PathBuf,
    folder: PathBuf,
}

impl Stopwatch {
    /// A stopwatch that is the program `program` and keeps its files in `folder`.
    pub fn new(program: PathBuf, folder: PathBuf) -> Self {
        Self { program, folder }
    }

    /// Runs `command` to its end and gives what it took and what it printed. Output goes to files, so that no thread has to keep
    /// up with reading it.
    ///
    /// # Errors
    ///
    /// When it cannot be run, hangs, or does not succeed; the message holds what it said.
    pub fn time(&self, command: &Command) -> Result<(Usage, String)> {
        let [stdout, stderr, report] = ["stdout", "stderr", "report"].map(|name| self.folder.join(name));
        let mut stopwatch = Command::new(&self.program);
        stopwatch.arg(&report).arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            stopwatch.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => stopwatch.env(name, value),
                None => stopwatch.env_remove(name),
            };
        }
        stopwatch.stdin(Stdio::null()).stdout(File::create(&stdout)?).stderr(File::create(&stderr)?);
        let status = stopwatch.status().with_context(|| format!("run {}", self.program.display()))?;
        if !status.success() {
            bail!("{command:?}: {status}\n{}", tail(&fs::read_to_string(&stderr)?));
        }
        let usage = Usage::read(&fs::read_to_string(&report)?).context("the stopwatch reports nonsense")?;
        Ok((usage, fs::read_to_string(&stdout)?))
    }
}

/// Now, on a clock that setting the machine's time does not move: the clock of what measures.
#[expect(clippy::disallowed_methods, reason = "this is their clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// What the program `stopwatch` does: runs a command with this process's input and output, and writes what it took to
/// the file `report`.
///
/// Call it once in a process: the kernel adds the children of a process up.
///
/// # Errors
///
/// When the command cannot be run, does not succeed, or is killed at its time-out.
pub fn time_to_file(report: &Path, command: &mut Command) -> Result<()> {
    let start = now();
    let mut child = command.spawn().with_context(|| format!("start {command:?}"))?;
    let pid = Pid::from_raw(i32::try_from(child.id())?);
    let (ended, end) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let hangs = end.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
        // the one error is that it has ended by itself
        hangs.then(|| kill(pid, Signal::SIGKILL))
    });
    let status = child.wait()?;
    let wall = start.elapsed();
    drop(ended);
    if watchdog.join().is_ok_and(|killed| killed.is_some()) {
        bail!("killed after {} s", PATIENCE.as_secs());
    }
    if !status.success() {
        bail!("{status}");
    }
    let spent = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = u64::try_from((spent.user_time() + spent.system_time()).num_microseconds())?;
    // Linux counts it in units of 1024 bytes
    let peak_memory = 1024 * u64::try_from(spent.max_rss())?;
    fs::write(report, Usage { wall, cpu: Duration::from_micros(cpu), peak_memory }.write())?;
    Ok(())
}

impl Usage {
    fn write(&self) -> String {
        format!("{} {} {}", self.wall.as_micros(), self.cpu.as_micros(), self.peak_memory)
    }

    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            wall: Duration::from_micros(next()?),
            cpu: Duration::from_micros(next()?),
            peak_memory: next()?,
        })
    }
}

/// The last lines, which mostly say what went wrong.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_is_read_as_it_was_written() {
        let usage = Usage {
            wall: Duration::from_micros(1_234_567),
            cpu: Duration::from_micros(89),
            peak_memory: 4096,
        };
        assert_eq!(Usage::read(&usage.write()), Some(usage));
        assert_eq!(Usage::read("1 2"), None);
        assert_eq!(Usage::read("1 2 many"), None);
    }

    #[test]
    fn what_a_child_does_is_measured_and_not_what_we_do() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let mut command = Command::new("sh");
        command.args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"]);
        time_to_file(&report, &mut command).unwrap();
        let usage = Usage::read(&fs::read_to_string(&report).unwrap()).unwrap();
        assert!(usage.cpu > Duration::from_millis(10), "{usage:?}");
        assert!(usage.wall * 8 > usage.cpu, "{usage:?}");
        assert!(usage.peak_memory > 100_000, "{usage:?}");
    }

    #[test]
    fn a_command_that_fails_is_not_measured() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report");
        let error = time_to_file(&report, Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(error.to_string().contains('3'), "{error}");
        assert!(!report.exists());
    }
}
