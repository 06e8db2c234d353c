//! The rules of `offsets-core`, held to links that are simulated and whose truth is known.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod answers;
#[path = "../../../offsets-core/tests/rules/cases/mod.rs"]
mod cases;
mod dump;
mod found;
mod never_skip;
mod recreated_source;
mod seeds;
mod simulation;
mod strategies;
