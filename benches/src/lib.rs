//! How fast `offsets` is beside the programs people use today, as whole processes on the same data in one run.
//!
//! - [`Stopwatch`] runs a program to its end and tells what it took;
//! - [`Contest`] lets programs do the same work in turns and makes a table of it;
//! - [`Toolbox`] has the programs;
//! - [`workload`] is the link that positions are translated on, and knows every right answer; [`Programs`] says how each
//!   program that does so is called;
//! - [`reconciliation`] is the same for topics that are reconciled: what is in them, what is to come of it, and the programs.
//!
//! The programs `beside-peers` and `beside-streams` string these together; `cargo xtask bench` builds and runs them. Nothing is
//! asserted about time. Every answer is checked: a program that answers wrongly has no place in a table.

mod contest;
mod folder;
mod ids;
mod machine;
mod programs;
pub mod reconciliation;
mod stopwatch;
mod toolbox;
pub mod workload;
mod writer;

pub use contest::{Column, Contest, Contestant, Measured};
pub use folder::folder_size;
pub use ids::Ids;
pub use machine::{describe_machine, load_average};
pub use programs::{Programs, ReadBack};
pub use stopwatch::{Stopwatch, Usage, now, time_to_file};
pub use toolbox::Toolbox;
