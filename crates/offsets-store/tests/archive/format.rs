//! The formats, byte by byte: what was written in any of them is read now, and the newest is written.

use std::fmt::Write as _;

use offsets_store::Topic;

use crate::story::{SharedLog, at, checkpoint, commit, golden, link, pair, sync, syncs_of};

/// The same archive in each format.
const GOLDEN: [&str; 2] = [include_str!("format-1.txt"), include_str!("format-2.txt")];

/// The syncs of its first partition.
const SYNCS: [(i64, i64); 5] = [(1000, 950), (1101, 1051), (1202, 1152), (1303, 1253), (1400, 1349)];

fn written() -> SharedLog {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    let mut told = commit("app", 0, 4242, at(1));
    told.commit.committed.metadata = "m".to_owned();
    recorder.commits(&[told.clone(), commit("audit", 1, 7, at(1))], at(1)).unwrap();
    recorder.commits(&[told], at(2)).unwrap();
    (0..).zip(SYNCS).for_each(|(offset, pair)| sync(&mut recorder, offset, 0, pair, at(3)));
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
fn every_format_is_read() {
    for text in GOLDEN {
        let mut archive = golden(text).archive();
        let loaded = archive.load(&link()).unwrap();
        assert_eq!(archive.damages(), []);
        assert_eq!(loaded.commits.len(), 2);
        assert_eq!((loaded.commits[0].as_of, loaded.commits[1].as_of), (at(2), at(1)));
        assert_eq!(loaded.commits[0].commit.committed.offset.get(), 4242);
        assert_eq!(syncs_of(&mut archive, 0), SYNCS.map(|(up, down)| pair(up, down)));
        assert_eq!(syncs_of(&mut archive, 1), [pair(0, 0)]);
        assert_eq!(archive.stats().unwrap()[0].checkpoints, 1);
        assert_eq!(archive.record(&link()).unwrap().position(Topic::Syncs).unwrap().offset, 5);
    }
}

#[test]
fn the_newest_format_is_written() {
    assert_eq!(lines(&written()), GOLDEN[1]);
}

#[test]
fn recording_goes_on_in_an_archive_of_any_format() {
    for text in GOLDEN {
        let log = golden(text);
        let mut archive = log.archive();
        let mut recorder = archive.record(&link()).unwrap();
        sync(&mut recorder, 6, 1, (70, 71), at(5));
        sync(&mut recorder, 7, 0, (1500, 1449), at(5));
        recorder.save().unwrap();
        let mut archive = log.archive();
        let all = SYNCS.into_iter().chain([(1500, 1449)]).map(|(up, down)| pair(up, down));
        assert_eq!(syncs_of(&mut archive, 0), all.collect::<Vec<_>>());
        assert_eq!(syncs_of(&mut archive, 1), [pair(0, 0), pair(70, 71)]);
        assert_eq!(archive.damages(), []);
        assert_eq!(log.segments(3)[0].1[0], 2, "the segment that grows is written in the newest version");
    }
}
