use offsets_core::model::TopicName;
use offsets_kafka::{Cluster, Deadline, Right};

use crate::{Error, Job};

/// Looks whether this principal may do with the topics of a job what a run does with them, as far as the cluster tells. What is
/// written to is only looked at where the run writes.
pub(crate) fn examine(cluster: &Cluster, job: &Job, writes: bool, deadline: &Deadline) -> Result<(), Error> {
    let lacks = cluster.lacks(&wanted(job, writes), deadline);
    if lacks.is_empty() { Ok(()) } else { Err(Error::Lacking { lacks }) }
}

fn wanted(job: &Job, writes: bool) -> Vec<(TopicName, &'static [Right])> {
    let mut wanted: Vec<(TopicName, &[Right])> =
        job.inputs.iter().map(|input| (input.topic.clone(), &[Right::Read][..])).collect();
    let changelog: &[Right] = if writes {
        &[Right::Read, Right::Write, Right::DescribeConfigs]
    } else {
        &[Right::Read, Right::DescribeConfigs]
    };
    wanted.push((job.changelog.clone(), changelog));
    if writes {
        let between = job.repartition.iter();
        wanted.extend(between.map(|topic| (topic.clone(), changelog)));
        let written = [Some(&job.output), job.ledger.as_ref(), job.dead_letters.as_ref()];
        wanted.extend(written.into_iter().flatten().map(|topic| (topic.clone(), &[Right::Write][..])));
    }
    wanted
}
