use super::contents::Contents;
use super::walk::{Origin, Walk};
use super::{OF_RECORDS, Stop, Windows, known_before};
use crate::evidence::{Scan, ScannedRecord};
use crate::history::OffsetPair;
use crate::model::{LogRange, SourceOffset, TargetOffset};
use crate::translate::{Assumption, Assumptions, Bracket, EvidenceKind, PartitionEvidence};

/// A walk with what it rests on.
pub(super) struct Walked {
    pub(super) walk: Walk,
    pub(super) needs: Assumptions,
    /// The last copy that was seen of the first unread record.
    pub(super) copy: Option<OffsetPair>,
    /// Whether the target was read to its end, and of the source all that the group has read.
    pub(super) reaches_end: bool,
    /// How many records the group has read that were not met.
    pub(super) ahead: u64,
    /// Whether any record was recognised at all: none is where the replicator changes them.
    pub(super) recognises: bool,
    /// Where records begin that the walk passed though the source does not know them.
    pub(super) stop: Option<Stop>,
}

impl Walked {
    pub(super) fn by_header(
        e: &PartitionEvidence<'_>,
        g: SourceOffset,
        windows: &Windows,
        bracket: &Bracket,
    ) -> Option<Self> {
        if !e.rules.allows(EvidenceKind::Headers) {
            return None;
        }
        let (records, end) = from_floor(e.target_records, windows.target)?;
        records.iter().find(|record| record.origin.is_some())?;
        let (from, before) = (windows.target.start, known_before(bracket));
        let walk = |unnamed| {
            let origin = |record: &ScannedRecord<_>| match record.origin {
                Some(origin) if origin < g => Origin::Read { least: origin, most: origin },
                Some(origin) => Origin::Unread { least: origin },
                None => unnamed,
            };
            Walk::over(from, before, e.exactly_once, records, origin, |_, _| 0)
        };
        let strict = walk(Origin::Foreign);
        let walk = walk(Origin::Unclear);
        let stop = Stop::between(e, &strict, &walk, records, |record| record.origin.is_none());
        let copy = walk.unread.map(|(at, least)| {
            let last = records.iter().rfind(|record| record.origin == Some(least));
            OffsetPair::new(least, last.map_or(at, |record| record.offset))
        });
        let needs = needs_of_walk(e, bracket).with(Assumption::OriginHeaders);
        // Headers do not tell which records are still to come.
        let reaches_end = end >= e.target_log.end;
        Some(Self { walk, needs, copy, reaches_end, ahead: 0, recognises: true, stop })
    }

    pub(super) fn by_content(
        e: &PartitionEvidence<'_>,
        g: SourceOffset,
        windows: &Windows,
        bracket: &Bracket,
        source: &[ScannedRecord<SourceOffset>],
    ) -> Option<Self> {
        if !e.rules.allows(EvidenceKind::Content) {
            return None;
        }
        let (records, end) = from_floor(e.target_records, windows.target)?;
        let contents = Contents::of(source, records);
        let (from, before) = (windows.target.start, known_before(bracket));
        let walk = |strictly: bool| {
            let origin = |record: &ScannedRecord<_>| match contents.origin(record, g) {
                Origin::Unclear if strictly && !contents.knows(record) => Origin::Foreign,
                origin => origin,
            };
            // What the target is known to hold of its own is not taken for what the source has lost.
            let missing = |above, below| if e.has_originals() { 0 } else { missing(source, above, below) };
            Walk::over(from, before, e.exactly_once, records, origin, missing)
        };
        let strict = walk(true);
        let walk = walk(false);
        let stop = Stop::between(e, &strict, &walk, records, |record| !contents.knows(record));
        let copy = walk.unread.and_then(|(at, _)| {
            let first = records.iter().find(|record| record.offset == at)?;
            let most = contents.most(first)?;
            let last = records.iter().rfind(|record| contents.most(record) == Some(most))?;
            Some(OffsetPair::new(most, last.offset))
        });
        let read = &source[..source.partition_point(|record| record.offset < g)];
        let passed = walk.passed.map_or(0, |passed| read.partition_point(|record| record.offset <= passed));
        Some(Self {
            recognises: records.iter().any(|record| contents.most(record).is_some()),
            needs: needs_of_walk(e, bracket).with(Assumption::DistinctRecords),
            walk,
            copy,
            stop,
            // What was not read of the source cannot be counted.
            reaches_end: end >= e.target_log.end && windows.source.is_some_and(|window| g <= window.end),
            ahead: (read.len() - passed) as u64,
        })
    }
}

/// What a walk rests on. Where every record of the target is the group's to read, those that nothing on the source looks like
/// are taken for records that it has deleted, as long as it lacks as many offsets there.
fn needs_of_walk(e: &PartitionEvidence<'_>, bracket: &Bracket) -> Assumptions {
    let needs = bracket.floor.needs.and(OF_RECORDS);
    if e.shared { needs.with(Assumption::SoleWriter) } else { needs }
}

impl Stop {
    /// What a walk passed that a stricter one does not, where every record of the target is the group's to read.
    fn between(
        e: &PartitionEvidence<'_>,
        strict: &Walk,
        walk: &Walk,
        records: &[ScannedRecord<TargetOffset>],
        is_foreign: impl Fn(&ScannedRecord<TargetOffset>) -> bool,
    ) -> Option<Self> {
        if !e.shared || strict.low >= walk.low {
            return None;
        }
        let passed = records.iter().filter(|record| strict.low <= record.offset && record.offset < walk.low);
        let mut foreign = passed.filter(|record| is_foreign(record)).peekable();
        let first = foreign.peek().map_or(strict.low, |record| record.offset);
        Some(Self { at: strict.low.min(first), records: foreign.count() as u64, until: walk.low })
    }
}

/// How many offsets the source lacks between two of its records.
fn missing(source: &[ScannedRecord<SourceOffset>], above: SourceOffset, below: SourceOffset) -> u64 {
    let from = source.partition_point(|record| record.offset <= above);
    let to = source.partition_point(|record| record.offset < below);
    above.next().distance_to(below).saturating_sub(to.saturating_sub(from) as u64)
}

/// The records from the beginning of a stretch on, and how far it was read.
fn from_floor(
    scans: &[Scan<TargetOffset>],
    range: LogRange<TargetOffset>,
) -> Option<(&[ScannedRecord<TargetOffset>], TargetOffset)> {
    let scan =
        scans.iter().find(|scan| scan.offsets.start <= range.start && range.start < scan.offsets.end)?;
    let end = scan.offsets.end.min(range.end);
    Some((scan.within(LogRange { start: range.start, end })?, end))
}
