use std::collections::BTreeMap;
use std::sync::Arc;

use super::mm2_properties::{Mm2Filters, elements};
use super::{
    ClusterClients, JavaProperties, NamingOverride, Place, PropertiesError, ProviderAccess, Providers,
};
use crate::link::{Link, LinkName, PolicyKind, ReplicationPolicy, Side, fits_topic_names};
use crate::model::ClusterAlias;

/// The settings of one flow, each from the place MM2 takes it from, and resolved when it is taken.
pub(super) struct Flow<'a> {
    pub(super) entries: &'a JavaProperties,
    pub(super) providers: &'a Arc<Providers>,
    pub(super) access: &'a dyn ProviderAccess,
    pub(super) name: &'a LinkName,
}

/// A value with its references filled in, and where it was written.
struct Setting {
    place: Place,
    value: String,
    from_provider: bool,
}

impl Flow<'_> {
    pub(super) fn link(&self, naming: &NamingOverride) -> Result<Link, PropertiesError> {
        let LinkName { source, target } = self.name;
        Ok(Link {
            policy: self.policy(naming)?,
            syncs_location: naming.syncs_location.map_or_else(|| self.syncs_location(), Ok)?,
            exactly_once: self.exactly_once()?,
            ..Link::new(
                self.alias("source.cluster.alias", source, naming.source_alias.as_ref())?,
                self.alias("target.cluster.alias", target, naming.target_alias.as_ref())?,
            )
        })
    }

    fn alias(
        &self,
        key: &str,
        cluster: &ClusterAlias,
        instead: Option<&ClusterAlias>,
    ) -> Result<ClusterAlias, PropertiesError> {
        if let Some(alias) = instead {
            return Ok(alias.clone());
        }
        let setting = self.trimmed(key)?;
        Ok(setting.map_or_else(|| cluster.clone(), |setting| ClusterAlias::from(setting.value.as_str())))
    }

    /// A flow copies records when its connectors are enabled and a worker runs them: MM2 starts a herder for a flow
    /// that is enabled by its own key or has heartbeats (`MirrorMakerConfig.clusterPairs`).
    pub(super) fn is_enabled(&self) -> Result<bool, PropertiesError> {
        let by_its_own_key = self.entries.get(&self.own_key("enabled")).is_some();
        Ok(self.flag("enabled", false)? && (by_its_own_key || self.flag("emit.heartbeats.enabled", true)?))
    }

    #[cfg_attr(not(test), expect(dead_code, reason = "read once the settings of a link are checked"))]
    pub(super) fn filters(&self) -> Result<Mm2Filters, PropertiesError> {
        Ok(Mm2Filters {
            topics: self.list("topics")?,
            topics_exclude: self.list("topics.exclude")?,
            groups: self.list("groups")?,
            groups_exclude: self.list("groups.exclude")?,
        })
    }

    fn policy(&self, instead: &NamingOverride) -> Result<ReplicationPolicy, PropertiesError> {
        let kind = instead.policy.map_or_else(|| self.policy_kind(), Ok)?;
        let policy = match kind {
            PolicyKind::Default => ReplicationPolicy::default(),
            PolicyKind::Identity => ReplicationPolicy::identity(),
        };
        let separator = match &instead.separator {
            Some(separator) => Some(separator.clone()),
            None => self.separator()?,
        };
        let Some(separator) = separator else { return Ok(policy) };
        let policy = policy.with_separator(separator);
        let own_internal_names = self.flag("replication.policy.internal.topic.separator.enabled", true)?;
        Ok(if own_internal_names { policy } else { policy.with_dotted_internal_topics() })
    }

    fn policy_kind(&self) -> Result<PolicyKind, PropertiesError> {
        let Some(setting) = self.trimmed("replication.policy.class")? else { return Ok(PolicyKind::Default) };
        match PolicyKind::of_class(&setting.value) {
            Some(kind) => Ok(kind),
            None => Err(PropertiesError::UnknownPolicyClass { class: setting.shown(), place: setting.place }),
        }
    }

    /// The policy gets its separator untrimmed, so white space in it is refused here rather than dropped.
    fn separator(&self) -> Result<Option<String>, PropertiesError> {
        match self.connector("replication.policy.separator")? {
            Some(setting) if !fits_topic_names(&setting.value) => {
                Err(setting.invalid("made of letters, digits, '.', '_' and '-', as names of topics are"))
            }
            setting => Ok(setting.map(|setting| setting.value)),
        }
    }

    fn syncs_location(&self) -> Result<Side, PropertiesError> {
        let Some(setting) = self.trimmed("offset-syncs.topic.location")? else { return Ok(Side::Source) };
        match setting.value.as_str() {
            "source" => Ok(Side::Source),
            "target" => Ok(Side::Target),
            _ => Err(setting.invalid("'source' or 'target'")),
        }
    }

    /// A setting of the worker, and so of the target cluster's (`MirrorMakerConfig.workerConfig`). While the worker is
    /// only `preparing` it still writes without transactions.
    fn exactly_once(&self) -> Result<bool, PropertiesError> {
        let key = format!("{}.exactly.once.source.support", self.name.target);
        let Some(setting) = self.resolved(&key)?.map(Setting::trimmed) else { return Ok(false) };
        match setting.value.to_ascii_lowercase().as_str() {
            "enabled" => Ok(true),
            "disabled" | "preparing" => Ok(false),
            _ => Err(setting.invalid("'disabled', 'preparing' or 'enabled'")),
        }
    }

    /// How MM2 reaches the cluster on a side. Nothing is resolved or checked.
    pub(super) fn clients(&self, side: Side) -> ClusterClients {
        let cluster = match side {
            Side::Source => &self.name.source,
            Side::Target => &self.name.target,
        };
        ClusterClients {
            cluster: cluster.clone(),
            consumer: self.client("consumer", side, cluster),
            admin: self.client("admin", side, cluster),
            providers: Arc::clone(self.providers),
        }
    }

    fn client(&self, kind: &'static str, side: Side, cluster: &ClusterAlias) -> JavaProperties {
        let name = self.name;
        let mut client = BTreeMap::new();
        let mut layer = |prefix: String, admits: fn(&str) -> bool| {
            let entries = self.entries.below(&prefix).filter(|(_, key, _)| admits(key));
            client.extend(entries.map(|(at, key, value)| (key, (at, value.trim()))));
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
        let mut properties = JavaProperties::default();
        for (key, (at, value)) in client {
            properties.insert_from(key, value, self.entries.place(at).cloned());
        }
        properties
    }

    /// A setting of the flow's connectors: the flow's own, or else the file's.
    fn connector(&self, key: &str) -> Result<Option<Setting>, PropertiesError> {
        match self.resolved(&self.own_key(key))? {
            Some(setting) => Ok(Some(setting)),
            None => self.resolved(key),
        }
    }

    fn own_key(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    fn trimmed(&self, key: &str) -> Result<Option<Setting>, PropertiesError> {
        Ok(self.connector(key)?.map(Setting::trimmed))
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool, PropertiesError> {
        let Some(setting) = self.trimmed(key)? else { return Ok(default) };
        match setting.value.as_str() {
            value if value.eq_ignore_ascii_case("true") => Ok(true),
            value if value.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(setting.invalid("true or false")),
        }
    }

    fn list(&self, key: &str) -> Result<Option<Vec<String>>, PropertiesError> {
        let setting = self.trimmed(key)?;
        Ok(setting.map(|setting| elements(&setting.value).map(str::to_owned).collect()))
    }

    fn resolved(&self, key: &str) -> Result<Option<Setting>, PropertiesError> {
        let Some(value) = self.entries.get(key) else { return Ok(None) };
        let place = self.entries.place(key).cloned().unwrap_or_else(|| Place::named(key));
        match self.providers.resolve(value, self.access) {
            Ok(found) => Ok(Some(Setting { place, value: found.text, from_provider: found.from_provider })),
            Err(error) => Err(PropertiesError::Reference { place, error }),
        }
    }
}

impl Setting {
    fn trimmed(self) -> Self {
        Self { value: self.value.trim().to_owned(), ..self }
    }

    fn shown(&self) -> String {
        if self.from_provider { "[hidden]".to_owned() } else { self.value.clone() }
    }

    fn invalid(self, expected: &'static str) -> PropertiesError {
        PropertiesError::InvalidValue { value: self.shown(), place: self.place, expected }
    }
}

/// Whether MM2 takes `key` for a connection setting (`MirrorClientConfig.CLIENT_CONFIG_DEF`).
fn connects(key: &str) -> bool {
    matches!(key, "bootstrap.servers" | "security.protocol")
        || key.starts_with("ssl.")
        || key.starts_with("sasl.")
}
