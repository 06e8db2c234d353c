//! Commands whose reader has gone, or whose output cannot be written.

use std::process::{Command, Stdio};

use crate::run::{Folder, Run};

/// Runs it in a shell, in which `$offsets` is the command.
fn in_a_shell(folder: &Folder, line: &str) -> Run {
    let output = Command::new("bash")
        .args(["-c", line])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder.path())
        .env("offsets", env!("CARGO_BIN_EXE_offsets"))
        .stdin(Stdio::null())
        .output();
    Run::of(output.unwrap())
}

#[test]
fn a_reader_that_is_gone_changes_neither_the_files_nor_the_exit_code() {
    let folder = Folder::new();
    let line = |id: usize| format!(r#"{{"timestamp":{id},"key":"{}","value":{id}}}"#, id / 2) + "\n";
    folder.write("many.jsonl", (0..20_000).map(line).collect::<String>());
    let all = "$offsets reconcile --from many.jsonl --to - --ledger lost.jsonl --mode dedup --identity key | head -1; \
               exit ${PIPESTATUS[0]}";
    in_a_shell(&folder, all).expect(0);
    assert_eq!(folder.read("lost.jsonl").lines().count(), 10_000);

    let unsound =
        "$offsets --demo translate --topic orders:0 --offset 999999999 | true; exit ${PIPESTATUS[0]}";
    in_a_shell(&folder, unsound).expect(3);
}

#[test]
fn what_was_committed_is_said_even_where_it_cannot_be_shown() {
    let folder = Folder::new();
    let line = "$offsets --demo reset --group app-g --execute --undo-file undo.json > /dev/full";
    in_a_shell(&folder, line).expect(1).says(&[
        "done and read back",
        "offsets undo undo.json",
        "cannot print",
    ]);
    assert_eq!(folder.files(), ["undo.json"]);
}

/// A full disk is an error of the system, and no mistake on the command line.
#[test]
fn help_that_cannot_be_printed_is_an_error_and_no_usage_error() {
    let folder = Folder::new();
    for line in [
        "$offsets --help > /dev/full",
        "$offsets --version > /dev/full",
        "$offsets translate --help > /dev/full",
    ] {
        let run = in_a_shell(&folder, line).expect(1);
        assert!(run.stderr.contains("cannot print"), "{line}: {}", run.stderr);
    }
}
