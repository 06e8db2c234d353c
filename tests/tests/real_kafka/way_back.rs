//! The way back under the identity policy, case G1: records that were stranded on the first cluster when it failed are not
//! passed by a group that returns to it, though the copies of what the second cluster took stand behind them. MM2's own group
//! sync passes them.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use offsets_tests::invariant::{Class, Report};
use offsets_tests::kafka::{self, Isolation, Log, Producer, RecordId, Topic};
use offsets_tests::rig::{Flow, Properties, Rig};
use offsets_tests::scenario::Outline;
use offsets_tests::tool::{self, Run};
use offsets_tests::wait::{self, TIMEOUT};

const IDENTITY: &str = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy";

#[test]
fn a_group_that_returns_does_not_pass_records_that_were_stranded() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("return", 1).mm2("replication.policy.class", IDENTITY).on(&mut rig)?;
    // A->B, and a clean stop: all 1,000 are copied, and MM2 knows it.
    scenario.produce(1_000)?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_synced()?;
    scenario.mirror.stop()?;
    let (a, b) = (scenario.rig.source.bootstrap(), scenario.rig.target.bootstrap());
    let topic = scenario.names().topic.clone();
    // 40 are stranded on A; B takes 30 of its own.
    scenario.produce(40)?;
    let producer = Producer::new(&b, &topic)?;
    (0..30).try_for_each(|number| producer.send(0, "key", RecordId(1_000_000 + number)))?;
    producer.flush()?;

    // B->A, seeded behind the copies.
    let forward = scenario.mirror.flow().clone();
    let back = Flow { source: forward.target.clone(), target: forward.source.clone() };
    let positions = format!("mm2-offsets.{}.internal", back.source);
    Topic::new(positions.as_str(), 1).set("cleanup.policy", "compact").create(&a)?;
    let key = format!(
        r#"["MirrorSourceConnector",{{"cluster":"{}","partition":0,"topic":"{topic}"}}]"#,
        back.source
    );
    kafka::write(&a, &positions, &[(0, Some(&key), Some(r#"{"offset":999}"#))])?;
    let properties = Properties::default()
        .set("topics", &topic)
        .set("groups", "return-.*")
        .set("replication.policy.class", IDENTITY)
        .set(format!("{}.bootstrap.servers", back.source), &b)
        .set(format!("{}.bootstrap.servers", back.target), &a);
    let mut mirror = scenario.rig.mirror(&back, &properties)?;
    mirror.start()?;
    let end = wait::until("the copies of what B took", TIMEOUT, || {
        let log = Log::read(&a, &topic, Isolation::ReadUncommitted)?;
        let end = log.partition(0).map_or(0, |part| part.end);
        Ok((end >= 1_070).then_some(end))
    })?;
    ensure!(end == 1_070, "A holds {end} records, so more than the 30 were copied back");
    wait::until("a sync of B->A", TIMEOUT, || {
        let syncs = kafka::syncs(&b, &format!("mm2-offset-syncs.{}.internal", back.target))?;
        Ok((!syncs.is_empty()).then_some(()))
    })?;
    mirror.stop()?;

    // One group has read everything on B, one is still inside the copies; both were on A before.
    let at = |offset: i64| BTreeMap::from([(0, offset)]);
    kafka::commit(&b, "return-done", &topic, &at(1_030))?;
    kafka::commit(&a, "return-done", &topic, &at(950))?;
    kafka::commit(&b, "return-inside", &topic, &at(700))?;
    let run = |subcommand: &str, more: &[&str]| -> Result<Run> {
        let mut command = tool::offsets(&scenario.rig.scratch().folder("home")?)?;
        command.arg(subcommand).arg("--mm2-config").arg(mirror.properties_file());
        command.arg("--link").arg(back.to_string()).args(["--groups-regex", "return-.*", "-o", "json"]);
        Run::of({
            command.args(more);
            command
        })
    };
    let rows = run("translate", &[])?.expect_code(0)?.json::<Report>()?.partitions;
    let of = |group: &str| rows.iter().find(|row| row.group == group).context("no answer for a group");
    let done = of("return-done")?;
    ensure!(done.class == Class::Bounded && done.low == Some(1_000), "{done:#?}");
    let stranded = done.evidence.iter().find(|finding| finding.kind == "stranded");
    ensure!(stranded.is_some_and(|finding| finding.detail.starts_with("40 records")), "{done:#?}");
    let inside = of("return-inside")?;
    ensure!(inside.class == Class::Exact && inside.low == Some(700), "{inside:#?}");

    // MM2's own sync has passed them: a group is not left there in silence.
    kafka::commit(&a, "return-done", &topic, &at(1_070))?;
    let refused = run("reset", &[])?.expect_code(3)?;
    ensure!(refused.stdout.contains("--allow-stranded"), "{}", refused.stdout);
    run("reset", &["--allow-backwards", "--execute"])?.expect_code(0)?;
    let committed = kafka::committed(&a, "return-done", &topic, 1)?;
    ensure!(committed.get(&0) == Some(&1_000), "{committed:?}");
    Ok(())
}
