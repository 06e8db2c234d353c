use std::convert::Infallible;

use jiff::Timestamp;
use offsets_core::model::{GroupId, TargetOffset, TopicPartition};
use offsets_core::translate::{Seed, SeedLink, SeedPart};
use offsets_reconcile::{Decision, KeyedRecord, MemoryTable, Operator, ReadBefore, ReplayFilter, Reread};
use proptest::prelude::*;

use crate::cases::up_to;
use crate::{at, id};

fn orders(partition: i32) -> TopicPartition {
    TopicPartition::new("src.orders", partition)
}

fn part(partition: i32, from: i64, until: Option<i64>, read: &[u8]) -> SeedPart {
    SeedPart {
        partition: orders(partition),
        from: TargetOffset::new(from).unwrap(),
        until: until.map(|until| TargetOffset::new(until).unwrap()),
        read: read.iter().map(|&number| id(number)).collect(),
        left_out: 0,
        assumptions: Vec::new(),
    }
}

fn seed(windows: Vec<SeedPart>) -> Seed {
    let link = SeedLink { source: "src".into(), target: "dst".into() };
    let mut seed = Seed::new(Timestamp::UNIX_EPOCH, link, GroupId::from("app"));
    seed.windows = windows;
    seed
}

fn is_dropped<O: Operator<Error = Infallible>>(operator: &mut O, number: u8, offset: i64) -> bool {
    let (identity, position) = (id(number), at(0, offset));
    let Ok(outcome) = operator.process(&KeyedRecord {
        identity,
        rank: None,
        position,
        timestamp_ms: Some(0),
        tombstone: false,
    });
    matches!(outcome, Decision::Suppress(loss) if loss.winner.is_none() && loss.loser.position == position)
}

#[test]
fn only_what_was_read_is_dropped_and_only_inside_its_window() {
    let mut filter =
        ReplayFilter::of(&seed(vec![part(0, 100, Some(104), &[1, 1, 2]), part(1, 7, None, &[1])]));
    let mut dropped =
        |partition, number, offset| is_dropped(&mut filter.at(&orders(partition), offset), number, offset);
    assert!(!dropped(0, 1, 99), "below the window");
    assert!(!dropped(0, 1, 104), "nothing from its end on was read before");
    assert!(!dropped(0, 3, 100), "it was never read");
    assert!(!dropped(2, 1, 100), "a partition without a window");
    assert!(dropped(0, 1, 103), "first, though it is not the lowest offset");
    assert!(dropped(0, 1, 101));
    assert!(!dropped(0, 1, 102), "it was read twice and dropped twice");
    assert!(dropped(0, 1, 103) && dropped(0, 1, 101), "the same record again");
    assert!(!dropped(0, 1, 102), "and the same answer");
    assert!(dropped(1, 1, 1_000), "the seed of another partition is its own");
    let windows: Vec<_> = filter.windows().map(|(_, window)| (window.missing, window.below)).collect();
    assert_eq!(windows, [(1, 1), (0, 0)]);
}

proptest! {
    #![proptest_config(up_to(4_000))]

    /// In the order of the offsets it answers as the operator of a stream does.
    #[test]
    fn in_order_it_is_what_a_stream_would_do(
        log in prop::collection::vec(0_u8..5, 0..40),
        read in prop::collection::vec(0_u8..5, 0..20),
        from in 0_i64..30,
        until in prop::option::of(0_i64..40),
    ) {
        let until = until.map(|until| until.max(from));
        let part = part(0, from, until, &read);
        let mut filter = ReplayFilter::of(&seed(vec![part.clone()]));
        let mut seeded = Reread::new(MemoryTable::<ReadBefore>::default());
        seeded.preload_part(0, &part).unwrap();
        for (offset, number) in (0_i64..).zip(log) {
            prop_assert_eq!(
                is_dropped(&mut filter.at(&orders(0), offset), number, offset),
                is_dropped(&mut seeded, number, offset),
                "of {} at {}", number, offset
            );
        }
    }

    /// Whatever the order, and however often a record is there: of each identity as many records pass as in order, and one that
    /// passed once always passes.
    #[test]
    fn no_order_makes_it_drop_more(
        (log, order) in prop::collection::vec(0_u8..5, 1..30).prop_flat_map(|log| {
            let places = 0..log.len();
            (Just(log), prop::collection::vec(places, 0..90))
        }),
        read in prop::collection::vec(0_u8..5, 0..20),
    ) {
        let mut filter = ReplayFilter::of(&seed(vec![part(0, 3, Some(25), &read)]));
        let mut answers = vec![None; log.len()];
        for place in order.into_iter().chain(0..log.len()) {
            let dropped = is_dropped(&mut filter.at(&orders(0), place as i64), log[place], place as i64);
            prop_assert!(answers[place].is_none_or(|before| before == dropped), "another answer at {place}");
            answers[place] = Some(dropped);
        }
        for number in 0..5 {
            let of = |place: &usize| log[*place] == number;
            let inside = (3..25.min(log.len())).filter(of).count();
            let sown = read.iter().filter(|&&other| other == number).count();
            let dropped = (0..log.len()).filter(of).filter(|&place| answers[place] == Some(true)).count();
            prop_assert_eq!(dropped, inside.min(sown), "of {}", number);
        }
    }
}
