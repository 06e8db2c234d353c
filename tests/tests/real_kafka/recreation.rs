//! A topic that is deleted and created again under its name: what was recorded of the first is no evidence for the
//! second.

use anyhow::{Context, Result, ensure};
use offsets_tests::invariant::{Class, Report, Row};
use offsets_tests::kafka::{Producer, RecordId, Topic};
use offsets_tests::rig::Rig;
use offsets_tests::scenario::Outline;

#[test]
fn what_was_archived_of_a_mirror_topic_is_not_used_for_another_one_of_its_name() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("recreated", 1).on(&mut rig)?;
    let folder = scenario.rig.scratch().folder("recreated")?;
    let folder = folder.to_str().context("the folder's name is not UTF-8")?.to_owned();
    scenario.produce(5_000)?;
    scenario.groups_lagging(&[150])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    scenario.mirror.kill()?;
    scenario.offsets_archive(&["run", "--dir", &folder, "--once"])?.expect_code(0)?;
    let before = scenario.judge(&["--archive", &folder])?;
    ensure!(before.iter().all(|row| row.class != Class::Unsafe), "{before:#?}");

    let mirrored = scenario.names().mirrored.clone();
    let target = scenario.rig.target.bootstrap();
    Topic::delete(&target, &mirrored)?;
    Topic::new(mirrored.as_str(), 1).create(&target)?;

    let run = scenario.offsets("translate", &["--archive", &folder, "-o", "json"])?;
    let rows = run.expect_code(3)?.json::<Report>()?.partitions;
    ensure!(!rows.is_empty() && rows.iter().all(|row| row.class == Class::Unsafe), "{rows:#?}");
    let said = |row: &Row| {
        row.evidence.iter().any(|finding| finding.kind == "re-created" && finding.detail.contains(&mirrored))
    };
    ensure!(rows.iter().all(said), "{rows:#?}");
    ensure!(rows.iter().all(|row| row.target_offset == Some(0)), "{rows:#?}");
    Ok(())
}

#[test]
fn what_was_kept_of_the_records_of_a_source_topic_is_withdrawn_when_it_is_another_one() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("refilled", 1).on(&mut rig)?;
    let folder = scenario.rig.scratch().folder("refilled")?;
    let folder = folder.to_str().context("the folder's name is not UTF-8")?.to_owned();
    let archive = ["run", "--dir", &folder, "--once", "--fingerprints"];
    scenario.produce(2_000)?;
    scenario.groups_lagging(&[150])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    scenario.mirror.kill()?;
    scenario.offsets_archive(&archive)?.expect_code(0)?;

    let topic = scenario.names().topic.clone();
    let source = scenario.rig.source.bootstrap();
    Topic::delete(&source, &topic)?;
    Topic::new(topic.as_str(), 1).create(&source)?;
    let producer = Producer::new(&source, &topic)?;
    for number in 0..3_000 {
        producer.send(0, "key", RecordId(1_000_000 + number))?;
    }
    producer.flush()?;
    let run = scenario.offsets_archive(&archive)?.expect_code(0)?;
    ensure!(run.stderr.contains("fingerprints are withdrawn"), "{}", run.stderr);
    Ok(())
}
