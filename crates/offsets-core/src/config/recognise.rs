use serde_json::Value;

use super::JavaProperties;
use super::outline::{Outline, outline_of_json, outline_of_yaml};
use crate::link::{PolicyKind, Side};

/// A file that was given for a dedicated MM2's and is another one that operators have. It is only named, with what of a
/// link it tells: its settings are not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherFile {
    /// What it is.
    pub kind: OtherKind,
    /// The link that it configures, as far as it tells.
    pub link: Option<OtherLink>,
}

/// Which other file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtherKind {
    /// The configuration of a connector, in properties, JSON or YAML.
    Connector {
        /// Its class.
        class: String,
    },
    /// The configuration of a Connect worker.
    Worker,
    /// A resource of Kubernetes.
    Resource {
        /// Its `kind`.
        kind: String,
    },
    /// One of this program's own documents.
    Document {
        /// Its `kind`.
        kind: String,
    },
    /// The properties of one Kafka client.
    Client,
    /// Named links, `offsets.toml`.
    NamedLinks,
    /// Other JSON.
    Json,
    /// Other YAML.
    Yaml,
}

/// What a connector's configuration tells about its link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherLink {
    /// The source's alias.
    pub source_alias: Option<String>,
    /// The source's brokers.
    pub source_servers: Option<String>,
    /// The target's alias.
    pub target_alias: Option<String>,
    /// The target's brokers.
    pub target_servers: Option<String>,
    /// How data topics are named, where it is not the default.
    pub policy: Option<PolicyKind>,
    /// The separator, where it is set.
    pub separator: Option<String>,
    /// Where the syncs are, where it is set.
    pub syncs_location: Option<Side>,
    /// The Connect worker's topic of source offsets.
    pub positions_topic: Option<String>,
}

impl OtherFile {
    /// What the file is, if it is one of these and has no `clusters` of its own.
    pub fn recognise(file: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(file);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with(['{', '[']) && !text.starts_with("[links") && !text.starts_with("[reconcile") {
            let json = serde_json::from_str::<Value>(text).ok()?;
            return Some(Self::of_json(&json));
        }
        let properties = JavaProperties::parse(file).unwrap_or_default();
        if properties.get("clusters").is_some_and(|clusters| !clusters.trim().is_empty()) {
            return None;
        }
        if text.lines().any(|line| line.starts_with("[links.") || line.starts_with("default-link")) {
            return Some(Self::plain(OtherKind::NamedLinks));
        }
        let yaml = outline_of_yaml(text);
        if let Some(found) = Self::of_resource(&yaml) {
            return Some(found);
        }
        if text.starts_with("---") {
            return Some(Self::plain(OtherKind::Yaml));
        }
        Self::of_properties(&properties)
    }

    fn plain(kind: OtherKind) -> Self {
        Self { kind, link: None }
    }

    fn of_json(json: &Value) -> Self {
        let outline = outline_of_json(json);
        if let Some(version) = outline.get("apiVersion")
            && version.starts_with("offsets/")
        {
            let kind = outline.get("kind").unwrap_or_default().to_owned();
            return Self::plain(OtherKind::Document { kind });
        }
        Self::of_resource(&outline)
            .or_else(|| Self::of_connector(&outline, "config.", "config.connector.class"))
            .or_else(|| Self::of_connector(&outline, "", "connector.class"))
            .unwrap_or(Self::plain(OtherKind::Json))
    }

    fn of_resource(outline: &Outline) -> Option<Self> {
        outline.get("apiVersion")?;
        let kind = outline.get("kind")?.to_owned();
        match kind.as_str() {
            "KafkaMirrorMaker2" => {
                let link = Some(strimzi(outline));
                Some(Self { kind: OtherKind::Resource { kind }, link })
            }
            "KafkaConnector" => {
                let link =
                    Self::of_connector(outline, "spec.config.", "spec.class").and_then(|found| found.link);
                Some(Self { kind: OtherKind::Resource { kind }, link })
            }
            _ => Some(Self::plain(OtherKind::Resource { kind })),
        }
    }

    fn of_properties(properties: &JavaProperties) -> Option<Self> {
        let outline = Outline::of_pairs(properties.iter());
        if let Some(connector) = Self::of_connector(&outline, "", "connector.class") {
            return Some(connector);
        }
        let has = |key| properties.get(key).is_some();
        if has("offset.storage.topic") || has("offset.storage.file.filename") {
            return Some(Self::plain(OtherKind::Worker));
        }
        has("bootstrap.servers").then(|| Self::plain(OtherKind::Client))
    }

