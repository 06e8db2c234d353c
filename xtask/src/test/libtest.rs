//! Rust's own test programs.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::counts::TestResult;
use crate::command::show;

/// The names of a program's tests.
///
/// # Errors
///
/// When it does not list them.
pub(super) fn list(command: &mut Command) -> Result<Vec<String>> {
    let output = command.args(["--list", "--format", "terse"]).output().with_context(|| show(command))?;
    if !output.status.success() {
        bail!("{}: {}", show(command), output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Runs a program, shows what it prints, and gives what it reported of each test, and whether it ended well.
///
/// # Errors
///
/// When it cannot be run.
pub(super) fn run(command: &mut Command) -> Result<(Vec<(String, TestResult)>, bool)> {
    eprintln!("$ {}", show(command));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("start it")?;
    let mut verdicts = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            verdicts.extend(result(&line));
        }
    }
    Ok((verdicts, child.wait()?.success()))
}

/// What a line like `test rules::floor ... ok` says.
fn result(line: &str) -> Option<(String, TestResult)> {
    let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let result = match outcome.split([' ', ',']).next()? {
        "ok" => TestResult::Passed,
        "FAILED" => TestResult::Failed,
        "ignored" => TestResult::Skipped,
        _ => return None,
    };
    // the name is followed by what is expected of it
    let name = [" - should panic", " - compile fail", " - compile"]
        .iter()
        .fold(name, |name, expectation| name.strip_suffix(expectation).unwrap_or(name));
    Some((name.to_owned(), result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_verdict_are_told_from_all_others() {
        let said = |line: &str| result(line);
        assert_eq!(said("test a::b ... ok"), Some(("a::b".into(), TestResult::Passed)));
        assert_eq!(said("test a::b ... FAILED"), Some(("a::b".into(), TestResult::Failed)));
        assert_eq!(said("test a::b ... ignored, needs a lamp"), Some(("a::b".into(), TestResult::Skipped)));
        assert_eq!(said("test a::b - should panic ... ok"), Some(("a::b".into(), TestResult::Passed)));
        let example = "test crates/offsets-core/src/lib.rs - (line 12) ... ok";
        let name = "crates/offsets-core/src/lib.rs - (line 12)";
        assert_eq!(said(example), Some((name.into(), TestResult::Passed)));
        assert_eq!(said("test result: ok. 3 passed; 0 failed; 0 ignored"), None);
        assert_eq!(said("test a::b has been running for over 60 seconds"), None);
        assert_eq!(said("running 3 tests"), None);
    }
}
