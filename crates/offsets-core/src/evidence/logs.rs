use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::written::once;
use crate::model::{LogRange, TopicName, TopicPartition};

/// Log ranges by partition, as far as they are known.
///
/// A partition that does not exist, one whose log could not be read and one that was not asked for are three different
/// answers: see [`LogState`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs<O>(BTreeMap<TopicPartition, Known<O>>);

/// What is known about the log of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogState<'a, O> {
    /// It holds these offsets.
    Range(LogRange<O>),
    /// The cluster has no such partition.
    Missing,
    /// It was asked for and not answered.
    Unavailable {
        /// Why, in words for an operator.
        reason: &'a str,
    },
    /// It was not asked for.
    NotAsked,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Known<O> {
    Range(LogRange<O>),
    Missing,
    Unavailable(String),
}

impl<O> Default for Logs<O> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<O: Copy> Logs<O> {
    /// The log range of a partition; `None` where it is not known, and where there is no such partition.
    pub fn get(&self, partition: &TopicPartition) -> Option<LogRange<O>> {
        match self.0.get(partition) {
            Some(Known::Range(log)) => Some(*log),
            _ => None,
        }
    }

    /// What is known about the log of a partition.
    pub fn state(&self, partition: &TopicPartition) -> LogState<'_, O> {
        match self.0.get(partition) {
            Some(Known::Range(log)) => LogState::Range(*log),
            Some(Known::Missing) => LogState::Missing,
            Some(Known::Unavailable(reason)) => LogState::Unavailable { reason },
            None => LogState::NotAsked,
        }
    }

    /// Adds the log range of a partition.
    pub fn add(&mut self, partition: TopicPartition, log: LogRange<O>) {
        self.0.insert(partition, Known::Range(log));
    }

    /// Adds that the cluster has no such partition.
    pub fn add_missing(&mut self, partition: TopicPartition) {
        self.0.insert(partition, Known::Missing);
    }

    /// Adds that the log of a partition was asked for and not answered.
    pub fn add_unavailable(&mut self, partition: TopicPartition, reason: impl Into<String>) {
        self.0.insert(partition, Known::Unavailable(reason.into()));
    }

    /// Adds what another reading found, which wins where both know a partition.
    pub fn extend(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// What is known of `partitions`.
    pub fn of(&self, partitions: &[TopicPartition]) -> Self {
        let known = |partition: &TopicPartition| Some((partition.clone(), self.0.get(partition)?.clone()));
        Self(partitions.iter().filter_map(known).collect())
    }
}

impl<O: Copy> Logs<O> {
    /// What is known of the partitions of a topic, in order.
    pub fn of_topic(&self, topic: &TopicName) -> impl Iterator<Item = (&TopicPartition, LogState<'_, O>)> {
        let [first, last] = [i32::MIN, i32::MAX].map(|number| TopicPartition::new(topic.clone(), number));
        self.0.range(first..=last).map(|(partition, _)| (partition, self.state(partition)))
    }

    /// What is known of the partitions of the topics of `partitions`.
    pub(super) fn of_topics(&self, partitions: &[TopicPartition]) -> Self {
        let topics: BTreeSet<&TopicName> = partitions.iter().map(|partition| &partition.topic).collect();
        let known = self.0.iter().filter(|(partition, _)| topics.contains(&partition.topic));
        Self(known.map(|(partition, known)| (partition.clone(), known.clone())).collect())
    }
}

impl<O> FromIterator<(TopicPartition, LogRange<O>)> for Logs<O> {
    fn from_iter<I: IntoIterator<Item = (TopicPartition, LogRange<O>)>>(logs: I) -> Self {
        Self(logs.into_iter().map(|(partition, log)| (partition, Known::Range(log))).collect())
    }
}

/// An entry of a dump: a partition with `start` and `end`, with `missing`, or with `unavailable`.
#[derive(Serialize, Deserialize)]
struct Written<O> {
    #[serde(flatten)]
    partition: TopicPartition,
    #[serde(skip_serializing_if = "Option::is_none", default = "none")]
    start: Option<O>,
    #[serde(skip_serializing_if = "Option::is_none", default = "none")]
    end: Option<O>,
    #[serde(skip_serializing_if = "is_false", default)]
    missing: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unavailable: Option<String>,
}

/// Without the bound on `O` that `Option::default` brings.
fn none<O>() -> Option<O> {
    None
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl<O: Serialize + Copy> Serialize for Logs<O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(partition, known)| {
            let nothing = Written {
                partition: partition.clone(),
                start: None,
                end: None,
                missing: false,
                unavailable: None,
            };
            match known {
                Known::Range(log) => Written { start: Some(log.start), end: Some(log.end), ..nothing },
                Known::Missing => Written { missing: true, ..nothing },
                Known::Unavailable(reason) => Written { unavailable: Some(reason.clone()), ..nothing },
            }
        }))
    }
}

impl<'de, O: Deserialize<'de> + Ord + fmt::Display> Deserialize<'de> for Logs<O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Vec::<Written<O>>::deserialize(deserializer)?;
        let known = |written: Written<O>| {
            let known = match written {
                Written {
                    partition,
                    start: Some(start),
                    end: Some(end),
                    missing: false,
                    unavailable: None,
                } => {
                    if start > end {
                        let problem = format!("the log of {partition} cannot be: from {start} to {end}");
                        return Err(D::Error::custom(problem));
                    }
                    return Ok((partition, Known::Range(LogRange { start, end })));
                }
                Written { start: None, end: None, missing: true, unavailable: None, .. } => Known::Missing,
                Written { start: None, end: None, missing: false, unavailable: Some(reason), .. } => {
                    Known::Unavailable(reason)
                }
                Written { partition, .. } => {
                    return Err(D::Error::custom(format!(
                        "the log of {partition} needs `start` and `end`, or `missing`, or `unavailable`"
                    )));
                }
            };
            Ok((written.partition, known))
        };
        let known = written.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
        once(known.iter().map(|(partition, _)| partition), |partition| format!("the log of {partition}"))?;
        Ok(Self(known.into_iter().collect()))
    }
}
