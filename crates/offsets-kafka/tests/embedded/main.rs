//! The edge against clusters inside the process: librdkafka's mock brokers on loopback.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod cluster;
mod connecting;
mod groups;
mod probing;
mod reading;
