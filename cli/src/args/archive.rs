use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::output::LogFormat;
use super::value::{parse_duration, parse_listen_address, some_bytes, some_time};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets --demo archive run --dir kept --once
  offsets archive stats --dir kept
  offsets archive export --dir kept --file link.json")]
pub(crate) struct ArchiveArgs {
    #[command(subcommand)]
    pub(crate) command: ArchiveCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ArchiveCommand {
    /// Record links: commits first, then syncs and checkpoints, from where it stopped
    Run(RunArgs),
    /// Say what an archive holds
    Stats(StatsArgs),
    /// Write what an archive holds of a link in the form of a dump
    Export(ExportArgs),
    /// Say what of an archive is damaged, and cut it out
    Salvage(SalvageArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets --demo archive run --dir kept --once
  offsets archive run --mm2-config mm2.properties --link 'src->dst' --dir /var/lib/offsets
  offsets archive run --mm2-config mm2.properties --dir /var/lib/offsets --metrics-listen 127.0.0.1:9464 \\
    --expire-after 30d --max-bytes 10GB
  offsets archive run --mm2-config mm2.properties --link 'a->b' --link 'b->a' --dir /var/lib/offsets
  offsets archive run --mm2-config mm2.properties --dir /var/lib/offsets --fingerprints=4
  offsets archive run --config offsets.toml --all-links --dir /var/lib/offsets

Run it on the side that survives. It needs to read on both clusters: `__consumer_offsets` of the source, or its groups and
their commits; the offset-syncs topic; the checkpoints topic; with --fingerprints the mirrored topics of the source. It writes to neither. A cluster that goes away is said once
and tried again, and the other links go on; what was recorded stays. SIGINT and SIGTERM end it at once,
whatever it is waiting for, with everything saved that was recorded. Without --once stderr is a log, each line with its
time and level.
One process at a time may record into a folder. `translate --archive`, `reset --archive`, `archive stats` and `archive
export` may use it meanwhile: they ask the recorder, as the same user on the same machine.")]
pub(crate) struct RunArgs {
    /// The archive's folder; it is begun where it is empty or not there yet
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Record every flow that the MM2 file enables, or every link of offsets.toml
    #[arg(long, conflicts_with = "link")]
    pub(crate) all_links: bool,

    /// Where the groups' commits are learnt from
    #[arg(long, value_enum, value_name = "WAY", default_value = "auto")]
    pub(crate) commits: CommitsFrom,

    /// Record what there is now, and end
    #[arg(long)]
    pub(crate) once: bool,

    /// How often to look at commits, syncs and checkpoints
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration, conflicts_with = "once")]
    pub(crate) interval: Duration,

    /// Serve Prometheus metrics at /metrics and health at /healthz and /readyz; a port alone is one of 127.0.0.1
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen_address, conflicts_with = "once")]
    pub(crate) metrics_listen: Option<SocketAddr>,

    /// The form of the log on stderr
    #[arg(long, value_enum, value_name = "FORM", default_value = "text", conflicts_with = "once")]
    pub(crate) log_format: LogFormat,

    /// Keep what the source's data records are recognised by (a hash each, no content): of one stretch of 4,096 offsets out
    /// of every N, or of all of them. It reads those stretches from the source, and takes about 20 bytes a record
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1"
    )]
    pub(crate) fingerprints: Option<NonZeroU64>,

    /// Remove what was seen longer ago than this; the newest of everything stays
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    pub(crate) expire_after: Option<Duration>,

    /// Remove the oldest when more than this is kept (10GB, 10GiB, or bytes); the folder may grow to about twice as much
    #[arg(long, value_name = "SIZE", value_parser = some_bytes)]
    pub(crate) max_bytes: Option<u64>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets archive salvage --dir /var/lib/offsets
  offsets archive salvage --dir /var/lib/offsets --execute
  offsets archive salvage --dir /var/lib/offsets --acknowledge

`archive run` refuses an archive in which something is damaged, and changes nothing in it: reading verbs use
what stands before the damage, and say so. Salvage removes each damaged segment and all that stand behind it
in its stream. A new run reads again what is still in Kafka; what is not is lost, so copy the folder first.
The archive is then marked, and refused, until --acknowledge is given.

Exit codes:
  0 nothing is damaged, or it was cut out   1 I/O error, or the folder is in use   2 usage
  3 something is damaged, or not acknowledged")]
pub(crate) struct SalvageArgs {
    /// The archive's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Cut out what is damaged
    #[arg(long)]
    pub(crate) execute: bool,

    /// Take note of what was cut out, so that `archive run` goes on
    #[arg(long)]
    pub(crate) acknowledge: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CommitsFrom {
    /// From `__consumer_offsets` where it may be read, else by asking every group; with --once by asking
    Auto,
    /// From `__consumer_offsets` alone
    Tail,
    /// By asking every group at each interval
    Poll,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets archive stats --dir /var/lib/offsets
  offsets archive stats --dir /var/lib/offsets -o json")]
pub(crate) struct StatsArgs {
    /// The archive's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets archive export --dir /var/lib/offsets --link 'src->dst' --file link.json
  offsets archive export --dir /var/lib/offsets > link.json")]
pub(crate) struct ExportArgs {
    /// The archive's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Where to write it; it must not exist yet. `-` is stdout
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
}
