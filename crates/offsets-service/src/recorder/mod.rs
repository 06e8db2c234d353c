//! An archive that is read while it is recorded: the recorder serves snapshots of it on a socket in the archive's folder.
//!
//! A snapshot begins under the archive's lock, which takes the segments that may still grow, one of each stream, and no longer. The rest is
//! read page by page through a handle of its own and sent without the lock, so that a recorder holds a page or two for each reader and
//! records on however slow the reader is.

mod client;
mod folder;
mod server;

pub use client::{SnapshotError, read_snapshot};
pub use folder::read_pid;
pub use server::{ArchiveServer, PAGE_BYTES, archive_router};

/// The route that answers with a snapshot, in the form that FORMAT.md of offsets-store calls a copy.
const SNAPSHOT_PATH: &str = "/archive/snapshot";
