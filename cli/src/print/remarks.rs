use std::io::{IsTerminal as _, Write as _};

use offsets_core::model::Printable;

use crate::args::OutputArgs;
use crate::failure::Failure;

/// Remarks for the operator, on stderr, each on one line; `--quiet` keeps them back. They hold names that others chose, so they are
/// written as [`Printable`] has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remarks {
    quiet: bool,
    verbose: bool,
}

impl Remarks {
    pub(crate) fn new(output: &OutputArgs) -> Self {
        Self { quiet: output.quiet, verbose: output.verbose }
    }

    /// Says something everybody should know.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.fault(text);
        }
    }

    /// Says why the exit code is not 0; `--quiet` does not keep that back.
    pub(crate) fn fault(&self, text: impl AsRef<str>) {
        // Remarks are a service; the data and the exit code do not depend on them.
        let _ = writeln!(anstream::stderr(), "{}", Printable(text.as_ref()).line());
    }

    /// Says what failed, and the remedy on a line of its own; `--quiet` does not keep that back.
    pub(crate) fn failure(&self, failure: &Failure) {
        // As above; a failure escapes itself.
        let _ = writeln!(anstream::stderr(), "{failure}");
    }

    /// Says something only for those who asked for more.
    pub(crate) fn detail(&self, text: impl AsRef<str>) {
        if self.verbose {
            self.say(text);
        }
    }

    /// Whether progress bars are wanted: only by somebody who is looking.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }
}
