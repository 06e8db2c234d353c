//! What runs for long, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod counted_log;
mod monitor;
mod raw;
mod refusals;
mod snapshots;
