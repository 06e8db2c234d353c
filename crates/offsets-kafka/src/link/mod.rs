//! The two ends of a link: the source that is asked, the target that is asked and changed.

mod commit_tail;
mod endpoint;
mod onlooker;
mod probe;
mod source;
mod target;
mod witness;

pub use commit_tail::{CommitTail, Reach};
pub use endpoint::Endpoint;
pub use onlooker::{Nobody, Onlooker};
pub use target::Committed;
pub use witness::{LinkedClusters, SourceAccess};
