use std::collections::BTreeSet;

use jiff::Timestamp;

use super::inquiry::Wanted;
use super::mirror_maker::MirrorMaker;
use super::position::{Fused, NoTarget, fuse};
use super::rereads::furthest;
use super::{Assumption, Bound, MirrorMakerAnswer, PartitionEvidence, Position, Reason};
use crate::evidence::{Evidence, Reading, SourceState};
use crate::history::{Doubt, SyncHistory};
use crate::link::Link;
use crate::model::{CommittedOffset, GroupId, LogRange, SourceOffset, TargetOffset, TopicPartition};

/// The answers to one inquiry.
#[derive(Debug, Clone)]
pub struct Translation {
    /// The link.
    pub link: Link,
    /// When the evidence was gathered.
    pub as_of: Timestamp,
    /// One answer a group and partition, sorted.
    pub rows: Vec<Row>,
    /// Groups that were asked for by name and have no commit, so that there is nothing to translate.
    pub missing: Vec<GroupId>,
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Row {
    /// The group; `None` for an offset that was given by hand.
    pub group: Option<GroupId>,
    /// The partition on the source.
    pub source: TopicPartition,
    /// The group's commit there.
    pub committed: CommittedOffset<SourceOffset>,
    /// When the commit was read or recorded.
    pub as_of: Timestamp,
    /// The partition on the target.
    pub target: TopicPartition,
    /// The target's log, when the partition exists.
    pub target_log: Option<LogRange<TargetOffset>>,
    /// Where to go on.
    pub position: Position,
    /// How many data records the group reads again at most; `None` when nothing limits it.
    pub reread_max: Option<u64>,
    /// What the position takes for granted, sorted.
    pub assumptions: Vec<Assumption>,
    /// The facts it follows from.
    pub evidence: Vec<Finding>,
    /// What MM2 would answer.
    pub mm2: MirrorMakerAnswer,
}

/// A fact behind an answer, in words an operator can check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of evidence it is, as `--evidence` and the JSON name it.
    pub kind: &'static str,
    /// The fact.
    pub detail: String,
}

/// How many answers there are of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// All answers.
    pub partitions: usize,
    /// Proved.
    pub exact: usize,
    /// With a floor and a ceiling.
    pub bounded: usize,
    /// With a floor only.
    pub floor: usize,
    /// Contradicted.
    pub r#unsafe: usize,
    /// Without a target.
    pub unknown: usize,
    /// The sum over all answers; `None` when one has no limit.
    pub reread_max: Option<u64>,
    /// The same for MM2's own answers.
    pub mm2_reread_max: Option<u64>,
}

impl Translation {
    pub(super) fn of(evidence: &Evidence, wanted: Vec<Wanted>, missing: Vec<GroupId>) -> Self {
        let mut mirror_maker = MirrorMaker::default();
        let rows = wanted.into_iter().map(|wanted| row(evidence, &mut mirror_maker, wanted)).collect();
        Self { link: evidence.link.clone(), as_of: evidence.as_of, rows, missing }
    }

    /// Counts the classes.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            partitions: self.rows.len(),
            reread_max: Some(0),
            mm2_reread_max: Some(0),
            ..Summary::default()
        };
        for row in &self.rows {
            *match row.position {
                Position::Exact { .. } => &mut summary.exact,
                Position::Bounded { .. } => &mut summary.bounded,
                Position::Floor { .. } => &mut summary.floor,
                Position::Unsafe { .. } => &mut summary.r#unsafe,
                Position::Unknown { .. } => &mut summary.unknown,
            } += 1;
            summary.reread_max = add(summary.reread_max, row.reread_max);
            summary.mm2_reread_max = add(summary.mm2_reread_max, row.mm2.reread_max);
        }
        summary
    }

    /// Whether every group asked for has an answer, and every answer may be used.
    pub fn is_sound(&self) -> bool {
        self.missing.is_empty() && self.rows.iter().all(|row| row.position.is_sound())
    }
}

fn add(sum: Option<u64>, next: Option<u64>) -> Option<u64> {
    Some(sum?.saturating_add(next?))
}

fn row(evidence: &Evidence, mirror_maker: &mut MirrorMaker, wanted: Wanted) -> Row {
    let Wanted { group, source, committed, as_of, live } = wanted;
    let g = committed.offset;
    let target =
        TopicPartition { topic: evidence.link.remote_topic(&source.topic), partition: source.partition };
    let history = evidence.syncs.whole().and_then(|syncs| syncs.get(&source));
    let checkpoints = evidence.checkpoints.whole().and_then(|checkpoints| checkpoints.get(&target));
    let last = group.as_ref().and_then(|group| checkpoints?.last(group));
    let mm2_target = mirror_maker.target(&source, history, last, g);

    let mut findings = source_state(evidence, as_of, live);
    let target_log = evidence.target_logs.get(&target);
    let Some(log) = target_log else {
        findings.push(no_target(&evidence.link, &source, &target));
        return Row {
            position: Position::Unknown { reason: NoTarget::NotMirrored },
            reread_max: None,
            assumptions: Vec::new(),
            evidence: findings,
            mm2: MirrorMakerAnswer { target: mm2_target, reread_max: None },
            group,
            source,
            committed,
            as_of,
            target,
            target_log,
        };
    };

    let e = PartitionEvidence {
        history,
        checkpoints,
        source_log: evidence.source_logs.get(&source),
        target_log: log,
        exactly_once: evidence.link.exactly_once,
    };
    let Fused { position, floor, ceiling } = fuse(&e, g);
    // With the source dead the group may have gone on since its last known commit, up to whatever was replicated.
    let last = position.high().map(|_| furthest(&e, g, floor.at));
    let end = if live { last.as_ref().map(|last| last.at) } else { Some(log.end) };
    let reread_from = |from: TargetOffset| end.map(|end| from.max(log.start).distance_to(end));
    findings.extend(explain(evidence, &e, g, &position, &floor, ceiling.as_ref()));
    let bounds = [Some(&floor), ceiling.as_ref(), last.as_ref().filter(|_| live)];
    let needs = bounds.into_iter().flatten().flat_map(|bound| bound.needs);
    Row {
        reread_max: reread_from(floor.at),
        assumptions: needs.copied().collect::<BTreeSet<_>>().into_iter().collect(),
        evidence: findings,
        mm2: MirrorMakerAnswer { target: mm2_target, reread_max: mm2_target.and_then(reread_from) },
        position,
        group,
        source,
        committed,
        as_of,
        target,
        target_log,
    }
}

