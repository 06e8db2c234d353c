//! What was archived while the source lived, when it does not any more: its syncs die with it, and so do its commits.

use anyhow::{Context, Result, ensure};
use offsets_tests::invariant::Class;
use offsets_tests::rig::Rig;
use offsets_tests::scenario::Outline;

#[test]
fn with_the_source_dead_an_archive_gives_exact_positions_between_its_syncs() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("archived", 2).on(&mut rig)?;
    let folder = scenario.rig.scratch().folder("archived")?;
    let folder = folder.to_str().context("the folder's name is not UTF-8")?.to_owned();
    scenario.produce(30_000)?;
    scenario.groups_lagging(&[0, 150, 4_000, 25_000])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    scenario.offsets_archive(&["run", "--dir", &folder, "--once"])?.expect_code(0)?;

    // The stream goes on, and so does the group that MM2 has seen last far behind; the second round begins where the
    // first one ended. Of this commit MM2 writes no checkpoint any more.
    scenario.produce(3_000)?;
    scenario.await_mirrored()?;
    scenario.await_synced()?;
    scenario.mirror.kill()?;
    let moved = [(0, 7_777), (1, 7_777)].into();
    scenario.group_at("lag-25000", moved)?;
    // It looked at every group in the first round, and reads the log of their commits in the second.
    scenario.offsets_archive(&["run", "--dir", &folder, "--once", "--commits", "tail"])?.expect_code(0)?;
    scenario.rig.source.kill()?;

    // Without it, what is left of the source are MM2's own checkpoints.
    let without = scenario.judge_known(&["--source-dead"])?;
    ensure!(without.iter().any(|row| row.class != Class::Exact), "{without:#?}");

    let rows = scenario.judge(&["--source-dead", "--archive", &folder])?;
    let open: Vec<_> = rows.iter().filter(|row| row.class != Class::Exact).collect();
    ensure!(open.is_empty(), "{open:#?}");
    let group = scenario.group("lag-25000");
    let moved: Vec<_> = rows
        .iter()
        .filter(|row| row.group == group)
        .map(|row| (row.source_offset, row.target_offset))
        .collect();
    ensure!(moved == [(Some(7_777), Some(7_777)); 2], "{moved:?}");
    let counted = rows.iter().filter(|row| row.evidence.iter().any(|finding| finding.kind == "target-scan"));
    ensure!(counted.count() > 0, "no bracket was counted: {rows:#?}");
    Ok(())
}

#[test]
fn with_the_source_dead_fingerprints_prove_what_counting_cannot() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("fingerprinted", 2).on(&mut rig)?;
    let folder = scenario.rig.scratch().folder("fingerprinted")?;
    let folder = folder.to_str().context("the folder's name is not UTF-8")?.to_owned();
    // Aborted records are copied as well, and markers leave holes: counts never add up.
    scenario.produce_transactions(150, 20, 4)?;
    scenario.groups_lagging(&[0, 33, 777, 2_000])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_synced()?;
    let keep = ["run", "--dir", &folder, "--once", "--fingerprints"];
    scenario.offsets_archive(&keep)?.expect_code(0)?;

    // A second round begins where the first one ended.
    scenario.produce_transactions(50, 20, 4)?;
    scenario.await_mirrored()?;
    scenario.await_synced()?;
    scenario.groups_lagging(&[1, 400])?;
    scenario.offsets_archive(&keep)?.expect_code(0)?;
    scenario.mirror.kill()?;
    scenario.rig.source.kill()?;

    let dead = ["--source-dead", "--archive", &folder];
    let without = scenario.judge(&[&dead[..], &["--evidence", "syncs,checkpoints,target-scan"]].concat())?;
    ensure!(without.iter().any(|row| row.class != Class::Exact), "counting was enough: {without:#?}");
    let rows = scenario.judge(&dead)?;
    let open: Vec<_> = rows.iter().filter(|row| row.class != Class::Exact).collect();
    ensure!(open.is_empty(), "{open:#?}");
    let recognised = rows.iter().filter(|row| row.evidence.iter().any(|finding| finding.kind == "content"));
    ensure!(recognised.count() > 0, "no record was recognised: {rows:#?}");
    Ok(())
}
