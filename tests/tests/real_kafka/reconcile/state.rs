//! A copy of what an instance keeps is gone on from elsewhere, and only where it belongs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use offsets_store::{SegmentLog as _, SledLog};
use offsets_tests::kafka::{Isolation, Topic, await_transactions, records, write};
use offsets_tests::rig::Rig;
use offsets_tests::tool::{self, Run};

use super::Job;

/// `offsets state` with these arguments.
fn state(rig: &Rig, arguments: &[&str]) -> Result<Run> {
    let mut command: Command = tool::offsets(&rig.scratch().folder("kept")?)?;
    command.arg("state").args(arguments);
    Run::of(command)?.expect_code(0)
}

/// How many identities are remembered, and how many records of the changelog that took.
fn restored(run: &Run) -> Result<(u64, u64)> {
    let line = run.stderr.lines().find(|line| line.contains("identities remembered"));
    let line = line.with_context(|| format!("nothing was restored: {}", run.stderr))?;
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    ensure!(numbers.len() == 2, "{line}");
    Ok((numbers[0], numbers[1]))
}

#[test]
fn a_copy_goes_on_from_its_offset_and_counts_for_nothing_beyond_the_changelog() -> Result<()> {
    let rig = Rig::shared()?;
    let (here, elsewhere) = (rig.target.bootstrap(), rig.source.bootstrap());
    let arguments = ["--from", "kept.in", "--to", "kept.out", "--mode", "dedup", "--identity", "json:/id"];
    for bootstrap in [&here, &elsewhere] {
        for topic in ["kept.in", "kept.out"] {
            Topic::new(topic, 1).create(bootstrap)?;
        }
    }
    let job = Job::on(here.clone(), &rig, "kept", &arguments)?;
    let event = |bootstrap: &str, id: &str| write(bootstrap, "kept.in", &[(0, Some("k"), Some(id))]);
    let first = job.folder("first");
    for id in [r#"{"id":1}"#, r#"{"id":2}"#] {
        event(&here, id)?;
        job.once(&["--state", &first])?.expect_code(0)?;
    }
    // The end of the changelog is known once the markers of the last transaction are written.
    await_transactions(&here, "kept-changelog")?;
    job.once(&["--state", &first])?.expect_code(0)?;
    let copy = job.folder("copy");
    state(&rig, &["export", "--dir", &first, "--file", &copy])?;
    let told: serde_json::Value = state(&rig, &["show", "--file", &copy, "-o", "json"])?.json()?;
    let kept = &told["partitions"][0];
    ensure!(kept["identities"] == 2 && kept["rules"] == "dedup identity=json:/id", "{told}");
    ensure!(kept["inputs"][0]["topic"] == "kept.in" && kept["inputs"][0]["next"] == 2, "{told}");

    // On another machine nothing is read again.
    let second = job.folder("second");
    state(&rig, &["import", "--file", &copy, "--dir", &second])?;
    let run = job.once(&["--state", &second, "-v"])?.expect_code(0)?;
    ensure!(restored(&run)? == (2, 0), "{}", run.stderr);

    // The copy grows old: what came later is read, and no more.
    event(&here, r#"{"id":3}"#)?;
    job.once(&["--state", &second])?.expect_code(0)?;
    let third = job.folder("third");
    state(&rig, &["import", "--file", &copy, "--dir", &third])?;
    let run = job.once(&["--state", &third, "-v"])?.expect_code(0)?;
    let (remembered, newer) = restored(&run)?;
    let run = job.once(&["-v"])?.expect_code(0)?;
    let (_, all) = restored(&run)?;
    ensure!(remembered == 3 && 0 < newer && newer < all, "{newer} records of {all}, {remembered} identities");
    for id in 1..=3 {
        event(&here, &format!("{{\"id\":{id}}}"))?;
    }
    job.once(&["--state", &third])?.expect_code(0)?;
    ensure!(records(&here, "kept.out", Isolation::ReadCommitted)?.len() == 3, "each event once");

    // A changelog of the same name is not the one the copy is of, though it goes further.
    let other = Job::on(elsewhere.clone(), &rig, "kept", &arguments)?;
    for id in 11..=16 {
        event(&elsewhere, &format!("{{\"id\":{id}}}"))?;
        other.once(&[])?.expect_code(0)?;
    }
    let length = |bootstrap: &str| {
        Ok::<_, anyhow::Error>(records(bootstrap, "kept-changelog", Isolation::ReadCommitted)?.len())
    };
    ensure!(length(&elsewhere)? > length(&here)?, "the other changelog is to be the longer one");
    state(&rig, &["export", "--dir", &third, "--file", &job.folder("newest")])?;
    let fourth = job.folder("fourth");
    state(&rig, &["import", "--file", &job.folder("newest"), "--dir", &fourth])?;
    event(&elsewhere, r#"{"id":1}"#)?;
    let run = other.once(&["--state", &fourth, "-v"])?.expect_code(0)?;
    let (remembered, read) = restored(&run)?;
    ensure!(remembered == 6 && read > 0, "{}", run.stderr);
    ensure!(
        records(&elsewhere, "kept.out", Isolation::ReadCommitted)?.len() == 7,
        "all of these, and 1 that was never read here"
    );
    Ok(())
}

/// A bit of the local copy flips between two runs: the engine does not notice, and the changelog has what was in it.
#[test]
fn a_copy_that_was_damaged_between_two_runs_is_moved_aside_and_read_from_the_changelog() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["flipped.in", "flipped.out"] {
        Topic::new(topic, 2).create(&bootstrap)?;
    }
    let dedup = ["--from", "flipped.in", "--to", "flipped.out", "--mode", "dedup", "--identity", "json:/id"];
    let job = Job::new(&rig, "flipped", &dedup)?;
    let folder = job.folder("state");
    let put = |id: i32| {
        let value = format!("{{\"id\":{id}}}");
        write(&bootstrap, "flipped.in", &[(id % 2, None, Some(value.as_str()))])
    };
    (0..10).try_for_each(put)?;
    job.once(&["--state", &folder])?.expect_code(0)?;
    await_transactions(&bootstrap, "flipped-changelog")?;

    flip_a_bit(Path::new(&folder), 1)?;
    // Half of what comes now has come before.
    (5..15).try_for_each(put)?;
    let run = job.once(&["--state", &folder, "-v"])?.expect_code(0)?;
    let aside = Path::new(&folder).join("damaged/partition-1-1");
    let said = format!("the local copy is moved to {}", aside.display());
    ensure!(run.stderr.contains("partition 1: ") && run.stderr.contains(&said), "{}", run.stderr);
    ensure!(!run.stderr.contains("partition 0: ") && aside.is_file(), "{}", run.stderr);
    let (_, read) = restored(&run)?;
    ensure!(read > 0, "the changelog was not read: {}", run.stderr);
    let ids = |isolation| {
        let values = records(&bootstrap, "flipped.out", isolation)?.into_iter().filter_map(|out| out.value);
        let mut ids: Vec<_> = values.map(|value| String::from_utf8_lossy(&value).into_owned()).collect();
        ids.sort();
        Ok::<_, anyhow::Error>(ids)
    };
    let mut each_once: Vec<_> = (0..15).map(|id| format!("{{\"id\":{id}}}")).collect();
    each_once.sort();
    ensure!(ids(Isolation::ReadCommitted)? == each_once, "{:?}", ids(Isolation::ReadCommitted)?);

    // What was read again is whole.
    let run = job.once(&["--state", &folder, "-v"])?.expect_code(0)?;
    ensure!(!run.stderr.contains("moved") && restored(&run)?.0 == 15, "{}", run.stderr);
    Ok(())
}

/// Changes one segment of a partition's table.
fn flip_a_bit(folder: &Path, partition: u32) -> Result<()> {
    let mut log = SledLog::open(folder)?;
    let mut found = None;
    log.scan_all(&mut |key, segment| {
        if key.stream.space == partition && segment.len() > 50 {
            found = Some((key, segment.to_vec()));
        }
    })?;
    let (key, mut segment) = found.context("nothing is kept of the partition")?;
    segment[50] ^= 1;
    log.append(&[(key, segment)])?;
    Ok(log.flush()?)
}
