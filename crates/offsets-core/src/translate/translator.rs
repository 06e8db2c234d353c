use std::collections::BTreeSet;

use jiff::Timestamp;

use super::position::Bracket;
use super::probe::Windows;
use super::recast::Recast;
use super::seeding::Seeding;
use super::wanted::{Selected, Wanted};
use super::{EvidenceKind, EvidencePolicy, PartitionEvidence, Row, Selection, Translation, Uncommitted};
use crate::evidence::{Answer, Evidence, EvidenceSource, Query, SourceState, Span};
use crate::link::{Link, OffsetMapping};
use crate::model::{GroupSelection, TopicName, TopicPartition};

/// A translation in the making: a short conversation in which the core asks and a [`EvidenceSource`] answers.
///
/// First what the groups committed and what MM2 wrote down, then the log ranges of the partitions this turned out to
/// be about, then, some partitions at a time, the records inside the brackets that are still open. The order matters:
/// log ends are read after the syncs, so a sync beyond a log end is a contradiction and not a race; and records are read
/// after the log ends, so all that a log held then is there or was deleted.
///
/// What was read of a partition's records is let go once its answers stand, unless the evidence is to be kept.
#[derive(Debug, Clone)]
pub struct Translator {
    selection: Selection,
    rules: EvidencePolicy,
    evidence: Evidence,
    stage: Stage,
    /// What is still to be looked at, by partition, the next last.
    left: Vec<Vec<Wanted>>,
    /// Answers that stand.
    rows: Vec<Row>,
    keeps_records: bool,
    compares_topic_ids: bool,
    seeds: Seeds,
}

/// How far the seeds are, where they are asked for: they begin once the answers stand.
#[derive(Debug, Clone, Default)]
enum Seeds {
    #[default]
    Unwanted,
    Wanted,
    /// The source's logs have been asked for again: whatever was copied by then lies in front of these ends.
    Begun,
    Sought(Seeding),
}

#[derive(Debug, Clone)]
enum Stage {
    Topics,
    /// What the flow back has written down, where it matters.
    FlowBack,
    Logs,
    /// The records that tell a source topic that was re-created from a replay.
    Falls,
    Records,
    /// The records for these have been asked for.
    Answers(Vec<Wanted>),
    Done,
}

/// How many partitions' records are asked for at a time: enough to keep both clusters busy, few enough to hold.
const AT_ONCE: usize = 64;

impl Translator {
    /// Begins a translation at `now`.
    pub fn new(link: Link, selection: Selection, now: Timestamp) -> Self {
        Self {
            selection,
            rules: EvidencePolicy::default(),
            evidence: Evidence::unread(link, now),
            stage: Stage::Topics,
            left: Vec::new(),
            rows: Vec::new(),
            keeps_records: false,
            compares_topic_ids: false,
            seeds: Seeds::default(),
        }
    }

    /// Restricts what may be asked for and used.
    #[must_use]
    pub fn with_policy(mut self, rules: EvidencePolicy) -> Self {
        self.rules = rules;
        self
    }

    /// Keeps every record that was read, as evidence for others.
    #[must_use]
    pub fn keeping_records(mut self) -> Self {
        self.keeps_records = true;
        self
    }

    /// Also queries topic ids. A recorded id tells a re-created topic from the recorded one, so ids are of use only beside such a
    /// record, or to make one.
    #[must_use]
    pub fn with_topic_ids(mut self) -> Self {
        self.compares_topic_ids = true;
        self
    }

    /// Looks up too what the groups had read of the records that come to them again: their seeds. The source's records are
    /// asked for whatever the rules admit, and as many of them.
    #[must_use]
    pub fn with_reread_sets(mut self) -> Self {
        self.seeds = Seeds::Wanted;
        self
    }

    /// The next batch of questions, or `None` when nothing more would sharpen the answer.
    pub fn queries(&mut self) -> Option<Vec<Query>> {
        self.of_answers().or_else(|| self.of_seeds())
    }

