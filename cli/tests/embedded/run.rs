use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder to run the command in; it is removed with all that was left in it.
pub(crate) struct Folder(TempDir);

/// How a command ended and what it said.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// One with these files of `tests/cases` in it.
    pub(crate) fn with_cases(names: &[&str]) -> Self {
        let folder = Self::new();
        for name in names {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
            folder.write(name, std::fs::read(path).unwrap());
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into it.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path().join(name), text).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// The names of all files in it, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Runs `offsets` in it. A line of arguments is split at spaces; `'` keeps a word together.
    pub(crate) fn offsets(&self, line: &str) -> Run {
        self.offsets_with(&[], line)
    }

    /// The same with this on stdin.
    pub(crate) fn offsets_fed(&self, input: &str, line: &str) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_offsets"))
            .args(words(line))
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Who does not read it closes it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run::of(child.wait_with_output().unwrap())
    }

    /// The same with environment variables.
    pub(crate) fn offsets_with(&self, variables: &[(&str, &str)], line: &str) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_offsets"))
            .args(words(line))
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .envs(variables.iter().copied())
            .output();
        Run::of(output.unwrap())
    }
}

/// Runs `offsets` in a folder of its own.
pub(crate) fn offsets(line: &str) -> Run {
    Folder::new().offsets(line)
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Expects an exit code, and shows everything when it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Expects one of these exit codes.
    #[track_caller]
    pub(crate) fn code_of(self, codes: &[i32]) -> Self {
        let known = self.code.is_some_and(|code| codes.contains(&code));
        assert!(known, "code: {:?}\nstdout:\n{}\nstderr:\n{}", self.code, self.stdout, self.stderr);
        self
    }

    /// Expects these words in what was said on stderr.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in stderr:\n{}", self.stderr);
        }
        self
    }

    /// Expects a failure in one line, a remedy in another, and no data.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, words: &[&str]) -> Self {
        let run = self.expect(code).says(words);
        assert_eq!(run.stdout, "", "a failure has no data");
        assert!(run.stderr.lines().any(|line| line.starts_with("error: ")), "stderr:\n{}", run.stderr);
        run
    }

    /// The remedy, which each failure has to have.
    #[track_caller]
    pub(crate) fn remedy(&self) -> &str {
        let remedy = self.stderr.lines().rev().find(|line| line.starts_with("remedy: "));
        remedy.unwrap_or_else(|| panic!("no remedy in:\n{}", self.stderr))
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }
}

pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}
