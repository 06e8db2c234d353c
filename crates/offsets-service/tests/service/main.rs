//! What runs for long, over real sockets.

#![allow(clippy::unwrap_used)]

mod counted_log;
mod monitor;
mod raw;
mod refusals;
mod snapshots;
