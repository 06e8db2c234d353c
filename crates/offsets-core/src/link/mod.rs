//! A link: two clusters and how MM2 names things between them.

mod check;
mod policy;

pub use check::LinkError;
pub(crate) use check::fits_topic_names;
pub use policy::{HEARTBEATS_TOPIC, PolicyKind, ReplicationPolicy};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{ClusterAlias, TopicName, TopicPartition};

/// One direction of replication, from `source` to `target`, and the names that follow from how it was configured.
///
/// It is plain data and part of the dump file: what is left out there has its default, so the commonest link is
/// `{"source": "src", "target": "dst"}`.
///
/// # Examples
/// ```
/// use offsets_core::link::{Link, Side};
///
/// let link = Link::new("src", "dst");
/// assert_eq!(link.syncs_topic(), (Side::Source, "mm2-offset-syncs.dst.internal".into()));
/// assert_eq!(link.checkpoints_topic(), "src.checkpoints.internal".into());
/// assert_eq!(link.remote_topic(&"orders".into()), "src.orders".into());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// Alias of the cluster the records come from.
    pub source: ClusterAlias,
    /// Alias of the cluster the copies are on.
    pub target: ClusterAlias,
    /// How copies and internal topics are named.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: ReplicationPolicy,
    /// How target offsets come from source offsets; MM2 notes pairs of them unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mapping: OffsetMapping,
    /// Which cluster holds the offset-syncs topic (`offset-syncs.topic.location`); the source unless said otherwise.
    #[serde(default = "Side::source", skip_serializing_if = "Side::is_source")]
    pub syncs_location: Side,
    /// The offset-syncs topic's name, where it is not the one that follows from the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub syncs_topic_name: Option<TopicName>,
    /// The checkpoints topic's name, where it is not the one that follows from the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoints_topic_name: Option<TopicName>,
    /// Whether MM2 writes to the target in transactions, whose markers use up target offsets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exactly_once: bool,
    /// The topic in which the Connect worker keeps its source offsets, where it is not a dedicated MM2's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positions_topic_name: Option<TopicName>,
    /// The record header in which the replicator writes the source offset, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_header: Option<String>,
    /// The offset-syncs topic of the flow back, and the cluster of this link that holds it, where its configuration is
    /// known and the topic is this flow's too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub syncs_topic_of_flow_back: Option<(Side, TopicName)>,
}

impl Link {
    /// A link with MM2's defaults: default policy with dots, syncs on the source, at least once.
    pub fn new(source: impl Into<ClusterAlias>, target: impl Into<ClusterAlias>) -> Self {
        Self {
            source: source.into(),
            target: target.into(),
            policy: ReplicationPolicy::default(),
            mapping: OffsetMapping::default(),
            syncs_location: Side::Source,
            syncs_topic_name: None,
            checkpoints_topic_name: None,
            exactly_once: false,
            positions_topic_name: None,
            origin_header: None,
            syncs_topic_of_flow_back: None,
        }
    }

    /// The link's name, `source->target`.
    pub fn name(&self) -> LinkName {
        LinkName { source: self.source.clone(), target: self.target.clone() }
    }

    /// The offset-syncs topic, and the cluster it is on. MM2 writes and reads its partition 0 only.
    pub fn syncs_topic(&self) -> (Side, TopicName) {
        let other = match self.syncs_location {
            Side::Source => &self.target,
            Side::Target => &self.source,
        };
        let name = self.syncs_topic_name.clone().unwrap_or_else(|| self.policy.syncs_topic(other));
        (self.syncs_location, name)
    }

    /// Whether the flow back writes its pairs into this flow's offset-syncs topic. With syncs on the source here and on the
    /// target there, MM2's names for the two are one (`MirrorSourceConfig.offsetSyncsTopic`). Pairs of both flows stand under
    /// the same keys then, and neither they nor the checkpoints MM2 made of them can be told apart.
    pub fn shares_syncs_topic(&self) -> bool {
        self.syncs_topic_of_flow_back.as_ref() == Some(&self.syncs_topic())
    }

