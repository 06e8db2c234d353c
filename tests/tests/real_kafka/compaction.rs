//! A compacted source: offsets that no longer hold a record.

use anyhow::{Result, ensure};
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
