//! Fuzzes every parser with libFuzzer, built by the stable compiler: the coverage it is guided by is LLVM's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::{fs, thread};

use anyhow::{Context, Result, bail};

use crate::command::{cargo, run as run_command, show};
use crate::places;

/// The targets in `tests/fuzz`.
const TARGETS: [&str; 4] = ["files", "history", "reconcile", "records"];

/// How long each target is fuzzed in CI, in seconds.
pub(crate) const IN_CI: u64 = 60;

/// What makes the compiler count which parts of the code an input reaches, as libFuzzer expects it.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks";

/// Builds the targets and runs each for `seconds`, as many at once as there are processors. What they find useful stays under
/// `target/` and is where the next run begins.
///
/// # Errors
///
/// When a target does not build, or finds an input that breaks a rule: its output names the file.
pub(crate) fn run(seconds: u64) -> Result<()> {
    let host = host()?;
    let folder = places::target().join("fuzz");
    let mut build =
        cargo(["build", "--release", "--locked", "--package", "offsets-fuzz", "--features", "libfuzzer"]);
    // With a target named, what runs while building is not instrumented.
    build.args(["--target", &host, "--target-dir"]).arg(&folder).env("RUSTFLAGS", COVERAGE);
    run_command(&mut build)?;
    let programs = folder.join(&host).join("release");
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    for targets in TARGETS.chunks(at_once) {
        let started: Vec<_> = targets
            .iter()
            .map(|target| Fuzzer::start(target, &programs, &folder, seconds))
            .collect::<Result<_>>()?;
        // Every one is waited for, so that none outlives a failure of another.
        let ended: Vec<_> = started.into_iter().map(Fuzzer::wait).collect();
        ended.into_iter().collect::<Result<()>>()?;
    }
    Ok(())
}

/// A target that runs.
struct Fuzzer {
    target: &'static str,
    process: Child,
    log: PathBuf,
}

impl Fuzzer {
    fn start(target: &'static str, programs: &Path, folder: &Path, seconds: u64) -> Result<Self> {
        let corpus = folder.join("corpus").join(target);
        fs::create_dir_all(&corpus).with_context(|| format!("create {}", corpus.display()))?;
        let log = folder.join(format!("{target}.log"));
        let mut command = Command::new(programs.join(target));
        command.current_dir(folder).arg(&corpus);
        let seeds = places::workspace().join("tests/fuzz/seeds").join(target);
        if seeds.is_dir() {
            command.arg(seeds);
        }
        command.args([&format!("-max_total_time={seconds}"), "-verbosity=0", "-print_final_stats=1"]);
        command.args(["-rss_limit_mb=2048", "-timeout=20", "-max_len=4096"]);
        let shown = show(&command);
        eprintln!("$ {shown}");
        command.stderr(fs::File::create(&log).with_context(|| format!("create {}", log.display()))?);
        let process = command.spawn().with_context(|| format!("run {shown}"))?;
        Ok(Self { target, process, log })
    }

    /// Waits for its end, and prints how much it tried, or what it found.
    fn wait(mut self) -> Result<()> {
        let status = self.process.wait()?;
        let log = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        if !status.success() {
            eprintln!("{log}");
            bail!("the fuzz target {} found an input that breaks a rule; see above", self.target);
        }
        let tried = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        let tried = tried.context("libFuzzer printed no number of executions")?.trim();
        eprintln!("fuzz target {}: {tried} executions, none breaks a rule", self.target);
        Ok(())
    }
}

/// The triple of this machine.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("run rustc -vV")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}
