//! Tests of the WebAssembly module in Node, and from there in a browser: the `*.test.mjs` files in `wasm/tests`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::counts::{Kind, TestCounts, TestResult};
use super::programs::Program;
use crate::command::show;
use crate::{places, setup};

/// Runs each file, shows what it prints, and counts its tests. They compare the module's answers with the command's.
///
/// # Errors
///
/// When Node cannot be run.
pub(super) fn run(programs: &[Program], counts: &mut TestCounts) -> Result<()> {
    let offsets = programs.iter().find_map(|program| program.binary("offsets"));
    let offsets = offsets.context("the offsets program was not built")?;
    let folder = places::workspace().join("wasm").join("tests");
    for file in test_files(&folder)? {
        let mut command = Command::new("node");
        command.current_dir(places::workspace().join("wasm")).arg("--test-reporter=tap").arg(&file);
        command.env("OFFSETS_BIN", offsets);
        command.envs(setup::browser().map(|browser| ("CHROMIUM", browser)));
        command.envs(setup::bundler().map(|bundler| ("ESBUILD", bundler)));
        eprintln!("$ {}", show(&command));
        let output = command.stderr(std::process::Stdio::inherit()).output().context("run node")?;
        let text = String::from_utf8_lossy(&output.stdout);
        print!("{text}");
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let verdicts = verdicts(&text);
        let failed = verdicts.iter().any(|(_, result)| *result == TestResult::Failed);
        for (test, result) in verdicts {
            counts.add(Kind::Wasm, &name, &test, result);
        }
        if !output.status.success() && !failed {
            counts.add(Kind::Wasm, &name, "the file itself", TestResult::Failed);
        }
    }
    Ok(())
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Verdicts of the outermost tests in Node's TAP output: `ok 1 - name`, `not ok 2 - name`, `ok 3 - name # SKIP`.
fn verdicts(tap: &str) -> Vec<(String, TestResult)> {
    tap.lines().filter_map(result).collect()
}

fn result(line: &str) -> Option<(String, TestResult)> {
    let (held, rest) = match line.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok ")?),
    };
    let (_number, name) = rest.split_once(" - ")?;
    let (name, directive) = name.split_once(" # ").unwrap_or((name, ""));
    let skipped = ["SKIP", "TODO"].iter().any(|word| directive.starts_with(word));
    let result = match (held, skipped) {
        (_, true) => TestResult::Skipped,
        (true, false) => TestResult::Passed,
        (false, false) => TestResult::Failed,
    };
    Some((name.to_owned(), result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outermost_tests_of_tap_are_counted_once() {
        let tap = "TAP version 13\n# Subtest: same answer\n    ok 1 - below 2^53\n    1..1\nok 1 - same answer\n\
                   not ok 2 - an edited dump is refused\n  ---\n  ...\nok 3 - later # SKIP no dump\n1..3\n# pass 1\n";
        let expected = [
            ("same answer", TestResult::Passed),
            ("an edited dump is refused", TestResult::Failed),
            ("later", TestResult::Skipped),
        ];
        assert_eq!(verdicts(tap), expected.map(|(name, result)| (name.to_owned(), result)));
    }
}
