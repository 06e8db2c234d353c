//! Any sequence of syncs gives a history that answers every question without a panic, and no floor above its sync.

use offsets_core::history::{OffsetPair, SyncHistory};
use offsets_core::model::{LogRange, SourceOffset, TargetOffset, TopicPartition};

/// Offset syncs, a source offset, the end of the target's log, and whether the target has markers of transactions.
pub type History = (Vec<(i64, i64)>, i64, i64, bool);

/// Panics where a rule is broken.
pub fn history(input: History) {
    let (pairs, g, end, markers_on_target) = input;
    let mut history = SyncHistory::new(markers_on_target);
    for (upstream, downstream) in pairs {
        if let (Ok(upstream), Ok(downstream)) = (SourceOffset::new(upstream), TargetOffset::new(downstream)) {
            history.add("t", 0, OffsetPair::new(upstream, downstream));
        }
    }
    let (Ok(g), Ok(end)) = (SourceOffset::new(g), TargetOffset::new(end)) else { return };
    let Some(partition) = history.get(&TopicPartition::new("t", 0)) else { return };
    let near = partition.neighbours(g);
    assert!(near.floor.is_none_or(|floor| floor.upstream <= g));
    assert!(near.ceiling.is_none_or(|ceiling| ceiling.upstream >= g));
    let _ = partition.contradiction(g, None, LogRange { start: TargetOffset::ZERO, end });
}
