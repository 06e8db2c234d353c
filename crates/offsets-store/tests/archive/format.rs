//! Format 1, byte by byte: what was written then is read now, and is written the same way.

use std::fmt::Write as _;

use offsets_store::Topic;

use crate::story::{SharedLog, at, checkpoint, commit, golden, link, pair, sync, syncs_of};

/// One segment a line: space, kind, sequence, and its bytes in hexadecimal digits.
const GOLDEN: &str = include_str!("format-1.txt");

fn written() -> SharedLog {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    let mut told = commit("app", 0, 4242, at(1));
    told.commit.committed.metadata = "m".to_owned();
    recorder.commits(&[told.clone(), commit("audit", 1, 7, at(1))], at(1)).unwrap();
    recorder.commits(&[told], at(2)).unwrap();
    let syncs = [(1000, 950), (1101, 1051), (1202, 1152), (1303, 1253), (1400, 1349)];
    (0..).zip(syncs).for_each(|(offset, pair)| sync(&mut recorder, offset, 0, pair, at(3)));
    sync(&mut recorder, 5, 1, (0, 0), at(3));
    checkpoint(&mut recorder, 0, "app", (4242, 4191), at(4));
    recorder.save().unwrap();
    log
}

fn lines(log: &SharedLog) -> String {
    let mut text = String::new();
    for (key, bytes) in (0..5).flat_map(|kind| log.segments(kind)) {
        write!(text, "{} {} {} ", key.stream.space, key.stream.kind, key.sequence).unwrap();
        bytes.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        text.push('\n');
    }
    text
}

#[test]
fn format_1_is_read() {
    let mut archive = golden(GOLDEN).archive();
    let recalled = archive.recall(&link()).unwrap();
    assert_eq!(archive.damages(), []);
    assert_eq!(recalled.commits.len(), 2);
    assert_eq!((recalled.commits[0].as_of, recalled.commits[1].as_of), (at(2), at(1)));
    assert_eq!(recalled.commits[0].commit.committed.offset.get(), 4242);
    let syncs = [pair(1000, 950), pair(1101, 1051), pair(1202, 1152), pair(1303, 1253), pair(1400, 1349)];
    assert_eq!(syncs_of(&mut archive, 0), syncs);
    assert_eq!(syncs_of(&mut archive, 1), [pair(0, 0)]);
    assert_eq!(archive.stats().unwrap()[0].checkpoints, 1);
    assert_eq!(archive.record(&link()).unwrap().position(Topic::Syncs).unwrap().offset, 5);
}

#[test]
fn format_1_is_written() {
    assert_eq!(lines(&written()), GOLDEN);
}
