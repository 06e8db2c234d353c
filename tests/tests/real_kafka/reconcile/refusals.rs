//! What is wrong is said with its remedy, and nothing is lost by it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{self, Isolation, Topic, await_transactions, records, write, write_at};
use offsets_tests::rig::Rig;
use offsets_tests::wait;

use super::Job;

const DEDUP: [&str; 4] = ["--mode", "dedup", "--identity", "json:/id"];

#[test]
fn topics_that_do_not_fit_are_refused_before_anything_is_read() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for (topic, partitions) in [("fit.two", 2), ("fit.three", 3), ("fit.out", 1), ("fit.plain", 2)] {
        Topic::new(topic, partitions).create(&bootstrap)?;
    }
    write(&bootstrap, "fit.two", &[(0, Some("k"), Some(r#"{"id":1}"#))])?;
    let refused = |from: &[&str], more: &[&str], code: i32, said: &[&str]| -> Result<()> {
        let from = from.iter().flat_map(|topic| ["--from", topic]);
        let arguments: Vec<_> = from.chain(DEDUP).chain(more.iter().copied()).collect();
        let run = Job::new(&rig, "fit", &arguments)?.once(&[])?.expect_code(code)?;
        for said in said {
            ensure!(run.stderr.contains(said), "{said:?} is not said: {}", run.stderr);
        }
        Ok(())
    };
    let to = ["--to", "fit.plain"];
    let both = ["fit.two has 2 partitions and fit.three has 3", "use --repartition"];
    refused(&["fit.two", "fit.three"], &to, 1, &both)?;
    refused(&["fit.two"], &["--to", "fit.out"], 1, &["fit.out has 1 partitions, and the inputs have 2"])?;
    refused(&["fit.two"], &["--to", "fit.nowhere"], 1, &["topic fit.nowhere: does not exist"])?;
    refused(&["fit.nowhere"], &to, 1, &["topic fit.nowhere: does not exist"])?;
    let plain = ["--to", "fit.plain", "--changelog", "fit.three"];
    refused(&["fit.two"], &plain, 1, &["changelog fit.three has cleanup.policy=delete"])?;
    let between = ["--to", "fit.plain", "--repartition", "fit.compact"];
    Topic::new("fit.compact", 2).set("cleanup.policy", "compact").create(&bootstrap)?;
    let lossy = "repartition topic fit.compact has cleanup.policy=compact";
    refused(&["fit.two", "fit.three"], &between, 1, &[lossy, "set its cleanup.policy to delete"])?;
    refused(&["fit.two"], &["--to", "fit.two"], 2, &["topic fit.two has two parts to play"])?;
    refused(&["fit two"], &to, 2, &["\"fit two\" is not the name of a topic"])?;
    ensure!(kafka::committed(&bootstrap, "fit", "fit.two", 2)?.is_empty(), "nothing was read");
    Ok(())
}

#[test]
fn a_record_that_cannot_be_judged_ends_the_run_behind_everything_before_it() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["flaw.in", "flaw.out", "flaw.dead"] {
        Topic::new(topic, 1).create(&bootstrap)?;
    }
    let values = [r#"{"id":1}"#, r#"{"id":2}"#, "no json", r#"{"id":1}"#, r#"{"id":3}"#];
    write(&bootstrap, "flaw.in", &values.map(|value| (0, Some("k"), Some(value))))?;
    let arguments = ["--from", "flaw.in", "--to", "flaw.out"];
    let job = Job::new(&rig, "flaw", &[&arguments[..], &DEDUP].concat())?;

    for _ in 0..2 {
        let run = job.once(&[])?.expect_code(3)?;
        let said = "flaw.in-0: the record at offset 2 cannot be judged: its value is not JSON";
        ensure!(
            run.stderr.contains(said) && run.stderr.contains("--on identity=dead-letter"),
            "{}",
            run.stderr
        );
        ensure!(values_of(&bootstrap, "flaw.out")? == values[..2], "what came before it counts, once");
    }
    job.once(&["--on", "identity=dead-letter", "--dead-letter", "flaw.dead"])?.expect_code(0)?;
    ensure!(values_of(&bootstrap, "flaw.out")? == [values[0], values[1], values[4]]);
    let dead = records(&bootstrap, "flaw.dead", Isolation::ReadCommitted)?;
    let headers: Vec<_> =
        dead[0].headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    ensure!(dead.len() == 1 && dead[0].value.as_deref() == Some(b"no json"), "{dead:?}");
    for header in
        [("offsets.flaw", &b"identity"[..]), ("offsets.topic", b"flaw.in"), ("offsets.offset", b"2")]
    {
        ensure!(headers.contains(&header), "{headers:?}");
    }
    Ok(())
}

#[test]
fn a_record_of_20_mb_passes_where_the_output_takes_it_and_else_ends_the_run() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for (topic, largest) in [("big.in", "30000000"), ("big.wide", "30000000"), ("big.narrow", "1000000")] {
        Topic::new(topic, 1).set("max.message.bytes", largest).create(&bootstrap)?;
    }
    let big = format!(r#"{{"id":2,"text":"{}"}}"#, "x".repeat(20_000_000));
    let values = [r#"{"id":1}"#, &big, r#"{"id":3}"#];
    write(&bootstrap, "big.in", &values.map(|value| (0, Some("k"), Some(value))))?;
    let into = |group: &str, to: &str| {
        Job::new(&rig, group, &[&["--from", "big.in", "--to", to][..], &DEDUP].concat())?.once(&[])
    };
    let run = into("big-narrow", "big.narrow")?.expect_code(1)?;
    ensure!(run.stderr.contains("big.narrow-0") && run.stderr.contains("too large"), "{}", run.stderr);
    ensure!(
        values_of(&bootstrap, "big.narrow")?.iter().all(|value| value == values[0]),
        "nothing behind it came out"
    );

    into("big-wide", "big.wide")?.expect_code(0)?;
    let lengths: Vec<_> = values_of(&bootstrap, "big.wide")?.iter().map(String::len).collect();
    ensure!(lengths == values.map(str::len), "{lengths:?}");
    Ok(())
}

/// The hard run R1: an input took a timestamp two hours ahead, the topic of the dead letters did not, and `--on clock=dead-letter` ended
/// the job with "refused: Broker: Invalid timestamp (error 32)"; so did `pass` at the output.
#[test]
fn a_dead_letter_is_taken_whatever_its_time_and_a_record_the_output_does_not_take_is_named() -> Result<()> {
    const HOUR: i64 = 60 * 60 * 1_000;
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    let after = "message.timestamp.after.max.ms";
    Topic::new("late.in", 1).set(after, &(3 * HOUR).to_string()).create(&bootstrap)?;
    for topic in ["late.out", "late.dead", "late.passed"] {
        Topic::new(topic, 1).set(after, &HOUR.to_string()).create(&bootstrap)?;
    }
    let values = [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#];
    write(&bootstrap, "late.in", &[(0, Some("k"), Some(values[0]))])?;
    let now = records(&bootstrap, "late.in", Isolation::ReadCommitted)?[0].timestamp_ms.context("a time")?;
    let ahead = now + 2 * HOUR;
    write_at(&bootstrap, "late.in", Some(ahead), &[(0, Some("k"), Some(values[1]))])?;
    write(&bootstrap, "late.in", &[(0, Some("k"), Some(values[2]))])?;
    let job = |group: &str, to: &str| {
        Job::new(&rig, group, &[&["--from", "late.in", "--to", to][..], &DEDUP].concat())
    };

    let dead = ["--on", "clock=dead-letter", "--dead-letter", "late.dead"];
    let run = job("late", "late.out")?.once(&dead)?.expect_code(0)?;
    let said = format!("late.dead has {after}={HOUR}, and input late.in {}: a dead letter", 3 * HOUR);
    ensure!(run.stderr.contains(&said), "{said:?} is not said: {}", run.stderr);
    ensure!(values_of(&bootstrap, "late.out")? == [values[0], values[2]]);
    let dead = records(&bootstrap, "late.dead", Isolation::ReadCommitted)?;
    ensure!(dead.len() == 1 && dead[0].value.as_deref() == Some(values[1].as_bytes()), "{dead:?}");
    ensure!(dead[0].timestamp_ms.is_some_and(|time| time < now + HOUR), "{dead:?}");
    let own = ("offsets.timestamp".to_owned(), ahead.to_string().into_bytes());
    ensure!(dead[0].headers.contains(&own), "{dead:?}");

    for _ in 0..2 {
        let run = job("late-passed", "late.passed")?.once(&["--on", "clock=pass"])?.expect_code(1)?;
        let said = format!("cannot be written to late.passed, which has {after}={HOUR}");
        ensure!(
            run.stderr.contains("late.in-0: the record at offset 1 ") && run.stderr.contains(&said),
            "{}",
            run.stderr
        );
        ensure!(run.stderr.contains(&format!("raise {after} of late.passed")), "{}", run.stderr);
        ensure!(values_of(&bootstrap, "late.passed")? == [values[0]], "what came before it counts, once");
    }
    Ok(())
}

#[test]
fn a_record_without_a_key_is_named_where_the_output_is_compacted() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    Topic::new("keyless.in", 1).create(&bootstrap)?;
    Topic::new("keyless.out", 1).set("cleanup.policy", "compact").create(&bootstrap)?;
    write(&bootstrap, "keyless.in", &[(0, Some("k"), Some(r#"{"id":1}"#)), (0, None, Some(r#"{"id":2}"#))])?;
    let arguments = [&["--from", "keyless.in", "--to", "keyless.out"][..], &DEDUP].concat();
    let run = Job::new(&rig, "keyless", &arguments)?.once(&[])?.expect_code(1)?;
    for said in [
        "keyless.out has cleanup.policy=compact, and input keyless.in delete",
        "keyless.in-0: the record at offset 1 ",
        "cannot be written to keyless.out, which has cleanup.policy=compact",
    ] {
        ensure!(run.stderr.contains(said), "{said:?} is not said: {}", run.stderr);
    }
    Ok(())
}

#[test]
fn a_dry_run_tells_what_would_lose_and_leaves_no_trace() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    Topic::new("dry.in", 2).create(&bootstrap)?;
    let values = [(0, r#"{"id":1}"#), (1, r#"{"id":2}"#), (0, r#"{"id":1}"#), (0, r#"{"id":1}"#)];
    write(&bootstrap, "dry.in", &values.map(|(partition, value)| (partition, Some("k"), Some(value))))?;
    let job = Job::new(&rig, "dry", &[&["--from", "dry.in"][..], &DEDUP].concat())?;
    for _ in 0..2 {
        let run = job.once(&["--dry-run", "-o", "json"])?.expect_code(0)?;
        let report: serde_json::Value = run.json()?;
        ensure!(report["summary"]["records"] == 4 && report["summary"]["written"] == 2, "{report}");
        let losers: Vec<_> =
            report["losses"].as_array().context("no losses")?.iter().map(|loss| &loss["loser"]).collect();
        ensure!(losers.len() == 2 && losers[0]["offset"] == 1 && losers[1]["offset"] == 2, "{losers:?}");
        ensure!(report["losses"][0]["winner"]["offset"] == 0, "{report}");
    }
    ensure!(kafka::committed(&bootstrap, "dry", "dry.in", 2)?.is_empty(), "nothing was committed");
    ensure!(kafka::partition_count(&bootstrap, "dry-changelog")?.is_none(), "nothing was created");
    Ok(())
}

#[test]
fn a_dry_run_tries_what_is_to_become_of_records_that_cannot_be_judged() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    Topic::new("tried.in", 1).create(&bootstrap)?;
    let values = [r#"{"id":1}"#, "no json", r#"{"id":1}"#, r#"{"id":2}"#];
    write(&bootstrap, "tried.in", &values.map(|value| (0, Some("k"), Some(value))))?;
    let job = Job::new(&rig, "tried", &[&["--from", "tried.in", "-o", "json"][..], &DEDUP].concat())?;

    let run = job.once(&["--dry-run"])?.expect_code(3)?;
    let said = "tried.in-0: the record at offset 1 cannot be judged: its value is not JSON";
    ensure!(
        run.stderr.contains(said) && run.stderr.contains("to see what comes behind it"),
        "{}",
        run.stderr
    );
    ensure!(!run.stderr.contains("committed"), "nothing is: {}", run.stderr);

    for (policy, written) in [("dead-letter", 2), ("pass", 3)] {
        let run = job.once(&["--dry-run", "--on", &format!("identity={policy}")])?.expect_code(0)?;
        let report: serde_json::Value = run.json()?;
        let summary = serde_json::json!({
            "records": 4, "written": written, "lost": {"duplicate": 1}, "superseded": 0, "flawed": {"identity": 1},
            "passed": written - 2
        });
        ensure!(report["summary"] == summary, "{policy}: {report}");
        ensure!(report["losses"][0]["loser"]["offset"] == 2, "{policy}: {report}");
    }
    Ok(())
}

#[test]
fn a_group_that_was_moved_or_rules_that_were_changed_are_noticed() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["moved.in", "moved.out"] {
        Topic::new(topic, 1).create(&bootstrap)?;
    }
    let values = [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":1}"#];
    write(&bootstrap, "moved.in", &values.map(|value| (0, Some("k"), Some(value))))?;
    let topics =
        ["--from", "moved.in", "--to", "moved.out", "--transaction-timeout", "3s", "--timeout", "10s"];
    let job = Job::new(&rig, "moved", &[&topics[..], &DEDUP].concat())?;
    job.once(&[])?.expect_code(0)?;
    ensure!(values_of(&bootstrap, "moved.out")? == values[..2]);

    let other = Job::new(&rig, "moved", &[&topics[..], &["--mode", "dedup", "--identity", "key"]].concat())?;
    let run = other.once(&[])?.expect_code(4)?;
    ensure!(run.stderr.contains("was made by `dedup identity=json:/id`, and this is"), "{}", run.stderr);

    kafka::commit(&bootstrap, "moved", "moved.in", &[(0, 1)].into())?;
    let run = job.once(&[])?.expect_code(4)?;
    let waits = "moved-changelog-0: state and positions are apart: waiting for a transaction";
    ensure!(run.stderr.matches(waits).count() == 1, "{}", run.stderr);
    let said = "moved.in-0: the group goes on at 1, and the state in the changelog is that of 3";
    ensure!(run.stderr.contains(said) && run.stderr.contains("--adopt-positions"), "{}", run.stderr);
    // What is read again gets the answers it got: the record at 1 was the first of its event, the one at 2 was not.
    job.once(&["--adopt-positions"])?.expect_code(0)?;
    ensure!(values_of(&bootstrap, "moved.out")? == [values[0], values[1], values[1]]);
    Ok(())
}

#[test]
fn two_instances_do_not_share_a_name_or_a_folder_and_one_answers_how_it_goes() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["pair.in", "pair.out"] {
        Topic::new(topic, 2).create(&bootstrap)?;
    }
    write(
        &bootstrap,
        "pair.in",
        &[(0, Some("k"), Some(r#"{"id":1}"#)), (1, Some("l"), Some(r#"{"id":2}"#))],
    )?;
    let arguments = [&["--from", "pair.in", "--to", "pair.out"][..], &DEDUP].concat();
    let job = Job::new(&rig, "pair", &arguments)?;
    let state = job.folder("state");
    let first = job.start("first", &["--state", &state, "--metrics-listen", "127.0.0.1:0"])?;
    let patience = wait::TIMEOUT;
    let address = wait::until("the address of the metrics", patience, || {
        let tail = first.tail();
        let rest = tail.split_once("metrics: http://").map(|(_, rest)| rest);
        Ok(rest.and_then(|rest| rest.split_once("/metrics")).map(|(address, _)| address.to_owned()))
    })?;
    wait::until("both records to be written", patience, || {
        let metrics = get(&address, "/metrics")?;
        let said = ["offsets_reconcile_written_total 2", "offsets_reconcile_partitions 2"];
        Ok(said.iter().all(|said| metrics.contains(said)).then_some(()))
    })?;
    let health = get(&address, "/healthz")?;
    ensure!(health.starts_with("HTTP/1.1 200") && health.contains("2 records read, 2 count"), "{health}");

    let run = job.once(&["--state", &state])?.expect_code(1)?;
    ensure!(run.stderr.contains("give each instance a --state folder of its own"), "{}", run.stderr);
    first.stop()?;
    // What the folder holds is current: nothing is read from the changelog.
    let run = job.once(&["--state", &state, "-v"])?.expect_code(0)?;
    ensure!(run.stderr.contains("2 identities remembered; 0 records of the changelog"), "{}", run.stderr);
    Ok(())
}

fn values_of(bootstrap: &str, topic: &str) -> Result<Vec<String>> {
    await_transactions(bootstrap, topic)?;
    let records = records(bootstrap, topic, Isolation::ReadCommitted)?;
    let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    Ok(records.into_iter().filter_map(|record| record.value.map(text)).collect())
}

fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("an answer")?;
    Ok(answer)
}
