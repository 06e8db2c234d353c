use std::convert::Infallible;

use jiff::Timestamp;
use offsets_core::evidence::{Answer, EvidenceSource, Logs, Query, Records, Scan, Span, TopicIds};
use offsets_core::model::{LogRange, TopicPartition};
use offsets_core::translate::{EvidencePolicy, Row, Selection, Translator};

use crate::evidence::{GONE, reading};
use crate::{Known, World, upstream};

/// A simulated link as an evidence source: it reads what it is queried for, so a log of millions of
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

impl EvidenceSource for SimulatedLink<'_> {
    type Error = Infallible;

    fn answer(&mut self, queries: Vec<Query>) -> Result<Vec<Answer>, Infallible> {
        Ok(queries.into_iter().map(|query| self.fact(query)).collect())
    }
}

impl SimulatedLink<'_> {
    /// The answers for commits at these source offsets, in their order.
    pub(crate) fn rows(mut self, rules: &EvidencePolicy, asked: impl Iterator<Item = i64>) -> Vec<Row> {
        let asked = asked.map(|offset| (World::partition(), upstream(offset))).collect();
        let translator = Translator::new(self.now.link(), Selection::Offsets(asked), Timestamp::UNIX_EPOCH);
        let Ok(done) = translator.with_policy(rules.clone()).run(&mut self);
        done.finish().rows
    }

    fn fact(&self, query: Query) -> Answer {
        let (source, link) = (World::partition(), self.now.link());
        let target = link.remote_partition(&source);
        match query {
            Query::SourceRecords(spans) if self.known.remembers() => {
                let mut records = Records::default();
                for span in spans.iter().filter(|span| span.partition == source) {
                    for scan in self.read.kept_scans(self.known.kept, span.offsets) {
                        records.add(source.clone(), scan);
                    }
                }
                Answer::SourceRecords(records)
            }
            Query::SourceCommits(_) | Query::SourceLogs(_) | Query::SourceRecords(_)
                if !self.known.source =>
            {
                Answer::SourceDead { reason: GONE.to_owned() }
            }
            Query::SourceCommits(groups) => {
                let mut commits = self.read.commits(&source);
                commits.retain(|recorded| groups.admits(&recorded.commit.group));
                Answer::SourceCommits(commits)
            }
            Query::OffsetSyncs { .. } => {
                Answer::OffsetSyncs(reading(self.known.syncs, || self.read.sync_history()))
            }
            Query::Checkpoints { .. } => {
                Answer::Checkpoints(reading(self.known.checkpoints, || self.read.checkpoint_history(&target)))
            }
            Query::CopiedThrough { .. } => {
                Answer::CopiedThrough(reading(self.known.positions, || self.read.copied_through(&source)))
            }
            Query::SyncsBack { .. } => Answer::SyncsBack(self.read.flow_back(self.known).syncs),
            Query::CopiedBack { .. } => Answer::CopiedBack(self.read.flow_back(self.known).copied_through),
            Query::TargetCommits(_) => Answer::TargetCommits(Vec::new()),
            Query::SourceTopics(_) => Answer::SourceTopics(TopicIds::default()),
            Query::TargetTopics(_) => Answer::TargetTopics(TopicIds::default()),
            Query::SourceLogs(partitions) => {
                let log = partitions.contains(&source).then(|| (source, self.now.source_log()));
                Answer::SourceLogs(log.into_iter().collect())
            }
            Query::TargetLogs(partitions) => {
                let mut logs = Logs::default();
                for partition in partitions {
                    match self.now.target_log().filter(|_| partition == target) {
                        Some(log) => logs.add(partition, log),
                        None => logs.add_missing(partition),
                    }
                }
                Answer::TargetLogs(logs)
            }
            Query::SourceRecords(spans) => {
                Answer::SourceRecords(scanned(spans, &source, |offsets| self.now.source_scan(offsets)))
            }
            Query::TargetRecords { spans, .. } => {
                Answer::TargetRecords(scanned(spans, &target, |offsets| self.now.target_scan(offsets)))
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
