//! The rules of `offsets`, without any I/O: what MirrorMaker 2 (MM2) wrote, what follows from it for a consumer
//! group that changes clusters, and how sure that is.
//!
//! Data flows one way. A [`EvidenceSource`](evidence::EvidenceSource) (live clusters, a dump) answers the questions of an
//! [`Translator`](translate::Translator); what was learnt is [`Evidence`](evidence::Evidence); its conclusion is a
//! [`Translation`](translate::Translation) of brackets. The law every rule here obeys: *no position ever lies behind a
//! record the group has not read*.
//!
//! The law is tested on a link that is simulated, in [`sim`].
//!
//! A second way through is [`reconcile`]: operators for any stream processor that let each event pass once, the winning write
//! of each key, or what a group had not read before it moved. Each tells which writes lost, to which other and why, and gives
//! the same answer again after a crash.
//!
//! ```
//! use offsets_core::reconcile::{Dedup, IdentityRule, MemoryTable, Pointer, Position, Record, DedupDecision, Window};
//!
//! let rule = IdentityRule::Json(Pointer::parse("/id")?);
//! let mut dedup = Dedup::new(MemoryTable::default(), Window::Unbounded);
//! let mut decisions = Vec::new();
//! for (value, offset) in [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":1.0}"#].into_iter().zip(5..) {
//!     let record = Record { value: Some(value.as_bytes()), ..Record::default() };
//!     let position = Position::new(0, offset).ok_or("an offset below 2^48")?;
//!     decisions.push(dedup.decide(rule.identify(&record)?, position, 0)?);
//! }
//! let first = Position::new(0, 5).ok_or("an offset below 2^48")?;
//! assert_eq!(decisions, [DedupDecision::First, DedupDecision::First, DedupDecision::Duplicate { first }]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate does not connect to anything, keeps no time, draws no random numbers but those that follow from a seed it
//! is given, and starts no threads.

pub mod config;
pub mod consumer_offsets;
mod document;
pub mod evidence;
pub mod history;
pub mod link;
pub mod mm2;
pub mod model;
pub mod plan;
pub mod reconcile;
pub mod sim;
pub mod translate;
mod wire;

pub use document::document_in_words;

/// The version of every JSON document this library reads and writes.
pub const API_VERSION: &str = "offsets/v1";
