use std::io;
use std::path::{Path, PathBuf};

use offsets_core::link::LinkName;

/// Why an archive cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such folder.
    #[error("there is no archive at {}", .folder.display())]
    Missing {
        /// What was named.
        folder: PathBuf,
    },
    /// The folder holds something else.
    #[error("{} is not an archive: it holds other files", .folder.display())]
    NotAnArchive {
        /// What was named.
        folder: PathBuf,
    },
    /// A newer version of this program wrote it, in a form that this one does not know.
    #[error("{} was written by a newer version: its format is {found}, and {known} is the newest known here", .folder.display())]
    Newer {
        /// The archive.
        folder: PathBuf,
        /// The version it has.
        found: u32,
        /// The newest version that can be read.
        known: u32,
    },
    /// Another process has it open.
    #[error("{} is in use by another process", .folder.display())]
    InUse {
        /// The archive.
        folder: PathBuf,
    },
    /// The operating system refuses to read or write it: permissions, a full disk.
    #[error("{}: {doing}", .folder.display())]
    Io {
        /// The archive.
        folder: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The storage engine refuses: its own files are damaged. Nothing in them was changed.
    #[error("{}: the store cannot be used", .folder.display())]
    Engine {
        /// The archive.
        folder: PathBuf,
        /// What the engine says.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A segment of a table is damaged. Nothing was changed; [`salvage`](crate::DurableTable::salvage) keeps what can be used.
    #[error(transparent)]
    State(#[from] crate::StateDamage),
    /// Damage was cut out of a table, and [that](crate::DurableTable::salvage) was not [acknowledged](crate::DurableTable::acknowledge).
    #[error("the table of space {} was salvaged, which is not acknowledged: {damage}", .damage.key.stream.space)]
    Salvaged {
        /// What was damaged.
        damage: crate::StateDamage,
    },
    /// The space holds another table: of another type, of a newer format, or of other rules.
    #[error("space {space} holds {found}, and not {expected}")]
    OtherTable {
        /// The space.
        space: u32,
        /// What it holds.
        found: crate::TableIdentity,
        /// What it was opened as.
        expected: crate::TableIdentity,
    },
    /// Another table of this process has the space open.
    #[error("space {space} is open in another table")]
    Claimed {
        /// The space.
        space: u32,
    },
    /// What an archive holds is damaged. Nothing was changed; [`salvage`](crate::Archive::salvage) cuts it out.
    #[error("{}: {}", archive_at(.folder.as_deref()), listed(.damages))]
    Damaged {
        /// The archive, where it is in a folder.
        folder: Option<PathBuf>,
        /// Each stream that is.
        damages: Vec<crate::Damage>,
    },
    /// Damage was cut out of an archive, and [that](crate::Archive::salvage) was not [acknowledged](crate::Archive::acknowledge).
    #[error("{}: it was salvaged, which is not acknowledged: {}", archive_at(.folder.as_deref()), listed(.salvaged))]
    Unacknowledged {
        /// The archive, where it is in a folder.
        folder: Option<PathBuf>,
        /// What was cut out.
        salvaged: Vec<crate::Salvaged>,
    },
    /// The archive knows a link of this name that names its topics otherwise.
    #[error("link {link} is in the archive with another {what}")]
    OtherLink {
        /// The link.
        link: LinkName,
        /// What differs.
        what: &'static str,
    },
    /// The link's cluster is not the one that was archived under this name.
    #[error("link {link}: the {side} is cluster {found}, and the archive is of cluster {known}")]
    OtherCluster {
        /// The link.
        link: LinkName,
        /// Which of its clusters.
        side: offsets_core::link::Side,
        /// The id it has now.
        found: String,
        /// The id that was archived.
        known: String,
    },
    /// The archive holds nothing of this link.
    #[error("the archive holds nothing of link {link}; it holds {}", names(.known))]
    UnknownLink {
        /// What was asked for.
        link: LinkName,
        /// What there is.
        known: Vec<LinkName>,
    },
}

impl Error {
    /// Whether the folder named is not an archive that this version can read, so that it is a matter of what was named
    /// and not of the system.
    pub fn is_unsuitable(&self) -> bool {
        matches!(
            self,
            Self::Missing { .. }
                | Self::NotAnArchive { .. }
                | Self::Newer { .. }
                | Self::OtherLink { .. }
                | Self::OtherCluster { .. }
                | Self::UnknownLink { .. }
        )
    }

    /// Whether another process has the archive open.
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::InUse { .. })
    }

    /// Whether something on the disk is not what was written: the engine's files, a segment of a table, a stream of an archive; or was
    /// not, and the salvage of it is not acknowledged.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Engine { .. }
                | Self::State(_)
                | Self::Salvaged { .. }
                | Self::Damaged { .. }
                | Self::Unacknowledged { .. }
        )
    }

    /// Whether a segment of a table is damaged, or was, and the salvage of it is not acknowledged.
    pub fn is_state_damage(&self) -> bool {
        matches!(self, Self::State(_) | Self::Salvaged { .. })
    }

    /// Whether the engine refuses everything from now on, until the archive is opened again: after a write that failed it does not
    /// know what is on the disk.
    pub fn needs_reopening(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Engine { .. })
    }

    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { cause, .. } if cause.kind() == io::ErrorKind::StorageFull)
    }
}

/// Bytes that are not the whole copy of an archive, or one of another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a copy of an archive, not a whole one, or of another version")]
pub struct MalformedCopy;

fn archive_at(folder: Option<&Path>) -> String {
    folder.map_or_else(|| "the archive".to_owned(), |folder| folder.display().to_string())
}

fn listed(what: &[impl ToString]) -> String {
    what.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn names(known: &[LinkName]) -> String {
    if known.is_empty() {
        return "no link".to_owned();
    }
    known.iter().map(LinkName::to_string).collect::<Vec<_>>().join(", ")
}
