//! The folder of an instance in one piece: out of one machine, into another.

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use offsets_reconcile::{Seen, Table as _};
use offsets_store::{
    ChangeBuffer, ChangelogReplica, DurableTable, Error, Flaw, Key, SegmentChange, SegmentLog, SledLog,
    StateFolder, StateFolderError, Stream,
};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{id, seen};

const CHANGELOG: &str = "merge-changelog";

type Table = DurableTable<Seen, ChangeBuffer<SledLog>>;

fn table(log: &SledLog, partition: u32, cap: usize) -> Table {
    let copy = ChangelogReplica::open(log.clone(), partition, CHANGELOG).unwrap();
    DurableTable::open_capped(ChangeBuffer::over(copy.into_log()), partition, cap).unwrap()
}

/// Puts numbers into a table and has the folder keep them as a runner does, which has committed them up to `next`. What is written of
/// it to the changelog is given back.
fn commit(
    table: &mut Table,
    log: &SledLog,
    partition: u32,
    numbers: &[u32],
    next: i64,
) -> Vec<SegmentChange> {
    for &number in numbers {
        table.put(id(number), seen(number)).unwrap();
    }
    table.save(format!("read up to {next}").as_bytes()).unwrap();
    let change_buffer = table.log_mut();
    let changes = change_buffer.changes().map(|(key, segment)| (key, segment.map(<[u8]>::to_vec))).collect();
    let checkpoint = ChangelogReplica::open(log.clone(), partition, CHANGELOG).unwrap().checkpoint();
    change_buffer.commit(vec![checkpoint.advanced_to(next).segment()]).unwrap();
    changes
}

/// A folder with two partitions of a changelog, 0 and 3, and this number of identities in each.
fn filled_with(identities: [u32; 2]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut log = SledLog::open(folder.path()).unwrap();
    for (partition, count) in [0, 3].into_iter().zip(identities) {
        let numbers: Vec<_> = (0..count).collect();
        commit(
            &mut table(&log, partition, usize::MAX),
            &log,
            partition,
            &numbers,
            100 + i64::from(partition),
        );
    }
    log.flush().unwrap();
    folder
}

fn filled() -> TempDir {
    filled_with([700, 20])
}

fn export(folder: &Path) -> Result<Vec<u8>, StateFolderError> {
    let mut bytes = Vec::new();
    StateFolder::open(folder)?.export(&mut bytes)?;
    Ok(bytes)
}

fn import(folder: &Path, copy: &[u8]) -> Result<(), StateFolderError> {
    StateFolder::import(folder, &mut Cursor::new(copy)).map(drop)
}

fn contents(log: &impl SegmentLog) -> Vec<(Key, Vec<u8>)> {
    let mut found = Vec::new();
    log.scan_all(&mut |key, segment| found.push((key, segment.to_vec()))).unwrap();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    /// Segment for segment, so that what is read of the changelog from there on fits: a copy that goes on from it knows what the
    /// folder knows.
    #[test]
    fn a_copy_goes_on_from_the_changelog_as_the_folder_would(
        before in prop::collection::vec(prop::collection::vec(0_u32..3_000, 0..900), 1..4),
        behind in prop::collection::vec(0_u32..3_000, 0..900),
        cap in prop_oneof![Just(20_000_usize), Just(usize::MAX)],
    ) {
        let [here, there] = [(), ()].map(|()| tempfile::tempdir().unwrap());
        let mut log = SledLog::open(here.path()).unwrap();
        let mut original = table(&log, 1, cap);
        for (next, numbers) in (1_i64..).zip(&before) {
            commit(&mut original, &log, 1, numbers, next);
        }
        log.flush().unwrap();
        let kept = contents(&log);
        drop((original, log));
        let elsewhere = there.path().join("state");
        import(&elsewhere, &export(here.path()).unwrap()).unwrap();

        let log = SledLog::open(here.path()).unwrap();
        let copied = SledLog::open(&elsewhere).unwrap();
        prop_assert_eq!(&contents(&copied), &kept);
        let mut original = table(&log, 1, cap);
        let changes = commit(&mut original, &log, 1, &behind, 50);
        let mut replica = ChangelogReplica::open(copied.clone(), 1, CHANGELOG).unwrap();
        prop_assert_eq!(replica.checkpoint().next(), Some(before.len() as i64));
        replica.apply(changes, 50).unwrap();
        let mut copy = table(&copied, 1, cap);
        prop_assert_eq!(copy.damage(), None);
        prop_assert_eq!(copy.progress(), original.progress());
        prop_assert_eq!(copy.len(), original.len());
        for number in 0..3_000 {
            prop_assert_eq!(copy.get(id(number)).unwrap(), original.get(id(number)).unwrap());
        }
    }
}

