//! What every segment log must do, run on each.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;

use offsets_store::{ChangeBuffer, Key, MemoryLog, SEGMENT_LIMIT, SegmentLog, SledLog, Stream};
use proptest::prelude::*;

const STREAM: Stream = Stream { space: 1, kind: 2 };

fn key(sequence: u64) -> Key {
    Key { stream: STREAM, sequence }
}

fn all(log: &dyn SegmentLog, stream: Stream, from: u64) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    log.scan(stream, from, &mut |sequence, bytes| {
        found.push((sequence, bytes.to_vec()));
        true
    })
    .unwrap();
    found
}

fn numbers(log: &dyn SegmentLog, stream: Stream, from: u64) -> Vec<u64> {
    all(log, stream, from).into_iter().map(|(sequence, _)| sequence).collect()
}

fn conforms(log: &mut dyn SegmentLog) {
    assert!(numbers(log, STREAM, 0).is_empty(), "a new log is empty");

    // Numbers sort as numbers, in whatever order they come; one beyond a byte and one beyond 32 bits among them.
    let written = [300, 1, 1 << 33, 0, 255, 256];
    let segments: Vec<_> = written.iter().map(|&n| (key(n), n.to_string().into_bytes())).collect();
    log.append(&segments).unwrap();
    assert_eq!(numbers(log, STREAM, 0), [0, 1, 255, 256, 300, 1 << 33]);
    assert_eq!(numbers(log, STREAM, 256), [256, 300, 1 << 33]);
    assert_eq!(all(log, STREAM, 300)[0].1, b"300");

    // One alone, which is there or is not.
    let mut got = Vec::new();
    assert!(log.get(key(256), &mut |bytes| got.push(bytes.to_vec())).unwrap());
    assert_eq!(got, [b"256"]);
    assert!(!log.get(key(257), &mut |_| panic!("the next one is another")).unwrap());

    // Streams are apart, neighbours too.
    for neighbour in
        [Stream { space: 1, kind: 3 }, Stream { space: 1, kind: 1 }, Stream { space: 2, kind: 2 }]
    {
        assert!(numbers(log, neighbour, 0).is_empty());
        log.append(&[(Key { stream: neighbour, sequence: 7 }, b"n".to_vec())]).unwrap();
        assert_eq!(numbers(log, neighbour, 0), [7]);
    }
    assert_eq!(numbers(log, STREAM, 0).len(), written.len());

    // All of them together come in the order of their keys.
    let mut every = Vec::new();
    log.scan_all(&mut |key, bytes| every.push((key, bytes.to_vec()))).unwrap();
    assert_eq!(every.len(), written.len() + 3);
    assert!(every.is_sorted_by_key(|(key, _)| *key), "{every:?}");
    assert!(every.contains(&(key(1 << 33), (1_u64 << 33).to_string().into_bytes())));

    // The same key again replaces, alone and among others.
    log.append(&[(key(300), b"longer than before".to_vec())]).unwrap();
    assert_eq!(all(log, STREAM, 300)[0].1, b"longer than before");
    log.append(&[(key(300), vec![7; SEGMENT_LIMIT]), (key(301), Vec::new())]).unwrap();
    assert_eq!(all(log, STREAM, 300)[..2], [(300, vec![7; SEGMENT_LIMIT]), (301, Vec::new())]);

    // A visitor that has seen enough is left alone.
    let mut seen = 0;
    log.scan(STREAM, 0, &mut |_, _| {
        seen += 1;
        seen < 2
    })
    .unwrap();
    assert_eq!(seen, 2);

    // Removal is half-open and of this stream only.
    assert_eq!(log.remove(STREAM, 1..300).unwrap(), 3);
    assert_eq!(numbers(log, STREAM, 0), [0, 300, 301, 1 << 33]);
    assert_eq!(log.remove(STREAM, 1..300).unwrap(), 0);
    assert_eq!(log.remove(STREAM, 0..u64::MAX).unwrap(), 4);
    assert_eq!(numbers(log, Stream { space: 2, kind: 2 }, 0), [7]);

    log.append(&[]).unwrap();
    log.flush().unwrap();
    log.footprint().unwrap();
}

#[test]
fn the_memory_log_conforms() {
    conforms(&mut MemoryLog::default());
}

#[test]
fn a_journal_conforms_whatever_of_it_is_settled() {
    conforms(&mut ChangeBuffer::over(MemoryLog::default()));
    let mut settled = ChangeBuffer::over(MemoryLog::default());
    settled.append(&(0..400).map(|n| (key(n), b"old".to_vec())).collect::<Vec<_>>()).unwrap();
    settled.commit(Vec::new()).unwrap();
    settled.remove(STREAM, 0..u64::MAX).unwrap();
    conforms(&mut settled);
}

