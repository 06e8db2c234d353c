use serde::{Deserialize, Serialize};

use crate::model::{ClusterAlias, TopicName};

/// The topic a heartbeat connector writes to on every cluster. No separator ever changes its name.
pub const HEARTBEATS_TOPIC: &str = "heartbeats";

/// How a link names its copies and its internal topics: MM2's `replication.policy.*` properties as a value.
///
/// Rules read in `DefaultReplicationPolicy` and `IdentityReplicationPolicy` (Kafka 3.5.2 and later; before, internal
/// topics were named with dots whatever the separator, which is [`Self::with_dotted_internal_topics`]).
///
/// # Examples
/// ```
/// use offsets_core::link::ReplicationPolicy;
///
/// let policy = ReplicationPolicy::default().with_separator("_");
/// assert_eq!(policy.remote_topic(&"src".into(), &"orders".into()).as_str(), "src_orders");
/// assert_eq!(policy.original_topic(&"src".into(), &"src_orders".into()), Some("orders".into()));
/// assert_eq!(policy.checkpoints_topic(&"src".into()).as_str(), "src_checkpoints_internal");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ReplicationPolicy {
    kind: PolicyKind,
    separator: String,
    internal_topic_separator: bool,
}

/// Which of MM2's two policies names the copies of data topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PolicyKind {
    /// `DefaultReplicationPolicy`: alias, separator, topic.
    Default,
    /// `IdentityReplicationPolicy`: the topic's own name, except for heartbeats. Internal topics are named as under
    /// the default policy.
    Identity,
}

impl PolicyKind {
    /// What a `replication.policy.class` is here. Strimzi's policy of the time before Kafka had one (KIP-712) names data topics
    /// as Kafka's does.
    pub fn of_class(class: &str) -> Option<Self> {
        match class {
            "org.apache.kafka.connect.mirror.DefaultReplicationPolicy" => Some(Self::Default),
            "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"
            | "io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy" => Some(Self::Identity),
            _ => None,
        }
    }
}

impl Default for ReplicationPolicy {
    fn default() -> Self {
        Self { kind: PolicyKind::Default, separator: DOT.to_owned(), internal_topic_separator: true }
    }
}

impl ReplicationPolicy {
    /// The policy that leaves the names of data topics as they are.
    pub fn identity() -> Self {
        Self { kind: PolicyKind::Identity, ..Self::default() }
    }

    /// The same but for how data topics are named.
    #[must_use]
    pub fn with_kind(self, kind: PolicyKind) -> Self {
        Self { kind, ..self }
    }

    /// Puts `separator` between the parts of a name. Any text will do, the empty one too.
    #[must_use]
    pub fn with_separator(self, separator: impl Into<String>) -> Self {
        Self { separator: separator.into(), ..self }
    }

    /// Keeps dots in the names of internal topics whatever the separator, as
    /// `replication.policy.internal.topic.separator.enabled=false` does (KIP-949). Without a separator of its own a
    /// policy uses dots anyway, so this changes nothing then, as in MM2.
    #[must_use]
    pub fn with_dotted_internal_topics(self) -> Self {
        Self { internal_topic_separator: false, ..self }
    }

    /// Which policy this is.
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// What stands between the parts of a data topic's name.
    pub fn separator(&self) -> &str {
        &self.separator
    }

    /// The name on the target cluster of the copy of `topic`, which lives on the cluster called `source`.
    pub fn remote_topic(&self, source: &ClusterAlias, topic: &TopicName) -> TopicName {
        match self.kind {
            PolicyKind::Identity if !looks_like_heartbeats(topic) => topic.clone(),
            _ => name(&[source.as_str(), &self.separator, topic.as_str()]),
        }
    }

    /// The name on the cluster called `source` of the topic that `remote`, on the target cluster, is the copy of; `None`
    /// when this link makes no topic of that name.
    ///
    /// The inverse of [`Self::remote_topic`], and so sharper than MM2's `topicSource`, which splits at the first
    /// separator and is misled by an alias that holds one. Under the default policy a name is all there is to go
    /// by: a topic of the target's own that happens to begin with the alias counts as a copy.
    pub fn original_topic(&self, source: &ClusterAlias, remote: &TopicName) -> Option<TopicName> {
        match self.kind {
            PolicyKind::Identity if !looks_like_heartbeats(remote) => Some(remote.clone()),
            _ => remote
                .as_str()
                .strip_prefix(source.as_str())?
                .strip_prefix(self.separator.as_str())
                .filter(|original| !original.is_empty())
                .map(TopicName::from),
        }
    }

