use offsets_core::model::{TargetOffset, TopicPartition};
use offsets_core::translate::SeedPart;
use offsets_reconcile::{MemoryTable, ReadBefore, Reread, SeedWindow, Table as _};
use proptest::prelude::*;

use crate::cases::up_to;
use crate::{at, id};

#[test]
fn a_window_of_a_seed_is_opened_on_an_input() {
    let offset = |offset| TargetOffset::new(offset).unwrap();
    let part = SeedPart {
        partition: TopicPartition::new("src.orders", 0),
        from: offset(100),
        until: Some(offset(104)),
        read: vec![id(1), id(1)],
        left_out: 2,
        assumptions: Vec::new(),
    };
    let mut reread = Reread::new(MemoryTable::<ReadBefore>::default());
    reread.preload_part(3, &part).unwrap();
    assert_eq!(
        reread.windows(),
        [SeedWindow { input: 3, from: 100, until: Some(104), missing: 2, reached: 100 }]
    );
    let again: Vec<_> = (100..104).map(|offset| reread.is_reread(id(1), at(3, offset)).unwrap()).collect();
    assert_eq!(again, [true, true, false, false], "two were read");
}

#[test]
fn what_was_read_is_dropped_and_the_window_closes_behind_it() {
    let mut seeded = Reread::new(MemoryTable::<ReadBefore>::default());
    seeded.preload(at(0, 100), Some(104), [id(1), id(2)]).unwrap();
    let mut passes = |number, offset| !seeded.is_reread(id(number), at(0, offset)).unwrap();
    assert!(!passes(1, 100));
    assert!(passes(3, 101), "it was never read");
    assert!(!passes(2, 102));
    assert!(passes(2, 103), "it was read once and dropped once");
    assert!(passes(1, 104), "nothing from HIGH on was read before");
    seeded.on_committed(&[at(0, 104)]).unwrap();
    assert!(seeded.windows().is_empty());
    assert!(seeded.table().is_empty());
}

#[test]
fn a_window_without_an_end_closes_when_everything_has_come() {
    let mut seeded = Reread::new(MemoryTable::<ReadBefore>::default());
    seeded.preload(at(0, 0), None, [id(1)]).unwrap();
    seeded.preload(at(1, 0), None, [id(1)]).unwrap();
    assert!(seeded.is_reread(id(1), at(0, 7)).unwrap());
    seeded.on_committed(&[at(0, 8)]).unwrap();
    assert_eq!(seeded.windows(), [SeedWindow { input: 1, from: 0, until: None, missing: 1, reached: 0 }]);
    assert!(seeded.is_reread(id(1), at(1, 9)).unwrap(), "the seed of another input is its own");
    seeded.on_committed(&[at(0, 8), at(1, 10)]).unwrap();
    assert!(seeded.table().is_empty());
}

proptest! {
    #![proptest_config(up_to(4_000))]

    /// A group that reads a log up to somewhere, moves back and reads on sees every record once: look-alikes, crashes and
    /// all.
    #[test]
    fn nothing_is_lost_and_nothing_doubled(
        log in prop::collection::vec(0_u8..5, 0..40),
        read in 0.0..=1.0_f64,
        back in 0.0..=1.0_f64,
        high in 0_usize..4,
        crashes in prop::collection::vec((1_usize..10, any::<bool>()), 0..12),
    ) {
        let read = (log.len() as f64 * read) as usize;
        let target = (read as f64 * back) as usize;
        let mut seeded = Reread::new(MemoryTable::<ReadBefore>::default());
        let until = high.checked_sub(1).map(|beyond| (read + beyond) as i64);
        seeded.preload(at(0, target as i64), until, log[target..read].iter().map(|&number| id(number))).unwrap();
        let mut disk = seeded.clone();
        let mut passed = vec![None; log.len()];
        let (mut next, mut committed) = (target, target);
        for (many, crash) in crashes.into_iter().chain([(log.len(), false)]) {
            for _ in 0..many.min(log.len() - next) {
                let again = seeded.is_reread(id(log[next]), at(0, next as i64)).unwrap();
                prop_assert!(passed[next].is_none_or(|before| before != again), "another answer at {next}");
                passed[next] = Some(!again);
                next += 1;
            }
            // What was decided is saved before it is put out; the crash is in between or behind.
            disk = seeded.clone();
            if crash {
                seeded = disk.clone();
                next = committed;
            } else {
                committed = next;
                seeded.on_committed(&[at(0, next as i64)]).unwrap();
            }
        }
        drop(disk);
        // As many of each identity as the group had not read.
        for number in 0..5 {
            let unread = log[read..].iter().filter(|&&other| other == number).count();
            let out = (target..log.len()).filter(|&place| log[place] == number && passed[place] == Some(true)).count();
            prop_assert_eq!(unread, out, "of {}", number);
        }
        prop_assert!(until.is_some_and(|until| until > log.len() as i64) || seeded.table().is_empty());
    }
}
