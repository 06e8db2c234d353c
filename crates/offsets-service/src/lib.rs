//! What a command that runs for long needs beside its work: an HTTP listener that tells how the work goes, and readers of an archive that
//! is being recorded.
//!
//! The work itself is synchronous and stays on the caller's threads. Each [`HttpServer`] has one thread with a tokio runtime of its own;
//! what blocks there (reading the store) runs on a few threads beside it, and a program that serves nothing starts no runtime.

#[cfg(not(unix))]
compile_error!(
    "offsets-service serves a live archive on a Unix domain socket: build it for Linux, macOS or another Unix"
);

mod http;
mod monitor;
mod recorder;

pub use http::{HttpServer, Limits};
pub use monitor::{Health, Monitored, serve_monitor};
pub use recorder::{ArchiveServer, PAGE_BYTES, SnapshotError, archive_router, read_pid, read_snapshot};
