//! The operators of reconciliation, held to naive models.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail a test by panicking")]

#[path = "../../../offsets-core/tests/rules/cases/mod.rs"]
mod cases;
mod dedup;
mod extractor;
mod grammar;
mod identity;
mod ledger;
mod line;
mod misfit;
mod order;
mod replay_filter;
mod reread;
mod routing;
mod sentinels;
mod settling;
mod table;
mod upsert;

use offsets_reconcile::{Identity, Position};

fn at(input: u16, offset: i64) -> Position {
    Position::new(input, offset).unwrap()
}

fn id(number: u8) -> Identity {
    Identity::of("test", &[Some(&[number])])
}

#[allow(dead_code, reason = "the example's own entry is called")]
#[path = "../../examples/stream.rs"]
mod stream;

#[test]
fn the_example_of_a_stream_runs() {
    stream::main().unwrap();
}
