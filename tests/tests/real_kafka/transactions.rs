//! Transactions on the source, and exactly-once copying onto the target: markers and aborted records use up offsets.

use anyhow::{Result, ensure};
use offsets_tests::kafka::Isolation;
use offsets_tests::rig::Rig;
use offsets_tests::scenario::{Outline, Scenario};

const LAGS: [i64; 6] = [0, 1, 7, 60, 1_000, 6_000];

#[test]
fn aborted_transactions_that_mm2_copies_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("aborts-copied", 2).on(&mut rig)?;
    mirror_transactions(&mut scenario)?;
    ensure!(scenario.truth()?.partition(0)?.copied() == 10_000, "aborted records are copied by default");
    scenario.judge_exact(&[])?;
    Ok(())
}

#[test]
fn aborted_transactions_that_mm2_leaves_out_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("aborts-left-out", 2).copying(Isolation::ReadCommitted).on(&mut rig)?;
    mirror_transactions(&mut scenario)?;
    ensure!(scenario.truth()?.partition(0)?.copied() == 6_700, "a third of the transactions was aborted");
    scenario.judge_exact(&[])?;
    scenario.weigh_evidence()?;
    Ok(())
}

#[test]
fn markers_of_an_exactly_once_mm2_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    let outline = Outline::new("exactly-once", 2).copying(Isolation::ReadCommitted);
    let mut scenario = outline.mm2_worker("exactly.once.source.support", "enabled").on(&mut rig)?;
    mirror_transactions(&mut scenario)?;
    let truth = scenario.truth()?;
    let part = truth.partition(0)?;
    ensure!(part.copied() == 6_700, "a third of the transactions was aborted");
    ensure!(part.end() > 6_700, "no marker on the target: {} offsets for 6,700 records", part.end());
    scenario.judge_exact(&[])?;
    scenario.weigh_evidence()?;
    Ok(())
}

/// 200 transactions of 50 records for each partition, every third aborted.
fn mirror_transactions(scenario: &mut Scenario<'_>) -> Result<()> {
    scenario.produce_transactions(200, 50, 3)?;
    scenario.groups_lagging(&LAGS)?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()
}
