use std::io::{IsTerminal as _, Write as _};

use tracing::{debug, error, info, warn};

use super::log::TARGET;
use crate::args::OutputArgs;
use crate::exit::Exit;
use crate::failure::Failure;

/// Remarks for the operator, each an event that [`start_log`](super::start_log) writes to stderr as one line, or leaves out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reporter {
    quiet: bool,
    is_log: bool,
}

impl Reporter {
    pub(crate) fn new(output: &OutputArgs) -> Self {
        Self { quiet: output.quiet, is_log: output.log.is_some() }
    }

    /// Says something everybody should know.
    pub(crate) fn info(&self, text: impl AsRef<str>) {
        info!(target: TARGET, "{}", text.as_ref());
    }

    /// Prints a warning.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        warn!(target: TARGET, "{}", text.as_ref());
    }

    /// Says why the exit code is not 0; `--quiet` does not keep that back.
    pub(crate) fn error(&self, text: impl AsRef<str>) {
        error!(target: TARGET, "{}", text.as_ref());
    }

    /// Says what failed, and the remedy: on a line of its own where this is no log. `--quiet` does not keep that back.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.is_log {
            return self.error(failure.in_one_line());
        }
        // Remarks are a service: data and exit code do not depend on them. A failure escapes itself.
        let _ = writeln!(anstream::stderr(), "{failure}");
    }

    /// How a verb ended, with its failure said where stderr is a log: there the reason is a line like any other.
    pub(crate) fn ended(&self, ended: Result<Exit, Failure>) -> Result<Exit, Failure> {
        match ended {
            Err(failure) if self.is_log => {
                self.failure(&failure);
                Ok(failure.exit())
            }
            ended => ended,
        }
    }

    /// Whether stderr is a log.
    pub(crate) fn is_log(&self) -> bool {
        self.is_log
    }

    /// Says something only for those who asked for more.
    pub(crate) fn debug(&self, text: impl AsRef<str>) {
        debug!(target: TARGET, "{}", text.as_ref());
    }

    /// Whether progress bars are wanted: only on a terminal.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && !self.is_log && std::io::stderr().is_terminal()
    }
}