    /// The checkpoints topic, always on the target. MM2 writes and reads its partition 0 only.
    pub fn checkpoints_topic(&self) -> TopicName {
        self.checkpoints_topic_name.clone().unwrap_or_else(|| self.policy.checkpoints_topic(&self.source))
    }

    /// The topic in which the Connect worker keeps how far it has copied, always on the target. In dedicated mode no
    /// separator changes its name (`MirrorMakerConfig.workerConfig`).
    pub fn positions_topic(&self) -> TopicName {
        let dedicated = || TopicName::new(format!("mm2-offsets.{}.internal", self.source.as_str()));
        self.positions_topic_name.clone().unwrap_or_else(dedicated)
    }

    /// The partition on the target that holds the copies of a partition of the source.
    pub fn remote_partition(&self, source: &TopicPartition) -> TopicPartition {
        TopicPartition { topic: self.remote_topic(&source.topic), partition: source.partition }
    }

    /// The name on the target of the copy of the source's `topic`.
    pub fn remote_topic(&self, topic: &TopicName) -> TopicName {
        self.policy.remote_topic(&self.source, topic)
    }

    /// The same link in the other direction, with MM2's names and the same settings. What this link names explicitly is not
    /// carried over.
    pub fn flow_back(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            mapping: self.mapping,
            syncs_location: self.syncs_location,
            exactly_once: self.exactly_once,
            ..Self::new(self.target.clone(), self.source.clone())
        }
    }

    /// The offset-syncs topic of the flow back, and the cluster of this link that holds it.
    pub fn syncs_topic_back(&self) -> (Side, TopicName) {
        let (side, topic) = self.flow_back().syncs_topic();
        (side.other(), topic)
    }

    /// Whether the copy of `topic` has the name of its original. Such a topic on the target may hold records of its own:
    /// those that it took while it was the original itself.
    pub fn shares_name(&self, topic: &TopicName) -> bool {
        self.remote_topic(topic) == *topic
    }

    /// The target's topic that the source's `topic` is a copy of, under a policy that tells by the name. MM2 does not copy
    /// such a topic back (`MirrorSourceConnector.isCycle`).
    pub fn original_on_target(&self, topic: &TopicName) -> Option<TopicName> {
        let told = self.policy.kind() == PolicyKind::Default && self.mapping == OffsetMapping::OffsetSyncs;
        self.policy.original_topic(&self.target, topic).filter(|original| told && original != topic)
    }

    /// The partition on the target in which a group goes on that reads `source`: the original, where `source` is a copy of
    /// one of the target's, else the copy.
    pub fn destination(&self, source: &TopicPartition) -> TopicPartition {
        match self.original_on_target(&source.topic) {
            Some(topic) => TopicPartition { topic, partition: source.partition },
            None => self.remote_partition(source),
        }
    }

    /// The name on the source of the topic that the target's `remote` is the copy of; `None` when this link makes no
    /// topic of that name.
    pub fn original_topic(&self, remote: &TopicName) -> Option<TopicName> {
        self.policy.original_topic(&self.source, remote)
    }
}

/// How the target offset of a copy comes from the source offset of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OffsetMapping {
    /// The copy gets whatever offset is next, and some pairs are written down: MM2.
    #[default]
    #[serde(rename = "noted")]
    OffsetSyncs,
    /// The copy keeps the offset of its record: Cluster Linking, Redpanda Shadowing, KIP-1279.
    #[serde(rename = "preserved")]
    Identical,
    /// The copy gets whatever offset is next, and no record of it is kept: a snapshot, a restored backup.
    #[serde(rename = "unnoted")]
    None,
}

/// One of the two clusters of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// The cluster the records come from.
    Source,
    /// The cluster the copies are on.
    Target,
}

impl Side {
    fn source() -> Self {
        Self::Source
    }

