//! The end of every command: what is said on stderr, and the exit code.

use std::ffi::OsString;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use offsets_core::model::Printable;

use crate::args::parse;
use crate::exit::Exit;
use crate::failure::Failure;

/// Prints what clap has to say: help and version to stdout, usage errors to stderr.
///
/// A usage error repeats what stands on the command line, which a script may have put together from names that others chose. Where
/// that holds anything but plain text, the error is that of the same arguments escaped.
pub(crate) fn usage(error: clap::Error, arguments: &[OsString], job: Option<&str>) -> ExitCode {
    let shown =
        |argument: &OsString| OsString::from(Printable(&argument.to_string_lossy()).line().into_owned());
    let escaped = || parse(&arguments.iter().map(shown).collect::<Vec<_>>()).err();
    let error = if error.use_stderr() { escaped().unwrap_or(error) } else { error };
    let printed = error.print();
    let unprinted = printed.err().filter(|cause| cause.kind() != ErrorKind::BrokenPipe);
    match unprinted {
        _ if error.use_stderr() => {
            name_job(job);
            Exit::Usage.into()
        }
        Some(error) => report(Err(error.into()), None),
        None => Exit::Done.into(),
    }
}

/// Says where options are from that do not stand on the command line.
fn name_job(job: Option<&str>) {
    if let Some(job) = job {
        let _ = writeln!(
            anstream::stderr(),
            "{} gives the options that are not on the command line",
            Printable(job)
        );
    }
}

/// Turns an outcome into the exit code, with the failure said on stderr.
pub(crate) fn report(outcome: Result<Exit, Failure>, job: Option<&str>) -> ExitCode {
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // If not even stderr can be written to, the exit code still speaks.
            let _ = writeln!(anstream::stderr(), "{failure}");
            if failure.exit() == Exit::Usage {
                name_job(job);
            }
            failure.exit().into()
        }
    }
}