    /// The offset-syncs topic of a link, where `other` is the alias of the cluster at the *other* end of it: the
    /// target's when the topic is on the source, the source's when it is on the target.
    pub fn syncs_topic(&self, other: &ClusterAlias) -> TopicName {
        let separator = self.internal_separator();
        name(&["mm2-offset-syncs", separator, other.as_str(), separator, "internal"])
    }

    /// The checkpoints topic, on the target, of a link from the cluster called `source`.
    pub fn checkpoints_topic(&self, source: &ClusterAlias) -> TopicName {
        let separator = self.internal_separator();
        name(&[source.as_str(), separator, "checkpoints", separator, "internal"])
    }

    /// Whether MM2 takes `topic` for the checkpoints topic of some link.
    pub fn is_checkpoints_topic(&self, topic: &TopicName) -> bool {
        let separator = self.internal_separator();
        ends_with(topic, &[separator, "checkpoints", separator, "internal"])
    }

    /// Whether every version of MM2 takes `topic` for an internal one, of Kafka or its own, and never copies it.
    ///
    /// That is the rule since KAFKA-17200 (Kafka 4). Before, each topic that ends in `.internal` or `-internal` was
    /// left out, so that such a topic may or may not have a copy.
    pub fn is_internal(&self, topic: &TopicName) -> bool {
        let text = topic.as_str();
        text.starts_with("__")
            || text.starts_with(DOT)
            || text.starts_with("mm2") && ends_with(topic, &[self.internal_separator(), "internal"])
            || self.is_checkpoints_topic(topic)
    }

    fn internal_separator(&self) -> &str {
        if self.internal_topic_separator { &self.separator } else { DOT }
    }
}

const DOT: &str = ".";

/// Heartbeats are renamed under every policy (`IdentityReplicationPolicy.looksLikeHeartbeat`).
fn looks_like_heartbeats(topic: &TopicName) -> bool {
    topic.as_str().ends_with(HEARTBEATS_TOPIC)
}

fn name(parts: &[&str]) -> TopicName {
    TopicName::new(parts.concat())
}

