use super::contents::Contents;
use super::slice;
use crate::model::{LogRange, SourceOffset, TargetOffset};
use crate::translate::PartitionEvidence;

/// What is known of the records of a stretch of the target, each of which is the group's to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::translate) enum Examined {
    /// All of them are on the source too, below the commit.
    Read,
    /// The first that is not, or may not be, and how many have nothing like them on the source.
    Unread {
        first: TargetOffset,
        foreign: u64,
        /// How many offsets the source lacks where it was looked at: records it has deleted, or markers.
        missing: u64,
    },
    /// The records were not read, or not all of them.
    Unknown,
}

/// Looks for each record of a stretch of the target among those of a stretch of the source.
pub(in crate::translate) fn examine(
    e: &PartitionEvidence<'_>,
    g: SourceOffset,
    target: LogRange<TargetOffset>,
    source: LogRange<SourceOffset>,
) -> Examined {
    let log = match e.source_log {
        Some(log) => LogRange { start: source.start.max(log.start), end: source.end.min(log.end) },
        None => source,
    };
    let Some(records) = slice(e.target_records, target) else { return Examined::Unknown };
    let originals = match slice(e.source_records, log) {
        Some(originals) => originals,
        None if log.is_empty() && e.source_log.is_some() => &[],
        None => return Examined::Unknown,
    };
    let contents = Contents::of(originals, records);
    let is_read = |place: Option<(SourceOffset, SourceOffset)>| place.is_some_and(|(_, most)| most < g);
    match records.iter().find(|record| !is_read(contents.place(record))) {
        None => Examined::Read,
        Some(first) => Examined::Unread {
            first: first.offset,
            foreign: records.iter().filter(|record| !contents.knows(record)).count() as u64,
            missing: log.start.distance_to(log.end).saturating_sub(originals.len() as u64),
        },
    }
}
