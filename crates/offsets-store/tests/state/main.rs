//! What the operators of reconciliation remember on a disk.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod capped;
mod damage;
mod folder;
mod identity;
mod replica;
#[allow(dead_code, reason = "the example's own entry is called")]
#[path = "../../examples/resume.rs"]
mod resume;

use std::collections::BTreeMap;

use offsets_core::evidence::Fingerprint;
use offsets_reconcile::{
    Dedup, Hlc, Identity, MemoryTable, Position, Rank, ReadBefore, Region, Seen, Table, Version, Window,
    Winner,
};
use offsets_store::{
    ChangeBuffer, DurableTable, Error, Key, MemoryLog, SegmentLog as _, SledLog, StoredValue, Stream,
};
use proptest::prelude::*;

fn id(number: u32) -> Identity {
    Identity::of("test", &[Some(&number.to_le_bytes())])
}

fn seen(number: u32) -> Seen {
    Seen { first: Position::new((number % 3) as u16, i64::from(number)).unwrap(), pane: number / 7 }
}

/// What every table must do.
fn conforms(table: &mut impl Table<Seen, Error: std::fmt::Debug>) {
    assert!(table.is_empty());
    assert_eq!(table.get(id(1)).unwrap(), None);
    assert_eq!(table.put_if_absent(id(1), seen(1)).unwrap(), None);
    assert_eq!(table.put_if_absent(id(1), seen(2)).unwrap(), Some(seen(1)), "the first stays");
    table.put(id(1), seen(3)).unwrap();
    assert_eq!(table.get(id(1)).unwrap(), Some(seen(3)), "unless it is put in its place");
    for number in 2..1_000 {
        table.put(id(number), seen(number)).unwrap();
    }
    assert_eq!(table.len(), 999);
    table.retain(&mut |value| value.first.offset() >= 500).unwrap();
    assert_eq!(table.len(), 500);
    assert_eq!(table.get(id(499)).unwrap(), None);
    assert_eq!(table.get(id(500)).unwrap(), Some(seen(500)));
    assert_eq!(table.put_if_absent(id(1), seen(4)).unwrap(), None, "what is forgotten is absent");
}

#[test]
fn the_example_of_a_resume_runs() {
    resume::main().unwrap();
}

#[test]
fn every_table_conforms() {
    conforms(&mut MemoryTable::default());
    conforms(&mut DurableTable::open(MemoryLog::default(), 7).unwrap());
    conforms(&mut DurableTable::open_capped(MemoryLog::default(), 7, 1_000).unwrap());
    let folder = tempfile::tempdir().unwrap();
    conforms(&mut DurableTable::open(SledLog::open(folder.path()).unwrap(), 7).unwrap());
    let folder = tempfile::tempdir().unwrap();
    conforms(&mut DurableTable::open_capped(SledLog::open(folder.path()).unwrap(), 7, 1_000).unwrap());
}

#[test]
fn what_was_saved_in_sled_is_there_again_and_what_was_not_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = DurableTable::open(SledLog::open(folder.path()).unwrap(), 0).unwrap();
    assert_eq!(table.progress(), None);
    for number in 0..5_000 {
        table.put(id(number), seen(number)).unwrap();
        if number == 3_999 {
            table.save(b"4000").unwrap();
        }
    }
    drop(table);
    let mut table = DurableTable::<Seen, _>::open(SledLog::open(folder.path()).unwrap(), 0).unwrap();
    assert_eq!((table.progress(), table.len()), (Some(&b"4000"[..]), 4_000));
    assert_eq!(table.get(id(3_999)).unwrap(), Some(seen(3_999)));
    table.put(id(4_000), seen(4_000)).unwrap();
    table.save(b"4001").unwrap();
    table.clear().unwrap();
    assert_eq!((table.progress(), table.len()), (None, 0));
    table.put(id(1), seen(1)).unwrap();
    table.save(b"1").unwrap();
    drop(table);
    let table = DurableTable::<Seen, _>::open(SledLog::open(folder.path()).unwrap(), 0).unwrap();
    assert_eq!((table.progress(), table.len()), (Some(&b"1"[..]), 1));
}

