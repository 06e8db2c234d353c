use std::io::{IsTerminal as _, Write as _};

use crate::args::OutputArgs;

/// Remarks for the operator, on stderr; `--quiet` keeps them back.
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
            // Remarks are a service; the data and the exit code do not depend on them.
            let _ = writeln!(anstream::stderr(), "{}", text.as_ref());
        }
    }

    /// Says why the exit code is not 0; `--quiet` does not keep that back.
    pub(crate) fn fault(&self, text: impl AsRef<str>) {
        // As above.
        let _ = writeln!(anstream::stderr(), "{}", text.as_ref());
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
