use jiff::Timestamp;

use super::recast::Fall;
use super::{Bound, LogUnknown, PartitionEvidence, Position, Reason, Stranded, SyncBack};
use crate::evidence::{Evidence, Reading, SourceState};
use crate::history::{Contradiction, OffsetPair};
use crate::link::{Link, Side};
use crate::model::{
    ClusterAlias, GroupId, LogRange, SourceOffset, TargetOffset, TopicId, TopicName, TopicPartition,
};

/// A fact behind an answer, in words an operator can check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of evidence it is, as `--evidence` and the JSON name it.
    pub kind: &'static str,
    /// The fact.
    pub detail: String,
}

impl Finding {
    /// The fact a bound follows from.
    pub(super) fn of(bound: &Bound, log: LogRange<TargetOffset>) -> Self {
        let (kind, detail) = match bound.reason {
            Reason::SyncBelow(sync) | Reason::SyncAbove(sync) => ("sync", sync.to_string()),
            Reason::Checkpoint(pair) => ("checkpoint", pair.to_string()),
            Reason::LogStart => ("log-start", log.start.to_string()),
            Reason::LogEnd => ("log-end", log.end.to_string()),
            Reason::SyncBack(SyncBack { target, source }) => {
                ("sync-back", format!("{target} of the target was copied to {source} of the source"))
            }
            Reason::OlderTopic(sync) => ("sync", format!("{sync}, of the topic before this one")),
            Reason::Stranded(first) => ("stranded", format!("records from {first} on may be unread")),
            Reason::Identical(g) => ("offset-preserving", format!("{g}, log {}..{}", log.start, log.end)),
            Reason::CopiedThrough(through) => ("connect-offset", format!("{through}, log end {}", log.end)),
            Reason::Content { passed, records } => ("content", read_in_words(records, passed)),
            Reason::Header { passed, records } => ("header", read_in_words(records, passed)),
            Reason::ContentAbove(first) => ("content", format!("{first} is unread")),
            Reason::HeaderAbove(first) => ("header", format!("{first} is unread")),
            Reason::Count { from, to, found, expected } => {
                ("target-scan", format!("{found} records of {expected} between {from} and {to}"))
            }
        };
        Self { kind, detail }
    }
}

/// That the group has a commit of its own on the target, ahead of the answer: it has gone on there, or MM2 has written it
/// (`sync.group.offsets.enabled`). It is reported and not used: a commit that was read up to cannot be told from one that was
/// set.
pub(super) fn own_commit(
    evidence: &Evidence,
    group: &GroupId,
    target: &TopicPartition,
    answer: TargetOffset,
) -> Option<Finding> {
    let own = evidence.committed_on_target(group, target)?;
    let ahead = answer.distance_to(own);
    let cluster = &evidence.link.target;
    let detail = format!(
        "{group} has committed {own} on {cluster} itself, {ahead} offsets ahead of this: if it has read up to there, leave it \
         where it is (reset moves no group back unless told to)"
    );
    (ahead > 0).then_some(Finding { kind: "target-group", detail })
}

/// That the source offset fell back in the syncs, and what that was.
pub(super) fn fell(fall: Fall, link: &Link, source: &TopicPartition) -> Finding {
    let topic = format!("{} on {}", source.topic, link.source);
    let detail = match fall {
        Fall::Recreation => format!(
            "topic {topic} was re-created: the records at the older syncs are others on {}; only the syncs since are used",
            link.target
        ),
        Fall::Replay => {
            format!("{topic} was copied again from its beginning: its records are the same on both sides")
        }
        Fall::Unknown => format!(
            "source offsets fell back in the syncs: {topic} was truncated or re-created, and older syncs give no ceiling"
        ),
    };
    Finding { kind: "source-fell", detail }
}

/// Records of the target that a position by this link's own evidence would pass unread.
pub(super) fn unread_originals(link: &Link, target: &TopicPartition, stranded: Stranded) -> Finding {
    let Stranded { first, beyond, records, offsets } = stranded;
    let count = match records {
        Some(records) => format!("{records} records"),
        None => format!("up to {offsets} offsets"),
    };
    let (source, cluster) = (&link.source, &link.target);
    let detail = format!(
        "{count} of {target} on {cluster} from {first} on are not known to be on {source}: they came over no link, and a group \
         that went on at {beyond} would pass them unread"
    );
    Finding { kind: "stranded", detail }
}

