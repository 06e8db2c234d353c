//! MirrorMaker 2's own records, read without the code under test.
//!
//! Formats: `OffsetSync` and `Checkpoint` in Kafka's connect/mirror and connect/mirror-client.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use rdkafka::message::Message;
use serde_json::Value;

use super::log::read_whole;
use super::{Isolation, partition_count};

/// A pair of offsets of one copied record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    /// Topic on the source cluster.
    pub topic: String,
    /// Partition, the same on both clusters.
    pub partition: i32,
    /// Offset on the source.
    pub upstream: i64,
    /// Offset on the target.
    pub downstream: i64,
}

/// Where MM2 would send a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Consumer group.
    pub group: String,
    /// Topic on the target cluster.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// The group's committed offset on the source.
    pub upstream: i64,
    /// MM2's translation of it.
    pub downstream: i64,
}

/// All syncs of a syncs topic, in the order they were written; none when the topic is not there yet.
///
/// # Errors
///
/// When the topic cannot be read, or a record in it is not a sync.
pub fn syncs(bootstrap: &str, topic: &str) -> Result<Vec<Sync>> {
    records(bootstrap, topic, |mut key, mut value| {
        Some(Sync {
            topic: string(&mut key)?,
            partition: i32::from_be_bytes(take(&mut key)?),
            upstream: i64::from_be_bytes(take(&mut value)?),
            downstream: i64::from_be_bytes(take(&mut value)?),
        })
    })
}

/// All checkpoints of a checkpoints topic, in the order they were written; none when the topic is not there yet.
///
/// # Errors
///
/// When the topic cannot be read, or a record in it is not a checkpoint.
pub fn checkpoints(bootstrap: &str, topic: &str) -> Result<Vec<Checkpoint>> {
    records(bootstrap, topic, |mut key, mut value| {
        let _version: [u8; 2] = take(&mut value)?;
        Some(Checkpoint {
            group: string(&mut key)?,
            topic: string(&mut key)?,
            partition: i32::from_be_bytes(take(&mut key)?),
            upstream: i64::from_be_bytes(take(&mut value)?),
            downstream: i64::from_be_bytes(take(&mut value)?),
        })
    })
}

/// How far MM2 has flushed its position: by topic and partition of the source, the offset of the last record that is
/// surely copied. A restart goes on behind it. `topic` is Connect's offset topic on the target, in JSON.
///
/// # Errors
///
/// When the topic cannot be read, or a record in it is not such a position.
pub fn source_positions(bootstrap: &str, topic: &str) -> Result<BTreeMap<(String, i32), i64>> {
    let positions = records(bootstrap, topic, |key, value| {
        let (key, value): (Value, Value) =
            (serde_json::from_slice(key).ok()?, serde_json::from_slice(value).ok()?);
        let partition = &key[1];
        // the connectors for checkpoints and heartbeats keep positions of their own kind in the same topic
        let Some(topic) = partition["topic"].as_str().filter(|_| partition["cluster"].is_string()) else {
            return Some(None);
        };
        let number = i32::try_from(partition["partition"].as_i64()?).ok()?;
        Some(Some(((topic.to_owned(), number), value["offset"].as_i64()?)))
    })?;
    Ok(positions.into_iter().flatten().collect())
}

fn records<T>(bootstrap: &str, topic: &str, decode: impl Fn(&[u8], &[u8]) -> Option<T>) -> Result<Vec<T>> {
    let mut records = Vec::new();
    if partition_count(bootstrap, topic)?.is_none_or(|count| count == 0) {
        return Ok(records);
    }
    read_whole(bootstrap, topic, Isolation::ReadCommitted, |message| {
        let (key, value) = (message.key().unwrap_or_default(), message.payload().unwrap_or_default());
        let record = decode(key, value);
        records.push(record.with_context(|| format!("topic {topic}, offset {}", message.offset()))?);
        Ok(())
    })?;
    Ok(records)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk::<N>()?;
    *bytes = tail;
    Some(*head)
}

fn string(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::from(u16::from_be_bytes(take(bytes)?));
    let (head, tail) = bytes.split_at_checked(length)?;
    *bytes = tail;
    String::from_utf8(head.to_vec()).ok()
}
