use std::sync::Arc;

use super::mm2_flow::Flow;
use super::{FlowClue, JavaProperties, Place, PropertiesError, ProviderAccess, Providers};
use crate::link::{Link, LinkName, PolicyKind, Side};
use crate::model::{ClusterAlias, TopicName};

/// The file that a dedicated MirrorMaker 2 is started with (`mm2.properties`).
///
/// Which of several places a setting is taken from follows `MirrorMakerConfig` and `MirrorConnectorConfig`: for one of
/// a connector the flow's own (`A->B.key`), else the file's (`key`), and never a cluster's; for clients see
/// [`ClusterClients`].
///
/// References to config providers are filled in where a setting is used, and only there: those of the links' names here,
/// those of clients by the code that builds one.
///
/// # Examples
/// ```
/// use offsets_core::config::{Mm2Properties, NoAccess};
///
/// let properties = Mm2Properties::parse(
///     "clusters = src, dst
///      src.bootstrap.servers = one:9092
///      dst.bootstrap.servers = two:9092
///      src->dst.enabled = true
///      src->dst.replication.policy.separator = _",
/// )?;
/// let mm2 = properties.link(None, &NoAccess)?;
/// assert_eq!(mm2.link.remote_topic(&"orders".into()), "src_orders".into());
/// assert_eq!(mm2.target.consumer.get("bootstrap.servers"), Some("two:9092"));
/// # Ok::<(), offsets_core::config::PropertiesError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Mm2Properties {
    entries: JavaProperties,
    providers: Arc<Providers>,
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
    /// Whether the file lets the flow copy records.
    pub is_enabled: bool,
}

/// The properties of MM2's clients of one cluster: Kafka's own keys, prefixes taken off, values trimmed as Kafka does.
///
/// For a consumer of the source of `A->B`, later ones win, and only connection settings (`bootstrap.servers`,
/// `security.protocol`, `ssl.*`, `sasl.*`) count where no kind of client is named: `key`, `A.key`,
/// `A->B.source.cluster.key`; then `A->B.consumer.key`; then once more `key` and `A.key`, `A.consumer.key`, and
/// `A->B.source.consumer.key`. The repetition is MM2's: it copies a cluster's connection settings to each kind of
/// client, where they win over the flow's. Settings that MM2 itself forces on its consumers are not among them.
///
/// References to config providers are still in place, and nothing is checked yet: a cluster that is not contacted needs
/// none of its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterClients {
    /// The cluster, as the file calls it.
    pub cluster: ClusterAlias,
    /// For reading topics.
    pub consumer: JavaProperties,
    /// For asking about topics and groups, and for changing offsets.
    pub admin: JavaProperties,
    /// What fills in the references in these.
    pub providers: Arc<Providers>,
}

impl ClusterClients {
    /// Whether the file says where the cluster's brokers are.
    ///
    /// # Errors
    /// [`PropertiesError::NoBootstrapServers`].
    pub fn has_address(&self) -> Result<(), PropertiesError> {
        let reachable =
            |client: &JavaProperties| client.get("bootstrap.servers").is_some_and(|at| !at.is_empty());
        if reachable(&self.consumer) && reachable(&self.admin) {
            Ok(())
        } else {
            Err(PropertiesError::NoBootstrapServers { cluster: self.cluster.clone() })
        }
    }
}

/// What is known beside the file of how a link names its topics, and wins over it: the file's own setting is then not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamingOverride {
    /// How data topics are named: for a policy class of one's own that names them as a known one does.
    pub policy: Option<PolicyKind>,
    /// `replication.policy.separator`.
    pub separator: Option<String>,
    /// The source's alias in names of topics.
    pub source_alias: Option<ClusterAlias>,
    /// The target's.
    pub target_alias: Option<ClusterAlias>,
    /// `offset-syncs.topic.location`.
    pub syncs_location: Option<Side>,
}

impl NamingOverride {
    /// The same for the flow back: policy and separator are one for both, the aliases change sides, and where its syncs are
    /// only the file says.
    fn of_flow_back(&self) -> Self {
        Self {
            source_alias: self.target_alias.clone(),
            target_alias: self.source_alias.clone(),
            syncs_location: None,
            ..self.clone()
        }
    }
}

/// Which topics and groups a flow copies: lists of names and regular expressions that must match in full. What is
/// excluded is so even if it is included. `None` is MM2's default, which for `topics.exclude` depends on its version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mm2Filters {
    /// `topics`.
    pub(super) topics: Option<Vec<String>>,
    /// `topics.exclude`.
    pub(super) topics_exclude: Option<Vec<String>>,
    /// `groups`.
    pub(super) groups: Option<Vec<String>>,
    /// `groups.exclude`.
    pub(super) groups_exclude: Option<Vec<String>>,
}

impl Mm2Properties {
    /// Reads the text of an MM2 file, by the rules of [`JavaProperties::parse`].
    ///
    /// # Errors
    /// [`PropertiesError::Syntax`].
    pub fn parse(file: impl AsRef<[u8]>) -> Result<Self, PropertiesError> {
        let entries = JavaProperties::parse(file)?;
        Ok(Self { providers: Arc::new(Providers::of(&entries)), entries })
    }

