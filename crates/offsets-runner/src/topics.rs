use offsets_core::model::TopicName;
use offsets_kafka::exchange::NewTopic;
use offsets_kafka::{Cluster, Deadline};

use crate::{Error, Event, Job, Watcher, rights};

/// Looks at the topics of a job before anything is read: the inputs must be partitioned alike, what is written to must have
/// as many partitions, and the changelog must keep what is old. Gives the number of partitions.
pub(crate) fn examine(
    cluster: &Cluster,
    job: &Job,
    creates: bool,
    watcher: &mut dyn Watcher,
) -> Result<i32, Error> {
    let deadline = Deadline::after(job.timeout);
    rights::examine(cluster, job, creates, &deadline)?;
    let count = |topic: &TopicName| cluster.partitions(topic, &deadline).map(|partitions| partitions.len());
    let mut inputs = job.inputs.iter().map(|input| &input.topic);
    let Some(one) = inputs.next() else { return Ok(0) };
    let needed = count(one)?;
    for other in inputs {
        let partitions_of_other = count(other)?;
        if partitions_of_other != needed {
            let (one, other) = (one.clone(), other.clone());
            return Err(Error::NotCopartitioned {
                one,
                partitions_of_one: needed,
                other,
                partitions_of_other,
            });
        }
    }
    let partitions = i32::try_from(needed).unwrap_or(i32::MAX);
    let changelog = NewTopic {
        name: job.changelog.clone(),
        partitions,
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
    Ok(partitions)
}
