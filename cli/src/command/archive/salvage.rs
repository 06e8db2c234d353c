use offsets_store::Archive;

use crate::args::{OutputArgs, SalvageArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::Reporter;
use crate::recorder::refused;

/// `offsets archive salvage`.
pub(super) fn salvage(output: &OutputArgs, args: &SalvageArgs) -> Result<Exit, Failure> {
    let reporter = Reporter::new(output);
    let mut archive = Archive::open(&args.dir).map_err(|error| refused(&args.dir, error))?;
    let damages = if args.execute { archive.salvage(clock::now())? } else { archive.examine()? };
    for damage in &damages {
        let message = format!("{}: {damage}", args.dir.display());
        if args.execute { reporter.info(message) } else { reporter.error(message) }
    }
    let (waiting, mut is_whole) = (archive.salvaged().to_vec(), args.execute || damages.is_empty());
    if args.acknowledge && is_whole {
        for salvaged in archive.acknowledge()? {
            reporter.info(format!("acknowledged: {salvaged}"));
        }
    } else {
        for salvaged in waiting.iter().filter(|_| !args.execute) {
            reporter.error(format!("not acknowledged: {salvaged}"));
        }
        is_whole &= waiting.is_empty() || args.execute;
    }
    reporter.info(match (damages.is_empty(), waiting.is_empty()) {
        (true, true) => "nothing is damaged",
        (false, _) if !args.execute => "nothing was changed: --execute cuts it out",
        _ if args.acknowledge => "`offsets archive run` goes on from what is left",
        _ => "`offsets archive run` refuses the archive until it is acknowledged: give --acknowledge",
    });
    Ok(if is_whole { Exit::Done } else { Exit::Unsound })
}
