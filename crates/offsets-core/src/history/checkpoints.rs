use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{OffsetPair, UnreadableRecord};
use crate::mm2::{Checkpoint, CheckpointValue};
use crate::model::{GroupId, SourceOffset, TargetOffset, TopicName, TopicPartition};

/// The whole content of a checkpoints topic, by target partition: every group's last checkpoint, and the floors that
/// all checkpoints together prove.
#[derive(Debug, Clone, Default)]
pub struct CheckpointHistory {
    topics: HashMap<TopicName, HashMap<i32, usize>>,
    groups: HashSet<GroupId>,
    partitions: Vec<Partition>,
    /// In the order in which they first came.
    standings: Vec<Standing>,
    /// Which standing a record key is about.
    keys: HashTable<usize>,
    hasher: DefaultHashBuilder,
    /// The standing after the one that the last record was about. MM2 goes through groups and partitions in the same
    /// order every time, so it is mostly the next one.
    next: usize,
}

/// The checkpoints of one target partition.
#[derive(Debug, Clone, Copy)]
pub struct PartitionCheckpoints<'a> {
    partition: &'a Partition,
    standings: &'a [Standing],
}

#[derive(Debug, Clone, Default)]
struct Partition {
    floors: Staircase,
    /// Where each group's standing is.
    groups: HashMap<GroupId, usize>,
}

/// How far a group is on a partition.
#[derive(Debug, Clone)]
struct Standing {
    /// The key of its records; `None` when it comes from a dump.
    key: Option<Box<[u8]>>,
    partition: usize,
    last: LastCheckpoint,
}

/// The newest checkpoint of a group on a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastCheckpoint {
    /// The group's commit on the source, and what MM2 made of it.
    pub pair: OffsetPair,
    /// When MM2 listed the group's commits (`MirrorCheckpointTask.sourceRecordsForGroup`).
    pub as_of: Timestamp,
    /// The commit's metadata.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub metadata: String,
}

impl CheckpointHistory {
    /// Takes the next record of the topic, as bytes, with its timestamp in milliseconds. A tombstone says nothing of
    /// where records went and is passed over.
    ///
    /// # Errors
    /// [`UnreadableRecord`] when the bytes are not a checkpoint; nothing was added then.
    pub fn read(
        &mut self,
        offset: i64,
        timestamp_ms: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), UnreadableRecord> {
        let unreadable = |cause| UnreadableRecord { offset, cause };
        let Some(bytes) = value else { return Ok(()) };
        if let Some(at) = key.and_then(|key| self.known(key)) {
            let value = Checkpoint::decode_value(bytes).map_err(unreadable)?;
            self.note(at, value, timestamp_ms);
        } else if let Some(checkpoint) = Checkpoint::decode(key, value).map_err(unreadable)? {
            let at = self.named(key.unwrap_or_default(), &checkpoint);
            self.note(at, checkpoint.value(), timestamp_ms);
        }
        Ok(())
    }

    /// Adds the next checkpoint of the topic, with its timestamp in milliseconds.
    pub fn add(&mut self, checkpoint: &Checkpoint<'_>, timestamp_ms: i64) {
        let partition = self.partition(checkpoint.topic, checkpoint.partition);
        let at = match self.partitions[partition].groups.get(checkpoint.group) {
            Some(&at) => at,
            None => {
                let group = self.group(checkpoint.group);
                self.insert(group, Standing::unnamed(partition, checkpoint))
            }
        };
        self.note(at, checkpoint.value(), timestamp_ms);
    }

    /// Adds what was kept of the topic from an earlier time: its floors hold still, and a group's checkpoint is the
    /// newer of the two.
    pub fn recall(&mut self, kept: &Self) {
        for partition in kept.partitions() {
            let Some(PartitionCheckpoints { partition: floors, standings }) = kept.get(&partition) else {
                continue;
            };
            let at = self.partition(partition.topic.as_str(), partition.partition);
            floors.floors.pairs.iter().for_each(|&pair| self.partitions[at].floors.push(pair));
            for (group, &standing) in &floors.groups {
                let older = &standings[standing].last;
                match self.partitions[at].groups.get(group) {
                    Some(&known) if self.standings[known].last.as_of >= older.as_of => {}
                    Some(&known) => self.standings[known].last = older.clone(),
                    None => {
                        self.insert(
                            group.clone(),
                            Standing { key: None, partition: at, last: older.clone() },
                        );
                    }
                }
            }
        }
        self.settle();
    }

