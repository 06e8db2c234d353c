//! A table in one piece: out of one engine, into another.

use offsets_core::reconcile::{Seen, Table as _, Winner};
use offsets_store::{DurableTable, Flaw, MemoryLog, SegmentLog, SledLog, StateCopyError};
use proptest::prelude::*;

use crate::{id, seen};

fn table(cap: usize, numbers: impl IntoIterator<Item = u32>) -> DurableTable<Seen, MemoryLog> {
    let mut table = DurableTable::open_capped(MemoryLog::default(), 3, cap).unwrap();
    for number in numbers {
        table.put(id(number % 1_000), seen(number)).unwrap();
    }
    table.save(b"read so far").unwrap();
    table
}

fn copy<L: SegmentLog>(table: &mut DurableTable<Seen, L>) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert_eq!(table.export(&mut bytes).unwrap(), table.len());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_holds_what_the_table_holds(
        numbers in prop::collection::vec(0_u32..3_000, 0..2_000),
        from in prop_oneof![Just(0_usize), Just(usize::MAX)],
        to in prop_oneof![Just(0_usize), Just(usize::MAX)],
    ) {
        let mut table = table(from, numbers);
        let bytes = copy(&mut table);
        let mut other = DurableTable::<Seen, _>::open_capped(MemoryLog::default(), 9, to).unwrap();
        prop_assert_eq!(other.import(&mut &bytes[..]).unwrap(), table.len());
        let mut other = DurableTable::<Seen, _>::open(other.log().clone(), 9).unwrap();
        prop_assert_eq!(other.progress(), table.progress());
        prop_assert_eq!(other.len(), table.len());
        for number in 0..1_000 {
            prop_assert_eq!(other.get(id(number)).unwrap(), table.get(id(number)).unwrap());
        }
    }
}

#[test]
fn a_copy_that_is_changed_or_cut_is_refused_and_leaves_nothing() {
    let bytes = copy(&mut table(2_000, 0..900));
    let refused = |bytes: &[u8]| {
        let mut other = DurableTable::<Seen, _>::open_capped(MemoryLog::default(), 3, 2_000).unwrap();
        let error = other.import(&mut &*bytes).unwrap_err();
        assert_eq!((other.len(), other.progress()), (0, None));
        assert_eq!(other.log().footprint().unwrap(), 0);
        error
    };
    for at in (0..bytes.len()).step_by(307).chain((0..100).step_by(3)).chain(bytes.len() - 80..bytes.len()) {
        let mut changed = bytes.clone();
        changed[at] ^= 4;
        refused(&changed);
        refused(&bytes[..at]);
    }
    assert!(matches!(refused(&[&bytes[..], b"x"].concat()), StateCopyError::Damaged { .. }));
    assert!(matches!(refused(b"something else entirely"), StateCopyError::NotACopy));
    let mut newer = bytes.clone();
    newer[15] = 2;
    assert!(matches!(refused(&newer), StateCopyError::Newer { found: 2 }));
    let cut = refused(&bytes[..bytes.len() - 1]);
    assert!(matches!(cut, StateCopyError::Damaged { flaw: Flaw::Short, .. }), "{cut:?}");
}

#[test]
fn a_copy_is_of_what_was_saved_and_goes_where_nothing_is() {
    let mut unsaved = table(0, 0..10);
    unsaved.put(id(1), seen(50)).unwrap();
    assert!(matches!(unsaved.export(&mut Vec::new()), Err(StateCopyError::Unsaved)));
    let bytes = copy(&mut table(0, 0..10));
    assert!(matches!(table(0, 0..1).import(&mut &bytes[..]), Err(StateCopyError::NotEmpty)));
    let mut winners = DurableTable::<Winner, _>::open(MemoryLog::default(), 3).unwrap();
    assert!(matches!(winners.import(&mut &bytes[..]), Err(StateCopyError::OtherValues)));

    let folder = tempfile::tempdir().unwrap();
    let mut in_sled = DurableTable::<Seen, _>::open(SledLog::open(folder.path()).unwrap(), 0).unwrap();
    in_sled.import(&mut &bytes[..]).unwrap();
    assert_eq!(copy(&mut in_sled).len(), bytes.len());
}

#[test]
fn the_format_of_a_copy_is_what_it_was() {
    let bytes = copy(&mut table(usize::MAX, 0..1));
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, include_str!("copy-1.txt").trim_end());
}
