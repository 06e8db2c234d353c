//! A run whose memory is capped, and which is killed.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Record, Topic, await_transactions, records, write};
use offsets_tests::rig::Rig;
use offsets_tests::wait;

use super::{Instance, Job};

const PARTITIONS: i32 = 4;
const EACH: u64 = 50_000;

/// What is remembered takes some 7 MB.
const CAP: &str = "1000000";

/// Number of records of one partition that are written at once.
const AT_ONCE: u64 = 10_000;

#[test]
fn a_capped_run_that_is_killed_counts_everything_once_with_its_state_and_without() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["capped.in", "capped.out", "capped.lost"] {
        Topic::new(topic, PARTITIONS).create(&bootstrap)?;
    }
    let topics = ["--from", "capped.in", "--to", "capped.out", "--ledger", "capped.lost"];
    let how = ["--mode", "dedup", "--identity", "json:/id", "--max-memory", CAP];
    let soon = ["--commit-interval", "100ms", "--transaction-timeout", "10s"];
    let job = Job::new(&rig, "capped", &[&topics[..], &how, &soon].concat())?;
    let state = job.folder("state");
    let kept = ["--state", &state, "--instance", "capped"];

    let mut instance = job.start("one", &kept)?;
    // Each time it dies in the midst of work, with more behind it than fits into memory.
    let (one, two) = (EACH / 5, EACH / 5 * 3);
    produce(&bootstrap, 0..one)?;
    await_some(&bootstrap, &instance, one / 2)?;
    produce(&bootstrap, one..two)?;
    instance.kill_and_restart()?;
    await_some(&bootstrap, &instance, (one + two) / 2)?;
    produce(&bootstrap, two..EACH)?;
    instance.process.kill()?;
    fs::remove_dir_all(&state)?;

    let run = job.once(&kept)?.expect_code(0)?;
    let said = run.stderr.split_once("memory is capped: ").map(|(_, said)| said).context("the cap")?;
    let numbers: Vec<u64> = said.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [in_memory, sealed, reads, ..] = numbers[..] else { anyhow::bail!("{said}") };
    eprintln!("{in_memory} in memory, {sealed} on the disk, {reads} segments read");
    ensure!(in_memory > 0 && sealed > in_memory && reads > 0, "{said}");
    judge(&committed(&bootstrap, "capped.out")?, &committed(&bootstrap, "capped.lost")?)
}

/// The event that a record is of: mostly a new one, and often one that came at some time before.
fn event(partition: i32, number: u64) -> u64 {
    let mixed = (number ^ u64::from(partition.unsigned_abs()) << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if number % 3 == 2 { (mixed >> 32) % number } else { number }
}

fn produce(bootstrap: &str, numbers: std::ops::Range<u64>) -> Result<()> {
    for from in numbers.clone().step_by(AT_ONCE as usize) {
        let values: Vec<(i32, String)> = (from..numbers.end.min(from + AT_ONCE))
            .flat_map(|number| (0..PARTITIONS).map(move |partition| (partition, number)))
            .map(|(partition, number)| {
                (partition, format!(r#"{{"id":"{partition}-{}"}}"#, event(partition, number)))
            })
            .collect();
        let records: Vec<_> =
            values.iter().map(|(partition, value)| (*partition, None, Some(value.as_str()))).collect();
        write(bootstrap, "capped.in", &records)?;
    }
    Ok(())
}

/// Waits until something is committed of what was written from this number on.
fn await_some(bootstrap: &str, instance: &Instance, from: u64) -> Result<()> {
    let new = |record: &Record| id(record).is_ok_and(|(_, event)| event >= from);
    wait::until("something to come out", wait::TIMEOUT, || {
        let out = records(bootstrap, "capped.out", Isolation::ReadCommitted)?;
        Ok(out.iter().any(new).then_some(()))
    })
    .with_context(|| instance.tail())
}

/// Of each event its first record came out, and every other one is in the ledger.
fn judge(output: &[Record], ledger: &[Record]) -> Result<()> {
    let (mut events, mut losers) = (BTreeSet::new(), BTreeSet::new());
    for partition in 0..PARTITIONS {
        for number in 0..EACH {
            if !events.insert((partition, event(partition, number))) {
                losers.insert((i64::from(partition), i64::try_from(number)?));
            }
        }
    }
    let mut out = BTreeSet::new();
    for record in output {
        let event = id(record)?;
        ensure!(out.insert(event), "{event:?} came out twice");
    }
    ensure!(out == events, "{} came out of {}", out.len(), events.len());
    let mut lost = BTreeSet::new();
    for record in ledger {
        let entry: serde_json::Value = serde_json::from_slice(record.value.as_deref().context("no value")?)?;
        let loser = &entry["loser"];
        let place = (loser["partition"].as_i64(), loser["offset"].as_i64());
        let (Some(partition), Some(offset)) = place else { anyhow::bail!("{entry}") };
        ensure!(lost.insert((partition, offset)), "{entry} is there twice");
    }
    ensure!(lost == losers, "{} are in the ledger, {} lost", lost.len(), losers.len());
    Ok(())
}

fn id(record: &Record) -> Result<(i32, u64)> {
    let value = std::str::from_utf8(record.value.as_deref().context("no value")?)?;
    let id = value.strip_prefix(r#"{"id":""#).and_then(|rest| rest.strip_suffix(r#""}"#)).context("no id")?;
    let (partition, event) = id.split_once('-').context("no event")?;
    Ok((partition.parse()?, event.parse()?))
}

fn committed(bootstrap: &str, topic: &str) -> Result<Vec<Record>> {
    await_transactions(bootstrap, topic)?;
    records(bootstrap, topic, Isolation::ReadCommitted)
}
