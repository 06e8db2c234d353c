use std::convert::Infallible;

use jiff::Timestamp;

use super::evidence::{GONE, reading};
use super::{Known, World, upstream};
use crate::evidence::{Fact, Logs, Question, Records, Scan, Span, TopicIds, Witness};
use crate::model::{LogRange, TopicPartition};
use crate::translate::{Inquiry, Row, Rules, Selection};

/// A simulated link as the witness that answers an inquiry: it is asked for what it is asked, so a log of millions of
/// records is never written out.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedLink<'a> {
    /// The world when the topics were read.
    pub read: &'a World,
    /// The world when the logs were read.
    pub now: &'a World,
    /// Which evidence survived.
    pub known: Known,
}

impl Witness for SimulatedLink<'_> {
    type Error = Infallible;

    fn answer(&mut self, questions: Vec<Question>) -> Result<Vec<Fact>, Infallible> {
        Ok(questions.into_iter().map(|question| self.fact(question)).collect())
    }
}

impl SimulatedLink<'_> {
    /// The answers for commits at these source offsets, in their order.
    pub(super) fn rows(mut self, rules: &Rules, asked: impl Iterator<Item = i64>) -> Vec<Row> {
        let asked = asked.map(|offset| (World::partition(), upstream(offset))).collect();
        let inquiry = Inquiry::about(self.now.link(), Selection::Offsets(asked), Timestamp::UNIX_EPOCH);
        let Ok(heard) = inquiry.under(rules.clone()).hear(&mut self);
        heard.conclude().rows
    }

    fn fact(&self, question: Question) -> Fact {
        let (source, link) = (World::partition(), self.now.link());
        let target = link.remote_partition(&source);
        match question {
            Question::SourceRecords(spans) if self.known.remembers() => {
                let mut records = Records::default();
                for span in spans.iter().filter(|span| span.partition == source) {
                    for scan in self.read.kept_scans(self.known.kept, span.offsets) {
                        records.add(source.clone(), scan);
                    }
                }
                Fact::SourceRecords(records)
            }
            Question::SourceCommits(_) | Question::SourceLogs(_) | Question::SourceRecords(_)
                if !self.known.source =>
            {
                Fact::SourceDead { reason: GONE.to_owned() }
            }
            Question::SourceCommits(groups) => {
                let mut commits = self.read.commits(&source);
                commits.retain(|recorded| groups.admits(&recorded.commit.group));
                Fact::SourceCommits(commits)
            }
            Question::OffsetSyncs { .. } => {
                Fact::OffsetSyncs(reading(self.known.syncs, || self.read.sync_history()))
            }
            Question::Checkpoints { .. } => {
                Fact::Checkpoints(reading(self.known.checkpoints, || self.read.checkpoint_history(&target)))
            }
            Question::CopiedThrough { .. } => {
                Fact::CopiedThrough(reading(self.known.positions, || self.read.copied_through(&source)))
            }
            Question::SyncsBack { .. } => Fact::SyncsBack(self.read.flow_back(self.known).syncs),
            Question::CopiedBack { .. } => Fact::CopiedBack(self.read.flow_back(self.known).copied_through),
            Question::TargetCommits(_) => Fact::TargetCommits(Vec::new()),
            Question::SourceTopics(_) => Fact::SourceTopics(TopicIds::default()),
            Question::TargetTopics(_) => Fact::TargetTopics(TopicIds::default()),
            Question::SourceLogs(partitions) => {
                let log = partitions.contains(&source).then(|| (source, self.now.source_log()));
                Fact::SourceLogs(log.into_iter().collect())
            }
            Question::TargetLogs(partitions) => {
                let mut logs = Logs::default();
                for partition in partitions {
                    match self.now.target_log().filter(|_| partition == target) {
                        Some(log) => logs.add(partition, log),
                        None => logs.add_missing(partition),
                    }
                }
                Fact::TargetLogs(logs)
            }
            Question::SourceRecords(spans) => {
                Fact::SourceRecords(scanned(spans, &source, |offsets| self.now.source_scan(offsets)))
            }
            Question::TargetRecords { spans, .. } => {
                Fact::TargetRecords(scanned(spans, &target, |offsets| self.now.target_scan(offsets)))
            }
        }
    }
}

fn scanned<O: Copy + Ord>(
    spans: Vec<Span<O>>,
    partition: &TopicPartition,
    scan: impl Fn(LogRange<O>) -> Scan<O>,
) -> Records<O> {
    let mut records = Records::default();
    for span in spans.iter().filter(|span| span.partition == *partition) {
        records.add(partition.clone(), scan(span.offsets));
    }
    records
}
