//! Named links in `offsets.toml`.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use offsets_core::config::{Place, Providers};
use offsets_core::link::{Link, Side};
use offsets_core::model::TopicName;
use offsets_kafka::{ClientSettings, Endpoint, LocalAccess};
use serde::Deserialize;

use super::cluster::{self, ClusterRole};
use super::{Clusters, beside, checked, flags, mm2};
use crate::args::{LinkArgs, PolicyName};
use crate::failure::Failure;
use crate::text;

/// A configuration file that was read.
pub(super) struct LinkFile {
    path: PathBuf,
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Content {
    default_link: Option<String>,
    #[serde(default)]
    links: BTreeMap<String, NamedLink>,
    /// Jobs of `reconcile`: the keys are its options.
    #[serde(default)]
    reconcile: BTreeMap<String, toml::Table>,
}

/// A job of `reconcile`, and the file it is in.
pub(crate) struct JobTable {
    pub(crate) file: PathBuf,
    pub(crate) table: toml::Table,
}

/// A link: an MM2 file, or everything by itself.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a link has either `mm2-config` (and `flow`), or `source` and `target` tables")]
enum NamedLink {
    Mm2(Mm2Link),
    Own(Box<OwnLink>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Mm2Link {
    mm2_config: PathBuf,
    flow: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct OwnLink {
    /// Not needed by what changes the target alone.
    source: Option<NamedCluster>,
    target: NamedCluster,
    #[serde(default)]
    policy: NamedPolicy,
    separator: Option<String>,
    syncs_location: Option<Side>,
    syncs_topic: Option<TopicName>,
    checkpoints_topic: Option<TopicName>,
    positions_topic: Option<TopicName>,
    origin_header: Option<String>,
    #[serde(default)]
    exactly_once: bool,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NamedPolicy {
    #[default]
    Default,
    Identity,
    OffsetPreserving,
    Snapshot,
}

impl From<NamedPolicy> for PolicyName {
    fn from(policy: NamedPolicy) -> Self {
        match policy {
            NamedPolicy::Default => Self::Default,
            NamedPolicy::Identity => Self::Identity,
            NamedPolicy::OffsetPreserving => Self::OffsetPreserving,
            NamedPolicy::Snapshot => Self::Snapshot,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct NamedCluster {
    alias: String,
    bootstrap_server: Option<String>,
    command_config: Option<PathBuf>,
}

/// Reads the first of `--config` (or `$OFFSETS_CONFIG`), `./offsets.toml`, and the one in the user's config folder.
pub(super) fn find(args: &LinkArgs) -> Result<Option<LinkFile>, Failure> {
    find_at(args.config.clone())
}

fn find_at(config: Option<PathBuf>) -> Result<Option<LinkFile>, Failure> {
    let path = config.or_else(|| usual_places().into_iter().find(|path| path.is_file()));
    path.map(LinkFile::read).transpose()
}

/// Finds a job in the file named, or in the first of the usual ones.
pub(crate) fn find_job(config: Option<PathBuf>, name: &str) -> Result<JobTable, Failure> {
    let Some(LinkFile { path, mut content }) = find_at(config)? else {
        return Err(Failure::usage(format!("there is no offsets.toml with a job `{name}`"))
            .remedy("name the file with --config, or say everything with options"));
    };
    match content.reconcile.remove(name) {
        Some(table) => Ok(JobTable { file: path, table }),
        None => {
            let known = content.reconcile.keys().cloned().collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "no [reconcile.NAME] at all".to_owned() } else { known };
            Err(Failure::usage(format!("{} has no job `{name}`", path.display()))
                .remedy(format!("it has: {known}")))
        }
    }
}

fn usual_places() -> Vec<PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
    let own = config.map(|config| config.join("offsets").join("offsets.toml"));
    [Some(PathBuf::from("offsets.toml")), own].into_iter().flatten().collect()
}

impl LinkFile {
    fn read(path: PathBuf) -> Result<Self, Failure> {
        let content = text::read_toml(&path)?;
        Ok(Self { path, content })
    }

    /// The names of its links, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        self.content.links.keys().cloned().collect()
    }

    /// The link that is asked for, or the default one.
    pub(super) fn clusters(&self, args: &LinkArgs, name: Option<&str>) -> Result<Clusters, Failure> {
        match self.pick(name)? {
            (_, NamedLink::Mm2(link)) => {
                mm2::clusters(args, &beside(&self.path, &link.mm2_config), link.flow.as_deref())
            }
            (name, NamedLink::Own(link)) => link.clusters(InFile { path: &self.path, link: name }, args),
        }
    }

    /// The target alone of that link: nothing of the source is looked at.
    pub(super) fn target(&self, args: &LinkArgs, name: Option<&str>) -> Result<Endpoint, Failure> {
        match self.pick(name)? {
            (_, NamedLink::Mm2(link)) => {
                mm2::target(args, &beside(&self.path, &link.mm2_config), link.flow.as_deref())
            }
            (name, NamedLink::Own(link)) => {
                link.target.endpoint(InFile { path: &self.path, link: name }, args, ClusterRole::Target)
            }
        }
    }

    fn pick<'a>(&'a self, name: Option<&'a str>) -> Result<(&'a str, &'a NamedLink), Failure> {
        let name = name.or(self.content.default_link.as_deref());
        let known = || self.content.links.keys().cloned().collect::<Vec<_>>().join(", ");
        if self.content.links.is_empty() {
            return Err(Failure::usage(format!("{} has no [links.NAME]", self.path.display()))
                .remedy("write one there, or name the clusters with --mm2-config or flags"));
        }
        let Some(name) = name else {
            return Err(Failure::usage(format!("{} has no default-link", self.path.display()))
                .remedy(format!("use --link with one of: {}", known())));
        };
        let link = self.content.links.get(name).ok_or_else(|| {
            Failure::usage(format!("{} has no link `{name}`", self.path.display()))
                .remedy(format!("it has: {}", known()))
        })?;
        Ok((name, link))
    }
}

/// Where a link is written.
#[derive(Clone, Copy)]
struct InFile<'a> {
    path: &'a Path,
    link: &'a str,
}

impl OwnLink {
    fn clusters(&self, at: InFile<'_>, args: &LinkArgs) -> Result<Clusters, Failure> {
        let Some(source) = &self.source else {
            let what = format!("{}: link `{}` has no `source` table", at.path.display(), at.link);
            return Err(
                Failure::usage(what).remedy("give it at least the alias that MM2 knows the source by")
            );
        };
        let mut link = Link::new(source.alias.as_str(), self.target.alias.as_str());
        flags::name(&mut link, Some(self.policy.into()), self.separator.as_deref());
        link.syncs_location = self.syncs_location.unwrap_or(link.syncs_location);
        link.syncs_topic_name.clone_from(&self.syncs_topic);
        link.checkpoints_topic_name.clone_from(&self.checkpoints_topic);
        link.positions_topic_name.clone_from(&self.positions_topic);
        link.origin_header.clone_from(&self.origin_header);
        link.exactly_once = self.exactly_once;
        flags::adjust(&mut link, args);
        checked(&link).map_err(|failure| failure.in_file(at.path))?;
        Ok(Clusters {
            link,
            source: cluster::unless_dead(args, || source.endpoint(at, args, ClusterRole::Source))?,
            target: self.target.endpoint(at, args, ClusterRole::Target)?,
            notices: Vec::new(),
        })
    }
}

impl NamedCluster {
    fn endpoint(&self, at: InFile<'_>, args: &LinkArgs, which: ClusterRole) -> Result<Endpoint, Failure> {
        let mut builder = ClientSettings::builder(self.alias.as_str());
        if let Some(path) = &self.command_config {
            builder = builder.properties(&cluster::client_file(&beside(at.path, path))?);
        }
        if let Some(servers) = &self.bootstrap_server {
            let side = if which == ClusterRole::Source { "source" } else { "target" };
            let key = format!("links.{}.{side}.bootstrap-server", at.link);
            let place =
                Place { file: Some(at.path.display().to_string().into()), line: None, key: key.into() };
            // A reference is as good here as in the other files.
            let servers = Providers::default().resolve(servers, &LocalAccess).map_err(|error| {
                Failure::usage(format!("{place} {error}")).remedy("set it, or write the addresses themselves")
            })?;
            builder = builder.bootstrap_servers_of(servers.text, place);
        }
        cluster::endpoint(builder, which.flags(args), args, which)
    }
}
