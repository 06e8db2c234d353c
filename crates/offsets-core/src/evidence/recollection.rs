use super::{Fact, Question, Reading, RecordedCommit, TopicIds, Witness};
use crate::history::{CheckpointHistory, SyncHistory};

/// What was kept of a link beside its clusters: by an archive, before compaction or a disaster took it.
#[derive(Debug, Clone, Default)]
pub struct Recollection {
    /// Each group's newest commit on each source partition that was seen, and when it was last seen to be the newest.
    pub commits: Vec<RecordedCommit>,
    /// Every sync that was seen.
    pub syncs: SyncHistory,
    /// Every checkpoint that was seen.
    pub checkpoints: CheckpointHistory,
    /// The ids that topics of the source had when something was kept of them.
    pub source_topics: TopicIds,
    /// The same of the target.
    pub target_topics: TopicIds,
}

/// A witness that remembers: what the link's clusters say, and beside it what was kept of them.
///
/// Syncs and checkpoints of both are put together, each in the order in which it was written. Kept commits stand in
/// where the source cannot be asked; the living source's own are always newer.
#[derive(Debug)]
pub struct Remembering<W> {
    witness: W,
    kept: Recollection,
}

impl<W> Remembering<W> {
    /// Lets `witness` remember what was kept.
    pub fn new(witness: W, kept: Recollection) -> Self {
        Self { witness, kept }
    }

    fn complete(&self, fact: Fact) -> Fact {
        match fact {
            Fact::OffsetSyncs(Reading::Whole(live)) => {
                Fact::OffsetSyncs(Reading::Whole(self.kept.syncs.clone().continued_by(&live)))
            }
            Fact::OffsetSyncs(Reading::Absent { .. }) if !self.kept.syncs.is_empty() => {
                Fact::OffsetSyncs(Reading::Whole(self.kept.syncs.clone()))
            }
            Fact::Checkpoints(Reading::Whole(mut live)) => {
                live.recall(&self.kept.checkpoints);
                Fact::Checkpoints(Reading::Whole(live))
            }
            Fact::Checkpoints(Reading::Absent { .. }) if !self.kept.checkpoints.is_empty() => {
                Fact::Checkpoints(Reading::Whole(self.kept.checkpoints.clone()))
            }
            Fact::SourceTopics(live) => Fact::SourceTopics(later(&self.kept.source_topics, &live)),
            Fact::TargetTopics(live) => Fact::TargetTopics(later(&self.kept.target_topics, &live)),
            fact => fact,
        }
    }
}

impl<W: Witness> Witness for Remembering<W> {
    type Error = W::Error;

    fn answer(&mut self, questions: Vec<Question>) -> Result<Vec<Fact>, W::Error> {
        let groups = questions.iter().find_map(|question| match question {
            Question::SourceCommits(groups) => Some(groups.clone()),
            _ => None,
        });
        let topics = questions.iter().find_map(|question| match question {
            Question::SourceTopics(topics) => Some(topics.clone()),
            _ => None,
        });
        let facts = self.witness.answer(questions)?;
        let dead = facts.iter().any(|fact| matches!(fact, Fact::SourceDead { .. }));
        let mut facts: Vec<_> = facts.into_iter().map(|fact| self.complete(fact)).collect();
        let told =
            facts.iter().any(|fact| matches!(fact, Fact::SourceCommits(commits) if !commits.is_empty()));
        if let Some(groups) = groups.filter(|_| dead && !told) {
            let admitted = self.kept.commits.iter().filter(|kept| groups.admits(&kept.commit.group));
            facts.push(Fact::SourceCommits(admitted.cloned().collect()));
        }
        if let Some(topics) = topics.filter(|_| dead) {
            facts.push(Fact::SourceTopics(self.kept.source_topics.of(&topics)));
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
