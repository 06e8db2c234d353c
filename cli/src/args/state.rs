use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets state show --dir /var/lib/merge
  offsets state export --dir /var/lib/merge --file merge.state
  offsets state import --file merge.state --dir /var/lib/merge
  offsets state acknowledge --dir /var/lib/merge

The changelog of a job is the truth, and the folder saves reading it from its beginning. A copy of the
folder moves an instance to another machine, or keeps what a lost disk would take: what is newer is then
read from the changelog. Nothing is made wrong by a copy that is old. One that goes further than the
changelog, or is of another changelog, is emptied and everything is read again; one that was made by other
rules, or is not where the group is, ends `reconcile` with exit code 4 before anything is read.
What `reconcile` finds damaged it moves to `damaged` in the folder and reads from the changelog: `show` says
so until it is acknowledged.
The folder must not be in use: stop the instance first (SIGTERM is safe).

Exit codes:
  0 done   1 I/O error, or the folder is in use   2 usage, or a file that is not a whole copy
  3 the state is damaged")]
pub(crate) struct StateArgs {
    #[command(subcommand)]
    pub(crate) command: StateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Say what a folder or a copy holds: partitions, identities, rules, how far it goes, and what is damaged
    Show(StateShowArgs),
    /// Write a copy of a folder, whole or not at all
    Export(StateExportArgs),
    /// Put a copy into a folder that is empty or not there yet, whole or not at all
    Import(StateImportArgs),
    /// Take note of damage: remove what was moved aside, and the marks of what was salvaged
    Acknowledge(StateAcknowledgeArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets state show --dir /var/lib/merge
  offsets state show --file merge.state -o json

CHANGELOG is the offset of the changelog at which reading goes on, INPUTS the next offset of each input
when it was saved. Nothing counts of a partition without a CHANGELOG. Looking changes nothing.")]
pub(crate) struct StateShowArgs {
    /// The folder that `reconcile --state` names
    #[arg(long, value_name = "DIR", required_unless_present = "file")]
    pub(crate) dir: Option<PathBuf>,

    /// A copy of one; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets state export --dir /var/lib/merge --file merge.state
  offsets state export --dir /var/lib/merge | ssh other 'offsets state import --dir /var/lib/merge'")]
pub(crate) struct StateExportArgs {
    /// The folder that `reconcile --state` names
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Where to write it; it must not exist yet. `-` is stdout
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets state import --file merge.state --dir /var/lib/merge
  offsets state import --dir /var/lib/merge < merge.state

The copy is looked through to its end before anything is written.")]
pub(crate) struct StateImportArgs {
    /// The folder that `reconcile --state` is to name: empty, or not there yet
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The copy; `-` is stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets state acknowledge --dir /var/lib/merge

Removes the folder `damaged`, and the marks of tables that a program salvaged. It says what that was, and
changes nothing of the state. What is damaged in the state itself is not acknowledged but read again.")]
pub(crate) struct StateAcknowledgeArgs {
    /// The folder that `reconcile --state` names
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
}