#[test]
fn what_is_in_a_folder_and_in_its_copy_is_told() {
    let folder = filled();
    let told = StateFolder::open(folder.path()).unwrap().partitions().unwrap();
    let summary: Vec<_> = told
        .iter()
        .map(|state| (state.partition, state.next, state.identities, state.damage.clone()))
        .collect();
    assert_eq!(summary, [(0, Some(100), Some(700), None), (3, Some(103), Some(20), None)]);
    assert_eq!(told[1].progress.as_deref(), Some(&b"read up to 103"[..]));
    let copy = export(folder.path()).unwrap();
    assert_eq!(StateFolder::read_copy(&mut &copy[..]).unwrap(), told);
}

#[test]
fn a_copy_that_is_changed_or_cut_is_refused_and_nothing_is_made_of_it() {
    let copy = export(filled().path()).unwrap();
    let place = tempfile::tempdir().unwrap();
    let state = place.path().join("state");
    let refused = |bytes: &[u8]| {
        let error = import(&state, bytes).unwrap_err();
        assert!(!state.exists(), "{error}");
        error
    };
    let places = (0..copy.len()).step_by(61).chain(0..120).chain(copy.len() - 120..copy.len());
    for at in places {
        let mut changed = copy.clone();
        changed[at] ^= 4;
        refused(&changed);
        refused(&copy[..at]);
    }
    assert!(matches!(refused(b"something else entirely"), StateFolderError::NotACopy));
    assert!(matches!(refused(&[&copy[..], b"x"].concat()), StateFolderError::More));
    let mut newer = copy.clone();
    newer[15] = 3;
    assert!(matches!(refused(&newer), StateFolderError::Newer { found: 3 }));
    let cut = refused(&copy[..copy.len() - 1]);
    assert!(matches!(cut, StateFolderError::DamagedCopy { flaw: Flaw::Short, .. }), "{cut:?}");

    // A part that is missing, though each that is left is whole.
    let first = 16 + 17 + u32::from_le_bytes(copy[29..33].try_into().unwrap()) as usize;
    refused(&[&copy[..16], &copy[first..]].concat());
}

/// A copy that can be read once; the second time it ends after this number of bytes, in an error or a crash.
struct Once<'a> {
    copy: Cursor<&'a [u8]>,
    again: bool,
    bytes: u64,
    crashes: bool,
}

impl<'a> Once<'a> {
    fn of(copy: &'a [u8], bytes: u64, crashes: bool) -> Self {
        Self { copy: Cursor::new(copy), again: false, bytes, crashes }
    }
}

impl Read for Once<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.again && self.copy.position() > self.bytes {
            assert!(!self.crashes, "the crash");
            return Err(io::Error::other("gone"));
        }
        self.copy.read(into)
    }
}

impl Seek for Once<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.again |= matches!(to, SeekFrom::Start(_));
        self.copy.seek(to)
    }
}

