//! `offsets archive`: keeping what a disaster would take.

mod cluster_side;
mod commits;
mod export;
mod fingerprints;
mod health;
mod link_watch;
mod recording;
mod run;
mod salvage;
mod stats;
mod tail;
mod topics;

use crate::args::{ArchiveArgs, ArchiveCommand, LinkArgs, OutputArgs};
use crate::exit::Exit;
use crate::failure::Failure;

/// `offsets archive`.
pub(crate) fn archive(link: &LinkArgs, output: &OutputArgs, args: &ArchiveArgs) -> Result<Exit, Failure> {
    match &args.command {
        ArchiveCommand::Run(args) => run::run(link, output, args),
        ArchiveCommand::Stats(args) => stats::stats(output, args),
        ArchiveCommand::Export(args) => export::export(link, output, args),
        ArchiveCommand::Salvage(args) => salvage::salvage(output, args),
    }
}
