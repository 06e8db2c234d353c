use offsets_core::model::{ClusterAlias, TopicName};

use crate::{Error, Progress};

/// Follows how far the reading of topics has come.
pub trait ProgressListener: Sync {
    /// The reading of a topic begins. What is returned is called now and then, and once at the end.
    fn watch(&self, cluster: &ClusterAlias, topic: &TopicName) -> Box<dyn FnMut(Progress)>;

    /// Records of a data topic could not be read, or not all of them. The answer stands, and is less sharp.
    fn missed(&self, topic: &TopicName, error: Error);
}

/// Ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl ProgressListener for NoProgress {
    fn watch(&self, _: &ClusterAlias, _: &TopicName) -> Box<dyn FnMut(Progress)> {
        Box::new(|_| {})
    }

    fn missed(&self, _: &TopicName, _: Error) {}
}