/// Why there is nothing on the target. A topic that came from there (active-active, default policy) has its original
/// there instead; MM2 notes no pairs for it in this direction (`MirrorSourceConnector.isCycle`).
pub(super) fn no_target(link: &Link, source: &TopicPartition, target: &TopicPartition) -> Finding {
    let detail = match link.original_on_target(&source.topic) {
        Some(original) => format!(
            "{} is a copy of {original} on {} itself, and no offset sync of {} tells where this commit is there",
            source.topic,
            link.target,
            link.flow_back().name(),
        ),
        None => format!("there is no {target} on {}", link.target),
    };
    Finding { kind: "target", detail }
}

/// Why the answer rests on the last recorded commit.
pub(super) fn source_state(
    evidence: &Evidence,
    as_of: Timestamp,
    committed_at: Option<Timestamp>,
    live: bool,
) -> Vec<Finding> {
    match &evidence.source {
        SourceState::Dead { reason } if !live => {
            let made = match committed_at {
                Some(at) if at < as_of => format!(", made at {at} or before"),
                _ => String::new(),
            };
            let detail =
                format!("{reason}; the last commit recorded is of {as_of}{made}, the group may have gone on");
            vec![Finding { kind: "source-dead", detail }]
        }
        _ => Vec::new(),
    }
}

/// The facts that a position follows from, and what limits or contradicts it.
pub(super) fn explain(
    evidence: &Evidence,
    e: &PartitionEvidence<'_>,
    source: &TopicPartition,
    g: SourceOffset,
    position: &Position,
    floor: &Bound,
    ceiling: Option<&Bound>,
) -> Vec<Finding> {
    let stops = matches!(floor.reason, Reason::Stranded(_));
    let is_unknown = e.target_log_unknown.is_some() && (stops || floor.reason == Reason::LogStart);
    let mut findings = Vec::new();
    if !stops && !is_unknown {
        findings.push(Finding::of(floor, e.target_log));
    }
    match position {
        Position::Exact { .. } | Position::Bounded { .. } => {
            let above = ceiling.filter(|ceiling| ceiling.reason.sync() != floor.reason.sync());
            findings.extend(above.map(|ceiling| Finding::of(ceiling, e.target_log)));
        }
        Position::Unsafe { contradiction, .. } => {
            findings.push(contradiction_finding(&evidence.link, source, *contradiction));
        }
        Position::Unknown { .. } => {
            findings.extend(
                e.contradiction(g)
                    .map(|contradiction| contradiction_finding(&evidence.link, source, contradiction)),
            );
        }
        Position::Floor { .. } if e.target_log_unknown.is_none() => findings.push(open_end(evidence, e)),
        Position::Floor { .. } => {}
    }
    if let (true, Some(replay)) =
        (position.is_sound(), e.history.and_then(|history| history.neighbours(g).replay_after))
    {
        findings.push(Finding {
            kind: "replay",
            detail: format!("MM2 may still be copying again what it copied after sync {replay}"),
        });
    }
    findings.extend(e.target_log_unknown.map(|unknown| log_unknown(&evidence.link, source, unknown)));
    findings
}

/// Why the target's log is not known. It is not denied that the partition exists.
fn log_unknown(link: &Link, source: &TopicPartition, unknown: LogUnknown<'_>) -> Finding {
    let (target, cluster) = (link.remote_partition(source), &link.target);
    let detail = match unknown {
        LogUnknown::NotAsked => format!(
            "the target's log was not asked: nothing here tells whether {target} exists on {cluster}, and which offsets it \
             holds"
        ),
        LogUnknown::Unavailable(reason) => {
            format!("the target's log is not known: {target} on {cluster}: {reason}")
        }
    };
    Finding { kind: "target-log", detail }
}

fn read_in_words(records: u64, passed: Option<SourceOffset>) -> String {
    match passed {
        Some(passed) => format!("{records} records up to source offset {passed} are read"),
        None => format!("{records} records are read"),
    }
}

