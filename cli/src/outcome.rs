//! The end of every command: what is said on stderr, and the exit code.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use crate::exit::Exit;
use crate::failure::Failure;

/// Prints what clap has to say: help and version to stdout, usage errors to stderr.
pub(crate) fn usage(said: &clap::Error) -> ExitCode {
    let printed = said.print();
    if said.use_stderr() || printed.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        Exit::Usage.into()
    } else {
        Exit::Done.into()
    }
}

/// Turns an outcome into the exit code, with the failure said on stderr.
pub(crate) fn report(outcome: Result<Exit, Failure>) -> ExitCode {
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // If not even stderr can be written to, the exit code still speaks.
            let _ = writeln!(anstream::stderr(), "{failure}");
            failure.exit().into()
        }
    }
}
