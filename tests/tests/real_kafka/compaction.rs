//! A compacted source: offsets that no longer hold a record.

use anyhow::{Context, Result, ensure};
use offsets_tests::kafka::Isolation;
use offsets_tests::rig::Rig;
use offsets_tests::scenario::{Outline, Scenario};

/// Kafka rolls a segment only when a record arrives, and compacts only rolled ones.
const TRIES: usize = 200;

#[test]
fn groups_in_and_between_the_holes_of_a_compacted_source_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    let outline = Outline::new("compacted", 2).topic("cleanup.policy", "compact").topic("segment.ms", "500");
    let mut scenario = outline.topic("min.cleanable.dirty.ratio", "0.01").on(&mut rig)?;
    // a third of the keys never comes again, the others do: holes of all sizes
    let key =
        |id: u64| if id.is_multiple_of(3) { format!("once-{id}") } else { format!("often-{}", id % 5_000) };
    scenario.produce_under(20_000, |id| key(id.0))?;
    await_holes(&mut scenario)?;
    scenario.groups_lagging(&[0, 1, 2, 3, 500, 5_000, 12_000, 19_000])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    scenario.judge_exact(&[])?;
    Ok(())
}

/// A recorder that had been killed withdrew the fingerprints of a topic that was still the same: compaction had removed the last record
/// that it had kept. (Found in a drill on real clusters: case O5.)
#[test]
fn fingerprints_outlive_the_compaction_of_the_last_record_that_was_kept() -> Result<()> {
    let mut rig = Rig::shared()?;
    let outline = Outline::new("rewritten", 1).topic("cleanup.policy", "compact").topic("segment.ms", "500");
    let mut scenario = outline.topic("min.cleanable.dirty.ratio", "0.01").on(&mut rig)?;
    let folder = scenario.rig.scratch().folder("rewritten")?;
    let folder = folder.to_str().context("the folder's name is not UTF-8")?.to_owned();
    let keep = ["run", "--dir", &folder, "--once", "--fingerprints"];
    scenario.produce_under(2_000, |id| format!("often-{}", id.0 % 50))?;
    scenario.groups_lagging(&[150])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.offsets_archive(&keep)?.expect_code(0)?;
    let last = scenario.source_log(Isolation::ReadUncommitted)?;
    let last = last.partitions().filter_map(|(_, part)| Some(part.records.last()?.offset)).max();
    let last = last.context("there is no record")?;
    let is_there = |scenario: &mut Scenario<'_>| -> Result<bool> {
        let log = scenario.source_log(Isolation::ReadUncommitted)?;
        Ok(log.partitions().any(|(_, part)| part.records.iter().any(|record| record.offset == last)))
    };
    let mut tries = 0;
    while is_there(&mut scenario)? {
        ensure!(tries < TRIES, "the last record that was kept was not compacted in time");
        scenario.produce_under(100, |id| format!("often-{}", id.0 % 50))?;
        tries += 1;
    }
    let run = scenario.offsets_archive(&keep)?.expect_code(0)?;
    ensure!(!run.stderr.contains("withdrawn"), "{}", run.stderr);
    Ok(())
}

/// Goes on producing a little until a third of each partition is holes.
fn await_holes(scenario: &mut Scenario<'_>) -> Result<()> {
    for _ in 0..TRIES {
        scenario.produce(1)?;
        let log = scenario.source_log(Isolation::ReadUncommitted)?;
        if log.partitions().all(|(_, part)| part.records.len() * 3 < part.end.unsigned_abs() as usize * 2) {
            return Ok(());
        }
    }
    ensure!(false, "the source was not compacted in time");
    Ok(())
}
