//! The source region is gone: what survives on the target must do.

use anyhow::{Result, ensure};
use offsets_tests::rig::Rig;
use offsets_tests::scenario::Outline;

#[test]
fn with_the_source_dead_the_last_recorded_commits_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("source-dead", 2).on(&mut rig)?;
    scenario.produce(30_000)?;
    scenario.groups_lagging(&[0, 150, 4_000, 25_000])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    let recorded = scenario.checkpoints()?.len();
    scenario.mirror.kill()?;
    scenario.rig.source.kill()?;

    // told that it is dead, and left to find out
    for arguments in [&["--source-dead"][..], &[]] {
        let rows = scenario.translate(arguments)?;
        ensure!(rows.len() >= recorded, "{} rows for {recorded} checkpoints", rows.len());
        scenario.judge_rows(&rows)?;
    }
    Ok(())
}
