use std::collections::BTreeSet;

use jiff::Timestamp;

use super::mirror_maker::MirrorMaker;
use super::position::{Bracket, Fused, NoTarget, fuse};
use super::recast::{Fall, Recast};
use super::rereads::furthest;
use super::translator::Wanted;
use super::{
    Assumption, Bound, Derivation, EvidencePolicy, LogUnknown, MirrorMakerAnswer, PartitionEvidence,
    Position, Reason, RereadRange, RereadUnknown, Seed, Stranded, SyncBack, Uncommitted,
};
use crate::evidence::{EarlierCommit, Evidence, Reading, SourceState};
use crate::history::{Contradiction, OffsetPair};
use crate::link::{Link, Side};
use crate::model::{
    ClusterAlias, CommittedOffset, GroupId, LogRange, SourceOffset, TargetOffset, TopicId, TopicName,
    TopicPartition,
};

/// The answers of one translation.
#[derive(Debug, Clone)]
pub struct Translation {
    /// The link.
    pub link: Link,
    /// When the evidence was gathered.
    pub as_of: Timestamp,
    /// Whether the source answered.
    pub source: SourceState,
    /// When anything of the source was seen last: `as_of` while it answers; `None` where nothing of it is known.
    pub source_seen_at: Option<Timestamp>,
    /// One answer a group and partition, sorted.
    pub rows: Vec<Row>,
    /// Groups that were asked for by name and have no commit, so that there is nothing to translate.
    pub missing: Vec<GroupId>,
    /// Partitions of which a group that reads their topic has no known commit, though there are records to be read.
    pub uncommitted: Vec<Uncommitted>,
    /// What the groups had read of the records that come to them again, one a group; empty unless that was asked for.
    pub seeds: Vec<Seed>,
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
    /// When the commit was read or recorded: known to be the group's newest.
    pub as_of: Timestamp,
    /// The latest time at which the commit can have been made, where that is known.
    pub committed_at: Option<Timestamp>,
    /// Whether the group cannot have gone on unseen: its commit was read from the living source, or given by hand.
    pub live: bool,
    /// The partition on the target.
    pub target: TopicPartition,
    /// The target's log, when the partition exists and its log was read.
    pub target_log: Option<LogRange<TargetOffset>>,
    /// The last checkpoint that MM2 wrote of the group there. MM2 commits its target offset for groups without members
    /// (`sync.group.offsets.enabled`).
    pub checkpoint: Option<OffsetPair>,
    /// Where to go on.
    pub position: Position,
    /// How many data records the group reads again at most; `None` when nothing limits it.
    pub reread_max: Option<u64>,
    /// How many of them the map can make it read again: those between the lower end of the bracket and the last position that
    /// can be right. The same as `reread_max` while the source answers.
    pub reread_map: Option<u64>,
    /// About how many of them the age of the commit makes it read again: what the group read between its commit and the last
    /// sign of the source's life, at the rate at which it had read before, and never beyond the replicated end. `None` where
    /// its rate was not recorded.
    pub reread_age: Option<u64>,
    /// Which of the source's records those are.
    pub rereading: RereadRange,
    /// What the position takes for granted, sorted.
    pub assumptions: Vec<Assumption>,
    /// The facts it follows from.
    pub evidence: Vec<Finding>,
    /// Records of the target that came over no link and that the group may have yet to read: the position stops in front of
    /// them.
    pub stranded: Option<Stranded>,
    /// What MM2 would answer.
    pub mm2: MirrorMakerAnswer,
    /// All bounds that were found on the way.
    pub derivation: Derivation,
    /// Where the group was some minutes before its commit, where that was recorded.
    pub(super) earlier: Option<EarlierCommit>,
}

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
    /// The same of what the map makes groups read again.
    pub reread_map: Option<u64>,
    /// The same of what the age of the commits makes them read again.
    pub reread_age: Option<u64>,
    /// The same for MM2's own answers.
    pub mm2_reread_max: Option<u64>,
}

impl Translation {
    /// Takes what groups are expected to have commits on, by source partition. What has no answer, and is not of a group that is
    /// [missing](Self::missing) as a whole, is [uncommitted](Self::uncommitted) from now on.
    pub fn expect(&mut self, expected: impl IntoIterator<Item = (GroupId, TopicPartition)>) {
        for (group, source) in expected {
            let answered =
                self.rows.iter().any(|row| row.group.as_ref() == Some(&group) && row.source == source);
            let named = self.uncommitted.iter().any(|found| found.group == group && found.source == source);
            if !answered && !named && !self.missing.contains(&group) {
                let target = self.link.destination(&source);
                self.uncommitted.push(Uncommitted { group, source, target, target_log: None, own: None });
            }
        }
        self.uncommitted.sort_by(|a, b| (&a.group, &a.source).cmp(&(&b.group, &b.source)));
    }

