use offsets_core::model::TopicPartition;
use offsets_kafka::{Cluster, Deadline};

use crate::limit::Limit;
use crate::rights::check_rights;
use crate::topics::{Keeps, NewShape, OwnTopic, partitions_of, tell_of_one_replica};
use crate::{Error, Job, Outputs, Watcher};

/// Looks at the topics of a run before anything is read: what is judged must be partitioned alike, unless nothing has to meet;
/// what is written to must have as many partitions, and the changelog, which is created where it is missing, must keep what is
/// old. Gives the partitions that are judged.
pub(super) fn prepare_topics(
    cluster: &Cluster,
    job: &Job,
    outputs: &Outputs,
    limit: Limit<'_>,
    watcher: &mut dyn Watcher,
) -> Result<Vec<TopicPartition>, Error> {
    let deadline = limit.deadline();
    check_rights(cluster, job, Some(outputs), &deadline)?;
    let Judged { partitions, needed } = judged(cluster, job, &deadline)?;
    let new = || Ok(NewShape { partitions: needed, replicas: job.changelog_replicas, settings: Vec::new() });
    let count = changelog(cluster, job).find_or_create(new, &deadline, watcher)?;
    let mut counts = vec![(&job.changelog, count)];
    for topic in outputs.topics() {
        counts.push((topic, cluster.partitions(topic, &deadline)?.len()));
        tell_of_one_replica(cluster, topic, &deadline, watcher)?;
    }
    match counts.into_iter().find(|(_, partitions)| *partitions < needed) {
        Some((topic, partitions)) => {
            Err(Error::TooFewPartitions { topic: topic.clone(), partitions, needed })
        }
        None => Ok(partitions),
    }
}

/// What a rehearsal finds.
pub(super) struct Found {
    /// The partitions that are judged.
    pub(super) judged: Vec<TopicPartition>,
    /// Whether there is a changelog.
    pub(super) has_changelog: bool,
}

/// Looks at what is judged, and at the changelog where there is one. Nothing is created.
pub(super) fn find_topics(cluster: &Cluster, job: &Job, limit: Limit<'_>) -> Result<Found, Error> {
    let deadline = limit.deadline();
    check_rights(cluster, job, None, &deadline)?;
    let Judged { partitions: judged, .. } = judged(cluster, job, &deadline)?;
    let has_changelog = changelog(cluster, job).find(&deadline)?.is_some();
    Ok(Found { judged, has_changelog })
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

fn changelog<'t>(cluster: &'t Cluster, job: &'t Job) -> OwnTopic<'t> {
    OwnTopic { cluster, name: &job.changelog, keeps: Keeps::Latest }
}

struct Judged {
    partitions: Vec<TopicPartition>,
    /// How many tasks that makes.
    needed: usize,
}

fn judged(cluster: &Cluster, job: &Job, deadline: &Deadline) -> Result<Judged, Error> {
    let inputs = job.judged();
    let partitions = partitions_of(cluster, &inputs, deadline)?;
    let mut counted = inputs.iter().zip(&partitions).map(|(input, partitions)| (input, partitions.len()));
    if let Some((one, partitions_of_one)) = counted.next()
        && job.judging.lets_meet()
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
    Ok(Judged { partitions: partitions.concat(), needed })
}