fn ends_with(topic: &TopicName, parts: &[&str]) -> bool {
    parts.iter().rev().try_fold(topic.as_str(), |rest, part| rest.strip_suffix(part)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(policy: &ReplicationPolicy, topic: &str) -> String {
        policy.remote_topic(&"A".into(), &topic.into()).to_string()
    }

    fn original(policy: &ReplicationPolicy, remote: &str) -> Option<String> {
        policy.original_topic(&"A".into(), &remote.into()).map(|topic| topic.to_string())
    }

    fn internal_names(policy: &ReplicationPolicy) -> [String; 2] {
        [policy.syncs_topic(&"B".into()).to_string(), policy.checkpoints_topic(&"A".into()).to_string()]
    }

    #[test]
    fn default_policy_puts_the_alias_in_front() {
        let policy = ReplicationPolicy::default();
        assert_eq!(remote(&policy, "orders"), "A.orders");
        assert_eq!(original(&policy, "A.orders").as_deref(), Some("orders"));
        assert_eq!(internal_names(&policy), ["mm2-offset-syncs.B.internal", "A.checkpoints.internal"]);
    }

    #[test]
    fn a_separator_of_its_own_also_names_the_internal_topics() {
        let policy = ReplicationPolicy::default().with_separator("__");
        assert_eq!(remote(&policy, "orders"), "A__orders");
        assert_eq!(internal_names(&policy), ["mm2-offset-syncs__B__internal", "A__checkpoints__internal"]);
        let policy = ReplicationPolicy::default().with_separator("_");
        assert_eq!(remote(&policy, "orders"), "A_orders");
        assert_eq!(internal_names(&policy), ["mm2-offset-syncs_B_internal", "A_checkpoints_internal"]);
    }

    #[test]
    fn internal_topics_can_keep_their_dots() {
        let policy = ReplicationPolicy::default().with_separator("__").with_dotted_internal_topics();
        assert_eq!(remote(&policy, "orders"), "A__orders");
        assert_eq!(internal_names(&policy), ["mm2-offset-syncs.B.internal", "A.checkpoints.internal"]);
    }

    #[test]
    fn the_switch_means_nothing_without_a_separator_of_its_own() {
        let policy = ReplicationPolicy::default();
        assert_eq!(internal_names(&policy), internal_names(&policy.clone().with_dotted_internal_topics()));
    }

    #[test]
    fn an_empty_separator_glues_the_parts_together() {
        let policy = ReplicationPolicy::default().with_separator("");
        assert_eq!(remote(&policy, "orders"), "Aorders");
        assert_eq!(original(&policy, "Aorders").as_deref(), Some("orders"));
        assert_eq!(internal_names(&policy), ["mm2-offset-syncsBinternal", "Acheckpointsinternal"]);
        assert!(policy.is_internal(&"Acheckpointsinternal".into()));
    }

    #[test]
    fn identity_policy_renames_heartbeats_only() {
        let policy = ReplicationPolicy::identity();
        assert_eq!(remote(&policy, "orders"), "orders");
        assert_eq!(original(&policy, "orders").as_deref(), Some("orders"));
        assert_eq!(remote(&policy, HEARTBEATS_TOPIC), "A.heartbeats");
        assert_eq!(original(&policy, "A.heartbeats").as_deref(), Some(HEARTBEATS_TOPIC));
        assert_eq!(original(&policy, HEARTBEATS_TOPIC), None);
        assert_eq!(internal_names(&policy), ["mm2-offset-syncs.B.internal", "A.checkpoints.internal"]);
        let policy = policy.with_separator("_");
        assert_eq!(remote(&policy, HEARTBEATS_TOPIC), "A_heartbeats");
        assert_eq!(internal_names(&policy), ["mm2-offset-syncs_B_internal", "A_checkpoints_internal"]);
    }

    #[test]
    fn a_source_topic_that_looks_like_a_copy_gets_a_second_prefix() {
        let policy = ReplicationPolicy::default();
        assert_eq!(remote(&policy, "A.t"), "A.A.t");
        assert_eq!(original(&policy, "A.A.t").as_deref(), Some("A.t"));
        assert_eq!(original(&policy, "C.t"), None);
        assert_eq!(original(&policy, "t"), None);
        assert_eq!(original(&policy, "A."), None);
    }

    #[test]
    fn dots_in_topics_and_aliases_do_not_mislead() {
        let policy = ReplicationPolicy::default();
        assert_eq!(original(&policy, "orders.eu"), None);
        assert_eq!(original(&policy, "A.orders.eu").as_deref(), Some("orders.eu"));
        let eu = "eu.west".into();
        let copy = policy.remote_topic(&eu, &"orders".into());
        assert_eq!(policy.original_topic(&eu, &copy), Some("orders".into()));
    }

    #[test]
    fn checkpoints_topics_are_known_by_their_ending() {
        let policy = ReplicationPolicy::default();
        assert!(policy.is_checkpoints_topic(&"x.y.checkpoints.internal".into()));
        assert!(!policy.is_checkpoints_topic(&"checkpoints.internal".into()));
        assert!(!policy.is_checkpoints_topic(&"A_checkpoints_internal".into()));
        assert!(policy.with_separator("_").is_checkpoints_topic(&"A_checkpoints_internal".into()));
    }

    #[test]
    fn internal_topics_are_those_that_no_version_copies() {
        let policy = ReplicationPolicy::default();
        for internal in [
            "__consumer_offsets",
            ".hidden",
            "mm2-offsets.CLUSTER.internal",
            "mm2-offset-syncs.B.internal",
            "A.checkpoints.internal",
        ] {
            assert!(policy.is_internal(&internal.into()), "{internal}");
        }
        for other in ["orders", "orders.internal", "orders-internal", "mm2-offsets_CLUSTER_internal", "mm2"] {
            assert!(!policy.is_internal(&other.into()), "{other}");
        }
        let policy = policy.with_separator("_");
        assert!(policy.is_internal(&"mm2-offset-syncs_B_internal".into()));
        assert!(policy.is_internal(&"A_checkpoints_internal".into()));
        assert!(!policy.is_internal(&"A.checkpoints.internal".into()));
        let policy = policy.with_dotted_internal_topics();
        assert!(policy.is_internal(&"A.checkpoints.internal".into()));
    }
}
