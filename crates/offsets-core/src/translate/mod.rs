//! From evidence to answers: bounds, each with its reason, and what they say together.

mod answers;
mod bound;
mod ceilings;
mod derivation;
mod evidence_policy;
mod finding;
mod floors;
mod mirror_maker;
mod position;
mod probe;
mod recast;
mod report;
mod reread_range;
mod rereads;
mod row;
mod seed;
mod seeding;
mod selection;
mod stranded;
mod translation;
mod translator;
mod uncommitted;
mod wanted;

pub use answers::answers;
pub use bound::{Assumption, Assumptions, Bound, Reason, SyncBack};
pub use derivation::{Derivation, DerivationStep};
pub use evidence_policy::{EvidenceKind, EvidencePolicy, UnknownKind};
pub use finding::Finding;
pub use mirror_maker::MirrorMakerAnswer;
pub use position::{NoTarget, Position};
pub use report::{OffsetForm, PartitionReport, TranslationReport};
pub use reread_range::{Reread, RereadRange, RereadUnknown};
pub use row::Row;
pub use seed::{Seed, SeedError, SeedGap, SeedLink, SeedPart};
pub use seeding::seeds;
pub use selection::Selection;
pub use stranded::Stranded;
pub use translation::{Summary, Translation};
pub use translator::Translator;
pub use uncommitted::Uncommitted;

use position::Bracket;
use recast::{Fall, Recast};

use crate::evidence::{Evidence, LogState, Scan};
use crate::history::{Contradiction, OffsetPair, PartitionCheckpoints, PartitionHistory};
use crate::link::OffsetMapping;
use crate::model::{GroupId, LogRange, SourceOffset, TargetOffset, TopicName, TopicPartition};

/// What is known about one partition of a link: everything a rule may look at.
#[derive(Debug, Clone, Copy)]
struct PartitionEvidence<'a> {
    rules: &'a EvidencePolicy,
    history: Option<&'a PartitionHistory>,
    /// The syncs that can be of records above the commit: not those of an older source topic.
    above: Option<&'a PartitionHistory>,
    /// What a fall of the source offset was, where the living source shows that there was one.
    fall: Option<Fall>,
    /// The last sync of the source topic before this one, where it was re-created.
    older_topic: Option<OffsetPair>,
    checkpoints: Option<PartitionCheckpoints<'a>>,
    /// The source offset up to which the replicator's worker has flushed its position.
    copied_through: Option<SourceOffset>,
    /// Whether the source answers.
    source_alive: bool,
    /// `None` when the source is dead, or the partition is gone there.
    source_log: Option<LogRange<SourceOffset>>,
    /// What is not known of the target's log may be anything: then it is the widest there can be, and gives no bound.
    target_log: LogRange<TargetOffset>,
    /// Why the target's log is not known, if it is not.
    target_log_unknown: Option<LogUnknown<'a>>,
    source_records: &'a [Scan<SourceOffset>],
    target_records: &'a [Scan<TargetOffset>],
    /// That one of the topics was re-created since something was recorded of it.
    recreated: Option<Contradiction>,
    /// Whether copies keep the offsets of their records.
    preserved: bool,
    /// Whether MM2 writes in transactions, so that nothing is copied twice.
    exactly_once: bool,
    /// Whether every record of the target partition is the group's to read, and not only the copies: they have the names of
    /// their originals, or the source partition is itself a copy of this one.
    shared: bool,
    /// The syncs of the flow back, for such a partition.
    back: Option<&'a PartitionHistory>,
    /// How far the flow back has copied it.
    back_through: Option<TargetOffset>,
    /// What the group has committed on the target itself, but for what MM2 wrote there.
    own: Option<TargetOffset>,
}

/// Why the log range of an existing partition is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogUnknown<'a> {
    NotAsked,
    Unavailable(&'a str),
}

