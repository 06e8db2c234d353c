use std::path::PathBuf;

use clap::Args;
use clap::builder::ArgPredicate;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets simulate
  offsets simulate --histories 10000000 --seed 7
  offsets simulate --histories 1 --seed 8397130 -o json
  offsets simulate --histories 1 --chart rereads.svg
  offsets simulate --histories 100 --accuracy
  offsets simulate --scenario link.toml --histories 50

A history is what happens to one mirrored partition: records, restarts that copy again, lost syncs, compaction,
retention, other writers. Its truth is known, and answers from any part of the evidence are held to it. History number
n has the seed S + n, so `--histories 1` with the seed that is printed shows a violation alone.

A scenario is one link as you describe it, in TOML: how many records a second for how long, in transactions or with
holes, how often MM2 restarts or loses syncs, retention, compaction, who else writes. Its histories differ in when what
happens at random happens. docs/scenario.toml holds every key with its default.

Exit codes:
  0 no answer breaks the law   4 one does")]
pub(crate) struct SimulateArgs {
    /// How many histories; 20 of a scenario unless said otherwise
    #[arg(
        long,
        value_name = "N",
        default_value = "100000",
        default_value_if("scenario", ArgPredicate::IsPresent, "20"),
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) histories: u64,

    /// The seed of the first; the same seed gives the same output on every machine
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Simulate the link that this file describes, and show what is read again on it, by lag
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) scenario: Option<PathBuf>,

    /// Show what is read again from each kind of evidence alone and from all: mean and 99th percentile, by lag; of the
    /// scenario, or of links that are dense, transactional and exactly-once
    #[arg(long)]
    pub(crate) accuracy: bool,

    /// Draw what is read again, by lag, ours beside MM2's; the file must not exist yet
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) chart: Option<PathBuf>,
}
