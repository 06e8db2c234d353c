//! The sync history against a list that keeps every sync, and what it holds, written down and read again.

use offsets_core::history::{Beginning, OffsetPair, PartitionHistory, SyncHistory};
use offsets_core::mm2::OffsetSync;
use offsets_core::model::{LogRange, SourceOffset, TargetOffset, TopicPartition};

use crate::cases;

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

fn sync((upstream, downstream): (i64, i64)) -> OffsetPair {
    OffsetPair::new(up(upstream), down(downstream))
}

fn history(syncs: &[(i64, i64)]) -> PartitionHistory {
    let (first, rest) = syncs.split_first().unwrap();
    let mut history = PartitionHistory::starting_with(sync(*first), false);
    rest.iter().for_each(|next| history.push(sync(*next)));
    history
}

/// Every sync there is, cut where an offset falls.
struct Plain {
    epochs: Vec<Vec<OffsetPair>>,
}

impl Plain {
    fn of(syncs: &[(i64, i64)]) -> Self {
        let mut epochs: Vec<Vec<OffsetPair>> = Vec::new();
        for next in syncs.iter().copied().map(sync) {
            match epochs.last().and_then(|epoch| epoch.last()).copied() {
                Some(last) if last == next => {}
                Some(last) if next.downstream <= last.downstream => epochs = vec![vec![next]],
                Some(last) if next.upstream > last.upstream => epochs.last_mut().unwrap().push(next),
                _ => epochs.push(vec![next]),
            }
        }
        Self { epochs }
    }

    /// The floor, and the number of its epoch, where nothing after `settled` may be used.
    fn floor(&self, g: SourceOffset, settled: Option<OffsetPair>) -> Option<(usize, OffsetPair)> {
        let usable = |sync: &&OffsetPair| {
            sync.upstream <= g && settled.is_none_or(|settled| sync.downstream <= settled.downstream)
        };
        let newest = |(at, epoch): (usize, &Vec<OffsetPair>)| Some((at, *epoch.iter().rfind(usable)?));
        self.epochs.iter().enumerate().rev().find_map(newest)
    }

    fn ceiling(&self, g: SourceOffset, from: usize) -> Option<OffsetPair> {
        self.epochs[from..].iter().flatten().find(|sync| sync.upstream >= g).copied()
    }
}

#[test]
fn an_epoch_ends_where_an_offset_falls() {
    let history = history(&[(0, 0), (101, 101), (50, 220), (151, 321), (300, 5), (401, 106)]);
    let epochs: Vec<_> =
        history.epochs().map(|epoch| (epoch.beginning(), epoch.first(), epoch.last(), epoch.len())).collect();
    let expected = [
        (Beginning::Oldest, sync((0, 0)), sync((101, 101)), 2),
        (Beginning::SourceRewind, sync((50, 220)), sync((151, 321)), 2),
        (Beginning::TargetRestart, sync((300, 5)), sync((401, 106)), 2),
    ];
    assert_eq!(epochs, expected);
    assert_eq!(history.highest(), up(401), "what an older target held does not count");
    assert_eq!(history.len(), 6);
}

#[test]
fn steps_of_more_than_four_bytes_are_kept_exactly() {
    let far = i64::from(u32::MAX);
    let syncs = [(0, 0), (far, far - 1), (2 * far + 2, far), (1 << 62, 1 << 40), (i64::MAX, i64::MAX)];
    let history = history(&syncs);
    assert_eq!(history.iter().collect::<Vec<_>>(), syncs.map(sync));
    assert_eq!(history.neighbours(up(1 << 62)).floor, Some(sync((1 << 62, 1 << 40))));
    assert_eq!(history.neighbours(up(i64::MAX)).ceiling, Some(sync((i64::MAX, i64::MAX))));
}

#[test]
fn a_sync_that_comes_again_says_nothing_new() {
    let history = history(&[(100, 100), (100, 100), (201, 201), (201, 201)]);
    assert_eq!(history.len(), 2);
    assert_eq!(history.epochs().count(), 1);
}

#[test]
fn offsets_that_fall_without_end_are_tangled_and_stay_so_in_a_dump() {
    let mut read = SyncHistory::new(false);
    for turn in 0..3_000 {
        read.add("orders", 0, sync((turn % 2 * 100, turn)));
    }
    let partition = TopicPartition::new("orders", 0);
    let log = LogRange { start: down(0), end: down(10_000) };
    let contradiction =
        |history: &SyncHistory| history.get(&partition).unwrap().contradiction(up(7), None, log);
    assert!(format!("{:?}", contradiction(&read)).contains("MultipleWriters"), "{:?}", contradiction(&read));
    let again: SyncHistory = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(contradiction(&again), contradiction(&read));
}

#[test]
fn a_partition_that_stands_twice_in_a_dump_is_refused() {
    let twice = r#"{"markersOnTarget":false,"partitions":[
        {"topic":"orders","partition":0,"syncs":[[1,1]]},{"topic":"orders","partition":0,"syncs":[[2,2]]}]}"#;
    let error = serde_json::from_str::<SyncHistory>(twice).unwrap_err();
    assert!(error.to_string().contains("the syncs of orders-0 stand there twice"), "{error}");
}

#[test]
fn tombstones_say_nothing_and_other_bytes_are_named_by_their_offset() {
    let mut history = SyncHistory::default();
    history.read(7, Some(b"\0\x01t\0\0\0\0"), None).unwrap();
    assert!(history.is_empty());
    let error = history.read(8, Some(b"\0\x01t\0\0\0\0"), Some(b"short")).unwrap_err();
    assert_eq!(error.offset, 8);
    assert!(history.partitions().is_empty());
}

