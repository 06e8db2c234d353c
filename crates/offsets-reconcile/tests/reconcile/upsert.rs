use std::collections::BTreeMap;

use offsets_core::evidence::Fingerprint;
use offsets_reconcile::{
    Decision, KeyedRecord, Loss, MemoryTable, Operator as _, Position, Rank, Reason, Region, Table as _,
    Upsert, UpsertRules, Version, Winner,
};
use proptest::prelude::*;

use crate::cases::up_to;
use crate::{at, id};

type Memory = Upsert<MemoryTable<Winner>>;

#[derive(Debug, Clone, Copy)]
struct Write {
    key: u8,
    version: u8,
    region: u8,
    content: Option<u8>,
}

fn rank(write: Write) -> Rank {
    let content = Fingerprint::of(Some(&[write.key]), write.content.as_ref().map(std::slice::from_ref));
    let version = Version::read(&write.version.to_string()).unwrap();
    Rank { version, region: Region(write.region), content }
}

fn keyed(write: Write, position: Position) -> KeyedRecord {
    KeyedRecord {
        identity: id(write.key),
        rank: Some(rank(write)),
        position,
        timestamp_ms: Some(i64::from(write.version)),
        tombstone: write.content.is_none(),
    }
}

/// A write that is the value of its key.
pub(crate) fn winner(version: u8, position: Position) -> Winner {
    let write = Write { key: 0, version, region: 0, content: None };
    Winner { rank: rank(write), position, deleted_ms: None }
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let write = (0_u8..4, 0_u8..5, 0_u8..2, prop::option::of(0_u8..3));
    let write = write.prop_map(|(key, version, region, content)| Write { key, version, region, content });
    prop::collection::vec(write, 0..30)
}

fn state(upsert: &mut Memory) -> BTreeMap<u8, Rank> {
    (0..4).filter_map(|key| Some((key, upsert.table().get(id(key)).unwrap()?.rank))).collect()
}

#[test]
fn a_late_write_loses_and_the_ledger_says_to_which_and_why() {
    let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
    let write = |version, region, content| Write { key: 1, version, region, content: Some(content) };
    let mut judge = |write, position| upsert.process(&keyed(write, position)).unwrap();
    assert_eq!(judge(write(5, 0, 1), at(0, 0)), Decision::Emit { over: None });
    let Decision::Suppress(Loss { loser, winner, reason }) = judge(write(4, 1, 2), at(1, 0)) else {
        panic!()
    };
    assert_eq!((loser.position, winner.unwrap().position, reason), (at(1, 0), at(0, 0), Reason::Version));
    let Decision::Suppress(Loss { reason, .. }) = judge(write(5, 1, 2), at(1, 1)) else { panic!() };
    assert_eq!(reason, Reason::Region);
    let Decision::Suppress(Loss { reason, .. }) = judge(write(5, 0, 1), at(1, 2)) else { panic!() };
    assert_eq!(reason, Reason::Repeat);
    let Decision::Tie(Loss { reason, .. }) = judge(write(5, 0, 2), at(1, 3)) else { panic!() };
    assert_eq!(reason, Reason::Content);
    let Decision::Emit { over: Some(Loss { loser, winner, reason }) } = judge(write(6, 1, 3), at(1, 4))
    else {
        panic!()
    };
    assert_eq!((loser.position, winner.unwrap().position, reason), (at(0, 0), at(1, 4), Reason::Version));
}

#[test]
fn a_tombstone_is_remembered_until_its_horizon() {
    let rules = UpsertRules { tombstone_retention_ms: Some(160) };
    let mut upsert = Upsert::new(MemoryTable::default(), rules);
    let write = |version, content| Write { key: 1, version, region: 0, content };
    let mut judge = |write, offset, time| {
        let keyed = KeyedRecord { timestamp_ms: Some(time), ..keyed(write, at(0, offset)) };
        let outcome = upsert.process(&keyed).unwrap();
        upsert.on_committed(&[at(0, offset + 1)]).unwrap();
        matches!(outcome, Decision::Emit { .. })
    };
    assert!(judge(write(5, None), 0, 1_000));
    assert!(!judge(write(4, Some(1)), 1, 1_160), "it was deleted later");
    assert!(judge(Write { key: 2, ..write(1, Some(1)) }, 2, 1_170));
    assert!(judge(write(4, Some(1)), 3, 1_171), "the tombstone is past its horizon");
}

