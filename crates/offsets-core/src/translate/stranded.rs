//! Records of the target that came over no link and that a group of the source has yet to read.
//!
//! Where copies have the names of their originals, the target's topic may hold records of its own: those that it took while
//! it was the original itself, or that another producer wrote there. A group reads the topic, whichever cluster that is on, so
//! such a record is unread unless the group has read its copy on the source. Nothing that this link has written down tells
//! of it: floors by its syncs pass it.

use serde::Serialize;

use super::probe::{Examined, examine};
use super::{Assumption, Assumptions, Bound, EvidenceKind, PartitionEvidence, Reason};
use crate::evidence::Span;
use crate::history::OffsetPair;
use crate::model::{LogRange, SourceOffset, TargetOffset, TopicPartition};

/// Records of the target that a position by this link's own evidence would pass unread, or may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stranded {
    /// The first of them: nothing unread lies in front of it.
    pub first: TargetOffset,
    /// The position that this link's own evidence gives, behind them.
    pub beyond: TargetOffset,
    /// How many records have nothing like them on the source; `None` where the records were not compared.
    pub records: Option<u64>,
    /// How many offsets of the target are not accounted for.
    pub offsets: u64,
}

/// A stretch of the target that is not known to hold nothing but copies, and the source offsets at which its records stand
/// if they are on the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    target: LogRange<TargetOffset>,
    source: LogRange<SourceOffset>,
    /// Whether what is not known of it holds a position down, or only more records that are not on the source than it has
    /// lost.
    holds: bool,
    /// What may be unread too where its first record is.
    reaches: TargetOffset,
}

/// What is known of all stretches in front of a floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) first: TargetOffset,
    records: Option<u64>,
    offsets: u64,
}

impl Held {
    /// What holds a floor down; `None` where everything in front of it is accounted for.
    pub(super) fn under(e: &PartitionEvidence<'_>, g: SourceOffset, floor: &Bound) -> Option<Self> {
        let mut held: Option<Self> = None;
        for stretch in stretches(e, g, floor) {
            let Stretch { target, source, holds, reaches } = stretch;
            let (first, foreign) = match examine(e, g, target, source) {
                Examined::Read => continue,
                Examined::Unknown if !holds => continue,
                Examined::Unread { foreign, missing, .. } if !holds && foreign <= missing => continue,
                Examined::Unread { first, foreign, .. } if first > target.start => (first, Some(foreign)),
                Examined::Unread { foreign, .. } => (reaches, Some(foreign)),
                Examined::Unknown => (e.first_uncopied(g).max(target.start), None),
            };
            if first >= target.end {
                continue;
            }
            let offsets = first.max(target.start).distance_to(target.end);
            held = Some(match held {
                None => Self { first, records: foreign, offsets },
                Some(held) => Self {
                    records: held.records.zip(foreign).map(|(one, other)| one + other),
                    offsets: held.offsets.saturating_add(offsets),
                    ..held
                },
            });
        }
        held
    }

    /// The same with the position that it holds down.
    pub(super) fn below(self, beyond: TargetOffset) -> Stranded {
        let Self { first, records, offsets } = self;
        Stranded { first, beyond, records, offsets }
    }
}

impl PartitionEvidence<'_> {
    /// The records to read for all that a floor may pass: on the target, on the source.
    pub(super) fn spans_in_front(
        &self,
        g: SourceOffset,
        floor: &Bound,
        (source, target): (&TopicPartition, &TopicPartition),
    ) -> (Vec<Span<SourceOffset>>, Vec<Span<TargetOffset>>) {
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        let mut left = self.rules.probe_max_records;
        let content = self.rules.allows(EvidenceKind::Content);
        for stretch in stretches(self, g, floor).into_iter().filter(|_| content) {
            let length = |range: u64, left: u64| left.checked_sub(range);
            let (of_target, of_source) = (
                stretch.target.start.distance_to(stretch.target.end),
                stretch.source.start.distance_to(stretch.source.end),
            );
            let Some(rest) = length(of_target.max(of_source), left) else { break };
            left = rest;
            targets.push(Span { partition: target.clone(), offsets: stretch.target });
            let log = self.source_log.unwrap_or(stretch.source);
            let offsets =
                LogRange { start: stretch.source.start.max(log.start), end: stretch.source.end.min(log.end) };
            if !offsets.is_empty() {
                sources.push(Span { partition: source.clone(), offsets });
            }
        }
        (sources, targets)
    }

    /// The first of the target's own records that the worker of the flow back is not known to have copied in front of the
    /// commit. Its position says so only of a group that is at the end of the source.
    fn first_uncopied(&self, g: SourceOffset) -> TargetOffset {
        let at_end = self.source_log.is_some_and(|log| log.end <= g);
        let through = self.back_through.filter(|&through| at_end && through < self.target_log.end);
        through.map_or(TargetOffset::ZERO, TargetOffset::next)
    }
}

