//! What happened on the demo's link, told in full: the records of both logs, MM2's syncs and checkpoints, the groups.

use offsets_core::history::OffsetPair;
use offsets_core::link::Link;
use offsets_core::mm2::{Checkpoint, MirrorSyncStore, Mm2Translation, OffsetSync};
use offsets_core::model::{SourceOffset, TargetOffset, TopicName, TopicPartition};

/// MM2's `offset.lag.max`, at its default.
const LAG_MAX: i64 = 100;

/// How often the demo's groups were checkpointed while the stream ran.
const CHECKPOINT_ROUNDS: i64 = 8;

/// One partition's past.
struct PartitionSpec {
    /// Records produced on the source.
    produced: i64,
    /// Every how many records a filter on the link dropped one; 0 for never.
    dropped_every: i64,
    /// Where MM2 was killed, and how many records it copied a second time after its restart.
    replay: Option<(i64, i64)>,
    /// How many of the newest records have no sync yet.
    without_sync: i64,
}

const PARTITIONS: [PartitionSpec; 4] = [
    PartitionSpec { produced: 24_000, dropped_every: 0, replay: None, without_sync: 0 },
    PartitionSpec { produced: 18_000, dropped_every: 700, replay: None, without_sync: 0 },
    PartitionSpec { produced: 21_000, dropped_every: 0, replay: Some((12_345, 600)), without_sync: 0 },
    PartitionSpec { produced: 15_000, dropped_every: 0, replay: None, without_sync: 60 },
];

/// The groups and how many records each was behind on each partition when the story ends.
const GROUPS: [(&str, [i64; 4]); 3] = [
    ("app-g", [5_037, 0, 9_700, 30]),
    ("audit", [23_000, 17_500, 20_400, 14_000]),
    ("billing", [0, 250, 1, 0]),
];

/// The topic of the story, by its name on the source.
const TOPIC: &str = "orders";

/// Everything the demo's clusters hold.
pub(super) struct Contents {
    /// The topic on the source.
    pub(super) topic: TopicName,
    /// Each partition's records, on the source and on the target: the source offset each is of.
    pub(super) partitions: Vec<Partition>,
    /// The offset-syncs topic.
    pub(super) syncs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The checkpoints topic.
    pub(super) checkpoints: Vec<(Vec<u8>, Vec<u8>)>,
    /// What the groups have committed on the source.
    pub(super) commits: Vec<(&'static str, TopicPartition, SourceOffset)>,
}

/// One partition on both sides.
pub(super) struct Partition {
    /// How many records the source has, from offset 0.
    pub(super) produced: i64,
    /// The source offset of each record on the target, from target offset 0.
    pub(super) copied: Vec<i64>,
    /// The syncs MM2 wrote, in order.
    syncs: Vec<OffsetPair>,
}

impl Contents {
    pub(super) fn of(link: &Link) -> Self {
        let topic = TopicName::from(TOPIC);
        let partitions: Vec<_> = PARTITIONS.iter().map(PartitionSpec::generate).collect();
        let mut commits = Vec::new();
        for (group, lags) in GROUPS {
            for ((number, partition), lag) in (0..).zip(&partitions).zip(lags) {
                let committed = source(partition.produced - lag);
                commits.push((group, TopicPartition { topic: topic.clone(), partition: number }, committed));
            }
        }
        Self {
            syncs: syncs(&topic, &partitions),
            checkpoints: checkpoints(&link.remote_topic(&topic), &partitions),
            topic,
            partitions,
            commits,
        }
    }
}

impl PartitionSpec {
    fn generate(&self) -> Partition {
        let mut copied = Vec::new();
        let mut syncs: Vec<OffsetPair> = Vec::new();
        let mut previous = None;
        let (killed_at, again) = self.replay.unwrap_or((self.produced, 0));
        let runs = [0..killed_at, killed_at - again..self.produced];
        for run in runs {
            for upstream in run {
                if self.dropped_every > 0 && upstream % self.dropped_every == self.dropped_every - 1 {
                    continue;
                }
                let downstream = copied.len() as i64;
                let stale = syncs.last().is_none_or(|sync| downstream - sync.downstream.get() > LAG_MAX);
                let jumped = previous.is_some_and(|previous| upstream != previous + 1);
                let silent = upstream >= self.produced - self.without_sync;
                if (stale || jumped) && !silent {
                    syncs.push(OffsetPair::new(source(upstream), target(downstream)));
                }
                copied.push(upstream);
                previous = Some(upstream);
            }
        }
        // When a partition goes quiet MM2 offers its last pair at the next commit of its source task (KAFKA-15906).
        if let (0, Some(&last)) = (self.without_sync, copied.last()) {
            syncs.push(OffsetPair::new(source(last), target(copied.len() as i64 - 1)));
        }
        Partition { produced: self.produced, copied, syncs }
    }
}

fn syncs(topic: &TopicName, partitions: &[Partition]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let of_partition = |(number, partition): (i32, &Partition)| {
        let encode = move |sync: &OffsetPair| {
            let OffsetPair { upstream, downstream } = *sync;
            OffsetSync { topic: TOPIC, partition: number, upstream, downstream }.encode()
        };
        partition.syncs.iter().map(encode).collect::<Vec<_>>()
    };
    debug_assert_eq!(topic.as_str(), TOPIC);
    (0..).zip(partitions).flat_map(of_partition).collect()
}

/// What MM2's checkpoint task wrote while the groups came along: each round it translates what they have committed by
/// then with the syncs it has seen by then, and keeps quiet unless the answer advances.
fn checkpoints(remote: &TopicName, partitions: &[Partition]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut written = Vec::new();
    for (number, partition) in (0..).zip(partitions) {
        let mut store = MirrorSyncStore::default();
        let mut pending = partition.syncs.iter();
        let mut advanced = [None; GROUPS.len()];
        for round in 1..=CHECKPOINT_ROUNDS {
            let copied = partition.produced * round / CHECKPOINT_ROUNDS;
            while let Some(sync) = pending.as_slice().first().filter(|sync| sync.upstream.get() < copied) {
                store.update(sync.upstream, sync.downstream);
                pending.next();
            }
            for ((group, lags), last) in GROUPS.iter().zip(&mut advanced) {
                let committed = source((copied - lags[number as usize]).max(0));
                let Mm2Translation::At(downstream) = store.translate(committed) else { continue };
                if last.is_some_and(|last| downstream <= last) {
                    continue;
                }
                *last = Some(downstream);
                let checkpoint = Checkpoint {
                    group,
                    topic: remote.as_str(),
                    partition: number,
                    upstream: committed,
                    downstream,
                    metadata: "",
                };
                written.push(checkpoint.encode());
            }
        }
    }
    written
}

fn source(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).expect("the story has no negative offsets")
}

fn target(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).expect("the story has no negative offsets")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sync_is_true_of_the_copied_log() {
        let contents = Contents::of(&Link::new("src", "dst"));
        for partition in &contents.partitions {
            for sync in &partition.syncs {
                assert_eq!(partition.copied[sync.downstream.get() as usize], sync.upstream.get());
            }
        }
    }

    #[test]
    fn offsets_differ_between_the_sides() {
        let contents = Contents::of(&Link::new("src", "dst"));
        let differ = contents
            .partitions
            .iter()
            .filter(|partition| partition.copied.len() as i64 != partition.produced);
        assert_eq!(differ.count(), 2);
    }
}