    /// The same cluster's side on the link back.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Source => Self::Target,
            Self::Target => Self::Source,
        }
    }

    fn is_source(&self) -> bool {
        *self == Self::Source
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// How a person picks a link: `source->target`, by the aliases of its clusters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkName {
    /// Alias of the cluster the records come from.
    pub source: ClusterAlias,
    /// Alias of the cluster the copies are on.
    pub target: ClusterAlias,
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}->{}", self.source, self.target)
    }
}

/// The text is not of the form `source->target`, with two different aliases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a link is written 'source->target' with two different aliases, not '{text}'")]
pub struct LinkNameError {
    /// What was given.
    pub text: String,
}

impl FromStr for LinkName {
    type Err = LinkNameError;

    fn from_str(text: &str) -> Result<Self, LinkNameError> {
        text.split_once("->")
            .map(|(source, target)| (source.trim(), target.trim()))
            .filter(|(source, target)| {
                !source.is_empty() && !target.is_empty() && !target.contains("->") && source != target
            })
            .map(|(source, target)| Self { source: source.into(), target: target.into() })
            .ok_or_else(|| LinkNameError { text: text.to_owned() })
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syncs_are_named_after_the_other_cluster() {
        let mut link = Link::new("A", "B");
        assert_eq!(link.syncs_topic(), (Side::Source, "mm2-offset-syncs.B.internal".into()));
        link.syncs_location = Side::Target;
        assert_eq!(link.syncs_topic(), (Side::Target, "mm2-offset-syncs.A.internal".into()));
    }

    #[test]
    fn explicit_names_win() {
        let mut link = Link::new("A", "B");
        link.syncs_topic_name = Some("my-syncs".into());
        link.checkpoints_topic_name = Some("my-checkpoints".into());
        assert_eq!(link.syncs_topic(), (Side::Source, "my-syncs".into()));
        assert_eq!(link.checkpoints_topic(), "my-checkpoints".into());
    }

    #[test]
    fn the_commonest_link_is_two_aliases_in_a_dump() -> Result<(), serde_json::Error> {
        let link = Link::new("src", "dst");
        let text = r#"{"source":"src","target":"dst"}"#;
        assert_eq!(serde_json::to_string(&link)?, text);
        assert_eq!(serde_json::from_str::<Link>(text)?, link);
        Ok(())
    }

    #[test]
    fn every_setting_survives_a_dump() -> Result<(), serde_json::Error> {
        let link = Link {
            policy: ReplicationPolicy::identity().with_separator("_").with_dotted_internal_topics(),
            syncs_location: Side::Target,
            syncs_topic_name: Some("s".into()),
            checkpoints_topic_name: Some("c".into()),
            exactly_once: true,
            ..Link::new("A", "B")
        };
        let text = serde_json::to_string(&link)?;
        assert_eq!(
            text,
            concat!(
                r#"{"source":"A","target":"B","#,
                r#""policy":{"kind":"identity","separator":"_","internalTopicSeparator":false},"#,
                r#""syncsLocation":"target","syncsTopicName":"s","checkpointsTopicName":"c","exactlyOnce":true}"#
            )
        );
        assert_eq!(serde_json::from_str::<Link>(&text)?, link);
        Ok(())
    }

    #[test]
    fn a_misspelt_key_in_a_dump_is_refused() {
        let text = r#"{"source":"A","target":"B","syncLocation":"target"}"#;
        assert!(serde_json::from_str::<Link>(text).is_err());
    }

    #[test]
    fn a_link_name_is_two_different_aliases() -> Result<(), LinkNameError> {
        let name: LinkName = "src->dst".parse()?;
        assert_eq!((name.source.as_str(), name.target.as_str()), ("src", "dst"));
        assert_eq!(name.to_string(), "src->dst");
        assert_eq!(" src -> dst ".parse::<LinkName>()?, name);
        assert_eq!(Link::new("src", "dst").name(), name);
        for wrong in ["", "src", "->", "src->", "->dst", "src->src", "a->b->c", "src>dst", "src=>dst"] {
            assert_eq!(wrong.parse::<LinkName>(), Err(LinkNameError { text: wrong.to_owned() }));
        }
        Ok(())
    }
}
