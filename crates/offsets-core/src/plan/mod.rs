//! What is to be done with an answer, as values: decided here, carried out by an edge.

mod csv;
mod notice;
mod overrides;
mod reset;
mod target_state;
mod undo;

pub use csv::{CsvError, CsvRow, read_csv, write_csv};
pub use notice::Notice;
pub use overrides::{Backwards, LongMetadata, Overrides};
pub use reset::{Check, OffsetReset, Refusal, ResetPlan, Step};
pub use target_state::TargetState;
pub use undo::{Undo, UndoEntry, UndoError};
