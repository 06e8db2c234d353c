//! A copy of a changelog is the log that the changelog describes, as far as it is known to go.

use std::collections::BTreeMap;

use offsets_store::{ChangelogReplica, Key, MemoryLog, SegmentLog, SledLog, Stream};
use proptest::prelude::*;

const SPACE: u32 = 5;

fn key(kind: u8, sequence: u64) -> Key {
    Key { stream: Stream { space: SPACE, kind }, sequence }
}

fn contents(log: &impl SegmentLog) -> BTreeMap<Key, Vec<u8>> {
    let mut found = BTreeMap::new();
    // What says how far the copy goes is no part of it.
    log.scan_all(&mut |key, bytes| drop((key.stream.kind < 32).then(|| found.insert(key, bytes.to_vec()))))
        .unwrap();
    found
}

proptest! {
    #[test]
    fn a_copy_that_goes_on_from_its_place_is_the_log_whatever_is_applied_again(
        records in proptest::collection::vec((16..18_u8, 0..6_u64, proptest::option::of(any::<u8>())), 0..50),
        cuts in proptest::collection::vec(1..8_usize, 0..12),
        back in 0..4_usize,
    ) {
        let records: Vec<_> =
            records.into_iter().map(|(kind, at, byte)| (key(kind, at), byte.map(|byte| vec![byte]))).collect();
        let mut model = BTreeMap::new();
        for (key, segment) in &records {
            match segment {
                Some(segment) => drop(model.insert(*key, segment.clone())),
                None => drop(model.remove(key)),
            }
        }
        let mut log = MemoryLog::default();
        let mut next = 0;
        let mut steps = cuts.into_iter();
        loop {
            let mut copy = ChangelogReplica::open(log, SPACE, "changelog").unwrap();
            prop_assert_eq!(copy.checkpoint().next(), (next > 0).then_some(next as i64));
            let end = (next + steps.next().unwrap_or(records.len())).min(records.len()).max(1);
            // A place may be an older one: what lies behind it is applied once more.
            let from = next.saturating_sub(back).min(records.len());
            let changes = records[from..end.min(records.len())].to_vec();
            copy.apply(changes, end as i64).unwrap();
            (log, next) = (copy.into_log(), end);
            if next >= records.len() {
                break;
            }
        }
        prop_assert_eq!(contents(&log), model);
    }
}

#[test]
fn a_copy_of_another_changelog_is_emptied_and_its_neighbours_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let log = SledLog::open(folder.path()).unwrap();
    let neighbour = Key { stream: Stream { space: 6, kind: 16 }, sequence: 0 };
    log.clone().append(&[(neighbour, b"theirs".to_vec())]).unwrap();
    let mut copy = ChangelogReplica::open(log.clone(), SPACE, "one").unwrap();
    copy.apply(vec![(key(16, 0), Some(b"ours".to_vec()))], 7).unwrap();
    let again = ChangelogReplica::open(log.clone(), SPACE, "one").unwrap();
    assert_eq!(again.checkpoint().next(), Some(7));
    let other = ChangelogReplica::open(log.clone(), SPACE, "other").unwrap();
    assert_eq!(other.checkpoint().next(), None);
    other.into_log();
    assert_eq!(contents(&log), [(neighbour, b"theirs".to_vec())].into());
}

#[test]
fn a_record_of_another_table_is_no_change() {
    let copy = ChangelogReplica::open(MemoryLog::default(), SPACE, "changelog").unwrap();
    let ours = key(16, 3);
    assert_eq!(copy.change(Some(&ours.bytes()), Some(b"x")).unwrap(), (ours, Some(b"x".to_vec())));
    assert_eq!(copy.change(Some(&ours.bytes()), None).unwrap(), (ours, None));
    let other = Key { stream: Stream { space: 6, kind: 16 }, sequence: 3 };
    for key in [None, Some(&b"short"[..]), Some(&other.bytes()), Some(&key(32, 0).bytes())] {
        assert!(copy.change(key, Some(b"x")).is_err(), "{key:?}");
    }
}
