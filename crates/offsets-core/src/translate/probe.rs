//! What the data topics themselves say, where the cheaper evidence leaves a bracket open: which records are to be read,
//! and what follows from them.

use super::count::Count;
use super::walk::{Contents, Origin, Walk};
use super::{Assumption, Assumptions, Bound, Bracket, EvidenceKind, PartitionEvidence, Reason};
use crate::evidence::{Scan, ScannedRecord};
use crate::history::{Doubt, Sync};
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
    /// What the records say against the bracket.
    pub(super) doubt: Option<Doubt>,
    /// How many pairs of records, known by their offsets, were seen to be the same.
    pub(super) same: u64,
}

impl Windows {
    /// The stretches to read for a bracket; `None` where nothing can be gained, or too much would have to be read.
    pub(super) fn of(e: &PartitionEvidence<'_>, g: SourceOffset, bracket: &Bracket) -> Option<Self> {
        if e.preserved {
            return Self::at_clamp(e, bracket);
        }
        if bracket.is_exact() || !e.rules.admit_probes() || e.doubt(g).is_some() {
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
            None => known_pair(&bracket.floor).map_or(start, |pair| pair.downstream.min(start)),
        };
        let target = LogRange { start, end };
        let reach = LogRange { start: reach.max(e.target_log.start).min(start), end };
        let source = e.source_log.and_then(|log| source_window(e, g, bracket, log, target));
        // Where nothing is left to read on the target, the source tells whether anything is still to come.
        (!target.is_empty() || source.is_some()).then_some(Self { target, source, reach })
    }
}

impl Windows {
    /// The last records in front of the position, on a link that preserves offsets: they must be the same on both sides.
    fn at_clamp(e: &PartitionEvidence<'_>, bracket: &Bracket) -> Option<Self> {
        let (end, log) = (bracket.floor.at, e.source_log?);
        let start = end.minus(SAMPLE.min(e.rules.probe_max_records)).max(e.target_log.start);
        let (from, to) = (SourceOffset::new(start.get()).ok()?, SourceOffset::new(end.get()).ok()?);
        let source = LogRange { start: from.max(log.start), end: to.min(log.end) };
        let target = LogRange { start, end };
        let wanted = e.rules.admit(EvidenceKind::Content) && !target.is_empty() && !source.is_empty();
        wanted.then_some(Self { target, source: Some(source), reach: target })
    }
}

/// How many records are compared where a link preserves offsets.
const SAMPLE: u64 = 64;

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
    (start < end).then_some(LogRange { start, end })
}

impl Findings {
    /// Everything that follows from what was read.
    pub(super) fn of(e: &PartitionEvidence<'_>, g: SourceOffset, bracket: &Bracket) -> Self {
        let mut findings = Self::default();
        let Some(windows) = Windows::of(e, g, bracket) else { return findings };
        let source = windows.source.and_then(|window| slice(e.source_records, window));
        findings.compare(e, bracket, &windows, source.unwrap_or_default());
        if e.preserved || findings.doubt.is_some() {
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
        // Where records are recognised, numbers can only be wrong: a hole and a foreign record cancel.
        let recognised = by_content.as_ref().is_some_and(|walked| walked.recognises);
        if let Some(walked) = by_content {
            findings.take(e, walked, EvidenceKind::Content);
        }
        if let Some((from, to)) = bracket.syncs().filter(|_| !recognised) {
            findings.count(e, g, from, to, &windows, source);
        }
        findings
    }

    /// Looks at the records that are known by their offsets to be the same: those at the syncs, or on a link that
    /// preserves offsets all of them. A replicator may change key and value, or the timestamp; both at once is another
    /// record.
    fn compare(
        &mut self,
        e: &PartitionEvidence<'_>,
        bracket: &Bracket,
        windows: &Windows,
        source: &[ScannedRecord<SourceOffset>],
    ) {
        let target = slice(e.target_records, windows.reach).unwrap_or_default();
        let ends = [known_pair(&bracket.floor), bracket.ceiling.as_ref().and_then(known_pair)];
        let same_offset = source.iter().filter(|_| e.preserved).filter_map(|record| {
            Some(Sync::new(record.offset, TargetOffset::new(record.offset.get()).ok()?))
        });
        for pair in ends.into_iter().flatten().chain(same_offset) {
            let original = source.binary_search_by_key(&pair.upstream, |record| record.offset);
            let copy = target.binary_search_by_key(&pair.downstream, |record| record.offset);
            let (Ok(original), Ok(copy)) = (original, copy) else { continue };
            let (original, copy) = (&source[original], &target[copy]);
            if original.content == copy.content {
                self.same += 1;
            } else if original.created_ms.zip(copy.created_ms).is_some_and(|(theirs, ours)| theirs != ours) {
                self.doubt = Some(Doubt::OtherRecord { pair });
                return;
            }
        }
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
        let Walked { walk, needs, copy, reaches_end, ahead, recognises: _ } = walked;
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
        // Compaction takes the first of two copies and leaves the second. Where there are no transactions, it shows.
        let whole =
            e.exactly_once || windows.reach.start.distance_to(windows.reach.end) == target.len() as u64;
        if !whole {
            return;
        }
        let Some(count) = Count::between(from, to, g, target, source) else { return };
        let needs = e.needs_of_order().with(Assumption::SoleWriter).with(Assumption::SourceKept);
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
    /// Whether any record was recognised at all: none is where the replicator changes them.
    recognises: bool,
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
        let reaches_end = end >= e.target_log.end;
        Some(Self { walk, needs, copy, reaches_end, ahead: 0, recognises: true })
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

/// The pair of records that a bound rests on.
fn known_pair(bound: &Bound) -> Option<Sync> {
    match bound.reason {
        Reason::SyncBelow(sync) | Reason::SyncAbove(sync) => Some(sync),
        _ => None,
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
