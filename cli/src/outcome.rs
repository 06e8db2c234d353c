//! The end of every command: what is said on stderr, and the exit code.

use std::ffi::OsString;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use offsets_core::model::Printable;

use crate::exit::Exit;
use crate::failure::Failure;

/// Prints what clap has to say: help and version to stdout, usage errors to stderr.
///
/// A usage error repeats what stands on the command line, which a script may have put together from names that others chose. Where
/// that holds anything but plain text it is printed without colours, and escaped.
pub(crate) fn usage(said: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let printed = if said.use_stderr() && arguments.iter().any(|argument| !is_plain(argument)) {
        let text = said.render().to_string();
        text.lines().try_for_each(|line| writeln!(anstream::stderr(), "{}", Printable(line).line()))
    } else {
        said.print()
    };
    if said.use_stderr() || printed.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        Exit::Usage.into()
    } else {
        Exit::Done.into()
    }
}

fn is_plain(argument: &OsString) -> bool {
    argument.to_str().is_some_and(|text| Printable(text).line() == text)
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
