use std::io::{IsTerminal as _, Write as _};

use offsets_core::model::Printable;

use crate::args::{LogFormat, OutputArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;

/// Remarks for the operator, on stderr, each on one line; `--quiet` keeps them back. They hold names that others chose, so they are
/// written as [`Printable`] has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reporter {
    quiet: bool,
    verbose: bool,
    log: Option<LogFormat>,
}

/// How much a line of a log matters.
#[derive(Debug, Clone, Copy)]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

impl Reporter {
    pub(crate) fn new(output: &OutputArgs) -> Self {
        Self { quiet: output.quiet, verbose: output.verbose, log: output.log }
    }

    /// Says something everybody should know.
    pub(crate) fn info(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.write(Level::Info, text.as_ref());
        }
    }

    /// Prints a warning.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.write(Level::Warn, text.as_ref());
        }
    }

    /// Says why the exit code is not 0; `--quiet` does not keep that back.
    pub(crate) fn error(&self, text: impl AsRef<str>) {
        self.write(Level::Error, text.as_ref());
    }

    /// Says what failed, and the remedy: on a line of its own where this is no log. `--quiet` does not keep that back.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.log.is_some() {
            return self.error(failure.in_one_line());
        }
        // As below; a failure escapes itself.
        let _ = writeln!(anstream::stderr(), "{failure}");
    }

    /// How a verb ended, with its failure said where stderr is a log: there the reason is a line like any other.
    pub(crate) fn ended(&self, ended: Result<Exit, Failure>) -> Result<Exit, Failure> {
        match ended {
            Err(failure) if self.log.is_some() => {
                self.failure(&failure);
                Ok(failure.exit())
            }
            ended => ended,
        }
    }

    /// Whether stderr is a log.
    pub(crate) fn is_log(&self) -> bool {
        self.log.is_some()
    }

    /// Says something only for those who asked for more.
    pub(crate) fn debug(&self, text: impl AsRef<str>) {
        if self.verbose && !self.quiet {
            self.write(Level::Debug, text.as_ref());
        }
    }

    /// Writes one line at once, whatever stderr is. Remarks are a service; the data and the exit code do not depend on them.
    fn write(&self, level: Level, text: &str) {
        let line = match self.log {
            None => Printable(text).line().into_owned(),
            Some(LogFormat::Text) => {
                format!("{:.3} {:<5} {}", clock::now(), level.name(), Printable(text).line())
            }
            Some(LogFormat::Json) => {
                let timestamp = format!("{:.3}", clock::now());
                serde_json::json!({ "timestamp": timestamp, "level": level.name(), "message": text })
                    .to_string()
            }
        };
        let _ = writeln!(anstream::stderr(), "{line}");
    }

    /// Whether progress bars are wanted: only on a terminal.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && self.log.is_none() && std::io::stderr().is_terminal()
    }
}
