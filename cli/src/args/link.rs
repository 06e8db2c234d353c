use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::value::parse_duration;

/// Which link, first found: an MM2 file, flags, a named link of offsets.toml, a dump, the demo.
#[derive(Debug, Args)]
#[command(next_help_heading = "Link")]
pub(crate) struct LinkArgs {
    /// The properties file MM2 runs with (connect-mirror-maker)
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) mm2_config: Option<PathBuf>,

    /// Which flow of the MM2 file (`src->dst`, enabled or not), or which link of offsets.toml; `archive run` takes several
    #[arg(long, value_name = "LINK", global = true)]
    pub(crate) link: Vec<String>,

    /// Where offsets.toml is [default: ./offsets.toml, then the user's config folder]
    #[arg(long, value_name = "FILE", global = true, env = "OFFSETS_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Answer from a dump, with no cluster; - reads stdin
    #[arg(long, value_name = "FILE", global = true, conflicts_with_all = ["mm2_config", "demo"])]
    pub(crate) from_dump: Option<PathBuf>,

    /// Use two clusters embedded in this process, holding a link with a history
    #[arg(long, global = true, conflicts_with = "mm2_config")]
    pub(crate) demo: bool,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// How MM2 names topics on the target
    #[arg(long, value_enum, value_name = "POLICY", global = true)]
    pub(crate) policy: Option<PolicyName>,

    /// `replication.policy.separator`
    #[arg(long, value_name = "TEXT", global = true)]
    pub(crate) separator: Option<String>,

    /// The cluster that holds the offset-syncs topic (`offset-syncs.topic.location`)
    #[arg(long, value_enum, value_name = "SIDE", global = true)]
    pub(crate) syncs_location: Option<SyncsLocation>,

    /// The name of the offset-syncs topic, where a custom policy gives it one
    #[arg(long, value_name = "TOPIC", global = true)]
    pub(crate) syncs_topic: Option<String>,

    /// The name of the checkpoints topic, where a custom policy gives it one
    #[arg(long, value_name = "TOPIC", global = true)]
    pub(crate) checkpoints_topic: Option<String>,

    /// The topic in which the Connect worker keeps its source offsets, where MM2 does not run dedicated
    #[arg(long, value_name = "TOPIC", global = true)]
    pub(crate) positions_topic: Option<String>,

    /// The record header in which the replicator writes source offsets
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) origin_header: Option<String>,

    /// MM2 runs with exactly.once.source.support=enabled
    #[arg(long, global = true)]
    pub(crate) exactly_once: bool,

    /// A librdkafka setting for both clusters, or for one (`source.KEY=VALUE`, `target.KEY=VALUE`)
    #[arg(short = 'X', value_name = "KEY=VALUE", global = true)]
    pub(crate) overrides: Vec<String>,

    /// How long everything may take
    #[arg(long, value_name = "TIME", global = true, default_value = "60s", value_parser = parse_duration)]
    pub(crate) timeout: Duration,

    /// How long to try a target none of whose brokers answers
    #[arg(long, value_name = "TIME", global = true, default_value = "10s", value_parser = parse_duration)]
    pub(crate) connect_timeout: Duration,

    /// How long to try the source before going on without it, or before a verb that changes a group ends
    #[arg(long, value_name = "TIME", global = true, default_value = "10s", value_parser = parse_duration)]
    pub(crate) source_timeout: Duration,

    /// The source region is dead: do not try it, and use none of its settings
    #[arg(long, global = true)]
    pub(crate) source_dead: bool,
}

/// The flags of one cluster, whichever side it is on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SideArgs<'a> {
    pub(crate) bootstrap_server: Option<&'a str>,
    pub(crate) command_config: Option<&'a PathBuf>,
    pub(crate) alias: Option<&'a str>,
}

/// The flags of the source cluster.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// The source's brokers, HOST:PORT[,HOST:PORT...]
    #[arg(
        id = "source.bootstrap-server",
        long = "source.bootstrap-server",
        value_name = "SERVERS",
        global = true
    )]
    bootstrap_server: Option<String>,

    /// A Kafka client properties file for the source
    #[arg(id = "source.command-config", long = "source.command-config", value_name = "FILE", global = true)]
    command_config: Option<PathBuf>,

    /// The source's alias in the link
    #[arg(id = "source.alias", long = "source.alias", value_name = "ALIAS", global = true)]
    alias: Option<String>,
}

impl SourceArgs {
    pub(crate) fn side(&self) -> SideArgs<'_> {
        SideArgs {
            bootstrap_server: self.bootstrap_server.as_deref(),
            command_config: self.command_config.as_ref(),
            alias: self.alias.as_deref(),
        }
    }
}

/// The flags of the target cluster.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// The target's brokers, HOST:PORT[,HOST:PORT...]
    #[arg(
        id = "target.bootstrap-server",
        long = "target.bootstrap-server",
        value_name = "SERVERS",
        global = true
    )]
    bootstrap_server: Option<String>,

    /// A Kafka client properties file for the target
    #[arg(id = "target.command-config", long = "target.command-config", value_name = "FILE", global = true)]
    command_config: Option<PathBuf>,

    /// The target's alias in the link
    #[arg(id = "target.alias", long = "target.alias", value_name = "ALIAS", global = true)]
    alias: Option<String>,
}

impl TargetArgs {
    pub(crate) fn side(&self) -> SideArgs<'_> {
        SideArgs {
            bootstrap_server: self.bootstrap_server.as_deref(),
            command_config: self.command_config.as_ref(),
            alias: self.alias.as_deref(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyName {
    /// `<source alias><separator><topic>`
    Default,
    /// The same name on both sides
    Identity,
    /// The same name and the same offsets: Cluster Linking, Redpanda Shadowing
    OffsetPreserving,
    /// The same name, and nothing that tells how offsets relate: a snapshot or a restored backup
    Snapshot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyncsLocation {
    Source,
    Target,
}