mod properties {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// A rise: mostly even steps, some uneven, few too far for four bytes.
    fn step() -> impl Strategy<Value = (i64, i64)> {
        prop_oneof![
            12 => Just((101, 101)),
            6 => (1..200_i64, 0..8_i64).prop_map(|(step, holes)| (step, (step - holes).max(1))),
            2 => (1..50_i64).prop_map(|step| (step, step)),
            1 => (1..50_i64, 1..50_i64),
            1 => (1..1_i64 << 34, 1..1_i64 << 34),
        ]
    }

    /// Rises, in runs of equal ones, and now and then a fall of the source or the target offset.
    fn syncs(falls: bool) -> impl Strategy<Value = Vec<(i64, i64)>> {
        let rise = (step(), prop_oneof![4 => 1..6_usize, 1 => 100..300_usize])
            .prop_map(|(step, times)| (step, times));
        let fall = prop_oneof![
            6 => (-400..0_i64, 1..600_i64),
            1 => (-400..400_i64, -600..0_i64),
        ]
        .prop_map(|step| (step, 1));
        let resets = if falls { prop_oneof![5 => rise, 1 => fall].boxed() } else { rise.boxed() };
        (0..1_000_i64, 0..1_000_i64, vec(resets, 0..25)).prop_map(|(upstream, downstream, resets)| {
            let mut at = (upstream, downstream);
            let mut syncs = vec![at];
            for ((up, down), times) in resets {
                for _ in 0..times {
                    at = ((at.0 + up).max(0), (at.1 + down).max(0));
                    syncs.push(at);
                }
            }
            syncs
        })
    }

    /// Every offset near a sync, and the ends of the scale.
    fn queries(syncs: &[(i64, i64)]) -> impl Iterator<Item = SourceOffset> + '_ {
        let near =
            syncs.iter().flat_map(|&(upstream, _)| [upstream - 1, upstream, upstream + 1, upstream + 50]);
        near.chain([0, i64::MAX]).filter_map(|offset| SourceOffset::new(offset).ok())
    }

    fn agrees(syncs: &[(i64, i64)]) -> Result<(), TestCaseError> {
        let (history, plain) = (history(syncs), Plain::of(syncs));
        prop_assert!(history.iter().collect::<Vec<_>>().ends_with(&plain.epochs.concat()));
        for g in queries(syncs) {
            let found = history.neighbours(g);
            let floor = plain.floor(g, found.replay_after);
            prop_assert_eq!(found.floor, floor.map(|(_, floor)| floor), "floor of {:?}", g);
            let met = floor.map(|(_, floor)| floor).filter(|floor| floor.upstream == g);
            let ceiling = met.or_else(|| plain.ceiling(g, floor.map_or(0, |(at, _)| at)));
            prop_assert_eq!(found.ceiling, ceiling, "ceiling of {:?}", g);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(cases::up_to(120))]

        #[test]
        fn rising_syncs_are_found_as_in_a_list(syncs in syncs(false)) {
            agrees(&syncs)?;
            let plain = Plain::of(&syncs);
            prop_assert_eq!(history(&syncs).len(), plain.epochs[0].len());
            prop_assert_eq!(plain.epochs.len(), 1);
        }

        #[test]
        fn syncs_that_fall_are_found_as_in_a_list(syncs in syncs(true)) {
            agrees(&syncs)?;
        }

        #[test]
        fn a_history_written_down_and_read_again_is_the_same(syncs in syncs(true), markers in any::<bool>()) {
            let mut read = SyncHistory::new(markers);
            for (at, &(upstream, downstream)) in syncs.iter().enumerate() {
                let partition = at as i32 % 3;
                let sync = OffsetSync { topic: "a.b", partition, upstream: up(upstream), downstream: down(downstream) };
                let (key, value) = sync.encode();
                read.read(at as i64, Some(&key), Some(&value)).unwrap();
            }
            let again: SyncHistory = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
            prop_assert_eq!(again.partitions(), read.partitions());
            prop_assert_eq!(again.len(), read.len());
            for partition in read.partitions() {
                let (first, second) = (read.get(&partition).unwrap(), again.get(&partition).unwrap());
                prop_assert!(first.iter().eq(second.iter()));
                for g in queries(&syncs) {
                    prop_assert_eq!(first.neighbours(g), second.neighbours(g));
                    prop_assert_eq!(first.last_copy(g, down(0)), second.last_copy(g, down(0)));
                }
            }
        }

        #[test]
        fn no_offsets_make_a_history_panic(
            syncs in vec((0..=i64::MAX, 0..=i64::MAX), 1..40),
            near in vec((0..200_i64, 0..200_i64), 1..40),
            g in 0..=i64::MAX,
            ends in (0..=i64::MAX, 0..=i64::MAX),
        ) {
            let near = near.iter().map(|(upstream, downstream)| (i64::MAX - upstream, i64::MAX - downstream));
            let history = history(&syncs.into_iter().chain(near).collect::<Vec<_>>());
            for g in [g, 0, i64::MAX - 7, i64::MAX].map(up) {
                let found = history.neighbours(g);
                prop_assert!(found.floor.is_none_or(|floor| floor.upstream <= g));
                prop_assert!(found.ceiling.is_none_or(|ceiling| ceiling.upstream >= g));
                prop_assert!(history.last_copy(g, down(ends.1)).is_none_or(|copy| copy.upstream >= g));
                let source = LogRange { start: up(0), end: up(ends.0) };
                let target = LogRange { start: down(0), end: down(ends.1) };
                history.contradiction(g, Some(source), target);
                history.oldest_floor(g);
            }
        }
    }
}
