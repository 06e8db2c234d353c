//! The two ends of a link: the source that is asked, the target that is asked and changed.

mod commit_tail;
mod endpoint;
mod evidence_source;
mod probe;
mod progress;
mod source;
mod target;

pub use commit_tail::{CommitTail, TailProgress};
pub use endpoint::Endpoint;
pub use evidence_source::{LinkedClusters, SourceAccess};
pub use progress::{NoProgress, ProgressListener};
pub use target::Committed;
