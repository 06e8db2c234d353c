//! MirrorMaker 2 as others see it: its records, its names, and its own way to translate. Its configuration file is read in
//! [`config`](crate::config).

mod checkpoint;
#[cfg_attr(not(test), expect(dead_code, reason = "read once the state of a link is shown"))]
mod heartbeat;
mod offset_sync;
mod source_position;
mod sync_store;

pub use crate::wire::DecodeError;
pub use checkpoint::{Checkpoint, CheckpointKey, CheckpointValue};
pub use offset_sync::{OffsetSync, OffsetSyncKey};
pub use source_position::SourcePosition;
pub use sync_store::{MirrorSyncStore, Mm2Translation};