#[test]
fn a_window_that_moves_on_gives_its_room_back() {
    let table = DurableTable::open(MemoryLog::default(), 0).unwrap();
    let mut dedup = Dedup::new(table, Window::count(10_000).unwrap());
    let mut most = 0;
    for number in 1..=400_000_u32 {
        dedup.decide(id(number), Position::new(0, i64::from(number)).unwrap(), 0).unwrap();
        if number % 5_000 == 0 {
            dedup.on_committed(&[Position::new(0, i64::from(number) + 1).unwrap()]).unwrap();
            dedup.table().save(b"").unwrap();
            most = most.max(dedup.table().log().footprint().unwrap());
        }
    }
    assert!(most < 60_000 * 30, "{most} bytes for 10,000 identities");
    let log = dedup.table().log().clone();
    let window_state = dedup.window_state().clone();
    let again = DurableTable::<Seen, _>::open(log, 0).unwrap();
    let mut again = Dedup::resume(again, Window::count(10_000).unwrap(), window_state).unwrap();
    assert_eq!(again.table().len(), dedup.table().len());
}

/// What one save changes is sent in one transaction: a table whose values are replaced again and again was once rewritten
/// whole in one of them.
#[test]
fn a_save_changes_about_as_much_as_was_put_in() {
    let mut table = DurableTable::open(ChangeBuffer::over(MemoryLog::default()), 0).unwrap();
    let (mut largest, mut most, mut random) = (0, 0, 1_u64);
    for put in 0..400_000_u32 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let number = if put < 50_000 { put } else { (random >> 33) as u32 % 50_000 };
        table.put(id(number), Seen { first: Position::new(0, put.into()).unwrap(), pane: 0 }).unwrap();
        if put % 500 == 499 {
            table.save(b"").unwrap();
            let changed = table.log().changes().filter_map(|(_, segment)| segment).map(<[u8]>::len);
            largest = largest.max(changed.sum::<usize>());
            table.log_mut().commit(Vec::new()).unwrap();
            most = most.max(table.entries());
        }
    }
    assert!(largest < 500 * 30 * 8, "{largest} bytes of a save of 500 identities");
    assert!(most < 2 * 50_000 + 16 * 1024 + 20_000, "{most} entries of 50,000 identities");
    let again = DurableTable::<Seen, _>::open(table.log().committed().clone(), 0).unwrap();
    assert_eq!((again.damage(), again.len()), (None, table.len()));
}

/// A changelog that was re-created while it was written to lacks its beginning, and no gap shows it.
#[test]
fn a_log_that_lacks_its_beginning_is_damaged() {
    let mut table = DurableTable::open(ChangeBuffer::over(MemoryLog::default()), 3).unwrap();
    (0..9_000).for_each(|number| table.put(id(number), seen(number)).unwrap());
    table.save(b"9000").unwrap();
    table.log_mut().commit(Vec::new()).unwrap();
    (9_000..10_000).for_each(|number| table.put(id(number), seen(number)).unwrap());
    table.save(b"10000").unwrap();
    let mut log = MemoryLog::default();
    let rest = table.log().changes().map(|(key, segment)| (key, segment.unwrap().to_vec()));
    log.append(&rest.collect::<Vec<_>>()).unwrap();
    let error = DurableTable::<Seen, _>::open(log.clone(), 3).unwrap_err();
    assert!(matches!(error, Error::State(_)) && error.to_string().contains("it counts 10000 identities"));
    let table = DurableTable::<Seen, _>::salvage(log, 3).unwrap();
    assert!(table.damage().unwrap().to_string().contains("it counts 10000 identities"));
    assert_eq!(table.progress(), None, "no reader may go on as if it were whole");
}

/// What is noted beside the changes says nothing of them: they still go to the copy that is kept elsewhere.
#[test]
fn a_note_leaves_the_changes_where_they_are() {
    let key = |sequence| Key { stream: Stream { space: 0, kind: 16 }, sequence };
    let mut change_buffer = ChangeBuffer::over(MemoryLog::default());
    change_buffer.append(&[(key(1), vec![1])]).unwrap();
    change_buffer.write_through(&[(key(7), vec![7])]).unwrap();
    assert_eq!(change_buffer.changes().collect::<Vec<_>>(), [(key(1), Some(&[1][..]))]);
    let mut kept = Vec::new();
    change_buffer.committed().scan_all(&mut |key, segment| kept.push((key, segment.to_vec()))).unwrap();
    assert_eq!(kept, [(key(7), vec![7])]);
}

