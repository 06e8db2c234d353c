use super::{Windows, known_pair, slice};
use crate::evidence::ScannedRecord;
use crate::history::{Contradiction, OffsetPair};
use crate::model::{SourceOffset, TargetOffset};
use crate::translate::{Bracket, PartitionEvidence};

/// What was found of the records that are known by their offsets to be the same: those at the syncs, or on a link that
/// preserves offsets all of them.
///
/// A replicator may change key and value, or the timestamp; both at once is another record. A link that preserves offsets
/// copies whole batches, byte by byte: there another content is another record, whatever its timestamp.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Comparison {
    /// How many pairs have the same content.
    pub(super) same: u64,
    /// The first pair that has nothing in common.
    pub(super) contradiction: Option<Contradiction>,
}

impl Comparison {
    pub(super) fn of(
        e: &PartitionEvidence<'_>,
        bracket: &Bracket,
        windows: &Windows,
        source: &[ScannedRecord<SourceOffset>],
    ) -> Self {
        let mut comparison = Self::default();
        let target = slice(e.target_records, windows.reach).unwrap_or_default();
        let ends = [known_pair(&bracket.floor), bracket.ceiling.as_ref().and_then(known_pair)];
        let same_offset = source.iter().filter(|_| e.preserved).filter_map(|record| {
            Some(OffsetPair::new(record.offset, TargetOffset::new(record.offset.get()).ok()?))
        });
        for pair in ends.into_iter().flatten().chain(same_offset) {
            let original = source.binary_search_by_key(&pair.upstream, |record| record.offset);
            let copy = target.binary_search_by_key(&pair.downstream, |record| record.offset);
            let (Ok(original), Ok(copy)) = (original, copy) else { continue };
            let (original, copy) = (&source[original], &target[copy]);
            if original.content == copy.content {
                comparison.same += 1;
            } else if e.preserved
                || original.created_ms.zip(copy.created_ms).is_some_and(|(theirs, ours)| theirs != ours)
            {
                comparison.contradiction = Some(Contradiction::OtherRecord { pair });
                break;
            }
        }
        comparison
    }
}
