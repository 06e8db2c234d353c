use offsets_core::model::TopicPartition;
use offsets_kafka::{Cluster, Deadline};

use crate::limit::Limit;
use crate::rights::check_rights;
use crate::topics::{CleanupPolicy, InternalTopic, NewTopicSpec, partitions_of, warn_if_single_replica};
use crate::{Error, Job, Outputs, RunListener};

/// Looks at the topics of a run before anything is read: what is judged must be partitioned alike, unless nothing has to meet;
/// what is written to must have as many partitions, and the changelog, which is created where it is missing, must keep what is
/// old. Gives the partitions that are judged.
pub(super) fn prepare_topics(
    cluster: &Cluster,
    job: &Job,
    outputs: &Outputs,
    limit: Limit<'_>,
    listener: &mut dyn RunListener,
) -> Result<Vec<TopicPartition>, Error> {
    let deadline = limit.deadline();
    check_rights(cluster, job, Some(outputs), &deadline)?;
    let TaskPartitions { partitions, needed } = task_partitions(cluster, job, &deadline)?;
    let new =
        || Ok(NewTopicSpec { partitions: needed, replicas: job.changelog_replicas, settings: Vec::new() });
    let count = changelog(cluster, job).find_or_create(new, &deadline, listener)?;
    let mut counts = vec![(&job.changelog, count)];
    for topic in outputs.topics() {
        counts.push((topic, cluster.partitions(topic, &deadline)?.len()));
        warn_if_single_replica(cluster, topic, &deadline, listener)?;
    }
    match counts.into_iter().find(|(_, partitions)| *partitions < needed) {
        Some((topic, partitions)) => {
            Err(Error::TooFewPartitions { topic: topic.clone(), partitions, needed })
        }
        None => Ok(partitions),
    }
}

/// What a dry run finds.
pub(super) struct DryRunTopics {
    /// The partitions that are judged.
    pub(super) task_partitions: Vec<TopicPartition>,
    /// Whether there is a changelog.
    pub(super) has_changelog: bool,
}

/// Looks at what is judged, and at the changelog where there is one. Nothing is created.
pub(super) fn find_topics(cluster: &Cluster, job: &Job, limit: Limit<'_>) -> Result<DryRunTopics, Error> {
    let deadline = limit.deadline();
    check_rights(cluster, job, None, &deadline)?;
    let TaskPartitions { partitions: task_partitions, .. } = task_partitions(cluster, job, &deadline)?;
    let has_changelog = changelog(cluster, job).find(&deadline)?.is_some();
    Ok(DryRunTopics { task_partitions, has_changelog })
}

/// All partitions of all inputs, however many each has.
pub(super) fn find_inputs(
    cluster: &Cluster,
    job: &Job,
    limit: Limit<'_>,
) -> Result<Vec<TopicPartition>, Error> {
    let deadline = limit.deadline();
    check_rights(cluster, job, None, &deadline)?;
    Ok(partitions_of(cluster, &job.inputs, &deadline)?.concat())
}

fn changelog<'t>(cluster: &'t Cluster, job: &'t Job) -> InternalTopic<'t> {
    InternalTopic { cluster, name: &job.changelog, cleanup_policy: CleanupPolicy::Compact }
}

struct TaskPartitions {
    partitions: Vec<TopicPartition>,
    /// How many tasks that makes.
    needed: usize,
}

fn task_partitions(cluster: &Cluster, job: &Job, deadline: &Deadline) -> Result<TaskPartitions, Error> {
    let inputs = job.task_inputs();
    let partitions = partitions_of(cluster, &inputs, deadline)?;
    let mut counted = inputs.iter().zip(&partitions).map(|(input, partitions)| (input, partitions.len()));
    if let Some((one, partitions_of_one)) = counted.next()
        && job.operator.compares_inputs()
        && let Some((other, partitions_of_other)) = counted.find(|(_, count)| *count != partitions_of_one)
    {
        return Err(Error::NotCopartitioned {
            one: one.topic.clone(),
            partitions_of_one,
            other: other.topic.clone(),
            partitions_of_other,
        });
    }
    let needed = partitions.iter().map(Vec::len).max().unwrap_or_default();
    Ok(TaskPartitions { partitions: partitions.concat(), needed })
}
