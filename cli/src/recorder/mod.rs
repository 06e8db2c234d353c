//! An archive that is read while it is recorded: the recorder serves it on a socket in the archive's folder.

mod client;
mod server;

pub(crate) use client::{open_to_read, refused};
pub(crate) use server::ArchiveServer;
