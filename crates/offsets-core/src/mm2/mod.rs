//! MirrorMaker 2 as others see it: its records, its names, its configuration file, and its own way to translate.

mod checkpoint;
mod config_reference;
mod flow;
mod heartbeat;
mod java_properties;
mod offset_sync;
mod properties;
mod source_position;
mod sync_store;

pub use crate::wire::DecodeError;
pub use checkpoint::{Checkpoint, CheckpointKey, CheckpointValue};
pub use config_reference::ConfigReference;
pub use heartbeat::Heartbeat;
pub use java_properties::{JavaProperties, PropertiesSyntaxError};
pub use offset_sync::{OffsetSync, OffsetSyncKey};
pub use properties::{ClusterClients, Mm2Filters, Mm2Link, Mm2Properties, PropertiesError};
pub use source_position::SourcePosition;
pub use sync_store::{MirrorSyncStore, Mm2Translation};
