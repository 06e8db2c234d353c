//! The rules of `offsets`, without any I/O: what MirrorMaker 2 (MM2) wrote, what follows from it for a consumer
//! group that changes clusters, and how sure that is.
//!
//! Data flows one way. A [`EvidenceSource`](evidence::EvidenceSource) (live clusters, a dump) answers the questions of an
//! [`Translator`](translate::Translator); what was learnt is [`Evidence`](evidence::Evidence); its conclusion is a
//! [`Translation`](translate::Translation) of brackets. The law every rule here obeys: *no position ever lies behind a
//! record the group has not read*.
//!
//! The law is tested on a link that is simulated, in `offsets-sim`. The operators that drop and order what arrives more than
//! once are in `offsets-reconcile`.
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
pub mod translate;
mod wire;

pub use document::{DocumentError, document_in_words};

/// The version of every JSON document this library reads and writes.
pub const API_VERSION: &str = "offsets/v1";

// Values go from one thread to another, and what is only read is read by several.
const _: () = {
    const fn is_send<T: Send>() {}
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<config::Mm2Properties>();
    is_send_and_sync::<consumer_offsets::CommitLog>();
    is_send_and_sync::<evidence::Evidence>();
    is_send_and_sync::<history::SyncHistory>();
    is_send_and_sync::<link::Link>();
    is_send_and_sync::<mm2::DecodeError>();
    is_send_and_sync::<plan::ResetPlan>();
    is_send_and_sync::<plan::Undo>();
    is_send_and_sync::<translate::Seed>();
    is_send_and_sync::<translate::Translation>();
    is_send::<translate::Translator>();
};
