//! Which syncs are of the source topic as it is now, where the living source shows that some may not be.

use super::{EvidenceKind, EvidencePolicy};
use crate::evidence::{Evidence, ScannedRecord, Span};
use crate::history::{OffsetPair, PartitionHistory};
use crate::model::{LogRange, SourceOffset, TopicPartition};

/// The syncs of a partition after the source offset fell back, with what the records before the fall say of it.
#[derive(Debug, Clone)]
pub(super) struct Recast {
    /// The syncs since the fall.
    since: PartitionHistory,
    /// The syncs before it that lie inside the source's log, newest first.
    before: Vec<OffsetPair>,
    last_before: OffsetPair,
    kind: Fall,
}

/// What a fall of the source offset was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fall {
    /// The topic was re-created: the syncs before the fall are of an older one.
    Recreation,
    /// The same topic was copied again from its beginning.
    Replay,
    /// Nothing tells.
    Unknown,
}

/// How many of the syncs before a fall are looked at.
const WITNESSES: usize = 3;

impl Recast {
    /// `None` where the source is not there to show anything, or shows nothing against the syncs.
    pub(super) fn of(
        evidence: &Evidence,
        rules: &EvidencePolicy,
        source: &TopicPartition,
        target: &TopicPartition,
    ) -> Option<Self> {
        let log = evidence.source_logs.get(source).filter(|_| evidence.source.is_alive())?;
        let history = evidence.syncs.whole().filter(|_| rules.allows(EvidenceKind::Syncs))?.get(source)?;
        if evidence.link.shares_syncs_topic() || history.is_plain(log.end) {
            return None;
        }
        let target_log = evidence.target_logs.get(target)?;
        let (since, last_before, before) = history.since_fall(log.end)?;
        let held = |sync: &OffsetPair| log.start <= sync.upstream && target_log.start <= sync.downstream;
        let before: Vec<OffsetPair> = before.into_iter().filter(held).take(WITNESSES).collect();
        let mut recast = Self { since, before, last_before, kind: Fall::Unknown };
        if rules.allows(EvidenceKind::Content) {
            recast.kind = recast.judged(evidence, source, target);
        }
        Some(recast)
    }

    /// The records that tell what the fall was.
    pub(super) fn spans(
        &self,
        source: &TopicPartition,
        target: &TopicPartition,
    ) -> (Vec<Span<SourceOffset>>, Vec<Span<crate::model::TargetOffset>>) {
        let of_source = self.before.iter().map(|sync| Span {
            partition: source.clone(),
            offsets: LogRange { start: sync.upstream, end: sync.upstream.next() },
        });
        let of_target = self.before.iter().map(|sync| Span {
            partition: target.clone(),
            offsets: LogRange { start: sync.downstream, end: sync.downstream.next() },
        });
        (of_source.collect(), of_target.collect())
    }

    /// The newest sync before the fall of which both records can be seen decides.
    fn judged(&self, evidence: &Evidence, source: &TopicPartition, target: &TopicPartition) -> Fall {
        let original = |sync: &OffsetPair| at(evidence.source_records.of(source), sync.upstream);
        let copy = |sync: &OffsetPair| at(evidence.target_records.of(target), sync.downstream);
        let pair = self.before.iter().find_map(|sync| Some((original(sync)?, copy(sync)?)));
        let Some((original, copy)) = pair else { return Fall::Unknown };
        if original.content == copy.content {
            return Fall::Replay;
        }
        let differ = original.created_ms.zip(copy.created_ms).is_some_and(|(theirs, ours)| theirs != ours);
        if differ { Fall::Recreation } else { Fall::Unknown }
    }

    pub(super) fn kind(&self) -> Fall {
        self.kind
    }

    /// The last sync before the fall.
    pub(super) fn last_before(&self) -> OffsetPair {
        self.last_before
    }

    pub(super) fn since(&self) -> &PartitionHistory {
        &self.since
    }
}

/// The record at an offset, if it was read.
fn at<O: Copy + Ord>(scans: &[crate::evidence::Scan<O>], offset: O) -> Option<&ScannedRecord<O>> {
    scans.iter().find_map(|scan| {
        let found = scan.records.binary_search_by_key(&offset, |record| record.offset).ok()?;
        Some(&scan.records[found])
    })
}
