use std::time::Duration;

use offsets_store::{Error, Flaw, Limits, SegmentLog as _, Topic};

use crate::story::{SharedLog, at, commit, link, pair, sync, syncs_of};

const SYNCS: u8 = 3;
const NAMES: u8 = 1;

/// An archive with several segments of syncs that do not compress.
fn recorded(syncs: i64) -> SharedLog {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    recorder.commits(&[commit("app", 0, 10, at(0))], at(0)).unwrap();
    for n in 0..syncs {
        sync(&mut recorder, n, 0, odd(n), at(0));
    }
    recorder.save().unwrap();
    log
}

fn odd(n: i64) -> (i64, i64) {
    (n * 1000 + n % 7, n * 1000 + n % 11)
}

fn damage(log: &mut SharedLog, kind: u8, number: usize, change: impl FnOnce(&mut Vec<u8>)) {
    let (key, mut bytes) = log.segments(kind)[number].clone();
    change(&mut bytes);
    log.append(&[(key, bytes)]).unwrap();
}

#[test]
fn what_precedes_a_damaged_segment_is_kept_and_reading_goes_on_from_there() {
    for half_written in [false, true] {
        let mut log = recorded(20_000);
        let segments = log.segments(SYNCS).len();
        assert!(segments > 4);
        damage(
            &mut log,
            SYNCS,
            2,
            |bytes| {
                if half_written { bytes.truncate(1000) } else { bytes[500] ^= 0x40 }
            },
        );

        let mut archive = log.archive();
        let kept = syncs_of(&mut archive, 0);
        assert!(!kept.is_empty() && kept.len() < 20_000);
        let expected: Vec<_> = (0..kept.len() as i64).map(odd).map(|(up, down)| pair(up, down)).collect();
        assert_eq!(kept, expected);
        let found = &archive.damages()[0];
        assert_eq!((found.sequence, found.flaw.clone()), (2, Flaw::Checksum));
        assert_eq!(found.lost, segments as u64 - 2);
        assert!(found.to_string().starts_with("link src->dst: segment 2 of the syncs is damaged"), "{found}");
        assert_eq!(archive.load(&link()).unwrap().commits.len(), 1, "other streams are whole");

        // Every recorder is refused, and nothing is removed.
        let before = log.all();
        for _ in 0..2 {
            let mut archive = log.archive();
            let error = archive.record(&link()).err().unwrap();
            assert!(matches!(error, Error::Damaged { .. }) && error.is_damage(), "{error}");
            assert!(
                error.to_string().starts_with("the archive: link src->dst: segment 2 of the syncs"),
                "{error}"
            );
            let limits = Limits { age: Some(Duration::ZERO), bytes: None };
            assert!(matches!(archive.expire(&limits, at(1_000_000)), Err(Error::Damaged { .. })));
            assert_eq!(log.all(), before);
        }

        // Salvaged, and that acknowledged, who records reads the rest again, and then all is there.
        let mut archive = log.archive();
        let cut = archive.salvage(at(5)).unwrap();
        assert_eq!(cut.iter().map(|damage| damage.sequence).collect::<Vec<_>>(), [2]);
        for _ in 0..2 {
            let mut archive = log.archive();
            assert_eq!(archive.salvaged()[0].at, at(5));
            assert_eq!(syncs_of(&mut archive, 0), kept);
            let error = archive.record(&link()).err().unwrap();
            assert!(matches!(error, Error::Unacknowledged { .. }), "{error}");
            assert!(error.to_string().contains("segment 2 of the syncs is damaged"), "{error}");
        }
        assert_eq!(archive.acknowledge().unwrap().len(), 1);
        let mut archive = log.archive();
        assert_eq!(archive.salvaged(), []);
        let mut recorder = archive.record(&link()).unwrap();
        let next = recorder.position(Topic::Syncs).unwrap().offset + 1;
        assert_eq!(next, kept.len() as i64);
        (next..20_000).for_each(|n| sync(&mut recorder, n, 0, odd(n), at(1)));
        recorder.save().unwrap();
        let mut archive = log.archive();
        assert_eq!(syncs_of(&mut archive, 0).len(), 20_000);
        assert_eq!(archive.damages(), []);
    }
}

