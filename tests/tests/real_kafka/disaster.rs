//! The source region is gone: what survives on the target must do.

use anyhow::{Result, ensure};
use offsets_tests::invariant::Class;
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
        let rows = scenario.judge_known(arguments)?;
        ensure!(rows.len() >= recorded, "{} rows for {recorded} checkpoints", rows.len());
    }
    Ok(())
}

#[test]
fn with_the_source_dead_and_its_syncs_alive_every_bracket_between_two_syncs_is_counted_exact() -> Result<()> {
    let mut rig = Rig::shared()?;
    let outline = Outline::new("counted", 2).mm2("offset-syncs.topic.location", "target");
    let mut scenario = outline.on(&mut rig)?;
    scenario.produce(30_000)?;
    scenario.groups_lagging(&[0, 150, 4_000, 25_000])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    scenario.mirror.kill()?;
    scenario.rig.source.kill()?;

    // The commits are those that MM2 recorded; the map from them is exact all the same.
    let rows = scenario.judge_known(&["--source-dead"])?;
    let open: Vec<_> = rows.iter().filter(|row| row.class != Class::Exact).collect();
    ensure!(open.is_empty(), "{open:#?}");
    let counted = rows.iter().filter(|row| row.evidence.iter().any(|finding| finding.kind == "target-scan"));
    ensure!(counted.count() > 0, "no bracket was counted: {rows:#?}");
    Ok(())
}