impl<'a> PartitionEvidence<'a> {
    /// What `rules` admit of the evidence about a partition; `None` where the target is known to have no such partition.
    fn of(
        evidence: &'a Evidence,
        rules: &'a EvidencePolicy,
        group: Option<&GroupId>,
        source: &TopicPartition,
        target: &TopicPartition,
        recast: Option<&'a Recast>,
    ) -> Option<Self> {
        let (target_log, target_log_unknown) = match evidence.target_logs.state(target) {
            LogState::Range(log) => (log, None),
            LogState::Missing => return None,
            LogState::Unavailable { reason } => (ANY_LOG, Some(LogUnknown::Unavailable(reason))),
            LogState::NotAsked => (ANY_LOG, Some(LogUnknown::NotAsked)),
        };
        let shared =
            source.topic == target.topic || evidence.link.original_on_target(&source.topic).is_some();
        // Of pairs that both flows wrote under one key, it is not known whose each is; checkpoints were made of them.
        let told_apart = !evidence.link.shares_syncs_topic();
        let allows = |kind| told_apart && rules.allows(kind);
        let syncs = evidence.syncs.whole().filter(|_| allows(EvidenceKind::Syncs));
        let checkpoints = evidence.checkpoints.whole().filter(|_| allows(EvidenceKind::Checkpoints));
        let written = evidence.checkpoints.whole().and_then(|checkpoints| checkpoints.get(target));
        // A commit at the group's own checkpoint is MM2's; that another group has a checkpoint there says nothing of it.
        let is_synced = |group, own| {
            let last = written.as_ref().and_then(|written| written.last(group));
            last.is_some_and(|last| last.pair.downstream == own)
        };
        let own = group.filter(|_| shared).and_then(|group| {
            let own = evidence.committed_on_target(group, target)?;
            (!is_synced(group, own)).then_some(own)
        });
        let history = syncs.and_then(|syncs| syncs.get(source));
        let fall = recast.map(Recast::kind).filter(|_| history.is_some());
        let (history, above) = match (recast, fall) {
            (Some(recast), Some(Fall::Recreation)) => (Some(recast.since()), Some(recast.since())),
            (Some(recast), Some(Fall::Unknown)) => (history, Some(recast.since())),
            _ => (history, history),
        };
        Some(Self {
            rules,
            history,
            above,
            fall,
            older_topic: recast.filter(|_| fall == Some(Fall::Recreation)).map(Recast::last_before),
            checkpoints: checkpoints.and_then(|checkpoints| checkpoints.get(target)),
            copied_through: evidence.copied_through.whole().and_then(|through| through.get(source)),
            source_alive: evidence.source.is_alive(),
            source_log: evidence.source_logs.get(source),
            target_log,
            target_log_unknown,
            source_records: evidence.source_records.of(source),
            target_records: evidence.target_records.of(target),
            recreated: recreation(evidence, &source.topic, &target.topic),
            preserved: evidence.link.mapping == OffsetMapping::Identical,
            exactly_once: evidence.link.exactly_once,
            shared,
            // What happened on the way back is no help that could be left out, but what an answer can be wrong about.
            back: evidence.flow_back.history(target).filter(|_| shared),
            back_through: evidence.flow_back.through(target).filter(|_| shared),
            own,
        })
    }
}

/// Every offset there can be.
const ANY_LOG: LogRange<TargetOffset> = LogRange { start: TargetOffset::ZERO, end: TargetOffset::MAX };

/// What the ids of the two topics say of whether they are the ones of which something was recorded.
fn recreation(evidence: &Evidence, source: &TopicName, target: &TopicName) -> Option<Contradiction> {
    let of_target = evidence.target_topics.recreation(target);
    let of_target = of_target.map(|(recorded, now)| Contradiction::TargetRecreated { recorded, now });
    let of_source = evidence.source_topics.recreation(source);
    of_target.or_else(|| of_source.map(|(recorded, now)| Contradiction::SourceRecreated { recorded, now }))
}

impl PartitionEvidence<'_> {
    /// What speaks against the sync history as evidence for a commit at `g`.
    fn contradiction(&self, g: SourceOffset) -> Option<Contradiction> {
        let contradiction =
            self.recreated.or_else(|| self.history?.contradiction(g, self.source_log, self.target_log));
        match (contradiction?, self.fall) {
            // The source offset has fallen since, so the newer syncs are those of the log as it is, and the older ones lie
            // before them.
            (Contradiction::BeyondSourceEnd { .. }, Some(Fall::Unknown)) => None,
            // A commit that is read from the living source is on the topic as it is now.
            (Contradiction::SourceRestarted { .. }, Some(Fall::Replay | Fall::Recreation)) => None,
            (contradiction, _) => Some(contradiction),
        }
    }

    /// Whether the target partition is known to hold records of its own.
    fn has_originals(&self) -> bool {
        self.back.is_some() || self.back_through.is_some()
    }

    /// The sync of the flow back with the highest original whose copy is not above `g` on the source; `None` where the flow
    /// back tells of none, or contradicts the target's log.
    fn pair_back(&self, g: SourceOffset) -> Option<SyncBack> {
        let back = self.back?;
        let log = LogRange {
            start: SourceOffset::ZERO.plus(self.target_log.start.get().unsigned_abs()),
            end: SourceOffset::ZERO.plus(self.target_log.end.get().unsigned_abs()),
        };
        let end = match self.source_log {
            Some(log) => TargetOffset::ZERO.plus(log.end.get().unsigned_abs()),
            None => TargetOffset::ZERO.plus(u64::MAX),
        };
        let copies = LogRange { start: TargetOffset::ZERO, end };
        if back.contradiction(SourceOffset::ZERO, Some(log), copies).is_some() {
            return None;
        }
        let pair = back.copied_below(TargetOffset::new(g.get()).ok()?)?;
        let turn = self.history.and_then(|history| back.before_turn(history));
        let pair = turn.filter(|turn| turn.upstream < pair.upstream).unwrap_or(pair);
        Some(SyncBack {
            target: TargetOffset::new(pair.upstream.get()).ok()?,
            source: SourceOffset::new(pair.downstream.get()).ok()?,
        })
    }

    /// What every floor rests on that takes the records in front of a copy for copies too.
    fn needs_of_copies(&self) -> Assumptions {
        let needs = self.needs_of_order();
        if self.shared { needs.with(Assumption::SoleWriter) } else { needs }
    }

    /// What every rule rests on that argues from the order of the copies.
    fn needs_of_order(&self) -> Assumptions {
        let needs = Assumptions::NONE.with(Assumption::Order).with(Assumption::SameIncarnation);
        if self.exactly_once { needs } else { needs.with(Assumption::VisibleReplays) }
    }
}
