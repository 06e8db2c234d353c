//! The `offsets` command on clusters embedded in a process: the demo's own, and small ones with something wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod archive;
mod archive_in_use;
mod archive_log;
mod archive_of_several;
mod archive_stops;
mod bad_input;
mod cases_answers;
mod cases_config;
mod cases_dead_source;
mod cases_flags;
mod cases_link;
mod cases_names;
mod cases_needs;
mod cases_reconcile;
mod client_log;
mod dump;
mod evidence;
mod files;
mod fingerprints;
mod first_process;
mod help;
mod lab;
mod reconcile;
mod reconcile_log;
mod reread;
mod reset;
mod run;
mod running;
mod seed;
mod simulate;
mod state;
mod stdout;
mod translate;
mod waiting;
