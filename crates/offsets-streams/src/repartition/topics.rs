use std::num::NonZeroU32;

use offsets_core::model::{TopicName, TopicPartition};
use offsets_kafka::{Cluster, Deadline};

use crate::limit::Limit;
use crate::rights::check_rights;
use crate::topics::{CleanupPolicy, InternalTopic, NewTopicSpec, partitions_of};
use crate::{Error, Input, Job, Outputs, RunListener};

/// What the topics of a job are like.
pub(super) struct RepartitionTopics {
    /// Every partition of every input.
    pub(super) inputs: Vec<TopicPartition>,
    /// How many partitions the repartition topic has.
    pub(super) partitions: NonZeroU32,
}

/// The setting that says how large the batches of a topic can be, in bytes.
const MAX_MESSAGE_BYTES: &str = "max.message.bytes";

/// What saying where it is from can add to a record, in bytes: the name of a topic is the longest part.
const ORIGIN_BYTES: u64 = 1024;

/// Looks at the inputs and at the repartition topic, which keeps everything for a time. One that is missing is created, with as
/// many partitions as the output has.
pub(super) fn prepare_repartition_topic(
    cluster: &Cluster,
    job: &Job,
    repartition_topic: &TopicName,
    outputs: &Outputs,
    limit: Limit<'_>,
    listener: &mut dyn RunListener,
) -> Result<RepartitionTopics, Error> {
    let deadline = limit.deadline();
    check_rights(cluster, job, Some(outputs), &deadline)?;
    let inputs = partitions_of(cluster, &job.inputs, &deadline)?.concat();
    let new = || {
        let partitions = cluster.partitions(&outputs.output, &deadline)?.len();
        let largest = largest(cluster, job, &deadline);
        let settings =
            largest.map(|bytes| (MAX_MESSAGE_BYTES.to_owned(), bytes.to_string())).into_iter().collect();
        Ok(NewTopicSpec { partitions, replicas: job.changelog_replicas, settings })
    };
    let topic = InternalTopic { cluster, name: repartition_topic, cleanup_policy: CleanupPolicy::Delete };
    let count = topic.find_or_create(new, &deadline, listener)?;
    let partitions = u32::try_from(count).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    Ok(RepartitionTopics { inputs, partitions })
}

/// What the repartition topic has to take, so that whatever is in the inputs can go through; `None` where that cannot be learnt.
fn largest(cluster: &Cluster, job: &Job, deadline: &Deadline) -> Option<u64> {
    let of_input =
        |input: &Input| cluster.topic_setting(&input.topic, MAX_MESSAGE_BYTES, deadline).ok().flatten();
    let known = job.inputs.iter().filter_map(of_input).filter_map(|bytes| bytes.parse::<u64>().ok());
    Some(known.max()?.saturating_add(ORIGIN_BYTES).min(u64::from(i32::MAX.unsigned_abs())))
}
