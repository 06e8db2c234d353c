//! Clusters that do not answer: what is told meanwhile, and when a verb ends. The long time-outs are minutes, so that a verb that
//! ended by one of them would not end within the time of a test run.

use std::net::TcpListener;

use crate::lab::Lab;
use crate::run::{Folder, offsets};

/// Nothing listens there.
const CLOSED: &str = "127.0.0.1:1";

fn flags(source: &str, target: &str) -> String {
    format!(
        "--source.bootstrap-server {source} --source.alias a --target.bootstrap-server {target} --target.alias b"
    )
}

/// P24 (https://github.com/strimzi/strimzi-kafka-operator/issues/2902 and its like: a client that waits in silence): both clusters
/// refuse connections. It is told which, the verb ends by `--connect-timeout`, and the remedy is about the target.
#[test]
fn a_target_that_refuses_is_told_and_ends_every_command() {
    let folder = Folder::new();
    folder.write(
        "mm2.properties",
        format!("clusters = a, b\na.bootstrap.servers = {CLOSED}\nb.bootstrap.servers = {CLOSED}\na->b.enabled = true\n"),
    );
    folder.write("undo.json", UNDO);
    folder.write("positions.csv", "g,t,0,1\n");
    for subcommand in [
        "translate --group g",
        "translate --group g --source-dead",
        "reset --group g",
        "reset --group g --topic t --to earliest",
        "reset --from-file positions.csv",
        "undo undo.json",
        "dump --file dump.json",
        "reconcile --from t --to o --ledger l --mode dedup --identity key --group r --once",
    ] {
        let line = format!(
            "--mm2-config mm2.properties --connect-timeout 1s --source-timeout 5m --timeout 10m {subcommand}"
        );
        let run =
            folder.offsets(&line).fails(1, &["cluster b: 127.0.0.1:1 refuses connections; trying until 20"]);
        assert!(
            run.stderr.contains("error: cluster b: cannot reach 127.0.0.1:1"),
            "{subcommand}: {}",
            run.stderr
        );
        assert!(
            run.stderr.contains("remedy: check --target.bootstrap-server"),
            "{subcommand}: {}",
            run.stderr
        );
        assert!(!run.stderr.contains("--source-dead"), "{subcommand}: {}", run.stderr);
    }
}

const UNDO: &str = r#"{"apiVersion": "offsets/v1", "kind": "Undo", "asOf": "2026-11-23T08:00:00Z", "clusterId": null,
"entries": [{"group": "g", "topic": "t", "partition": 0, "before": {"offset": 1, "metadata": ""}, "after": {"offset": 2, "metadata": ""}}]}"#;

/// A port that accepts and never answers is no cluster either.
#[test]
fn a_target_that_accepts_and_never_answers_is_told_and_ends_the_command() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    let line = format!("{} --connect-timeout 2s --source-timeout 5m --timeout 10m", flags(CLOSED, &silent));
    let told = format!("cluster b: {silent} does not answer; trying until 20");
    offsets(&format!("{line} translate --group g"))
        .fails(1, &[&told, "remedy: check --target.bootstrap-server"]);
}

#[test]
fn a_host_without_an_address_is_told() {
    let line = format!(
        "{} --connect-timeout 1s --source-timeout 5m --timeout 10m",
        flags(CLOSED, "no-such-host.invalid:9092")
    );
    offsets(&format!("{line} translate --group g")).fails(
        1,
        &[
            "cluster b: no-such-host.invalid:9092 cannot be resolved",
            "remedy: check --target.bootstrap-server",
        ],
    );
}

/// O1: a reset whose source is gone ends after `--source-timeout`, and not after `--timeout`.
#[test]
fn a_reset_whose_source_does_not_answer_is_refused_after_its_time() {
    let lab = Lab::new().mirrored("orders", 10);
    let target = lab.target.settings().bootstrap_servers();
    let line = format!("{} --source-timeout 1s --connect-timeout 5m --timeout 10m", flags(CLOSED, target));
    let run = offsets(&format!("{line} reset --group g --execute"))
        .fails(1, &["cluster a: 127.0.0.1:1 refuses connections; trying until 20", "--source-timeout)"]);
    assert!(run.stderr.contains("error: cluster a: cannot reach 127.0.0.1:1"), "{}", run.stderr);
    assert!(run.stderr.contains("if the source's region is lost, use --source-dead"), "{}", run.stderr);
}

#[test]
fn a_recorder_that_runs_once_tells_which_side_it_waits_for() {
    let line = format!("{} --source-timeout 1s --connect-timeout 1s --timeout 10m", flags(CLOSED, CLOSED));
    offsets(&format!("{line} archive run --dir kept --once")).fails(
        1,
        &["cluster a: 127.0.0.1:1 refuses connections", "cluster b: 127.0.0.1:1 refuses connections"],
    );
}

#[test]
fn quiet_keeps_what_is_waited_for_back() {
    let line = format!("-q {} --connect-timeout 1s --source-timeout 1s", flags(CLOSED, CLOSED));
    let run = offsets(&format!("{line} translate --group g")).fails(1, &["error: cluster b"]);
    assert!(!run.stderr.contains("trying until"), "{}", run.stderr);
}

/// Of two limits the one that ends the waiting is named.
#[test]
fn a_timeout_that_is_shorter_than_that_of_the_contact_is_the_one_that_is_named() {
    let line = format!("{} --timeout 1s --source-dead translate --group g", flags(CLOSED, CLOSED));
    offsets(&line).fails(1, &["(--timeout)"]);
    let line = format!("{} --connect-timeout 1s --source-dead translate --group g", flags(CLOSED, CLOSED));
    offsets(&line).fails(1, &["(--connect-timeout)"]);
}
