//! What every parser is held to, whatever bytes it gets: a value or an error, never a panic, and what is written again reads the
//! same.
//!
//! `tests/seeds.rs` runs each function over seeds and what a few mutations make of them, wherever the tests run. With the feature
//! `libfuzzer` each is a fuzz target; `cargo xtask fuzz` builds and runs them with the stable compiler.

mod files;
mod history;
mod reconcile;
mod records;

pub use files::files;
pub use history::{History, history};
pub use reconcile::reconcile;
pub use records::records;
