use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use offsets_reconcile::{IdentityRule, Policy, RecordErrorKind, VersionRule};

use super::output::LogFormat;
use super::value::{
    group_name, input_name, parse_bytes, parse_duration, parse_listen_address, some_time, topic_name,
    topic_name_or_none,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  One event once, though both regions have it:
    offsets reconcile --from a.jsonl --from b.jsonl --to merged.jsonl \\
      --identity json:/id --mode dedup

  The last write of each key, and every write that lost, with the reason:
    offsets reconcile --from a.jsonl --from b.jsonl --to merged.jsonl --ledger lost.jsonl \\
      --identity key --mode upsert --order json:/version --regions a,b

  Which writes would lose:
    offsets reconcile --from a.jsonl --from b.jsonl --identity key --mode upsert \\
      --order timestamp --regions a,b --dry-run

  Between topics, exactly once, by as many instances as there are partitions (--group makes it so):
    offsets reconcile --bootstrap-server kafka:9092 --group merge --state /var/lib/merge \\
      --from a=orders --from B=B.orders --to orders.merged --ledger orders.ledger \\
      --identity key --mode upsert --order json:/version --regions a,B

  After a failover, what the group had not read yet (the seed is of the translation that moved it):
    offsets reset --mm2-config mm2.properties --group app-g --seed-out app-g.seed.json --execute
    offsets reconcile --bootstrap-server kafka:9092 --group app-g --from src.orders \\
      --to orders.app --mode reread --seed app-g.seed.json

  The same of files that the mirrored topics were dumped to:
    offsets reconcile --from src.orders.jsonl --to unread.jsonl --ledger read.jsonl \\
      --mode reread --seed app-g.seed.json

  The same every time, from a table [reconcile.merge] of offsets.toml with the options as keys:
    offsets reconcile --job merge

  Without any cluster, what a replay of MirrorMaker 2 had copied twice:
    offsets --demo reconcile --group merge --from src.orders --mode dedup --identity content \\
      --dry-run

A file has one record a line:
  {\"region\": \"a\", \"topic\": \"orders\", \"partition\": 0, \"offset\": 7,
   \"timestamp\": 1764000000000, \"key\": \"17\", \"value\": {\"total\": 3}, \"headers\": {\"id\": \"x\"}}
Key and value are text or JSON, null is a tombstone, keyBase64 and valueBase64 are for bytes.
A header that comes several times has a list of its values. A timestamp of -1 is none, and a
negative partition or offset is not known. Blank lines and a byte order mark are passed over.
Region and topic are the name of the file where neither the line nor --from REGION=FILE says them,
the offset is the number of the line. Files are read side by side, the oldest timestamp first.

Lines of other tools become lines of offsets with jq:
  kcat -C -b kafka:9092 -t orders -e -J |
    jq -c '.headers as $h | {topic, partition, offset, timestamp: .ts, key, value: .payload,
      headers: (reduce range(0; $h | length; 2) as $i ({}; .[$h[$i]] += [$h[$i + 1]]))}'
  rpk topic consume orders -o :end |
    jq -c '{topic, partition, offset, timestamp, key, value,
      headers: (reduce (.headers // [])[] as $h ({}; .[$h.key] += [$h.value]))}'
  kafka-console-consumer --bootstrap-server kafka:9092 --topic orders --from-beginning \\
    --timeout-ms 10000 --property print.timestamp=true --property print.partition=true \\
    --property print.offset=true --property print.key=true --property 'null.literal=<null>' |
    jq -Rc 'def null_or_text: if . == \"<null>\" then null else . end; split(\"\\t\") |
      {timestamp: (.[0] | split(\":\")[-1] | tonumber? // null),
       partition: (.[1] | split(\":\")[1] | tonumber), offset: (.[2] | split(\":\")[1] | tonumber),
       key: (.[3] | null_or_text), value: (.[4:] | join(\"\\t\") | null_or_text)}'
Values stay text: fromjson would rewrite them, and jq before 1.7 loses digits above 2^53.
None of these is for values that are no text. docs/identity-and-order.md says what each loses, and
why there is no program for kaf.

With --mode reread a line says at which partition and offset of the target its record stood, at least
in topics that the seed has windows of: only what stood inside a window is ever dropped.

Between topics, partition p of every input, of the output and of the changelog belong together.
Where inputs are partitioned differently, --repartition takes their records through a repartition topic.
Outputs, ledger, state and positions are committed in one transaction; readers of the output read
committed records. SIGTERM ends a run after a last commit, and within about two seconds where the
cluster does not answer: the open transaction is then left to its timeout.

Exit codes:
  0 done, or told to stop   1 Kafka or I/O error   2 usage, or a line that is no record
  3 a record that cannot be judged, or was deleted before it was read
  4 the state and the group's positions do not go together")]
pub(crate) struct ReconcileArgs {
    /// What to read: a file of records, or `-` for stdin, and with --group a topic; REGION= in front says which region wrote it.
    /// Say it once for each
    #[arg(long, value_name = "[REGION=]FILE|TOPIC", required = true, value_parser = input_name)]
    pub(crate) from: Vec<String>,

    /// Where what counts is written: a file that does not exist yet, a device or a pipe, `-` for stdout, or a topic that exists
    #[arg(long, value_name = "FILE|TOPIC", required_unless_present = "dry_run")]
    pub(crate) to: Option<PathBuf>,

    /// Where every losing write is written, with the one that stands in its place and the reason
    #[arg(long, value_name = "FILE|TOPIC", conflicts_with = "dry_run")]
    pub(crate) ledger: Option<PathBuf>,

    /// What passes: the first of each identity, the winner of each, or what a group that has moved had not read yet
    #[arg(long, value_enum)]
    pub(crate) mode: Mode,

    /// What makes two records the same: header:NAME, json:/POINTER, key, content, or origin
    #[arg(long, value_name = "RULE", required_if_eq_any([("mode", "dedup"), ("mode", "upsert")]))]
    pub(crate) identity: Option<IdentityRule>,

    /// Which write of a key wins: the highest json:/POINTER, header:NAME, hlc:HEADER, or timestamp
    #[arg(long, value_name = "RULE", required_if_eq("mode", "upsert"))]
    pub(crate) order: Option<VersionRule>,

    /// The regions; of two writes of one version the one of the region named first wins
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', value_parser = trimmed, required_if_eq("mode", "upsert"))]
    pub(crate) regions: Vec<String>,

    /// What the group had read before it moved: the file that `translate --seed-out` or `reset --seed-out` wrote
    #[arg(long, value_name = "FILE", required_if_eq("mode", "reread"))]
    pub(crate) seed: Option<PathBuf>,

    /// The header that holds the version of a tombstone, which has no field to hold it
    #[arg(long, value_name = "HEADER")]
    pub(crate) tombstone_version: Option<String>,

    /// How long an identity is remembered, by the timestamps of the records (at least 16s); for ever unless said. It may be up to a
    /// sixteenth longer, and lasts until the record is committed
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "window_count")]
    pub(crate) window: Option<Duration>,

    /// Number of identities that are remembered, at least 16. It may be up to a sixteenth more, and all that are not committed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) window_count: Option<u64>,

    /// How long a delete is remembered; it must be longer than a region can be cut off. For ever unless said
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "longest_outage")]
    pub(crate) tombstone_horizon: Option<Duration>,

    /// The longest time for which a region can be cut off and come back with old writes
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "tombstone_horizon")]
    pub(crate) longest_outage: Option<Duration>,

    /// How far ahead of the clock a record's time may lie
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_duration)]
    pub(crate) max_ahead: Duration,

    /// What becomes of records that cannot be judged: identity, order, region, clock or tie, and fail, dead-letter or pass.
    /// Unless said, the first one ends the run; of files nothing is written then, of topics what came before it is
    #[arg(long = "on", value_name = "FLAW=POLICY")]
    pub(crate) on: Vec<OnFlaw>,

    /// Where records that cannot be judged are written, with what is wrong
    #[arg(long, value_name = "FILE|TOPIC", conflicts_with = "dry_run")]
    pub(crate) dead_letter: Option<PathBuf>,

    /// Print which writes would lose, and write nothing
    #[arg(long, conflicts_with = "to")]
    pub(crate) dry_run: bool,

    /// Take what is not said here from the table [reconcile.NAME] of offsets.toml, whose keys are these options
    #[arg(long, value_name = "NAME")]
    pub(crate) job: Option<String>,

    #[command(flatten)]
    pub(crate) topics: TopicsArgs,
}

/// What is said of a run between topics.
#[derive(Debug, Args)]
#[command(next_help_heading = "Between topics")]
pub(crate) struct TopicsArgs {
    /// The brokers of the cluster that holds the topics, HOST:PORT[,HOST:PORT...]; a link's target unless said
    #[arg(long, value_name = "SERVERS", requires = "group")]
    pub(crate) bootstrap_server: Option<String>,

    /// A Kafka client properties file for that cluster
    #[arg(long, value_name = "FILE", requires = "group")]
    pub(crate) command_config: Option<PathBuf>,

    /// The consumer group: instances of one group share the partitions out
    #[arg(long, value_name = "GROUP", value_parser = group_name)]
    pub(crate) group: Option<String>,

    /// Where inputs are partitioned differently: the topic through which all records go first, so that those of one identity
    /// meet [default: GROUP-repartition, created where it is missing, with as many partitions as --to]
    #[arg(
        long,
        value_name = "TOPIC",
        requires = "group",
        num_args = 0..=1,
        default_missing_value = "",
        value_parser = topic_name_or_none
    )]
    pub(crate) repartition: Option<String>,

    /// Write every winner into the ledger too: when a later write beats it, its content is in no other place for certain
    #[arg(long, requires_all = ["group", "ledger"])]
    pub(crate) ledger_values: bool,

    /// The compacted topic that holds the state [default: GROUP-changelog, created where it is missing]
    #[arg(long, value_name = "TOPIC", requires = "group", value_parser = topic_name)]
    pub(crate) changelog: Option<String>,

    /// How many replicas a changelog gets that is created; the cluster's default unless said
    #[arg(long, value_name = "N", requires = "group", value_parser = clap::value_parser!(i32).range(1..=32_767))]
    pub(crate) changelog_replicas: Option<i32>,

    /// A folder for a copy of the state, so that after a restart only what is newer is read from the changelog
    #[arg(long, value_name = "DIR", requires = "group")]
    pub(crate) state: Option<PathBuf>,

    /// How much memory what is remembered may take (512MiB, 1GB, or bytes); the rest is looked up in --state, which is slower and never wrong
    #[arg(long, value_name = "SIZE", requires = "state", value_parser = parse_bytes)]
    pub(crate) max_memory: Option<u64>,

    /// A name under which this instance comes back after a restart, so that the others do not share its partitions out meanwhile;
    /// with --state, the folder has one
    #[arg(long, value_name = "NAME", requires = "group")]
    pub(crate) instance: Option<String>,

    /// How long results may wait before they are committed: longer is faster, shorter is sooner
    #[arg(long, value_name = "TIME", requires = "group", default_value = "200ms", value_parser = parse_duration)]
    pub(crate) commit_interval: Duration,

    /// How long a transaction may take; a transaction that a dead instance left open blocks readers for this time, and for up to the interval at
    /// which the broker looks for such transactions (10s by default) more
    #[arg(long, value_name = "TIME", requires = "group", default_value = "10s", value_parser = some_time)]
    pub(crate) transaction_timeout: Duration,

    /// End when everything is done that was there at the start
    #[arg(long, requires = "group")]
    pub(crate) once: bool,

    /// Go on from the group's positions though the state was saved with others, as after a reset of the group
    #[arg(long, requires = "group")]
    pub(crate) adopt_positions: bool,

    /// The form of the log on stderr. Without it stderr is a log in text where it is no terminal and the run does not end by itself
    #[arg(long, value_enum, value_name = "FORM", requires = "group")]
    pub(crate) log_format: Option<LogFormat>,

    /// Serve Prometheus metrics at /metrics and health at /healthz and /readyz; a port alone is one of 127.0.0.1
    #[arg(long, value_name = "ADDRESS", requires = "group", value_parser = parse_listen_address)]
    pub(crate) metrics_listen: Option<SocketAddr>,
}

/// An item of a list, with or without blanks around it.
fn trimmed(text: &str) -> Result<String, Infallible> {
    Ok(text.trim().to_owned())
}

/// What passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// The first record of each identity
    Dedup,
    /// The winner of each identity
    Upsert,
    /// What the group had not read before it moved, as its --seed says
    Reread,
}

/// What becomes of records with one kind of flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnFlaw {
    pub(crate) kind: RecordErrorKind,
    pub(crate) policy: Policy,
}

impl FromStr for OnFlaw {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "write FLAW=POLICY: identity, order, region, clock or tie, and fail, dead-letter or pass"
                .to_owned()
        };
        let (kind, policy) = text.split_once('=').ok_or_else(wrong)?;
        let kind = match kind {
            "identity" => RecordErrorKind::Identity,
            "order" => RecordErrorKind::Order,
            "region" => RecordErrorKind::Region,
            "clock" => RecordErrorKind::Clock,
            "tie" => RecordErrorKind::Tie,
            _ => return Err(wrong()),
        };
        let policy = match policy {
            "fail" => Policy::Fail,
            "dead-letter" => Policy::DeadLetter,
            "pass" => Policy::Pass,
            _ => return Err(wrong()),
        };
        Ok(Self { kind, policy })
    }
}
