use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PathBufValueParser, TypedValueParser as _};
use jiff::Timestamp;
use offsets_core::model::{NegativeOffset, TargetOffset};

use super::value::{kept_file, parse_duration, parse_time};
use super::{SeedArgs, SelectionArgs};

/// What `--allow-backwards` without a group stands for: no argument can hold this character, so no name is taken for it.
pub(crate) const EVERY_GROUP: &str = "\0";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets --demo reset --group app-g
  offsets --demo reset --group app-g --execute
  offsets --demo reset --group app-g --no-probe --execute --seed-out moved.seed.json
  offsets reset --target.bootstrap-server dst:9092 --group app-g --topic src.orders --to earliest --allow-backwards
  offsets reset --target.bootstrap-server dst:9092 --group app-g --from-file positions.csv --execute

Before the first write the old commits are saved in a file that `offsets undo` takes.
A plan with a refused partition is not applied at all.")]
pub(crate) struct ResetArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,

    /// Where to, on the target, instead of the translated position: earliest, latest, offset:N, shift:N (or shift:-N),
    /// datetime:2026-11-23T08:00:00Z, duration:PT1H (an hour ago; duration:7d, duration:P7DT2H)
    #[arg(long, value_name = "WHERE", conflicts_with_all = ["from_file", "uncommitted"])]
    pub(crate) to: Option<Destination>,

    /// Positions from a CSV file as kafka-consumer-groups writes it; - reads stdin
    #[arg(long, value_name = "FILE", conflicts_with = "uncommitted")]
    pub(crate) from_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) seed: SeedArgs,

    #[command(flatten)]
    pub(crate) apply: ApplyArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets undo --target.bootstrap-server dst:9092 offsets-undo-20261123T080000Z.json
  offsets undo --target.bootstrap-server dst:9092 offsets-undo-20261123T080000Z.json --execute

A group that had no commit before keeps the one the reset made.")]
pub(crate) struct UndoArgs {
    /// The file a reset saved; - reads stdin
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) apply: ApplyArgs,
}

/// Whether and how a plan is carried out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Applying")]
pub(crate) struct ApplyArgs {
    /// Do it; without this nothing is written
    #[arg(long)]
    pub(crate) execute: bool,

    /// Where to save what is overwritten; it must not exist yet [default: ./offsets-undo-TIME.json]
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(kept_file))]
    pub(crate) undo_file: Option<PathBuf>,

    /// Try groups that have active members (the coordinator refuses most)
    #[arg(long)]
    pub(crate) allow_active: bool,

    /// Commit offsets outside the partition's log range
    #[arg(long)]
    pub(crate) allow_out_of_range: bool,

    /// Move groups back to where they have been: all, or with =GROUP (repeatable) these
    #[arg(
        long,
        value_name = "GROUP",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = EVERY_GROUP,
        value_parser = NonEmptyStringValueParser::new(),
        action = clap::ArgAction::Append
    )]
    pub(crate) allow_backwards: Vec<String>,

    /// Use answers of class `unsafe`, whose evidence contradicts itself
    #[arg(long)]
    pub(crate) allow_unsafe: bool,

    /// Go on behind records of the target that came over no link, though the group may not have read them: they are lost to
    /// it
    #[arg(long)]
    pub(crate) allow_stranded: bool,

    /// What to do with commit metadata that is longer than the target takes (`offset.metadata.max.bytes`): keep refuses the move
    #[arg(long, value_enum, value_name = "HOW", default_value = "keep")]
    pub(crate) metadata: MetadataHandling,

    /// Delete empty classic groups that have had members and write all their commits again: otherwise those expire
    /// `offsets.retention.minutes` after the last member left, whatever is committed since
    #[arg(long)]
    pub(crate) recreate_groups: bool,
}

/// `--metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum MetadataHandling {
    /// Refuse the move
    Keep,
    /// Commit without metadata
    Drop,
    /// Commit its beginning
    Cut,
}

/// `--to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    Earliest,
    Latest,
    Offset(TargetOffset),
    /// Relative to the commit on the target.
    Shift(i64),
    /// The first record at or after this time; the log end when there is none.
    Datetime(Timestamp),
    /// This long ago.
    Duration(Duration),
}

impl Destination {
    /// Whether records are looked up by their timestamps.
    pub(crate) fn is_time(self) -> bool {
        matches!(self, Self::Datetime(_) | Self::Duration(_))
    }
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, value) = text.split_once(':').map_or((text, None), |(word, value)| (word, Some(value)));
        let number =
            |value: &str| value.parse::<i64>().map_err(|_| format!("`{value}` is not a whole number"));
        match (word, value) {
            ("earliest", None) => Ok(Self::Earliest),
            ("latest", None) => Ok(Self::Latest),
            ("offset", Some(value)) => {
                let offset = TargetOffset::new(number(value)?);
                offset.map(Self::Offset).map_err(|error: NegativeOffset| error.to_string())
            }
            ("shift", Some(value)) => Ok(Self::Shift(number(value)?)),
            ("datetime", Some(value)) => parse_time(value).map(Self::Datetime),
            ("duration", Some(value)) => parse_duration(value).map(Self::Duration),
            _ => Err("one of earliest, latest, offset:N, shift:N, datetime:TIME, duration:TIME".to_owned()),
        }
    }
}