    /// Whether no checkpoint was read.
    pub fn is_empty(&self) -> bool {
        self.standings.is_empty()
    }

    /// Puts the floors read so far in order. Answers are the same without it, and take longer to find.
    pub fn settle(&mut self) {
        self.partitions.iter_mut().for_each(|partition| partition.floors.settle());
    }

    /// The checkpoints of one target partition.
    pub fn get(&self, partition: &TopicPartition) -> Option<PartitionCheckpoints<'_>> {
        let at = *self.topics.get(&partition.topic)?.get(&partition.partition)?;
        Some(PartitionCheckpoints { partition: &self.partitions[at], standings: &self.standings })
    }

    /// When MM2 listed a group's commits for the newest checkpoint.
    pub fn newest(&self) -> Option<Timestamp> {
        self.standings.iter().map(|standing| standing.last.as_of).max()
    }

    /// The target partitions with at least one checkpoint, sorted.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        let mut partitions: Vec<_> = self
            .topics
            .iter()
            .flat_map(|(topic, partitions)| {
                partitions.keys().map(|&partition| TopicPartition { topic: topic.clone(), partition })
            })
            .collect();
        partitions.sort();
        partitions
    }

    fn note(&mut self, at: usize, value: CheckpointValue<'_>, timestamp_ms: i64) {
        let standing = &mut self.standings[at];
        let (floors, last) = (&mut self.partitions[standing.partition].floors, &mut standing.last);
        last.pair = OffsetPair::new(value.upstream, value.downstream);
        last.as_of = Timestamp::from_millisecond(timestamp_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        last.metadata.clear();
        last.metadata.push_str(value.metadata);
        floors.push(last.pair);
        self.next = at + 1;
    }

    /// The standing that a key is about, if the key has been seen.
    fn known(&self, key: &[u8]) -> Option<usize> {
        let is =
            |at: usize| self.standings.get(at).is_some_and(|standing| standing.key.as_deref() == Some(key));
        if is(self.next) {
            return Some(self.next);
        }
        self.keys.find(self.hasher.hash_one(key), |&at| is(at)).copied()
    }

    /// The standing that a new key names, which is made if there is none.
    fn named(&mut self, key: &[u8], checkpoint: &Checkpoint<'_>) -> usize {
        let partition = self.partition(checkpoint.topic, checkpoint.partition);
        if let Some(&at) = self.partitions[partition].groups.get(checkpoint.group) {
            return at;
        }
        let group = self.group(checkpoint.group);
        let standing = Standing::unnamed(partition, checkpoint);
        let at = self.insert(group, Standing { key: Some(key.into()), ..standing });
        let hash = |&at: &usize| self.hasher.hash_one(self.standings[at].key.as_deref().unwrap_or_default());
        self.keys.insert_unique(self.hasher.hash_one(key), at, hash);
        at
    }

    fn insert(&mut self, group: GroupId, standing: Standing) -> usize {
        let at = self.standings.len();
        self.partitions[standing.partition].groups.insert(group, at);
        self.standings.push(standing);
        at
    }

    fn partition(&mut self, topic: &str, partition: i32) -> usize {
        let partitions = match self.topics.get_mut(topic) {
            Some(partitions) => partitions,
            None => self.topics.entry(TopicName::from(topic)).or_default(),
        };
        *partitions.entry(partition).or_insert_with(|| {
            self.partitions.push(Partition::default());
            self.partitions.len() - 1
        })
    }

    /// One copy of a group's name serves all its partitions.
    fn group(&mut self, group: &str) -> GroupId {
        self.groups.get_or_insert_with(group, |group| GroupId::from(group)).clone()
    }
}

impl Standing {
    /// A standing whose key is not known, before its checkpoint is noted.
    fn unnamed(partition: usize, checkpoint: &Checkpoint<'_>) -> Self {
        let pair = OffsetPair::new(checkpoint.upstream, checkpoint.downstream);
        let last = LastCheckpoint { pair, as_of: Timestamp::UNIX_EPOCH, metadata: String::new() };
        Self { key: None, partition, last }
    }
}

impl<'a> PartitionCheckpoints<'a> {
    /// The highest target offset any checkpoint at or below `g` proves, among those not above `ceiling`.
    ///
    /// What a checkpoint says of one group's commit holds for every group at or beyond it: MM2 wrote a lower bound of
    /// the position of that source offset.
    ///
    /// A checkpoint above `ceiling` cannot be true, or not yet; those at or beyond its source offset are left aside
    /// with it.
    pub fn floor(&self, g: SourceOffset, ceiling: TargetOffset) -> Option<OffsetPair> {
        self.partition.floors.highest(g, ceiling)
    }

