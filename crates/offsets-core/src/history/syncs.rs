use hashbrown::HashMap;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{OffsetPair, PartitionHistory};
use crate::mm2::{DecodeError, OffsetSync};
use crate::model::{TopicName, TopicPartition};

/// The whole content of an offset-syncs topic, by source partition.
#[derive(Debug, Clone, Default)]
pub struct SyncHistory {
    topics: HashMap<TopicName, HashMap<i32, PartitionHistory>>,
    markers_on_target: bool,
}

/// A record of an internal topic that is not what MM2 writes there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record at offset {offset} cannot be read")]
pub struct UnreadableRecord {
    /// The record's offset in the internal topic.
    pub offset: i64,
    /// What is wrong with it.
    #[source]
    pub cause: DecodeError,
}

impl SyncHistory {
    /// An empty history. `markers_on_target` as in [`PartitionHistory::starting_with`].
    pub fn new(markers_on_target: bool) -> Self {
        Self { markers_on_target, ..Self::default() }
    }

    /// Takes the next record of the topic, as bytes. Tombstones, which MM2 does not write, say nothing and are passed
    /// over.
    ///
    /// # Errors
    /// [`UnreadableRecord`] when the bytes are not an offset sync; nothing was added then.
    pub fn read(
        &mut self,
        offset: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), UnreadableRecord> {
        match OffsetSync::decode(key, value) {
            Ok(Some(sync)) => {
                self.add(sync.topic, sync.partition, OffsetPair::new(sync.upstream, sync.downstream))
            }
            Ok(None) => {}
            Err(cause) => return Err(UnreadableRecord { offset, cause }),
        }
        Ok(())
    }

    /// Adds the next sync of a source partition.
    pub fn add(&mut self, topic: &str, partition: i32, sync: OffsetPair) {
        let partitions = match self.topics.get_mut(topic) {
            Some(partitions) => partitions,
            None => self.topics.entry(TopicName::from(topic)).or_default(),
        };
        let markers_on_target = self.markers_on_target;
        partitions
            .entry(partition)
            .and_modify(|history| history.push(sync))
            .or_insert_with(|| PartitionHistory::starting_with(sync, markers_on_target));
    }

    /// Adds a partition's whole history; one that is known already is replaced.
    pub fn insert(&mut self, partition: TopicPartition, history: PartitionHistory) {
        self.topics.entry(partition.topic).or_default().insert(partition.partition, history);
    }

    /// This history, kept from an earlier time, with what the syncs topic holds now added behind it.
    ///
    /// The topic may have lost what was kept, to compaction or retention, and holds what came since. Where the newest kept
    /// sync of a partition still stands in it, what follows there follows here too. Where it does not, all that the
    /// topic has must lie above it; otherwise the order of the two is not known and the topic speaks alone.
    #[must_use]
    pub fn continued_by(mut self, later: &Self) -> Self {
        self.markers_on_target = later.markers_on_target;
        for partition in later.partitions() {
            let Some(found) = later.get(&partition) else { continue };
            let histories = self.topics.entry(partition.topic).or_default();
            match histories.get_mut(&partition.partition) {
                Some(kept) if kept.meets(found) => kept.continue_with(found),
                _ => drop(histories.insert(partition.partition, found.clone())),
            }
        }
        self
    }

    /// The history of one source partition.
    pub fn get(&self, partition: &TopicPartition) -> Option<&PartitionHistory> {
        self.topics.get(&partition.topic)?.get(&partition.partition)
    }

    /// The source partitions with at least one sync, sorted.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        let mut partitions: Vec<_> = self
            .topics
            .iter()
            .flat_map(|(topic, histories)| {
                histories.keys().map(|&partition| TopicPartition { topic: topic.clone(), partition })
            })
            .collect();
        partitions.sort();
        partitions
    }

    /// How many syncs are held; a sync that repeats the one before it is not.
    pub fn len(&self) -> usize {
        self.topics.values().flat_map(HashMap::values).map(PartitionHistory::len).sum()
    }

    /// Whether no sync was read.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Bytes held, without the maps' own.
    pub fn footprint(&self) -> usize {
        self.topics.values().flat_map(HashMap::values).map(PartitionHistory::footprint).sum()
    }
}

/// The form of a dump: pairs in the order they were read, so that reading them again gives the same history.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    markers_on_target: bool,
    partitions: Vec<WrittenPartition>,
}

#[derive(Serialize, Deserialize)]
struct WrittenPartition {
    #[serde(flatten)]
    partition: TopicPartition,
    syncs: Vec<OffsetPair>,
}

impl Serialize for SyncHistory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let partitions = self
            .partitions()
            .into_iter()
            .filter_map(|partition| {
                let syncs = self.get(&partition)?.iter().collect();
                Some(WrittenPartition { partition, syncs })
            })
            .collect();
        Written { markers_on_target: self.markers_on_target, partitions }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SyncHistory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let mut history = Self::new(written.markers_on_target);
        for WrittenPartition { partition, syncs } in written.partitions {
            if history.get(&partition).is_some() {
                return Err(D::Error::custom(format!("the syncs of {partition} stand there twice")));
            }
            syncs
                .into_iter()
                .for_each(|sync| history.add(partition.topic.as_str(), partition.partition, sync));
        }
        Ok(history)
    }
}
