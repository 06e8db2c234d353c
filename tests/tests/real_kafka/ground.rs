//! The ground the other scenarios stand on: the rig itself, and what MirrorMaker 2 does, without `offsets`.

use anyhow::{Context, Result, ensure};
use offsets_tests::rig::Rig;
use offsets_tests::scenario::Outline;

#[test]
fn a_dense_topic_is_mirrored_one_to_one_and_mm2_rereads_more_the_further_a_group_lags() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("ground-dense", 2).on(&mut rig)?;
    scenario.produce(40_000)?;
    scenario.groups_lagging(&[0, 20_000])?;
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;

    let truth = scenario.truth()?;
    ensure!(truth.duplicates() == 0);
    ensure!(!scenario.syncs()?.is_empty());
    let checkpoints = scenario.checkpoints()?;
    for partition in 0..2 {
        let part = truth.partition(partition)?;
        for g in [0, 1, 20_000, 39_999, 40_000] {
            ensure!((part.first(g), part.last(g)) == (g, g), "offsets are equal in a dense mirror");
        }
        let reread = |group: &str| {
            let checkpoint = checkpoints.get(&(scenario.group(group), partition));
            let checkpoint = checkpoint.with_context(|| format!("no checkpoint of {group}"))?;
            ensure!(part.past(checkpoint.downstream, checkpoint.upstream) == 0, "MM2 skips: {checkpoint:?}");
            Ok(part.reread(checkpoint.downstream, checkpoint.upstream))
        };
        let (near, far) = (reread("lag-0")?, reread("lag-20000")?);
        println!("partition {partition}: MM2 re-reads {near} at lag 0, {far} at lag 20,000");
        ensure!(near < far, "{near} at lag 0, {far} at lag 20,000");
    }
    Ok(())
}
