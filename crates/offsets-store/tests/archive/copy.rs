use offsets_store::{Archive, Limits, MalformedCopy, RecordPosition, SnapshotReader, Topic};

use crate::story::{SharedLog, at, commit, commits_of, link, pair, sync, syncs_of};

fn recorded() -> (SharedLog, Archive) {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    (0..3_000).for_each(|n| sync(&mut recorder, n, 0, (n * n, n * n + n % 7), at(n)));
    recorder.commits(&[commit("app", 0, 10, at(5_000))], at(5_000)).unwrap();
    (log, archive)
}

fn copy_of(archive: &mut Archive) -> Vec<u8> {
    archive.snapshot().unwrap().next_page(usize::MAX).unwrap()
}

/// Reads a copy that arrives in pieces of `size` bytes.
fn read_in_pieces(copy: &[u8], size: usize) -> Result<Archive, MalformedCopy> {
    let mut reader = SnapshotReader::default();
    copy.chunks(size).try_for_each(|piece| reader.push(piece))?;
    reader.finish()
}

fn read(copy: &[u8]) -> Result<Archive, MalformedCopy> {
    read_in_pieces(copy, usize::MAX)
}

#[test]
fn a_copy_holds_all_that_was_saved_and_nothing_that_was_not() {
    let (_, mut archive) = recorded();
    let mut recorder = archive.record(&link()).unwrap();
    sync(&mut recorder, 3_000, 0, (99_999_999, 99_999_999), at(6_000));
    let mut copy = read(&copy_of(&mut archive)).unwrap();
    let expected: Vec<_> = (0..3_000).map(|n| pair(n * n, n * n + n % 7)).collect();
    assert_eq!(syncs_of(&mut copy, 0), expected);
    assert_eq!(commits_of(&mut copy), [commit("app", 0, 10, at(5_000))]);
    assert_eq!(copy.footprint().unwrap(), archive.footprint().unwrap());
    assert_eq!(copy.stats().unwrap()[0].syncs, 3_000);
}

#[test]
fn what_is_done_to_a_copy_is_not_done_to_the_archive() {
    let (log, mut archive) = recorded();
    let mut copy = read(&copy_of(&mut archive)).unwrap();
    let mut recorder = copy.record(&link()).unwrap();
    recorder.passed(Topic::Syncs, RecordPosition { offset: 7_000, content_hash: 1 });
    recorder.save().unwrap();
    let mut archive = log.archive();
    assert_eq!(archive.record(&link()).unwrap().position(Topic::Syncs).unwrap().offset, 2_999);
}

#[test]
fn every_changed_byte_and_every_cut_of_a_copy_is_noticed() {
    let copy = copy_of(&mut SharedLog::default().archive());
    assert!(read(&copy).is_ok(), "an empty archive has a copy too");
    let (_, mut archive) = recorded();
    let copy = copy_of(&mut archive);
    for at in (0..copy.len()).step_by(97).chain([copy.len() - 1]) {
        let mut changed = copy.clone();
        changed[at] ^= 1;
        assert_eq!(read(&changed).err(), Some(MalformedCopy), "byte {at}");
        assert_eq!(read(&copy[..at]).err(), Some(MalformedCopy), "cut at {at}");
    }
}

#[test]
fn a_copy_may_arrive_in_pieces_of_any_size() {
    let (_, mut archive) = recorded();
    let copy = copy_of(&mut archive);
    for size in [1, 7, 16, 17, 33, 4_096] {
        let mut read = read_in_pieces(&copy, size).unwrap();
        assert_eq!(syncs_of(&mut read, 0).len(), 3_000, "pieces of {size}");
    }
}

/// Reads a snapshot to its end in pages of 2,000 bytes, while `record` goes on between them.
fn read_while(archive: &mut Archive, mut record: impl FnMut(&mut Archive, i64)) -> (Vec<u8>, usize) {
    const PAGE: usize = 2_000;
    let mut snapshot = archive.snapshot().unwrap();
    let (mut copy, mut pages) = (Vec::new(), 0);
    loop {
        let page = snapshot.next_page(PAGE).unwrap();
        if page.is_empty() {
            return (copy, pages);
        }
        assert!(page.len() <= PAGE, "no page is longer than was asked for: {}", page.len());
        copy.extend_from_slice(&page);
        pages += 1;
        record(archive, pages as i64);
        let limits = Limits { bytes: Some(1_000), age: None };
        assert_eq!(archive.expire(&limits, at(9_000)).unwrap().segments, 0, "what is read stays");
    }
}

fn record_on(archive: &mut Archive, round: i64) {
    let mut recorder = archive.record(&link()).unwrap();
    for n in 3_000 + 400 * (round - 1)..3_000 + 400 * round {
        sync(&mut recorder, n, 0, (n * n, n * n + n % 7), at(n));
    }
    recorder.save().unwrap();
    recorder.commits(&[commit("app", 0, 10 + round, at(5_000 + round))], at(5_000 + round)).unwrap();
}

/// The recorder of an archive of 10 GB copied all of it into memory for each reader, and recorded nothing meanwhile.
#[test]
fn a_snapshot_is_of_the_moment_at_which_it_was_begun() {
    let (_log, mut archive) = recorded();
    let whole = copy_of(&mut archive);
    let (copy, pages) = read_while(&mut archive, record_on);
    assert!(pages >= 5, "{pages}");
    let mut copy = read(&copy).unwrap();
    let expected: Vec<_> = (0..3_000).map(|n| pair(n * n, n * n + n % 7)).collect();
    assert_eq!(syncs_of(&mut copy, 0), expected);
    assert_eq!(commits_of(&mut copy), commits_of(&mut read(&whole).unwrap()));
    let limits = Limits { bytes: Some(1_000), age: None };
    assert!(archive.expire(&limits, at(9_000)).unwrap().segments > 0, "it is read no more");
}

/// Of a link that nothing was recorded of since the archive was opened, the segments that grew meanwhile were in the copy as they had
/// become: syncs of one moment and commits of another.
#[test]
fn a_link_that_is_recorded_again_while_a_snapshot_is_read_is_in_it_as_it_was() {
    let (log, _) = recorded();
    let (copy, _) = read_while(&mut log.archive(), record_on);
    let mut copy = read(&copy).unwrap();
    assert_eq!(syncs_of(&mut copy, 0).len(), 3_000);
    assert_eq!(commits_of(&mut copy), [commit("app", 0, 10, at(5_000))]);
}
