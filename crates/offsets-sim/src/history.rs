use crate::{Setting, World};

/// Something that happens to a mirrored partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Records are produced to the source, each followed by `holes` offsets that are never copied: transaction markers,
    /// or records of transactions that were aborted.
    Produce {
        /// How many.
        records: u32,
        /// How many offsets behind each.
        holes: u32,
    },
    /// MM2 copies records and hears of each that it was written.
    Copy {
        /// How many at most.
        records: u32,
    },
    /// MM2 copies records twice, for the first acknowledgement was lost.
    CopyRetried {
        /// How many at most.
        records: u32,
    },
    /// A second MM2 copies records of the same partition to the same place.
    CopyBeside {
        /// How many at most.
        records: u32,
        /// How many records before the first one's progress it begins.
        back: u32,
    },
    /// MM2 dies after `unacknowledged` more records and goes on `back` records before its progress.
    Crash {
        /// Records that were written and not heard of.
        unacknowledged: u32,
        /// Records that are copied again.
        back: u32,
    },
    /// The worker commits, and MM2 offers the newest pair.
    Flush,
    /// Syncs wait, or no longer.
    Throttle(bool),
    /// The next syncs do not reach their topic.
    LoseSyncs(u32),
    /// The oldest syncs are compacted away.
    CompactSyncs {
        /// How many.
        gone: u32,
    },
    /// A group has committed `behind` offsets below the log end, and MM2 writes a checkpoint if its rules say so.
    Checkpoint {
        /// Which group.
        group: u8,
        /// How far it lags.
        behind: u32,
    },
    /// MM2's checkpoint task reads the syncs again.
    CheckpointTaskRestart,
    /// Another producer writes to the mirror topic.
    WriteForeign {
        /// How many records.
        records: u32,
    },
    /// Another producer writes records to the mirror topic that look like records of the source: one that writes to both
    /// clusters, or one that sends again what it has read.
    WriteAlike {
        /// How many at most.
        records: u32,
        /// How many source offsets below the log end the first of those is that they look like.
        back: u32,
        /// Whether they have timestamps of their own.
        stamped: bool,
    },
    /// Producers write to the target's topic while it is the original, and the flow back copies what they write.
    CopyBack {
        /// How many records.
        records: u32,
        /// Whether the flow back's worker commits behind them.
        flush: bool,
    },
    /// Producers write to the target's topic while it is the original, and it is not copied.
    Strand {
        /// How many records.
        records: u32,
    },
    /// The roles are turned: MM2 is seeded, so that it copies nothing of what the source holds.
    Turn,
    /// The target loses its newest offsets, as in an election of a leader that had not got them. Only a link that
    /// preserves offsets notices.
    TruncateTarget {
        /// How many offsets.
        offsets: u32,
    },
    /// The target deletes all but its newest offsets.
    TargetRetention {
        /// How many stay.
        keep: u32,
    },
    /// The source deletes all but its newest offsets.
    SourceRetention {
        /// How many stay.
        keep: u32,
    },
    /// The source compacts away one of every `every` records, but for its newest offsets.
    CompactSource {
        /// One of how many goes.
        every: u32,
        /// How many offsets are not looked at.
        keep: u32,
    },
    /// The target is compacted by key, but for its newest offsets.
    CompactTarget {
        /// How many offsets are not looked at.
        keep: u32,
    },
    /// MM2 notices a partition that was added, and adds it to the mirror topic.
    MirrorPartition,
    /// The mirror topic is deleted and re-created.
    RecreateTarget,
    /// The source topic is deleted and re-created.
    RecreateSource,
}

/// What happened until the topics were read, and what happened between that and the reading of the log ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// What stays the same.
    pub setting: Setting,
    /// What happened until the topics were read.
    pub events: Vec<Event>,
    /// What happened until the logs were read.
    pub meanwhile: Vec<Event>,
}

/// The most events that room is made for beforehand.
const MOST_EXPECTED: usize = 64;

impl History {
    /// The world when the topics were read, and when the log ranges were.
    pub fn tell(&self) -> (World, World) {
        let mut world = World::expecting(self.events.len().min(MOST_EXPECTED), self.setting);
        self.events.iter().for_each(|event| world.happen(event));
        let read = world.clone();
        self.meanwhile.iter().for_each(|event| world.happen(event));
        (read, world)
    }

    /// A shorter story of which the same holds: no event of it can be left out.
    ///
    /// # Examples
    /// ```
    /// use offsets_sim::{Event, Setting, History};
    ///
    /// let copy = Event::Copy { records: 1 };
    /// let history = History { setting: Setting::default(), events: vec![Event::Flush, copy, copy], meanwhile: vec![] };
    /// assert_eq!(history.shortened(|history| history.events.contains(&copy)).events, [copy]);
    /// ```
    #[must_use]
    pub fn shortened(&self, holds: impl Fn(&Self) -> bool) -> Self {
        let mut history = self.clone();
        loop {
            let length = history.events.len() + history.meanwhile.len();
            for at in (0..length).rev() {
                let mut shorter = history.clone();
                match at.checked_sub(history.events.len()) {
                    Some(at) => shorter.meanwhile.remove(at),
                    None => shorter.events.remove(at),
                };
                if holds(&shorter) {
                    history = shorter;
                }
            }
            if history.events.len() + history.meanwhile.len() == length {
                return history;
            }
        }
    }
}