#[derive(Debug, Clone)]
enum Step {
    Append(u64, u8),
    Remove(u64, u64),
    Settle,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..20_u64, any::<u8>()).prop_map(|(at, byte)| Step::Append(at, byte)),
        2 => (0..20_u64, 0..6_u64).prop_map(|(at, length)| Step::Remove(at, at + length)),
        1 => Just(Step::Settle),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #[test]
    fn a_journal_is_the_log_with_its_changes_and_settling_makes_them_the_log(
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let mut change_buffer = ChangeBuffer::over(MemoryLog::default());
        let (mut kept, mut shown) = (BTreeMap::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Append(at, byte) => {
                    change_buffer.append(&[(key(at), vec![byte])]).unwrap();
                    shown.insert(at, vec![byte]);
                }
                Step::Remove(from, to) => {
                    let there = shown.range(from..to).count() as u64;
                    prop_assert_eq!(change_buffer.remove(STREAM, from..to).unwrap(), there);
                    shown.retain(|at, _| !(from..to).contains(at));
                }
                Step::Settle => {
                    change_buffer.commit(Vec::new()).unwrap();
                    prop_assert_eq!(change_buffer.changes().count(), 0);
                    kept = shown.clone();
                }
                Step::Crash => {
                    change_buffer = ChangeBuffer::over(change_buffer.committed().clone());
                    shown = kept.clone();
                }
            }
            let entries = |map: &BTreeMap<u64, Vec<u8>>| map.clone().into_iter().collect::<Vec<_>>();
            prop_assert_eq!(all(&change_buffer, STREAM, 0), entries(&shown));
            prop_assert_eq!(all(&change_buffer, STREAM, 7), entries(&shown.clone().split_off(&7)));
            prop_assert_eq!(all(change_buffer.committed(), STREAM, 0), entries(&kept));
            // The changes applied to a copy of the log give what is shown.
            let mut copy = kept.clone();
            for (key, change) in change_buffer.changes() {
                match change {
                    Some(segment) => drop(copy.insert(key.sequence, segment.to_vec())),
                    None => drop(copy.remove(&key.sequence)),
                }
            }
            prop_assert_eq!(entries(&copy), entries(&shown));
        }
    }
}

#[test]
fn the_sled_log_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conforms(&mut SledLog::open(folder.path()).unwrap());
}

#[test]
fn a_damaged_store_is_said_to_be_and_makes_room_for_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key { stream: Stream { space: 0, kind: 16 }, sequence: 1 };
    let mut log = SledLog::open(folder.path()).unwrap();
    log.append(&[(key, vec![7; 100])]).unwrap();
    log.flush().unwrap();
    drop(log);
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    for time in 1..=2 {
        std::fs::write(folder.path().join("conf"), "no configuration").unwrap();
        let error = SledLog::open(folder.path()).unwrap_err();
        assert!(error.is_damage(), "{error:?}");
        let mut log = SledLog::open_fresh(folder.path()).unwrap();
        let mut count = 0;
        log.scan_all(&mut |_, _| count += 1).unwrap();
        assert_eq!(count, 0);
        log.append(&[(key, vec![8; 100])]).unwrap();
        log.flush().unwrap();
        drop(log);
        // Each damaged store is kept in a folder of its own.
        let kept = std::fs::read_dir(folder.path().join("damaged")).unwrap();
        let kept = kept.filter(|kept| kept.as_ref().unwrap().path().join("db").is_file()).count();
        assert_eq!(kept, time);
        assert_eq!(std::fs::read(folder.path().join("notes.txt")).unwrap(), b"mine");
    }
}

#[test]
fn what_the_sled_log_flushed_is_there_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = SledLog::open(folder.path()).unwrap();
    log.append(&(0..100).map(|n| (key(n), vec![n as u8; 8000])).collect::<Vec<_>>()).unwrap();
    log.remove(STREAM, 0..50).unwrap();
    log.flush().unwrap();
    drop(log);
    let log = SledLog::open(folder.path()).unwrap();
    assert_eq!(numbers(&log, STREAM, 0), (50..100).collect::<Vec<_>>());
}

#[cfg(feature = "redb")]
#[test]
fn the_redb_log_conforms_and_keeps_what_it_flushed() {
    use offsets_store::RedbLog;
    let folder = tempfile::tempdir().unwrap();
    conforms(&mut RedbLog::open(folder.path()).unwrap());
    let log = RedbLog::open(folder.path()).unwrap();
    assert_eq!(numbers(&log, Stream { space: 2, kind: 2 }, 0), [7]);
    assert!(RedbLog::open(folder.path()).unwrap_err().is_in_use());
}
