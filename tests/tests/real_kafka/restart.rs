//! MirrorMaker 2 killed in mid-stream: its last syncs are missing, and once it is restarted, what it had not flushed
//! its position behind is copied again.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use offsets_tests::kafka::Isolation;
use offsets_tests::rig::Rig;
use offsets_tests::scenario::{Outline, Scenario};
use offsets_tests::wait::{self, TIMEOUT};

/// Records of each partition that are copied, with MM2's position flushed behind them, before the stream begins.
const FLUSHED: i64 = 10_000;
/// Records of each partition in the stream that is cut.
const STREAM: i64 = 40_000;

#[test]
fn a_restart_leaves_duplicates_that_the_logs_show() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = outline("replayed").on(&mut rig)?;
    cut_stream(&mut scenario)?;
    let cut = i64::try_from(scenario.truth()?.partition(0)?.copied())?;
    let flushed = scenario.flushed()?[&0];
    scenario.mirror.start()?;
    scenario.await_mirrored()?;

    let truth = scenario.truth()?;
    let part = truth.partition(0)?;
    let doubled = |g: &i64| part.first(*g) != part.last(*g);
    let first = (0..FLUSHED + STREAM).find(doubled);
    let last = (0..FLUSHED + STREAM).rfind(doubled);
    println!(
        "{} doubled; partition 0: {first:?} to {last:?}, flushed {flushed}, cut {cut}",
        truth.duplicates()
    );
    ensure!(
        flushed >= FLUSHED - 1 && first == Some(flushed + 1),
        "the replay starts behind the flushed position"
    );
    ensure!(last == Some(cut - 1), "the replay ends where the stream was cut");
    Ok(())
}

#[test]
fn groups_around_the_end_of_a_cut_stream_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = outline("cut").on(&mut rig)?;
    cut_stream(&mut scenario)?;
    let cut = copied(&scenario)?;
    for from_cut in [-5_000, -500, -50, -1, 0, 1, 1_000] {
        group_at(&mut scenario, cut + from_cut)?;
    }
    scenario.judge_exact(&[])?;
    Ok(())
}

#[test]
fn groups_below_inside_and_above_a_replay_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    judge_a_restart(&mut outline("restarted").on(&mut rig)?)
}

#[test]
fn groups_around_the_restart_of_an_exactly_once_mm2_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    let outline = outline("restarted-once").copying(Isolation::ReadCommitted);
    // a restarted MM2 does not get under way before the transaction that the kill left open has timed out
    let outline = outline.mm2_worker("producer.transaction.timeout.ms", "10000");
    let mut scenario = outline.mm2_worker("exactly.once.source.support", "enabled").on(&mut rig)?;
    judge_a_restart(&mut scenario)?;
    ensure!(scenario.truth()?.duplicates() == 0, "a reader of committed records sees each once");
    Ok(())
}

fn judge_a_restart(scenario: &mut Scenario<'_>) -> Result<()> {
    cut_stream(scenario)?;
    let cut = copied(scenario)?;
    for offset in [1, 7_000, FLUSHED - 1, FLUSHED, FLUSHED + 1, FLUSHED + 200, cut - 900, cut - 1] {
        group_at(scenario, offset)?;
    }
    // wherever the stream was cut, the last two are in the log
    for offset in [cut, cut + 1, cut + 150, (cut + 10_000).min(FLUSHED + STREAM), FLUSHED + STREAM - 1] {
        group_at(scenario, offset)?;
    }
    scenario.mirror.start()?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    scenario.judge_exact(&[])?;
    Ok(())
}

/// Batches of a record or two, each a round trip: a stream of this size would else be copied before anybody could cut
/// it.
fn outline(name: &'static str) -> Outline {
    Outline::new(name, 2).mm2_worker("producer.batch.size", "200")
}

/// Kills MM2 while the stream is being copied.
fn cut_stream(scenario: &mut Scenario<'_>) -> Result<()> {
    scenario.produce(FLUSHED.unsigned_abs())?;
    scenario.mirror.start()?;
    scenario.await_flushed()?;
    scenario.produce(STREAM.unsigned_abs())?;
    scenario.await_copied(usize::try_from(2 * FLUSHED + STREAM / 4)?)?;
    scenario.mirror.kill()?;
    // What it had sent when it was killed is still written.
    let mut before = None;
    wait::until("the last records of MM2", TIMEOUT, || {
        let truth = scenario.truth()?;
        let now = (truth.partition(0)?.copied(), truth.partition(1)?.copied());
        Ok((before.replace(now) == Some(now)).then_some(()))
    })
}

/// How many records of the partition that is further on have been copied, which is the source offset of its next one.
fn copied(scenario: &Scenario<'_>) -> Result<i64> {
    let truth = scenario.truth()?;
    let copied = truth.partition(0)?.copied().max(truth.partition(1)?.copied());
    let copied = i64::try_from(copied)?;
    ensure!((FLUSHED + 1_000..FLUSHED + STREAM - 1_000).contains(&copied), "{copied} is not in mid-stream");
    Ok(copied)
}

fn group_at(scenario: &mut Scenario<'_>, offset: i64) -> Result<()> {
    scenario.group_at(&format!("at-{offset}"), BTreeMap::from([(0, offset), (1, offset)]))
}
