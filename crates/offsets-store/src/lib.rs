//! The durable memory of `offsets`: numbered segments on disk, and on them the archive of what a link's clusters said.
//!
//! In a disaster the fact that is missing is the commit: MM2 writes no checkpoint that does not advance, and the
//! source's own commits die with it. An [`Archive`] on the side that survives keeps every commit that was seen, every
//! offset sync and every checkpoint, before compaction or the disaster takes them, and gives them back as the core's own
//! values ([`Recollection`](offsets_core::evidence::Recollection)).
//!
//! ```
//! use offsets_core::link::Link;
//! use offsets_core::mm2::OffsetSync;
//! use offsets_core::model::{SourceOffset, TargetOffset};
//! use offsets_store::{Archive, MemoryLog, Place};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let link = Link::new("src", "dst");
//! let mut archive = Archive::over(MemoryLog::default())?;
//! let mut recorder = archive.record(&link)?;
//! let (upstream, downstream) = (SourceOffset::new(1000)?, TargetOffset::new(950)?);
//! let sync = OffsetSync { topic: "orders", partition: 0, upstream, downstream };
//! recorder.sync(Place { offset: 0, guard: 0 }, &sync, "2026-11-23T08:00:00Z".parse()?)?;
//! recorder.save()?;
//!
//! assert_eq!(archive.recall(&link)?.syncs.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - **What was saved is there.** [`Recorder::save`] returns when the data is on the disk, with the position up to which
//!   it was read in the same atomic write: a process that is killed reads nothing twice and loses nothing.
//! - **Damage is found.** Every segment has a checksum. What stands before a damaged segment is kept, what stands
//!   behind it is read from Kafka again; [`Archive::damages`] names it.
//! - **One process at a time.** A folder that is in use is refused, and so is one that a newer version wrote.
//!
//! # What this crate does not do
//!
//! It connects to nothing and keeps no time: what was seen and when it was seen are arguments. Of records of
//! data topics it holds fingerprints and no content. It is written for kill -9, which its tests do. A disk that lies about what it has written is found out by
//! checksums and no more; where the engine finds its own newest writes damaged, it goes back to the last whole one
//! without a word, and recording goes on from there. `FORMAT.md` beside this crate draws every byte.

mod archive;
mod error;
mod folder;
mod log;
mod segment;
mod state;
mod wire;

pub use archive::{
    Archive, Damage, Expired, KeptFingerprints, KeptUpTo, Limits, LinkStats, Place, Recorder, Topic,
};
pub use error::{Error, MalformedCopy};
#[cfg(feature = "redb")]
pub use log::RedbLog;
pub use log::{Journal, Key, MemoryLog, SEGMENT_LIMIT, SegmentLog, SledLog, Stream};
pub use segment::Flaw;
pub use state::{
    DurableTable, Kept, NotAChange, Replica, ReplicaPlace, SavedState, SegmentChange, StateCopyError,
    StateDamage, StateFolder, StateFolderError, TableCost,
};
