//! A scenario: a topic and a replication flow of its own on the shared brokers, from the first record to the verdict.
//!
//! Scenarios do not meet: topic and groups begin with the scenario's name, and aliases of its own give its flow its
//! own internal topics. So one pair of brokers serves all of them, one after the other.

mod checks;
mod evidence;
mod setup;

use std::collections::BTreeMap;

use anyhow::Result;

use crate::kafka::{Isolation, Log, Topic};
use crate::rig::{Flow, Mirror, Properties, Rig};

/// What a scenario differs in, before anything exists.
pub struct Outline {
    name: &'static str,
    partitions: i32,
    topic: Topic,
    properties: Properties,
    worker: Properties,
    copied: Isolation,
}

impl Outline {
    /// A scenario called `name` (lower case, digits, hyphens) whose topic has `partitions` partitions.
    pub fn new(name: &'static str, partitions: i32) -> Self {
        let topic = Topic::new(format!("{name}-orders"), partitions);
        Self {
            name,
            partitions,
            topic,
            properties: Properties::default(),
            worker: Properties::default(),
            copied: Isolation::ReadUncommitted,
        }
    }

    /// Sets one of the source topic's own settings.
    #[must_use]
    pub fn topic(mut self, key: &str, value: &str) -> Self {
        self.topic = self.topic.set(key, value);
        self
    }

    /// Sets one of MirrorMaker 2's properties.
    #[must_use]
    pub fn mm2(mut self, key: &str, value: &str) -> Self {
        self.properties = self.properties.set(key, value);
        self
    }

    /// Sets a property of MirrorMaker 2's workers, which take it only under the alias of the target.
    #[must_use]
    pub fn mm2_worker(mut self, key: &str, value: &str) -> Self {
        self.worker = self.worker.set(key, value);
        self
    }

    /// Lets MirrorMaker 2 copy only what `isolation` shows; its default is to copy aborted records too.
    #[must_use]
    pub fn copying(mut self, isolation: Isolation) -> Self {
        self.copied = isolation;
        self
    }

    /// Makes the topic and the properties file; nothing is mirrored yet.
    ///
    /// # Errors
    ///
    /// When the topic is there already.
    pub fn on(self, rig: &mut Rig) -> Result<Scenario<'_>> {
        // a separator in an alias would make the names of mirrored topics ambiguous
        let stem: String = self.name.chars().filter(char::is_ascii_alphanumeric).collect();
        let flow = Flow { source: format!("{stem}src"), target: format!("{stem}dst") };
        let topic = format!("{}-orders", self.name);
        let properties =
            Properties::default().set("topics", &topic).set("groups", format!("{}-.*", self.name));
        let properties = properties.overridden_by(&self.properties);
        let properties = properties.overridden_by(&self.worker.under(&flow.target));
        // the consumer's settings are taken only under the alias of the source
        let isolation = format!("{}.consumer.isolation.level", flow.source);
        let properties = properties.set(isolation, self.copied.level());
        let mirror = rig.mirror(&flow, &properties)?;
        self.topic.create(&rig.source.bootstrap())?;
        Ok(Scenario {
            rig,
            mirror,
            name: self.name,
            names: Names::of(&flow, &topic, &properties),
            partitions: self.partitions,
            copied: self.copied,
            next_id: 0,
            written: Log::default(),
            source_ends: BTreeMap::new(),
            groups: BTreeMap::new(),
        })
    }
}

/// A topic, its flow and its groups on a running rig.
pub struct Scenario<'r> {
    /// The two brokers.
    pub rig: &'r mut Rig,
    /// The MirrorMaker 2 of this flow; it runs once it is started and until the scenario ends.
    pub mirror: Mirror,
    name: &'static str,
    names: Names,
    partitions: i32,
    copied: Isolation,
    next_id: u64,
    /// Where every record landed on the source, aborted and compacted ones among them.
    written: Log,
    /// Log ends of the source as last seen.
    source_ends: BTreeMap<i32, i64>,
    /// What each group has committed on the source.
    groups: BTreeMap<String, BTreeMap<i32, i64>>,
}

/// The topics of a flow, named as MirrorMaker 2 names them (`ReplicationPolicy`, `MirrorSourceConfig`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The topic on the source.
    pub topic: String,
    /// Its mirror on the target.
    pub mirrored: String,
    /// The offset syncs.
    pub syncs: String,
    /// Whether the syncs are on the target; else they are on the source.
    pub syncs_on_target: bool,
    /// The checkpoints, on the target.
    pub checkpoints: String,
    /// Where Connect keeps MM2's position, on the target; no separator changes this name.
    pub positions: String,
}

impl Names {
    fn of(flow: &Flow, topic: &str, properties: &Properties) -> Self {
        let Flow { source, target } = flow;
        let separator = properties.get("replication.policy.separator").unwrap_or(".");
        let identity =
            properties.get("replication.policy.class").is_some_and(|class| class.contains("Identity"));
        let syncs_on_target = properties.get("offset-syncs.topic.location") == Some("target");
        let other = if syncs_on_target { source } else { target };
        Self {
            topic: topic.to_owned(),
            mirrored: if identity { topic.to_owned() } else { format!("{source}{separator}{topic}") },
            syncs: format!("mm2-offset-syncs{separator}{other}{separator}internal"),
            syncs_on_target,
            checkpoints: format!("{source}{separator}checkpoints{separator}internal"),
            positions: format!("mm2-offsets.{source}.internal"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(properties: &Properties) -> Names {
        Names::of(&Flow { source: "a".into(), target: "b".into() }, "orders", properties)
    }

    #[test]
    fn names_are_those_of_mm2_defaults() {
        let names = names(&Properties::default());
        assert_eq!(names.mirrored, "a.orders");
        assert_eq!((names.syncs.as_str(), names.syncs_on_target), ("mm2-offset-syncs.b.internal", false));
        assert_eq!(names.checkpoints, "a.checkpoints.internal");
    }

    #[test]
    fn syncs_on_the_target_are_named_after_the_source() {
        let names = names(&Properties::default().set("offset-syncs.topic.location", "target"));
        assert_eq!((names.syncs.as_str(), names.syncs_on_target), ("mm2-offset-syncs.a.internal", true));
    }

    #[test]
    fn an_identity_policy_keeps_topic_names_and_a_separator_still_shapes_internal_ones() {
        let policy = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy";
        let properties = Properties::default().set("replication.policy.class", policy);
        let names = names(&properties.set("replication.policy.separator", "-"));
        assert_eq!(
            (names.mirrored.as_str(), names.checkpoints.as_str()),
            ("orders", "a-checkpoints-internal")
        );
    }
}
