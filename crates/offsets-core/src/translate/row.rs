use std::collections::BTreeSet;

use jiff::Timestamp;

use super::finding::{explain, fell, no_target, own_commit, shared_syncs, source_state, unread_originals};
use super::mirror_maker::MirrorMaker;
use super::position::{Bracket, Fused, NoTarget, fuse};
use super::recast::Recast;
use super::rereads::furthest;
use super::wanted::Wanted;
use super::{
    Assumption, Derivation, EvidencePolicy, Finding, MirrorMakerAnswer, PartitionEvidence, Position,
    RereadRange, RereadUnknown, Stranded,
};
use crate::evidence::{EarlierCommit, Evidence};
use crate::history::OffsetPair;
use crate::model::{CommittedOffset, GroupId, LogRange, SourceOffset, TargetOffset, TopicPartition};

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

/// Shortest time over which a group was recorded that tells how fast it reads.
const SHORTEST_RECORD_MS: i128 = 5_000;

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
