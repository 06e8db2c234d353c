use offsets_core::model::{TopicName, TopicPartition};
use offsets_kafka::exchange::NewTopic;
use offsets_kafka::{Cluster, Deadline};

use crate::{Error, Event, Input, Job, Watcher, rights};

/// Looks at the topics of a job before anything is read: what is judged must be partitioned alike, unless nothing has to meet;
/// what is written to must have as many partitions, and the changelog must keep what is old. Gives the partitions that are judged.
pub(crate) fn examine(
    cluster: &Cluster,
    job: &Job,
    creates: bool,
    watcher: &mut dyn Watcher,
) -> Result<Vec<TopicPartition>, Error> {
    let deadline = Deadline::after(job.timeout);
    rights::examine(cluster, job, creates, &deadline)?;
    let count = |topic: &TopicName| cluster.partitions(topic, &deadline).map(|partitions| partitions.len());
    let mut judged = Vec::new();
    let (mut needed, mut first) = (0, None);
    for Input { topic, .. } in job.judged().iter() {
        let partitions = cluster.partitions(topic, &deadline)?;
        let (one, partitions_of_one) = first.get_or_insert((topic.clone(), partitions.len()));
        if partitions.len() != *partitions_of_one && job.judging.lets_meet() {
            return Err(Error::NotCopartitioned {
                one: one.clone(),
                partitions_of_one: *partitions_of_one,
                other: topic.clone(),
                partitions_of_other: partitions.len(),
            });
        }
        needed = needed.max(partitions.len());
        judged.extend(partitions);
    }
    let changelog = NewTopic {
        name: job.changelog.clone(),
        partitions: i32::try_from(needed).unwrap_or(i32::MAX),
        replicas: job.changelog_replicas,
        settings: vec![("cleanup.policy".to_owned(), "compact".to_owned())],
    };
    match cluster.partitions(&job.changelog, &deadline) {
        Err(error) if error.is_unknown_topic() && creates => {
            if cluster.create_topic(&changelog, &deadline)? {
                watcher.see(Event::Created(job.changelog.as_str()));
            }
        }
        Err(error) if error.is_unknown_topic() => {}
        Err(error) => return Err(error.into()),
        Ok(_) => {
            let policy = cluster.topic_setting(&job.changelog, "cleanup.policy", &deadline)?;
            let policy = policy.unwrap_or_default();
            if policy != "compact" {
                return Err(Error::NotCompacted { topic: job.changelog.clone(), policy });
            }
        }
    }
    if creates {
        let others = [Some(&job.output), job.ledger.as_ref(), job.dead_letters.as_ref()];
        for topic in others.into_iter().flatten().chain([&job.changelog]) {
            let partitions = count(topic)?;
            if partitions < needed {
                return Err(Error::TooFewPartitions { topic: topic.clone(), partitions, needed });
            }
            if cluster.has_one_replica(topic, &deadline)? {
                watcher.see(Event::OneReplica(topic.as_str()));
            }
        }
    }
    Ok(judged)
}
