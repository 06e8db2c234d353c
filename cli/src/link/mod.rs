//! From arguments and files to a link and the settings of its clusters. Nothing is contacted here.

mod cluster;
mod file;
mod flags;
mod mm2;
mod remedy;

pub(crate) use file::{JobTable, find_job};

use std::path::{Path, PathBuf};

use offsets_core::evidence::{DumpError, Evidence, read_dump};
use offsets_core::link::Link;
use offsets_kafka::{ClientSettings, Endpoint};

use crate::args::{LinkArgs, SideArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use cluster::ClusterRole;

/// Where answers come from.
pub(crate) enum Origin {
    /// Two clusters that are running, or one and the remains of the other.
    Clusters(Box<Clusters>),
    /// A file.
    Dump(Box<Evidence>),
    /// Two clusters that are yet to be started in this process.
    Demo,
}

/// A link and how to reach its two ends.
pub(crate) struct Clusters {
    pub(crate) link: Link,
    /// `None` with `--source-dead`; none of its settings was read then.
    pub(crate) source: Option<Endpoint>,
    pub(crate) target: Endpoint,
    /// What the operator should know about how they were found.
    pub(crate) notices: Vec<String>,
}

/// Finds the link: a dump or the demo where one is asked for, else the MM2 file, else flags, else offsets.toml.
pub(crate) fn resolve(args: &LinkArgs) -> Result<Origin, Failure> {
    find(args, named(args)?)
}

/// Finds every link that is named, or with `all` every one that there is in the MM2 file or in offsets.toml.
pub(crate) fn resolve_each(args: &LinkArgs, all: bool) -> Result<Vec<Origin>, Failure> {
    let names = if all { every_name(args)? } else { args.link.clone() };
    if names.is_empty() {
        return Ok(vec![find(args, None)?]);
    }
    let is_one = args.from_dump.is_some() || args.demo || args.mm2_config.is_none() && flags::are_given(args);
    if names.len() > 1 && is_one {
        return Err(Failure::usage("several links are named, and the other flags name one")
            .remedy("put the links into offsets.toml, or run once for each"));
    }
    names.iter().map(|name| find(args, Some(name))).collect()
}

/// The name of the link, where one is given.
pub(crate) fn named(args: &LinkArgs) -> Result<Option<&str>, Failure> {
    match &args.link[..] {
        [] => Ok(None),
        [name] => Ok(Some(name)),
        _ => {
            Err(Failure::usage("--link is given more than once")
                .remedy("only `archive run` takes several links"))
        }
    }
}

/// The names of all links there are; none where what is given is a link in itself.
fn every_name(args: &LinkArgs) -> Result<Vec<String>, Failure> {
    if args.from_dump.is_some() || args.demo {
        return Ok(Vec::new());
    }
    if let Some(path) = &args.mm2_config {
        return mm2::flows(path);
    }
    if flags::are_given(args) {
        return Ok(Vec::new());
    }
    file::find(args)?.map(|file| file.names()).ok_or_else(no_link)
}

fn find(args: &LinkArgs, name: Option<&str>) -> Result<Origin, Failure> {
    if let Some(path) = &args.from_dump {
        return dump(path).map(|evidence| Origin::Dump(Box::new(evidence)));
    }
    if args.demo {
        return Ok(Origin::Demo);
    }
    if let Some(path) = &args.mm2_config {
        return mm2::clusters(args, path, name).map(Origin::from);
    }
    if flags::are_given(args) {
        return flags::clusters(args).map(Origin::from);
    }
    match file::find(args)? {
        Some(file) => file.clusters(args, name).map(Origin::from),
        None => Err(no_link()),
    }
}

/// Finds the target alone, for what needs no link: nothing of the source is looked at, whichever file or flags name it.
pub(crate) fn resolve_target(args: &LinkArgs) -> Result<Endpoint, Failure> {
    let name = named(args)?;
    if args.from_dump.is_some() {
        return Err(
            Failure::usage("a dump cannot be reset").remedy("name the cluster instead of --from-dump")
        );
    }
    if args.demo {
        return Err(Failure::usage("the demo's clusters are not running yet"));
    }
    if let Some(path) = &args.mm2_config {
        return mm2::target(args, path, name);
    }
    if flags::are_given(args) {
        return flags::target(args);
    }
    file::find(args)?.ok_or_else(no_link)?.target(args, name)
}

/// The cluster that a verb names itself.
pub(crate) fn resolve_named(
    servers: Option<&str>,
    config: Option<&PathBuf>,
    args: &LinkArgs,
) -> Result<Endpoint, Failure> {
    let side = SideArgs { bootstrap_server: servers, command_config: config, alias: None };
    cluster::endpoint(ClientSettings::builder("kafka"), side, args, ClusterRole::Only)
}

impl From<Clusters> for Origin {
    fn from(clusters: Clusters) -> Self {
        Self::Clusters(Box::new(clusters))
    }
}

fn no_link() -> Failure {
    Failure::usage("no link is named").remedy(
        "give --mm2-config FILE, or --source.bootstrap-server and --target.bootstrap-server with the aliases, or an \
         offsets.toml with a default-link; --demo needs none",
    )
}

fn dump(path: &Path) -> Result<Evidence, Failure> {
    let text = read(path)?;
    read_dump(&text).map_err(|error| {
        let remedy = match &error {
            DumpError::Link(error) => remedy::of_link(error),
            _ => "take the dump again with `offsets dump`; it must arrive whole and unchanged",
        };
        Failure::from_error(Exit::Usage, &path.display().to_string(), &error).remedy(remedy)
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    crate::text::read(path)
}

/// Checks what a link's aliases and names are, by whichever way they came.
fn checked(link: &Link) -> Result<(), Failure> {
    link.check().map_err(|error| Failure::usage(error.to_string()).remedy(remedy::of_link(&error)))
}

/// A path in a file is relative to that file.
fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
}
