use jiff::Timestamp;
use offsets_core::evidence::{
    CopiedThrough, Evidence, Fingerprint, FlowBack, Logs, Reading, RecordedCommit, Records, Scan,
    ScannedRecord, SourceState,
};
use offsets_core::history::{CheckpointHistory, SyncHistory};
use offsets_core::link::{Link, OffsetMapping, ReplicationPolicy};
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, LogRange, SourceOffset, TargetOffset, TopicPartition,
};

use crate::target_log::{Entry, TargetLog};
use crate::{Random, Timestamps, World, downstream, upstream};

/// The topic of every story, by its name on the source.
pub const TOPIC: &str = "orders";

/// Which evidence survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The syncs topic.
    pub syncs: bool,
    /// The checkpoints topic.
    pub checkpoints: bool,
    /// How far the worker has flushed.
    pub positions: bool,
    /// Whether the source answers.
    pub source: bool,
    /// What an archive kept of the source's records, for when it does not.
    pub kept: Kept,
}

/// Which fingerprints of source records an archive kept until the topics were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kept {
    /// None.
    #[default]
    Nothing,
    /// Those of all records that could be read then.
    All,
    /// Those of every second run of eight offsets.
    Runs,
}

/// How many offsets [`Kept::Runs`] keeps, and passes over.
const RUN: u64 = 8;

impl Known {
    /// Everything.
    pub const ALL: Self =
        Self { syncs: true, checkpoints: true, positions: true, source: true, kept: Kept::Nothing };

    /// Every combination: with the source dead, with and without what was kept of it.
    pub fn subsets() -> impl Iterator<Item = Self> {
        (0..48).map(Self::from_bits).filter(|known| !known.source || known.kept == Kept::Nothing)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        let has = |bit: u64| bits >> bit & 1 == 0;
        let kept = [Kept::Nothing, Kept::All, Kept::Runs, Kept::Nothing][(bits >> 4 & 3) as usize];
        Self { syncs: has(0), checkpoints: has(1), source: has(2), positions: has(3), kept }
    }

    /// Whether an answer may rest on what was kept of the source's records.
    pub(crate) fn remembers(self) -> bool {
        !self.source && self.kept != Kept::Nothing
    }
}

impl World {
    /// The source partition that every story is about.
    pub fn partition() -> TopicPartition {
        TopicPartition::new(TOPIC, 0)
    }

    /// The link as an operator would describe it.
    pub fn link(&self) -> Link {
        let mut link = Link::new("src", "dst");
        link.exactly_once = self.setting().exactly_once;
        link.origin_header = self.setting().headers.then(|| "origin".to_owned());
        if self.setting().shared {
            link.policy = ReplicationPolicy::identity();
        }
        if self.setting().preserving {
            link.policy = ReplicationPolicy::identity();
            link.mapping = OffsetMapping::Identical;
        }
        link
    }

    /// The evidence an edge would gather that read the topics when the world was as in `read`, and the logs now. Every
    /// record that can still be read is in it.
    pub fn evidence(&self, read: &World, known: Known) -> Evidence {
        let link = self.link();
        let source = Self::partition();
        let target = link.remote_partition(&source);
        let (source_log, target_log) = (self.source_log(), self.target_log());
        let mut target_logs = Logs::default();
        match target_log {
            Some(log) => target_logs.add(target.clone(), log),
            None => target_logs.add_missing(target.clone()),
        }
        let mut source_records = Records::default();
        if known.source {
            source_records.add(source.clone(), self.source_scan(source_log));
        } else {
            for scan in read.kept_scans(known.kept, read.source_log()) {
                source_records.add(source.clone(), scan);
            }
        }
        let mut target_records = Records::default();
        if let Some(log) = target_log {
            target_records.add(target.clone(), self.target_scan(log));
        }
        Evidence {
            source: if known.source {
                SourceState::Alive
            } else {
                SourceState::Dead { reason: GONE.to_owned() }
            },
            commits: if known.source { read.commits(&source) } else { Vec::new() },
            syncs: reading(known.syncs, || read.sync_history()),
            checkpoints: reading(known.checkpoints, || read.checkpoint_history(&target)),
            source_logs: known.source.then_some((source.clone(), source_log)).into_iter().collect(),
            target_logs,
            copied_through: reading(known.positions, || read.copied_through(&source)),
            flow_back: if self.setting().shared { read.flow_back(known) } else { FlowBack::default() },
            source_records,
            target_records,
            ..Evidence::unread(link, Timestamp::UNIX_EPOCH)
        }
    }

