use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use offsets_core::reconcile::{FlawKind, IdentityRule, Policy, VersionRule};

use super::parse_age;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  One event once, though both regions have it:
    offsets reconcile --from a.jsonl --from b.jsonl --to merged.jsonl --identity json:/id --mode dedup

  The last write of each key, and every write that lost, with the reason:
    offsets reconcile --from a.jsonl --from b.jsonl --to merged.jsonl --ledger lost.jsonl \\
      --identity key --mode upsert --order json:/version --regions a,b

  Which writes would lose:
    offsets reconcile --from a.jsonl --from b.jsonl --identity key --mode upsert --order timestamp --regions a,b --dry-run

A file has one record a line:
  {\"region\": \"a\", \"topic\": \"orders\", \"partition\": 0, \"offset\": 7, \"timestamp\": 1764000000000, \"key\": \"17\",
   \"value\": {\"total\": 3}, \"headers\": {\"id\": \"x\"}}
Key and value are text or JSON, null is a tombstone, keyBase64 and valueBase64 are for bytes. Region and topic are the name of
the file where the line does not say them, the offset is the number of the line. Files are read side by side, the oldest
timestamp first.

Exit codes:
  0 done   1 a file cannot be written   2 usage, or a line that is no record   3 a record that cannot be judged
  (nothing is written then)")]
pub(crate) struct ReconcileArgs {
    /// What to read: a file of records, or `-` for stdin; say it once for each
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) from: Vec<String>,

    /// Where what counts is written; it must not exist yet. `-` is stdout
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    pub(crate) to: Option<PathBuf>,

    /// Where every losing write is written, with the one that stands in its place and the reason
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(crate) ledger: Option<PathBuf>,

    /// What passes: the first of each identity, or the winner of each
    #[arg(long, value_enum)]
    pub(crate) mode: Mode,

    /// What makes two records the same: header:NAME, json:/POINTER, key, content, or origin
    #[arg(long, value_name = "RULE")]
    pub(crate) identity: IdentityRule,

    /// Which write of a key wins: the highest json:/POINTER, header:NAME, hlc:HEADER, or timestamp
    #[arg(long, value_name = "RULE", required_if_eq("mode", "upsert"))]
    pub(crate) order: Option<VersionRule>,

    /// The regions; of two writes of one version the one of the region named first wins
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', required_if_eq("mode", "upsert"))]
    pub(crate) regions: Vec<String>,

    /// The header that holds the version of a tombstone, which has no field to hold it
    #[arg(long, value_name = "HEADER")]
    pub(crate) tombstone_version: Option<String>,

    /// How long an identity is remembered, by the timestamps of the records; for ever unless said
    #[arg(long, value_name = "TIME", value_parser = parse_age, conflicts_with = "window_count")]
    pub(crate) window: Option<Duration>,

    /// How many identities are remembered
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) window_count: Option<u64>,

    /// How long a delete is remembered; it must be longer than a region can be cut off. For ever unless said
    #[arg(long, value_name = "TIME", value_parser = parse_age, requires = "longest_outage")]
    pub(crate) tombstone_horizon: Option<Duration>,

    /// The longest time for which a region can be cut off and come back with old writes
    #[arg(long, value_name = "TIME", value_parser = parse_age)]
    pub(crate) longest_outage: Option<Duration>,

    /// How far ahead of the clock a record's time may lie
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_age)]
    pub(crate) max_ahead: Duration,

    /// What becomes of records that cannot be judged: identity, order, region, clock or tie, and fail, dead-letter or pass.
    /// Unless said, the first one ends the run, and nothing is written
    #[arg(long = "on", value_name = "FLAW=POLICY")]
    pub(crate) on: Vec<OnFlaw>,

    /// Where records that cannot be judged are written, with what is wrong
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(crate) dead_letter: Option<PathBuf>,

    /// Print which writes would lose, and write nothing
    #[arg(long, conflicts_with = "to")]
    pub(crate) dry_run: bool,
}

/// What passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// The first record of each identity
    Dedup,
    /// The winner of each identity
    Upsert,
}

/// What becomes of records with one kind of flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnFlaw {
    pub(crate) kind: FlawKind,
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
            "identity" => FlawKind::Identity,
            "order" => FlawKind::Order,
            "region" => FlawKind::Region,
            "clock" => FlawKind::Clock,
            "tie" => FlawKind::Tie,
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
