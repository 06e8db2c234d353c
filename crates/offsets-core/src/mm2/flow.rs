use std::collections::BTreeMap;

use super::config_reference::Providers;
use super::java_properties::JavaProperties;
use super::properties::{ClusterClients, Mm2Filters, Mm2Link, PropertiesError, elements};
use crate::link::{Link, LinkName, ReplicationPolicy, Side};
use crate::model::ClusterAlias;

/// The settings of one flow, each from the place MM2 takes it from.
pub(super) struct Flow<'a> {
    pub(super) entries: &'a JavaProperties,
    pub(super) name: &'a LinkName,
}

/// A value and the key it was found under.
struct Setting<'a> {
    key: String,
    value: &'a str,
}

impl<'a> Flow<'a> {
    pub(super) fn link(&self, policy: ReplicationPolicy) -> Result<Mm2Link, PropertiesError> {
        let LinkName { source, target } = self.name;
        let alias = |key, cluster: &ClusterAlias| -> Result<ClusterAlias, PropertiesError> {
            Ok(self.text(key)?.map_or_else(|| cluster.clone(), |setting| setting.value.into()))
        };
        Ok(Mm2Link {
            link: Link {
                policy,
                syncs_location: self.syncs_location()?,
                exactly_once: self.exactly_once()?,
                ..Link::new(alias("source.cluster.alias", source)?, alias("target.cluster.alias", target)?)
            },
            source: self.clients(Side::Source, source)?,
            target: self.clients(Side::Target, target)?,
            filters: Mm2Filters {
                topics: self.list("topics")?,
                topics_exclude: self.list("topics.exclude")?,
                groups: self.list("groups")?,
                groups_exclude: self.list("groups.exclude")?,
            },
        })
    }

    /// A flow copies records when its connectors are enabled and somebody runs them: MM2 starts a herder for a flow
    /// that is enabled by its own key or has heartbeats (`MirrorMakerConfig.clusterPairs`).
    pub(super) fn is_enabled(&self) -> Result<bool, PropertiesError> {
        let by_its_own_key = self.of_flow("enabled").is_some();
        Ok(self.flag("enabled", false)? && (by_its_own_key || self.flag("emit.heartbeats.enabled", true)?))
    }