    /// Counts the classes.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            partitions: self.rows.len(),
            reread_max: Some(0),
            reread_map: Some(0),
            reread_age: Some(0),
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
            summary.reread_map = add(summary.reread_map, row.reread_map);
            summary.reread_age = add(summary.reread_age, row.reread_age);
            summary.mm2_reread_max = add(summary.mm2_reread_max, row.mm2.reread_max);
        }
        summary
    }

    /// Whether every group asked for has an answer on every partition that it reads, and every answer may be used.
    pub fn is_sound(&self) -> bool {
        let all_sound = self.rows.iter().all(|row| row.position.is_sound());
        self.missing.is_empty() && self.uncommitted.is_empty() && all_sound
    }
}

/// Shortest time over which a group was recorded that tells how fast it reads.
const SHORTEST_RECORD_MS: i128 = 5_000;

fn add(sum: Option<u64>, next: Option<u64>) -> Option<u64> {
    Some(sum?.saturating_add(next?))
}

impl Row {
    /// Works out what the age of the commit makes the group read again, for a source that was seen last at `seen`.
    pub(super) fn age_against(&mut self, seen: Option<Timestamp>) {
        self.reread_age = match &self.position {
            _ if self.live => Some(0),
            Position::Unsafe { .. } | Position::Unknown { .. } => None,
            position => {
                let copied = |log: LogRange<TargetOffset>| {
                    position.high().or(position.target()).map(|at| at.distance_to(log.end))
                };
                let most = self.target_log.and_then(copied);
                let read = self.read_since(seen);
                if most == Some(0) {
                    Some(0)
                } else {
                    read.map(|read| most.map_or(read, |most| read.min(most)))
                }
            }
        };
    }

    /// About how many source offsets the group went on from its commit until `seen`.
    fn read_since(&self, seen: Option<Timestamp>) -> Option<u64> {
        let (seen, committed_at, earlier) = (seen?, self.committed_at?, self.earlier?);
        let over = seen.duration_since(earlier.at).as_millis();
        let age = seen.duration_since(committed_at).as_millis().max(0);
        if over < SHORTEST_RECORD_MS {
            return None;
        }
        let records = u128::from(earlier.offset.distance_to(self.committed.offset));
        let read = (records * age.unsigned_abs()).div_ceil(over.unsigned_abs());
        u64::try_from(read).ok()
    }

    /// The answers that follow from the evidence.
    pub(super) fn answer(evidence: &Evidence, rules: &EvidencePolicy, wanted: Vec<Wanted>) -> Vec<Self> {
        let mut mirror_maker = MirrorMaker::default();
        wanted.into_iter().map(|wanted| row(evidence, rules, &mut mirror_maker, wanted)).collect()
    }
}

