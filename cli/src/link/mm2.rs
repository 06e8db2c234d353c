//! The link as the properties file of a dedicated MM2 has it.

use std::path::Path;

use offsets_core::config::{ClusterClients, Mm2Properties, OtherFile, PropertiesError};
use offsets_core::link::LinkName;
use offsets_core::model::ClusterAlias;
use offsets_kafka::{ClientSettings, Endpoint, LocalAccess};

use super::cluster::{self, ClusterRole};
use super::{Clusters, checked, flags, remedy};
use crate::args::LinkArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text;

/// An MM2 file that was read.
struct Mm2File<'a> {
    path: &'a Path,
    properties: Mm2Properties,
}

/// The names of the flows that are enabled.
pub(super) fn flows(path: &Path) -> Result<Vec<String>, Failure> {
    let file = Mm2File::read(path)?;
    let flows = file.properties.flows(&LocalAccess).map_err(|error| unusable(path, &error))?;
    if flows.is_empty() {
        // Asking for the only flow says why there is none.
        file.properties.link(None, &LocalAccess).map_err(|error| unusable(path, &error))?;
    }
    Ok(flows.iter().map(LinkName::to_string).collect())
}

pub(super) fn clusters(args: &LinkArgs, path: &Path, flow: Option<&str>) -> Result<Clusters, Failure> {
    let file = Mm2File::read(path)?;
    let flow = named(path, flow)?;
    let found = file
        .properties
        .link_under(flow.as_ref(), &flags::naming(args), &LocalAccess)
        .map_err(|error| unusable(path, &error))?;
    let name = found.link.name();
    let mut link = found.link;
    flags::adjust(&mut link, args);
    checked(&link).map_err(|failure| failure.in_file(path))?;
    let mut notices = Vec::new();
    if !found.is_enabled {
        let name = flow.unwrap_or(name);
        notices.push(format!(
            "{}: the flow {name} is not enabled; its settings are used as they are",
            path.display()
        ));
    }
    let source =
        cluster::unless_dead(args, || file.endpoint(&link.source, &found.source, args, ClusterRole::Source))?;
    let target = file.endpoint(&link.target, &found.target, args, ClusterRole::Target)?;
    Ok(Clusters { link, source, target, notices })
}

/// The target alone: nothing of the source is looked at.
pub(super) fn target(args: &LinkArgs, path: &Path, flow: Option<&str>) -> Result<Endpoint, Failure> {
    let file = Mm2File::read(path)?;
    let flow = named(path, flow)?;
    let found =
        file.properties.target(flow.as_ref(), &LocalAccess).map_err(|error| unusable(path, &error))?;
    let alias = args.target.side().alias.map_or_else(|| found.cluster.clone(), ClusterAlias::from);
    file.endpoint(&alias, &found, args, ClusterRole::Target)
}

fn named(path: &Path, flow: Option<&str>) -> Result<Option<LinkName>, Failure> {
    flow.map(str::parse::<LinkName>).transpose().map_err(|error| {
        Failure::from_error(Exit::Usage, &path.display().to_string(), &error)
            .remedy("name the flow as MM2 does: --link 'src->dst'")
    })
}

impl<'a> Mm2File<'a> {
    fn read(path: &'a Path) -> Result<Self, Failure> {
        let bytes = text::read_bytes(path)?;
        if let Some(other) = OtherFile::recognise(&bytes) {
            let (what, remedy) = remedy::of_other(&other);
            return Err(Failure::usage(format!("{}: {what}", path.display())).remedy(remedy));
        }
        let properties = Mm2Properties::parse(bytes).map_err(|error| unusable(path, &error))?;
        Ok(Self { path, properties: properties.in_file(path.display().to_string()) })
    }

    /// MM2's own settings of one cluster, with what the flags say instead.
    fn endpoint(
        &self,
        alias: &ClusterAlias,
        clients: &ClusterClients,
        args: &LinkArgs,
        which: ClusterRole,
    ) -> Result<Endpoint, Failure> {
        if !cluster::has_address(args, which) {
            clients.has_address().map_err(|error| unusable(self.path, &error))?;
        }
        let builder =
            ClientSettings::builder(alias.clone()).properties_under(&clients.admin, &clients.providers);
        cluster::endpoint(builder, which.flags(args), args, which)
    }
}

fn unusable(path: &Path, error: &PropertiesError) -> Failure {
    let in_file = error.place().is_some_and(|place| place.file.is_some());
    let failure = Failure::usage(error.to_string()).remedy(remedy::of_properties(error));
    if in_file { failure } else { failure.in_file(path) }
}
