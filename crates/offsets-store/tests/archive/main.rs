//! The archive: what was recorded comes back, whatever happened in between.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod copy;
mod crash;
mod damage;
mod expiry;
mod fingerprints;
mod folders;
mod format;
mod full_disk;
mod load;
mod selective;
mod story;
