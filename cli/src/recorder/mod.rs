//! An archive that is read while it is recorded: the recorder keeps a door in the archive's folder, and who wants to read
//! asks there.

mod door;
mod reading;

pub(crate) use door::Door;
pub(crate) use reading::{open_to_read, refused};
