//! Inputs that are partitioned differently, through a topic in which the records of an identity meet.

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Topic, partition_count, records, write};
use offsets_tests::regions::Writers;
use offsets_tests::rig::Rig;

use super::kills::{committed, progress};
use super::{Instance, Job};

/// How often an instance is killed.
const KILLS: usize = 6;

#[test]
fn records_of_one_identity_meet_though_their_topics_are_partitioned_differently() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for (topic, partitions) in [
        ("differ.a", 2),
        ("differ.b", 3),
        ("differ.once", 4),
        ("differ.lost", 4),
        ("differ.latest", 4),
        ("differ.beaten", 4),
    ] {
        Topic::new(topic, partitions).create(&bootstrap)?;
    }
    let inputs = ["--from", "a=differ.a", "--from", "b=differ.b"];
    let dedup =
        ["--mode", "dedup", "--identity", "json:/id", "--to", "differ.once", "--ledger", "differ.lost"];
    let dedup = Job::new(&rig, "differ", &[&inputs[..], &dedup, &["--repartition"]].concat())?;
    let upsert = ["--mode", "upsert", "--identity", "key", "--order", "json:/v", "--regions", "a,b"];
    let named = ["--to", "differ.latest", "--ledger", "differ.beaten", "--repartition", "differ.by-key"];
    let upsert = Job::new(&rig, "differ-latest", &[&inputs[..], &upsert, &named].concat())?;

    let writers = Writers::start(&bootstrap, ["differ.a", "differ.b"], [2, 3], 1_000);
    let start = |job: &Job| -> Result<[Instance; 2]> {
        let state = job.folder("state");
        // The name of the first one is that of its folder.
        Ok([job.start("one", &["--state", &state])?, job.start("other", &[])?])
    };
    let mut jobs = [start(&dedup)?, start(&upsert)?];
    let mut seen = [0; 2];
    for kill in 0..KILLS {
        for (seen, topic) in seen.iter_mut().zip(["differ.once", "differ.latest"]) {
            let tails = || jobs.iter().flatten().map(Instance::tail).collect::<Vec<_>>().join("\n");
            *seen = progress(&bootstrap, topic, *seen).with_context(tails)?;
        }
        for instances in &mut jobs {
            instances[kill % 2].kill_and_restart()?;
        }
    }
    let mut writes = writers.finish()?;
    for instances in jobs {
        instances.into_iter().try_for_each(Instance::stop)?;
    }
    dedup.once(&[])?.expect_code(0)?;
    upsert.once(&[])?.expect_code(0)?;

    let read = |topic| committed(&bootstrap, topic);
    writes.went_through("differ-repartition", &read("differ-repartition")?)?;
    writes.judge_dedup(&read("differ.once")?, &read("differ.lost")?)?;
    writes.went_through("differ.by-key", &read("differ.by-key")?)?;
    writes.judge_upsert(&read("differ.latest")?, &read("differ.beaten")?)?;
    ensure!(
        partition_count(&bootstrap, "differ-repartition")? == Some(4),
        "as many partitions as the output"
    );
    Ok(())
}

#[test]
fn what_comes_out_is_as_it_was_written_and_what_cannot_be_judged_says_where_that_was() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for (topic, partitions) in
        [("same.a", 1), ("same.b", 2), ("same.out", 3), ("same.dead", 3), ("same.lost", 3)]
    {
        Topic::new(topic, partitions).create(&bootstrap)?;
    }
    write(&bootstrap, "same.a", &[(0, Some("k"), Some(r#"{"id":1}"#)), (0, Some("k"), Some("no json"))])?;
    write(
        &bootstrap,
        "same.b",
        &[(1, Some("other"), Some(r#"{"id":1}"#)), (1, Some("k"), Some(r#"{"id":2}"#))],
    )?;
    let topics = ["--from", "a=same.a", "--from", "b=same.b", "--to", "same.out", "--ledger", "same.lost"];
    let dedup = ["--mode", "dedup", "--identity", "json:/id", "--repartition"];
    let job = Job::new(&rig, "same", &[&topics[..], &dedup].concat())?;

    let arguments = ["--from", "a=same.a", "--from", "b=same.b", "--on", "identity=pass", "-o", "json"];
    let report =
        Job::new(&rig, "same", &[&arguments[..], &dedup].concat())?.once(&["--dry-run"])?.expect_code(0)?;
    let report: serde_json::Value = report.json()?;
    let (winner, loser) = (&report["losses"][0]["winner"], &report["losses"][0]["loser"]);
    let is = |write: &serde_json::Value, topic: &str, partition: i32| {
        write["from"] == topic && write["partition"] == partition && write["offset"] == 0
    };
    ensure!(report["summary"]["records"] == 4 && report["summary"]["written"] == 3, "{report}");
    // An input that does not answer for long is not waited for.
    let a_first = is(winner, "same.a", 0) && is(loser, "same.b", 1);
    ensure!(a_first || is(winner, "same.b", 1) && is(loser, "same.a", 0), "{report}");
    ensure!(partition_count(&bootstrap, "same-repartition")?.is_none(), "a dry run leaves no trace");

    let run = job.once(&[])?.expect_code(3)?;
    ensure!(run.stderr.contains("same.a-0: the record at offset 1 cannot be judged"), "{}", run.stderr);
    job.once(&["--on", "identity=dead-letter", "--dead-letter", "same.dead"])?.expect_code(0)?;

    let read = |topic| records(&bootstrap, topic, Isolation::ReadCommitted);
    let written = [read("same.a")?, read("same.b")?].concat();
    let out = read("same.out")?;
    ensure!(out.len() == 2, "{out:?}");
    for record in &out {
        let is_it = |written: &&offsets_tests::kafka::Record| {
            (written.timestamp_ms, &written.key, &written.value, &written.headers)
                == (record.timestamp_ms, &record.key, &record.value, &record.headers)
        };
        ensure!(written.iter().any(|written| is_it(&written)), "{record:?} is none of {written:?}");
    }
    let dead = read("same.dead")?;
    let header = |name: &str| {
        let found = dead.first()?.headers.iter().find(|(key, _)| key == name)?;
        Some(String::from_utf8_lossy(&found.1).into_owned())
    };
    let origin = ["offsets.topic", "offsets.partition", "offsets.offset"].map(header);
    ensure!(
        dead.len() == 1 && origin == ["same.a", "0", "1"].map(|word| Some(word.to_owned())),
        "{origin:?}"
    );
    let lost = read("same.lost")?;
    let entry: serde_json::Value = serde_json::from_slice(lost[0].value.as_deref().context("no entry")?)?;
    let record = &entry["loser"]["record"];
    let headers = record["headers"].as_object().is_none_or(serde_json::Map::is_empty);
    ensure!(record["region"].is_string() && record["topic"] != "same-repartition" && headers, "{entry}");

    // The same topic for another identity would not let its records meet.
    let other = ["--mode", "dedup", "--identity", "content", "--repartition"];
    let run = Job::new(&rig, "same", &[&topics[..], &other].concat())?.once(&[])?.expect_code(4)?;
    ensure!(run.stderr.contains("offsets:repartition 3 json:/id"), "{}", run.stderr);
    ensure!(read("same-repartition")?.len() == 4, "nothing was added");
    Ok(())
}