/// How much further than the records of a stretch reach their copies are looked for.
const LOOK_ASIDE: u64 = 1024;

/// How many records in front of the first known copy are looked at where nothing speaks of records of the target's own.
const SAMPLE: u64 = 64;

/// The stretches in front of a floor that are not known to hold nothing but copies, rising.
fn stretches(e: &PartitionEvidence<'_>, g: SourceOffset, floor: &Bound) -> Vec<Stretch> {
    // Other floors do not rest on what this link copied.
    let by_copies = matches!(floor.reason, Reason::SyncBelow(_) | Reason::Checkpoint(_));
    if !e.shared || e.preserved || !by_copies {
        return Vec::new();
    }
    let back = super::floors::sync_back(e, g);
    let read = back.map_or(e.target_log.start, |back| back.at.max(e.target_log.start));
    let mut stretches: Vec<Stretch> = in_front_of_copies(e, g, floor, read).into_iter().collect();
    let surpluses = e.history.into_iter().flat_map(|history| history.surpluses());
    for (before, after) in surpluses.take_while(|(before, _)| before.downstream < floor.at) {
        let target =
            LogRange { start: before.downstream.next().max(read), end: after.downstream.min(floor.at) };
        // A replay, or the markers of an exactly-once MM2, explain it, unless more than that is known.
        let explained = before.upstream >= after.upstream || e.exactly_once;
        let written = before.downstream.distance_to(after.downstream);
        let low = before.upstream.min(after.upstream);
        let high = before.upstream.max(after.upstream);
        let source = LogRange { start: low, end: high.next().plus(written) };
        let holds = !explained || e.has_originals();
        stretches.push(Stretch { target, source, holds, reaches: target.start });
    }
    stretches.retain(|stretch| !stretch.target.is_empty());
    stretches
}

/// What lies in front of the first copy that is known.
fn in_front_of_copies(
    e: &PartitionEvidence<'_>,
    g: SourceOffset,
    floor: &Bound,
    read: TargetOffset,
) -> Option<Stretch> {
    let first = e.history.map(|history| history.oldest_present());
    let end = first.map_or(floor.at, |first| first.downstream).min(floor.at);
    let upstream = first.map_or(g, |first: OffsetPair| first.upstream);
    let own = e.own.map(|own| own.max(e.target_log.start)).filter(|&own| own < end);
    let start = match (e.has_originals(), own) {
        (true, _) => read,
        (false, Some(own)) => own,
        // Records of which nothing tells: the last of them show whether they are the source's.
        (false, None) => {
            let start = end.minus(SAMPLE).max(e.target_log.start);
            let kept = e.source_log.is_some_and(|log| log.start.plus(SAMPLE) <= upstream);
            let length = start.distance_to(end);
            let source = LogRange { start: upstream.minus(length + LOOK_ASIDE), end: upstream.next() };
            return (kept && !e.exactly_once).then_some(Stretch {
                target: LogRange { start, end },
                source,
                holds: false,
                reaches: e.target_log.start,
            });
        }
    };
    let length = start.distance_to(end);
    // Copies of the target's own records stand behind the last that is known; those of the source's in front of the first.
    let pair = e.pair_back(g).map(|pair| pair.source);
    let from = match (e.has_originals(), pair) {
        (true, Some(pair)) => pair.minus(LOOK_ASIDE),
        (true, None) => SourceOffset::ZERO,
        (false, _) => upstream.minus(length.saturating_add(LOOK_ASIDE)),
    };
    let to = upstream.next().max(from.plus(length.saturating_add(LOOK_ASIDE)));
    Some(Stretch {
        target: LogRange { start, end },
        source: LogRange { start: from, end: to },
        holds: true,
        reaches: start,
    })
}

impl Stranded {
    /// What a floor rests on that stops in front of them.
    pub(super) fn needs(needs: Assumptions) -> Assumptions {
        needs.with(Assumption::DistinctRecords)
    }
}
