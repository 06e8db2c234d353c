//! Reconciliation between Kafka topics, exactly once: records of several regions in, what counts out, and a ledger of every
//! write that lost.
//!
//! A runner is a member of a consumer group. Partition *p* of every input, of the output, and of the changelog belong
//! together and are one task: an operator of [`offsets_core::reconcile`] over a table of [`offsets_store`]. Outputs,
//! ledger, what changed of the table, and the positions of the inputs go into one Kafka transaction. So whenever a process or a
//! broker dies, either all of it counts or none does; and whoever gets the partition next reads the table from the changelog
//! as it was when the positions were committed.
//!
//! ```text
//! Member -> Intake -> Rules -> Operator -> Outbox: output, ledger, changelog, positions -> Replica
//! ```
//!
//! # What holds
//!
//! - **No record is skipped.** A record that cannot be judged, or one that was deleted before it was read, ends the run, unless a
//!   policy says otherwise.
//! - **State and positions agree, or the run does not begin.** Each commit of the group has the state beside it in the changelog. Where
//!   somebody has moved the group, or the changelog is gone, that is said and nothing is read.
//! - **A local copy is used only as far as it is known to go**: it holds everything up to an offset of the changelog, and what
//!   came after that is read.
//!
//! # What is not promised
//!
//! Records of one key that lie in different partition numbers do not meet. Readers of the output must read committed records only.

mod changelog;
mod error;
mod goal;
mod job;
mod judge;
mod lane;
mod local;
mod progress;
mod results;
mod rights;
mod runner;
mod task;
mod topics;
mod watcher;

pub use error::Error;
pub use job::{Input, Job, Judging, LocalState};
pub use runner::{Ended, Runner};
pub use watcher::{Event, Watcher};
