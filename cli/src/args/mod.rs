//! The command line: what can be said, in the words of the help.

mod archive;
mod evidence;
mod link;
mod output;
mod reconcile;
mod reset;
mod scope;
mod selection;
mod simulate;
mod state;
mod value;

pub(crate) use archive::{
    ArchiveArgs, ArchiveCommand, CommitsFrom, ExportArgs, RunArgs, SalvageArgs, StatsArgs,
};
pub(crate) use evidence::EvidenceArgs;
pub(crate) use link::{LinkArgs, PolicyName, SideArgs, SyncsLocation};
pub(crate) use output::{Format, LogFormat, OutputArgs};
pub(crate) use reconcile::{Mode, OnFlaw, ReconcileArgs};
pub(crate) use reset::{ApplyArgs, Destination, EVERY_GROUP, MetadataHandling, ResetArgs, UndoArgs};
pub(crate) use scope::{command, hoisted, parse};
pub(crate) use selection::{GroupArgs, OnUncommitted, SeedArgs, SelectionArgs, TranslateArgs};
pub(crate) use simulate::SimulateArgs;
pub(crate) use state::{
    StateAcknowledgeArgs, StateArgs, StateCommand, StateExportArgs, StateImportArgs, StateShowArgs,
};

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Where a Kafka consumer group goes on after moving across a replication link, and how sure that is.
///
/// MirrorMaker 2 copies records asynchronously, so a record has another offset on the other side. `offsets` reads what
/// MM2 wrote down about every copied record and answers with a bracket: the position to commit (never past a record
/// the group has not read), how far above it the true position can lie, how sure that is and why.
#[derive(Debug, Parser)]
#[command(name = "offsets", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) link: LinkArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  Try it without any cluster (two are embedded, with a link that has a history):
    offsets --demo translate --group app-g

  The link as MM2 knows it, all groups, as JSON:
    offsets translate --mm2-config mm2.properties --link 'src->dst' --all-groups -o json

  Move a group, first as a dry run, then for real:
    offsets reset --mm2-config mm2.properties --group app-g
    offsets reset --mm2-config mm2.properties --group app-g --execute

  And write down what it reads again, so that it can be dropped:
    offsets reset --mm2-config mm2.properties --group app-g --execute --seed-out app-g.seed.json

  Keep the commits of the source on the side that survives, and use them when the source is dead:
    offsets archive run --mm2-config mm2.properties --dir /var/lib/offsets
    offsets translate --mm2-config mm2.properties --all-groups --archive /var/lib/offsets --source-dead

Exit codes:
  0 done   1 Kafka or I/O error   2 usage or an unreadable file
  3 an answer is unsafe or unknown, a move is refused, or a record cannot be judged
  4 not verified, or state and positions do not belong together   5 a group has active members   7 partly applied";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say where groups go on: position, bracket, class, re-reads, evidence
    Translate(TranslateArgs),
    /// Place groups there (a dry run until --execute)
    Reset(ResetArgs),
    /// Put back what a reset overwrote (a dry run until --execute)
    Undo(UndoArgs),
    /// Write the evidence to a file that answers later, with no cluster
    Dump(DumpArgs),
    /// Keep what a disaster would take: every group's commits, syncs, checkpoints
    Archive(ArchiveArgs),
    /// Hold the rules to simulated histories whose truth is known, and count what is read again
    Simulate(SimulateArgs),
    /// Make one of the records of several regions: dedup, or the winner of each key, and a ledger of what lost
    Reconcile(Box<ReconcileArgs>),
    /// Show what an instance of reconcile keeps in its --state folder, copy it out, and put a copy back
    State(StateArgs),
    /// Print a shell completion script
    Completions(CompletionsArgs),
    /// Write the man pages
    #[command(hide = true)]
    Man(ManArgs),
}

impl Command {
    /// The form of the log that it writes to stderr; `None` where stderr is no log, but a few remarks on one answer.
    pub(crate) fn log_format(&self) -> Option<LogFormat> {
        match self {
            Self::Archive(ArchiveArgs { command: ArchiveCommand::Run(run), .. }) => {
                (!run.once).then_some(run.log_format)
            }
            // A run that goes on where no terminal shows its progress.
            Self::Reconcile(reconcile) if reconcile.topics.group.is_some() => {
                let keeps_running = !reconcile.dry_run && !reconcile.topics.once;
                let unseen = (keeps_running && !std::io::stderr().is_terminal()).then_some(LogFormat::Text);
                reconcile.topics.log_format.or(unseen)
            }
            _ => None,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets --demo dump --file link.json
  offsets translate --from-dump link.json --all-groups")]
pub(crate) struct DumpArgs {
    /// Where to write it; it must not exist yet. `-` is stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  offsets completions bash > /etc/bash_completion.d/offsets")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder to write them to
    pub(crate) dir: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_option_of_every_command_says_what_it_is_for() {
        let mut command = Cli::command();
        command.build();
        for subcommand in command.get_subcommands().chain([&command]) {
            for option in subcommand.get_arguments() {
                let (subcommand, option, help) = (subcommand.get_name(), option.get_id(), option.get_help());
                assert!(
                    help.is_some_and(|help| !help.to_string().is_empty()),
                    "{subcommand}: {option} has no help"
                );
            }
        }
    }
}
