//! Reconciliation: what makes the result right when two regions accept writes for the same keys, or when a group that has
//! moved reads some records twice.
//!
//! Three operators, each usable alone in any stream processor:
//!
//! | operator | lets pass | for |
//! | --- | --- | --- |
//! | [`Dedup`] | the first record of each identity | one event that arrives more than once |
//! | [`Seeded`] | what a group had not read before it moved | the time after a failover |
//! | [`Upsert`] | the write that wins its key | regions that write the same keys |
//!
//! [`SeedSieve`] drops the same as [`Seeded`] of records that come in any order, such as those of files.
//!
//! Each tells which write lost, to which other and why: that is the ledger ([`Loss`]). An [`Examination`] says what a record
//! is to them: which event ([`IdentityRule`]) and which version of it ([`Order`]).
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
//! Identities are hashes: they do not guard against somebody who makes collisions on purpose. A window forgets: an event that
//! comes again after its window passes again. A tombstone that is past its horizon no longer beats anything.

mod answers;
mod dedup;
mod digest;
mod field;
mod flaw;
mod hlc;
mod identity;
mod ledger;
mod line;
mod memory;
mod operator;
mod order;
mod origin;
mod pointer;
mod record;
mod ruling;
mod seed;
mod seeded;
mod sieve;
mod table;
mod tally;
mod upsert;

pub use dedup::{Dedup, Frontier, Seen, Verdict, Window};
use field::Field;
pub use flaw::{Flaw, FlawKind, Flawed};
pub use hlc::{Drift, Hlc, HybridClock};
pub use identity::{Identity, IdentityRule};
pub use ledger::{LedgerEntry, Write};
pub use line::{Line, NotARecord};
pub use memory::{Filling, MemoryTable};
pub use operator::{Candidate, Examination, Loss, Operator, Outcome, Side};
pub use order::{Order, Rank, Reason, Region, Regions, Version, VersionRule};
pub use origin::Origin;
pub use pointer::{NotAPointer, Pointer};
pub use record::{Header, Position, Record};
pub use ruling::{Policies, Policy, Rules, Ruling};
pub use seed::{Seed, SeedError, SeedLink, Sowing, Unseeded};
pub use seeded::{Read, SeedWindow, Seeded};
pub use sieve::{SeedSieve, SieveAt, SieveWindow};
pub use table::Table;
pub use tally::{Destination, Tally};
pub use upsert::{Standing, Sweep, Ties, Upsert, UpsertRules, Winner};

/// The exact decimal numbers of a [`Version`].
pub use rust_decimal::Decimal;
