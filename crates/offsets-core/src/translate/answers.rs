use super::wanted::Wanted;
use super::{EvidencePolicy, Row};
use crate::evidence::Evidence;
use crate::model::{CommittedOffset, SourceOffset, TopicPartition};

/// The answers that evidence gives for source offsets, as it stands and in the order they are given.
///
/// The same that an [`Translator`](super::Translator) comes to whose only source is this evidence, without the queries: for
/// a caller that has all the evidence already and asks often.
pub fn answers(
    evidence: &Evidence,
    rules: &EvidencePolicy,
    offsets: &[(TopicPartition, SourceOffset)],
) -> Vec<Row> {
    let wanted = |(source, offset): &(TopicPartition, SourceOffset)| Wanted {
        group: None,
        source: source.clone(),
        committed: CommittedOffset { offset: *offset, metadata: String::new() },
        as_of: evidence.as_of,
        committed_at: None,
        earlier: None,
        live: true,
    };
    Row::answer(evidence, rules, offsets.iter().map(wanted).collect())
}
