use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use offsets_core::model::TopicChoice;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets --demo translate --group app-g
  offsets --demo translate --all-groups -o json
  offsets --demo translate --topic orders:0 --offset 4242
  offsets --demo translate --group app-g --explain
  offsets --demo translate --all-groups --exclude-groups 'connect-.*' --topic orders:0
  offsets --demo translate --group app-g --no-probe --seed-out app-g.seed.json

Classes:
  exact    proved: nothing is skipped, and nothing is read twice but what REREAD counts
  bounded  nothing is skipped; at most REREAD records are read twice
  floor    nothing is skipped; nothing says how many are read twice
  unsafe   the evidence contradicts itself; the position shown is the safest known
  unknown  there is no mirror partition to go on in, or nothing is known of its log

With a dead source the commits may be older than the groups. REREAD is then what can be read twice at most, up to the replicated
end; REREAD-MAP is the part that the translation makes, and REREAD-AGE about what the age of the commit makes, from the rate
that an archive recorded. AS-OF and COMMITTED say how long before the source's last sign of life a commit was last seen, and
was made at the latest.")]
pub(crate) struct TranslateArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,

    /// Show how each answer was derived: every floor and ceiling, with its evidence and what it takes for granted
    #[arg(long)]
    pub(crate) explain: bool,

    #[command(flatten)]
    pub(crate) seed: SeedArgs,
}

/// Whether what a group had read is written down.
#[derive(Debug, Default, Args)]
pub(crate) struct SeedArgs {
    /// Write what the group has read of the records that come to it again; the file must not exist yet. The source's records
    /// there are read for it, or an archive's fingerprints
    #[arg(long, value_name = "FILE")]
    pub(crate) seed_out: Option<PathBuf>,
}

/// Which answers are wanted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct SelectionArgs {
    #[command(flatten)]
    pub(crate) groups: GroupArgs,

    /// Only this topic or these partitions of it (repeatable), by its name on the source; with `reset --to` and `--from-file` by its
    /// name on the target; with --offset, TOPIC:PARTITION
    #[arg(long = "topic", value_name = "TOPIC[:PARTITION]")]
    pub(crate) topics: Vec<TopicChoice>,

    /// What to do about a partition of which a group that reads its topic has no known commit, though there are records in its
    /// mirror: refuse (exit 3), earliest (reset places the group at its log start), or leave (to auto.offset.reset)
    #[arg(long, value_name = "WHAT", default_value = "refuse", conflicts_with = "offsets")]
    pub(crate) uncommitted: OnUncommitted,

    /// Partitions on which groups must have a commit: a CSV file as kafka-consumer-groups exports it from the source,
    /// group,topic,partition,offset (the offsets are not looked at); one that has none is treated as --uncommitted says
    #[arg(long, value_name = "FILE", conflicts_with = "offsets")]
    pub(crate) expect: Option<PathBuf>,

    /// A source offset kept outside Kafka, for the --topic before it
    #[arg(long = "offset", value_name = "N", requires = "topics", conflicts_with_all = ["group", "all_groups", "groups_regex"])]
    pub(crate) offsets: Vec<i64>,
}

/// `--uncommitted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnUncommitted {
    Refuse,
    Earliest,
    Leave,
}

/// Which consumer groups are meant.
#[derive(Debug, Args)]
pub(crate) struct GroupArgs {
    /// A consumer group (repeatable)
    #[arg(long, value_name = "GROUP", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["all_groups", "groups_regex"])]
    pub(crate) group: Vec<String>,

    /// Every group with commits
    #[arg(long, conflicts_with = "groups_regex")]
    pub(crate) all_groups: bool,

    /// Groups whose whole name matches
    #[arg(long, value_name = "REGEX")]
    pub(crate) groups_regex: Option<String>,

    /// Of --all-groups or --groups-regex leave out groups whose whole name matches one of these: a list as MM2's `groups.exclude`
    /// holds it (repeatable). MM2's own `groups` and `groups.exclude` are not applied by themselves
    #[arg(long, value_name = "REGEX,REGEX", value_delimiter = ',', conflicts_with = "group", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) exclude_groups: Vec<String>,
}
