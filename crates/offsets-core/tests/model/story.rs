use proptest::prelude::*;

use super::{Setting, World};

/// Something that happens to a mirrored partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Records are produced to the source, each followed by `holes` offsets that are never copied.
    Produce { records: u8, holes: u8 },
    /// MM2 copies records and hears of each that it was written.
    Copy { records: u8 },
    /// MM2 copies records twice, for the first acknowledgement was lost.
    CopyRetried { records: u8 },
    /// MM2 dies after `unacknowledged` more records and goes on `back` records before its progress.
    Crash { unacknowledged: u8, back: u8 },
    /// The worker commits, and MM2 offers the newest pair.
    Flush,
    /// Syncs wait, or no longer.
    Throttle(bool),
    /// The next syncs do not reach their topic.
    LoseSyncs(u8),
    /// The oldest syncs are compacted away.
    CompactSyncs { gone: u8 },
    /// A group has committed `behind` offsets below the log end, and MM2 writes a checkpoint if its rules say so.
    Checkpoint { group: u8, behind: u8 },
    /// MM2's checkpoint task reads the syncs anew.
    CheckpointTaskRestart,
    /// Another producer writes to the mirror topic.
    WriteForeign { records: u8 },
    /// The target deletes all but its newest offsets.
    TargetRetention { keep: u8 },
    /// The source deletes all but its newest offsets.
    SourceRetention { keep: u8 },
    /// The source compacts away one of every `every` records, but for its newest offsets.
    CompactSource { every: u8, keep: u8 },
    /// The mirror topic is deleted and created anew.
    RecreateTarget,
    /// The source topic is deleted and created anew.
    RecreateSource,
}

/// What happened until the topics were read, and what happened between that and the reading of the log ranges.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) setting: Setting,
    pub(crate) events: Vec<Event>,
    pub(crate) meanwhile: Vec<Event>,
}

impl Story {
    /// The world when the topics were read, and when the log ranges were.
    pub(crate) fn tell(&self) -> (World, World) {
        let mut world = World::new(self.setting);
        self.events.iter().for_each(|event| world.happen(event));
        let read = world.clone();
        self.meanwhile.iter().for_each(|event| world.happen(event));
        (read, world)
    }
}

/// Stories in which both topics stay what they are.
pub(crate) fn stories() -> impl Strategy<Value = Story> {
    story(event().boxed(), event().boxed())
}

/// Stories in which topics are also deleted and created anew, before anything is read.
pub(crate) fn recreations() -> impl Strategy<Value = Story> {
    let recreation = prop_oneof![Just(Event::RecreateTarget), Just(Event::RecreateSource)];
    story(prop_oneof![12 => event(), 1 => recreation].boxed(), event().boxed())
}

/// Stories in which MM2 never dies and nobody else writes.
pub(crate) fn undisturbed_stories() -> impl Strategy<Value = Story> {
    let calm = |event: &Event| {
        !matches!(event, Event::Crash { .. } | Event::CopyRetried { .. } | Event::WriteForeign { .. })
    };
    stories().prop_map(move |mut story| {
        story.events.retain(calm);
        story.meanwhile.retain(calm);
        story
    })
}

fn story(events: BoxedStrategy<Event>, meanwhile: BoxedStrategy<Event>) -> impl Strategy<Value = Story> {
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
                    Event::WriteForeign { records } if !foreign => *records = 0,
                    _ => {}
                }
            }
            Story { setting, events, meanwhile }
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
    (0..12_i64, prop::bool::weighted(0.15), origin, twins, filter).prop_map(
        |(lag_max, exactly_once, origin, twins, filter)| Setting {
            lag_max,
            exactly_once,
            origin,
            twins,
            filter,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let few = 1..12_u8;
    prop_oneof![
        8 => (few.clone(), prop_oneof![3 => Just(0), 1 => 1..6_u8])
            .prop_map(|(records, holes)| Event::Produce { records, holes }),
        10 => (1..20_u8).prop_map(|records| Event::Copy { records }),
        1 => few.clone().prop_map(|records| Event::CopyRetried { records }),
        3 => (0..12_u8, 0..40_u8)
            .prop_map(|(unacknowledged, back)| Event::Crash { unacknowledged, back }),
        2 => Just(Event::Flush),
        2 => any::<bool>().prop_map(Event::Throttle),
        1 => (1..5_u8).prop_map(Event::LoseSyncs),
        1 => (0..8_u8).prop_map(|gone| Event::CompactSyncs { gone }),
        3 => (0..3_u8, 0..60_u8).prop_map(|(group, behind)| Event::Checkpoint { group, behind }),
        1 => Just(Event::CheckpointTaskRestart),
        1 => (1..6_u8).prop_map(|records| Event::WriteForeign { records }),
        1 => (0..100_u8).prop_map(|keep| Event::TargetRetention { keep }),
        1 => (0..100_u8).prop_map(|keep| Event::SourceRetention { keep }),
        1 => (1..6_u8, 0..60_u8).prop_map(|(every, keep)| Event::CompactSource { every, keep }),
    ]
}