/// It was taken for one of 1970, and forgotten at once: a late write brought the key back.
#[test]
fn a_tombstone_without_a_time_is_remembered_for_ever() {
    let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules { tombstone_retention_ms: Some(160) });
    let write = |key, version, content| Write { key, version, region: 0, content };
    let mut judge = |write, offset, timestamp_ms| {
        let keyed = KeyedRecord { timestamp_ms, ..keyed(write, at(0, offset)) };
        let outcome = upsert.process(&keyed).unwrap();
        upsert.on_committed(&[at(0, offset + 1)]).unwrap();
        matches!(outcome, Decision::Emit { .. })
    };
    assert!(judge(write(1, 5, None), 0, None));
    assert!(judge(write(2, 1, Some(1)), 1, Some(1_000_000)));
    assert!(!judge(write(1, 4, Some(1)), 2, Some(1_000_001)));
}

proptest! {
    #![proptest_config(up_to(3_000))]

    /// Two regions that saw the same writes in any order, however often, hold the same value.
    #[test]
    fn no_order_and_no_repetition_changes_the_value(
        writes in writes(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let mut here = Upsert::new(MemoryTable::default(), UpsertRules::default());
        for (offset, write) in writes.iter().enumerate() {
            here.process_by_content(&keyed(*write, at(0, offset as i64))).unwrap();
        }
        let mut there = Upsert::new(MemoryTable::default(), UpsertRules::default());
        let some = order.iter().filter_map(|index| writes.get(index.index(writes.len().max(1))));
        for (offset, write) in some.chain(writes.iter().rev()).enumerate() {
            there.process_by_content(&keyed(*write, at(1, offset as i64))).unwrap();
        }
        prop_assert_eq!(state(&mut here), state(&mut there));
        // And it is the greatest of each key.
        for (key, winner) in state(&mut here) {
            prop_assert_eq!(Some(winner), writes.iter().filter(|write| write.key == key).map(|write| rank(*write)).max());
        }
    }

    /// Each record that came in is either the value of its key or the loser of exactly one entry of the ledger; through
    /// crashes too, where what was saved is answered again as it was.
    #[test]
    fn the_ledger_and_the_winners_account_for_every_record(
        writes in writes(),
        crashes in prop::collection::vec((1_usize..8, any::<bool>(), any::<bool>()), 0..10),
    ) {
        let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
        let mut ledger: BTreeMap<u64, Reason> = BTreeMap::new();
        let mut outcomes: BTreeMap<usize, Decision> = BTreeMap::new();
        let (mut next, mut committed) = (0, 0);
        for (many, save, crash) in crashes.into_iter().chain([(writes.len(), true, false)]) {
            let before = upsert.clone();
            let first = next;
            for _ in 0..many.min(writes.len() - next) {
                let outcome = upsert.process_by_content(&keyed(writes[next], at(0, next as i64))).unwrap();
                prop_assert_eq!(*outcomes.entry(next).or_insert(outcome), outcome, "another answer at {}", next);
                next += 1;
            }
            match (save, crash) {
                (_, false) => {
                    committed = next;
                    upsert.on_committed(&[at(0, next as i64)]).unwrap();
                }
                // It was saved, and the process ended before the positions were committed.
                (true, true) => next = committed,
                // It ended before that: nothing was put out, so nothing holds it to its answers.
                (false, true) => {
                    upsert = before;
                    outcomes.retain(|&place, _| place < first);
                    next = committed;
                }
            }
        }
        for outcome in outcomes.values() {
            if let Decision::Emit { over: Some(loss) } | Decision::Suppress(loss) = outcome {
                let twice = ledger.insert(loss.loser.position.to_bits(), loss.reason);
                prop_assert!(twice.is_none(), "{:?} loses twice", loss.loser);
            }
        }
        let winners: Vec<_> = (0..4).filter_map(|key| upsert.table().get(id(key)).unwrap()).map(|winner| winner.position.to_bits()).collect();
        for place in 0..writes.len() {
            let position = at(0, place as i64).to_bits();
            prop_assert_ne!(winners.contains(&position), ledger.contains_key(&position), "record {}", place);
        }
        prop_assert_eq!(upsert.table().len(), winners.len() as u64);
    }
}