    pub(super) fn policy(&self) -> Result<ReplicationPolicy, PropertiesError> {
        let policy = match self.text("replication.policy.class")? {
            None => ReplicationPolicy::default(),
            Some(Setting { value: "org.apache.kafka.connect.mirror.DefaultReplicationPolicy", .. }) => {
                ReplicationPolicy::default()
            }
            Some(Setting { value: "org.apache.kafka.connect.mirror.IdentityReplicationPolicy", .. }) => {
                ReplicationPolicy::identity()
            }
            Some(Setting { key, value }) => {
                return Err(PropertiesError::UnknownPolicyClass { key, class: value.to_owned() });
            }
        };
        // The policy gets its separator untrimmed, so white space in it is refused here rather than dropped.
        let Some(separator) = self.connector("replication.policy.separator")? else { return Ok(policy) };
        if !separator.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            return Err(
                separator.invalid("made of letters, digits, '.', '_' and '-', as names of topics are")
            );
        }
        let policy = policy.with_separator(separator.value);
        let own_internal_names = self.flag("replication.policy.internal.topic.separator.enabled", true)?;
        Ok(if own_internal_names { policy } else { policy.with_dotted_internal_topics() })
    }

    fn syncs_location(&self) -> Result<Side, PropertiesError> {
        match self.text("offset-syncs.topic.location")? {
            None | Some(Setting { value: "source", .. }) => Ok(Side::Source),
            Some(Setting { value: "target", .. }) => Ok(Side::Target),
            Some(other) => Err(other.invalid("'source' or 'target'")),
        }
    }

    /// A setting of the worker, and so of the target cluster's (`MirrorMakerConfig.workerConfig`). While the worker is
    /// only `preparing` it still writes without transactions.
    fn exactly_once(&self) -> Result<bool, PropertiesError> {
        let key = format!("{}.exactly.once.source.support", self.name.target);
        let Some(setting) = self.resolved(key)?.map(Setting::trimmed) else { return Ok(false) };
        match setting.value.to_ascii_lowercase().as_str() {
            "enabled" => Ok(true),
            "disabled" | "preparing" => Ok(false),
            _ => Err(setting.invalid("'disabled', 'preparing' or 'enabled'")),
        }
    }

    fn clients(&self, side: Side, cluster: &ClusterAlias) -> Result<ClusterClients, PropertiesError> {
        let clients = ClusterClients {
            consumer: self.client("consumer", side, cluster)?,
            admin: self.client("admin", side, cluster)?,
        };
        let reachable =
            |client: &JavaProperties| client.get("bootstrap.servers").is_some_and(|at| !at.is_empty());
        if reachable(&clients.consumer) && reachable(&clients.admin) {
            Ok(clients)
        } else {
            Err(PropertiesError::NoBootstrapServers { cluster: cluster.clone() })
        }
    }

    fn client(
        &self,
        kind: &'static str,
        side: Side,
        cluster: &ClusterAlias,
    ) -> Result<JavaProperties, PropertiesError> {
        let name = self.name;
        let mut client = BTreeMap::new();
        let mut layer = |prefix: String, admits: fn(&str) -> bool| {
            client.extend(
                self.entries
                    .below(&prefix)
                    .filter(|(_, key, _)| admits(key))
                    .map(|(at, key, value)| (key, Setting { key: at.to_owned(), value }.trimmed())),
            );
        };
        let any = |_: &str| true;
        layer(String::new(), connects);
        layer(format!("{cluster}."), connects);
        layer(format!("{name}.{side}.cluster."), connects);
        layer(format!("{name}.{kind}."), any);
        layer(String::new(), connects);
        layer(format!("{cluster}."), connects);
        layer(format!("{cluster}.{kind}."), any);
        layer(format!("{name}.{side}.{kind}."), any);
        client
            .into_iter()
            .map(|(key, setting)| Ok((key.to_owned(), self.checked(setting)?.value.to_owned())))
            .collect()
    }

    /// A setting of the flow's connectors: the flow's own, or else the file's.
    fn connector(&self, key: &str) -> Result<Option<Setting<'a>>, PropertiesError> {
        match self.of_flow(key) {
            Some(setting) => self.checked(setting).map(Some),
            None => self.resolved(key.to_owned()),
        }
    }

    fn of_flow(&self, key: &str) -> Option<Setting<'a>> {
        let key = format!("{}.{key}", self.name);
        self.entries.get(&key).map(|value| Setting { key, value })
    }

    fn text(&self, key: &str) -> Result<Option<Setting<'a>>, PropertiesError> {
        Ok(self.connector(key)?.map(Setting::trimmed))
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool, PropertiesError> {
        let Some(setting) = self.text(key)? else { return Ok(default) };
        match setting.value {
            value if value.eq_ignore_ascii_case("true") => Ok(true),
            value if value.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(setting.invalid("true or false")),
        }
    }

    fn list(&self, key: &str) -> Result<Option<Vec<String>>, PropertiesError> {
        let setting = self.text(key)?;
        Ok(setting.map(|setting| elements(setting.value).map(str::to_owned).collect()))
    }

    fn resolved(&self, key: String) -> Result<Option<Setting<'a>>, PropertiesError> {
        self.entries.get(&key).map(|value| self.checked(Setting { key, value })).transpose()
    }

    /// The setting, provided that no reference to a config provider is left in it.
    fn checked(&self, setting: Setting<'a>) -> Result<Setting<'a>, PropertiesError> {
        match Providers::of(self.entries).first_reference(&setting.key, setting.value) {
            None => Ok(setting),
            Some(reference) => Err(PropertiesError::UnresolvedReference {
                key: setting.key.clone(),
                provider: reference.provider.to_owned(),
                class: reference.class.map(str::to_owned),
            }),
        }
    }
}

impl Setting<'_> {
    fn trimmed(self) -> Self {
        Self { value: self.value.trim(), ..self }
    }

    fn invalid(self, expected: &'static str) -> PropertiesError {
        PropertiesError::InvalidValue { key: self.key, value: self.value.to_owned(), expected }
    }
}

/// Whether MM2 takes `key` for a connection setting (`MirrorClientConfig.CLIENT_CONFIG_DEF`).
fn connects(key: &str) -> bool {
    matches!(key, "bootstrap.servers" | "security.protocol")
        || key.starts_with("ssl.")
        || key.starts_with("sasl.")
}
