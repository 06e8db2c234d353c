//! A table whose memory is capped answers as one that is not.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use offsets_reconcile::{Dedup, DedupDecision, Position, Seen, Table as _, Window};
use offsets_store::{
    ChangeBuffer, DurableTable, Error, Key, MemoryLog, SegmentLog, SledLog, Stream, TableOptions,
};
use proptest::prelude::*;

use crate::{drawn, id, log_of, seen};

/// A log that remembers each state it was in since it was last told to begin, so that a crash can leave any of them.
#[derive(Debug, Clone, Default)]
struct Frail(Rc<RefCell<Vec<MemoryLog>>>);

impl Frail {
    fn now(&self) -> MemoryLog {
        self.0.borrow().last().cloned().unwrap_or_default()
    }

    fn change<T>(&self, change: impl FnOnce(&mut MemoryLog) -> Result<T, Error>) -> Result<T, Error> {
        let mut log = self.now();
        let changed = change(&mut log)?;
        self.0.borrow_mut().push(log);
        Ok(changed)
    }
}

impl SegmentLog for Frail {
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        self.change(|log| log.append(segments))
    }

    fn scan(
        &self,
        stream: Stream,
        from: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Error> {
        self.now().scan(stream, from, visit)
    }

    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error> {
        self.now().scan_all(visit)
    }

    fn remove(&mut self, stream: Stream, range: Range<u64>) -> Result<u64, Error> {
        self.change(|log| log.remove(stream, range))
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn footprint(&self) -> Result<u64, Error> {
        self.now().footprint()
    }
}

/// Where a log is, to be opened again.
trait Home {
    type Log: SegmentLog;

    /// What is there after a crash; `pick` says when it was, if that matters.
    fn open(&self, pick: usize) -> Self::Log;

    /// Says that a crash is not before this.
    fn begin(&self) {}

    /// Says that the table was saved.
    fn saved(&self, _log: &mut Self::Log) {}
}

/// A journal that is settled when the table is saved: what a changelog would be told.
#[derive(Default)]
struct InChangeBuffer(RefCell<MemoryLog>);

impl Home for InChangeBuffer {
    type Log = ChangeBuffer<MemoryLog>;

    fn open(&self, _pick: usize) -> Self::Log {
        ChangeBuffer::over(self.0.borrow().clone())
    }

    fn saved(&self, log: &mut Self::Log) {
        log.commit(Vec::new()).unwrap();
        *self.0.borrow_mut() = log.committed().clone();
    }
}

impl Home for Frail {
    type Log = Self;

    fn open(&self, pick: usize) -> Self {
        let mut states = self.0.borrow_mut();
        let left = states.len().checked_sub(1).map(|most| pick % (most + 1));
        *states = left.map(|left| states[left].clone()).into_iter().collect();
        self.clone()
    }

    fn begin(&self) {
        let now = self.now();
        *self.0.borrow_mut() = vec![now];
    }
}

struct InSled(tempfile::TempDir);

impl Home for InSled {
    type Log = SledLog;

    fn open(&self, _pick: usize) -> SledLog {
        SledLog::open(self.0.path()).unwrap()
    }
}

#[cfg(feature = "redb")]
struct InRedb(tempfile::TempDir);

#[cfg(feature = "redb")]
impl Home for InRedb {
    type Log = offsets_store::RedbLog;

    fn open(&self, _pick: usize) -> Self::Log {
        offsets_store::RedbLog::open(self.0.path()).unwrap()
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put {
        from: u32,
        many: u32,
    },
    PutIfAbsent {
        from: u32,
        many: u32,
    },
    /// Forgets the oldest part of what was ever put, in hundredths.
    Retain(u32),
    Save,
    Reopen {
        cap: usize,
        pick: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ids = || (0_u32..400, prop_oneof![1_u32..10, 1_u32..300]);
    let step = prop_oneof![
        4 => ids().prop_map(|(from, many)| Step::Put { from, many }),
        4 => ids().prop_map(|(from, many)| Step::PutIfAbsent { from, many }),
        1 => (0_u32..=100).prop_map(Step::Retain),
        4 => Just(Step::Save),
        2 => (caps(), any::<usize>()).prop_map(|(cap, pick)| Step::Reopen { cap, pick }),
    ];
    prop::collection::vec(step, 0..60)
}

fn caps() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0_usize), Just(2_000), Just(10_000), Just(usize::MAX)]
}

type Model = BTreeMap<u32, Seen>;

