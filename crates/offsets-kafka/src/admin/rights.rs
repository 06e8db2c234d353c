use std::fmt;
use std::time::Duration;

use offsets_core::model::TopicName;

use crate::ffi::DescribeTopics;
use crate::{Cluster, Deadline, GroupCatalog};

/// What may be done with a topic (`org.apache.kafka.common.acl.AclOperation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Right {
    /// To read its records.
    Read,
    /// To write records.
    Write,
    /// To look at its settings.
    DescribeConfigs,
}

/// A right on a topic that this principal does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPermission {
    /// The topic.
    pub topic: TopicName,
    /// The right.
    pub right: Right,
}

/// How long rights are waited for: what is not told here is told by the request that needs it.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Cluster {
    /// Which of the rights `wanted` on topics are lacking, as far as the cluster tells: nothing of a topic that does not exist, and
    /// nothing at all before Kafka 2.3. One who may not even know of a topic lacks all that is wanted of it.
    pub fn missing_permissions(
        &self,
        wanted: &[(TopicName, &[Right])],
        deadline: &Deadline,
    ) -> Vec<MissingPermission> {
        if matches!(self.group_catalog(), GroupCatalog::Fixed { .. }) {
            return Vec::new();
        }
        let topics: Vec<TopicName> = wanted.iter().map(|(topic, _)| topic.clone()).collect();
        let deadline = deadline.within(TIMEOUT);
        let call = DescribeTopics { topics: &topics, with_rights: true };
        let answers = self.ask(&[call], &deadline, |_| false);
        let mut lacks = Vec::new();
        for (topic, told) in answers.into_iter().flatten().flatten() {
            let has = match told {
                Ok(described) => described.rights,
                Err(cause) => cause.is_unauthorised().then(Vec::new),
            };
            let Some(has) = has else { continue };
            let wanted = wanted.iter().filter(|(name, _)| *name == topic).flat_map(|(_, rights)| *rights);
            let missing = wanted.filter(|right| !has.contains(right));
            lacks.extend(missing.map(|right| MissingPermission { topic: topic.clone(), right: *right }));
        }
        lacks
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::DescribeConfigs => "DescribeConfigs",
        })
    }
}

impl fmt::Display for MissingPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on topic {}", self.right, self.topic)
    }
}
