//! Reconciliation between Kafka topics, exactly once: records of several regions in, what counts out, and a ledger of every
//! write that lost.
//!
//! A runner is a member of a consumer group. Partition *p* of every input, of the output, and of the changelog belong
//! together and are one task: an operator of [`offsets_reconcile`] over a table of [`offsets_store`]. Outputs,
//! ledger, what changed of the table, and the positions of the inputs go into one Kafka transaction. So whenever a process or a
//! broker dies, either all of it counts or none does; and the next owner of the partition reads the table from the changelog
//! as it was when the positions were committed.
//!
//! ```text
//! GroupConsumer -> RecordQueue -> RecordRules -> Operator -> TransactionalProducer: output, ledger, changelog, positions -> ChangelogReplica
//! ```
//!
//! Where inputs are partitioned differently, a stage goes before it ([`Job::repartition`]), a member of a group of its own: it writes every
//! record to one topic, in the partition of its identity, and that topic is what is judged.
//!
//! ```text
//! GroupConsumer -> RecordQueue -> identity -> TransactionalProducer: repartition topic, positions
//! ```
//!
//! # Examples
//!
//! Each event once, though both regions have it:
//!
//! ```no_run
//! use offsets_reconcile::{Extractor, IdentityRule, Policies, RecordRules, RunCounts, Window};
//! use offsets_kafka::{Cluster, Stop};
//! use offsets_streams::{Error, Input, Job, OperatorSpec, Outputs, RunListeners};
//!
//! fn merge(cluster: &Cluster) -> Result<RunCounts, Error> {
//!     let identity = IdentityRule::Header("id".to_owned());
//!     let extractor = Extractor { identity, order: None, max_ahead_ms: 3_600_000 };
//!     let rules = RecordRules { extractor, policies: Policies::default() };
//!     let inputs = [Input::new("a", "orders"), Input::new("B", "B.orders")];
//!     let job = Job { once: true, ..Job::new("merge", inputs, rules, OperatorSpec::Dedup(Window::Unbounded)) };
//!     let listeners = RunListeners { repartition: &mut (), reconcile: &mut () };
//!     let (_, counts) = offsets_streams::run(cluster, &job, &Outputs::to("orders.merged"), listeners, &Stop::default())?;
//!     Ok(counts)
//! }
//! ```
//!
//! # What holds
//!
//! - **No record is skipped.** A record that cannot be judged, or one that was deleted before it was read, ends the run, unless a
//!   policy says otherwise.
//! - **State and positions agree, or the run does not begin.** Each commit of the group has the state beside it in the changelog. Where
//!   the group was moved, or the changelog is gone, that is an error and nothing is read.
//! - **A local copy is used only as far as it is known to go**: it holds everything up to an offset of the changelog, and what
//!   came after that is read.
//!
//! # What is not promised
//!
//! Without a repartition topic, records of one key that lie in different partition numbers do not meet. Readers of the output must read committed records only.

mod clock;
mod error;
mod job;
mod limit;
mod listener;
mod name;
mod processing_loop;
mod reconcile;
mod repartition;
mod rights;
mod run;
mod signature;
mod topics;

pub use error::Error;
pub use job::{Input, Job, LocalState, OperatorSpec, Outputs};
pub use listener::{Event, RunListener};
pub use processing_loop::Ended;
pub use reconcile::{NarrowerTopic, Progress};
pub use run::{RunListeners, dry_run, run};

// Values go from one thread to another, and what is only read is read by several.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Error>();
    is_send_and_sync::<Job>();
    is_send_and_sync::<Progress>();
};