    pub(crate) fn source_log(&self) -> LogRange<SourceOffset> {
        LogRange { start: upstream(self.source.start), end: upstream(self.source.end) }
    }

    /// `None` while the partition is not mirrored.
    pub(crate) fn target_log(&self) -> Option<LogRange<TargetOffset>> {
        let TargetLog { start, end, exists, .. } = self.target;
        exists.then(|| LogRange { start: downstream(start), end: downstream(end) })
    }

    pub(crate) fn sync_history(&self) -> SyncHistory {
        let mut history = SyncHistory::new(self.setting().exactly_once);
        for sync in self.syncs() {
            history.add(TOPIC, 0, (upstream(sync.upstream), downstream(sync.downstream)).into());
        }
        history
    }

    pub(crate) fn checkpoint_history(&self, target: &TopicPartition) -> CheckpointHistory {
        let mut history = CheckpointHistory::default();
        for (at, checkpoint) in self.checkpoints().iter().enumerate() {
            let group = name(checkpoint.group);
            let (key, value) = Checkpoint {
                group: &group,
                topic: target.topic.as_str(),
                partition: 0,
                upstream: upstream(checkpoint.upstream),
                downstream: downstream(checkpoint.downstream),
                metadata: "",
            }
            .encode();
            let read = history.read(at as i64, at as i64, Some(&key), Some(&value));
            read.expect("a checkpoint that was encoded here is one");
        }
        history
    }

    pub(crate) fn copied_through(&self, source: &TopicPartition) -> CopiedThrough {
        let mut through = CopiedThrough::default();
        through.note(source.clone(), self.mirror_maker.notes.flushed.map(upstream));
        through
    }

    /// What the flow back has written down.
    pub(crate) fn flow_back(&self, known: Known) -> FlowBack {
        let mut syncs = SyncHistory::new(false);
        for &(original, copy) in &self.back.syncs {
            syncs.add(TOPIC, 0, (upstream(original), downstream(copy)).into());
        }
        let mut through = CopiedThrough::default();
        through.note(Self::partition(), self.back.flushed.map(upstream));
        FlowBack {
            syncs: reading(known.syncs, || syncs),
            copied_through: reading(known.source && known.positions, || through),
        }
    }

    /// Three groups: at the log end, in the middle of the log, and at its start.
    pub(crate) fn commits(&self, partition: &TopicPartition) -> Vec<RecordedCommit> {
        let (start, end) = (self.source.start, self.source.end);
        let commit = |(group, offset): (u8, i64)| {
            let commit = Commit {
                group: GroupId::from(name(group).as_str()),
                partition: partition.clone(),
                committed: CommittedOffset { offset: upstream(offset), metadata: String::new() },
            };
            RecordedCommit::new(commit, Timestamp::UNIX_EPOCH)
        };
        [(0, end), (1, start + (end - start) / 2), (2, start)].map(commit).to_vec()
    }

    /// The records of a stretch that can still be read.
    pub(crate) fn source_scan(&self, asked: LogRange<SourceOffset>) -> Scan<SourceOffset> {
        let log = self.source_log();
        let offsets = LogRange { start: asked.start.max(log.start), end: asked.end.min(log.end) };
        let incarnation = self.source.incarnation;
        let records = self.source.records(offsets.start.get(), offsets.end.get());
        let seen = |offset| ScannedRecord {
            offset: upstream(offset),
            created_ms: self.source_time(offset),
            content: self.content(incarnation, offset),
            origin: None,
        };
        Scan { offsets, records: records.map(seen).collect() }
    }

