//! The JSON other programs rely on. Its shape is a contract: fields are added, never changed.

use jiff::Timestamp;
use serde::Serialize;

use super::{Row, Summary, Translation};

/// How offsets are written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OffsetForm {
    /// As numbers: exact in every language with 64-bit integers.
    #[default]
    Number,
    /// As strings: for JavaScript, whose numbers are exact only up to 2^53.
    String,
}

/// A translation as JSON: the envelope, its partitions and the summary.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TranslationReport<'a> {
    api_version: &'static str,
    kind: &'static str,
    as_of: Timestamp,
    source_seen_at: Option<Timestamp>,
    link: LinkReport<'a>,
    partitions: Vec<PartitionReport<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_groups: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    uncommitted_partitions: Vec<UncommittedReport<'a>>,
    summary: SummaryReport,
}

#[derive(Debug, Serialize)]
struct LinkReport<'a> {
    source: &'a str,
    target: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UncommittedReport<'a> {
    group: &'a str,
    topic: &'a str,
    partition: i32,
    target_topic: &'a str,
    target_log_start: Option<Offset>,
    target_log_end: Option<Offset>,
    target_committed_offset: Option<Offset>,
}

/// One answer as JSON; also a line of its own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionReport<'a> {
    group: Option<&'a str>,
    topic: &'a str,
    partition: i32,
    source_offset: Offset,
    target_topic: &'a str,
    target_offset: Option<Offset>,
    low: Option<Offset>,
    high: Option<Offset>,
    class: &'static str,
    reread_max: Option<u64>,
    reread_map: Option<u64>,
    reread_age: Option<u64>,
    as_of: Timestamp,
    committed_at: Option<Timestamp>,
    assumptions: &'a [super::Assumption],
    evidence: Vec<FindingReport<'a>>,
    mm2: MirrorMakerReport,
}

#[derive(Debug, Serialize)]
struct FindingReport<'a> {
    kind: &'a str,
    detail: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MirrorMakerReport {
    target_offset: Option<Offset>,
    reread_max: Option<u64>,
    known: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryReport {
    partitions: usize,
    exact: usize,
    bounded: usize,
    floor: usize,
    r#unsafe: usize,
    unknown: usize,
    reread_max: Option<u64>,
    reread_map: Option<u64>,
    reread_age: Option<u64>,
    mm2_reread_max: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Offset {
    Number(i64),
    String(String),
}

impl OffsetForm {
    fn write(self, offset: impl Into<i64>) -> Offset {
        match self {
            Self::Number => Offset::Number(offset.into()),
            Self::String => Offset::String(offset.into().to_string()),
        }
    }
}

impl Translation {
    /// The translation in the contract's JSON shape.
    pub fn report(&self, form: OffsetForm) -> TranslationReport<'_> {
        TranslationReport {
            api_version: crate::API_VERSION,
            kind: "Translation",
            as_of: self.as_of,
            source_seen_at: self.source_seen_at,
            link: LinkReport { source: self.link.source.as_str(), target: self.link.target.as_str() },
            partitions: self.rows.iter().map(|row| row.report(form)).collect(),
            missing_groups: self.missing.iter().map(|group| group.as_str()).collect(),
            uncommitted_partitions: self
                .uncommitted
                .iter()
                .map(|found| UncommittedReport {
                    group: found.group.as_str(),
                    topic: found.source.topic.as_str(),
                    partition: found.source.partition,
                    target_topic: found.target.topic.as_str(),
                    target_log_start: found.target_log.map(|log| form.write(log.start)),
                    target_log_end: found.target_log.map(|log| form.write(log.end)),
                    target_committed_offset: found.own.map(|offset| form.write(offset)),
                })
                .collect(),
            summary: self.summary().into(),
        }
    }
}

impl Row {
    /// The answer in the contract's JSON shape.
    pub fn report(&self, form: OffsetForm) -> PartitionReport<'_> {
        let target = self.position.target().map(|offset| form.write(offset));
        PartitionReport {
            group: self.group.as_ref().map(|group| group.as_str()),
            topic: self.source.topic.as_str(),
            partition: self.source.partition,
            source_offset: form.write(self.committed.offset),
            target_topic: self.target.topic.as_str(),
            low: self.position.target().map(|offset| form.write(offset)),
            high: self.position.high().map(|offset| form.write(offset)),
            target_offset: target,
            class: self.position.class(),
            reread_max: self.reread_max,
            reread_map: self.reread_map,
            reread_age: self.reread_age,
            as_of: self.as_of,
            committed_at: self.committed_at,
            assumptions: &self.assumptions,
            evidence: self
                .evidence
                .iter()
                .map(|finding| FindingReport { kind: finding.kind, detail: &finding.detail })
                .collect(),
            mm2: MirrorMakerReport {
                target_offset: self.mm2.target.map(|offset| form.write(offset)),
                reread_max: self.mm2.reread_max,
                known: self.mm2.is_known,
            },
        }
    }
}

impl From<Summary> for SummaryReport {
    fn from(summary: Summary) -> Self {
        let Summary {
            partitions,
            exact,
            bounded,
            floor,
            r#unsafe,
            unknown,
            reread_max,
            reread_map,
            reread_age,
            mm2_reread_max,
        } = summary;
        Self {
            partitions,
            exact,
            bounded,
            floor,
            r#unsafe,
            unknown,
            reread_max,
            reread_map,
            reread_age,
            mm2_reread_max,
        }
    }
}
