use jiff::Timestamp;

use super::{Answer, EvidenceSource, Query, Reading, RecordedCommit, Records, Span, TopicIds};
use crate::history::{CheckpointHistory, SyncHistory};
use crate::model::SourceOffset;

/// What was kept of a link beside its clusters: by an archive, before compaction or a disaster took it.
#[derive(Debug, Clone, Default)]
pub struct ArchivedEvidence {
    /// Each group's newest commit on each source partition that was seen, and when it was last seen to be the newest.
    pub commits: Vec<RecordedCommit>,
    /// The newest time at which anything was read of the source.
    pub source_seen_at: Option<Timestamp>,
    /// Every sync that was seen.
    pub syncs: SyncHistory,
    /// Every checkpoint that was seen.
    pub checkpoints: CheckpointHistory,
    /// The ids that topics of the source had when something was kept of them.
    pub source_topics: TopicIds,
    /// The same of the target.
    pub target_topics: TopicIds,
}

/// Records of a source that were kept, as far as they serve to be recognised: asked for by stretches, for there may be more
/// of them than there is memory.
pub trait FingerprintSource {
    /// What was kept of these stretches, aborted records too. A stretch that it claims was read whole from one incarnation of
    /// the topic; what is not known to be of the newest one it leaves out.
    fn source_records(&mut self, spans: &[Span<SourceOffset>]) -> Records<SourceOffset>;
}

impl FingerprintSource for Records<SourceOffset> {
    fn source_records(&mut self, spans: &[Span<SourceOffset>]) -> Records<SourceOffset> {
        self.cut(spans)
    }
}

impl<R: FingerprintSource> FingerprintSource for &mut R {
    fn source_records(&mut self, spans: &[Span<SourceOffset>]) -> Records<SourceOffset> {
        (**self).source_records(spans)
    }
}

/// An evidence source with an archive beside it: what the link's clusters answer, and what was kept of them.
///
/// Syncs and checkpoints of both are put together, each in the order in which it was written. Kept commits stand in
/// where the source cannot be asked, and so do kept records; the living source's own are always newer.
#[derive(Debug)]
pub struct WithArchive<W, R = Records<SourceOffset>> {
    evidence_source: W,
    kept: ArchivedEvidence,
    records: R,
    /// Whether the source was found dead.
    dead: bool,
}

impl<W> WithArchive<W> {
    /// Lets `evidence_source` remember what was kept.
    pub fn new(evidence_source: W, kept: ArchivedEvidence) -> Self {
        Self { evidence_source, kept, records: Records::default(), dead: false }
    }
}

impl<W, R> WithArchive<W, R> {
    /// The same, with records that were kept.
    pub fn with_records<K: FingerprintSource>(self, records: K) -> WithArchive<W, K> {
        let Self { evidence_source, kept, dead, records: _ } = self;
        WithArchive { evidence_source, kept, records, dead }
    }

    fn complete(&self, fact: Answer) -> Answer {
        match fact {
            Answer::OffsetSyncs(Reading::Whole(live)) => {
                Answer::OffsetSyncs(Reading::Whole(self.kept.syncs.clone().continued_by(&live)))
            }
            Answer::OffsetSyncs(Reading::Absent { .. }) if !self.kept.syncs.is_empty() => {
                Answer::OffsetSyncs(Reading::Whole(self.kept.syncs.clone()))
            }
            Answer::Checkpoints(Reading::Whole(mut live)) => {
                live.recall(&self.kept.checkpoints);
                Answer::Checkpoints(Reading::Whole(live))
            }
            Answer::Checkpoints(Reading::Absent { .. }) if !self.kept.checkpoints.is_empty() => {
                Answer::Checkpoints(Reading::Whole(self.kept.checkpoints.clone()))
            }
            Answer::SourceTopics(live) => Answer::SourceTopics(later(&self.kept.source_topics, &live)),
            Answer::TargetTopics(live) => Answer::TargetTopics(later(&self.kept.target_topics, &live)),
            fact => fact,
        }
    }
}

impl<W: EvidenceSource, R: FingerprintSource> EvidenceSource for WithArchive<W, R> {
    type Error = W::Error;

    fn answer(&mut self, queries: Vec<Query>) -> Result<Vec<Answer>, W::Error> {
        let groups = queries.iter().find_map(|query| match query {
            Query::SourceCommits(groups) => Some(groups.clone()),
            _ => None,
        });
        let asked = queries.iter().find_map(|query| match query {
            Query::SourceRecords(spans) => Some(spans.clone()),
            _ => None,
        });
        let topics = queries.iter().find_map(|query| match query {
            Query::SourceTopics(topics) => Some(topics.clone()),
            _ => None,
        });
        let facts = self.evidence_source.answer(queries)?;
        let dead = facts.iter().any(|fact| matches!(fact, Answer::SourceDead { .. }));
        let mut facts: Vec<_> = facts.into_iter().map(|fact| self.complete(fact)).collect();
        let told =
            facts.iter().any(|fact| matches!(fact, Answer::SourceCommits(commits) if !commits.is_empty()));
        if let Some(groups) = groups.filter(|_| dead && !told) {
            let admitted = self.kept.commits.iter().filter(|kept| groups.admits(&kept.commit.group));
            facts.push(Answer::SourceCommits(admitted.cloned().collect()));
        }
        facts.extend(self.kept.source_seen_at.filter(|_| dead).map(Answer::SourceSeen));
        self.dead |= dead;
        if let Some(spans) = asked.filter(|_| self.dead) {
            facts.push(Answer::SourceRecords(self.records.source_records(&spans)));
        }
        if let Some(topics) = topics.filter(|_| dead) {
            facts.push(Answer::SourceTopics(self.kept.source_topics.of(&topics)));
        }
        Ok(facts)
    }
}

/// The ids that were kept of the topics that are asked about now, with those they have now behind them.
fn later(kept: &TopicIds, live: &TopicIds) -> TopicIds {
    let mut ids = kept.clone();
    ids.extend(live);
    ids
}
