//! What the data topics themselves say, where the cheaper evidence leaves a bracket open: which records are to be read,
//! and what follows from them.

use super::count::Count;
use super::walk::{Contents, Origin, Walk};
use super::{Assumption, Assumptions, Bound, Bracket, EvidenceKind, PartitionEvidence, Reason};
use crate::evidence::{Scan, ScannedRecord};
use crate::history::Sync;
use crate::model::{LogRange, SourceOffset, TargetOffset};

/// How many source offsets below the commit are looked at where no sync tells which record stands at the floor.
const LOOK_BACK: u64 = 1024;

/// The stretches of both logs in which an answer can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Windows {
    /// From the floor up to and including the record at the ceiling, or to the log end.
    pub(super) target: LogRange<TargetOffset>,
    /// The source offsets whose copies can stand there; `None` when the source is not to be read.
    pub(super) source: Option<LogRange<SourceOffset>>,
    /// What has to be read of the target: with as much in front of it as is needed to see what comes twice.
    pub(super) reach: LogRange<TargetOffset>,
}

/// What a probe found.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    pub(super) floors: Vec<Bound>,
    pub(super) ceilings: Vec<Bound>,
    /// The last copy that was seen of the first record the group has not read.
    pub(super) copy: Option<Sync>,
    /// How many records the group has read that are not on the target: it is ahead of replication by so many.
    pub(super) ahead: u64,
}

impl Windows {
    /// The stretches to read for a bracket; `None` where nothing can be gained, or too much would have to be read.
    pub(super) fn of(e: &PartitionEvidence<'_>, g: SourceOffset, bracket: &Bracket) -> Option<Self> {
        if bracket.is_exact() || !e.rules.admit_any(&PROBES) || e.doubt(g).is_some() {
            return None;
        }
        let between = bracket.syncs();
        let start = bracket.floor.at;
        let end = match &bracket.ceiling {
            Some(Bound { at, reason: Reason::SyncAbove(_), .. }) => at.next().min(e.target_log.end),
            _ => e.target_log.end,
        };
        let limit = e.rules.probe_max_records;
        let end = end.min(start.plus(limit));
        // A sync proves the record it stands at; counting begins there and looks as far back as forward.
        let reach = match between {
            Some((from, to)) => from.downstream.minus(from.downstream.distance_to(to.downstream)),
            None => start,
        };
        let target = LogRange { start, end };
        let reach = LogRange { start: reach.max(e.target_log.start).min(start), end };
        let source = e.source_log.and_then(|log| source_window(e, g, bracket, log, target));
        (!target.is_empty()).then_some(Self { target, source, reach })
    }
}

const PROBES: [EvidenceKind; 4] =
    [EvidenceKind::TargetScan, EvidenceKind::SourceScan, EvidenceKind::Content, EvidenceKind::Headers];

/// What every rule needs that goes from record to record.
const OF_RECORDS: Assumptions = Assumptions::NONE.with(Assumption::Order).with(Assumption::SameIncarnation);

/// Every source offset whose copy can stand in the target's window: from the record in front of the floor, to the one
/// at the ceiling or as far as the window is long.
fn source_window(
    e: &PartitionEvidence<'_>,
    g: SourceOffset,
    bracket: &Bracket,
    log: LogRange<SourceOffset>,
    target: LogRange<TargetOffset>,
) -> Option<LogRange<SourceOffset>> {
    if !e.rules.admit_any(&[EvidenceKind::SourceScan, EvidenceKind::Content]) {
        return None;
    }
    let length = target.start.distance_to(target.end);
    let below = match bracket.floor.reason {
        Reason::SyncBelow(sync) => sync.upstream,
        _ => g.minus(length.saturating_add(LOOK_BACK)),
    };
    let above = match bracket.ceiling.as_ref().map(|ceiling| ceiling.reason) {
        Some(Reason::SyncAbove(sync)) => sync.upstream.next(),
        _ => log.end,
    };
    let start = below.max(log.start).min(g);
    let end = above.min(log.end).min(start.plus(e.rules.probe_max_records));
    (g <= end && start < end).then_some(LogRange { start, end })
}

impl Findings {
    /// Everything that follows from what was read.
    pub(super) fn of(e: &PartitionEvidence<'_>, g: SourceOffset, bracket: &Bracket) -> Self {
        let mut findings = Self::default();
        let Some(windows) = Windows::of(e, g, bracket) else { return findings };
        let source = windows.source.and_then(|window| slice(e.source_records, window));
        if let Some(walked) = Walked::by_header(e, g, &windows, bracket) {
            findings.take(e, walked, EvidenceKind::Headers);
        }
        if let Some(walked) = source.and_then(|source| Walked::by_content(e, g, &windows, bracket, source)) {
            findings.take(e, walked, EvidenceKind::Content);
        }
        if let Some((from, to)) = bracket.syncs() {
            findings.count(e, g, from, to, &windows, source);
        }
        findings
    }