    fn of_connector(outline: &Outline, prefix: &str, class: &str) -> Option<Self> {
        let class = outline.get(class)?.trim().to_owned();
        let is_mm2 = ["MirrorSource", "MirrorCheckpoint", "MirrorHeartbeat"]
            .iter()
            .any(|name| class.rsplit('.').next().is_some_and(|short| short.starts_with(name)));
        let get = |key: &str| outline.get(&format!("{prefix}{key}")).map(|value| value.trim().to_owned());
        let link = OtherLink {
            source_alias: get("source.cluster.alias"),
            source_servers: get("source.cluster.bootstrap.servers"),
            target_alias: get("target.cluster.alias"),
            target_servers: get("target.cluster.bootstrap.servers"),
            positions_topic: None,
            ..names(|key| get(key))
        };
        Some(Self { kind: OtherKind::Connector { class }, link: is_mm2.then_some(link) })
    }
}

/// What names topics, of a connector's settings.
fn names(get: impl Fn(&str) -> Option<String>) -> OtherLink {
    let policy = get("replication.policy.class").as_deref().and_then(PolicyKind::of_class);
    OtherLink {
        policy: policy.filter(|kind| *kind != PolicyKind::Default),
        separator: get("replication.policy.separator"),
        syncs_location: get("offset-syncs.topic.location").and_then(|side| match side.as_str() {
            "target" => Some(Side::Target),
            _ => None,
        }),
        ..OtherLink::default()
    }
}

/// The first mirror of a KafkaMirrorMaker2, in the form of either API version: `spec.target` and `mirrors[].source`, or
/// `spec.clusters`, `connectCluster` and `mirrors[].sourceCluster`.
fn strimzi(outline: &Outline) -> OtherLink {
    let get = |key: &str| outline.get(&format!("spec.{key}")).map(str::to_owned);
    let cluster = |alias: &Option<String>| {
        let place = (0..).map(|at| format!("clusters[{at}]"));
        let mut known = place.map_while(|place| Some((get(&format!("{place}.alias"))?, place)));
        known.find(|(known, _)| Some(known) == alias.as_ref()).map(|(_, place)| place)
    };
    let source_alias = get("mirrors[0].source.alias").or_else(|| get("mirrors[0].sourceCluster"));
    let target_alias =
        get("target.alias").or_else(|| get("mirrors[0].targetCluster")).or_else(|| get("connectCluster"));
    let of =
        |alias: &Option<String>, key: &str| cluster(alias).and_then(|place| get(&format!("{place}.{key}")));
    // The operator's own default, where the v1beta2 form says nothing.
    let old_default = || cluster(&target_alias).map(|_| "mirrormaker2-cluster-offsets".to_owned());
    OtherLink {
        source_servers: get("mirrors[0].source.bootstrapServers")
            .or_else(|| of(&source_alias, "bootstrapServers")),
        target_servers: get("target.bootstrapServers").or_else(|| of(&target_alias, "bootstrapServers")),
        positions_topic: get("target.offsetStorageTopic")
            .or_else(|| of(&target_alias, "config.offset.storage.topic"))
            .or_else(old_default),
        ..names(|key| get(&format!("mirrors[0].sourceConnector.config.{key}")))
    }
    .with_aliases(source_alias, target_alias)
}