    /// What an archive kept of a stretch while it could be read.
    pub(crate) fn kept_scans(&self, kept: Kept, asked: LogRange<SourceOffset>) -> Vec<Scan<SourceOffset>> {
        let log = self.source_log();
        let mut start = asked.start.max(log.start);
        let end = asked.end.min(log.end);
        let mut scans = Vec::new();
        while start < end && kept != Kept::Nothing {
            let run = start.get().unsigned_abs() / RUN;
            let stop =
                if kept == Kept::All { end } else { SourceOffset::ZERO.plus((run + 1) * RUN).min(end) };
            if kept == Kept::All || run.is_multiple_of(2) {
                scans.push(self.source_scan(LogRange { start, end: stop }));
            }
            start = stop;
        }
        scans
    }

    /// The same on the target, as a reader of committed records sees it.
    pub(crate) fn target_scan(&self, asked: LogRange<TargetOffset>) -> Scan<TargetOffset> {
        let start = asked.start.get().max(self.target.start);
        let end = asked.end.get().min(self.target.end);
        let seen = |(offset, entry)| match entry {
            Entry::Copy { incarnation, upstream: of } => Some(ScannedRecord {
                offset: downstream(offset),
                created_ms: self.target_time(self.copied_time(of)),
                content: self.content(incarnation, of),
                origin: self.setting().headers.then(|| upstream(of)),
            }),
            Entry::Original { incarnation, upstream: of } => Some(ScannedRecord {
                offset: downstream(offset),
                created_ms: self.target_time(self.copied_time(of)),
                content: self.content(incarnation, of),
                origin: None,
            }),
            Entry::Alike { incarnation, upstream: of, stamped } => Some(ScannedRecord {
                offset: downstream(offset),
                created_ms: self.target_time(if stamped { offset } else { self.copied_time(of) }),
                content: self.content(incarnation, of),
                origin: None,
            }),
            Entry::Foreign => Some(ScannedRecord {
                offset: downstream(offset),
                created_ms: self.target_time(offset),
                content: look(u32::MAX, offset),
                origin: None,
            }),
            Entry::Control => None,
        };
        let held = self.target.between(start, end).filter(|&(offset, _)| self.target.holds(offset));
        let offsets = LogRange { start: downstream(start), end: downstream(end) };
        Scan { offsets, records: held.filter_map(seen).collect() }
    }

    /// What a record is recognised by: its own content, or one that it shares with its neighbours.
    fn content(&self, incarnation: u32, of: i64) -> Fingerprint {
        look(incarnation, self.shared(of))
    }

    /// The timestamp that the source's record shows, where it is the producer's.
    fn source_time(&self, of: i64) -> Option<i64> {
        let is_brokers =
            matches!(self.setting().timestamps, Timestamps::AppendedOnSource | Timestamps::Appended);
        (!is_brokers).then(|| self.created(of))
    }

    /// The timestamp that is copied: the source's broker counts upwards.
    fn copied_time(&self, of: i64) -> i64 {
        self.source_time(of).unwrap_or(of)
    }

    /// What the target shows of a timestamp that a record was sent with.
    fn target_time(&self, sent: i64) -> Option<i64> {
        let is_brokers =
            matches!(self.setting().timestamps, Timestamps::AppendedOnTarget | Timestamps::Appended);
        (!is_brokers).then_some(sent)
    }

    fn created(&self, of: i64) -> i64 {
        match self.setting().timestamps {
            Timestamps::Skewed => Random::from_seed(self.shared(of).unsigned_abs()).below(TIMES) as i64,
            _ => self.shared(of),
        }
    }

    /// The number of the content that a record shares with its neighbours.
    fn shared(&self, of: i64) -> i64 {
        of / self.setting().twins.max(1)
    }
}

/// How many different timestamps there are where clocks are skewed.
const TIMES: u64 = 5;

/// Why a source that is not known does not answer.
pub(crate) const GONE: &str = "gone";

pub(crate) fn reading<T>(known: bool, content: impl FnOnce() -> T) -> Reading<T> {
    if known { Reading::Whole(content()) } else { Reading::Absent { reason: "not readable".to_owned() } }
}

fn name(group: u8) -> String {
    format!("group-{group}")
}

/// A fingerprint that stands for a content: no digest is needed where the contents are numbered.
fn look(incarnation: u32, content: i64) -> Fingerprint {
    Fingerprint::from_bits(u128::from(incarnation) << 64 | u128::from(content.unsigned_abs()))
}
