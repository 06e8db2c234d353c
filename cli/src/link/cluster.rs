//! One cluster of a link: what flags and client files say of it, over what another file said.

use std::path::Path;

use offsets_core::config::{JavaProperties, Place};
use offsets_kafka::{ClientSettingsBuilder, Endpoint};

use super::remedy;
use crate::args::{LinkArgs, SideArgs};
use crate::failure::Failure;
use crate::text;

/// Which cluster, in the words of the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClusterRole {
    Source,
    Target,
    /// The one cluster of a verb that has no link.
    Only,
}

impl ClusterRole {
    /// The flags of that side.
    pub(super) fn flags(self, args: &LinkArgs) -> SideArgs<'_> {
        match self {
            Self::Source => args.source.side(),
            Self::Target | Self::Only => args.target.side(),
        }
    }

    fn flag(self, name: &str) -> String {
        match self {
            Self::Source => format!("--source.{name}"),
            Self::Target => format!("--target.{name}"),
            Self::Only => format!("--{name}"),
        }
    }

    /// What `-X` says to this cluster: what begins with its word, or with neither.
    fn override_of(self, assignment: &str) -> Option<&str> {
        match (assignment.strip_prefix("source."), assignment.strip_prefix("target.")) {
            (Some(rest), _) => (self == Self::Source).then_some(rest),
            (_, Some(rest)) => (self != Self::Source).then_some(rest),
            (None, None) => Some(assignment),
        }
    }
}

/// The source. With `--source-dead` none of its settings is resolved, read or built.
pub(super) fn unless_dead(
    args: &LinkArgs,
    endpoint: impl FnOnce() -> Result<Endpoint, Failure>,
) -> Result<Option<Endpoint>, Failure> {
    if args.source_dead {
        return Ok(None);
    }
    let endpoint = endpoint().map_err(|failure| failure.or("if the source is lost, give --source-dead"))?;
    Ok(Some(endpoint))
}

/// Whether the command line itself says where a cluster's brokers are, or may.
pub(super) fn has_address(args: &LinkArgs, which: ClusterRole) -> bool {
    let flags = which.flags(args);
    let overridden = |assignment: &String| {
        let key = which.override_of(assignment).and_then(|assignment| assignment.split_once('='));
        key.is_some_and(|(key, _)| matches!(key.trim(), "bootstrap.servers" | "metadata.broker.list"))
    };
    flags.bootstrap_server.is_some()
        || flags.command_config.is_some()
        || args.overrides.iter().any(overridden)
}

/// Puts what flags say over what a file has said, and checks the whole.
pub(super) fn endpoint(
    mut builder: ClientSettingsBuilder,
    flags: SideArgs<'_>,
    args: &LinkArgs,
    which: ClusterRole,
) -> Result<Endpoint, Failure> {
    if let Some(path) = flags.command_config {
        builder = builder.dispensable().properties(&client_file(path)?);
    }
    if let Some(servers) = flags.bootstrap_server {
        let place = Place::named(which.flag("bootstrap-server"));
        builder = builder.bootstrap_servers_of(servers, place);
    }
    for assignment in &args.overrides {
        if let Some(assignment) = which.override_of(assignment) {
            builder = builder.librdkafka(assignment)?;
        }
    }
    let settings = builder.build().map_err(|error| {
        let is_flag = error.setting().is_some_and(|setting| setting.starts_with("--"));
        let [servers, config] = ["bootstrap-server", "command-config"].map(|name| which.flag(name));
        let instead = match is_flag {
            true => "correct it".to_owned(),
            false => format!("correct it, or give {servers} and {config} instead"),
        };
        Failure::from(error).remedy(instead)
    })?;
    Ok(settings.into())
}

/// The properties of a Kafka client.
pub(super) fn client_file(path: &Path) -> Result<JavaProperties, Failure> {
    let bytes = text::read_bytes(path)?;
    if let Some((what, remedy)) = remedy::of_other_client(&bytes) {
        return Err(Failure::usage(format!("{}: {what}", path.display())).remedy(remedy));
    }
    let properties = JavaProperties::parse(bytes).map_err(|error| {
        Failure::usage(format!("{}: {error}", path.display())).remedy(remedy::of_syntax(&error))
    })?;
    Ok(properties.in_file(path.display().to_string()))
}