impl OtherLink {
    fn with_aliases(self, source_alias: Option<String>, target_alias: Option<String>) -> Self {
        Self { source_alias, target_alias, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(file: &str) -> Option<OtherKind> {
        OtherFile::recognise(file.as_bytes()).map(|found| found.kind)
    }

    fn link(file: &str) -> OtherLink {
        OtherFile::recognise(file.as_bytes()).and_then(|found| found.link).expect("a link")
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    const PROPERTIES: &str = "name = x
        connector.class = org.apache.kafka.connect.mirror.MirrorCheckpointConnector
        source.cluster.alias = paris
        target.cluster.alias = oslo
        source.cluster.bootstrap.servers = a:1
        target.cluster.bootstrap.servers = b:1
        offset-syncs.topic.location = target
        replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy";

    fn expected() -> OtherLink {
        OtherLink {
            source_alias: some("paris"),
            source_servers: some("a:1"),
            target_alias: some("oslo"),
            target_servers: some("b:1"),
            policy: Some(PolicyKind::Identity),
            syncs_location: Some(Side::Target),
            ..OtherLink::default()
        }
    }

    #[test]
    fn a_connector_is_known_in_each_of_its_forms() {
        let inside = r#"{"connector.class":"MirrorSourceConnector","source.cluster.alias":"paris",
            "target.cluster.alias":"oslo","source.cluster.bootstrap.servers":"a:1",
            "target.cluster.bootstrap.servers":"b:1","offset-syncs.topic.location":"target","tasks.max":1,
            "replication.policy.class":"io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy"}"#;
        let yaml = "apiVersion: kafka.strimzi.io/v1
kind: KafkaConnector
spec:
  class: org.apache.kafka.connect.mirror.MirrorSourceConnector
  config:
    source.cluster.alias: paris   # the old one
    target.cluster.alias: 'oslo'
    source.cluster.bootstrap.servers: \"a:1\"
    target.cluster.bootstrap.servers: b:1
    offset-syncs.topic.location: target
    replication.policy.class: org.apache.kafka.connect.mirror.IdentityReplicationPolicy
";
        for file in [PROPERTIES, inside, &format!(r#"{{"name":"x","config":{inside}}}"#), yaml] {
            assert_eq!(link(file), expected(), "{file}");
        }
        let other = OtherFile::recognise(b"connector.class = com.example.Sink\nname=x").expect("a connector");
        assert_eq!(
            (other.kind, other.link),
            (OtherKind::Connector { class: "com.example.Sink".into() }, None)
        );
    }

    #[test]
    fn strimzis_resource_is_known_in_the_form_of_either_version() {
        let new = "---
apiVersion: kafka.strimzi.io/v1
kind: KafkaMirrorMaker2
spec:
  target:
    alias: oslo
    bootstrapServers: b:1
    offsetStorageTopic: mm2-offsets
  mirrors:
    - source:
        alias: paris
        bootstrapServers: a:1
      sourceConnector:
        config:
          offset-syncs.topic.location: target
          replication.policy.class: io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy
      topicsPattern: '.*'
";
        let old = "# ours
apiVersion: kafka.strimzi.io/v1beta2
kind: KafkaMirrorMaker2
spec:
  connectCluster: oslo
  clusters:
  - alias: paris
    bootstrapServers: a:1
  - alias: oslo
    bootstrapServers: b:1
    config:
      offset.storage.topic: mm2-offsets
  mirrors:
  - sourceCluster: paris
    targetCluster: oslo
    sourceConnector:
      config:
        offset-syncs.topic.location: target
        replication.policy.class: io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy
";
        for file in [new, old] {
            assert_eq!(
                link(file),
                OtherLink { positions_topic: some("mm2-offsets"), ..expected() },
                "{file}"
            );
        }
        let without = old.replace("      offset.storage.topic: mm2-offsets\n", "");
        assert_eq!(link(&without).positions_topic, some("mirrormaker2-cluster-offsets"));
    }

    #[test]
    fn other_files_are_named_and_mm2s_own_never_is() {
        for (file, expected) in [
            ("bootstrap.servers=a:1\nsecurity.protocol=SSL", Some(OtherKind::Client)),
            ("bootstrap.servers=a:1\ngroup.id=x\noffset.storage.topic=y", Some(OtherKind::Worker)),
            ("{\"a\":1}", Some(OtherKind::Json)),
            ("[1]", Some(OtherKind::Json)),
            ("\u{feff}{\"a\":1}", Some(OtherKind::Json)),
            (
                "{\"apiVersion\":\"offsets/v1\",\"kind\":\"Undo\"}",
                Some(OtherKind::Document { kind: "Undo".into() }),
            ),
            ("apiVersion: v1\nkind: Secret\n", Some(OtherKind::Resource { kind: "Secret".into() })),
            ("---\na: b\n", Some(OtherKind::Yaml)),
            ("default-link = \"eu\"\n[links.eu]\n", Some(OtherKind::NamedLinks)),
            ("[links.eu]\nmm2-config = \"x\"\n", Some(OtherKind::NamedLinks)),
            ("", None),
            ("A->B.enabled = true", None),
            ("clusters = A, B\nbootstrap.servers = x:1\nconnector.class = y", None),
            ("clusters: A, B\nkind: x\napiVersion: y", None),
        ] {
            assert_eq!(kind(file), expected, "{file}");
        }
    }
}
