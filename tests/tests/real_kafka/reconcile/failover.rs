//! The whole story of a failover: a lagging group is translated, moved, and reads on without reading anything twice.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Record, RecordId, Topic, records, write};
use offsets_tests::rig::Rig;
use offsets_tests::scenario::Outline;

use super::Job;

const PARTITIONS: i32 = 2;
const EACH: i64 = 10_000;

/// What the group has read of each partition.
const READ: [i64; 2] = [EACH - 4_000, EACH - 137];

#[test]
fn a_lagging_group_that_moves_reads_every_record_once_and_nothing_is_left_remembered() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("seeded", PARTITIONS).on(&mut rig)?;
    scenario.produce(EACH.unsigned_abs())?;
    let read: BTreeMap<i32, i64> = (0..).zip(READ).collect();
    scenario.group_at("app", read.clone())?;
    let group = scenario.group("app");
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    let source = scenario.source_log(Isolation::ReadUncommitted)?;
    let mirrored = scenario.names().mirrored.clone();
    // What the group reads besides need not be partitioned alike: nothing has to meet.
    let bootstrap = scenario.rig.target.bootstrap();
    for topic in ["seeded.app", "seeded.more"] {
        Topic::new(topic, PARTITIONS + 1).create(&bootstrap)?;
    }
    write(&bootstrap, "seeded.more", &[(PARTITIONS, None, Some("of the target"))])?;

    // Without probes brackets stay open, as they do where the data itself cannot be compared.
    let seed = scenario.rig.scratch().folder("seeded")?.join("app.seed.json");
    let file = seed.to_string_lossy().into_owned();
    let moved = scenario.offsets_of("reset", &group, &["--no-probe", "--seed-out", &file, "--execute"])?;
    let moved = moved.expect_code(0)?;
    ensure!(seed.is_file(), "no seed: {}", moved.stderr);
    scenario.mirror.kill()?;
    // From here on the source region is gone.
    scenario.rig.source.kill()?;

    let inputs = ["--from", &mirrored, "--from", "seeded.more"];
    let arguments = ["--to", "seeded.app", "--mode", "reread", "--seed", &file, "-o", "json"];
    let run =
        Job::new(scenario.rig, &group, &[&inputs[..], &arguments].concat())?.once(&[])?.expect_code(0)?;
    ensure!(run.stderr.contains("nothing that was read before the move comes again"), "{}", run.stderr);
    let report: serde_json::Value = run.json()?;
    let again = report["summary"]["lost"]["reread"].as_u64().context("nothing came again")?;
    ensure!(again > 0, "{report}");
    eprintln!("{again} records came again");

    let written = records(&bootstrap, "seeded.app", Isolation::ReadCommitted)?;
    for (partition, log) in source.partitions() {
        let unread = log.records.iter().filter(|record| record.offset >= read[&partition]);
        let unread: Vec<_> = unread.filter_map(|record| record.id).collect();
        let here = written.iter().filter(|record| record.partition == partition);
        let here: Vec<_> = here.filter_map(|record| RecordId::of(record.value.as_deref()?)).collect();
        ensure!(here == unread, "partition {partition}: {} came, {} were unread", here.len(), unread.len());
    }
    let unread = READ.iter().map(|read| EACH - read).sum::<i64>();
    ensure!(written.len() as i64 == unread + 1, "{} and the one of the target", written.len());

    // What is left of the state is how far it was read.
    let changelog = records(&bootstrap, &format!("{group}-changelog"), Isolation::ReadCommitted)?;
    let mut left: BTreeMap<Vec<u8>, &Record> = BTreeMap::new();
    for record in &changelog {
        left.insert(record.key.clone().context("no key")?, record);
    }
    left.retain(|key, record| record.value.is_some() && key[4] != HEADER);
    ensure!(left.keys().all(|key| key[4] == PROGRESS), "{} segments are left", left.len());
    ensure!(left.len() as i32 == PARTITIONS + 1, "{left:?}");
    for record in left.values() {
        let text = String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned();
        ensure!(text.contains(r#""operator":{"reread":[]}"#), "{text}");
    }
    Ok(())
}

/// The kind of a segment that says what a table is of (`STATE.md`).
const HEADER: u8 = 20;

/// The kind of a segment that says how far it was read.
const PROGRESS: u8 = 17;
