use offsets_core::history::SyncHistory;
use offsets_core::model::TopicPartition;
use proptest::prelude::*;

use crate::story::{SharedLog, at, link, pair, sync};

/// Pairs that rise by equal steps or by any, and now and then fall.
fn pairs() -> impl Strategy<Value = Vec<(i32, (i64, i64))>> {
    let pair = prop_oneof![
        4 => (1..40_i64).prop_map(|n| (n * 101, n * 101)),
        1 => (0..1_i64 << 40, 0..1_i64 << 40),
    ];
    prop::collection::vec((0..6, pair), 0..1_500)
}

fn written(syncs: &SyncHistory) -> serde_json::Value {
    serde_json::to_value(syncs).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_recalled_of_some_partitions_is_what_was_recorded_and_what_all_would_say_of_them(
        pairs in pairs(),
        wanted in prop::collection::btree_set(0..8, 0..8),
        damaged in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (log, mut recorded) = (SharedLog::default(), SyncHistory::new(link().exactly_once));
        let mut archive = log.archive();
        let mut recorder = archive.record(&link()).unwrap();
        for (offset, &(partition, offsets)) in (0..).zip(&pairs) {
            // Over days, so that there are several segments.
            sync(&mut recorder, offset, partition, offsets, at(offset * 600));
            recorded.add("orders", partition, pair(offsets.0, offsets.1));
        }
        recorder.save().unwrap();
        let segments = log.segments(3);
        if let Some(damaged) = damaged.filter(|_| !segments.is_empty()) {
            let (key, mut bytes) = segments[damaged.index(segments.len())].clone();
            bytes[40] ^= 1;
            offsets_store::SegmentLog::append(&mut log.clone(), &[(key, bytes)]).unwrap();
        }
        let is_wanted = |partition: &TopicPartition| wanted.contains(&partition.partition);
        let (mut whole, mut selective) = (log.archive(), log.archive());
        let all = whole.load(&link()).unwrap().syncs;
        let some = selective.load_with_syncs_of(&link(), &is_wanted).unwrap().syncs;
        let mut filtered = SyncHistory::new(link().exactly_once);
        for partition in all.partitions().into_iter().filter(is_wanted) {
            filtered.insert(partition.clone(), all.get(&partition).unwrap().clone());
        }
        prop_assert_eq!(written(&some), written(&filtered));
        if whole.damages().is_empty() {
            prop_assert_eq!(written(&all), written(&recorded));
        }
        prop_assert_eq!(selective.damages(), whole.damages());
    }
}