#[test]
fn damage_is_named_and_what_precedes_it_is_salvaged() {
    let mut table = DurableTable::open(MemoryLog::default(), 3).unwrap();
    for number in 0..2_000 {
        table.put(id(number), seen(number)).unwrap();
    }
    table.save(b"2000").unwrap();
    let whole = table.log().clone();
    let stream = Stream { space: 3, kind: 16 };
    let mut segments = Vec::new();
    let mut note = |sequence, bytes: &[u8]| {
        segments.push((sequence, bytes.to_vec()));
        true
    };
    whole.scan(stream, 0, &mut note).unwrap();
    let (sequence, bytes) = segments[2].clone();
    for at in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let mut log = whole.clone();
        log.append(&[(Key { stream, sequence }, damaged)]).unwrap();
        let mut table = DurableTable::<Seen, _>::salvage(log, 3).unwrap();
        let damage = table.damage().unwrap().to_string();
        assert!(damage.starts_with("segment 2 of space 3 cannot be used"), "{damage}");
        assert_eq!(table.progress(), None, "no reader may go on as if it were whole");
        assert!(table.len() > 0 && table.len() < 2_000);
        assert_eq!(table.get(id(0)).unwrap(), Some(seen(0)));
        table.put(id(5_000), seen(5_000)).unwrap();
        table.save(b"again").unwrap();
        table.acknowledge().unwrap();
        let table = DurableTable::<Seen, _>::open(table.log().clone(), 3).unwrap();
        assert_eq!((table.damage(), table.progress()), (None, Some(&b"again"[..])));
    }
}

/// What each version wrote, as `STATE.md` draws it: space, kind, sequence and bytes.
const FORMATS: [&str; 3] =
    [include_str!("format-1.txt"), include_str!("format-2.txt"), include_str!("format-3.txt")];

fn samples() -> (Vec<Seen>, Vec<ReadBefore>, Vec<Winner>) {
    let rank = |version: &str| Rank {
        version: Version::read(version).unwrap(),
        region: Region(1),
        content: Fingerprint::of(Some(b"k"), None),
    };
    let stamp = Rank { version: Version::Stamp(Hlc::new(1_000, 2).unwrap()), ..rank("1") };
    let position = |offset| Position::new(2, offset).unwrap();
    let winners =
        [rank("-1.50"), rank("2026-11-23T08:00:00Z"), stamp].into_iter().enumerate().map(|(number, rank)| {
            Winner { rank, position: position(1 << 40), deleted_ms: (number == 1).then_some(1_000) }
        });
    let read =
        |number: u32| ReadBefore { last: position(100 - i64::from(number)), times: 300, again: number };
    ((0..3).map(seen_at).collect(), (0..3).map(read).collect(), winners.collect())
}

#[test]
fn the_format_is_what_it_was() {
    fn written<V: StoredValue>(space: u32, values: &[V], progress: &[u8]) -> String {
        let mut table = DurableTable::open(MemoryLog::default(), space).unwrap();
        for (number, value) in (0..).zip(values) {
            table.put(id(number), *value).unwrap();
        }
        table.save(progress).unwrap();
        drawn(table.log())
    }
    let (seen, read, winners) = samples();
    let written = written(1, &seen, b"progress") + &written(2, &read, b"") + &written(3, &winners, b"");
    assert!(written == FORMATS[2], "{written}");
}

#[test]
fn every_format_is_read() {
    fn holds<V: StoredValue + std::fmt::Debug>(log: &MemoryLog, space: u32, values: &[V], progress: &[u8]) {
        let mut table = DurableTable::<V, _>::open(log.clone(), space).unwrap();
        assert_eq!((table.damage(), table.progress()), (None, Some(progress)));
        assert_eq!(table.len(), values.len() as u64);
        for (number, value) in (0..).zip(values) {
            assert_eq!(table.get(id(number)).unwrap(), Some(*value));
        }
    }
    let (seen, read, winners) = samples();
    for format in FORMATS {
        let log = log_of(format);
        holds(&log, 1, &seen, b"progress");
        holds(&log, 2, &read, b"");
        holds(&log, 3, &winners, b"");
    }
}

