use super::contents::Contents;
use super::walk::{Origin, Walk};
use super::{OF_RECORDS, Windows, known_before};
use crate::evidence::{Scan, ScannedRecord};
use crate::history::Sync;
use crate::model::{LogRange, SourceOffset, TargetOffset};
use crate::translate::{Assumption, Assumptions, Bracket, EvidenceKind, PartitionEvidence};

/// A walk with what it rests on.
pub(super) struct Walked {
    pub(super) walk: Walk,
    pub(super) needs: Assumptions,
    /// The last copy that was seen of the first unread record.
    pub(super) copy: Option<Sync>,
    /// Whether the target was read to its end, and of the source all that the group has read.
    pub(super) reaches_end: bool,
    /// How many records the group has read that were not met.
    pub(super) ahead: u64,
    /// Whether any record was recognised at all: none is where the replicator changes them.
    pub(super) recognises: bool,
}

impl Walked {
    pub(super) fn by_header(
        e: &PartitionEvidence<'_>,
        g: SourceOffset,
        windows: &Windows,
        bracket: &Bracket,
    ) -> Option<Self> {
        if !e.rules.admit(EvidenceKind::Headers) {
            return None;
        }
        let (records, end) = from_floor(e.target_records, windows.target)?;
        records.iter().find(|record| record.origin.is_some())?;
        let walk =
            Walk::over(windows.target.start, known_before(bracket), e.exactly_once, records, |record| {
                match record.origin {
                    Some(origin) if origin < g => Origin::Read { least: origin, most: origin },
                    Some(origin) => Origin::Unread { least: origin },
                    None => Origin::Unclear,
                }
            });
        let copy = walk.unread.map(|(at, least)| {
            let last = records.iter().rfind(|record| record.origin == Some(least));
            Sync::new(least, last.map_or(at, |record| record.offset))
        });
        let needs = bracket.floor.needs.and(OF_RECORDS).with(Assumption::OriginHeaders);
        // Headers do not tell which records are still to come.
        let reaches_end = end >= e.target_log.end;
        Some(Self { walk, needs, copy, reaches_end, ahead: 0, recognises: true })
    }

    pub(super) fn by_content(
        e: &PartitionEvidence<'_>,
        g: SourceOffset,
        windows: &Windows,
        bracket: &Bracket,
        source: &[ScannedRecord<SourceOffset>],
    ) -> Option<Self> {
        if !e.rules.admit(EvidenceKind::Content) {
            return None;
        }
        let (records, end) = from_floor(e.target_records, windows.target)?;
        let contents = Contents::of(source, records);
        let walk =
            Walk::over(windows.target.start, known_before(bracket), e.exactly_once, records, |record| {
                contents.origin(record, g)
            });
        let copy = walk.unread.and_then(|(at, _)| {
            let first = records.iter().find(|record| record.offset == at)?;
            let most = contents.most(first)?;
            let last = records.iter().rfind(|record| contents.most(record) == Some(most))?;
            Some(Sync::new(most, last.offset))
        });
        let read = &source[..source.partition_point(|record| record.offset < g)];
        let passed = walk.passed.map_or(0, |passed| read.partition_point(|record| record.offset <= passed));
        Some(Self {
            recognises: records.iter().any(|record| contents.most(record).is_some()),
            needs: bracket.floor.needs.and(OF_RECORDS).with(Assumption::DistinctRecords),
            walk,
            copy,
            // What was not read of the source cannot be counted.
            reaches_end: end >= e.target_log.end && windows.source.is_some_and(|window| g <= window.end),
            ahead: (read.len() - passed) as u64,
        })
    }
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
