//! What runs for long, over real sockets.

mod counted_log;
mod monitor;
mod raw;
mod refusals;
mod snapshots;
