//! Stories as proptest strategies, so that one that breaks the law shrinks. Stories from a seed are the library's own.
#![allow(dead_code, reason = "each test program uses a part of it")]

use offsets_sim::{Event, History, Setting, Timestamps};
use proptest::prelude::*;

/// Stories in which both topics stay what they are.
pub(crate) fn stories() -> impl Strategy<Value = History> {
    history(event().boxed(), event().boxed())
}

/// Stories in which topics are also deleted and re-created, before anything is read.
pub(crate) fn recreations() -> impl Strategy<Value = History> {
    let recreation = prop_oneof![Just(Event::RecreateTarget), Just(Event::RecreateSource)];
    history(prop_oneof![12 => event(), 1 => recreation].boxed(), event().boxed())
}

/// Stories in which a second MM2 copies beside the first.
pub(crate) fn rivalries() -> impl Strategy<Value = History> {
    let rival = (1..12_u32, 0..20_u32).prop_map(|(records, back)| Event::CopyBeside { records, back });
    history(prop_oneof![6 => event(), 1 => rival].boxed(), event().boxed())
}

/// Stories of a link that preserves offsets, whose target may lose its tail or be re-created.
pub(crate) fn preservations() -> impl Strategy<Value = History> {
    let loss = prop_oneof![
        1 => Just(Event::RecreateTarget),
        3 => (0..20_u32).prop_map(|offsets| Event::TruncateTarget { offsets }),
    ];
    let history = history(prop_oneof![12 => event(), 1 => loss].boxed(), event().boxed());
    history
        .prop_map(|history| History { setting: Setting { preserving: true, ..history.setting }, ..history })
}

/// Stories of the way back: the target was the original before, and copies have the names of their originals.
pub(crate) fn returns() -> impl Strategy<Value = History> {
    let copied =
        || (1..30_u32, any::<bool>()).prop_map(|(records, flush)| Event::CopyBack { records, flush });
    let before = (prop::collection::vec(copied(), 0..3), 0..12_u32, prop::bool::weighted(0.8));
    let later = prop_oneof![20 => event(), 1 => Just(Event::Turn), 1 => copied()];
    (before, history(later.boxed(), event().boxed())).prop_map(|((copied, stranded, seeded), mut history)| {
        let mut events = copied;
        events.push(Event::Strand { records: stranded });
        events.extend(seeded.then_some(Event::Turn));
        events.append(&mut history.events);
        for event in events.iter_mut().chain(&mut history.meanwhile) {
            if let Event::WriteAlike { records, .. } = event {
                *records = 0;
            }
        }
        let setting = Setting { shared: true, added: false, ..history.setting };
        History { setting, events, meanwhile: history.meanwhile }
    })
}

/// Histories in which MM2 never dies and no other producer writes.
pub(crate) fn undisturbed_stories() -> impl Strategy<Value = History> {
    let calm = |event: &Event| {
        !matches!(
            event,
            Event::Crash { .. }
                | Event::CopyRetried { .. }
                | Event::WriteForeign { .. }
                | Event::WriteAlike { .. }
        )
    };
    stories().prop_map(move |mut history| {
        history.events.retain(calm);
        history.meanwhile.retain(calm);
        history
    })
}

fn history(events: BoxedStrategy<Event>, meanwhile: BoxedStrategy<Event>) -> impl Strategy<Value = History> {
    let length = prop_oneof![3 => 0..20_usize, 2 => 20..60_usize];
    let events = length.prop_flat_map(move |length| prop::collection::vec(events.clone(), length));
    let meanwhile = prop_oneof![
        2 => Just(Vec::new()),
        1 => prop::collection::vec(meanwhile, 0..6)
    ];
    (setting(), events, meanwhile, any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        |(setting, mut events, mut meanwhile, dense, foreign)| {
            for event in events.iter_mut().chain(&mut meanwhile) {
                match event {
                    Event::Produce { holes, .. } if dense => *holes = 0,
                    Event::WriteForeign { records } | Event::WriteAlike { records, .. } if !foreign => {
                        *records = 0;
                    }
                    _ => {}
                }
            }
            History { setting, events, meanwhile }
        },
    )
}

fn setting() -> impl Strategy<Value = Setting> {
    let origin = prop_oneof![
        4 => Just((0, 0)),
        2 => (0..500_i64, 0..500_i64),
        1 => Just((1 << 40, 3)),
        1 => (0..400_i64, 0..400_i64).prop_map(|(source, target)| (i64::MAX - source, i64::MAX - target)),
    ];
    let twins = prop_oneof![5 => Just(1_i64), 1 => 2..5_i64, 1 => Just(1_000)];
    let filter = prop_oneof![4 => Just(0_i64), 1 => 2..20_i64];
    let keys = prop_oneof![2 => Just(0_i64), 1 => 1..20_i64];
    let (seldom, rarely) = (prop::bool::weighted(0.15), prop::bool::weighted(0.05));
    let timestamps = prop_oneof![
        8 => Just(Timestamps::Created),
        1 => Just(Timestamps::Skewed),
        1 => Just(Timestamps::AppendedOnSource),
        1 => Just(Timestamps::AppendedOnTarget),
        1 => Just(Timestamps::Appended),
    ];
    (0..12_i64, seldom, origin, twins, filter, keys, seldom, rarely, timestamps).prop_map(
        |(lag_max, exactly_once, origin, twins, filter, keys, headers, added, timestamps)| Setting {
            lag_max,
            exactly_once,
            origin,
            twins,
            filter,
            keys,
            headers,
            added,
            preserving: false,
            shared: false,
            timestamps,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let few = 1..12_u32;
    prop_oneof![
        8 => (few.clone(), prop_oneof![3 => Just(0), 1 => 1..6_u32])
            .prop_map(|(records, holes)| Event::Produce { records, holes }),
        10 => (1..20_u32).prop_map(|records| Event::Copy { records }),
        1 => few.clone().prop_map(|records| Event::CopyRetried { records }),
        3 => (0..12_u32, 0..40_u32)
            .prop_map(|(unacknowledged, back)| Event::Crash { unacknowledged, back }),
        2 => Just(Event::Flush),
        2 => any::<bool>().prop_map(Event::Throttle),
        1 => (1..5_u32).prop_map(Event::LoseSyncs),
        1 => (0..8_u32).prop_map(|gone| Event::CompactSyncs { gone }),
        3 => (0..3_u8, 0..60_u32).prop_map(|(group, behind)| Event::Checkpoint { group, behind }),
        1 => Just(Event::CheckpointTaskRestart),
        1 => (1..6_u32).prop_map(|records| Event::WriteForeign { records }),
        1 => (1..6_u32, 0..30_u32, any::<bool>())
            .prop_map(|(records, back, stamped)| Event::WriteAlike { records, back, stamped }),
        1 => (0..100_u32).prop_map(|keep| Event::TargetRetention { keep }),
        1 => (0..100_u32).prop_map(|keep| Event::SourceRetention { keep }),
        1 => (1..6_u32, 0..60_u32).prop_map(|(every, keep)| Event::CompactSource { every, keep }),
        1 => (0..60_u32).prop_map(|keep| Event::CompactTarget { keep }),
        1 => Just(Event::MirrorPartition),
    ]
}
