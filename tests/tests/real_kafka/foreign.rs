//! Another producer writes into the mirror topic.

use anyhow::{Result, ensure};
use offsets_tests::kafka::{Isolation, Producer, RecordId};
use offsets_tests::rig::Rig;
use offsets_tests::scenario::{Outline, Scenario};

/// Identities that no scenario gives to a record of the source.
const FOREIGN: u64 = 1 << 40;
const ROUNDS: u64 = 10;

#[test]
fn foreign_records_in_the_mirror_topic_that_balance_holes_of_the_source_keep_the_law() -> Result<()> {
    let mut rig = Rig::shared()?;
    let mut scenario = Outline::new("foreign", 2).copying(Isolation::ReadCommitted).on(&mut rig)?;
    scenario.mirror.start()?;
    for round in 0..ROUNDS {
        // ten markers and an aborted transaction of 20 records make 30 holes a partition
        scenario.produce_transactions(10, 20, 10)?;
        scenario.await_mirrored()?;
        write_foreign(&scenario, round, 30)?;
    }
    scenario.produce(50)?;
    scenario.groups_lagging(&[0, 1, 40, 60, 200, 300, 700, 1_100, 2_000])?;
    scenario.await_mirrored()?;
    scenario.await_checkpoints()?;
    let truth = scenario.truth()?;
    let part = truth.partition(0)?;
    ensure!(part.rank(part.end()) == part.copied() + 300, "300 records of the mirror topic are no copies");
    scenario.judge(&[])?;
    Ok(())
}

/// Writes `count` records to each partition of the mirror topic.
fn write_foreign(scenario: &Scenario<'_>, round: u64, count: u64) -> Result<()> {
    let producer = Producer::new(&scenario.rig.target.bootstrap(), &scenario.names().mirrored)?;
    for number in 0..count {
        for partition in 0..2 {
            producer.send(partition, "foreign", RecordId(FOREIGN + round * count + number))?;
        }
    }
    producer.flush()
}
