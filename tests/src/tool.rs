//! Running `offsets`, and Kafka's own tools, to their end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

use crate::rig::Java;
use crate::wait::{self, TIMEOUT};

/// What a command said and how it ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Runs a command to its end, its input empty.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or hangs and is killed.
    pub fn of(mut command: Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
        let mut child = command.spawn().with_context(|| format!("run {program}"))?;
        let ended = wait::until(&format!("{program} to end"), TIMEOUT, || Ok(child.try_wait()?));
        if ended.is_err() {
            child.kill().and_then(|()| child.wait())?;
        }
        let (stdout, stderr) = (text(stdout)?, text(stderr)?);
        let status = ended.with_context(|| format!("stderr so far: {stderr}"))?;
        Ok(Self { code: status.code(), stdout, stderr })
    }

    /// Fails unless the exit code is `code`.
    ///
    /// # Errors
    ///
    /// See above; the message holds what the command said.
    pub fn expect_code(self, code: i32) -> Result<Self> {
        if self.code != Some(code) {
            bail!("exit code {:?}, not {code}\nstdout: {}\nstderr: {}", self.code, self.stdout, self.stderr);
        }
        Ok(self)
    }

    /// Standard output as JSON.
    ///
    /// # Errors
    ///
    /// When it is not JSON of that shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.stdout)
            .with_context(|| format!("stdout: {}\nstderr: {}", self.stdout, self.stderr))
    }
}

/// The `offsets` command under test: `OFFSETS_BIN`, else the one built beside the running tests.
///
/// It runs in `folder`, which is also its home: the tests neither read nor write anybody's settings.
///
/// # Errors
///
/// When there is no such program.
pub fn offsets(folder: &Path) -> Result<Command> {
    let program = match std::env::var_os("OFFSETS_BIN") {
        Some(program) => PathBuf::from(program),
        None => built_beside_this()?,
    };
    if !program.is_file() {
        bail!("no {}: run `cargo build -p offsets-cli` or set OFFSETS_BIN", program.display());
    }
    let mut command = Command::new(program);
    command.current_dir(folder).env("HOME", folder).env_remove("OFFSETS_CONFIG");
    for folder in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
        command.env_remove(folder);
    }
    Ok(command)
}

/// `kafka-consumer-groups` with these arguments.
///
/// # Errors
///
/// When it cannot be run, or does not succeed.
pub fn consumer_groups(java: &Java, bootstrap: &str, arguments: &[&str]) -> Result<Run> {
    let mut command = java.command("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", 256);
    command.args(["--bootstrap-server", bootstrap]).args(arguments);
    Run::of(command)?.expect_code(0)
}

/// What a group has committed, by topic and partition, in the words of `kafka-consumer-groups --describe`.
///
/// # Errors
///
/// When the tool does not succeed, or its table has no such columns.
pub fn described_offsets(java: &Java, bootstrap: &str, group: &str) -> Result<BTreeMap<(String, i32), i64>> {
    let run = consumer_groups(java, bootstrap, &["--describe", "--offsets", "--group", group])?;
    let mut lines = run.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let heads = lines.find(|words| words.first() == Some(&"GROUP")).with_context(|| run.stdout.clone())?;
    let column = |name: &str| heads.iter().position(|head| *head == name).context("a column is missing");
    let (topic, partition, offset) = (column("TOPIC")?, column("PARTITION")?, column("CURRENT-OFFSET")?);
    let mut offsets = BTreeMap::new();
    for words in lines.filter(|words| words.len() == heads.len() && words[offset] != "-") {
        offsets.insert((words[topic].to_owned(), words[partition].parse()?), words[offset].parse()?);
    }
    Ok(offsets)
}

/// A test runs in `target/<profile>/deps`.
fn built_beside_this() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let profile = test.parent().and_then(Path::parent).context("the test is not in a target folder")?;
    Ok(profile.join("offsets"))
}

fn text(mut file: File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_keeps_code_stdout_and_stderr_apart() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo answer; echo reason >&2; exit 3"]);
        let run = Run::of(command).unwrap();
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(3), "answer\n", "reason\n"));
        let error = run.expect_code(0).unwrap_err().to_string();
        assert!(error.contains("Some(3), not 0") && error.contains("reason"), "{error}");
    }
}
