use offsets_core::model::{ClusterAlias, TopicName};

use crate::Progress;

/// Somebody who wants to see how far the reading of topics has come.
pub trait Onlooker: Sync {
    /// The reading of a topic begins. What is returned is called now and then, and once at the end.
    fn watch(&self, cluster: &ClusterAlias, topic: &TopicName) -> Box<dyn FnMut(Progress)>;
}

/// Nobody is looking.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Onlooker for Nobody {
    fn watch(&self, _: &ClusterAlias, _: &TopicName) -> Box<dyn FnMut(Progress)> {
        Box::new(|_| {})
    }
}