fn drawn(log: &MemoryLog) -> String {
    let mut drawn = String::new();
    log.scan_all(&mut |Key { stream, sequence }, bytes| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        drawn += &format!("{} {} {sequence} {hex}\n", stream.space, stream.kind);
    })
    .unwrap();
    drawn
}

fn log_of(drawn: &str) -> MemoryLog {
    let mut log = MemoryLog::default();
    for line in drawn.lines() {
        let [space, kind, sequence, hex] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let stream = Stream { space: space.parse().unwrap(), kind: kind.parse().unwrap() };
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes = (0..hex.len()).step_by(2).map(byte).collect();
        log.append(&[(Key { stream, sequence: sequence.parse().unwrap() }, bytes)]).unwrap();
    }
    log
}

fn seen_at(number: u32) -> Seen {
    Seen { first: Position::new((number % 2) as u16, i64::from(number) * 1_000).unwrap(), pane: 40 + number }
}

fn round_trips<V: StoredValue + std::fmt::Debug>(values: &[V]) -> Result<(), TestCaseError> {
    let mut table = DurableTable::open(MemoryLog::default(), 0).unwrap();
    for (number, value) in (0..).zip(values) {
        table.put(id(number), *value).unwrap();
    }
    table.save(b"").unwrap();
    let mut table = DurableTable::<V, _>::open(table.log().clone(), 0).unwrap();
    prop_assert_eq!(table.damage(), None);
    for (number, value) in (0..).zip(values) {
        prop_assert_eq!(table.get(id(number)).unwrap(), Some(*value));
    }
    Ok(())
}

fn positions() -> impl Strategy<Value = Position> {
    any::<u64>().prop_map(Position::from_bits)
}

fn winners() -> impl Strategy<Value = Winner> {
    let version = prop_oneof![
        any::<i64>().prop_map(|n| Version::read(&format!("{n}e-3")).unwrap()),
        (0..253_402_207_200_i64).prop_map(|s| Version::Time(jiff::Timestamp::from_second(s).unwrap())),
        (0_i64..1 << 48, any::<u16>()).prop_map(|(ms, n)| Version::Stamp(Hlc::new(ms, n).unwrap())),
    ];
    let rank = (version, any::<u8>(), any::<u128>()).prop_map(|(version, region, content)| Rank {
        version,
        region: Region(region),
        content: Fingerprint::from_bits(content),
    });
    (rank, positions(), any::<Option<i64>>()).prop_map(|(rank, position, deleted_ms)| Winner {
        rank,
        position,
        deleted_ms,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_are_read_as_they_were_written(
        seen in prop::collection::vec((positions(), any::<u32>()).prop_map(|(first, pane)| Seen { first, pane }), 0..40),
        read in prop::collection::vec((positions(), any::<u32>(), any::<u32>()).prop_map(|(last, times, again)| ReadBefore { last, times, again }), 0..40),
        winners in prop::collection::vec(winners(), 0..40),
    ) {
        round_trips(&seen)?;
        round_trips(&read)?;
        round_trips(&winners)?;
    }

    /// After a crash the table is as it was saved, whatever was put, replaced, saved and cleaned.
    #[test]
    fn a_crash_leaves_what_was_saved(steps in prop::collection::vec((0_u8..10, 0_u32..400, 1_u32..3_000), 0..60)) {
        let mut log = MemoryLog::default();
        let mut table = DurableTable::open(log.clone(), 0).unwrap();
        let mut model = BTreeMap::new();
        let (mut saved, mut round) = (model.clone(), 0_u32);
        for (step, from, many) in steps {
            match step {
                0..7 => for number in from..(from + many).min(600) {
                    round += 1;
                    table.put(id(number), seen(round)).unwrap();
                    model.insert(number, seen(round));
                },
                7..9 => {
                    table.save(&round.to_le_bytes()).unwrap();
                    (log, saved) = (table.log().clone(), model.clone());
                }
                _ => {
                    table = DurableTable::open(log.clone(), 0).unwrap();
                    model = saved.clone();
                    prop_assert_eq!(table.damage(), None);
                }
            }
            prop_assert_eq!(table.len(), model.len() as u64);
        }
        for (number, value) in &model {
            prop_assert_eq!(table.get(id(*number)).unwrap(), Some(*value));
        }
    }
}
