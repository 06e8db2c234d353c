//! Groups that have read more than MirrorMaker 2 has copied.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use offsets_tests::rig::Rig;
use offsets_tests::scenario::Outline;

#[test]
fn a_group_ahead_of_replication_goes_to_no_place_past_the_end() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("ahead", 2).on(&mut rig)?;
    scenario.produce(10_000)?;
    scenario.groups_lagging(&[0, 3_000])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    scenario.mirror.stop()?;

    scenario.produce(5_000)?;
    for (name, offset) in [("just", 10_001), ("amid", 12_500), ("all", 15_000)] {
        scenario.group_at(&format!("{name}-ahead"), BTreeMap::from([(0, offset), (1, offset)]))?;
    }
    let rows = scenario.judge_exact(&[])?;
    let truth = scenario.truth()?;
    for row in rows.iter().filter(|row| row.group.ends_with("-ahead")) {
        let end = truth.partition(row.partition)?.end();
        ensure!(row.target_offset.is_some_and(|target| target <= end), "past the end {end}: {row:?}");
    }
    Ok(())
}
