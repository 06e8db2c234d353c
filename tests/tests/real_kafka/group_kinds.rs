//! What `offsets` tells of groups of every kind before it sends anything, and of commits that would not last.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Result, ensure};
use offsets_tests::kafka::{self, Producer, RecordId, Topic};
use offsets_tests::rig::Rig;
use offsets_tests::tool::{self, Run};
use offsets_tests::wait::{self, TIMEOUT};

/// Runs `offsets` on the target alone.
fn on_target(rig: &Rig, subcommand: &str, arguments: &[&str]) -> Result<Run> {
    let mut command = tool::offsets(&rig.scratch().folder("home")?)?;
    command.arg(subcommand).args(["--target.bootstrap-server", &rig.target.bootstrap()]);
    command.args(["--target.alias", "dst"]).args(arguments);
    Run::of(command)
}

/// Runs `offsets` on a link that preserves offsets, which needs no MirrorMaker 2.
fn on_link(rig: &Rig, subcommand: &str, arguments: &[&str]) -> Result<Run> {
    let mut command = tool::offsets(&rig.scratch().folder("home")?)?;
    command.arg(subcommand).args([
        "--source.bootstrap-server",
        &rig.source.bootstrap(),
        "--source.alias",
        "src",
    ]);
    command.args(["--target.bootstrap-server", &rig.target.bootstrap(), "--target.alias", "dst"]);
    command.args(["--policy", "offset-preserving"]).args(arguments);
    Run::of(command)
}

fn says(run: &Run, words: &[&str]) -> Result<()> {
    let said = format!("{}{}", run.stdout, run.stderr);
    for word in words {
        ensure!(said.contains(word), "`{word}` is not said:\n{said}");
    }
    Ok(())
}

/// A topic of one partition and 100 records, on both sides.
fn topic(rig: &Rig, name: &str) -> Result<()> {
    for bootstrap in [rig.source.bootstrap(), rig.target.bootstrap()] {
        Topic::new(name, 1).create(&bootstrap)?;
        let producer = Producer::new(&bootstrap, name)?;
        for number in 0..100 {
            producer.send(0, "key", RecordId(number))?;
        }
        producer.flush()?;
    }
    Ok(())
}

/// G4, G8: share groups (KIP-932) and Kafka Streams groups (KIP-1071) are in no list of consumer groups.
#[test]
fn groups_of_every_kind_are_told_before_anything_is_sent() -> Result<()> {
    let rig = Rig::shared()?;
    let (source, target) = (rig.source.bootstrap(), rig.target.bootstrap());
    let (name, share, streams) = ("kinds-orders", "kinds-share", "kinds-streams");
    topic(&rig, name)?;
    for bootstrap in [&source, &target] {
        kafka::commit(bootstrap, streams, name, &BTreeMap::from([(0, 40)]))?;
        kafka::join_share_group(bootstrap, share, name)?;
    }
    kafka::join_streams_group(&target, streams, name)?;

    let of_topic = ["--topic", name, "--to", "earliest", "--allow-backwards"];
    let reset = |group: &str, more: &[&str]| {
        on_target(&rig, "reset", &[&["--group", group], &of_topic[..], more].concat())
    };
    for execute in [&[][..], &["--execute"]] {
        let run = reset(share, execute)?.expect_code(3)?;
        says(&run, &["share group (KIP-932)", "kafka-share-groups", share])?;
        let run = reset(streams, execute)?.expect_code(5)?;
        says(&run, &["Kafka Streams group (KIP-1071)", "--allow-active", streams])?;
    }
    let run = on_target(&rig, "reset", &["--group", share, "--to", "earliest"])?.expect_code(3)?;
    says(&run, &["share group (KIP-932)"])?;
    // the coordinator has the last word
    reset(streams, &["--execute", "--allow-active"])?.expect_code(5)?;
    kafka::leave_streams_group(&target, streams)?;
    reset(streams, &["--execute", "--allow-active"])?.expect_code(0)?;
    ensure!(kafka::committed(&target, streams, name, 1)? == BTreeMap::from([(0, 0)]));

    let run = on_link(&rig, "translate", &["--group", share])?.expect_code(3)?;
    says(&run, &["share group (KIP-932)", "kafka-share-groups"])?;
    ensure!(!run.stderr.contains("check the name"), "{}", run.stderr);
    // a streams group commits as a consumer group does, and is among all groups
    kafka::join_streams_group(&source, streams, name)?;
    for selection in [["--group", streams], ["--groups-regex", "kinds-str.*"]] {
        let run = on_link(&rig, "translate", &[&selection[..], &["-o", "csv"]].concat())?.expect_code(0)?;
        ensure!(run.stdout == format!("{name},0,40\n"), "{selection:?}: {}", run.stdout);
    }
    Ok(())
}

