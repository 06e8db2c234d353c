use crate::{Event, History, Random, Setting, Timestamps};

/// What sort of story is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HistoryKind {
    /// Both topics stay what they are, and one MM2 copies.
    Plain,
    /// A second MM2 copies beside the first.
    Rivalry,
    /// Topics are deleted and re-created, before anything is read.
    Recreation,
    /// The way back: the target was the original before, has records that were copied to the source and others that were not,
    /// and copies have the names of their originals.
    Return,
    /// No MM2 copies, but a link that preserves offsets; its target may lose its tail, and may be written to.
    Preservation,
}

impl History {
    /// The story of a seed, of any genre; most are plain.
    pub fn from_seed(seed: u64) -> Self {
        Self::drawn(&mut Random::from_seed(seed))
    }

    pub(crate) fn drawn(random: &mut Random) -> Self {
        let kind = match random.below(22) {
            0..16 => HistoryKind::Plain,
            16..18 => HistoryKind::Rivalry,
            18 => HistoryKind::Preservation,
            21 => HistoryKind::Return,
            _ => HistoryKind::Recreation,
        };
        Self::of_kind(kind, random)
    }

    /// A story of a genre.
    pub fn of_kind(kind: HistoryKind, random: &mut Random) -> Self {
        let length = if random.once_in(3) { random.between(20, 50) } else { random.between(0, 20) };
        let (dense, foreign) = (random.once_in(2), random.once_in(5));
        let setting = setting(random);
        let setting = Setting {
            preserving: kind == HistoryKind::Preservation,
            shared: kind == HistoryKind::Return,
            added: setting.added && kind != HistoryKind::Return,
            ..setting
        };
        let mut events = if kind == HistoryKind::Return { first_failover(random) } else { Vec::new() };
        events.extend((0..length).map(|_| event(kind, random)));
        let later = if random.once_in(3) { random.between(0, 6) } else { 0 };
        let mut meanwhile: Vec<Event> = (0..later).map(|_| event(HistoryKind::Plain, random)).collect();
        for event in events.iter_mut().chain(&mut meanwhile) {
            match event {
                Event::Produce { holes, .. } if dense => *holes = 0,
                // A producer that writes to both clusters writes what the group has read too.
                Event::WriteAlike { records, .. } if !foreign || kind == HistoryKind::Return => *records = 0,
                Event::WriteForeign { records } if !foreign => *records = 0,
                _ => {}
            }
        }
        Self { setting, events, meanwhile }
    }
}

/// The target is the original, fails with records that were not copied, and the roles are turned.
fn first_failover(random: &mut Random) -> Vec<Event> {
    let copied =
        |random: &mut Random| Event::CopyBack { records: random.between(1, 30), flush: random.once_in(2) };
    let mut events: Vec<Event> = (0..random.between(0, 3)).map(|_| copied(random)).collect();
    events.push(Event::Strand { records: random.between(0, 12) });
    // Unseeded, the flow copies its own records back.
    events.extend((!random.once_in(5)).then_some(Event::Turn));
    events
}

/// Small numbers, so that everything meets everything: what happens once in a million records on a real link happens
/// here in every other story.
fn setting(random: &mut Random) -> Setting {
    let origin = match random.below(8) {
        0..4 => (0, 0),
        4..6 => (random.below(500) as i64, random.below(500) as i64),
        6 => (1 << 40, 3),
        _ => (i64::MAX - random.below(400) as i64, i64::MAX - random.below(400) as i64),
    };
    let twins = match random.below(7) {
        0..5 => 1,
        5 => i64::from(random.between(2, 5)),
        _ => 1_000,
    };
    Setting {
        lag_max: random.below(12) as i64,
        exactly_once: random.once_in(7),
        origin,
        twins,
        filter: if random.once_in(5) { i64::from(random.between(2, 20)) } else { 0 },
        keys: if random.once_in(3) { i64::from(random.between(1, 20)) } else { 0 },
        headers: random.once_in(7),
        added: random.once_in(20),
        preserving: false,
        shared: false,
        timestamps: match random.below(12) {
            0..8 => Timestamps::Created,
            8 => Timestamps::Skewed,
            9 => Timestamps::AppendedOnSource,
            10 => Timestamps::AppendedOnTarget,
            _ => Timestamps::Appended,
        },
    }
}

fn event(kind: HistoryKind, random: &mut Random) -> Event {
    match kind {
        HistoryKind::Plain => {}
        HistoryKind::Rivalry if random.once_in(7) => {
            return Event::CopyBeside { records: random.between(1, 12), back: random.between(0, 20) };
        }
        HistoryKind::Recreation if random.once_in(13) => {
            return if random.once_in(2) { Event::RecreateTarget } else { Event::RecreateSource };
        }
        HistoryKind::Preservation if random.once_in(13) => {
            return match random.below(5) {
                0 => Event::RecreateTarget,
                1 => Event::RecreateSource,
                _ => Event::TruncateTarget { offsets: random.between(0, 20) },
            };
        }
        HistoryKind::Rivalry | HistoryKind::Recreation | HistoryKind::Preservation | HistoryKind::Return => {}
    }
    match random.below(39) {
        0..8 => {
            let holes = if random.once_in(4) { random.between(1, 6) } else { 0 };
            Event::Produce { records: random.between(1, 12), holes }
        }
        8..18 => Event::Copy { records: random.between(1, 20) },
        18 => Event::CopyRetried { records: random.between(1, 12) },
        19..22 => Event::Crash { unacknowledged: random.between(0, 12), back: random.between(0, 40) },
        22..24 => Event::Flush,
        24..26 => Event::Throttle(random.once_in(2)),
        26 => Event::LoseSyncs(random.between(1, 5)),
        27 => Event::CompactSyncs { gone: random.between(0, 8) },
        28..31 => Event::Checkpoint { group: random.below(3) as u8, behind: random.between(0, 60) },
        31 => Event::CheckpointTaskRestart,
        32 => Event::WriteForeign { records: random.between(1, 6) },
        33 => Event::TargetRetention { keep: random.between(0, 100) },
        34 => Event::SourceRetention { keep: random.between(0, 100) },
        35 => Event::CompactSource { every: random.between(1, 6), keep: random.between(0, 60) },
        36 => Event::CompactTarget { keep: random.between(0, 60) },
        37 => Event::WriteAlike {
            records: random.between(1, 6),
            back: random.between(0, 30),
            stamped: random.once_in(2),
        },
        _ => Event::MirrorPartition,
    }
}
