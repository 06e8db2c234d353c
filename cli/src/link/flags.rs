//! The link as flags have it, and what flags change in a link found elsewhere.

use offsets_core::config::NamingOverride;
use offsets_core::link::{Link, OffsetMapping, PolicyKind, Side};
use offsets_core::model::{ClusterAlias, TopicName};
use offsets_kafka::{ClientSettings, Endpoint};

use super::cluster::{self, ClusterRole};
use super::{Clusters, checked};
use crate::args::{LinkArgs, PolicyName, SyncsLocation};
use crate::failure::Failure;

/// Whether the command line names clusters.
pub(super) fn are_given(args: &LinkArgs) -> bool {
    [args.source.side(), args.target.side()]
        .iter()
        .any(|side| side.bootstrap_server.is_some() || side.command_config.is_some())
}

pub(super) fn clusters(args: &LinkArgs) -> Result<Clusters, Failure> {
    let Some(source_alias) = args.source.side().alias else {
        return Err(Failure::usage("the source's alias is not given")
            .remedy("use --source.alias, the name MM2 knows the source by: it is part of the topic names"));
    };
    let mut link = Link::new(source_alias, target_alias(args));
    adjust(&mut link, args);
    checked(&link)?;
    let source = cluster::unless_dead(args, || endpoint(source_alias.into(), args, ClusterRole::Source))?;
    Ok(Clusters { link, source, target: target(args)?, notices: Vec::new() })
}

/// The target alone.
pub(super) fn target(args: &LinkArgs) -> Result<Endpoint, Failure> {
    endpoint(target_alias(args), args, ClusterRole::Target)
}

fn target_alias(args: &LinkArgs) -> ClusterAlias {
    args.target.side().alias.unwrap_or("target").into()
}

fn endpoint(alias: ClusterAlias, args: &LinkArgs, which: ClusterRole) -> Result<Endpoint, Failure> {
    cluster::endpoint(ClientSettings::builder(alias), which.flags(args), args, which)
}

/// What the command line says of how topics are named.
pub(super) fn naming(args: &LinkArgs) -> NamingOverride {
    let alias = |alias: Option<&str>| alias.map(ClusterAlias::from);
    NamingOverride {
        policy: args.policy.map(kind),
        separator: args.separator.clone(),
        source_alias: alias(args.source.side().alias),
        target_alias: alias(args.target.side().alias),
        syncs_location: args.syncs_location.map(side),
    }
}

fn side(location: SyncsLocation) -> Side {
    match location {
        SyncsLocation::Source => Side::Source,
        SyncsLocation::Target => Side::Target,
    }
}

fn kind(policy: PolicyName) -> PolicyKind {
    match policy {
        PolicyName::Default => PolicyKind::Default,
        PolicyName::Identity | PolicyName::OffsetPreserving | PolicyName::Snapshot => PolicyKind::Identity,
    }
}

/// Gives a link the names and the mapping of offsets that a policy means. What is not said stays.
pub(super) fn name(link: &mut Link, policy: Option<PolicyName>, separator: Option<&str>) {
    if let Some(policy) = policy {
        link.policy = link.policy.clone().with_kind(kind(policy));
        link.mapping = match policy {
            PolicyName::OffsetPreserving => OffsetMapping::Identical,
            PolicyName::Snapshot => OffsetMapping::None,
            PolicyName::Default | PolicyName::Identity => OffsetMapping::OffsetSyncs,
        };
    }
    if let Some(separator) = separator {
        link.policy = link.policy.clone().with_separator(separator);
    }
}

/// Puts what the command line says of naming into a link.
pub(super) fn adjust(link: &mut Link, args: &LinkArgs) {
    name(link, args.policy, args.separator.as_deref());
    if let Some(alias) = args.source.side().alias {
        link.source = alias.into();
    }
    if let Some(alias) = args.target.side().alias {
        link.target = alias.into();
    }
    link.syncs_location = args.syncs_location.map_or(link.syncs_location, side);
    let name_of = |name: &Option<String>| name.as_deref().map(TopicName::from);
    link.syncs_topic_name = name_of(&args.syncs_topic).or(link.syncs_topic_name.take());
    link.checkpoints_topic_name = name_of(&args.checkpoints_topic).or(link.checkpoints_topic_name.take());
    link.positions_topic_name = name_of(&args.positions_topic).or(link.positions_topic_name.take());
    link.origin_header = args.origin_header.clone().or(link.origin_header.take());
    link.exactly_once |= args.exactly_once;
}