/// The library report L1, at archives: every stream, and however it is damaged.
#[test]
fn a_damaged_archive_is_not_recorded_in_and_nothing_of_it_is_removed() {
    let whole = recorded(2_000);
    let keys: Vec<_> = whole.all().into_iter().map(|(key, _)| key).collect();
    assert!([0, 1, 2, 3].iter().all(|kind| keys.iter().any(|key| key.stream.kind == *kind)));
    for key in keys {
        for cut in [false, true] {
            let mut log = recorded(2_000);
            let (_, mut bytes) = log.all().into_iter().find(|(found, _)| *found == key).unwrap();
            if cut {
                bytes.truncate(20)
            } else {
                bytes[45] ^= 1
            }
            log.append(&[(key, bytes)]).unwrap();
            let before = log.all();
            for _ in 0..2 {
                let mut archive = log.archive();
                let error = archive.record(&link()).err().unwrap();
                assert!(matches!(error, Error::Damaged { .. }), "{key:?}: {error}");
                assert!(archive.expire(&Limits { age: None, bytes: Some(1) }, at(0)).is_err());
                let _ = (archive.load(&link()), archive.stats().unwrap());
                assert_eq!(log.all(), before, "{key:?}");
            }
            let mut archive = log.archive();
            assert!(!archive.salvage(at(1)).unwrap().is_empty());
            assert!(matches!(log.archive().record(&link()).err(), Some(Error::Unacknowledged { .. })));
            archive.acknowledge().unwrap();
            log.archive().record(&link()).unwrap();
        }
    }
}

/// What is in a segment that cannot be read may be the newest of its group: it does not go with age.
#[test]
fn what_cannot_be_read_is_not_expired() {
    let mut log = recorded(20_000);
    let mut archive = log.archive();
    archive.record(&link()).unwrap();
    damage(&mut log, SYNCS, 0, |bytes| bytes[500] ^= 0x40);
    let before = log.all();
    let limits = Limits { age: Some(Duration::from_secs(1)), bytes: None };
    assert!(matches!(archive.expire(&limits, at(1_000_000)), Err(Error::Damaged { .. })));
    assert_eq!(log.segments(SYNCS).len(), before.iter().filter(|(key, _)| key.stream.kind == SYNCS).count());
}

#[test]
fn without_its_names_nothing_is_guessed() {
    let mut log = recorded(100);
    damage(&mut log, NAMES, 0, |bytes| bytes[50] ^= 1);
    let mut archive = log.archive();
    let loaded = archive.load(&link()).unwrap();
    assert!(loaded.syncs.is_empty() && loaded.commits.is_empty());
    let streams: Vec<_> = archive.damages().iter().map(|damage| damage.stream()).collect();
    assert_eq!(streams, ["names", "commits", "syncs"]);
}

#[test]
fn a_link_whose_record_is_damaged_is_named_and_its_number_not_given_away() {
    let mut log = recorded(10);
    damage(&mut log, 0, 0, |bytes| bytes.truncate(3));
    let mut archive = log.archive();
    assert!(archive.links().is_empty());
    assert_eq!(archive.damages()[0].flaw, Flaw::Short);
    assert!(matches!(archive.record(&link()).err(), Some(Error::Damaged { .. })));
    archive.salvage(at(0)).unwrap();
    archive.acknowledge().unwrap();
    let mut archive = log.archive();
    assert_eq!((archive.damages(), archive.links().len()), (&[][..], 0));
    let mut recorder = archive.record(&link()).unwrap();
    assert_eq!(recorder.position(Topic::Syncs), None);
    sync(&mut recorder, 0, 0, (1, 1), at(0));
    recorder.save().unwrap();
    assert_eq!(syncs_of(&mut archive, 0), [pair(1, 1)]);
}
