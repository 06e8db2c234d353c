use std::fmt::Display;

use super::config_reference::{ConfigReference, Providers};
use super::flow::Flow;
use super::java_properties::{JavaProperties, PropertiesSyntaxError};
use crate::link::{Link, LinkName, ReplicationPolicy};
use crate::model::ClusterAlias;

/// The file that a dedicated MirrorMaker 2 is started with (`mm2.properties`).
///
/// Which of several places a setting is taken from follows `MirrorMakerConfig` and `MirrorConnectorConfig`: for one of
/// a connector the flow's own (`A->B.key`), else the file's (`key`), and never a cluster's; for clients see
/// [`ClusterClients`].
///
/// # Examples
/// ```
/// use offsets_core::mm2::Mm2Properties;
///
/// let properties = Mm2Properties::parse(
///     "clusters = src, dst
///      src.bootstrap.servers = one:9092
///      dst.bootstrap.servers = two:9092
///      src->dst.enabled = true
///      src->dst.replication.policy.separator = _",
/// )?;
/// let mm2 = properties.link(None)?;
/// assert_eq!(mm2.link.remote_topic(&"orders".into()), "src_orders".into());
/// assert_eq!(mm2.target.consumer.get("bootstrap.servers"), Some("two:9092"));
/// # Ok::<(), offsets_core::mm2::PropertiesError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Mm2Properties {
    entries: JavaProperties,
}

/// One flow of an MM2 file, with all that is needed to stand beside it.
#[derive(Debug, Clone)]
pub struct Mm2Link {
    /// The clusters and how things are named between them.
    pub link: Link,
    /// How MM2 reaches the source cluster.
    pub source: ClusterClients,
    /// How MM2 reaches the target cluster.
    pub target: ClusterClients,
    /// What MM2 copies.
    pub filters: Mm2Filters,
}

/// The properties of MM2's clients of one cluster: Kafka's own keys, prefixes taken off, values trimmed as Kafka does.
///
/// For a consumer of the source of `A->B`, later ones win, and only connection settings (`bootstrap.servers`,
/// `security.protocol`, `ssl.*`, `sasl.*`) count where no kind of client is named: `key`, `A.key`,
/// `A->B.source.cluster.key`; then `A->B.consumer.key`; then once more `key` and `A.key`, `A.consumer.key`, and
/// `A->B.source.consumer.key`. The repetition is MM2's: it copies a cluster's connection settings to each kind of
/// client, where they win over the flow's. Settings that MM2 itself forces on its consumers are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterClients {
    /// For reading topics.
    pub consumer: JavaProperties,
    /// For asking about topics and groups, and for changing offsets.
    pub admin: JavaProperties,
}

/// Which topics and groups a flow copies: lists of names and regular expressions that must match in full. What is
/// excluded is so even if it is included. `None` is MM2's default, which for `topics.exclude` depends on its version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mm2Filters {
    /// `topics`.
    pub topics: Option<Vec<String>>,
    /// `topics.exclude`.
    pub topics_exclude: Option<Vec<String>>,
    /// `groups`.
    pub groups: Option<Vec<String>>,
    /// `groups.exclude`.
    pub groups_exclude: Option<Vec<String>>,
}

/// Why an MM2 file gives no link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertiesError {
    /// The text is not a Java properties file.
    #[error(transparent)]
    Syntax(#[from] PropertiesSyntaxError),
    /// `clusters` is missing or empty.
    #[error("'clusters' names no cluster")]
    NoClusters,
    /// A flow names a cluster that is not one of `clusters`.
    #[error("'{alias}' is not one of the clusters {}", list(known))]
    UnknownCluster {
        /// The alias asked for.
        alias: ClusterAlias,
        /// The aliases there are.
        known: Vec<ClusterAlias>,
    },
    /// No flow is enabled.
    #[error("no flow is enabled")]
    NoFlow,
    /// More than one flow is enabled, and none was picked.
    #[error("several flows are enabled: {}", list(flows))]
    SeveralFlows {
        /// The enabled flows.
        flows: Vec<LinkName>,
    },
    /// The flow asked for is not enabled.
    #[error("the flow {flow} is not enabled; enabled: {}", list(enabled))]
    FlowDisabled {
        /// The flow asked for.
        flow: LinkName,
        /// The enabled flows; there may be none.
        enabled: Vec<LinkName>,
    },
    /// A cluster of the flow has no address.
    #[error("cluster '{cluster}' has no '{cluster}.bootstrap.servers'")]
    NoBootstrapServers {
        /// The cluster's alias.
        cluster: ClusterAlias,
    },
    /// The replication policy is a class whose rules are not known here. [`Mm2Properties::link_under`] goes on with
    /// a known policy in its place; names of internal topics that differ from its own can then be set in the link.
    #[error("'{key}' is {class}, whose names for topics are not known")]
    UnknownPolicyClass {
        /// The key that names the class.
        key: String,
        /// The class.
        class: String,
    },
    /// A setting has a value that it cannot have.
    #[error("'{key}' is '{value}' and must be {expected}")]
    InvalidValue {
        /// The key.
        key: String,
        /// Its value; never that of a secret.
        value: String,
        /// What the value may be.
        expected: &'static str,
    },
    /// A setting that is needed refers to a config provider, and nobody has filled the reference in.
    #[error("'{key}' needs the config provider '{provider}' of class {}", class.as_deref().unwrap_or("unknown"))]
    UnresolvedReference {
        /// The key.
        key: String,
        /// The provider's name.
        provider: String,
        /// The provider's class, where the file names one.
        class: Option<String>,
    },
}

