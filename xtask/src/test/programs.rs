//! The workspace's test programs, as cargo builds them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::counts::{Kind, TestCounts, TestResult};
use super::libtest;
use crate::command::{cargo, show};

/// One executable that cargo built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Package folder's name and target's name.
    package: String,
    target: String,
    /// `lib`, `bin` or `test`.
    kind: String,
    /// Whether it runs tests.
    is_test: bool,
    folder: PathBuf,
    executable: PathBuf,
}

/// Builds every test program of the workspace, and every program that tests run, in one go: with one set of
/// features, so that no dependency is built twice.
///
/// # Errors
///
/// When something does not build.
pub(super) fn build() -> Result<Vec<Program>> {
    let mut command = cargo(["build", "--workspace", "--lib", "--bins", "--tests"]);
    command.arg("--message-format=json-render-diagnostics");
    eprintln!("$ {}", show(&command));
    let mut child = command.stdout(Stdio::piped()).spawn().context("start cargo")?;
    let mut programs = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            programs.extend(Program::from_message(&serde_json::from_str(&line?)?));
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("the tests do not build");
    }
    Ok(programs)
}

impl Program {
    /// The executable that a message of cargo reports, if it does.
    fn from_message(message: &Value) -> Option<Self> {
        if message["reason"] != "compiler-artifact" {
            return None;
        }
        let executable = PathBuf::from(message["executable"].as_str()?);
        let manifest = PathBuf::from(message["manifest_path"].as_str()?);
        let folder = manifest.parent()?.to_owned();
        Some(Self {
            package: folder.file_name()?.to_string_lossy().into_owned(),
            target: message["target"]["name"].as_str()?.to_owned(),
            kind: message["target"]["kind"][0].as_str()?.to_owned(),
            is_test: message["profile"]["test"] == true,
            folder,
            executable,
        })
    }

    /// Where the program of this name lies, if this is it.
    pub(super) fn binary(&self, name: &str) -> Option<&Path> {
        (self.kind == "bin" && !self.is_test && self.target == name).then_some(&self.executable)
    }

    /// Whether its tests need brokers: those in `tests/tests`, but for the one about the shape of the workspace.
    pub(super) fn is_real_kafka(&self) -> bool {
        self.is_integration_test_of("tests") && self.target != "architecture"
    }

    /// Runs its tests with these environment variables, if it has any. Those it lists and does not report have failed.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    pub(super) fn run(
        &self,
        all: &[Self],
        variables: &[(&str, &str)],
        counts: &mut TestCounts,
    ) -> Result<()> {
        if !self.is_test {
            return Ok(());
        }
        let names = libtest::list(&mut self.command(all))?;
        if names.is_empty() {
            return Ok(());
        }
        let mut command = self.command(all);
        command.envs(variables.iter().copied());
        if self.is_real_kafka() {
            // they take turns on one pair of brokers anyway
            command.arg("--test-threads=1");
        }
        let (reported, success) = libtest::run(&mut command)?;
        let mut all_passed = true;
        for name in &names {
            let result = reported.iter().find(|(known, _)| known == name).map(|(_, result)| *result);
            let result = result.unwrap_or(TestResult::Failed);
            all_passed &= result != TestResult::Failed;
            counts.add(self.kind_of(name), &self.name(), name, result);
        }
        if all_passed && !success {
            counts.add(self.kind_of(""), &self.name(), "the program itself", TestResult::Failed);
        }
        Ok(())
    }

    /// The program with the surroundings that `cargo test` would give it.
    fn command(&self, all: &[Self]) -> Command {
        let mut command = Command::new(&self.executable);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        for program in all.iter().filter(|program| program.kind == "bin" && !program.is_test) {
            command.env(format!("CARGO_BIN_EXE_{}", program.target), &program.executable);
        }
        command
    }

    fn kind_of(&self, test: &str) -> Kind {
        if self.is_real_kafka() {
            Kind::RealKafka
        } else if self.target == "embedded" {
            Kind::Embedded
        } else if self.is_integration_test_of("wasm") {
            Kind::Wasm
        } else if self.target == "properties" || test.split("::").any(|module| module == "properties") {
            Kind::Property
        } else {
            Kind::Unit
        }
    }

    fn is_integration_test_of(&self, package: &str) -> bool {
        self.is_test && self.kind == "test" && self.package == package
    }

    fn name(&self) -> String {
        format!("{}/{}", self.package, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(package: &str, kind: &str, target: &str) -> Program {
        let message = serde_json::json!({
            "reason": "compiler-artifact",
            "manifest_path": format!("/w/{package}/Cargo.toml"),
            "target": {"kind": [kind], "name": target},
            "profile": {"test": true},
            "executable": "/t/deps/x",
        });
        Program::from_message(&message).unwrap()
    }

    #[test]
    fn a_test_is_of_the_kind_that_its_place_says() {
        let kind = |package, kind, target, test| program(package, kind, target).kind_of(test);
        assert_eq!(kind("offsets-core", "lib", "offsets_core", "history::tests::a"), Kind::Unit);
        assert_eq!(kind("offsets-core", "lib", "offsets_core", "history::properties::a"), Kind::Property);
        assert_eq!(kind("offsets-core", "test", "properties", "never_skips"), Kind::Property);
        assert_eq!(kind("cli", "bin", "offsets", "arguments::tests::a"), Kind::Unit);
        assert_eq!(kind("cli", "test", "embedded", "translate::a"), Kind::Embedded);
        assert_eq!(kind("offsets-kafka", "test", "embedded", "reading::a"), Kind::Embedded);
        assert_eq!(kind("tests", "lib", "offsets_tests", "truth::tests::a"), Kind::Unit);
        assert_eq!(kind("tests", "test", "architecture", "core_is_pure"), Kind::Unit);
        assert_eq!(kind("tests", "test", "real_kafka", "dense::a"), Kind::RealKafka);
    }

    #[test]
    fn messages_about_anything_but_an_executable_are_passed_over() {
        let library = serde_json::json!({"reason": "compiler-artifact", "executable": null});
        assert_eq!(Program::from_message(&library), None);
        assert_eq!(Program::from_message(&serde_json::json!({"reason": "build-finished"})), None);
    }
}
