//! Which records come again.

use std::fmt;

use super::position::Bracket;
use super::{Bound, Derivation, NoTarget, PartitionEvidence, Position, Reason};
use crate::model::{SourceOffset, TargetOffset};

/// Which of the source's records a group reads for the second time that goes on at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RereadRange {
    /// None that is known of: the position is proved.
    Nothing,
    /// Those of a stretch, as far as they are copied.
    Of(Reread),
    /// Some, and nothing tells which.
    RereadUnknown(RereadUnknown),
}

/// The source records that a group reads again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reread {
    /// The first that can have a copy at or behind the position; the last is the one in front of the commit. It may be lower than
    /// need be where the position comes from a checkpoint or a count.
    pub from: SourceOffset,
    /// A record that the replicator had yet to copy, in the run that it was in, where it wrote at the position: `from`, where
    /// that is known so well.
    pub uncopied: SourceOffset,
    /// The first target offset at which the group cannot have read a record before; without a ceiling the log end, for no group
    /// knows what is copied there later.
    pub until: TargetOffset,
    /// The source offset of the record at `until`, where one is known to stand there.
    pub through: Option<SourceOffset>,
}

/// Why nothing tells which records come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RereadUnknown {
    /// The position follows from a fact that names no source offset, such as the target's log start.
    NoSourceOffset,
    /// The evidence contradicts itself.
    Contradicted,
    /// There is nothing on the target to go on in.
    NoTarget,
    /// The log of the partition on the target is not known.
    LogUnknown,
    /// The group is ahead of replication: what it has read is still to be copied.
    Ahead,
}

impl RereadRange {
    /// What follows from where an answer comes from; `ahead` is by how many records the group is ahead of replication.
    pub(super) fn of(
        e: &PartitionEvidence<'_>,
        g: SourceOffset,
        position: &Position,
        bracket: &Bracket,
        derivation: &Derivation,
        ahead: u64,
    ) -> Self {
        let Bracket { floor, ceiling } = bracket;
        let (until, through) = match *position {
            Position::Unsafe { .. } => return Self::RereadUnknown(RereadUnknown::Contradicted),
            Position::Unknown { reason: NoTarget::NotMirrored } => {
                return Self::RereadUnknown(RereadUnknown::NoTarget);
            }
            _ if e.target_log_unknown.is_some() => return Self::RereadUnknown(RereadUnknown::LogUnknown),
            Position::Unknown { .. } => return Self::RereadUnknown(RereadUnknown::LogUnknown),
            Position::Exact { .. } if e.preserved => {
                let lost = g.get() > e.target_log.end.get();
                return Self::of_end(e, lost);
            }
            Position::Exact { .. } => return Self::of_end(e, ahead > 0),
            Position::Bounded { high, .. } => (high, ceiling.as_ref().and_then(record_at)),
            Position::Floor { .. } if floor.at >= e.target_log.end => return Self::of_end(e, true),
            Position::Floor { .. } => (e.target_log.end, None),
        };
        match first_behind(e, g, floor, derivation, until) {
            Some((from, uncopied)) if from < g => Self::Of(Reread { from, uncopied, until, through }),
            Some(_) => Self::Nothing,
            None => Self::RereadUnknown(RereadUnknown::NoSourceOffset),
        }
    }

    /// Where nothing that the group has read stands at or behind its position, and may do so only once it is copied: of a dead
    /// source nothing is any more.
    fn of_end(e: &PartitionEvidence<'_>, is_ahead: bool) -> Self {
        if is_ahead && e.source_alive { Self::RereadUnknown(RereadUnknown::Ahead) } else { Self::Nothing }
    }
}

/// The first source record that can have a copy at or behind a floor, and one that was not copied yet in front of it. By
/// `order`, none below the first is copied there but for the second time.
fn first_behind(
    e: &PartitionEvidence<'_>,
    g: SourceOffset,
    floor: &Bound,
    derivation: &Derivation,
    until: TargetOffset,
) -> Option<(SourceOffset, SourceOffset)> {
    let known = |first| Some((first, first));
    match floor.reason {
        Reason::SyncBelow(sync) if sync.upstream == g => known(g),
        Reason::SyncBelow(sync) => known(sync.upstream.next()),
        // MM2 made it of a sync at or below. If that is gone, it is the window that says how many can come again.
        Reason::Checkpoint(pair) => {
            let below = e.history.and_then(|history| history.neighbours(pair.upstream).floor);
            let below = below.map_or(g.minus(floor.at.distance_to(until)), |sync| sync.upstream.next());
            Some((below.min(pair.upstream), pair.upstream.next()))
        }
        Reason::Content { passed: Some(passed), .. } | Reason::Header { passed: Some(passed), .. } => {
            known(passed.next())
        }
        Reason::Content { passed: None, .. } | Reason::Header { passed: None, .. } => {
            let began = derivation.probed_from.filter(|began| began.reason != floor.reason)?;
            first_behind(e, g, &began, derivation, until)
        }
        // Which of the records in between are missing, a count does not say.
        Reason::Count { from, .. } => Some((from.upstream.next(), g)),
        _ => None,
    }
}

/// The source offset of the record that stands at a ceiling.
fn record_at(ceiling: &Bound) -> Option<SourceOffset> {
    match ceiling.reason {
        Reason::SyncAbove(sync) | Reason::ContentAbove(sync) | Reason::HeaderAbove(sync) => {
            Some(sync.upstream)
        }
        Reason::Count { to, .. } => Some(to.upstream),
        _ => None,
    }
}

impl fmt::Display for RereadUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSourceOffset => "what the position rests on names no source offset",
            Self::Contradicted => "the answer is unsafe",
            Self::NoTarget => "there is no such partition on the target",
            Self::LogUnknown => "the log of the partition on the target is not known",
            Self::Ahead => "the group is ahead of replication: ask again once what it has read is copied",
        })
    }
}
