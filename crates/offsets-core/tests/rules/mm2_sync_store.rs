//! MM2's 64-slot rule: its own golden vectors, its invariants, and a model that keeps every slot.

use offsets_core::mm2::{MirrorSyncStore, Mm2Translation};
use offsets_core::model::{SourceOffset, TargetOffset};
use proptest::prelude::*;

fn source(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).expect("not negative")
}

fn target(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).expect("not negative")
}

fn at(offset: i64) -> Mm2Translation {
    Mm2Translation::At(target(offset))
}

fn update(store: &mut MirrorSyncStore, upstream: i64, downstream: i64) {
    store.update(source(upstream), target(downstream));
}

fn translate(store: &MirrorSyncStore, committed: i64) -> Mm2Translation {
    store.translate(source(committed))
}

fn upstreams(store: &MirrorSyncStore) -> Vec<i64> {
    store.syncs().map(|(upstream, _)| upstream.get()).collect()
}

/// Syncs `range` with equal offsets on both sides, ten apart.
fn stream(store: &mut MirrorSyncStore, range: std::ops::RangeInclusive<i64>) {
    range.step_by(10).for_each(|offset| update(store, offset, offset));
}

#[test]
fn without_syncs_nothing_is_translated() {
    assert_eq!(translate(&MirrorSyncStore::default(), 0), Mm2Translation::NoSyncs);
}

#[test]
fn between_syncs_a_group_goes_one_past_the_lower_one() {
    let mut store = MirrorSyncStore::default();
    update(&mut store, 100, 200);
    assert_eq!(translate(&store, 150), at(201));
    update(&mut store, 150, 251);
    assert_eq!(translate(&store, 150), at(251));
    assert_eq!(translate(&store, 5), Mm2Translation::TooOld);
}

#[test]
fn a_target_that_goes_back_is_not_noticed() {
    let mut store = MirrorSyncStore::default();
    update(&mut store, 100, 200);
    update(&mut store, 150, 251);
    update(&mut store, 200, 10);
    assert_eq!(translate(&store, 200), at(10));
    assert_eq!(translate(&store, 199), at(252));
}

#[test]
fn a_source_that_goes_back_erases_everything() {
    let mut store = MirrorSyncStore::default();
    update(&mut store, 200, 10);
    update(&mut store, 20, 20);
    assert_eq!(translate(&store, 20), at(20));
    assert_eq!(upstreams(&store), [20]);
}

#[test]
fn a_full_load_keeps_what_mm2s_own_test_expects() {
    let mut store = MirrorSyncStore::default();
    stream(&mut store, 0..=1000);
    assert_eq!(upstreams(&store), [1000, 990, 960, 900, 840, 720, 480, 0]);
    update(&mut store, 1000, 1000);
    stream(&mut store, 1010..=10_000);
    assert_eq!(upstreams(&store), [10_000, 9_990, 9_960, 9_900, 9_840, 9_600, 9_120, 8_640, 7_680, 3_840, 0]);
    update(&mut store, 1500, 11_000);
    assert_eq!(translate(&store, 1499), Mm2Translation::TooOld);
    assert_eq!(translate(&store, 1500), at(11_000));
    assert_eq!(translate(&store, 2000), at(11_001));
}

#[test]
fn a_load_without_checkpoints_keeps_what_mm2s_own_test_expects() {
    let mut store = MirrorSyncStore::default();
    (0..=1000).step_by(10).for_each(|offset| store.reset_to(source(offset), target(offset)));
    assert_eq!(upstreams(&store), [1000]);
    stream(&mut store, 1010..=10_000);
    assert_eq!(
        upstreams(&store),
        [10_000, 9_990, 9_970, 9_940, 9_880, 9_640, 9_160, 8_680, 6_760, 4_840, 1_000]
    );
    assert_eq!(translate(&store, 999), Mm2Translation::TooOld);
    for (newer, older) in [(10_000, 9_990), (9_990, 9_970), (6_760, 4_840), (4_840, 1_000)] {
        assert_eq!(translate(&store, newer - 1), at(older + 1));
        assert_eq!(translate(&store, newer), at(newer));
        assert_eq!(translate(&store, newer + 1), at(newer + 1));
    }
}

