//! `offsets archive`: keeping what a disaster would take.

mod commits;
mod export;
mod fingerprints;
mod health;
mod recording;
mod run;
mod salvage;
mod side;
mod stats;
mod tail;
mod topics;
mod watch;

use crate::args::{ArchiveArgs, ArchiveVerb, LinkArgs, OutputArgs};
use crate::exit::Exit;
use crate::failure::Failure;

/// `offsets archive`.
pub(crate) fn archive(link: &LinkArgs, output: &OutputArgs, args: &ArchiveArgs) -> Result<Exit, Failure> {
    match &args.verb {
        ArchiveVerb::Run(args) => run::run(link, &run::logging(output, args), args),
        ArchiveVerb::Stats(args) => stats::stats(output, args),
        ArchiveVerb::Export(args) => export::export(link, output, args),
        ArchiveVerb::Salvage(args) => salvage::salvage(output, args),
    }
}
