//! SIGTERM ends a run whose broker does not answer, and nothing of what it had begun counts by half. A run waited for its transaction
//! timeout, and container runtimes kill ten seconds after SIGTERM. (The twin of a case found in a drill on real clusters: O3.)

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Topic, records, write};
use offsets_tests::rig::Rig;
use offsets_tests::wait::{self, TIMEOUT};

use super::{Instance, Job};

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
        wait::until("an open transaction", TIMEOUT, || {
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

/// As when an operator stops it a while after the cluster has gone: a commit waits, or was tried again and again.
#[test]
fn sigterm_ends_a_run_whose_commit_waits_for_a_broker_and_whatever_it_tries_again() -> Result<()> {
    let mut rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["gone.in", "gone.out"] {
        Topic::new(topic, 1).create(&bootstrap)?;
    }
    let dedup = ["--from", "gone.in", "--to", "gone.out", "--mode", "dedup", "--identity", "json:/id"];
    let job = Job::new(&rig, "gone", &dedup)?;
    let [waits, tries] = ["waits-state", "tries-state"].map(|name| job.folder(name));
    let mut count = 0;
    let mut put = || {
        let value = format!("{{\"id\":{count}}}");
        count += 1;
        write(&bootstrap, "gone.in", &[(0, None, Some(value.as_str()))]).map(|()| count)
    };
    let await_all = |count: usize, of: &Instance| {
        wait::until("what was written to come out", TIMEOUT, || {
            let out = records(&bootstrap, "gone.out", Isolation::ReadCommitted)?;
            Ok((out.len() == count).then_some(()))
        })
        .with_context(|| of.tail())
    };

    let first = [&LONG[..], &["--commit-interval", "1s", "--state", &waits]].concat();
    let instance = job.start("waits", &first)?;
    await_all(put()?, &instance)?;
    let uncommitted = put()?;
    wait::until("an open transaction", TIMEOUT, || {
        let there = records(&bootstrap, "gone.out", Isolation::ReadUncommitted)?;
        Ok((there.len() == uncommitted).then_some(()))
    })?;
    let (still, began) = (rig.target.standing_still()?, wait::now());
    // Its next commit is due by then.
    wait::until("the commit", TIMEOUT, || Ok((began.elapsed() > Duration::from_secs(2)).then_some(())))?;
    let said = instance.stop_within(ENDING)?;
    drop(still);
    ensure!(said.contains(LEFT) && said.contains("stopped; "), "{said}");

    let second = ["--transaction-timeout", "2s", "--commit-interval", "100ms", "--state", &tries];
    // The name of the first one's folder ends what that left open.
    job.once(&["--state", &waits])?.expect_code(0)?;
    let instance = job.start("tries", &second)?;
    await_all(put()?, &instance)?;
    let value = r#"{"id":"the last"}"#;
    write(&bootstrap, "gone.in", &[(0, None, Some(value))])?;
    rig.target.kill()?;
    let last = wait::until("it to notice", TIMEOUT, || {
        let tail = instance.tail();
        Ok(["done again", "refuse"].iter().any(|word| tail.contains(word)).then_some(tail))
    });
    let said = instance.stop_within(ENDING).with_context(|| format!("{last:?}"))?;
    ensure!(said.contains("stopped; "), "{said}");
    rig.target.restart()?;
    job.once(&["--state", &tries])?.expect_code(0)?;
    let out = records(&bootstrap, "gone.out", Isolation::ReadCommitted)?;
    let written = out.len();
    let out: BTreeSet<_> = out.iter().map(|record| record.value.as_deref()).collect();
    ensure!(
        written == count + 1 && out.len() == written && out.contains(&Some(value.as_bytes())),
        "{written} of {}",
        count + 1
    );
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
    wait::until("its partition", TIMEOUT, || Ok(idle.tail().contains("partitions: 0").then_some(())))
        .with_context(|| idle.tail())?;
    write(&bootstrap, "idle.in", &[(0, None, Some(r#"{"id":1}"#))])?;
    wait::until("the record", TIMEOUT, || {
        Ok((records(&bootstrap, "idle.out", Isolation::ReadCommitted)?.len() == 1).then_some(()))
    })
    .with_context(|| idle.tail())?;

    let still = rig.target.standing_still()?;
    let connecting = job.start("connecting", &[])?;
    wait::until("it to wait for the broker", TIMEOUT, || {
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