#[test]
fn a_dense_stream_ends_with_the_distances_that_were_measured() {
    let mut store = MirrorSyncStore::default();
    (0..=999_900).step_by(101).for_each(|offset| update(&mut store, offset, offset));
    let distances: Vec<_> = upstreams(&store).into_iter().map(|upstream| 999_900 - upstream).collect();
    assert_eq!(
        distances,
        [
            0, 101, 202, 404, 1_212, 2_828, 4_444, 10_908, 17_372, 43_228, 69_084, 172_508, 379_356, 586_204,
            999_900
        ]
    );
    for (behind, read_again) in [
        (0, 0),
        (50, 50),
        (1_000, 211),
        (5_000, 5_907),
        (20_000, 23_227),
        (100_000, 72_507),
        (200_000, 179_355),
        (600_000, 399_899),
    ] {
        let committed = 999_900 - behind;
        assert_eq!(translate(&store, committed), at(committed - read_again), "{behind} behind");
    }
}

#[test]
fn offsets_near_the_end_of_time_are_taken_in() {
    let mut store = MirrorSyncStore::default();
    for offset in [0, 1, i64::MAX / 2, i64::MAX - 1, i64::MAX, i64::MAX] {
        update(&mut store, offset, offset);
        assert_eq!(translate(&store, offset), at(offset));
    }
    assert_eq!(translate(&store, i64::MAX), at(i64::MAX));
}

/// `OffsetSyncStore` as its documentation describes it: 64 references to numbered syncs, all of them looked at.
struct EverySlot {
    slots: Option<[OffsetPair; 64]>,
    syncs_read: usize,
}

#[derive(Clone, Copy)]
struct OffsetPair {
    number: usize,
    upstream: i64,
    downstream: i64,
}

impl EverySlot {
    fn new() -> Self {
        Self { slots: None, syncs_read: 0 }
    }

    fn update(&mut self, upstream: i64, downstream: i64) {
        self.syncs_read += 1;
        let sync = OffsetPair { number: self.syncs_read, upstream, downstream };
        let Some(before) = self.slots.filter(|slots| slots[0].upstream <= upstream) else {
            self.slots = Some([sync; 64]);
            return;
        };
        let mut after = before;
        after[0] = sync;
        let mut replacement = sync;
        let mut candidate = 0;
        for current in 1..64 {
            let newer = after[current - 1];
            loop {
                let old = before[candidate];
                let apart = invariant_c(newer, old, current - 1);
                let fits = apart
                    && invariant_b(newer, old, current - 1, current)
                    && after.get(current + 1).is_none_or(|older| invariant_c(old, *older, current));
                if fits {
                    replacement = old;
                }
                let repeats = before.get(candidate + 1).is_some_and(|next| next.number == old.number);
                let skip = repeats || !apart;
                if fits || skip {
                    candidate += 1;
                }
                if candidate >= current || !skip {
                    break;
                }
            }
            if invariant_b(newer, after[current], current - 1, current) {
                break;
            }
            after[current] = replacement;
        }
        self.slots = Some(after);
    }

    fn distinct(&self) -> Vec<(i64, i64)> {
        let mut slots = self.slots.map(Vec::from).unwrap_or_default();
        slots.dedup_by_key(|sync| sync.number);
        slots.into_iter().map(|sync| (sync.upstream, sync.downstream)).collect()
    }

    fn translate(&self, committed: i64) -> Mm2Translation {
        let Some(slots) = self.slots else { return Mm2Translation::NoSyncs };
        match slots.iter().find(|sync| sync.upstream <= committed) {
            Some(sync) => at(sync.downstream + i64::from(sync.upstream < committed)),
            None => Mm2Translation::TooOld,
        }
    }
}

fn invariant_b(newer: OffsetPair, older: OffsetPair, i: usize, j: usize) -> bool {
    let bound = i128::from(older.upstream) + (1 << j) - (1 << i);
    newer.number == older.number || i128::from(newer.upstream) <= bound
}

