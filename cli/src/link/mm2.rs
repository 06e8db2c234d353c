//! The link as the properties file of a dedicated MM2 has it.

use std::path::Path;

use offsets_core::link::LinkName;
use offsets_core::mm2::{ClusterClients, Mm2Properties, PropertiesError};
use offsets_core::model::ClusterAlias;
use offsets_kafka::{ClientSettings, Endpoint};

use super::{Clusters, flags, overridden};
use crate::args::{LinkArgs, SideArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text;

/// The names of the flows that are enabled.
pub(super) fn flows(path: &Path) -> Result<Vec<String>, Failure> {
    let flows = properties(path)?.flows().map_err(|error| unusable(path, &error))?;
    if flows.is_empty() {
        return Err(unusable(path, &PropertiesError::NoFlow));
    }
    Ok(flows.iter().map(LinkName::to_string).collect())
}

pub(super) fn clusters(args: &LinkArgs, path: &Path, flow: Option<&str>) -> Result<Clusters, Failure> {
    let unusable = |error: &dyn std::error::Error| unusable(path, error);
    let flow = flow
        .map(str::parse::<LinkName>)
        .transpose()
        .map_err(|error| unusable(&error).remedy("name the flow as MM2 does: --link 'src->dst'"))?;
    let properties = properties(path)?;
    let found = match flags::policy(args) {
        Some(policy) => properties.link_under(flow.as_ref(), policy),
        None => properties.link(flow.as_ref()),
    };
    let found = found.map_err(|error| unusable(&error))?;
    let mut link = found.link;
    flags::adjust(&mut link, args);
    let source = side(&link.source, &found.source, args.source.side(), args, "source")?;
    let target = side(&link.target, &found.target, args.target.side(), args, "target")?;
    Ok(Clusters { link, source, target })
}

fn properties(path: &Path) -> Result<Mm2Properties, Failure> {
    let bytes = text::read_bytes(path)?;
    Mm2Properties::parse(bytes).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::from_error(Exit::Usage, &path.display().to_string(), error)
}

/// MM2's own settings of one cluster, with what the flags say instead.
fn side(
    alias: &ClusterAlias,
    clients: &ClusterClients,
    flags: SideArgs<'_>,
    args: &LinkArgs,
    word: &str,
) -> Result<Endpoint, Failure> {
    let pairs = clients.admin.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut builder = ClientSettings::builder(alias.clone()).java_pairs(pairs);
    if let Some(path) = flags.command_config {
        builder = builder.java_properties(&super::read(path)?)?;
    }
    if let Some(servers) = flags.bootstrap_server {
        builder = builder.bootstrap_servers(servers);
    }
    overridden(builder, args, word)
}
