use offsets_core::model::TopicName;
use offsets_kafka::{Error as KafkaError, Subject};
use offsets_streams::{Error, Job};

/// What to do where a permission is missing; `None` where none is.
pub(super) fn remedy(error: &Error, job: &Job) -> Option<String> {
    let needed = match error {
        Error::MissingPermissions { missing } => {
            // Who may do nothing with a topic is not told whether it is there.
            let of_changelog = missing.iter().filter(|lack| lack.topic == job.changelog).count();
            let create =
                if of_changelog > 1 { ", and Create on the changelog if it is not there yet" } else { "" };
            format!("these permissions{create}")
        }
        Error::Unreadable { partition, cause } if cause.is_unauthorised() => on_topic(&partition.topic, job),
        Error::Kafka(KafkaError::Unauthorised { subject, .. }) => match subject {
            Subject::Topic(topic) => on_topic(topic, job),
            Subject::Partition(partition) => on_topic(&partition.topic, job),
            Subject::Transaction(id) => {
                let group = id.rsplit_once('.').map_or(job.group.as_str(), |(group, _)| group);
                format!("Write on transactional ids that begin with {group}.")
            }
            Subject::Group(group) => format!("Read on group {}", group.as_str()),
            _ => "the permission".to_owned(),
        },
        _ => return None,
    };
    Some(format!("grant this principal {needed}, or use another in --command-config"))
}

/// What a run does with a topic.
fn on_topic(topic: &TopicName, job: &Job) -> String {
    let rights = if *topic == job.changelog || job.repartition.as_ref() == Some(topic) {
        "Create, Read, Write and DescribeConfigs"
    } else if job.inputs.iter().any(|input| input.topic == *topic) {
        "Read"
    } else {
        "Write"
    };
    format!("{rights} on topic {topic}")
}
