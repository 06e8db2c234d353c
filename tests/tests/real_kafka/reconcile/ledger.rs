//! What the ledger holds of a winner that is beaten, and whether the numbers of a run add up.

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Topic, await_transactions, records, write};
use offsets_tests::rig::Rig;
use serde_json::Value;

use super::Job;

#[test]
fn the_content_of_a_beaten_winner_is_in_the_ledger_by_choice() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["values.in", "values.out", "values.lost"] {
        Topic::new(topic, 1).create(&bootstrap)?;
    }
    let writes: Vec<_> = [1, 3, 2, 4]
        .map(|version| (0, Some("k"), Some(format!(r#"{{"v":{version}}}"#))))
        .into_iter()
        .collect();
    let writes: Vec<_> =
        writes.iter().map(|(partition, key, value)| (*partition, *key, value.as_deref())).collect();
    write(&bootstrap, "values.in", &writes)?;
    let topics =
        ["--from", "a=values.in", "--to", "values.out", "--ledger", "values.lost", "--ledger-values"];
    let how = ["--mode", "upsert", "--identity", "key", "--order", "json:/v", "--regions", "a", "-o", "json"];
    let run = Job::new(&rig, "values", &[&topics[..], &how].concat())?.once(&[])?.expect_code(0)?;
    let report: Value = serde_json::from_str(&run.stdout)?;
    let summary = &report["summary"];
    // Versions 1, 3 and 4 won when they came, and two of them were beaten later; version 2 came too late.
    let counts = ["records", "written", "superseded"].map(|name| summary[name].as_u64());
    ensure!(counts == [Some(4), Some(3), Some(2)] && summary["lost"]["version"] == 3, "{summary}");

    for topic in ["values.out", "values.lost"] {
        await_transactions(&bootstrap, topic)?;
    }
    let ledger = records(&bootstrap, "values.lost", Isolation::ReadCommitted)?;
    let lines =
        ledger.iter().map(|record| Ok(serde_json::from_slice(record.value.as_deref().context("a line")?)?));
    let lines: Vec<Value> = lines.collect::<Result<_>>()?;
    let losses: Vec<_> = lines.iter().filter(|line| !line["reason"].is_null()).collect();
    ensure!(losses.len() == 3 && lines.len() == 6, "{lines:?}");
    for loss in losses {
        let loser = &loss["loser"];
        let is_it =
            |write: &&Value| ["from", "partition", "offset"].iter().all(|field| write[field] == loser[field]);
        let held = lines.iter().map(|line| &line["write"]).find(is_it).unwrap_or(loser);
        ensure!(
            held["record"]["value"]["v"].as_u64().map(|version| Value::from(version.to_string()))
                == Some(loser["version"].clone()),
            "{loss} {held}"
        );
    }
    Ok(())
}
