//! Reconciliation: what makes the result right when two regions accept writes for the same keys, or when a group that has
//! moved reads some records twice.
//!
//! Three operators, each usable alone in any stream processor:
//!
//! | operator | lets pass | for |
//! | --- | --- | --- |
//! | [`Dedup`] | the first record of each identity | one event that arrives more than once |
//! | [`Reread`] | what a group had not read before it moved | the time after a failover |
//! | [`Upsert`] | the write that wins its key | regions that write the same keys |
//!
//! [`ReplayFilter`] drops the same as [`Reread`] of records that come in any order, such as those of files.
//!
//! Each tells which write lost, to which other and why: that is the ledger ([`Loss`]). An [`Extractor`] says what a record
//! is to them: which event ([`IdentityRule`]) and which version of it ([`Order`]).
//!
//! # In which order one meets them
//!
//! 1. A [`Record`] is what a client brought, and a [`Position`] where it came in.
//! 2. [`RecordRules`] hold the [`Extractor`] and the [`Policies`] for records that cannot be judged. [`RecordRules::route`] has an
//!    [`Operator`] judge a record; its [`Routing`] says what is to be done: put it out, enter a [`Loss`] into the ledger
//!    (a [`LedgerEntry`] is a line of it), or set it aside.
//! 3. An operator remembers in a [`Table`]: [`MemoryTable`] here, one on a disk in `offsets-store`.
//! 4. Before anything is put out, the table is saved, in one step with how far the operator has come ([`Dedup::window_state`],
//!    [`Reread::windows`], [`Upsert::sweep`] and [`Upsert::uncommitted`]); then the positions are committed, and then
//!    they are [settled](Operator::on_committed): only that lets an operator forget. Several batches may be in flight meanwhile, and inputs may
//!    rest; an input that is revoked is [released](Operator::release).
//!
//! ```
//! use offsets_reconcile::{
//!     Extractor, IdentityRule, MemoryTable, Operator as _, Order, Pointer, Policies, Policy, Position, Record, Regions,
//!     RecordRules, Routing, Upsert, UpsertRules, VersionRule,
//! };
//!
//! let order = Order {
//!     version: VersionRule::Json(Pointer::parse("/v")?),
//!     tombstones: None,
//!     regions: Regions::new(["a", "b"].map(str::to_owned))?,
//! };
//! let extractor = Extractor { identity: IdentityRule::Key, order: Some(order), max_ahead_ms: 3_600_000 };
//! let rules = RecordRules { extractor, policies: Policies::default() };
//! let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
//!
//! // Two regions wrote the same key. Each is an input with a number of its own.
//! let read = [("a", 0, r#"{"v":1}"#), ("b", 0, r#"{"v":3}"#), ("a", 1, r#"{"v":2}"#)];
//! let (mut output, mut ledger, mut next) = (Vec::new(), Vec::new(), [0, 0]);
//! for (region, offset, value) in read {
//!     let input = u16::from(region == "b");
//!     let (key, value) = (Some(&b"17"[..]), Some(value.as_bytes()));
//!     let record = Record { region, offset, key, value, ..Record::default() };
//!     let position = Position::new(input, offset).ok_or("an offset below 2^48")?;
//!     match rules.route(&mut upsert, &record, position, 1_764_000_000_000)? {
//!         Routing::Emit { over, .. } => {
//!             output.push(value);
//!             ledger.extend(over);
//!         }
//!         Routing::Suppress { loss, .. } => ledger.push(loss),
//!         Routing::Reject { flawed, policy: Policy::Fail } => return Err(flawed.into()),
//!         Routing::Reject { policy: Policy::DeadLetter, .. } => {} // to the dead letters
//!         Routing::Reject { policy: Policy::Pass, .. } => output.push(value),
//!     }
//!     next[usize::from(input)] = offset + 1;
//! }
//! // Here a table that outlives the process is saved, the output flushed, and `next` committed. Then it will not come again:
//! let committed: Vec<_> = (0..).zip(next).filter_map(|(input, next)| Position::new(input, next)).collect();
//! upsert.on_committed(&committed)?;
//!
//! assert_eq!(output, [Some(&br#"{"v":1}"#[..]), Some(br#"{"v":3}"#)]);
//! assert_eq!(ledger.len(), 2, "version 3 beat version 1, and version 2 came too late");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/stream.rs` of this crate has it inside a stream, `examples/consumer_loop.rs` of `offsets-kafka` in a loop over a
//! consumer, and `examples/resume.rs` of `offsets-store` through a crash.
//!
//! # Features
//!
//! - `records` (default): rules that read identity, version and errors from records, [`Upsert`], lines of JSON and the ledger.
//! - `seed` (default): [`ReplayFilter`] and the seeds that `offsets translate --seed-out` writes.
//! - `serde`: what operators remember can be serialised; `records` brings it.
//!
//! Without them [`Dedup`] and [`Reread`] remain, over identities that the caller makes ([`Identity::of`]), for ten other crates.
//!
//! # What holds
//!
//! - **Nothing is lost silently.** A record that does not pass has a loss that names the one that stands in its place.
//! - **The same answer again.** A record that comes again from the same position gets the answer it got, until it is
//!   settled. What an operator remembers and the positions it was asked about are to be saved in one step.
//! - **The same value everywhere.** The winner of a key follows from its writes and not from their order of arrival.
//!
//! # What is not promised
//!
//! Identities are hashes: they do not guard against deliberate collisions. A window forgets: an event that
//! comes again after its window passes again. A tombstone that is past its horizon no longer beats anything.

mod answers;
mod dedup;
mod memory;
mod position;
#[cfg(feature = "records")]
mod records;
#[cfg(feature = "seed")]
mod replay_filter;
mod reread;
#[cfg(feature = "seed")]
mod seeded;
mod table;
#[cfg(feature = "records")]
mod upsert;

pub use dedup::{CountWindow, Dedup, DedupDecision, Seen, TimeWindow, Window, WindowState};
pub use memory::{MemoryTable, MemoryTableBuilder};
pub use offsets_record::{Fingerprint, Identity, NotAnIdentity};
pub use position::Position;
#[cfg(feature = "records")]
pub use records::*;
#[cfg(feature = "seed")]
pub use replay_filter::{FilterAt, FilterWindow, ReplayFilter};
pub use reread::{ReadBefore, Reread, SeedWindow};
pub use table::Table;
#[cfg(feature = "records")]
pub use upsert::{TombstoneGc, Upsert, UpsertDecision, UpsertRules, Winner};

/// The exact decimal numbers of a [`Version`].
#[cfg(feature = "records")]
pub use rust_decimal::Decimal;

// Values go from one thread to another, and what is only read is read by several.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Dedup<MemoryTable<Seen>>>();
    is_send_and_sync::<MemoryTable<Seen>>();
    #[cfg(feature = "seed")]
    is_send_and_sync::<ReplayFilter>();
    #[cfg(feature = "records")]
    is_send_and_sync::<Upsert<MemoryTable<Winner>>>();
};
