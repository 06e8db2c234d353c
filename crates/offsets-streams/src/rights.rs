use offsets_core::model::TopicName;
use offsets_kafka::{Cluster, Deadline, Right};

use crate::{Error, Job, Outputs};

/// Looks whether this principal may do with the topics of a job what a run does with them, as far as the cluster tells. What is
/// written to is only looked at where there are outputs.
pub(crate) fn check_rights(
    cluster: &Cluster,
    job: &Job,
    outputs: Option<&Outputs>,
    deadline: &Deadline,
) -> Result<(), Error> {
    let missing = cluster.missing_permissions(&wanted(job, outputs), deadline);
    if missing.is_empty() { Ok(()) } else { Err(Error::MissingPermissions { missing }) }
}

fn wanted(job: &Job, outputs: Option<&Outputs>) -> Vec<(TopicName, &'static [Right])> {
    let mut wanted: Vec<(TopicName, &[Right])> =
        job.inputs.iter().map(|input| (input.topic.clone(), &[Right::Read][..])).collect();
    let Some(outputs) = outputs else {
        wanted.push((job.changelog.clone(), &[Right::Read, Right::DescribeConfigs]));
        return wanted;
    };
    let own: &[Right] = &[Right::Read, Right::Write, Right::DescribeConfigs];
    wanted.extend([&job.changelog].into_iter().chain(&job.repartition).map(|topic| (topic.clone(), own)));
    wanted.extend(outputs.topics().map(|topic| (topic.clone(), &[Right::Write][..])));
    wanted
}