/// G5: Kafka counts the characters of a commit's metadata against `offset.metadata.max.bytes` of the target, 4096 by default.
#[test]
fn metadata_that_the_target_does_not_take_is_seen_in_the_dry_run() -> Result<()> {
    let rig = Rig::shared()?;
    let (name, group) = ("metadata-orders", "metadata-app");
    topic(&rig, name)?;
    let commit = |offset: i64, metadata: &str| format!(r#"{{"offset": {offset}, "metadata": "{metadata}"}}"#);
    let undo = format!(
        r#"{{"apiVersion": "offsets/v1", "kind": "Undo", "asOf": "2026-11-23T08:00:00Z", "clusterId": null, "entries": [
            {{"group": "{group}", "topic": "{name}", "partition": 0, "before": {}, "after": {}}}]}}"#,
        commit(50, &"m".repeat(5_000)),
        commit(60, "")
    );
    let file = rig.scratch().folder("metadata")?.join("undo.json");
    fs::write(&file, undo)?;
    kafka::commit(&rig.target.bootstrap(), group, name, &BTreeMap::from([(0, 60)]))?;
    let file = file.display().to_string();
    let run = on_target(&rig, "undo", &[&file])?.expect_code(3)?;
    says(&run, &["5000 characters", "4096 (offset.metadata.max.bytes)", "--metadata drop or cut"])?;
    for (how, told) in [("drop", "without its metadata"), ("cut", "cut from 5000 to 4096")] {
        says(&on_target(&rig, "undo", &[&file, "--metadata", how])?.expect_code(0)?, &[told])?;
    }
    on_target(&rig, "undo", &[&file, "--metadata", "cut", "--execute"])?.expect_code(0)?;
    ensure!(kafka::committed(&rig.target.bootstrap(), group, name, 1)? == BTreeMap::from([(0, 50)]));
    Ok(())
}

/// G6: `OffsetExpirationConditionImpl` counts from the time at which a classic group became empty.
#[test]
fn a_group_whose_commits_may_expire_at_once_is_told_and_recreated() -> Result<()> {
    let rig = Rig::shared()?;
    let target = rig.target.bootstrap();
    let (name, other, group) = ("expiry-orders", "expiry-others", "expiry-app");
    topic(&rig, name)?;
    topic(&rig, other)?;
    kafka::commit(&target, group, other, &BTreeMap::from([(0, 7)]))?;
    drop(kafka::join(&target, group, name)?);
    let undo = rig.scratch().folder("expiry")?.join("undo.json").display().to_string();
    let reset = |more: &[&str]| {
        on_target(&rig, "reset", &[&["--group", group, "--topic", name, "--to", "offset:50"], more].concat())
    };
    // its member leaves a moment after it was dropped
    let run = wait::until("the group to be empty", TIMEOUT, || {
        Ok(Some(reset(&[])?).filter(|run| run.code != Some(5)))
    })?
    .expect_code(0)?;
    let kept = "expire 7d (offsets.retention.minutes) after the last member left";
    says(&run, &["has had members and is empty", kept, "--recreate-groups"])?;
    let run = reset(&["--recreate-groups", "--execute", "--undo-file", &undo])?.expect_code(0)?;
    ensure!(!run.stderr.contains("has had members"), "{}", run.stderr);
    ensure!(kafka::committed(&target, group, name, 1)? == BTreeMap::from([(0, 50)]));
    ensure!(kafka::committed(&target, group, other, 1)? == BTreeMap::from([(0, 7)]), "lost with the group");
    // it is a group now that never had a member
    let run = reset(&[])?.expect_code(0)?;
    ensure!(!run.stderr.contains("has had members"), "{}", run.stderr);
    Ok(())
}

/// G7: a commit from outside is taken while a transaction of the group is open, and a consumer that joins waits for its end.
#[test]
fn an_open_transaction_of_the_group_is_told() -> Result<()> {
    let rig = Rig::shared()?;
    let target = rig.target.bootstrap();
    let (name, group) = ("pending-orders", "pending-app");
    topic(&rig, name)?;
    let open = kafka::commit_in_open_transaction(&target, group, name, &BTreeMap::from([(0, 30)]))?;
    let arguments = ["--group", group, "--topic", name, "--to", "offset:50"];
    let told = "a transaction of this group is open";
    says(&on_target(&rig, "reset", &arguments)?.expect_code(0)?, &[told])?;
    says(&on_target(&rig, "reset", &[&arguments[..], &["--execute"]].concat())?.expect_code(0)?, &[told])?;
    open.abort()?;
    ensure!(kafka::committed(&target, group, name, 1)? == BTreeMap::from([(0, 50)]));
    Ok(())
}

/// P10 (https://github.com/apache/kafka/pull/4527): milliseconds below zero have meanings of their own in ListOffsets.
#[test]
fn a_time_before_1970_is_refused_and_one_after_the_last_record_is_the_log_end() -> Result<()> {
    let rig = Rig::shared()?;
    let (name, group) = ("times-orders", "times-app");
    topic(&rig, name)?;
    for (time, offset) in [("1970-01-01T00:00:00Z", 0), ("2200-01-01T00:00:00Z", 100)] {
        let to = format!("datetime:{time}");
        let run = on_target(&rig, "reset", &["--group", group, "--topic", name, "--to", &to, "-o", "csv"])?;
        let stdout = run.expect_code(0)?.stdout;
        ensure!(stdout == format!("{name},0,{offset}\n"), "{time}: {stdout}");
    }
    for milliseconds in ["999", "998", "997", "996", "995"] {
        let to = format!("datetime:1969-12-31T23:59:59.{milliseconds}Z");
        let run = on_target(&rig, "reset", &["--group", group, "--topic", name, "--to", &to])?;
        says(&run.expect_code(2)?, &["is before 1970"])?;
    }
    Ok(())
}
