//! What becomes of a table that is damaged: opening it is refused, again and again, and changes nothing; cutting the damage out is a
//! call of its own, which is to be acknowledged.

use std::collections::BTreeMap;

use offsets_reconcile::{Seen, Table as _};
use offsets_store::{
    ChangeBuffer, ChangelogReplica, DurableTable, Error, Flaw, Key, MemoryLog, SegmentLog, SledLog,
    StateDamage, Stream, TableOptions,
};

use crate::{id, seen};

const SPACE: u32 = 4;

type Contents = BTreeMap<Key, Vec<u8>>;

fn contents(log: &impl SegmentLog) -> Contents {
    let mut found = BTreeMap::new();
    log.scan_all(&mut |key, bytes| drop(found.insert(key, bytes.to_vec()))).unwrap();
    found
}

fn key(kind: u8, sequence: u64) -> Key {
    Key { stream: Stream { space: SPACE, kind }, sequence }
}

/// A table with this number of identities, some of them in sorted runs where memory is capped.
fn filled(identities: u32, cap: Option<usize>) -> MemoryLog {
    let mut table = options(cap).open(MemoryLog::default(), SPACE).unwrap();
    for number in 0..identities {
        table.put(id(number), seen(number)).unwrap();
        if number % 1_000 == 999 {
            table.save(format!("read up to {number}").as_bytes()).unwrap();
        }
    }
    table.into_log()
}

fn options(cap: Option<usize>) -> TableOptions {
    cap.map_or(TableOptions::new(), |cap| TableOptions::new().capped(cap)).rules("by key")
}

fn refused(log: &MemoryLog, cap: Option<usize>) -> (StateDamage, Contents) {
    let mut change_buffer = ChangeBuffer::over(log.clone());
    match options(cap).open::<Seen, _>(&mut Borrowed(&mut change_buffer), SPACE) {
        Err(Error::State(damage)) => {
            assert_eq!(contents(&change_buffer), contents(log), "opening changes nothing: {damage}");
            (damage, contents(change_buffer.committed()))
        }
        other => panic!("{:?} was opened", other.map(|table| table.len())),
    }
}

/// A log that is looked at again after a table had it.
struct Borrowed<'l>(&'l mut ChangeBuffer<MemoryLog>);

impl SegmentLog for &mut Borrowed<'_> {
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        self.0.append(segments)
    }

    fn scan(
        &self,
        stream: Stream,
        from: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Error> {
        self.0.scan(stream, from, visit)
    }

    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error> {
        self.0.scan_all(visit)
    }

    fn remove(&mut self, stream: Stream, range: std::ops::Range<u64>) -> Result<u64, Error> {
        self.0.remove(stream, range)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.0.flush()
    }

    fn footprint(&self) -> Result<u64, Error> {
        self.0.footprint()
    }
}

/// The library report L1: of 10,000 identities one segment was overwritten; the first open told of damage and cut the table to
/// 2,130, and the next one opened it as if nothing had been.
#[test]
fn a_damaged_table_is_refused_again_and_nothing_on_the_disk_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = DurableTable::open(SledLog::open(folder.path()).unwrap(), SPACE).unwrap();
    (0..10_000).for_each(|number| table.put(id(number), seen(number)).unwrap());
    table.save(b"read up to 10000").unwrap();
    let mut log = table.into_log();
    let overwritten = key(16, 9);
    log.append(&[(overwritten, b"overwritten".to_vec())]).unwrap();
    log.flush().unwrap();
    let before = contents(&log);
    drop(log);
    for _ in 0..3 {
        let error = DurableTable::<Seen, _>::open(SledLog::open(folder.path()).unwrap(), SPACE).unwrap_err();
        assert!(matches!(&error, Error::State(damage) if damage.key == overwritten), "{error}");
        assert!(error.is_damage());
        assert_eq!(error.to_string(), "segment 9 of space 4 cannot be used: its version is 111");
        assert_eq!(contents(&SledLog::open(folder.path()).unwrap()), before);
    }
}

/// Every segment that a table has, changed, cut and missing, and however the table is opened.
#[test]
fn damage_to_any_segment_is_refused_and_changes_nothing() {
    for cap in [None, Some(12_000)] {
        let whole = filled(2_000, cap);
        let kinds: std::collections::BTreeSet<u8> =
            contents(&whole).keys().map(|key| key.stream.kind).collect();
        let expected: &[u8] = if cap.is_some() { &[16, 17, 18, 19, 20] } else { &[16, 17, 20] };
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
        for (key, bytes) in contents(&whole) {
            let mut flipped = bytes.clone();
            flipped[50.min(bytes.len() - 1)] ^= 1;
            let cut = bytes[..bytes.len() - 1].to_vec();
            for damaged in [flipped, cut, Vec::new()] {
                let mut log = whole.clone();
                log.append(&[(key, damaged)]).unwrap();
                for opened_with in [cap, None, Some(5_000)] {
                    let (damage, kept) = refused(&log, opened_with);
                    assert_eq!(damage.key, key);
                    assert_eq!(kept, contents(&log));
                }
            }
            // Without a header it is a table of an earlier version, without a progress one that was never saved.
            if matches!(key.stream.kind, 17 | 20) {
                continue;
            }
            let mut log = whole.clone();
            log.remove(key.stream, key.sequence..key.sequence + 1).unwrap();
            for opened_with in [cap, Some(5_000)] {
                refused(&log, opened_with);
            }
        }
    }
}