/// Why there is nothing on the target. A topic that came from there (active-active, default policy) has its original
/// there instead; MM2 notes no pairs for it in this direction (`MirrorSourceConnector.isCycle`).
fn no_target(link: &Link, source: &TopicPartition, target: &TopicPartition) -> Finding {
    let original =
        link.policy.original_topic(&link.target, &source.topic).filter(|topic| *topic != source.topic);
    let detail = match original {
        Some(original) => format!(
            "{} is a copy of {original} on {} itself, and this link keeps no pairs for the way back",
            source.topic, link.target
        ),
        None => format!("there is no {target} on {}", link.target),
    };
    Finding { kind: "target", detail }
}

fn source_state(evidence: &Evidence, as_of: Timestamp, live: bool) -> Vec<Finding> {
    match &evidence.source {
        SourceState::Dead { reason } if !live => vec![Finding {
            kind: "source-dead",
            detail: format!("{reason}; last commit MM2 recorded is of {as_of}, the group may have gone on"),
        }],
        _ => Vec::new(),
    }
}

fn explain(
    evidence: &Evidence,
    e: &PartitionEvidence<'_>,
    g: SourceOffset,
    position: &Position,
    floor: &Bound,
    ceiling: Option<&Bound>,
) -> Vec<Finding> {
    let mut findings = vec![finding(floor, e.target_log)];
    match position {
        Position::Exact { .. } | Position::Bounded { .. } => {
            let above = ceiling.filter(|ceiling| ceiling.reason.sync() != floor.reason.sync());
            findings.extend(above.map(|ceiling| finding(ceiling, e.target_log)));
        }
        Position::Unsafe { doubt, .. } => {
            findings.push(Finding { kind: "contradiction", detail: describe(*doubt) })
        }
        Position::Floor { .. } | Position::Unknown { .. } => findings.push(open_end(&evidence.syncs, e)),
    }
    if let (true, Some(replay)) =
        (position.is_sound(), e.history.and_then(|history| history.neighbours(g).replay_after))
    {
        findings.push(Finding {
            kind: "replay",
            detail: format!("MM2 may still be copying again what it copied after sync {replay}"),
        });
    }
    findings
}

fn finding(bound: &Bound, log: LogRange<TargetOffset>) -> Finding {
    let (kind, detail) = match bound.reason {
        Reason::SyncBelow(sync) | Reason::SyncAbove(sync) => ("sync", sync.to_string()),
        Reason::Checkpoint(pair) => ("checkpoint", pair.to_string()),
        Reason::LogStart => ("log-start", log.start.to_string()),
        Reason::LogEnd => ("log-end", log.end.to_string()),
    };
    Finding { kind, detail }
}

/// Why there is no ceiling.
fn open_end(syncs: &Reading<SyncHistory>, e: &PartitionEvidence<'_>) -> Finding {
    let detail = match (syncs, e.history) {
        (Reading::Absent { reason }, _) => format!("no ceiling: {reason}"),
        (Reading::Whole(_), None) => "no ceiling: MM2 wrote no sync for this partition".to_owned(),
        (Reading::Whole(_), Some(history)) => {
            format!("no ceiling: the newest sync is {}, log end {}", history.newest(), e.target_log.end)
        }
    };
    Finding { kind: "open-end", detail }
}

fn describe(doubt: Doubt) -> String {
    match doubt {
        Doubt::Tangled { rewinds } => format!(
            "the syncs of this partition fall back {rewinds} times: two MM2s write under one name, or both directions \
             share one syncs topic"
        ),
        Doubt::TargetRestarted { before, after } => format!(
            "target offsets fall from {before} to {after} in the syncs: the mirror topic was created anew, or a second \
             MM2 writes under this name"
        ),
        Doubt::BeyondTargetEnd { sync, end } => format!(
            "sync {sync} lies beyond the target's log end {end}: the mirror topic was truncated or created anew"
        ),
        Doubt::BeyondSourceEnd { sync, end } => format!(
            "sync {sync} lies beyond the source's log end {end}: the source topic was truncated or created anew"
        ),
        Doubt::CommitBeyondSourceEnd { end } => {
            format!(
                "the commit lies beyond the source's log end {end}: it belongs to an older topic of this name"
            )
        }
        Doubt::SourceRestarted { before, after } => format!(
            "source offsets fall from {before} to {after} in the syncs: a replay from the beginning, or a topic created \
             anew, and nothing here tells which"
        ),
    }
}

impl Reason {
    fn sync(&self) -> Option<crate::history::Sync> {
        match *self {
            Self::SyncBelow(sync) | Self::SyncAbove(sync) => Some(sync),
            _ => None,
        }
    }
}
