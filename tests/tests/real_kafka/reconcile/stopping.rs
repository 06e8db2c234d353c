//! SIGTERM ends a run whose broker does not answer, and nothing of what it had begun counts by half. A run waited for its transaction
//! timeout, and container runtimes kill ten seconds after SIGTERM. (The twin of a case found in a drill on real clusters: O3.)

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Topic, records, write};
use offsets_tests::rig::Rig;
use offsets_tests::wait::{self, PATIENCE};

use super::Job;

/// How long a run may take to end; a transaction may take much longer.
const ENDING: Duration = Duration::from_secs(20);

/// Nothing times out by itself.
const LONG: [&str; 2] = ["--transaction-timeout", "10m"];

const LEFT: &str = "is left to its timeout (600 s)";

#[test]
fn sigterm_ends_a_run_whose_broker_stands_still_and_its_transaction_counts_for_nothing() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for (group, between) in [("still", None), ("still-between", Some("--repartition"))] {
        let [input, output] = ["in", "out"].map(|end| format!("{group}.{end}"));
        for topic in [&input, &output] {
            Topic::new(topic, 1).create(&bootstrap)?;
        }
        let dedup = ["--from", &input, "--to", &output, "--mode", "dedup", "--identity", "json:/id"];
        let job = Job::new(&rig, group, &[&dedup[..], &LONG, between.as_slice()].concat())?;
        let state = ["--state", &job.folder("state")].map(str::to_owned);
        let state = state.each_ref().map(String::as_str);
        let values: Vec<String> = (0..100).map(|id| format!("{{\"id\":{id}}}")).collect();
        let all: Vec<_> = values.iter().map(|value| (0, None, Some(value.as_str()))).collect();
        write(&bootstrap, &input, &all)?;
        let open = between.map_or(output.clone(), |_| format!("{group}-repartition"));
        // Nothing is committed before the stop.
        let instance = job.start("one", &[&state[..], &["--commit-interval", "9m"]].concat())?;
        wait::until("an open transaction", PATIENCE, || {
            let there = records(&bootstrap, &open, Isolation::ReadUncommitted).unwrap_or_default();
            Ok((there.len() == all.len()).then_some(()))
        })
        .with_context(|| instance.tail())?;

        let still = rig.target.standing_still()?;
        let said = instance.stop_within(ENDING)?;
        drop(still);
        ensure!(said.matches(LEFT).count() == 1 && said.contains("stopped; "), "{said}");
        ensure!(records(&bootstrap, &output, Isolation::ReadCommitted)?.is_empty(), "{said}");
        // The transaction would be open for ten minutes: the folder has the name that ends it.
        job.once(&state)?.expect_code(0)?;
        let out = records(&bootstrap, &output, Isolation::ReadCommitted)?;
        let out: Vec<_> = out.iter().filter_map(|record| record.value.as_deref()).collect();
        ensure!(out == values.iter().map(String::as_bytes).collect::<Vec<_>>(), "{} of 100", out.len());
    }
    Ok(())
}

#[test]
fn sigterm_ends_a_run_that_has_nothing_open_and_one_that_has_not_begun() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["idle.in", "idle.out"] {
        Topic::new(topic, 1).create(&bootstrap)?;
    }
    let dedup = ["--from", "idle.in", "--to", "idle.out", "--mode", "dedup", "--identity", "json:/id"];
    let long = ["--timeout", "10m", "--connect-timeout", "10m"];
    let job = Job::new(&rig, "idle", &[&dedup[..], &LONG, &long].concat())?;
    let state = job.folder("state");
    let idle = job.start("idle", &["--state", &state])?;
    wait::until("its partition", PATIENCE, || Ok(idle.tail().contains("partitions: 0").then_some(())))
        .with_context(|| idle.tail())?;
    write(&bootstrap, "idle.in", &[(0, None, Some(r#"{"id":1}"#))])?;
    wait::until("the record", PATIENCE, || {
        Ok((records(&bootstrap, "idle.out", Isolation::ReadCommitted)?.len() == 1).then_some(()))
    })
    .with_context(|| idle.tail())?;

    let still = rig.target.standing_still()?;
    let connecting = job.start("connecting", &[])?;
    wait::until("it to wait for the broker", PATIENCE, || {
        Ok(connecting.tail().contains("does not answer").then_some(()))
    })
    .with_context(|| connecting.tail())?;
    let said = connecting.stop_within(ENDING)?;
    ensure!(said.contains("stopped before anything was read"), "{said}");
    let said = idle.stop_within(ENDING)?;
    ensure!(!said.contains("timeout") && said.contains("stopped; "), "{said}");
    drop(still);
    Ok(())
}
