use offsets_store::{Archive, MalformedCopy, Place, Topic};

use crate::story::{SharedLog, at, commit, link, pair, sync, syncs_of};

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
    assert_eq!(copy.recall(&link()).unwrap().commits, [commit("app", 0, 10, at(5_000))]);
    assert_eq!(copy.footprint().unwrap(), archive.footprint().unwrap());
    assert_eq!(copy.stats().unwrap()[0].syncs, 3_000);
}

#[test]
fn what_is_done_to_a_copy_is_not_done_to_the_archive() {
    let (log, archive) = recorded();
    let mut copy = Archive::of_copy(&archive.copy().unwrap()).unwrap();
    let mut recorder = copy.record(&link()).unwrap();
    recorder.passed(Topic::Syncs, Place { offset: 7_000, guard: 1 });
    recorder.save().unwrap();
    let mut archive = log.archive();
    assert_eq!(archive.record(&link()).unwrap().position(Topic::Syncs).unwrap().offset, 2_999);
}

#[test]
fn every_changed_byte_and_every_cut_of_a_copy_is_noticed() {
    let copy = SharedLog::default().archive().copy().unwrap();
    assert!(Archive::of_copy(&copy).is_ok(), "an empty archive has a copy too");
    let (_, archive) = recorded();
    let copy = archive.copy().unwrap();
    for at in (0..copy.len()).step_by(97).chain([copy.len() - 1]) {
        let mut changed = copy.clone();
        changed[at] ^= 1;
        assert_eq!(Archive::of_copy(&changed).err(), Some(MalformedCopy), "byte {at}");
        assert_eq!(Archive::of_copy(&copy[..at]).err(), Some(MalformedCopy), "cut at {at}");
    }
}
