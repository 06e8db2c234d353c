use offsets_store::{Archive, Limits, MalformedCopy, RecordPosition, Topic};

use crate::story::{SharedLog, at, commit, commits_of, link, pair, sync, syncs_of};

fn recorded() -> (SharedLog, Archive) {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    (0..3_000).for_each(|n| sync(&mut recorder, n, 0, (n * n, n * n + n % 7), at(n)));
    recorder.commits(&[commit("app", 0, 10, at(5_000))], at(5_000)).unwrap();
    (log, archive)
}

#[test]
fn a_copy_holds_all_that_was_saved_and_nothing_that_was_not() {
    let (_, mut archive) = recorded();
    let mut recorder = archive.record(&link()).unwrap();
    sync(&mut recorder, 3_000, 0, (99_999_999, 99_999_999), at(6_000));
    let mut copy = Archive::of_copy(&archive.copy().unwrap()).unwrap();
    let expected: Vec<_> = (0..3_000).map(|n| pair(n * n, n * n + n % 7)).collect();
    assert_eq!(syncs_of(&mut copy, 0), expected);
    assert_eq!(commits_of(&mut copy), [commit("app", 0, 10, at(5_000))]);
    assert_eq!(copy.footprint().unwrap(), archive.footprint().unwrap());
    assert_eq!(copy.stats().unwrap()[0].syncs, 3_000);
}

#[test]
fn what_is_done_to_a_copy_is_not_done_to_the_archive() {
    let (log, mut archive) = recorded();
    let mut copy = Archive::of_copy(&archive.copy().unwrap()).unwrap();
    let mut recorder = copy.record(&link()).unwrap();
    recorder.passed(Topic::Syncs, RecordPosition { offset: 7_000, content_hash: 1 });
    recorder.save().unwrap();
    let mut archive = log.archive();
    assert_eq!(archive.record(&link()).unwrap().position(Topic::Syncs).unwrap().offset, 2_999);
}

#[test]
fn every_changed_byte_and_every_cut_of_a_copy_is_noticed() {
    let copy = SharedLog::default().archive().copy().unwrap();
    assert!(Archive::of_copy(&copy).is_ok(), "an empty archive has a copy too");
    let (_, mut archive) = recorded();
    let copy = archive.copy().unwrap();
    for at in (0..copy.len()).step_by(97).chain([copy.len() - 1]) {
        let mut changed = copy.clone();
        changed[at] ^= 1;
        assert_eq!(Archive::of_copy(&changed).err(), Some(MalformedCopy), "byte {at}");
        assert_eq!(Archive::of_copy(&copy[..at]).err(), Some(MalformedCopy), "cut at {at}");
    }
}

/// The recorder of an archive of 10 GB copied all of it into memory for each reader, and recorded nothing meanwhile.
#[test]
fn a_copy_that_is_made_in_parts_is_of_the_moment_at_which_it_was_begun() {
    let (log, mut archive) = recorded();
    let whole = archive.copy().unwrap();
    let mut copying = archive.begin_copy().unwrap();
    let (mut parts, mut n) = (Vec::new(), 3_000);
    loop {
        let part = archive.copy_on(&mut copying, 2_000).unwrap();
        if part.is_empty() {
            break;
        }
        assert!(part.len() < 30_000, "the parts stay small: {}", part.len());
        parts.push(part);
        // Recording goes on, and so would expiry.
        let mut recorder = archive.record(&link()).unwrap();
        for _ in 0..400 {
            sync(&mut recorder, n, 0, (n * n, n * n + n % 7), at(n));
            n += 1;
        }
        recorder.save().unwrap();
        let limits = Limits { bytes: Some(1_000), age: None };
        assert_eq!(archive.expire(&limits, at(n)).unwrap().segments, 0, "what is copied stays");
    }
    assert!(parts.len() >= 3, "{}", parts.len());
    let mut copy = Archive::of_copy(&parts.concat()).unwrap();
    let expected: Vec<_> = (0..3_000).map(|n| pair(n * n, n * n + n % 7)).collect();
    assert_eq!(syncs_of(&mut copy, 0), expected);
    let commits = |copy: &mut Archive| copy.load(&link()).unwrap().commits;
    assert_eq!(commits(&mut copy), commits(&mut Archive::of_copy(&whole).unwrap()));
    archive.end_copy(copying);
    let limits = Limits { bytes: Some(1_000), age: None };
    assert!(archive.expire(&limits, at(n)).unwrap().segments > 0);
    drop(log);
}
