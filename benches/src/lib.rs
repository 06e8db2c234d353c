//! How fast `offsets` is beside the programs people use today, as whole processes on the same data in one run.
//!
//! - [`Stopwatch`] runs a program to its end and tells what it took;
//! - [`Contest`] lets programs do the same work in turns and makes a table of it;
//! - [`workload`] is the link they work on, and knows every right answer;
//! - [`Programs`] says how each program is called.
//!
//! The program `beside-peers` strings these together; `cargo xtask bench` builds and runs it. Nothing is asserted
//! about time. Every answer is checked: a program that answers wrongly has no place in a table.

mod contest;
mod folder;
mod ids;
mod programs;
mod stopwatch;
pub mod workload;

pub use contest::{Contest, Contestant};
pub use folder::folder_size;
pub use ids::Ids;
pub use programs::{Programs, ReadBack};
pub use stopwatch::{Stopwatch, Usage, time_to_file};
