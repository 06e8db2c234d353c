//! End-to-end tests of `offsets`, and the rig they stand on: two real Kafka brokers and a real MirrorMaker 2 (MM2),
//! started from Maven jars on loopback.
//!
//! From the ground up:
//!
//! - [`rig`] starts, kills and restarts the processes, and leaves nothing behind;
//! - [`kafka`] produces records that carry their own identity, reads whole logs and commits group offsets;
//! - [`truth`] compares the two logs record by record and knows where a group really belongs;
//! - [`tool`] runs `offsets`, and Kafka's own tools, with a deadline;
//! - [`regions`] has two regions write the same keys, and knows what is right to be made of it;
//! - [`scenario`] strings these together, [`invariant`] is what every answer of the tool is held against.
//!
//! The tests in `tests/real_kafka` need what `cargo xtask setup` brings: a Java runtime and the jars.

pub mod invariant;
pub mod kafka;
pub mod regions;
pub mod rig;
pub mod scenario;
pub mod tool;
pub mod truth;
pub mod wait;
