use std::time::Duration;

use offsets_core::evidence::TopicIds;
use offsets_core::model::TopicName;

use crate::ffi::DescribeTopics;
use crate::{Cluster, Deadline, GroupCatalog};

/// How long ids are waited for: they are a help and no condition.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Topics in one request.
const AT_ONCE: usize = 1024;

impl Cluster {
    /// The ids of those of `topics` that the cluster tells: not of a topic that does not exist or that this principal
    /// may not describe, and none at all before Kafka 2.8.
    pub fn topic_ids(&self, topics: &[TopicName], deadline: &Deadline) -> TopicIds {
        // The embedded clusters do not answer it, and their topics are never re-created.
        if matches!(self.group_catalog(), GroupCatalog::Fixed { .. }) {
            return TopicIds::default();
        }
        let call = |topics| DescribeTopics { topics, with_rights: false };
        let calls: Vec<DescribeTopics<'_>> = topics.chunks(AT_ONCE).map(call).collect();
        let deadline = deadline.within(TIMEOUT);
        let answers = self.ask(&calls, &deadline, |_| false);
        let described = answers.into_iter().flatten().flatten();
        described.filter_map(|(topic, told)| Some((topic, told.ok()?.id?))).collect()
    }
}