    /// The highest target offset any checkpoint names.
    pub fn highest(&self) -> Option<TargetOffset> {
        let Staircase { pairs, steps } = &self.partition.floors;
        let (steps, waiting) = pairs.split_at(*steps);
        waiting.iter().chain(steps.last()).map(|pair| pair.downstream).max()
    }

    /// The newest checkpoint of a group.
    pub fn last(&self, group: &GroupId) -> Option<&'a LastCheckpoint> {
        self.partition.groups.get(group).map(|&at| &self.standings[at].last)
    }

    /// Every group's newest checkpoint, sorted by group.
    pub fn groups(&self) -> Vec<(&'a GroupId, &'a LastCheckpoint)> {
        let groups = self.partition.groups.iter();
        let mut groups: Vec<_> = groups.map(|(group, &at)| (group, &self.standings[at].last)).collect();
        groups.sort_by_key(|(group, _)| *group);
        groups
    }
}

/// Pairs of which none is made superfluous by another: each rises above the one before it in both offsets.
///
/// New pairs wait unsorted at the end until they outnumber the rest, so that a topic of any length is held in the
/// space of its distinct floors.
#[derive(Debug, Clone, Default)]
struct Staircase {
    pairs: Vec<OffsetPair>,
    steps: usize,
}

impl Staircase {
    const WAITING: usize = 1024;

    fn push(&mut self, pair: OffsetPair) {
        self.pairs.push(pair);
        if self.pairs.len() - self.steps > self.steps.max(Self::WAITING) {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.pairs.sort_by_key(|pair| (pair.upstream, std::cmp::Reverse(pair.downstream)));
        let mut highest = None;
        self.pairs.retain(|pair| {
            let rises = highest.is_none_or(|highest| pair.downstream > highest);
            if rises {
                highest = Some(pair.downstream);
            }
            rises
        });
        self.steps = self.pairs.len();
    }

    /// Pairs that wait are looked at as if they had been sorted in, so that when that happens makes no difference.
    fn highest(&self, g: SourceOffset, ceiling: TargetOffset) -> Option<OffsetPair> {
        let (steps, waiting) = self.pairs.split_at(self.steps);
        let (within, beyond) = steps.split_at(steps.partition_point(|pair| pair.downstream <= ceiling));
        let too_high = waiting.iter().filter(|pair| pair.downstream > ceiling).chain(beyond.first());
        let limit = too_high.map(|pair| pair.upstream).min();
        let fits = |pair: &&OffsetPair| pair.upstream <= g && limit.is_none_or(|limit| pair.upstream < limit);
        let step = within[..within.partition_point(|pair| fits(&pair))].last();
        let fitting = waiting.iter().filter(fits).chain(step);
        fitting.max_by_key(|pair| (pair.downstream, std::cmp::Reverse(pair.upstream))).copied()
    }

    fn settled(&self) -> Vec<OffsetPair> {
        let mut settled = self.clone();
        settled.settle();
        settled.pairs
    }
}

#[derive(Serialize, Deserialize)]
struct WrittenPartition {
    #[serde(flatten)]
    partition: TopicPartition,
    floors: Vec<OffsetPair>,
    groups: Vec<WrittenGroup>,
}

#[derive(Serialize, Deserialize)]
struct WrittenGroup {
    group: GroupId,
    #[serde(flatten)]
    last: LastCheckpoint,
}

impl Serialize for CheckpointHistory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.partitions().into_iter().filter_map(|partition| {
            let checkpoints = self.get(&partition)?;
            let groups = checkpoints
                .groups()
                .into_iter()
                .map(|(group, last)| WrittenGroup { group: group.clone(), last: last.clone() })
                .collect();
            Some(WrittenPartition { partition, floors: checkpoints.partition.floors.settled(), groups })
        }))
    }
}

impl<'de> Deserialize<'de> for CheckpointHistory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut history = Self::default();
        for WrittenPartition { partition, floors, groups } in Vec::deserialize(deserializer)? {
            if history.get(&partition).is_some() {
                return Err(D::Error::custom(format!("the checkpoints of {partition} stand there twice")));
            }
            let at = history.partition(partition.topic.as_str(), partition.partition);
            history.partitions[at].floors.pairs = floors;
            for WrittenGroup { group, last } in groups {
                history.insert(group, Standing { key: None, partition: at, last });
            }
        }
        history.settle();
        Ok(history)
    }
}