    fn take(&mut self, e: &PartitionEvidence<'_>, walked: Walked, kind: EvidenceKind) {
        let Walked { walk, needs, copy, reaches_end, ahead } = walked;
        let reason = match kind {
            EvidenceKind::Headers => Reason::Header { passed: walk.passed, records: walk.steps },
            _ => Reason::Content { passed: walk.passed, records: walk.steps },
        };
        self.floors.push(Bound { at: walk.low, reason, needs });
        if let Some((at, least)) = walk.unread {
            let reason = match kind {
                EvidenceKind::Headers => Reason::HeaderAbove(Sync::new(least, at)),
                _ => Reason::ContentAbove(Sync::new(least, at)),
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

    /// Counting is proof only where nobody else writes to the partition. While the source lives it has to be borne out by
    /// the offsets the source really holds; once it is dead, anything in the syncs that speaks of another writer forbids
    /// it.
    fn count(
        &mut self,
        e: &PartitionEvidence<'_>,
        g: SourceOffset,
        from: Sync,
        to: Sync,
        windows: &Windows,
        source: Option<&[ScannedRecord<SourceOffset>]>,
    ) {
        let confirmed = e.rules.admit(EvidenceKind::SourceScan);
        let kept = e.source_log.is_some_and(|log| log.start <= from.upstream.next());
        let source = source.filter(|_| confirmed && kept);
        let source = source.map(|source| {
            let after = source.partition_point(|record| record.offset <= from.upstream);
            &source[after..]
        });
        let may_count = match (e.source_alive, source) {
            (true, None) => false,
            (_, _) => e.rules.admit(EvidenceKind::TargetScan),
        };
        let shown = e.history.is_some_and(|history| history.outruns() && !e.exactly_once);
        // What retention has taken from in front of the bracket may have been copied again inside it.
        let seen_before = from.downstream.distance_to(to.downstream)
            <= windows.reach.start.distance_to(from.downstream)
            || e.target_log.start == TargetOffset::ZERO;
        if !may_count || shown || !seen_before {
            return;
        }
        let Some(target) = slice(e.target_records, windows.reach) else { return };
        // Compaction may have taken the first copy of what was copied again, and then nothing repeats.
        let read = windows.reach.start.distance_to(windows.reach.end);
        if !e.exactly_once && (target.len() as u64) < read {
            return;
        }
        let Some(count) = Count::between(from, to, g, target, source) else { return };
        let needs = e.needs_of_order().with(Assumption::SoleWriter);
        let needs = if source.is_some() { needs.with(Assumption::SourceKept) } else { needs };
        let reason = Reason::Count { from, to, found: count.found, expected: count.expected };
        self.floors.push(Bound { at: count.low, reason, needs });
        self.ceilings.push(Bound { at: count.high, reason, needs });
        let next = match source {
            Some(source) => {
                source.get(source.partition_point(|record| record.offset < g)).map(|next| next.offset)
            }
            None => Some(g),
        };
        if let (None, Some(next), true) =
            (self.copy, next, count.low == count.high && count.found == count.expected)
        {
            self.copy = Some(Sync::new(next, count.low));
        }
    }
}

/// A walk with what it rests on.
struct Walked {
    walk: Walk,
    needs: Assumptions,
    copy: Option<Sync>,
    reaches_end: bool,
    ahead: u64,
}

impl Walked {
    fn by_header(
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
        Some(Self { walk, needs, copy, reaches_end: end >= e.target_log.end, ahead: 0 })
    }

    fn by_content(
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
            needs: bracket.floor.needs.and(OF_RECORDS).with(Assumption::DistinctRecords),
            walk,
            copy,
            reaches_end: end >= e.target_log.end,
            ahead: (read.len() - passed) as u64,
        })
    }
}

/// The source offset of the record in front of the floor.
fn known_before(bracket: &Bracket) -> Option<SourceOffset> {
    match bracket.floor.reason {
        Reason::SyncBelow(sync) => Some(sync.upstream),
        _ => None,
    }
}

/// The records of a stretch, if all of it was read.
fn slice<O: Copy + Ord>(scans: &[Scan<O>], range: LogRange<O>) -> Option<&[ScannedRecord<O>]> {
    scans.iter().find_map(|scan| scan.within(range))
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