fn row(evidence: &Evidence, rules: &EvidencePolicy, mirror_maker: &mut MirrorMaker, wanted: Wanted) -> Row {
    let Wanted { group, source, committed, as_of, committed_at, earlier, live } = wanted;
    let g = committed.offset;
    let target = evidence.link.destination(&source);
    let history = evidence.syncs.whole().and_then(|syncs| syncs.get(&source));
    let checkpoints = evidence.checkpoints.whole().and_then(|checkpoints| checkpoints.get(&target));
    let last = group.as_ref().and_then(|group| checkpoints?.last(group));
    let checkpoint = last.map(|last| last.pair);
    let mm2_target = mirror_maker.target(&source, history, last, g);
    let is_known = evidence.syncs.whole().is_some();

    let mut findings = source_state(evidence, as_of, committed_at, live);
    findings.extend(shared_syncs(&evidence.link));
    let target_log = evidence.target_logs.get(&target);
    let recast = Recast::of(evidence, rules, &source, &target);
    let known = PartitionEvidence::of(evidence, rules, group.as_ref(), &source, &target, recast.as_ref());
    let returns = evidence.link.original_on_target(&source.topic).is_some();
    // Without a pair of the flow back there is no floor but the log start, which is of no use.
    let known = known.filter(|e| !returns || e.pair_back(g).is_some());
    let Some(e) = known else {
        findings.push(no_target(&evidence.link, &source, &target));
        let reason = if returns { NoTarget::CameFromTarget } else { NoTarget::NotMirrored };
        return Row {
            position: Position::Unknown { reason },
            stranded: None,
            reread_max: None,
            reread_map: None,
            reread_age: None,
            rereading: RereadRange::RereadUnknown(RereadUnknown::NoTarget),
            assumptions: Vec::new(),
            evidence: findings,
            mm2: MirrorMakerAnswer { target: mm2_target, reread_max: None, is_known },
            derivation: Derivation::default(),
            group,
            source,
            committed,
            as_of,
            committed_at,
            live,
            earlier,
            target,
            target_log,
            checkpoint,
        };
    };

    let log = e.target_log;
    let Fused { position, bracket, derivation, copy, ahead, same, stranded } = fuse(&e, g);
    let rereading = RereadRange::of(&e, g, &position, &bracket, &derivation, ahead);
    let Bracket { floor, ceiling } = bracket;
    // With the source dead the group may have gone on since its last known commit, up to whatever was replicated.
    let last = position.high().map(|_| furthest(&e, g, floor.at, copy));
    let reread_map = last.as_ref().filter(|_| position.is_sound()).map(|last| {
        let to_come = if e.source_alive { ahead } else { 0 };
        floor.at.max(log.start).distance_to(last.at).saturating_add(to_come)
    });
    let end = if live { last.as_ref().map(|last| last.at) } else { target_log.map(|log| log.end) };
    let reread_from =
        |from: TargetOffset| end.map(|end| from.max(log.start).distance_to(end).saturating_add(ahead));
    findings.extend(
        derivation
            .probed_from
            .filter(|began| began.reason != floor.reason)
            .map(|began| Finding::of(&began, log)),
    );
    findings.extend(explain(evidence, &e, &source, g, &position, &floor, ceiling.as_ref()));
    findings.extend(stranded.map(|stranded| unread_originals(&evidence.link, &target, stranded)));
    findings.extend(e.fall.map(|fall| fell(fall, &evidence.link, &source)));
    if e.preserved && same > 0 {
        let detail = format!("the last {same} records before {} are the same on both sides", floor.at);
        findings.push(Finding { kind: "content", detail });
    }
    let lost = g.get().saturating_sub(log.end.get());
    if e.preserved && lost > 0 {
        let detail = format!("{lost} offsets that the group has read were not copied");
        findings.push(Finding { kind: "lost", detail });
    }
    findings
        .extend(group.as_ref().and_then(|group| own_commit(evidence, group, &target, position.target()?)));
    if ahead > 0 {
        let rest = if e.source_alive {
            "it reads what is still copied"
        } else {
            "nothing copies them while the source is dead"
        };
        let detail = format!("the group has read {ahead} records that are not on the target; {rest}");
        findings.push(Finding { kind: "ahead", detail });
    }
    let bounds = [Some(&floor), ceiling.as_ref(), last.as_ref().filter(|_| live)];
    let needs = bounds.into_iter().flatten().flat_map(|bound| bound.needs.iter());
    Row {
        reread_max: reread_from(floor.at),
        reread_map,
        reread_age: None,
        rereading,
        assumptions: needs.collect::<BTreeSet<_>>().into_iter().collect(),
        evidence: findings,
        mm2: MirrorMakerAnswer { target: mm2_target, reread_max: mm2_target.and_then(reread_from), is_known },
        derivation,
        stranded,
        position,
        group,
        source,
        committed,
        as_of,
        committed_at,
        live,
        earlier,
        target,
        target_log,
        checkpoint,
    }
}

/// That the group has a commit of its own on the target, ahead of the answer: it has gone on there, or MM2 has written it
/// (`sync.group.offsets.enabled`). It is reported and not used: a commit that was read up to cannot be told from one that was
/// set.
fn own_commit(
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
fn fell(fall: Fall, link: &Link, source: &TopicPartition) -> Finding {
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
fn unread_originals(link: &Link, target: &TopicPartition, stranded: Stranded) -> Finding {
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
fn no_target(link: &Link, source: &TopicPartition, target: &TopicPartition) -> Finding {
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

fn source_state(
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

fn explain(
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
fn shared_syncs(link: &Link) -> Option<Finding> {
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
    fn sync(&self) -> Option<crate::history::OffsetPair> {
        match *self {
            Self::SyncBelow(sync) | Self::SyncAbove(sync) => Some(sync),
            Self::ContentAbove(sync) | Self::HeaderAbove(sync) => Some(sync),
            _ => None,
        }
    }
}
