//! What `offsets archive run` writes to stderr while it runs. Its log had no times, was silent after a crash, showed codes of the client
//! library, and advised to check aliases where MM2 had simply not begun. (Found in a drill on real clusters: case O8.)

use jiff::Timestamp;
use serde_json::Value;

use crate::lab::Lab;
use crate::run::Folder;
use crate::running::Running;

/// The message of a line of the log, behind its time and level.
#[track_caller]
fn message(line: &str) -> &str {
    let (time, rest) = line.split_once(' ').unwrap_or_else(|| panic!("no time: {line}"));
    assert!(time.ends_with('Z') && time.parse::<Timestamp>().is_ok(), "no time: {line}");
    let (level, message) = rest.split_at(6);
    assert!(["DEBUG ", "INFO  ", "WARN  ", "ERROR "].contains(&level), "no level: {line}");
    message
}

#[test]
fn every_line_has_a_time_and_a_level_and_the_first_say_what_is_there_already() {
    let lab = Lab::new().mirrored("orders", 10).syncs("orders", &[(0, 0), (5, 5)]);
    let folder = Folder::new();
    let line = format!("{} --source-timeout 20s archive run --dir kept --interval 50ms", lab.flags());
    let mut running = Running::start(&folder, &line);
    let said = running.says("records into kept");
    assert!(message(&said).starts_with("offsets "), "{said}");
    let said = running.says("src->dst: ");
    assert_eq!(message(&said), "src->dst: nothing is kept yet, recording begins");
    running.says("there is no topic src.checkpoints.internal on dst yet");
    let (code, rest) = running.stop();
    assert_eq!(code, Some(0), "{rest}");
    for line in rest.lines() {
        message(line);
    }
    assert!(message(rest.lines().last().unwrap()).starts_with("src->dst: "), "{rest}");

    let mut running = Running::start(&folder, &line);
    let said = running.says("src->dst: goes on with ");
    assert!(said.contains(" 2 syncs, from offset 2 of their topic; 0 checkpoints"), "{said}");
    running.kill();
    let mut running = Running::start(&folder, &line);
    running.says("src->dst: goes on with ");
    running.stop();
}

#[test]
fn topics_that_mirrormaker_has_yet_to_create_are_waited_for_without_advice() {
    let lab = Lab::new().mirrored("orders", 10);
    let folder = Folder::new();
    let line = format!("{} archive run --dir kept --interval 50ms", lab.flags());
    let mut running = Running::start(&folder, &line);
    let said = running.says("there is no topic");
    assert!(said.contains(" INFO "), "{said}");
    let (_, rest) = running.stop();
    assert!(!rest.contains("aliases") && !said.contains("aliases"), "{said}\n{rest}");
}

/// The same in a single round, which does not wait: the remedy is to run it again, and the aliases come second.
#[test]
fn a_single_round_before_mirrormaker_has_begun_says_so() {
    let lab = Lab::new().mirrored("orders", 10);
    let folder = Folder::new();
    let run = folder.offsets(&format!("{} archive run --dir kept --once", lab.flags()));
    run.fails(
        1,
        &["mm2-offset-syncs.dst.internal", "remedy: run it again once MirrorMaker 2 has created the topic"],
    );
}

/// What a cluster that does not answer fails is one failure, of commits, syncs and all.
#[test]
fn a_single_round_names_a_lost_cluster_once() {
    let lab = Lab::new().mirrored("orders", 10).target_syncs("orders", &[(0, 0)]);
    let folder = Folder::new();
    let flags = lab.flags().replace("20s", "1s");
    let target = flags.split_once("--target.bootstrap-server").unwrap().1;
    let line = format!(
        "--source.bootstrap-server 127.0.0.1:1 --source.alias src --target.bootstrap-server{target} \
         archive run --dir kept --once --fingerprints"
    );
    let run = folder.offsets(&line).fails(1, &["127.0.0.1:1"]);
    let named = run.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(named, 1, "{}", run.stderr);
}

#[test]
fn failures_are_told_once_in_words() {
    let lab = Lab::new().mirrored("orders", 10).target_syncs("orders", &[(0, 0)]);
    let folder = Folder::new();
    let line = format!(
        "--source.bootstrap-server 127.0.0.1:1 --source.alias src --target.bootstrap-server {} --target.alias dst \
         --syncs-location target --source-timeout 600ms archive run --dir kept --interval 50ms",
        lab.target.settings().bootstrap_servers()
    );
    let mut running = Running::start(&folder, &line);
    let said = running.says("commits: ");
    assert!(said.contains(" WARN ") && said.contains("cannot reach 127.0.0.1:1"), "{said}");
    assert!(!said.contains("error -"), "{said}");
    let (_, rest) = running.stop();
    assert!(!rest.contains("commits: ") && !rest.contains("error -"), "{rest}");
}

#[test]
fn a_log_may_be_json_and_names_stay_as_they_are_in_it() {
    let folder = Folder::new();
    let line = "--demo archive run --dir kept --interval 50ms --log-format json";
    let mut running = Running::start(&folder, line);
    running.says("\"message\":\"offsets ");
    let (code, rest) = running.stop();
    assert_eq!(code, Some(0), "{rest}");
    for line in rest.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        assert!(line["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok(), "{line}");
        assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
    }
}

#[test]
fn one_round_is_no_log() {
    let folder = Folder::new();
    let run = folder.offsets("--demo archive run --dir kept --once").expect(0);
    assert!(run.stderr.contains("\nsrc->dst: 12 commits"), "{}", run.stderr);
    folder.offsets("--demo archive run --dir kept --once --log-format json").expect(2);
}
