use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Printable, sentinel};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the name as Kafka spells it.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The name as Kafka spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// For people: as [`Printable`] shows it. The name itself is [`as_str`](Self::as_str).
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Printable(&self.0).fmt(f)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// The short name a link gives a cluster (`src`, `us-east`), as in `clusters = src, dst`.
    ClusterAlias
}

name! {
    /// A topic's name on one cluster. The same records may have another name on the other side.
    TopicName
}

name! {
    /// A consumer group's id. It may hold any character, commas and quotes too.
    GroupId
}

/// One partition of a topic. Shown as `topic-partition`, as Kafka does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicName,
    /// The partition's number, from 0. JSON that says a negative one, Kafka's for one that is not known, is refused.
    #[serde(deserialize_with = "sentinel::read_partition")]
    pub partition: i32,
}

impl TopicPartition {
    /// Names one partition.
    pub fn new(topic: impl Into<TopicName>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}
