use std::num::NonZeroU32;

use offsets_core::model::{TopicName, TopicPartition};
use offsets_kafka::exchange::NewTopic;
use offsets_kafka::{Cluster, Deadline};

use crate::{Error, Event, Input, Job, Watcher, rights};

/// What the topics of a job are like.
pub(super) struct Shape {
    /// Every partition of every input.
    pub(super) inputs: Vec<TopicPartition>,
    /// How many partitions there are between.
    pub(super) partitions: NonZeroU32,
}

/// The setting that says how large the batches of a topic can be, in bytes.
const LARGEST: &str = "max.message.bytes";

/// What saying where it is from can add to a record, in bytes: the name of a topic is the longest part.
const ORIGIN: u64 = 1024;

/// Looks at the inputs and at the topic between, which keeps everything for a time. One that is missing is created, with as
/// many partitions as the output has.
pub(super) fn examine(
    cluster: &Cluster,
    job: &Job,
    between: &TopicName,
    watcher: &mut dyn Watcher,
) -> Result<Shape, Error> {
    let deadline = Deadline::after(job.timeout);
    rights::examine(cluster, job, true, &deadline)?;
    let mut inputs = Vec::new();
    for Input { topic, .. } in &job.inputs {
        inputs.extend(cluster.partitions(topic, &deadline)?);
    }
    if cluster.partitions(between, &deadline).is_err_and(|error| error.is_unknown_topic()) {
        let like = cluster.partitions(&job.output, &deadline)?.len();
        let mut settings = vec![("cleanup.policy".to_owned(), "delete".to_owned())];
        settings
            .extend(largest(cluster, job, &deadline).map(|bytes| (LARGEST.to_owned(), bytes.to_string())));
        let new = NewTopic {
            name: between.clone(),
            partitions: i32::try_from(like).unwrap_or(i32::MAX),
            replicas: job.changelog_replicas,
            settings,
        };
        if cluster.create_topic(&new, &deadline)? {
            watcher.see(Event::Created(between.as_str()));
        }
    }
    let policy = cluster.topic_setting(between, "cleanup.policy", &deadline)?.unwrap_or_default();
    if policy != "delete" {
        return Err(Error::Compacted { topic: between.clone(), policy });
    }
    if cluster.has_one_replica(between, &deadline)? {
        watcher.see(Event::OneReplica(between.as_str()));
    }
    let count = cluster.partitions(between, &deadline)?.len();
    let partitions = u32::try_from(count).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    Ok(Shape { inputs, partitions })
}

/// What the topic between has to take, so that whatever is in the inputs can go through; `None` where that cannot be learnt.
fn largest(cluster: &Cluster, job: &Job, deadline: &Deadline) -> Option<u64> {
    let of_input = |input: &Input| cluster.topic_setting(&input.topic, LARGEST, deadline).ok().flatten();
    let known = job.inputs.iter().filter_map(of_input).filter_map(|bytes| bytes.parse::<u64>().ok());
    Some(known.max()?.saturating_add(ORIGIN).min(u64::from(i32::MAX.unsigned_abs())))
}
