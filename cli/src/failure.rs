//! What went wrong, and what to do about it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use offsets_core::link::{LinkName, Side};
use offsets_core::mm2::DecodeError;
use offsets_core::model::Printable;

use crate::exit::Exit;

/// An error on its way to the operator: one line of what, the causes, and the remedy.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    what: String,
    remedy: Option<String>,
    is_unknown_topic: bool,
}

impl Failure {
    /// A failure that no library error stands behind.
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), remedy: None, is_unknown_topic: false }
    }

    /// Something in the command line or a file that cannot be understood.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// An error with its causes, in front of it what was being done.
    pub(crate) fn from_error(exit: Exit, doing: &str, error: &dyn Error) -> Self {
        Self::new(exit, format!("{doing}: {}", with_causes(error)))
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::usage(format!("cannot read {}: {error}", Printable(&path.display().to_string())))
    }

    /// A file that cannot be written.
    pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Self {
        let shown = path.display().to_string();
        let failure = Self::new(Exit::Failed, format!("cannot write {}: {error}", Printable(&shown)));
        match error.kind() {
            io::ErrorKind::NotFound => failure.remedy("make the folder first"),
            _ => failure,
        }
    }

    /// Adds what to do about it.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds another way out behind the remedy.
    pub(crate) fn or(mut self, alternative: &str) -> Self {
        self.remedy = Some(match self.remedy {
            Some(remedy) => format!("{remedy}; or, {alternative}"),
            None => alternative.to_owned(),
        });
        self
    }

    /// Names the file it happened in.
    pub(crate) fn in_file(mut self, path: &Path) -> Self {
        self.what = format!("{}: {}", Printable(&path.display().to_string()), self.what);
        self
    }

    /// Names what was being done.
    pub(crate) fn doing(mut self, what: &str) -> Self {
        self.what = format!("{what}: {}", self.what);
        self
    }

    /// Names the link it is about.
    pub(crate) fn of_link(mut self, link: &LinkName) -> Self {
        self.what = format!("{link}: {}", self.what);
        self
    }

    /// Adds to what went wrong: who is at fault, or what else is not well.
    pub(crate) fn with_detail(mut self, whom: &str) -> Self {
        self.what.push_str(whom);
        self
    }

    /// What failed and the remedy, in one line, for a log.
    pub(crate) fn in_one_line(&self) -> String {
        let message = self.to_string();
        message.strip_prefix("error: ").unwrap_or(&message).replace('\n', "; ")
    }

    /// Whether a cluster said that it has no such topic.
    pub(crate) fn is_unknown_topic(&self) -> bool {
        self.is_unknown_topic
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", shown(&self.what))?;
        match &self.remedy {
            Some(remedy) => write!(f, "\nremedy: {}", shown(remedy)),
            None => Ok(()),
        }
    }
}

/// Text that may hold what a file, a broker or a record says, as it may stand on a terminal: in one line, so that none of it looks
/// like a remedy.
fn shown(text: &str) -> String {
    Printable(text).line().into_owned()
}

/// Printing failed.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Exit::Failed, format!("cannot print: {error}"))
    }
}

/// A cluster could not be asked.
impl From<offsets_kafka::Error> for Failure {
    fn from(error: offsets_kafka::Error) -> Self {
        let exit = if error.is_setting() {
            Exit::Usage
        } else if error.is_group_active() {
            Exit::Active
        } else {
            Exit::Failed
        };
        let is_unknown_topic = error.is_unknown_topic();
        let failure = Self { is_unknown_topic, ..Self::new(exit, with_causes(&error)) };
        match remedy_for(&error) {
            Some(remedy) => failure.remedy(remedy),
            None => failure,
        }
    }
}

/// An archive cannot be used.
impl From<offsets_store::Error> for Failure {
    fn from(error: offsets_store::Error) -> Self {
        let exit = if error.is_unsuitable() { Exit::Usage } else { Exit::Failed };
        let failure = Self::new(exit, with_causes(&error));
        match archive_remedy(&error) {
            Some(remedy) => failure.remedy(remedy),
            None => failure,
        }
    }
}

fn archive_remedy(error: &offsets_store::Error) -> Option<&'static str> {
    use offsets_store::Error;
    Some(match error {
        Error::Missing { .. } => "check the path; `offsets archive run --dir DIR` begins an archive",
        Error::NotAnArchive { .. } => "name an empty folder, or one that is not there yet",
        Error::Newer { .. } => "use the version of offsets that wrote it, or a newer one",
        Error::InUse { .. } => {
            "stop the `offsets archive run` that has it open: SIGTERM is safe, and it goes on from there later"
        }
        Error::OtherLink { .. } => {
            "check --policy, --separator, --syncs-location and the topic names against those it was recorded with"
        }
        Error::OtherCluster { .. } => {
            "its offsets mean nothing on another cluster: use another folder, or another alias for the new cluster"
        }
        Error::Damaged { .. } => {
            "copy the folder, then cut the damage out with `offsets archive salvage`: what is still in Kafka is read again"
        }
        Error::Unacknowledged { .. } => {
            "say that this is known with `offsets archive salvage --acknowledge`; the run goes on from what is left"
        }
        Error::UnknownLink { .. } => "check the aliases, or name the link with --link",
        Error::Engine { .. } => {
            "move the folder away and let `offsets archive run` start over; keep it for salvage"
        }
        error if error.is_full() => {
            "make room on the disk, or give a lower --max-bytes, and start it again: it goes on where it stopped"
        }
        Error::Io { .. } => "check the permissions of the folder and the disk",
        _ => return None,
    })
}

fn remedy_for(error: &offsets_kafka::Error) -> Option<&'static str> {
    Some(if error.is_unreachable() {
        match error.unreachable_side() {
            Some(Side::Source) => {
                "check --source.bootstrap-server, or the source's address in the file that names it, and the network; if the \
                 source's region is lost, use --source-dead; --source-timeout tries it for longer"
            }
            Some(Side::Target) => {
                "check --target.bootstrap-server, or the target's address in the file that names it, and the network from here \
                 to it; --connect-timeout tries it for longer"
            }
            None => "check the bootstrap servers and the network; --connect-timeout tries them for longer",
        }
    } else if error.is_unauthenticated() {
        "check security.protocol, sasl.* and ssl.* in the client properties"
    } else if error.is_unauthorised() {
        "grant this principal the permission, or use another in --source.command-config / --target.command-config"
    } else if error.is_unknown_topic() {
        "check the aliases, --policy, --separator and --syncs-location against MM2's own configuration"
    } else if let offsets_kafka::Error::Unreadable { cause, .. } = error {
        remedy_for_record(&cause.cause)
    } else if error.is_unreadable() {
        "use --commits poll, or use a version of offsets that knows the broker's"
    } else if error.is_group_active() {
        "stop the group's consumers, and wait for the session timeout of static members"
    } else if error.is_timeout() || error.is_short_read() {
        "try again, with a longer --timeout if the cluster is slow"
    } else {
        return None;
    })
}

/// What to do about a record in one of MM2's topics that is not MM2's.
pub(crate) fn remedy_for_record(cause: &DecodeError) -> &'static str {
    if cause.is_json_converter_output() {
        "set MM2's key.converter and value.converter to org.apache.kafka.connect.converters.ByteArrayConverter"
    } else {
        "check the name of the topic: something else than MM2 writes to it"
    }
}

/// An error and its causes on one line. A cause that its error has already said is not said twice.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}