/// Does the steps on a table and on a model of it. After a crash it is as it was saved, and what was forgotten then is
/// forgotten again.
fn follows_the_model<H: Home>(home: &H, cap: usize, steps: &[Step]) -> Result<(), TestCaseError> {
    let open = |cap: usize, pick| match cap {
        usize::MAX => DurableTable::<Seen, _>::open(home.open(pick), 5).unwrap(),
        cap => DurableTable::<Seen, _>::open_capped(home.open(pick), 5, cap).unwrap(),
    };
    let mut table = open(cap, 0);
    let (mut model, mut round, mut floor) = (Model::new(), 0_u32, 0_i64);
    let mut saves: Vec<(Model, i64)> = vec![(Model::new(), 0)];
    for step in steps {
        match *step {
            Step::Put { from, many } => {
                for number in from..from + many {
                    round += 1;
                    table.put(id(number), seen(round)).unwrap();
                    model.insert(number, seen(round));
                }
            }
            Step::PutIfAbsent { from, many } => {
                for number in from..from + many {
                    round += 1;
                    let held = table.put_if_absent(id(number), seen(round)).unwrap();
                    prop_assert_eq!(held, model.get(&number).copied());
                    model.entry(number).or_insert_with(|| seen(round));
                }
            }
            Step::Retain(part) => {
                floor = floor.max(i64::from(round) * i64::from(part) / 100);
                table.retain(&mut |seen| seen.first.offset() >= floor).unwrap();
                model.retain(|_, seen| seen.first.offset() >= floor);
            }
            Step::Save => {
                home.begin();
                table.save(&(saves.len() as u64).to_le_bytes()).unwrap();
                home.saved(table.log_mut());
                saves.push((model.clone(), floor));
            }
            Step::Reopen { cap, pick } => {
                drop(table);
                table = open(cap, pick);
                prop_assert_eq!(table.damage(), None);
                let number = table.progress().map_or(0, |p| u64::from_le_bytes(p.try_into().unwrap()));
                saves.truncate(number as usize + 1);
                (model, floor) = saves.last().cloned().unwrap();
                table.retain(&mut |seen| seen.first.offset() >= floor).unwrap();
            }
        }
        prop_assert_eq!(table.len(), model.len() as u64, "{:?}", step);
        let cost = table.cost();
        prop_assert_eq!(cost.in_memory + cost.on_disk, table.len());
        prop_assert!(cost.runs <= 8);
    }
    for number in 0..750 {
        prop_assert_eq!(table.get(id(number)).unwrap(), model.get(&number).copied(), "{}", number);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_capped_table_answers_as_a_map_does_whenever_it_crashes(cap in caps(), steps in steps()) {
        follows_the_model(&Frail::default(), cap, &steps)?;
    }

    #[test]
    fn a_capped_table_over_a_journal_is_what_was_settled(cap in caps(), steps in steps()) {
        follows_the_model(&InChangeBuffer::default(), cap, &steps)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_capped_table_in_sled_answers_as_a_map_does(cap in caps(), steps in steps()) {
        follows_the_model(&InSled(tempfile::tempdir().unwrap()), cap, &steps)?;
    }

    #[cfg(feature = "redb")]
    #[test]
    fn a_capped_table_in_redb_answers_as_a_map_does(cap in caps(), steps in steps()) {
        follows_the_model(&InRedb(tempfile::tempdir().unwrap()), cap, &steps)?;
    }
}

#[test]
fn memory_stays_within_the_cap_and_what_that_costs_is_told() {
    const CAP: usize = 1_000_000;
    let mut table = DurableTable::<Seen, _>::open_capped(MemoryLog::default(), 0, CAP).unwrap();
    for number in 0..200_000 {
        assert_eq!(table.put_if_absent(id(number), seen(number)).unwrap(), None);
        if number % 10_000 == 0 {
            table.save(b"").unwrap();
            let cost = table.cost();
            assert!(cost.memtable_bytes + cost.filter_bytes <= CAP as u64, "{cost:?}");
        }
    }
    let cost = table.cost();
    assert!(cost.on_disk > 150_000, "{cost:?}");
    assert!(cost.filter_bytes < cost.on_disk * 13 / 10, "{cost:?}");
    assert!(cost.false_positives == cost.disk_reads, "nothing came twice: {cost:?}");
    assert!(cost.false_positives < 200_000 * 4 / 100, "{cost:?}");
    for number in 0..1_000 {
        assert_eq!(table.get(id(number)).unwrap(), Some(seen(number)));
    }
    let read = table.cost().disk_reads - cost.disk_reads;
    assert!((1_000..1_100).contains(&read), "one segment each, but for what filters mistake: {read}");
}

#[test]
fn a_window_that_moves_on_gives_the_room_of_buckets_back() {
    let table = DurableTable::open_capped(MemoryLog::default(), 0, 30_000).unwrap();
    let mut dedup = Dedup::new(table, Window::count(5_000).unwrap());
    let mut most = 0;
    for number in 1..=50_000_u32 {
        let position = Position::new(0, i64::from(number)).unwrap();
        assert_eq!(dedup.decide(id(number), position, 0).unwrap(), DedupDecision::First);
        if number % 500 == 0 {
            dedup.on_committed(&[position.next()]).unwrap();
            dedup.table().save(b"").unwrap();
            most = most.max(dedup.table().log().footprint().unwrap());
        }
    }
    assert!(dedup.table().cost().on_disk > 2_500);
    assert!(most < 6_000 * 50, "{most} bytes for 5,000 identities");
}

/// A state with everything that a state can have.
fn sealed() -> DurableTable<Seen, MemoryLog> {
    let mut table = DurableTable::open_capped(MemoryLog::default(), 4, 0).unwrap();
    for number in 0..20 {
        table.put(id(number), seen(number)).unwrap();
    }
    table.save(b"sealed").unwrap();
    table
}

#[test]
fn the_format_of_what_is_sealed_is_what_it_was() {
    let written = drawn(sealed().log());
    assert!(written == include_str!("format-3-sealed.txt"), "{written}");
    for golden in [include_str!("format-2-sealed.txt"), include_str!("format-3-sealed.txt")] {
        let mut table = DurableTable::<Seen, _>::open(log_of(golden), 4).unwrap();
        assert_eq!((table.damage(), table.progress(), table.len()), (None, Some(&b"sealed"[..]), 20));
        for number in 0..20 {
            assert_eq!(table.get(id(number)).unwrap(), Some(seen(number)));
        }
    }
}

#[test]
fn damage_to_a_bucket_leaves_the_older_ones() {
    let mut table = DurableTable::<Seen, _>::open_capped(MemoryLog::default(), 4, 0).unwrap();
    for number in 0..40 {
        table.put(id(number), seen(number)).unwrap();
    }
    table.save(b"40").unwrap();
    let whole = table.log().clone();
    let mut buckets = Vec::new();
    whole.scan_all(&mut |key, bytes| buckets.push((key, bytes.to_vec()))).unwrap();
    buckets.retain(|(key, _)| key.stream.kind == 18);
    assert!(buckets.len() > 2);
    for (which, (key, bytes)) in buckets.iter().enumerate() {
        let mut log = whole.clone();
        if which % 2 == 0 {
            let mut damaged = bytes.clone();
            damaged[50] ^= 1;
            log.append(&[(*key, damaged)]).unwrap();
        } else {
            log.remove(key.stream, key.sequence..key.sequence + 1).unwrap();
        }
        // Found while it is open, it is an error and no answer.
        let mut open = TableOptions::new().capped(0).salvage::<Seen, _>(log, 4).unwrap();
        assert_eq!(open.damage().unwrap().key, *key);
        assert_eq!((open.progress(), open.len()), (None, which as u64 * 7));
        for number in 0..40 {
            let kept = number < which as u32 * 7;
            assert_eq!(open.get(id(number)).unwrap(), kept.then(|| seen(number)), "{number} of {which}");
        }
        open.put(id(1_000), seen(1_000)).unwrap();
        open.save(b"on").unwrap();
        open.acknowledge().unwrap();
        let again = DurableTable::<Seen, _>::open(open.log().clone(), 4).unwrap();
        assert_eq!((again.damage(), again.len()), (None, which as u64 * 7 + 1));
    }
}

#[test]
fn a_list_of_buckets_that_is_damaged_leaves_nothing() {
    let mut log = sealed().log().clone();
    let key = Key { stream: Stream { space: 4, kind: 19 }, sequence: 0 };
    let mut list = Vec::new();
    log.get(key, &mut |bytes| list = bytes.to_vec()).unwrap();
    list[41] ^= 1;
    log.append(&[(key, list)]).unwrap();
    let mut table = DurableTable::<Seen, _>::salvage(log, 4).unwrap();
    assert_eq!(table.damage().unwrap().key, key);
    assert_eq!((table.progress(), table.len()), (None, 0));
    table.put(id(1), seen(1)).unwrap();
    table.save(b"on").unwrap();
    table.acknowledge().unwrap();
    let table = DurableTable::<Seen, _>::open(table.log().clone(), 4).unwrap();
    assert_eq!((table.damage(), table.len()), (None, 1));
}
