//! The durable memory of `offsets`: numbered segments on disk, and on them the archive of what a link's clusters said, and what
//! the operators of reconciliation remember.
//!
//! # The archive of a link
//!
//! In a disaster the fact that is missing is the commit: MM2 writes no checkpoint that does not advance, and the
//! source's own commits die with it. An [`Archive`] on the side that survives keeps every commit that was seen, every
//! offset sync and every checkpoint, before compaction or the disaster takes them, and gives them back as the core's own
//! values ([`ArchivedEvidence`](offsets_core::evidence::ArchivedEvidence)).
//!
//! ```
//! use offsets_core::link::Link;
//! use offsets_core::mm2::OffsetSync;
//! use offsets_core::model::{SourceOffset, TargetOffset};
//! use offsets_store::{Archive, MemoryLog, RecordPosition};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let link = Link::new("src", "dst");
//! let mut archive = Archive::over(MemoryLog::default())?;
//! let mut recorder = archive.record(&link)?;
//! let (upstream, downstream) = (SourceOffset::new(1000)?, TargetOffset::new(950)?);
//! let sync = OffsetSync { topic: "orders", partition: 0, upstream, downstream };
//! recorder.sync(RecordPosition { offset: 0, content_hash: 0 }, &sync, "2026-11-23T08:00:00Z".parse()?)?;
//! recorder.save()?;
//!
//! assert_eq!(archive.load(&link)?.syncs.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What operators remember
//!
//! A [`DurableTable`] is a table for the operators of [`offsets_reconcile`]. It is saved with what belongs to it (how far
//! the operator has come, how far its inputs were read) in one step, so that after a crash the same records get the same
//! answers; `examples/resume.rs` shows one through a crash. It can be held to a number of bytes of memory
//! ([`DurableTable::open_capped`]). Its segments are in a [`SegmentLog`]: [`SledLog`], [`MemoryLog`], and with the feature `redb`
//! `RedbLog`, which is slower to write and smaller on the disk.
//!
//! Where what is remembered is to be committed in one transaction with what is put out, the log is a [`ChangeBuffer`]: it holds changes back
//! until they count, and what it holds are the records of a changelog. A [`ChangelogReplica`] is a copy of such a changelog, from
//! which a table is opened elsewhere. A [`StateFolder`] is the folder in which an instance of `offsets reconcile` has its copies, to look at it and to take it
//! to another machine.
//!
//! ```
//! use offsets_reconcile::{Identity, Position, Seen, Table as _};
//! use offsets_store::{DurableTable, ChangeBuffer, MemoryLog, ChangelogReplica};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (id, first) = (Identity::of("order", &[Some(b"17")]), Position::new(0, 5).expect("in range"));
//! let mut table = DurableTable::<Seen, _>::open(ChangeBuffer::over(MemoryLog::default()), 0)?;
//! table.put(id, Seen { first, pane: 0 })?;
//! table.save(b"read up to 6")?;
//!
//! // These go into a transaction, beside what was put out. Once that is through, the changes count.
//! let owned = |segment: &[u8]| segment.to_vec();
//! let changelog: Vec<_> =
//!     table.log().changes().map(|(key, segment)| (key.bytes(), segment.map(owned))).collect();
//! table.log_mut().commit(Vec::new())?;
//!
//! // Elsewhere, from the changelog alone.
//! let mut copy = ChangelogReplica::open(MemoryLog::default(), 0, "changelog")?;
//! let changes = changelog.iter().map(|(key, segment)| copy.change(Some(key), segment.as_deref()));
//! let changes = changes.collect::<Result<Vec<_>, _>>()?;
//! copy.apply(changes, changelog.len() as i64)?;
//! let mut table = DurableTable::<Seen, _>::open(copy.into_log(), 0)?;
//! assert_eq!(table.progress(), Some(&b"read up to 6"[..]));
//! assert_eq!(table.get(id)?, Some(Seen { first, pane: 0 }));
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - **What was saved is there.** [`Recorder::save`] and [`DurableTable::save`] return when the data is on the disk, with the
//!   position up to which it was read in the same atomic write: a process that is killed reads nothing twice and loses nothing.
//! - **Damage is found, and stays until it is acknowledged.** Every segment has a checksum. A damaged table is refused by
//!   [`DurableTable::open`], and a damaged archive by [`Archive::record`]: each time, and without a change on the disk. [`DurableTable::salvage`]
//!   and [`Archive::salvage`] keep what stands before the damage, and leave a mark that has to be acknowledged. Reading an archive uses what stands
//!   before the damage; [`Archive::damages`] names it.
//! - **A table is what it says it is.** Its header has the type of its values and, where they are [named](TableOptions::rules), the rules it was
//!   made by; as anything else it is refused. A space is open in one table at a time.
//! - **One process at a time.** A folder that is in use is refused, and so is one that a newer version wrote.
//!
//! # What this crate does not do
//!
//! It connects to nothing and keeps no time: what was seen and when it was seen are arguments. Of records of
//! data topics it holds fingerprints and hashes of identities, and no content. It is written for kill -9, which its tests do.
//! A disk that lies about what it has written is found out by checksums and no more; where the engine finds its own newest
//! writes damaged, it goes back to the last whole one without a word, and recording goes on from there. Beside this crate,
//! `FORMAT.md` draws every byte of an archive, and `STATE.md` every byte of what operators remember.

mod archive;
mod clock;
mod error;
mod folder;
mod log;
mod segment;
mod state;
mod wire;

pub use archive::{
    Archive, ArchivedFingerprints, Damage, Expired, FingerprintProgress, Limits, LinkStats, RecordPosition,
    Recorder, Salvaged, Snapshot, SnapshotReader, Topic,
};
pub use error::{Error, MalformedCopy};
#[cfg(feature = "redb")]
pub use log::RedbLog;
pub use log::{ChangeBuffer, Claim, Key, MemoryLog, SEGMENT_LIMIT, SegmentLog, SledLog, Stream};
pub use segment::Flaw;
pub use state::{
    Acknowledged, ChangelogReplica, DurableTable, NotAChange, ReplicaCheckpoint, SavedState, SegmentChange,
    StateDamage, StateFolder, StateFolderError, StoredValue, TableCost, TableIdentity, TableOptions,
    saved_progress,
};

// Values go from one thread to another, and what is only read is read by several.
const _: () = {
    const fn is_send<T: Send>() {}
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Error>();
    is_send_and_sync::<MemoryLog>();
    is_send_and_sync::<SledLog>();
    is_send_and_sync::<StateFolder>();
    is_send::<Archive>();
    is_send::<ChangelogReplica<Box<dyn SegmentLog + Send>>>();
    is_send::<DurableTable<u64, Box<dyn SegmentLog + Send>>>();
};
