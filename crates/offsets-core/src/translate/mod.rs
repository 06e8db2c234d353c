//! From evidence to answers: bounds, each with its reason, and what they say together.

mod bound;
mod ceilings;
mod floors;
mod inquiry;
mod mirror_maker;
mod position;
mod report;
mod rereads;
mod selection;
mod translation;

pub use bound::{Assumption, Bound, Reason};
pub use inquiry::Inquiry;
pub use mirror_maker::MirrorMakerAnswer;
pub use position::{NoTarget, Position};
pub use report::{OffsetForm, PartitionReport, TranslationReport};
pub use selection::{GroupSelection, PatternError, Selection};
pub use translation::{Finding, Row, Summary, Translation};

use crate::history::{Doubt, PartitionCheckpoints, PartitionHistory};
use crate::model::{LogRange, SourceOffset, TargetOffset};

/// What is known about one partition of a link: everything a rule may look at.
#[derive(Debug, Clone, Copy)]
struct PartitionEvidence<'a> {
    history: Option<&'a PartitionHistory>,
    checkpoints: Option<PartitionCheckpoints<'a>>,
    /// `None` when the source is dead, or the partition is gone there.
    source_log: Option<LogRange<SourceOffset>>,
    target_log: LogRange<TargetOffset>,
    /// Whether MM2 writes in transactions, so that nothing is copied twice.
    exactly_once: bool,
}

impl PartitionEvidence<'_> {
    /// What speaks against the sync history as a witness for a commit at `g`.
    fn doubt(&self, g: SourceOffset) -> Option<Doubt> {
        self.history?.doubt(g, self.source_log, self.target_log)
    }
}