    /// The same, said to be in a file of this name: errors then name it.
    #[must_use]
    pub fn in_file(self, name: impl Into<Arc<str>>) -> Self {
        Self { entries: self.entries.in_file(name), ..self }
    }

    /// The flows that copy records, in the order of `clusters`. MM2 also runs a heartbeat connector for flows that are
    /// not enabled.
    ///
    /// # Errors
    /// [`PropertiesError::NoClusters`], and [`PropertiesError::InvalidValue`] or [`PropertiesError::Reference`] for a flag
    /// that cannot be read.
    pub fn flows(&self, access: &dyn ProviderAccess) -> Result<Vec<LinkName>, PropertiesError> {
        let mut flows = Vec::new();
        for flow in self.possible_flows(access)? {
            if self.flow(&flow, access).is_enabled()? {
                flows.push(flow);
            }
        }
        Ok(flows)
    }

    /// One flow as a link: the one named, enabled or not, or the only one that is enabled.
    ///
    /// # Errors
    /// Any [`PropertiesError`] but `Syntax` and `NoBootstrapServers`.
    pub fn link(
        &self,
        name: Option<&LinkName>,
        access: &dyn ProviderAccess,
    ) -> Result<Mm2Link, PropertiesError> {
        self.link_under(name, &NamingOverride::default(), access)
    }

    /// As [`Self::link`], with what `naming` says in place of what the file says.
    ///
    /// # Errors
    /// As [`Self::link`]; never `UnknownPolicyClass` where `naming` has a policy.
    pub fn link_under(
        &self,
        name: Option<&LinkName>,
        naming: &NamingOverride,
        access: &dyn ProviderAccess,
    ) -> Result<Mm2Link, PropertiesError> {
        let name = self.pick(name, access)?;
        let flow = self.flow(&name, access);
        let mut link = flow.link(naming)?;
        link.syncs_topic_of_flow_back = self.shared_syncs_topic(&name, &link, naming, access);
        link.check()?;
        Ok(Mm2Link {
            link,
            source: flow.clients(Side::Source),
            target: flow.clients(Side::Target),
            // A flag that cannot be read is MM2's affair, once the flow is named.
            is_enabled: flow.is_enabled().unwrap_or(false),
        })
    }

    /// The target alone: of the flow named, or of all flows that are enabled if it is one cluster. Nothing of a source is
    /// needed, not even that the file has one.
    ///
    /// # Errors
    /// [`PropertiesError::NoClusters`], `UnknownCluster`, `NoFlow`, `SeveralFlows`, and what the flags of flows are.
    pub fn target(
        &self,
        name: Option<&LinkName>,
        access: &dyn ProviderAccess,
    ) -> Result<ClusterClients, PropertiesError> {
        let known = self.clusters(access)?;
        let name = match (name, &known[..]) {
            (Some(name), _) if known.contains(&name.target) => name.clone(),
            (Some(name), _) => {
                return Err(PropertiesError::UnknownCluster { alias: name.target.clone(), known });
            }
            (None, [only]) => LinkName { source: only.clone(), target: only.clone() },
            (None, _) => {
                let mut flows = self.flows(access)?;
                match flows.iter().all(|flow| flow.target == flows[0].target) {
                    _ if flows.is_empty() => return Err(self.no_flow(known)),
                    true => flows.remove(0),
                    false => return Err(PropertiesError::SeveralFlows { flows }),
                }
            }
        };
        Ok(self.flow(&name, access).clients(Side::Target))
    }

    /// The flow back's syncs topic, if it is this link's too. What cannot be understood of that flow is its own affair; but
    /// where it cannot be known whether it runs, it may.
    fn shared_syncs_topic(
        &self,
        name: &LinkName,
        link: &Link,
        naming: &NamingOverride,
        access: &dyn ProviderAccess,
    ) -> Option<(Side, TopicName)> {
        let back = LinkName { source: name.target.clone(), target: name.source.clone() };
        let flow = self.flow(&back, access);
        if !flow.is_enabled().unwrap_or(true) {
            return None;
        }
        let (side, topic) = flow.link(&naming.of_flow_back()).ok()?.syncs_topic();
        Some((side.other(), topic)).filter(|theirs| *theirs == link.syncs_topic())
    }