/// What was salvaged is refused by every process that comes after, until it is acknowledged.
#[test]
fn a_salvage_is_refused_until_it_is_acknowledged() {
    for cap in [None, Some(12_000)] {
        for kind in [16, 17, 18, 19, 20] {
            let mut log = filled(2_000, cap);
            let Some(damaged) = contents(&log).into_keys().filter(|key| key.stream.kind == kind).nth_back(0)
            else {
                continue;
            };
            log.append(&[(damaged, vec![1; 100])]).unwrap();
            let table = options(cap).salvage::<Seen, _>(log, SPACE).unwrap();
            assert_eq!(table.damage().unwrap().key, damaged);
            assert_eq!(table.progress(), None, "no reader goes on as if it were whole");
            let left = table.len();
            let log = table.into_log();
            for _ in 0..2 {
                let error = options(cap).open::<Seen, _>(log.clone(), SPACE).unwrap_err();
                assert!(matches!(&error, Error::Salvaged { damage } if damage.key == damaged), "{error}");
                assert!(error.is_damage());
                assert_eq!(
                    error.to_string(),
                    format!(
                        "the table of space 4 was salvaged, which is not acknowledged: segment {} of space 4 cannot be \
                         used: its checksum is wrong",
                        damaged.sequence
                    )
                );
            }
            // Salvaged again it is what it was, and names the same.
            let mut again = options(cap).salvage::<Seen, _>(log, SPACE).unwrap();
            assert_eq!((again.damage().unwrap().key, again.len()), (damaged, left));
            again.put(id(9_999), seen(9_999)).unwrap();
            again.save(b"read up to 1").unwrap();
            assert!(options(cap).open::<Seen, _>(again.log().clone(), SPACE).is_err(), "saving is no word");
            again.acknowledge().unwrap();
            assert_eq!(again.damage(), None);
            let mut whole = options(cap).open::<Seen, _>(again.into_log(), SPACE).unwrap();
            assert_eq!((whole.damage(), whole.progress()), (None, Some(&b"read up to 1"[..])));
            assert_eq!(whole.get(id(9_999)).unwrap(), Some(seen(9_999)));
        }
    }
}

/// A mark that cannot be read is damage, and not the absence of a mark.
#[test]
fn a_damaged_mark_is_no_acknowledgement() {
    let mut log = filled(1_000, None);
    log.append(&[(key(16, 0), vec![1; 100])]).unwrap();
    let mut log = options(None).salvage::<Seen, _>(log, SPACE).unwrap().into_log();
    log.append(&[(key(21, 0), vec![1; 100])]).unwrap();
    let error = options(None).open::<Seen, _>(log.clone(), SPACE).unwrap_err();
    assert!(matches!(&error, Error::State(damage) if damage.key == key(21, 0)), "{error}");
    let mut table = options(None).salvage::<Seen, _>(log, SPACE).unwrap();
    table.acknowledge().unwrap();
    options(None).open::<Seen, _>(table.into_log(), SPACE).unwrap();
}

#[test]
fn a_whole_table_is_salvaged_without_a_trace() {
    let log = filled(2_000, Some(12_000));
    let table = options(Some(12_000)).salvage::<Seen, _>(log.clone(), SPACE).unwrap();
    assert_eq!((table.damage(), table.progress()), (None, Some(&b"read up to 1999"[..])));
    assert_eq!(contents(table.log()), contents(&log));
}

/// What a crash left behind goes with the next save, and not when a table is opened.
#[test]
fn what_a_crash_left_is_removed_by_a_save_and_not_by_opening() {
    let log = filled(2_000, Some(12_000));
    let sealed = contents(&log).into_iter().find(|(key, _)| key.stream.kind == 18).unwrap().1;
    let mut left = log.clone();
    left.append(&[(key(18, 900), sealed.clone()), (key(18, 901), sealed)]).unwrap();
    let from_list = contents(&left).into_iter().find(|(key, _)| key.stream.kind == 16).unwrap();
    assert!(from_list.0.sequence > 0);
    left.append(&[(key(16, 0), from_list.1)]).unwrap();
    let mut table = options(Some(12_000)).open::<Seen, _>(left.clone(), SPACE).unwrap();
    assert_eq!(contents(table.log()), contents(&left));
    table.save(b"on").unwrap();
    let keys: Vec<_> = contents(table.log()).into_keys().collect();
    assert!(!keys.contains(&key(18, 900)) && !keys.contains(&key(18, 901)) && !keys.contains(&key(16, 0)));
    let mut again = options(Some(12_000)).open::<Seen, _>(table.into_log(), SPACE).unwrap();
    assert_eq!(again.len(), 2_000);
    for number in 0..2_000 {
        assert_eq!(again.get(id(number)).unwrap(), Some(seen(number)));
    }
}

/// A copy whose place cannot be read is damaged, and one of another changelog counts for nothing; neither is emptied by opening it.
#[test]
fn a_copy_of_a_changelog_is_not_emptied_by_opening_it() {
    let mut copy = ChangelogReplica::open(MemoryLog::default(), SPACE, "one").unwrap();
    copy.apply(contents(&filled(10, None)).into_iter().map(|(key, bytes)| (key, Some(bytes))).collect(), 7)
        .unwrap();
    let log = copy.into_log();
    let mut damaged = log.clone();
    damaged.append(&[(key(32, 0), vec![1; 100])]).unwrap();
    let error = ChangelogReplica::open(damaged, SPACE, "one").unwrap_err();
    assert!(matches!(&error, Error::State(StateDamage { flaw: Flaw::Checksum, .. })), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let mut sled = SledLog::open(folder.path()).unwrap();
    sled.append(&contents(&log).into_iter().collect::<Vec<_>>()).unwrap();
    let mut other = ChangelogReplica::open(sled.clone(), SPACE, "other").unwrap();
    assert_eq!((other.checkpoint().next(), contents(&sled)), (None, contents(&log)));
    other.apply(Vec::new(), 3).unwrap();
    assert_eq!(contents(&sled).into_keys().collect::<Vec<_>>(), [key(32, 0)]);
}