impl Mm2Properties {
    /// Reads the text of an MM2 file, by the rules of [`JavaProperties::parse`].
    ///
    /// # Errors
    /// [`PropertiesError::Syntax`].
    pub fn parse(file: impl AsRef<[u8]>) -> Result<Self, PropertiesError> {
        Ok(Self { entries: JavaProperties::parse(file)? })
    }

    /// Fills in the references to config providers with what `provide` answers; `None` leaves a reference as it is,
    /// which matters only to a link that needs the value.
    ///
    /// # Errors
    /// The first error of `provide`; nothing is changed then.
    pub fn resolve<E>(
        &mut self,
        mut provide: impl FnMut(&ConfigReference<'_>) -> Result<Option<String>, E>,
    ) -> Result<(), E> {
        let providers = Providers::of(&self.entries);
        let filled = self.entries.iter().map(|(key, value)| {
            providers.fill_in(key, value, &mut provide).map(|value| (key.to_owned(), value))
        });
        self.entries = filled.collect::<Result<_, E>>()?;
        Ok(())
    }

    /// The flows that copy records, in the order of `clusters`. MM2 also runs a heartbeat connector for flows that are
    /// not enabled.
    ///
    /// # Errors
    /// [`PropertiesError::NoClusters`], and [`PropertiesError::InvalidValue`] for a flag that is neither true nor false.
    pub fn flows(&self) -> Result<Vec<LinkName>, PropertiesError> {
        let clusters = self.clusters()?;
        let mut flows = Vec::new();
        for source in &clusters {
            for target in clusters.iter().filter(|target| *target != source) {
                let flow = LinkName { source: source.clone(), target: target.clone() };
                if self.flow(&flow).is_enabled()? {
                    flows.push(flow);
                }
            }
        }
        Ok(flows)
    }

    /// One enabled flow as a link: the one named, or the only one there is.
    ///
    /// # Errors
    /// Any [`PropertiesError`] but `Syntax`.
    pub fn link(&self, name: Option<&LinkName>) -> Result<Mm2Link, PropertiesError> {
        let name = self.pick(name)?;
        let flow = self.flow(&name);
        let policy = flow.policy()?;
        self.beside_flow_back(&name, flow.link(policy)?, None)
    }

    /// As [`Self::link`], with `policy` in place of the one the file names: for a policy class of one's own that names
    /// the copies of data topics as `policy` does.
    ///
    /// # Errors
    /// Any [`PropertiesError`] but `Syntax` and `UnknownPolicyClass`.
    pub fn link_under(
        &self,
        name: Option<&LinkName>,
        policy: ReplicationPolicy,
    ) -> Result<Mm2Link, PropertiesError> {
        let name = self.pick(name)?;
        let mm2 = self.flow(&name).link(policy.clone())?;
        self.beside_flow_back(&name, mm2, Some(policy))
    }

    /// The link, with the flow back's syncs topic if it is the same one. What cannot be understood of that flow is its own
    /// affair.
    fn beside_flow_back(
        &self,
        name: &LinkName,
        mut mm2: Mm2Link,
        policy: Option<ReplicationPolicy>,
    ) -> Result<Mm2Link, PropertiesError> {
        let back = LinkName { source: name.target.clone(), target: name.source.clone() };
        if self.flows()?.contains(&back) {
            let flow = self.flow(&back);
            let theirs = policy.map_or_else(|| flow.policy(), Ok).and_then(|policy| flow.link(policy));
            let theirs = theirs.ok().map(|theirs| theirs.link.syncs_topic());
            let theirs = theirs.map(|(side, topic)| (side.other(), topic));
            mm2.link.syncs_topic_of_flow_back = theirs.filter(|theirs| *theirs == mm2.link.syncs_topic());
        }
        Ok(mm2)
    }

    fn flow<'a>(&'a self, name: &'a LinkName) -> Flow<'a> {
        Flow { entries: &self.entries, name }
    }

    fn clusters(&self) -> Result<Vec<ClusterAlias>, PropertiesError> {
        let mut clusters = Vec::new();
        for alias in elements(self.entries.get("clusters").unwrap_or_default()) {
            let alias = ClusterAlias::new(alias);
            if !alias.as_str().is_empty() && !clusters.contains(&alias) {
                clusters.push(alias);
            }
        }
        if clusters.is_empty() { Err(PropertiesError::NoClusters) } else { Ok(clusters) }
    }

    fn pick(&self, name: Option<&LinkName>) -> Result<LinkName, PropertiesError> {
        let mut enabled = self.flows()?;
        let Some(name) = name else {
            return match enabled.len() {
                0 => Err(PropertiesError::NoFlow),
                1 => Ok(enabled.remove(0)),
                _ => Err(PropertiesError::SeveralFlows { flows: enabled }),
            };
        };
        let known = self.clusters()?;
        if let Some(alias) = [&name.source, &name.target].into_iter().find(|alias| !known.contains(alias)) {
            return Err(PropertiesError::UnknownCluster { alias: alias.clone(), known });
        }
        if !enabled.contains(name) {
            return Err(PropertiesError::FlowDisabled { flow: name.clone(), enabled });
        }
        Ok(name.clone())
    }
}

/// The elements of a list as Kafka splits it; an empty text has none.
pub(super) fn elements(list: &str) -> impl Iterator<Item = &str> {
    let list = list.trim();
    (!list.is_empty()).then(|| list.split(',').map(str::trim)).into_iter().flatten()
}

fn list(items: &[impl Display]) -> String {
    match items {
        [] => "none".to_owned(),
        items => items.iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", "),
    }
}
