//! What other programs want to know of the command line: completions and man pages, from its one definition.

use std::fs;
use std::io::Write as _;

use crate::args::{CompletionsArgs, ManArgs, command};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::stdout;

/// `offsets completions`.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "offsets", &mut script);
    let mut out = stdout();
    out.write_all(&script).and_then(|()| out.flush())?;
    Ok(Exit::Done)
}

/// `offsets man`.
pub(crate) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    fs::create_dir_all(&args.dir)
        .and_then(|()| clap_mangen::generate_to(command(), &args.dir))
        .map_err(|error| Failure::unwritable(&args.dir, &error))?;
    Ok(Exit::Done)
}
