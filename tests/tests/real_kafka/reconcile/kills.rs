//! Instances and brokers are killed again and again, and nothing is lost or doubled.

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Record, Topic, await_transactions, records};
use offsets_tests::regions::Writers;
use offsets_tests::rig::{Pair, Rig};
use offsets_tests::wait;

use super::{Instance, Job};

const PARTITIONS: i32 = 6;
const INPUTS: [&str; 2] = ["kills.a", "kills.b"];

/// How often something is killed, unless `OFFSETS_TEST_KILLS` says how often.
const KILLS: u32 = 20;

/// Number of kills after which it is a broker that is killed, one after the other.
const BROKER_EVERY: u32 = 5;

#[test]
fn whatever_is_killed_nothing_is_lost_nothing_doubled_and_the_ledger_accounts_for_the_rest() -> Result<()> {
    let rig = Rig::shared()?;
    let mut pair = Pair::start(&rig)?;
    let bootstrap = pair.bootstrap();
    for topic in [INPUTS[0], INPUTS[1], "once", "once.lost", "latest", "latest.lost"] {
        Topic::new(topic, PARTITIONS).create(&bootstrap)?;
    }
    let (a, b) = (format!("a={}", INPUTS[0]), format!("b={}", INPUTS[1]));
    let inputs = ["--from", &a, "--from", &b];
    let dedup = ["--mode", "dedup", "--identity", "json:/id", "--to", "once", "--ledger", "once.lost"];
    let dedup = Job::on(bootstrap.clone(), &rig, "kills-dedup", &[&inputs[..], &dedup].concat())?;
    let upsert = ["--mode", "upsert", "--identity", "key", "--order", "json:/v", "--regions", "a,b"];
    let upsert = [&inputs[..], &upsert, &["--to", "latest", "--ledger", "latest.lost"]].concat();
    let upsert = Job::on(bootstrap.clone(), &rig, "kills-upsert", &upsert)?;
    what_has_one_replica_is_named(&bootstrap, &rig)?;

    let writers = Writers::start(&bootstrap, INPUTS, [PARTITIONS; 2], 1_000);
    // Of each job one instance keeps its state and its name, and the other one neither.
    let mut jobs = [start(&dedup)?, start(&upsert)?];
    let kills = match std::env::var("OFFSETS_TEST_KILLS") {
        Ok(number) => number.parse().context("OFFSETS_TEST_KILLS")?,
        Err(_) => KILLS,
    };
    let mut seen = [0; 2];
    for kill in 1..=kills {
        // Something has come out since the last kill, so that it is in the midst of work that it hits.
        for (seen, topic) in seen.iter_mut().zip(["once", "latest"]) {
            let tails = || jobs.iter().flatten().map(Instance::tail).collect::<Vec<_>>().join("\n");
            *seen = progress(&bootstrap, topic, *seen).with_context(tails)?;
        }
        if kill % BROKER_EVERY == 0 {
            pair.kill_and_restart((kill / BROKER_EVERY) as usize)?;
        } else {
            for instances in &mut jobs {
                instances[kill as usize % 2].kill_and_restart()?;
            }
        }
    }
    let writes = writers.finish()?;
    for instances in jobs {
        instances.into_iter().try_for_each(Instance::stop)?;
    }
    dedup.once(&[])?.expect_code(0)?;
    upsert.once(&[])?.expect_code(0)?;

    let read = |topic| committed(&bootstrap, topic);
    writes.judge_dedup(&read("once")?, &read("once.lost")?)?;
    writes.judge_upsert(&read("latest")?, &read("latest.lost")?)?;
    eprintln!("{kills} kills of each job, {} records", writes.len());
    Ok(())
}

#[test]
fn an_instance_that_slept_while_another_took_its_partitions_commits_nothing_of_what_it_had_begun()
-> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["slept.a", "slept.b", "slept.once", "slept.lost"] {
        Topic::new(topic, 2).create(&bootstrap)?;
    }
    let topics = ["--from", "slept.a", "--from", "slept.b", "--to", "slept.once", "--ledger", "slept.lost"];
    let dedup = ["--mode", "dedup", "--identity", "json:/id"];
    let job = Job::new(&rig, "slept", &[&topics[..], &dedup].concat())?;
    let writers = Writers::start(&bootstrap, ["slept.a", "slept.b"], [2; 2], 500);
    let sleeper = job.start("sleeper", &[])?;
    let mut seen = progress(&bootstrap, "slept.once", 0)?;
    let other = job.start("other", &[])?;
    for _ in 0..2 {
        seen = progress(&bootstrap, "slept.once", seen)?;
        sleeper.sleep()?;
        // Its session ends, its transaction is given up, and the other one has everything.
        let has_all = || {
            let tail = other.tail();
            let last = tail.lines().rfind(|line| line.contains("partitions: "));
            last.is_some_and(|line| line.ends_with("partitions: 0, 1"))
        };
        wait::until("the other one to take over", wait::TIMEOUT, || Ok(has_all().then_some(())))?;
        seen = progress(&bootstrap, "slept.once", seen)?;
        sleeper.wake()?;
        wait::until("the sleeper to be back", wait::TIMEOUT, || Ok((!has_all()).then_some(())))
            .with_context(|| sleeper.tail())?;
    }
    progress(&bootstrap, "slept.once", seen).with_context(|| sleeper.tail())?;
    let writes = writers.finish()?;
    [sleeper, other].into_iter().try_for_each(Instance::stop)?;
    job.once(&[])?.expect_code(0)?;
    let read = |topic| committed(&bootstrap, topic);
    writes.judge_dedup(&read("slept.once")?, &read("slept.lost")?)
}

/// Here, where there is more than one broker.
fn what_has_one_replica_is_named(bootstrap: &str, rig: &Rig) -> Result<()> {
    Topic::new("single", PARTITIONS).replicas(1).create(bootstrap)?;
    let topics = ["--from", INPUTS[0], "--to", "once", "--ledger", "single", "--changelog-replicas", "1"];
    let dedup = ["--mode", "dedup", "--identity", "json:/id"];
    let job = Job::on(bootstrap.to_owned(), rig, "single", &[&topics[..], &dedup].concat())?;
    let said = job.once(&[])?.expect_code(0)?.stderr;
    let names = |topic: &str| said.contains(&format!("{topic} has one replica"));
    ensure!(names("single") && names("single-changelog") && !names("once"), "{said}");
    // No broker is killed while a partition has no other one.
    ["single", "single-changelog"].into_iter().try_for_each(|topic| Topic::delete(bootstrap, topic))
}

fn start(job: &Job) -> Result<[Instance; 2]> {
    let state = job.folder("state");
    Ok([job.start("one", &["--state", &state, "--instance", "one"])?, job.start("other", &[])?])
}

/// What is committed, once no instance that was killed holds readers up any more.
pub(super) fn committed(bootstrap: &str, topic: &str) -> Result<Vec<Record>> {
    await_transactions(bootstrap, topic)?;
    records(bootstrap, topic, Isolation::ReadCommitted)
}

/// Waits until a topic holds more committed records than it did.
pub(super) fn progress(bootstrap: &str, topic: &str, seen: usize) -> Result<usize> {
    wait::until(&format!("more in {topic}"), wait::TIMEOUT, || {
        let now = records(bootstrap, topic, Isolation::ReadCommitted)?.len();
        Ok((now > seen).then_some(now))
    })
}