fn invariant_c(newer: OffsetPair, older: OffsetPair, i: usize) -> bool {
    let bound = i128::from(older.upstream) + (1 << i.saturating_sub(2));
    newer.number == older.number || i128::from(newer.upstream) >= bound
}

/// Steps from one sync's source offset to the next: dense, jittered, bursts, wide jumps, and sometimes none.
fn steps(least: i64) -> impl Strategy<Value = Vec<i64>> {
    let step = prop_oneof![
        4 => Just(101_i64),
        4 => least..=101,
        2 => least..=5,
        2 => (0..40_u32).prop_flat_map(move |bits| least..=least.max(1 << bits)),
        1 => Just(least),
    ];
    proptest::collection::vec(step, 1..150)
}

fn history(least: i64) -> impl Strategy<Value = Vec<(i64, i64)>> {
    (0..10_000_i64, steps(least)).prop_map(|(first, steps)| {
        let mut upstream = first;
        let mut pairs = vec![(first, first / 2)];
        for (number, step) in steps.into_iter().enumerate() {
            upstream += step;
            pairs.push((upstream, first / 2 + 1 + number as i64));
        }
        pairs
    })
}

/// As [`history`], with rewinds of the source here and there.
fn history_with_rewinds() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((history(0), any::<proptest::sample::Index>()), 1..4).prop_map(|parts| {
        parts.into_iter().flat_map(|(part, end)| part[..=end.index(part.len())].to_vec()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn it_keeps_and_translates_what_the_model_does(
        history in history_with_rewinds(),
        committed in proptest::collection::vec(any::<proptest::sample::Index>(), 1..20),
    ) {
        let mut store = MirrorSyncStore::default();
        let mut model = EverySlot::new();
        for &(upstream, downstream) in &history {
            update(&mut store, upstream, downstream);
            model.update(upstream, downstream);
            let kept: Vec<_> = store.syncs().map(|(up, down)| (up.get(), down.get())).collect();
            prop_assert_eq!(kept, model.distinct());
        }
        for index in committed {
            let (upstream, _) = history[index.index(history.len())];
            for committed in [upstream.saturating_sub(1).max(0), upstream, upstream + 1, upstream * 2] {
                prop_assert_eq!(translate(&store, committed), model.translate(committed));
            }
        }
    }

    #[test]
    fn a_translation_never_passes_the_next_sync(history in history(1), committed in 0..200_000_i64) {
        let mut store = MirrorSyncStore::default();
        history.iter().for_each(|&(upstream, downstream)| update(&mut store, upstream, downstream));
        if let Mm2Translation::At(translated) = translate(&store, committed) {
            let above = history.iter().find(|(upstream, _)| *upstream >= committed);
            prop_assert!(above.is_none_or(|(_, downstream)| translated.get() <= *downstream));
        }
    }

    #[test]
    fn even_spacing_costs_at_most_one_sync_an_update(first in 0..30_i64, step in 1..1_000_000_i64) {
        let mut store = MirrorSyncStore::default();
        update(&mut store, first, first);
        for number in 1..200 {
            let before = upstreams(&store).len();
            update(&mut store, first + number * step, number);
            prop_assert!(upstreams(&store).len() >= before);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_invariants_hold_after_every_sync(history in history(1)) {
        let mut store = MirrorSyncStore::default();
        let mut model = EverySlot::new();
        for &(upstream, downstream) in &history {
            update(&mut store, upstream, downstream);
            model.update(upstream, downstream);
            let slots = model.slots.expect("a sync was read");
            for j in 1..64 {
                for i in 0..j {
                    prop_assert!(invariant_b(slots[i], slots[j], i, j), "B of {i} and {j}");
                    prop_assert!(invariant_c(slots[i], slots[j], i), "C of {i} and {j}");
                }
            }
            let kept = upstreams(&store);
            prop_assert_eq!(kept.first(), Some(&upstream), "A");
            prop_assert_eq!(kept.last(), history.first().map(|(upstream, _)| upstream), "D");
            prop_assert!(kept.is_sorted_by(|newer, older| newer > older));
        }
    }
}
