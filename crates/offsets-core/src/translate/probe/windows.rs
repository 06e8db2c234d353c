use super::known_pair;
use crate::evidence::Scan;
use crate::model::{LogRange, SourceOffset, TargetOffset};
use crate::translate::{Bound, Bracket, EvidenceKind, PartitionEvidence, Reason};

/// The stretches of both logs in which an answer can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::translate) struct Windows {
    /// From the floor up to and including the record at the ceiling, or to the log end.
    pub(in crate::translate) target: LogRange<TargetOffset>,
    /// The source offsets whose copies can stand there; `None` when the source is not to be read.
    pub(in crate::translate) source: Option<LogRange<SourceOffset>>,
    /// What has to be read of the target: with as much in front of it as is needed to see what comes twice.
    pub(in crate::translate) reach: LogRange<TargetOffset>,
}

impl Windows {
    /// The stretches to read for a bracket; `None` where nothing can be gained, or too much would have to be read.
    pub(in crate::translate) fn of(
        e: &PartitionEvidence<'_>,
        g: SourceOffset,
        bracket: &Bracket,
    ) -> Option<Self> {
        if e.target_log_unknown.is_some() {
            return None;
        }
        if e.preserved {
            return Self::at_clamp(e, bracket);
        }
        if bracket.is_exact() || !e.rules.allows_probes() || e.contradiction(g).is_some() {
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
        // Of a dead source what was kept is asked for, wherever in its log that is.
        let log = if e.source_alive { e.source_log } else { Some(ANYWHERE) };
        let source = log.and_then(|log| source_window(e, g, bracket, log, target));
        // Where nothing is left to read on the target, the source tells whether anything is still to come.
        (!target.is_empty() || source.is_some()).then_some(Self { target, source, reach })
    }

    /// The same with as much of the source as was kept of it, where it is dead: the stretch that the commit lies in, or the
    /// nearest one below it, or the next one. What lies in front of it or behind stays unknown, and stops a walk.
    pub(super) fn clipped_to_kept(self, e: &PartitionEvidence<'_>, g: SourceOffset) -> Self {
        if e.source_alive {
            return self;
        }
        let Self { source: Some(LogRange { start, end }), .. } = self else { return self };
        let kept = e.source_records.iter().map(|Scan { offsets, .. }| LogRange {
            start: offsets.start.max(start),
            end: offsets.end.min(end),
        });
        let kept = kept.filter(|kept| kept.start < kept.end);
        let (below, above): (Vec<_>, Vec<_>) = kept.partition(|kept| kept.start <= g);
        let below = below.into_iter().max_by_key(|kept| (kept.start, kept.end));
        Self { source: below.or_else(|| above.into_iter().min_by_key(|kept| kept.start)), ..self }
    }

    /// The last records in front of the position, on a link that preserves offsets: they must be the same on both sides.
    fn at_clamp(e: &PartitionEvidence<'_>, bracket: &Bracket) -> Option<Self> {
        let (end, log) = (bracket.floor.at, e.source_log?);
        let start = end.minus(SAMPLE.min(e.rules.probe_max_records)).max(e.target_log.start);
        let (from, to) = (SourceOffset::new(start.get()).ok()?, SourceOffset::new(end.get()).ok()?);
        let source = LogRange { start: from.max(log.start), end: to.min(log.end) };
        let target = LogRange { start, end };
        let wanted = e.rules.allows(EvidenceKind::Content) && !target.is_empty() && !source.is_empty();
        wanted.then_some(Self { target, source: Some(source), reach: target })
    }
}

/// Every offset a log can have.
const ANYWHERE: LogRange<SourceOffset> =
    LogRange { start: SourceOffset::ZERO, end: SourceOffset::ZERO.plus(u64::MAX) };

/// How many records are compared where a link preserves offsets.
const SAMPLE: u64 = 64;

/// Every source offset whose copy can stand in the target's window: from the record in front of the floor, to the one
/// at the ceiling or as far as the window is long.
fn source_window(
    e: &PartitionEvidence<'_>,
    g: SourceOffset,
    bracket: &Bracket,
    log: LogRange<SourceOffset>,
    target: LogRange<TargetOffset>,
) -> Option<LogRange<SourceOffset>> {
    if !e.rules.allows_any(&[EvidenceKind::SourceScan, EvidenceKind::Content]) {
        return None;
    }
    let length = target.start.distance_to(target.end);
    let below = match bracket.floor.reason {
        Reason::SyncBelow(sync) => sync.upstream,
        Reason::SyncBack(sync) => sync.source.minus(LOOK_BACK),
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

/// How many source offsets below the commit are looked at where no sync tells which record stands at the floor.
const LOOK_BACK: u64 = 1024;