    fn of_answers(&mut self) -> Option<Vec<Query>> {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Topics => {
                self.stage = Stage::FlowBack;
                Some(self.about_topics())
            }
            Stage::FlowBack => {
                self.stage = Stage::Logs;
                let queries = self.about_flow_back();
                if queries.is_empty() { self.of_answers() } else { Some(queries) }
            }
            Stage::Logs => {
                self.stage = Stage::Falls;
                Some(self.about_logs())
            }
            Stage::Falls => {
                self.stage = Stage::Records;
                let queries = self.about_falls();
                if queries.is_empty() { self.of_answers() } else { Some(queries) }
            }
            Stage::Records if !self.rules.allows_probes() => {
                self.settle(self.selected().wanted());
                None
            }
            Stage::Records => {
                self.left = by_partition(self.selected().wanted());
                self.next_partitions()
            }
            Stage::Answers(asked) => {
                self.settle(asked);
                self.next_partitions()
            }
            Stage::Done => None,
        }
    }

    fn of_seeds(&mut self) -> Option<Vec<Query>> {
        let mut seeding = match std::mem::take(&mut self.seeds) {
            Seeds::Unwanted => return None,
            Seeds::Wanted if self.evidence.source.is_alive() => {
                self.seeds = Seeds::Begun;
                let sources: BTreeSet<_> = self.rows.iter().map(|row| row.source.clone()).collect();
                return Some(vec![Query::SourceLogs(sources.into_iter().collect())]);
            }
            Seeds::Wanted | Seeds::Begun => Seeding::of(&self.rows, &self.evidence, &self.rules),
            Seeds::Sought(mut seeding) => {
                for source in seeding.take(&self.evidence.source_records) {
                    if !self.keeps_records {
                        self.evidence.source_records.forget(&source);
                    }
                }
                seeding
            }
        };
        let queries = seeding.queries();
        self.seeds = Seeds::Sought(seeding);
        queries
    }

    /// Takes the answers to the last batch.
    pub fn feed(&mut self, facts: Vec<Answer>) {
        for fact in facts {
            match fact {
                Answer::SourceCommits(commits) => self.evidence.commits = commits,
                Answer::SourceSeen(at) => {
                    self.evidence.source_seen_at = self.evidence.source_seen_at.max(Some(at));
                }
                Answer::SourceDead { reason } => self.evidence.source = SourceState::Dead { reason },
                Answer::OffsetSyncs(reading) => self.evidence.syncs = reading,
                Answer::Checkpoints(reading) => self.evidence.checkpoints = reading,
                Answer::SourceLogs(logs) => self.evidence.source_logs.extend(logs),
                Answer::TargetLogs(logs) => self.evidence.target_logs.extend(logs),
                Answer::TargetCommits(mut commits) => {
                    commits.sort_by(|a, b| (&a.group, &a.partition).cmp(&(&b.group, &b.partition)));
                    self.evidence.target_commits = commits;
                }
                Answer::SourceTopics(ids) => self.evidence.source_topics = ids,
                Answer::TargetTopics(ids) => self.evidence.target_topics = ids,
                Answer::SyncsBack(reading) => self.evidence.flow_back.syncs = reading,
                Answer::CopiedBack(reading) => self.evidence.flow_back.copied_through = reading,
                Answer::CopiedThrough(reading) => self.evidence.copied_through = reading,
                Answer::SourceRecords(records) => self.evidence.source_records.extend(records),
                Answer::TargetRecords(records) => self.evidence.target_records.extend(records),
            }
        }
    }

    /// Runs the whole translation against one evidence source.
    ///
    /// # Errors
    /// The source's own.
    pub fn run<W: EvidenceSource>(mut self, evidence_source: &mut W) -> Result<Self, W::Error> {
        while let Some(queries) = self.queries() {
            let facts = evidence_source.answer(queries)?;
            self.feed(facts);
        }
        Ok(self)
    }

    /// What has been learnt so far.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The answers that follow from what has been learnt.
    pub fn finish(self) -> Translation {
        let mut rows = match &self.stage {
            Stage::Done => self.rows,
            _ => Row::answer(&self.evidence, &self.rules, self.selected().wanted()),
        };
        rows.sort_by(|a, b| (&a.group, &a.source).cmp(&(&b.group, &b.source)));
        let missing = match self.selection.groups() {
            Some(GroupSelection::Named(names)) => {
                let answered: BTreeSet<_> = rows.iter().filter_map(|row| row.group.as_ref()).collect();
                names.iter().filter(|name| !answered.contains(name)).cloned().collect()
            }
            _ => Vec::new(),
        };
        let seeds = match self.seeds {
            Seeds::Sought(seeding) => seeding.finish(),
            _ => Vec::new(),
        };
        let source_seen_at = self.evidence.source_seen_at();
        for row in &mut rows {
            row.age_against(source_seen_at);
        }
        let uncommitted = match &self.selection {
            Selection::Groups { .. } => {
                let mut found = Uncommitted::of(&rows, &self.evidence);
                found.retain(|found| self.selection.may_concern(&found.source));
                found
            }
            Selection::Everything | Selection::Offsets(_) => Vec::new(),
        };
        let Evidence { link, as_of, source, .. } = self.evidence;
        Translation { link, as_of, source, source_seen_at, rows, missing, uncommitted, seeds }
    }

    fn about_topics(&self) -> Vec<Query> {
        let link = &self.evidence.link;
        let (on, topic) = link.syncs_topic();
        let mut queries = Vec::new();
        let noted = link.mapping == OffsetMapping::OffsetSyncs;
        if noted && self.rules.allows(EvidenceKind::Syncs) {
            queries.push(Query::OffsetSyncs { on, topic, markers_on_target: link.exactly_once });
        }
        // With the source dead they are also where the commits come from.
        if noted && self.rules.allows(EvidenceKind::Checkpoints) {
            queries.push(Query::Checkpoints { topic: link.checkpoints_topic() });
        }
        if noted && self.rules.allows(EvidenceKind::ConnectOffsets) {
            queries.push(Query::CopiedThrough { topic: link.positions_topic() });
        }
        queries.extend(self.selection.groups().cloned().map(Query::SourceCommits));
        queries
    }

    /// Whether every record of the partition on the target is a group's to read, and not only the copies.
    fn is_shared(&self, source: &TopicPartition) -> bool {
        let link = &self.evidence.link;
        link.shares_name(&source.topic) || link.original_on_target(&source.topic).is_some()
    }

    fn about_flow_back(&self) -> Vec<Query> {
        let link = &self.evidence.link;
        let matters = link.mapping != OffsetMapping::Identical
            && self.selected().partitions().iter().any(|source| self.is_shared(source));
        if !matters {
            return Vec::new();
        }
        let (on, topic) = link.syncs_topic_back();
        let mut queries = vec![Query::SyncsBack { on, topic, markers: link.exactly_once }];
        // Its worker keeps its positions on the source.
        if self.evidence.source.is_alive() {
            queries.push(Query::CopiedBack { topic: link.flow_back().positions_topic() });
        }
        queries
    }

    fn about_logs(&self) -> Vec<Query> {
        let link = &self.evidence.link;
        let mut sources = self.selected().partitions();
        if let (Selection::Everything, Some(syncs)) = (&self.selection, self.evidence.syncs.whole()) {
            sources.extend(syncs.partitions());
        }
        // Those beside them tell where a group has no commit though it reads the topic.
        let siblings = self.selected().siblings(&sources);
        let targets: BTreeSet<_> =
            sources.iter().chain(&siblings).map(|source| link.destination(source)).collect();
        let mut queries = vec![Query::TargetLogs(targets.into_iter().collect())];
        if self.compares_topic_ids {
            let topics: BTreeSet<&TopicName> = sources.iter().map(|source| &source.topic).collect();
            queries.push(Query::TargetTopics(
                sources
                    .iter()
                    .map(|source| link.destination(source).topic)
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect(),
            ));
            // Of a dead source what was kept may show that its topic was re-created.
            queries.push(Query::SourceTopics(topics.into_iter().cloned().collect()));
        }
        let alive = self.evidence.source.is_alive();
        if alive {
            queries.push(Query::SourceLogs(sources.into_iter().collect()));
        }
        // With the source dead a group may have gone on at the target already; and where the target's topic can hold records
        // of its own, the group may have been there before.
        let own = |wanted: Wanted| {
            let matters = !alive || self.is_shared(&wanted.source);
            let group = wanted.group.filter(|_| matters)?;
            let beside = siblings.iter().filter(|sibling| sibling.topic == wanted.source.topic);
            let targets: Vec<_> = beside
                .chain([&wanted.source])
                .map(|source| (group.clone(), link.destination(source)))
                .collect();
            Some(targets)
        };
        let own: BTreeSet<_> = self.selected().wanted().into_iter().filter_map(own).flatten().collect();
        queries.extend((!own.is_empty()).then_some(Query::TargetCommits(own)));
        queries
    }

    fn about_falls(&self) -> Vec<Query> {
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        if !self.rules.allows(EvidenceKind::Content) {
            return Vec::new();
        }
        for source in self.selected().partitions() {
            let target = self.evidence.link.destination(&source);
            let recast = Recast::of(&self.evidence, &self.rules, &source, &target);
            let (of_source, of_target) =
                recast.map(|recast| recast.spans(&source, &target)).unwrap_or_default();
            sources.extend(of_source);
            targets.extend(of_target);
        }
        if sources.is_empty() {
            return Vec::new();
        }
        let targets = Query::TargetRecords { spans: Span::joined(targets), origin_header: None };
        vec![targets, Query::SourceRecords(Span::joined(sources))]
    }

    /// Asks for the records of the next partitions that need any; the others have their answers at once.
    fn next_partitions(&mut self) -> Option<Vec<Query>> {
        while !self.left.is_empty() {
            let batch: Vec<Wanted> = self.left.split_off(self.left.len().saturating_sub(AT_ONCE)).concat();
            let queries = self.about_records(&batch);
            if !queries.is_empty() {
                self.stage = Stage::Answers(batch);
                return Some(queries);
            }
            self.settle(batch);
        }
        None
    }

    fn about_records(&self, batch: &[Wanted]) -> Vec<Query> {
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        for wanted in batch {
            let target = self.evidence.link.destination(&wanted.source);
            let g = wanted.committed.offset;
            let group = wanted.group.as_ref();
            let recast = Recast::of(&self.evidence, &self.rules, &wanted.source, &target);
            let recast = recast.as_ref();
            let Some(e) =
                PartitionEvidence::of(&self.evidence, &self.rules, group, &wanted.source, &target, recast)
            else {
                continue;
            };
            let bracket = Bracket::unprobed(&e, g);
            let (of_source, of_target) = e.spans_in_front(g, &bracket.floor, (&wanted.source, &target));
            sources.extend(of_source);
            targets.extend(of_target);
            let windows = Windows::of(&e, g, &bracket);
            let Some(Windows { source, reach, .. }) = windows else { continue };
            if !reach.is_empty() {
                targets.push(Span { partition: target, offsets: reach });
            }
            sources.extend(source.map(|offsets| Span { partition: wanted.source.clone(), offsets }));
        }
        let mut queries = Vec::new();
        let targets = Span::joined(targets);
        if !targets.is_empty() {
            let origin_header = self.evidence.link.origin_header.clone();
            let origin_header = origin_header.filter(|_| self.rules.allows(EvidenceKind::Headers));
            queries.push(Query::TargetRecords { spans: targets, origin_header });
        }
        // A dead source's may have been kept.
        let sources = Span::joined(sources);
        if !sources.is_empty() {
            queries.push(Query::SourceRecords(sources));
        }
        queries
    }

    /// What the selection comes to by what is known so far.
    fn selected(&self) -> Selected<'_> {
        Selected { selection: &self.selection, evidence: &self.evidence }
    }

    /// Answers, and drops what was read for it.
    fn settle(&mut self, batch: Vec<Wanted>) {
        let sources: BTreeSet<_> = batch.iter().map(|wanted| wanted.source.clone()).collect();
        self.rows.extend(Row::answer(&self.evidence, &self.rules, batch));
        for source in sources.iter().filter(|_| !self.keeps_records) {
            self.evidence.source_records.forget(source);
            self.evidence.target_records.forget(&self.evidence.link.destination(source));
        }
    }
}

/// What is wanted of each partition; the first partition stands last.
fn by_partition(mut wanted: Vec<Wanted>) -> Vec<Vec<Wanted>> {
    wanted.sort_by(|a, b| (&b.source, &b.group).cmp(&(&a.source, &a.group)));
    wanted.chunk_by(|a, b| a.source == b.source).map(<[Wanted]>::to_vec).collect()
}
