//! A dense stream: every source offset is a record, and every record is copied once.

use anyhow::Result;
use offsets_tests::rig::Rig;
use offsets_tests::scenario::Outline;

#[test]
fn groups_that_lag_by_0_to_100_000_records_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("dense", 3).on(&mut rig)?;
    scenario.produce(120_000)?;
    scenario.groups_lagging(&[0, 1, 10, 100, 1_000, 10_000, 50_000, 100_000])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    scenario.judge_exact(&[])?;
    scenario.weigh_evidence()?;
    Ok(())
}