/// Why there is no ceiling.
fn open_end(evidence: &Evidence, e: &PartitionEvidence<'_>) -> Finding {
    let is_shared = evidence.link.shares_syncs_topic();
    let detail = match (&evidence.syncs, e.history) {
        (Reading::Absent { reason }, _) => format!("no ceiling: {reason}"),
        (Reading::Whole(_), None) if is_shared => "no ceiling: both flows share the syncs".to_owned(),
        (Reading::Whole(_), None) => "no ceiling: no sync of this partition is known".to_owned(),
        (Reading::Whole(_), Some(history)) => {
            format!("no ceiling: the newest sync is {}, log end {}", history.newest(), e.target_log.end)
        }
    };
    Finding { kind: "open-end", detail }
}

/// That both flows between the clusters write one syncs topic, so that it is not used.
pub(super) fn shared_syncs(link: &Link) -> Option<Finding> {
    let (side, topic) = link.shares_syncs_topic().then(|| link.syncs_topic())?;
    let (source, target) = (&link.source, &link.target);
    let on = match side {
        Side::Source => source,
        Side::Target => target,
    };
    let detail = format!(
        "{source}->{target} and {target}->{source} both write {topic} on {on}: its syncs, and checkpoints made of them, are \
         not used (give both flows the same offset-syncs.topic.location, and delete the topic before MM2 is restarted)"
    );
    Some(Finding { kind: "shared-syncs", detail })
}

/// What contradicts what.
fn contradiction_finding(link: &Link, source: &TopicPartition, contradiction: Contradiction) -> Finding {
    let recreated = |topic: &TopicName, cluster: &ClusterAlias, recorded: TopicId, now: TopicId| Finding {
        kind: "re-created",
        detail: format!(
            "topic {topic} on {cluster} was re-created: id {recorded} when recorded, {now} now; syncs, checkpoints and \
             commits of the earlier one say nothing of this one (go on from here, or record into a new archive and \
             translate with that one)"
        ),
    };
    match contradiction {
        Contradiction::SourceRecreated { recorded, now } => {
            recreated(&source.topic, &link.source, recorded, now)
        }
        Contradiction::TargetRecreated { recorded, now } => {
            recreated(&link.remote_topic(&source.topic), &link.target, recorded, now)
        }
        contradiction => Finding { kind: "contradiction", detail: describe(contradiction) },
    }
}

fn describe(contradiction: Contradiction) -> String {
    match contradiction {
        Contradiction::MultipleWriters { rewinds } => format!(
            "the syncs of this partition fall back {rewinds} times: two MM2s write under one name, or both directions \
             share one syncs topic"
        ),
        Contradiction::TargetRestarted { before, after } => format!(
            "target offsets fall from {before} to {after} in the syncs: the mirror topic was re-created, or a second \
             MM2 writes under this name"
        ),
        Contradiction::BeyondTargetEnd { sync, end } => format!(
            "sync {sync} lies beyond the target's log end {end}: the mirror topic was truncated or re-created"
        ),
        Contradiction::BeyondSourceEnd { sync, end } => format!(
            "sync {sync} lies beyond the source's log end {end}: the source topic was truncated or re-created"
        ),
        Contradiction::CommitBeyondSourceEnd { end } => {
            format!(
                "the commit lies beyond the source's log end {end}: it belongs to an older topic of this name"
            )
        }
        Contradiction::OtherRecord { pair } => format!(
            "the record at source offset {} is not the one at target offset {}: one of the topics was re-created, or \
             what tells of this pair belongs to another link",
            pair.upstream, pair.downstream
        ),
        Contradiction::SourceRecreated { recorded, now }
        | Contradiction::TargetRecreated { recorded, now } => {
            format!("a topic was re-created: id {recorded} when recorded, {now} now")
        }
        Contradiction::SourceRestarted { before, after } => format!(
            "source offsets fall from {before} to {after} in the syncs: a replay from the beginning, or a re-created topic; \
             the evidence does not tell which"
        ),
    }
}

impl Reason {
    fn sync(&self) -> Option<OffsetPair> {
        match *self {
            Self::SyncBelow(sync) | Self::SyncAbove(sync) => Some(sync),
            Self::ContentAbove(sync) | Self::HeaderAbove(sync) => Some(sync),
            _ => None,
        }
    }
}