#[test]
fn what_cannot_be_written_to_its_end_is_taken_away_again() {
    let copy = export(filled().path()).unwrap();
    let place = tempfile::tempdir().unwrap();
    for folder in [place.path().join("state"), place.path().to_owned()] {
        let error = StateFolder::import(&folder, &mut Once::of(&copy, 5_000, false));
        assert!(matches!(error, Err(StateFolderError::Io(_))), "{error:?}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
    import(place.path(), &copy).unwrap();
    assert_eq!(export(place.path()).unwrap(), copy);
}

#[test]
fn of_what_a_crash_left_half_written_nothing_counts() {
    let copy = export(filled_with([20, 20_000]).path()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Everything is read, and what ends the copy is not.
    let mut crashing = Once::of(&copy, copy.len() as u64 - 60, true);
    let crashed =
        catch_unwind(AssertUnwindSafe(|| StateFolder::import(folder.path(), &mut crashing).map(drop)));
    assert!(crashed.is_err());
    let left = StateFolder::open(folder.path()).unwrap().partitions().unwrap();
    assert!(left.iter().all(|state| state.next.is_none()), "{left:?}");
    let log = SledLog::open(folder.path()).unwrap();
    for partition in [0, 3] {
        let replica = ChangelogReplica::open(log.clone(), partition, CHANGELOG).unwrap();
        assert_eq!(replica.checkpoint().next(), None);
        assert!(
            contents(&log).iter().any(|(key, _)| key.stream.space == partition),
            "opening removes nothing"
        );
        replica.into_log();
    }
    assert_eq!(contents(&log), []);
}

#[test]
fn a_damaged_segment_is_named_and_nothing_is_written_or_changed() {
    let segment = |kind, sequence| Key { stream: Stream { space: 3, kind }, sequence };
    for (key, flaw) in [(segment(16, 0), Flaw::Checksum), (segment(17, 0), Flaw::Checksum)] {
        let folder = filled();
        let mut log = SledLog::open(folder.path()).unwrap();
        let mut bytes = Vec::new();
        log.get(key, &mut |segment| bytes = segment.to_vec()).unwrap();
        bytes[45] ^= 1;
        log.append(&[(key, bytes)]).unwrap();
        log.flush().unwrap();
        let before = contents(&log);
        drop(log);
        let told = StateFolder::open(folder.path()).unwrap().partitions().unwrap();
        assert_eq!(told[0].damage, None);
        let damage = told[1].damage.as_ref().unwrap();
        assert_eq!((damage.key, &damage.flaw), (key, &flaw));
        let mut out = Vec::new();
        let error = StateFolder::open(folder.path()).unwrap().export(&mut out).unwrap_err();
        assert!(matches!(error, StateFolderError::Damaged { partition: 3, .. }), "{error:?}");
        assert!(out.is_empty());
        assert_eq!(contents(&SledLog::open(folder.path()).unwrap()), before);
    }
}

#[test]
fn a_segment_that_is_missing_is_damage() {
    for (kind, cap) in [(16, usize::MAX), (18, 20_000)] {
        let folder = tempfile::tempdir().unwrap();
        let mut log = SledLog::open(folder.path()).unwrap();
        let mut table = table(&log, 0, cap);
        commit(&mut table, &log, 0, &(0..3_000).collect::<Vec<_>>(), 9);
        let stream = Stream { space: 0, kind };
        let keys: Vec<_> = contents(&log).into_iter().map(|(key, _)| key).collect();
        let missing = keys.iter().filter(|key| key.stream == stream).nth(1).unwrap().sequence;
        assert_eq!(log.remove(stream, missing..missing + 1).unwrap(), 1);
        log.flush().unwrap();
        drop((table, log));
        let told = StateFolder::open(folder.path()).unwrap().partitions().unwrap();
        let damage = told[0].damage.clone().unwrap();
        let expected = if kind == 16 { (missing + 1, Flaw::Gap(missing)) } else { (missing, Flaw::Missing) };
        assert_eq!((damage.key.stream, (damage.key.sequence, damage.flaw)), (stream, expected));
    }
}

#[test]
fn only_a_folder_with_state_is_copied_and_only_into_one_with_nothing() {
    let folder = filled();
    let copy = export(folder.path()).unwrap();
    assert!(matches!(import(folder.path(), &copy), Err(StateFolderError::NotEmpty { .. })));
    let other = tempfile::tempdir().unwrap();
    assert!(matches!(export(other.path()), Err(StateFolderError::Missing { .. })));
    assert!(matches!(export(&other.path().join("none")), Err(StateFolderError::Missing { .. })));
    fs::write(other.path().join("note.txt"), "mine").unwrap();
    assert!(matches!(export(other.path()), Err(StateFolderError::Foreign { .. })));
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1, "nothing was made there");
    assert!(matches!(import(other.path(), &copy), Err(StateFolderError::NotEmpty { .. })));

    let archive = tempfile::tempdir().unwrap();
    let mut log = SledLog::open(archive.path()).unwrap();
    log.append(&[(Key { stream: Stream { space: 0, kind: 1 }, sequence: 0 }, b"a name".to_vec())]).unwrap();
    log.flush().unwrap();
    drop(log);
    assert!(matches!(export(archive.path()), Err(StateFolderError::Foreign { .. })));

    let _open = SledLog::open(folder.path()).unwrap();
    assert!(matches!(export(folder.path()), Err(StateFolderError::Store(Error::InUse { .. }))));
}

#[test]
fn the_format_of_a_copy_of_a_folder_is_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = SledLog::open(folder.path()).unwrap();
    commit(&mut table(&log, 2, usize::MAX), &log, 2, &[17], 5);
    log.flush().unwrap();
    drop(log);
    let hex: String = export(folder.path()).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, include_str!("folder-2.txt").trim_end());
    let of_1 = include_str!("folder-1.txt").trim_end();
    let of_1: Vec<_> =
        (0..of_1.len()).step_by(2).map(|at| u8::from_str_radix(&of_1[at..at + 2], 16).unwrap()).collect();
    let elsewhere = tempfile::tempdir().unwrap();
    import(elsewhere.path(), &of_1).unwrap();
    let mut read = table(&SledLog::open(elsewhere.path()).unwrap(), 2, usize::MAX);
    assert_eq!(read.progress(), Some(&b"read up to 5"[..]));
    assert_eq!(read.get(id(17)).unwrap(), Some(seen(17)));
}
