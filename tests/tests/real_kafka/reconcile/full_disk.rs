//! The disk of the local state is full, a real one: a small file system, where this system lets one be mounted.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use offsets_tests::kafka::{Isolation, Topic, await_transactions, records, write};
use offsets_tests::rig::Rig;

use super::Job;

const PARTITIONS: i32 = 2;

/// What is remembered of them takes more than [`ROOM`], and less than the disk has.
const EVENTS: usize = 60_000;
const DISK: usize = 32 << 20;
const ROOM: usize = 3 << 20;

#[test]
fn a_full_disk_ends_the_run_and_with_room_again_it_goes_on_without_loss() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    let folder = rig.scratch().folder("full-disk")?;
    let Some(_disk) = SmallDisk::mounted(&folder) else {
        eprintln!("skipped: this system does not let a file system be mounted");
        return Ok(());
    };
    for topic in ["disk.in", "disk.out", "disk.lost"] {
        Topic::new(topic, PARTITIONS).create(&bootstrap)?;
    }
    // Each event comes twice, and the second time behind all others.
    let values: Vec<(i32, String)> =
        (0..EVENTS).map(|id| (id as i32 % PARTITIONS, format!(r#"{{"id":{id}}}"#))).collect();
    let written = values.iter().map(|(partition, value)| (*partition, None, Some(value.as_str())));
    let written: Vec<_> = written.collect();
    for _ in 0..2 {
        write(&bootstrap, "disk.in", &written)?;
    }
    let state = folder.join("state").to_string_lossy().into_owned();
    let topics = ["--from", "disk.in", "--to", "disk.out", "--ledger", "disk.lost", "--state", &state];
    let how = ["--mode", "dedup", "--identity", "json:/id", "--commit-interval", "100ms"];
    let job = Job::new(&rig, "disk", &[&topics[..], &how].concat())?;
    let filler = folder.join("filler");
    fs::write(&filler, vec![1; DISK - ROOM])?;

    for _ in 0..2 {
        let run = job.once(&[])?.expect_code(1)?;
        let remedy = "make room on the disk and start it again: what was committed is in the changelog";
        ensure!(run.stderr.contains(remedy), "{}", run.stderr);
        eprintln!("{}", run.stderr);
    }
    fs::remove_file(&filler)?;
    job.once(&[])?.expect_code(0)?;
    for topic in ["disk.out", "disk.lost"] {
        await_transactions(&bootstrap, topic)?;
    }
    let out = records(&bootstrap, "disk.out", Isolation::ReadCommitted)?;
    let events: BTreeSet<_> = out.iter().map(|record| record.value.as_deref()).collect();
    ensure!(out.len() == EVENTS && events.len() == EVENTS, "{} of {}", events.len(), out.len());
    let mut losers = BTreeSet::new();
    for record in records(&bootstrap, "disk.lost", Isolation::ReadCommitted)? {
        let value = record.value.context("no value")?;
        let entry: serde_json::Value = serde_json::from_slice(&value)?;
        losers.insert((record.partition, entry["loser"]["offset"].as_i64()));
    }
    let each = i64::try_from(EVENTS)? / i64::from(PARTITIONS);
    let second = (0..PARTITIONS).flat_map(|partition| (each..2 * each).map(move |at| (partition, Some(at))));
    ensure!(losers == second.collect(), "{} are in the ledger", losers.len());
    Ok(())
}

/// A file system of [`DISK`] bytes, for as long as it is held.
struct SmallDisk<'f>(&'f Path);

impl<'f> SmallDisk<'f> {
    fn mounted(folder: &'f Path) -> Option<Self> {
        let size = format!("size={DISK}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // What cannot be unmounted now goes with the system.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
