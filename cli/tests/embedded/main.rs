//! The `offsets` command on clusters embedded in a process: the demo's own, and small ones with something wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod archive;
mod bad_input;
mod dump;
mod evidence;
mod fingerprints;
mod help;
mod lab;
mod reset;
mod run;
mod simulate;
mod translate;
