use super::super::session::report_damages;
use crate::args::{OutputArgs, StatsArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Reporter, print_archive};
use crate::recorder::open_to_read;

/// `offsets archive stats`.
pub(super) fn stats(output: &OutputArgs, args: &StatsArgs) -> Result<Exit, Failure> {
    let reporter = Reporter::new(output);
    let mut archive = open_to_read(&args.dir)?;
    let stats = archive.stats()?;
    report_damages(&archive, reporter);
    print_archive(&stats, archive.footprint()?, output, clock::now())?;
    Ok(Exit::Done)
}
