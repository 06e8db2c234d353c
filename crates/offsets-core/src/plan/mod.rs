//! What is to be done with an answer, as values: decided here, carried out by an edge.

mod csv;
mod reset;
mod undo;

pub use csv::{CsvError, CsvRow, read_csv, write_csv};
pub use reset::{Move, Overrides, Refusal, ResetPlan, Step, TargetState, Verdict};
pub use undo::{Undo, UndoEntry, UndoError};
