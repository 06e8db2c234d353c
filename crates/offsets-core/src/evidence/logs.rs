use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{LogRange, TopicPartition};

/// Log ranges by partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs<O>(BTreeMap<TopicPartition, LogRange<O>>);

impl<O> Default for Logs<O> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<O: Copy> Logs<O> {
    /// The log range of a partition that exists and was asked for.
    pub fn get(&self, partition: &TopicPartition) -> Option<LogRange<O>> {
        self.0.get(partition).copied()
    }

    /// Adds what another reading found, which wins where both know a partition.
    pub fn extend(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// Those of `partitions` that are known.
    pub fn of(&self, partitions: &[TopicPartition]) -> Self {
        partitions.iter().filter_map(|partition| Some((partition.clone(), self.get(partition)?))).collect()
    }
}

impl<O> FromIterator<(TopicPartition, LogRange<O>)> for Logs<O> {
    fn from_iter<I: IntoIterator<Item = (TopicPartition, LogRange<O>)>>(logs: I) -> Self {
        Self(logs.into_iter().collect())
    }
}

#[derive(Serialize, Deserialize)]
struct Written<O> {
    #[serde(flatten)]
    partition: TopicPartition,
    #[serde(flatten)]
    log: LogRange<O>,
}

impl<O: Serialize + Copy> Serialize for Logs<O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.0.iter().map(|(partition, &log)| Written { partition: partition.clone(), log }))
    }
}

impl<'de, O: Deserialize<'de>> Deserialize<'de> for Logs<O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Vec::<Written<O>>::deserialize(deserializer)?;
        Ok(written.into_iter().map(|written| (written.partition, written.log)).collect())
    }
}