    fn flow<'a>(&'a self, name: &'a LinkName, access: &'a dyn ProviderAccess) -> Flow<'a> {
        Flow { entries: &self.entries, providers: &self.providers, access, name }
    }

    fn possible_flows(&self, access: &dyn ProviderAccess) -> Result<Vec<LinkName>, PropertiesError> {
        let clusters = self.clusters(access)?;
        let pairs = clusters.iter().flat_map(|source| clusters.iter().map(move |target| (source, target)));
        let flows = pairs.filter(|(source, target)| source != target);
        Ok(flows
            .map(|(source, target)| LinkName { source: source.clone(), target: target.clone() })
            .collect())
    }

    fn clusters(&self, access: &dyn ProviderAccess) -> Result<Vec<ClusterAlias>, PropertiesError> {
        let mut clusters = Vec::new();
        for alias in elements(&self.clusters_text(access)?) {
            let alias = ClusterAlias::new(alias);
            if !alias.as_str().is_empty() && !clusters.contains(&alias) {
                clusters.push(alias);
            }
        }
        if clusters.is_empty() {
            Err(PropertiesError::NoClusters { clue: self.clue(&[]) })
        } else {
            Ok(clusters)
        }
    }

    fn clusters_text(&self, access: &dyn ProviderAccess) -> Result<String, PropertiesError> {
        let Some(value) = self.entries.get("clusters") else { return Ok(String::new()) };
        let place = || self.entries.place("clusters").cloned().unwrap_or_else(|| Place::named("clusters"));
        let resolved = self.providers.resolve(value, access);
        Ok(resolved.map_err(|error| PropertiesError::Reference { place: place(), error })?.text)
    }

    fn pick(
        &self,
        name: Option<&LinkName>,
        access: &dyn ProviderAccess,
    ) -> Result<LinkName, PropertiesError> {
        let known = self.clusters(access)?;
        if let Some(name) = name {
            return match [&name.source, &name.target].into_iter().find(|alias| !known.contains(alias)) {
                Some(alias) => Err(PropertiesError::UnknownCluster { alias: alias.clone(), known }),
                None => Ok(name.clone()),
            };
        }
        let mut enabled = self.flows(access)?;
        match enabled.len() {
            0 => Err(self.no_flow(known)),
            1 => Ok(enabled.remove(0)),
            _ => Err(PropertiesError::SeveralFlows { flows: enabled }),
        }
    }

    /// That no flow is enabled, with what may explain it.
    pub(super) fn no_flow(&self, known: Vec<ClusterAlias>) -> PropertiesError {
        PropertiesError::NoFlow { clue: self.clue(&known), known }
    }

    /// The first entry that does not mean what it seems to.
    fn clue(&self, known: &[ClusterAlias]) -> Option<FlowClue> {
        let place = |key: &str| self.entries.place(key).cloned().unwrap_or_else(|| Place::named(key));
        if let [only] = known
            && only.as_str().contains(char::is_whitespace)
        {
            let meant = only.as_str().split_whitespace().collect::<Vec<_>>().join(", ");
            return Some(FlowClue::ListWithoutCommas { place: place("clusters"), meant });
        }
        self.entries.iter().find_map(|(key, value)| {
            // `A -> B.enabled = true` is the key `A`, and `A-> B.enabled` is `A->`.
            let rest = match value.trim_start().strip_prefix("->") {
                Some(rest) if !key.contains("->") => rest,
                _ if key.ends_with("->") => value,
                _ => "",
            };
            if let Some((target, _)) = rest.trim_start().split_once(".enabled") {
                let source = key.trim_end_matches("->");
                let meant = format!("{source}->{}.enabled", target.trim());
                return Some(FlowClue::SpacedFlow { place: place(key), meant });
            }
            let flow: LinkName = key.strip_suffix(".enabled")?.parse().ok()?;
            let both = known.contains(&flow.source) && known.contains(&flow.target);
            Some(match both {
                true => FlowClue::Disabled { place: place(key), flow },
                false => FlowClue::OtherClusters { place: place(key) },
            })
        })
    }
}

/// The elements of a list as Kafka splits it; an empty text has none.
pub(super) fn elements(list: &str) -> impl Iterator<Item = &str> {
    let list = list.trim();
    (!list.is_empty()).then(|| list.split(',').map(str::trim)).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NoAccess;

    fn filters(text: &str) -> Result<Mm2Filters, PropertiesError> {
        let file = Mm2Properties::parse(format!("clusters = A, B\n{text}")).expect("well formed");
        let name = LinkName { source: "A".into(), target: "B".into() };
        file.flow(&name, &NoAccess).filters()
    }

    #[test]
    fn filters_are_lists() {
        assert_eq!(filters(""), Ok(Mm2Filters::default()));
        let filters = filters("topics = a, b.* ,c\nA->B.groups = \ngroups.exclude = x\n").expect("filters");
        let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(filters.topics, list(&["a", "b.*", "c"]));
        assert_eq!(filters.topics_exclude, None);
        assert_eq!(filters.groups, list(&[]));
        assert_eq!(filters.groups_exclude, list(&["x"]));
    }

    #[test]
    fn a_filter_whose_reference_only_a_java_client_can_resolve_is_an_error() {
        let vault = "config.providers = vault\nconfig.providers.vault.class = com.example.Vault\n";
        let unused =
            filters(&format!("{vault}topics = ${{vault:secret:topics}}\n")).expect_err("a Java provider");
        assert!(
            unused.to_string().contains("com.example.Vault, which only a Java client can run"),
            "{unused}"
        );
    }
}
