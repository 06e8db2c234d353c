//! The link as flags have it, and what flags change in a link found elsewhere.

use offsets_core::link::{Link, OffsetMapping, ReplicationPolicy, Side};
use offsets_core::model::TopicName;

use super::{Clusters, settings};
use crate::args::{LinkArgs, PolicyName, SyncsLocation};
use crate::failure::Failure;

/// Whether the command line names clusters.
pub(super) fn are_given(args: &LinkArgs) -> bool {
    [args.source.side(), args.target.side()]
        .iter()
        .any(|side| side.bootstrap_server.is_some() || side.command_config.is_some())
}

pub(super) fn clusters(args: &LinkArgs) -> Result<Clusters, Failure> {
    let (source, target) = (args.source.side(), args.target.side());
    let Some(source_alias) = source.alias else {
        return Err(Failure::usage("the source's alias is not given")
            .remedy("say --source.alias, the name MM2 knows the source by: it is part of the topic names"));
    };
    let target_alias = target.alias.unwrap_or("target");
    let mut link = Link::new(source_alias, target_alias);
    adjust(&mut link, args);
    Ok(Clusters {
        link,
        source: settings(source_alias, source, args, "source")?,
        target: settings(target_alias, target, args, "target")?,
    })
}

/// The policy, when the command line says anything of it.
pub(super) fn policy(args: &LinkArgs) -> Option<ReplicationPolicy> {
    let said = args.policy.is_some() || args.separator.is_some();
    said.then(|| replication_policy(args.policy, args.separator.as_deref()))
}

fn replication_policy(policy: Option<PolicyName>, separator: Option<&str>) -> ReplicationPolicy {
    let policy = match policy {
        Some(PolicyName::Default) | None => ReplicationPolicy::default(),
        Some(PolicyName::Identity | PolicyName::OffsetPreserving | PolicyName::Snapshot) => {
            ReplicationPolicy::identity()
        }
    };
    match separator {
        Some(separator) => policy.with_separator(separator),
        None => policy,
    }
}

/// Gives a link the names and the mapping of offsets that a policy means.
pub(super) fn name(link: &mut Link, policy: Option<PolicyName>, separator: Option<&str>) {
    link.policy = replication_policy(policy, separator);
    match policy {
        Some(PolicyName::OffsetPreserving) => link.mapping = OffsetMapping::Preserved,
        Some(PolicyName::Snapshot) => link.mapping = OffsetMapping::Unnoted,
        Some(PolicyName::Default | PolicyName::Identity) | None => {}
    }
}

/// Puts what the command line says of naming into a link.
pub(super) fn adjust(link: &mut Link, args: &LinkArgs) {
    if args.policy.is_some() || args.separator.is_some() {
        name(link, args.policy, args.separator.as_deref());
    }
    if let Some(location) = args.syncs_location {
        link.syncs_location = match location {
            SyncsLocation::Source => Side::Source,
            SyncsLocation::Target => Side::Target,
        };
    }
    let name_of = |name: &Option<String>| name.as_deref().map(TopicName::from);
    link.syncs_topic_name = name_of(&args.syncs_topic).or(link.syncs_topic_name.take());
    link.checkpoints_topic_name = name_of(&args.checkpoints_topic).or(link.checkpoints_topic_name.take());
    link.positions_topic_name = name_of(&args.positions_topic).or(link.positions_topic_name.take());
    link.origin_header = args.origin_header.clone().or(link.origin_header.take());
    link.exactly_once |= args.exactly_once;
}
