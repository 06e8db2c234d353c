use jiff::Timestamp;
use offsets_core::evidence::{
    Evidence, Fingerprint, Reading, RecordedCommit, Records, Scan, ScannedRecord, SourceState,
};
use offsets_core::history::{CheckpointHistory, SyncHistory};
use offsets_core::link::Link;
use offsets_core::mm2::{Checkpoint, OffsetSync};
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, LogRange, SourceOffset, TargetOffset, TopicPartition,
};

use super::World;
use super::source::SourceLog;
use super::target::{Entry, TargetLog};

/// The topic of every story, by its name on the source.
pub(crate) const TOPIC: &str = "orders";

/// Which evidence survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) syncs: bool,
    pub(crate) checkpoints: bool,
    /// Whether the source answers.
    pub(crate) source: bool,
}

impl Known {
    pub(crate) const ALL: Self = Self { syncs: true, checkpoints: true, source: true };

    pub(crate) fn subsets() -> impl Iterator<Item = Self> {
        (0..8).map(|bits| Self { syncs: bits & 1 == 0, checkpoints: bits & 2 == 0, source: bits & 4 == 0 })
    }
}

impl World {
    /// The evidence an edge would gather that read the topics when the world was as in `read`, and the log ranges now.
    pub(crate) fn evidence(&self, read: &World, known: Known) -> Evidence {
        let mut link = Link::new("src", "dst");
        link.exactly_once = self.mirror_maker.setting.exactly_once;
        let source = TopicPartition::new(TOPIC, 0);
        let target = TopicPartition { topic: link.remote_topic(&source.topic), partition: 0 };
        let state =
            if known.source { SourceState::Alive } else { SourceState::Dead { reason: "gone".to_owned() } };
        let source_log = LogRange { start: upstream(self.source.start), end: upstream(self.source.end) };
        let target_log =
            LogRange { start: downstream(self.target.start), end: downstream(self.target.end()) };
        Evidence {
            source: state,
            commits: if known.source { read.commits(&source) } else { Vec::new() },
            syncs: reading(known.syncs, || read.sync_history(link.exactly_once)),
            checkpoints: reading(known.checkpoints, || read.checkpoint_history(&target)),
            source_logs: known.source.then_some((source.clone(), source_log)).into_iter().collect(),
            target_logs: [(target.clone(), target_log)].into_iter().collect(),
            source_records: if known.source { self.source.records(&source) } else { Records::default() },
            target_records: self.target.records(&target),
            ..Evidence::unread(link, Timestamp::UNIX_EPOCH)
        }
    }

    fn sync_history(&self, markers_on_target: bool) -> SyncHistory {
        let mut history = SyncHistory::new(markers_on_target);
        for (at, sync) in self.syncs().iter().enumerate() {
            let (upstream, downstream) = (upstream(sync.upstream), downstream(sync.downstream));
            let (key, value) = OffsetSync { topic: TOPIC, partition: 0, upstream, downstream }.encode();
            history.read(at as i64, Some(&key), Some(&value)).unwrap();
        }
        history
    }

    fn checkpoint_history(&self, target: &TopicPartition) -> CheckpointHistory {
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
            history.read(at as i64, at as i64, Some(&key), Some(&value)).unwrap();
        }
        history
    }

    /// Three groups: at the log end, in the middle of the log, and at its start.
    fn commits(&self, partition: &TopicPartition) -> Vec<RecordedCommit> {
        let (start, end) = (self.source.start, self.source.end);
        let commit = |(group, offset): (u8, i64)| RecordedCommit {
            commit: Commit {
                group: GroupId::from(name(group).as_str()),
                partition: partition.clone(),
                committed: CommittedOffset { offset: upstream(offset), metadata: String::new() },
            },
            as_of: Timestamp::UNIX_EPOCH,
        };
        [(0, end), (1, start + (end - start) / 2), (2, start)].map(commit).to_vec()
    }
}

fn reading<T>(known: bool, content: impl FnOnce() -> T) -> Reading<T> {
    if known { Reading::Whole(content()) } else { Reading::Absent { reason: "not readable".to_owned() } }
}

fn name(group: u8) -> String {
    format!("group-{group}")
}

fn upstream(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn downstream(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

/// What a record is recognised by: its own content, or one that it shares with its neighbours.
fn look<O>(offset: O, incarnation: u32, upstream: i64, twins: i64) -> ScannedRecord<O> {
    let content = if twins > 1 { upstream / twins } else { upstream };
    let content = format!("{incarnation}/{content}");
    ScannedRecord {
        offset,
        created_ms: Some(content.len() as i64),
        content: Fingerprint::of(None, Some(content.as_bytes())),
        origin: None,
    }
}

impl SourceLog {
    /// Every record that can still be read.
    fn records(&self, partition: &TopicPartition) -> Records<SourceOffset> {
        let offsets = LogRange { start: upstream(self.start), end: upstream(self.end) };
        let readable = self.data.iter().copied().filter(|&offset| offset >= self.start);
        let records =
            readable.map(|offset| look(upstream(offset), self.incarnation, offset, self.twins)).collect();
        let mut read = Records::default();
        read.add(partition.clone(), Scan { offsets, records });
        read
    }
}

impl TargetLog {
    /// Every record that a reader of committed records sees.
    fn records(&self, partition: &TopicPartition) -> Records<TargetOffset> {
        let offsets = LogRange { start: downstream(self.start), end: downstream(self.end()) };
        let look = |(offset, entry): (i64, Entry)| match entry {
            Entry::Copy { incarnation, upstream } => {
                Some(look(downstream(offset), incarnation, upstream, self.twins))
            }
            Entry::Foreign => Some(look(downstream(offset), u32::MAX, offset, 1)),
            Entry::Control => None,
        };
        let records = self.between(self.start, i64::MAX).filter_map(look).collect();
        let mut read = Records::default();
        read.add(partition.clone(), Scan { offsets, records });
        read
    }
}
