//! The Kafka edge of `offsets`: everything that touches a cluster, through librdkafka.
//!
//! It gathers facts as plain values and does what it is told; it decides nothing. What a fact means for a group that
//! changes clusters is the business of `offsets-core`.
//!
//! ```no_run
//! use std::time::Duration;
//! use offsets_kafka::{ClientSettings, Cluster, Deadline, Isolation};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = ClientSettings::builder("dst")
//!     .java_properties(std::fs::read("client.properties")?)?
//!     .bootstrap_servers("127.0.0.1:9092")
//!     .build()?;
//! let deadline = Deadline::after(Duration::from_secs(10));
//! let cluster = Cluster::connect(&settings, &deadline)?;
//!
//! let partitions = cluster.partitions(&"src.orders".into(), &deadline)?;
//! for (partition, log) in cluster.log_ranges(&partitions, Isolation::ReadCommitted, &deadline) {
//!     println!("{partition}: {:?}", log?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What holds everywhere
//!
//! - Every call blocks until a [`Deadline`] at the latest, or until a [`Stop`] that the deadline is bound to. An error says what was heard from the connection meanwhile.
//! - A call over many groups or partitions sends its requests together and returns [`Outcomes`]: one for each, with none
//!   hidden behind another. A topic is read [whole or not at all](TopicRead::visit).
//! - Secrets are in no error, no `Debug` and no log line ([`ClientSettings`]).
//! - Three things change a cluster, and nothing else does: [`Cluster::alter`] sets committed offsets, [`Cluster::delete_groups`]
//!   deletes groups, and a client of [`eos`] joins a group, creates topics, and writes.
//!
//! # What this crate does not do
//!
//! It does not commit as a member of a group but in transactions, see control records (they show as holes between offsets), delete
//! offsets (librdkafka's call can abort the process), or set a leader epoch (it means nothing on another cluster). OAUTHBEARER is in no build;
//! TLS and SCRAM need the feature `tls`, Kerberos needs `gssapi`.

mod admin;
mod cause;
mod clock;
mod cluster;
mod connection;
mod contact;
mod cursor;
mod deadline;
pub mod demo;
mod detached;
pub mod eos;
mod error;
mod fetcher;
mod ffi;
mod group_catalog;
mod link;
mod outcomes;
mod reader;
mod settings;
mod stop;

pub use admin::{
    CommitSettings, GroupDescription, GroupListing, GroupPartition, Isolation, Member, MissingPermission,
    Right,
};
pub use cause::Cause;
pub use cluster::Cluster;
pub use contact::{ConnectionWatch, Contact, Waiting};
pub use deadline::Deadline;
pub use error::{Error, Shortfall, Subject};
pub use group_catalog::GroupCatalog;
pub use link::{
    CommitTail, Committed, Endpoint, LinkedClusters, NoProgress, ProgressListener, SourceAccess, TailProgress,
};
pub use offsets_core::model::GroupKind;
pub use outcomes::Outcomes;
pub use reader::{PartitionRead, Progress, RawRecord, TopicRead};
pub use settings::{ClientSettings, ClientSettingsBuilder, LocalAccess, Note};
pub use stop::Stop;

// Values go from one thread to another, and what is only read is read by several.
const _: () = {
    const fn is_send<T: Send>() {}
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<ClientSettings>();
    is_send_and_sync::<Cluster>();
    is_send_and_sync::<Deadline>();
    is_send_and_sync::<Error>();
    is_send_and_sync::<Stop>();
    is_send::<CommitTail>();
    is_send::<eos::GroupConsumer>();
    is_send::<eos::TransactionalProducer>();
};
