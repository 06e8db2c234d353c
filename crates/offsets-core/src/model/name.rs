use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Printable, sentinel};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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

        /// Empty text names nothing and is refused.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = Arc::<str>::deserialize(deserializer)?;
                // A link checks the aliases of its clusters itself, together.
                if name.is_empty() && $what != "cluster" {
                    return Err(D::Error::custom(concat!("a ", $what, " without a name")));
                }
                Ok(Self(name))
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
    ClusterAlias, "cluster"
}

name! {
    /// A topic's name on one cluster. The same records may have another name on the other side.
    TopicName, "topic"
}

name! {
    /// A consumer group's id. It may hold any character, commas and quotes too.
    GroupId, "group"
}

impl TopicName {
    /// The most characters that a name can have (`org.apache.kafka.common.internals.Topic`).
    const MAX_LENGTH: usize = 249;

    /// Whether a topic can have this name: letters, digits, `.`, `_` and `-` of ASCII, at most 249 of them, and not `.` or `..`.
    pub fn is_legal(&self) -> bool {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let name = self.as_str();
        (1..=Self::MAX_LENGTH).contains(&name.len()) && name.bytes().all(legal) && !matches!(name, "." | "..")
    }
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
