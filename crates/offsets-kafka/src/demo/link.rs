use jiff::{SignedDuration, Timestamp};
use offsets_core::link::Link;
use offsets_core::model::{Commit, CommittedOffset, GroupId, GroupState, TopicName, TopicPartition};

use super::contents::Contents;
use super::{DemoCluster, DemoClusters, DemoRecord};
use crate::{Endpoint, Error};

/// How far apart in time the story's records are.
const MS_PER_RECORD: i64 = 20;

/// How long ago MM2 last wrote checkpoints, which it does once a minute (`emit.checkpoints.interval.seconds`).
const CHECKPOINTS_AGE: SignedDuration = SignedDuration::from_secs(60);

/// Two embedded clusters holding the story of one link. They run for as long as this value lives.
pub struct DemoLink {
    link: Link,
    source: Endpoint,
    target: Endpoint,
    _clusters: DemoClusters,
}

impl DemoLink {
    /// Starts both clusters and fills them; the newest records are of `now`.
    ///
    /// # Errors
    /// [`Error`] when the library cannot start or fill them.
    pub fn start(now: Timestamp) -> Result<Self, Error> {
        let link = Link::new("src", "dst");
        let contents = Contents::of(&link);
        let mut clusters = DemoClusters::start(link.source.clone(), link.target.clone())?;
        fill_source(&mut clusters.source, &link, &contents, now)?;
        fill_target(&mut clusters.target, &link, &contents, now)?;
        for (group, ..) in &contents.commits {
            clusters.target.set_group_state(*group, GroupState::Empty);
        }
        let [source, target] = [&clusters.source, &clusters.target].map(DemoCluster::endpoint);
        Ok(Self { link, source, target, _clusters: clusters })
    }

    /// The link.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// How to connect to the source.
    pub fn source(&self) -> &Endpoint {
        &self.source
    }

    /// How to connect to the target.
    pub fn target(&self) -> &Endpoint {
        &self.target
    }
}

fn fill_source(
    cluster: &mut DemoCluster,
    link: &Link,
    contents: &Contents,
    now: Timestamp,
) -> Result<(), Error> {
    cluster.create_topic(contents.topic.clone(), contents.partitions.len() as i32)?;
    for (number, partition) in (0..).zip(&contents.partitions) {
        let records: Vec<_> =
            (0..partition.produced).map(|offset| record(number, offset, partition.produced, now)).collect();
        cluster.produce(&contents.topic, number, records.iter().map(Owned::lend))?;
    }
    let (_, syncs) = link.syncs_topic();
    write_internal(cluster, &syncs, &contents.syncs, now)?;
    let commit = |(group, partition, offset): &(&str, TopicPartition, _)| Commit {
        group: GroupId::from(*group),
        partition: partition.clone(),
        committed: CommittedOffset { offset: i64::from(*offset), metadata: String::new() },
    };
    cluster.commit(&contents.commits.iter().map(commit).collect::<Vec<_>>())
}

fn fill_target(
    cluster: &mut DemoCluster,
    link: &Link,
    contents: &Contents,
    now: Timestamp,
) -> Result<(), Error> {
    let topic = link.remote_topic(&contents.topic);
    cluster.create_topic(topic.clone(), contents.partitions.len() as i32)?;
    for (number, partition) in (0..).zip(&contents.partitions) {
        let copied = partition.copied.iter();
        let records: Vec<_> = copied.map(|&offset| record(number, offset, partition.produced, now)).collect();
        cluster.produce(&topic, number, records.iter().map(Owned::lend))?;
    }
    write_internal(cluster, &link.checkpoints_topic(), &contents.checkpoints, now - CHECKPOINTS_AGE)
}

/// Creates one of MM2's own topics and writes its records.
fn write_internal(
    cluster: &mut DemoCluster,
    topic: &TopicName,
    records: &[(Vec<u8>, Vec<u8>)],
    now: Timestamp,
) -> Result<(), Error> {
    cluster.create_topic(topic.clone(), 1)?;
    let timestamp_ms = now.as_millisecond();
    let records =
        records.iter().map(|(key, value)| DemoRecord { key: Some(key), value: Some(value), timestamp_ms });
    cluster.produce(topic, 0, records).map(drop)
}

/// A record of the story.
struct Owned {
    key: String,
    value: String,
    timestamp_ms: i64,
}

impl Owned {
    fn lend(&self) -> DemoRecord<'_> {
        let Self { key, value, timestamp_ms } = self;
        DemoRecord { key: Some(key.as_bytes()), value: Some(value.as_bytes()), timestamp_ms: *timestamp_ms }
    }
}

/// The record at a source offset: the same on both sides.
fn record(partition: i32, offset: i64, produced: i64, now: Timestamp) -> Owned {
    Owned {
        key: format!("order-{}", offset % 500),
        value: format!("{partition}/{offset}"),
        timestamp_ms: now.as_millisecond() - (produced - offset) * MS_PER_RECORD,
    }
}
