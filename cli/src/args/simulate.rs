use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets simulate
  offsets simulate --histories 10000000 --seed 7
  offsets simulate --histories 1 --seed 8397130 -o json
  offsets simulate --histories 1 --chart rereads.svg

A history is what happens to one mirrored partition: records, restarts that copy again, lost syncs, compaction,
retention, other writers. Its truth is known, and answers from any part of the evidence are held to it. History number
n has the seed S + n, so `--histories 1` with the seed that is printed shows a violation alone.

Exit codes:
  0 no answer breaks the law   4 one does")]
pub(crate) struct SimulateArgs {
    /// How many histories
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) histories: u64,

    /// The seed of the first; the same seed gives the same output on every machine
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Draw what is read again, by lag, ours beside MM2's; the file must not exist yet
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) chart: Option<PathBuf>,
}
