//! The checkpoint history against a list that keeps every checkpoint.

use offsets_core::history::{CheckpointHistory, OffsetPair, PartitionCheckpoints};
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{GroupId, SourceOffset, TargetOffset, TopicPartition};

use crate::cases;

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

fn pair((upstream, downstream): (i64, i64)) -> OffsetPair {
    OffsetPair::new(up(upstream), down(downstream))
}

fn add(
    history: &mut CheckpointHistory,
    group: &str,
    topic: &str,
    (upstream, downstream): (i64, i64),
    at: i64,
) {
    let checkpoint = Checkpoint {
        group,
        topic,
        partition: 0,
        upstream: up(upstream),
        downstream: down(downstream),
        metadata: "m",
    };
    let (key, value) = checkpoint.encode();
    history.read(at, at, Some(&key), Some(&value)).unwrap();
}

fn history(pairs: &[(i64, i64)]) -> CheckpointHistory {
    let mut history = CheckpointHistory::default();
    for (at, &pair) in pairs.iter().enumerate() {
        add(&mut history, &format!("group-{}", at % 7), "src.orders", pair, at as i64);
    }
    history
}

fn of(history: &CheckpointHistory) -> PartitionCheckpoints<'_> {
    history.get(&TopicPartition::new("src.orders", 0)).unwrap()
}

#[test]
fn the_newest_checkpoint_of_a_group_is_kept_even_when_it_went_back() {
    let mut history = CheckpointHistory::default();
    add(&mut history, "app", "src.orders", (500, 400), 1_000);
    add(&mut history, "app", "src.orders", (200, 100), 2_000);
    add(&mut history, "app", "src.bills", (7, 7), 3_000);
    let last = of(&history).last(&GroupId::from("app")).unwrap();
    assert_eq!(
        (last.pair, last.as_of.as_millisecond(), last.metadata.as_str()),
        (pair((200, 100)), 2_000, "m")
    );
    assert_eq!(
        of(&history).floor(up(500), down(i64::MAX)),
        Some(pair((500, 400))),
        "what was true stays true"
    );
    assert_eq!(history.partitions(), ["src.bills", "src.orders"].map(|topic| TopicPartition::new(topic, 0)));
}

#[test]
fn a_checkpoint_that_cannot_be_true_takes_those_beyond_it_along() {
    let history = history(&[(10, 10), (60, 271), (100, 100)]);
    assert_eq!(of(&history).highest(), Some(down(271)));
    assert_eq!(of(&history).floor(up(150), down(271)), Some(pair((60, 271))));
    assert_eq!(of(&history).floor(up(150), down(200)), Some(pair((10, 10))));
}

#[test]
fn tombstones_and_unknown_versions() {
    let mut history = CheckpointHistory::default();
    history.read(3, 0, Some(b"key"), None).unwrap();
    assert!(history.partitions().is_empty());
    let key = b"\0\x01g\0\x01t\0\0\0\0";
    let error = history.read(4, 0, Some(key), Some(b"\0\x01abcdefghabcdefgh\0\0")).unwrap_err();
    assert_eq!(error.offset, 4);
    assert!(error.cause.to_string().contains("0 is the newest version known"), "{}", error.cause);
}

#[test]
fn a_timestamp_no_calendar_has_is_the_oldest_there_is() {
    let mut history = CheckpointHistory::default();
    let (key, value) = Checkpoint {
        group: "g",
        topic: "t",
        partition: 0,
        upstream: up(1),
        downstream: down(1),
        metadata: "",
    }
    .encode();
    history.read(0, i64::MAX, Some(&key), Some(&value)).unwrap();
    let partition = history.get(&TopicPartition::new("t", 0)).unwrap();
    assert_eq!(partition.groups()[0].1.as_of, jiff::Timestamp::UNIX_EPOCH);
}

mod properties {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// The highest pair at or below `g`, of those whose source offset lies below that of every pair above `ceiling`;
    /// of pairs alike the one that says most.
    fn plain(pairs: &[(i64, i64)], g: i64, ceiling: i64) -> Option<OffsetPair> {
        let too_high = pairs.iter().filter(|pair| pair.1 > ceiling);
        let limit = too_high.map(|pair| pair.0).min().unwrap_or(i64::MAX);
        let fitting = pairs.iter().filter(|pair| pair.0 <= g && (pair.0 < limit || limit == i64::MAX));
        fitting.copied().max_by_key(|pair| (pair.1, -pair.0)).map(pair)
    }

    /// Pairs that mostly rise together, from many groups at once, some far off.
    fn pairs() -> impl Strategy<Value = Vec<(i64, i64)>> {
        let near = (0..3_000_i64, -40..40_i64, 0..4_u8);
        let pair = near.prop_map(|(upstream, off, wild)| {
            (upstream, if wild == 0 { off + 1_000 } else { upstream + off })
        });
        prop_oneof![vec(pair.clone(), 1..60), vec(pair, 1_000..4_000)].prop_map(|pairs| {
            pairs.into_iter().map(|(upstream, downstream)| (upstream, downstream.max(0))).collect()
        })
    }

    proptest! {
        #![proptest_config(cases::up_to(60))]

        #[test]
        fn floors_are_those_of_a_list(pairs in pairs(), queries in vec((0..3_100_i64, 0..3_100_i64), 20)) {
            let history = history(&pairs);
            let again: CheckpointHistory =
                serde_json::from_str(&serde_json::to_string(&history).unwrap()).unwrap();
            prop_assert_eq!(of(&history).highest().map(|at| at.get()), pairs.iter().map(|pair| pair.1).max());
            prop_assert_eq!(of(&again).highest(), of(&history).highest());
            for (g, ceiling) in queries {
                for ceiling in [ceiling, i64::MAX] {
                    let expected = plain(&pairs, g, ceiling);
                    prop_assert_eq!(of(&history).floor(up(g), down(ceiling)), expected);
                    prop_assert_eq!(of(&again).floor(up(g), down(ceiling)), expected, "after a dump");
                }
            }
            prop_assert_eq!(of(&again).groups(), of(&history).groups());
        }
    }
}
