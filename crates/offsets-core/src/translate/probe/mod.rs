//! What the data topics themselves say, where the cheaper evidence leaves a bracket open: which records are to be read,
//! and what follows from them.

mod comparison;
mod contents;
mod count;
mod examination;
mod walk;
mod walked;
mod windows;

pub(super) use examination::{Examined, examine};
pub(super) use windows::Windows;

use super::{Assumption, Assumptions, Bound, Bracket, EvidenceKind, PartitionEvidence, Reason, SyncBack};
use crate::evidence::{Scan, ScannedRecord};
use crate::history::{Contradiction, OffsetPair};
use crate::model::{LogRange, SourceOffset, TargetOffset};
use comparison::Comparison;
use count::Counted;
use walked::Walked;

/// What a probe found.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    pub(super) floors: Vec<Bound>,
    pub(super) ceilings: Vec<Bound>,
    /// The last copy that was seen of the first record the group has not read.
    pub(super) copy: Option<OffsetPair>,
    /// Number of records that the group has read and that are not on the target yet.
    pub(super) ahead: u64,
    /// What the records say against the bracket.
    pub(super) contradiction: Option<Contradiction>,
    /// How many pairs of records, known by their offsets, were seen to be the same.
    pub(super) same: u64,
    /// Where records of the target's own begin in what was walked.
    pub(super) stop: Option<Stop>,
}

/// Records of the target that are not known on the source, inside what was walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::translate) struct Stop {
    /// Nothing in front of it is unread.
    pub(in crate::translate) at: TargetOffset,
    /// How many there are up to `until`.
    pub(in crate::translate) records: u64,
    /// Where the walk came to that passes them.
    pub(in crate::translate) until: TargetOffset,
}

impl Findings {
    /// Everything that follows from what was read.
    pub(super) fn of(e: &PartitionEvidence<'_>, g: SourceOffset, bracket: &Bracket) -> Self {
        let mut findings = Self::default();
        let Some(asked) = Windows::of(e, g, bracket) else { return findings };
        let windows = asked.clipped_to_kept(e, g);
        let source = windows.source.and_then(|window| slice(e.source_records, window));
        let Comparison { same, contradiction } =
            Comparison::of(e, bracket, &windows, source.unwrap_or_default());
        (findings.same, findings.contradiction) = (same, contradiction);
        if e.preserved || contradiction.is_some() {
            return findings;
        }
        if windows.target.is_empty() {
            findings.wait_at_end(e, g, bracket, &windows, source);
            return findings;
        }
        if let Some(walked) = Walked::by_header(e, g, &windows, bracket) {
            findings.take(e, walked, EvidenceKind::Headers);
        }
        let by_content = source.and_then(|source| Walked::by_content(e, g, &windows, bracket, source));
        // Where records are recognised, numbers can only be wrong: a hole and a foreign record cancel. Those of a part
        // that was kept do not speak for the rest, but they may not be contradicted.
        let recognises = by_content.as_ref().filter(|walked| walked.recognises).map(|walked| walked.walk);
        let counts = recognises.is_none() || asked != windows;
        if let Some((from, to)) = bracket.syncs().filter(|_| counts) {
            let counted = Counted::between(e, g, from, to, &windows, source);
            findings
                .extend(counted.filter(|counted| recognises.is_none_or(|walk| counted.agrees_with(&walk))));
        }
        if let Some(walked) = by_content {
            findings.take(e, walked, EvidenceKind::Content);
        }
        findings
    }

    /// The floor is the end of the log: no copy of an unread record is there, and the source tells how many records are
    /// still to come that the group has read.
    fn wait_at_end(
        &mut self,
        e: &PartitionEvidence<'_>,
        g: SourceOffset,
        bracket: &Bracket,
        windows: &Windows,
        source: Option<&[ScannedRecord<SourceOffset>]>,
    ) {
        let counted = windows.source.is_some_and(|window| g <= window.end);
        let (Some(copied), Some(source), true) = (known_before(bracket), source, counted) else { return };
        let ahead = source.iter().filter(|record| copied < record.offset && record.offset < g);
        self.ahead = ahead.count() as u64;
        let needs = bracket.floor.needs.and(OF_RECORDS);
        self.ceilings.push(Bound {
            at: e.target_log.end.max(bracket.floor.at),
            reason: Reason::LogEnd,
            needs,
        });
    }

    fn take(&mut self, e: &PartitionEvidence<'_>, walked: Walked, kind: EvidenceKind) {
        let Walked { walk, needs, copy, reaches_end, ahead, stop, recognises: _ } = walked;
        self.stop = self.stop.into_iter().chain(stop).min_by_key(|stop| stop.at);
        let reason = match kind {
            EvidenceKind::Headers => Reason::Header { passed: walk.passed, records: walk.steps },
            _ => Reason::Content { passed: walk.passed, records: walk.steps },
        };
        self.floors.push(Bound { at: walk.low, reason, needs });
        if let Some((at, least)) = walk.unread {
            let reason = match kind {
                EvidenceKind::Headers => Reason::HeaderAbove(OffsetPair::new(least, at)),
                _ => Reason::ContentAbove(OffsetPair::new(least, at)),
            };
            self.ceilings.push(Bound { at, reason, needs });
        } else if reaches_end && walk.is_clear {
            // Not one copy of an unread record is there, so the end of the log is the first place for one.
            let at = walk.low.max(e.target_log.end);
            self.floors.push(Bound { at, reason, needs });
            self.ceilings.push(Bound { at, reason: Reason::LogEnd, needs });
            self.ahead = ahead;
        }
        self.copy = self.copy.or(copy);
    }

    fn extend(&mut self, counted: Option<Counted>) {
        let Some(Counted { floor, ceiling, copy }) = counted else { return };
        self.floors.push(floor);
        self.ceilings.push(ceiling);
        self.copy = self.copy.or(copy);
    }
}

/// What every rule needs that goes from record to record.
const OF_RECORDS: Assumptions = Assumptions::NONE.with(Assumption::Order).with(Assumption::SameIncarnation);

/// The pair of records that a bound rests on.
fn known_pair(bound: &Bound) -> Option<OffsetPair> {
    match bound.reason {
        Reason::SyncBelow(sync) | Reason::SyncAbove(sync) => Some(sync),
        _ => None,
    }
}

/// The source offset of the record in front of the floor.
fn known_before(bracket: &Bracket) -> Option<SourceOffset> {
    match bracket.floor.reason {
        Reason::SyncBelow(sync) => Some(sync.upstream),
        Reason::SyncBack(SyncBack { target, source }) => (bracket.floor.at > target)
            .then_some(source)
            .or_else(|| Some(source.minus(1)).filter(|_| source > SourceOffset::ZERO)),
        _ => None,
    }
}

/// The records of a stretch, if all of it was read.
fn slice<O: Copy + Ord>(scans: &[Scan<O>], range: LogRange<O>) -> Option<&[ScannedRecord<O>]> {
    scans.iter().find_map(|scan| scan.within(range))
}
