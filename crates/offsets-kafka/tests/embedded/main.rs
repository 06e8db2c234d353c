//! The edge against clusters inside the process: librdkafka's mock brokers on loopback.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod cluster;
mod connecting;
mod eos;
mod groups;
mod probing;
mod reading;
mod stopping;

use std::time::Instant;

#[path = "../../examples/consumer_loop.rs"]
mod consumer_loop;

#[test]
fn the_example_of_a_consumer_loop_runs() {
    consumer_loop::main().unwrap();
}

/// Now, on a clock that setting the machine's time does not move: the clock of these tests.
#[expect(clippy::disallowed_methods, reason = "this is their clock")]
fn now() -> Instant {
    Instant::now()
}
