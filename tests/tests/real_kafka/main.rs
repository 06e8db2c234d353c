//! Scenarios on two real Kafka brokers and a real MirrorMaker 2.
//!
//! All scenarios share one pair of brokers and take turns on it. They need what `cargo xtask setup` brings, and the
//! `offsets` program: `cargo xtask test` sees to both. In each, truth is read off both logs and every answer of
//! `offsets` is held against the law; what groups read twice is noted beside MirrorMaker 2's own checkpoints.

mod archive;
mod compaction;
mod dense;
mod disaster;
mod eos;
mod foreign;
mod ground;
mod group_kinds;
mod naming;
mod reconcile;
mod recreation;
mod replication_lag;
mod reset;
mod restart;
mod transactions;
mod way_back;
