//! Topics that are reconciled: what is in them, what is to come of it, and the programs that do it.

mod contenders;
mod input;
mod output;
mod run;

pub use contenders::{Contenders, Guarantee};
pub use input::{Input, Job};
pub use run::Run;
