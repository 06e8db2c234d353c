use std::fs;

use offsets_store::{Archive, Error};

use crate::story::{at, commit, link};

#[test]
fn a_folder_is_begun_filled_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("new/archive");
    let mut archive = Archive::open_or_create(&dir).unwrap();
    let mut recorder = archive.record(&link()).unwrap();
    recorder.commits(&[commit("app", 0, 10, at(0))], at(0)).unwrap();
    recorder.save().unwrap();
    drop(archive);
    assert_eq!(Archive::open(&dir).unwrap().load(&link()).unwrap().commits.len(), 1);
}

#[test]
fn a_folder_that_is_not_there_is_missing_for_who_reads() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("nothing");
    let Err(error) = Archive::open(&dir) else { panic!("it was opened") };
    assert!(matches!(error, Error::Missing { .. }) && error.is_unsuitable(), "{error}");
    assert!(!dir.exists());
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("precious.txt"), "mine").unwrap();
    for opened in [Archive::open(folder.path()), Archive::open_or_create(folder.path())] {
        assert!(matches!(opened.err(), Some(Error::NotAnArchive { .. })));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_newer_format_is_refused_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("offsets-archive"), "format 3\n").unwrap();
    let Err(error) = Archive::open_or_create(folder.path()) else { panic!("it was opened") };
    assert!(matches!(error, Error::Newer { found: 3, known: 2, .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn two_at_a_time_are_one_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Archive::open_or_create(folder.path()).unwrap();
    let Err(error) = Archive::open(folder.path()) else { panic!("it was opened twice") };
    assert!(error.is_in_use(), "{error:?}");
    assert_eq!(error.to_string(), format!("{} is in use by another process", folder.path().display()));
}

#[test]
fn a_folder_of_an_older_format_becomes_one_of_the_newest_when_it_is_recorded_in() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("offsets-archive");
    drop(Archive::open_or_create(folder.path()).unwrap());
    fs::write(&marker, "format 1\n").unwrap();
    drop(Archive::open(folder.path()).unwrap());
    assert_eq!(fs::read_to_string(&marker).unwrap(), "format 1\n");
    drop(Archive::open_or_create(folder.path()).unwrap());
    assert_eq!(fs::read_to_string(&marker).unwrap(), "format 2\n");
}
