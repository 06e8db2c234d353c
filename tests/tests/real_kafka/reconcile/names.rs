//! The folder of an instance has its name: under it the instance comes back after a SIGKILL, and aborts what it left open. With a
//! repartition topic the second stage stood still until the transaction timeout. (Found in a hard run on a real broker: case R5.)

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Topic, records, write};
use offsets_tests::rig::Rig;
use offsets_tests::wait::{self, TIMEOUT};

use super::{Instance, Job};

/// Sessions and transactions last longer here than any test waits.
const LONG: [&str; 6] =
    ["-X", "session.timeout.ms=900000", "-X", "max.poll.interval.ms=900000", "--transaction-timeout", "10m"];

fn await_values(bootstrap: &str, topic: &str, count: usize, instances: &[&Instance]) -> Result<()> {
    wait::until(&format!("{count} records in {topic}"), TIMEOUT, || {
        Ok((records(bootstrap, topic, Isolation::ReadCommitted)?.len() == count).then_some(()))
    })
    .with_context(|| instances.iter().map(|instance| instance.tail()).collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_killed_instance_with_a_folder_is_back_at_once_in_both_stages() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["named.in", "named.out"] {
        Topic::new(topic, 1).create(&bootstrap)?;
    }
    let dedup = ["--from", "named.in", "--to", "named.out", "--mode", "dedup", "--identity", "json:/id"];
    let job = Job::new(&rig, "named", &[&dedup[..], &LONG, &["--repartition"]].concat())?;
    let state = job.folder("state");
    let mut instance = job.start("one", &["--state", &state])?;
    let put = |id: usize| {
        let value = format!("{{\"id\":{id}}}");
        write(&bootstrap, "named.in", &[(0, None, Some(value.as_str()))])
    };
    put(1)?;
    await_values(&bootstrap, "named.out", 1, &[&instance])?;
    // A transaction of each stage is open when it dies: results wait for ten minutes.
    instance.process.kill()?;
    let mut instance = job.start("slow", &["--state", &state, "--commit-interval", "9m"])?;
    put(2)?;
    wait::until("an open transaction", TIMEOUT, || {
        let there = records(&bootstrap, "named-repartition", Isolation::ReadUncommitted)?;
        Ok((there.len() >= 2).then_some(()))
    })
    .with_context(|| instance.tail())?;
    instance.process.kill()?;

    let again = job.start("again", &["--state", &state])?;
    await_values(&bootstrap, "named.out", 2, &[&again])?;
    put(3)?;
    await_values(&bootstrap, "named.out", 3, &[&again])?;
    again.stop()
}

#[test]
fn instances_with_folders_of_their_own_and_copies_of_a_folder_do_not_put_each_other_out() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["apart.in", "apart.out"] {
        Topic::new(topic, 2).create(&bootstrap)?;
    }
    let dedup = ["--from", "apart.in", "--to", "apart.out", "--mode", "dedup", "--identity", "json:/id"];
    let job = Job::new(&rig, "apart", &dedup)?;
    let [first, second] = ["first", "second"].map(|name| job.folder(name));
    let mut count = 0;
    let mut both_work = |one: &Instance, other: &Instance| -> Result<()> {
        wait::until("a partition each", TIMEOUT, || {
            let last = |instance: &Instance| {
                let tail = instance.tail();
                let line = tail.lines().rfind(|line| line.contains("partitions: "))?;
                Some(line.split_once("partitions: ")?.1.to_owned())
            };
            let mut parts = [last(one), last(other)].map(Option::unwrap_or_default);
            parts.sort();
            Ok((parts == ["0", "1"]).then_some(()))
        })
        .with_context(|| format!("{}\n{}", one.tail(), other.tail()))?;
        for partition in [0, 1] {
            let value = format!("{{\"id\":{count}}}");
            write(&bootstrap, "apart.in", &[(partition, None, Some(value.as_str()))])?;
            count += 1;
        }
        await_values(&bootstrap, "apart.out", count, &[one, other])
    };
    let one = job.start("one", &["--state", &first])?;
    let other = job.start("other", &["--state", &second])?;
    both_work(&one, &other)?;
    [one, other].into_iter().try_for_each(Instance::stop)?;

    // A copy of the folder, made for a second instance with the same state.
    let copied = job.folder("copied");
    copy_whole(Path::new(&first), Path::new(&copied))?;
    ensure!(Path::new(&copied).join("name").is_file(), "the name was not copied");
    let one = job.start("one-again", &["--state", &first])?;
    let other = job.start("copy", &["--state", &copied])?;
    both_work(&one, &other)?;
    [one, other].into_iter().try_for_each(Instance::stop)
}

fn copy_whole(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let copy = to.join(path.file_name().context("no name")?);
        if path.is_dir() { copy_whole(&path, &copy)? } else { fs::copy(&path, &copy).map(drop)? }
    }
    Ok(())
}
