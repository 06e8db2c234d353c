//! A writer that is killed: what it had saved is there, in one piece with the position it had saved.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use offsets_store::{Archive, Topic};

use crate::story::{at, link, pair, sync, syncs_of};

const FOLDER: &str = "OFFSETS_STORE_TEST_FOLDER";

/// Syncs a save.
const BATCH: i64 = 700;

/// Not a test of its own: the writer, in a process that the test below starts and kills.
#[test]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut archive = Archive::open_or_create(Path::new(&folder)).unwrap();
    let mut recorder = archive.record(&link()).unwrap();
    let mut next = recorder.position(Topic::Syncs).map_or(0, |place| place.offset + 1);
    loop {
        for _ in 0..BATCH {
            sync(&mut recorder, next, (next % 3) as i32, (next * 101, next * 101 + next % 11), at(0));
            next += 1;
        }
        recorder.save().unwrap();
        println!("saved {next}");
    }
}

#[test]
fn a_writer_that_is_killed_loses_nothing_it_had_saved_and_reads_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("archive");
    for kill in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::writer", "--nocapture"])
            .env(FOLDER, &dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // libtest prints its own word on the first of these lines.
        let saved = lines.filter_map(|line| line.split_once("saved ")?.1.parse::<i64>().ok());
        let promised = saved.take(kill * 3).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();

        let mut archive = Archive::open(&dir).unwrap();
        let next = archive.record(&link()).unwrap().position(Topic::Syncs).unwrap().offset + 1;
        assert!(next >= promised, "{promised} syncs were saved, and the position is {next}");
        assert_eq!(archive.damages(), []);
        for partition in 0..3 {
            let expected: Vec<_> = (0..next)
                .filter(|n| n % 3 == i64::from(partition))
                .map(|n| pair(n * 101, n * 101 + n % 11))
                .collect();
            assert_eq!(syncs_of(&mut archive, partition), expected);
        }
    }
}
