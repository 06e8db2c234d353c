use super::probe::{Findings, Stop};
use super::stranded::Held;
use super::{Bound, Derivation, PartitionEvidence, Reason, Stranded};
use crate::history::{Contradiction, OffsetPair};
use crate::model::{SourceOffset, TargetOffset};

/// Where a group must go on, and how sure that is.
///
/// With `g` the group's commit on the source, a position is *right* when it lies from the first copy of the first
/// record at or above `g` to the last offset from which every copied record at or above `g` is still ahead. The lower
/// end of every bracket is at most the last right position (nothing is skipped), the upper end at least the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// Floor and ceiling meet: proved.
    Exact {
        /// The position.
        at: TargetOffset,
    },
    /// It lies in `low..=high`; `low` is committed.
    Bounded {
        /// The floor.
        low: TargetOffset,
        /// The ceiling.
        high: TargetOffset,
    },
    /// It is not below `low`, and nothing says how far above.
    Floor {
        /// The floor.
        low: TargetOffset,
    },
    /// The evidence contradicts itself. `low` is what remains safe without the contradicted part.
    Unsafe {
        /// The safest known position.
        low: TargetOffset,
        /// What contradicts what.
        contradiction: Contradiction,
    },
    /// There is nothing on the target to translate to.
    Unknown {
        /// Why.
        reason: NoTarget,
    },
}

/// Why there is no position at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoTarget {
    /// The mirror topic, or the partition of it, does not exist on the target.
    NotMirrored,
    /// The source's topic is a copy of one of the target's, and nothing that the flow back has written down can be read.
    CameFromTarget,
    /// The log of the mirror partition is not known, and nothing else gives a position.
    LogUnknown,
}

/// The highest floor and the lowest ceiling of some evidence.
#[derive(Debug, Clone)]
pub(super) struct Bracket {
    pub(super) floor: Bound,
    pub(super) ceiling: Option<Bound>,
}

/// A position with the bounds it follows from.
#[derive(Debug, Clone)]
pub(super) struct Fused {
    pub(super) position: Position,
    pub(super) bracket: Bracket,
    /// Every floor and every ceiling, in the order in which the rules gave them.
    pub(super) derivation: Derivation,
    /// The last copy that was seen of the first unread record.
    pub(super) copy: Option<OffsetPair>,
    /// By how many records the group is ahead of replication.
    pub(super) ahead: u64,
    /// How many pairs of records were compared and found the same.
    pub(super) same: u64,
    /// What the position stops in front of, where that is below what this link's own evidence gives.
    pub(super) stranded: Option<Stranded>,
}

impl Position {
    /// What is committed; `None` when nothing can be.
    pub fn target(&self) -> Option<TargetOffset> {
        match *self {
            Self::Exact { at } => Some(at),
            Self::Bounded { low, .. } | Self::Floor { low } | Self::Unsafe { low, .. } => Some(low),
            Self::Unknown { .. } => None,
        }
    }

    /// The upper end of the bracket.
    pub fn high(&self) -> Option<TargetOffset> {
        match *self {
            Self::Exact { at } => Some(at),
            Self::Bounded { high, .. } => Some(high),
            Self::Floor { .. } | Self::Unsafe { .. } | Self::Unknown { .. } => None,
        }
    }

    /// The class in output: `exact`, `bounded`, `floor`, `unsafe` or `unknown`.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Exact { .. } => "exact",
            Self::Bounded { .. } => "bounded",
            Self::Floor { .. } => "floor",
            Self::Unsafe { .. } => "unsafe",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Whether a reset may use it without being told to: not when it is unsafe or unknown.
    pub fn is_sound(&self) -> bool {
        !matches!(self, Self::Unsafe { .. } | Self::Unknown { .. })
    }
}

impl Bracket {
    /// What follows without reading a data topic.
    pub(super) fn unprobed(e: &PartitionEvidence<'_>, g: SourceOffset) -> Self {
        let floor =
            super::floors::floors(e, g).reduce(higher).expect("the log start is a floor of every partition");
        let ceiling = super::ceilings::ceilings(e, g).min_by_key(|ceiling| ceiling.at);
        Self { floor, ceiling }
    }

    /// With more bounds of the same position.
    fn with(self, floors: Vec<Bound>, ceilings: Vec<Bound>) -> Self {
        let floor = floors.into_iter().fold(self.floor, higher);
        let ceiling = self.ceiling.into_iter().chain(ceilings).min_by_key(|ceiling| ceiling.at);
        Self { floor, ceiling }
    }

    /// The same, stopping in front of records that may be unread.
    fn held_at(self, first: TargetOffset) -> Self {
        let Self { floor, ceiling } = self;
        let beyond = floor.at;
        let ceiling = ceiling.map(|ceiling| Bound { at: ceiling.at.max(beyond), ..ceiling });
        let floor = Bound { at: first, reason: Reason::Stranded(first), needs: Stranded::needs(floor.needs) };
        Self { floor, ceiling }
    }

    /// Whether floor and ceiling meet. A ceiling below the floor is one that retention has passed: the log start has
    /// become the position.
    pub(super) fn is_exact(&self) -> bool {
        self.ceiling.as_ref().is_some_and(|ceiling| ceiling.at <= self.floor.at)
    }

    /// The two syncs it lies between, if it does.
    pub(super) fn syncs(&self) -> Option<(OffsetPair, OffsetPair)> {
        match (self.floor.reason, self.ceiling.as_ref()?.reason) {
            (Reason::SyncBelow(below), Reason::SyncAbove(above)) => Some((below, above)),
            _ => None,
        }
    }
}

fn higher(best: Bound, next: Bound) -> Bound {
    if next.at > best.at { next } else { best }
}

/// The highest floor, the lowest ceiling, and what they say together.
pub(super) fn fuse(e: &PartitionEvidence<'_>, g: SourceOffset) -> Fused {
    let unprobed = Bracket::unprobed(e, g);
    let Findings { floors, ceilings, copy, ahead, contradiction, same, stop } = Findings::of(e, g, &unprobed);
    let held = Held::under(e, g, &unprobed.floor);
    let derivation = Derivation {
        floors: super::floors::floors(e, g)
            .filter(|floor| e.target_log_unknown.is_none() || floor.reason != Reason::LogStart)
            .chain(floors.iter().copied())
            .collect(),
        ceilings: super::ceilings::ceilings(e, g).chain(ceilings.iter().copied()).collect(),
        probed_from: (!floors.is_empty()).then_some(unprobed.floor),
    };
    let bracket = unprobed.with(floors, ceilings);
    let beyond = bracket.floor.at;
    let stop = stop.map(|Stop { at, records, until }| Stranded {
        first: at,
        beyond: until,
        records: Some(records),
        offsets: at.distance_to(until),
    });
    let stranded = held.map(|held| held.below(beyond)).into_iter().chain(stop);
    let stranded = stranded.filter(|stranded| stranded.first < beyond).min_by_key(|stranded| stranded.first);
    let bracket = match stranded {
        Some(stranded) => bracket.held_at(stranded.first),
        None => bracket,
    };
    let low = bracket.floor.at;
    let is_place = !matches!(bracket.floor.reason, Reason::LogStart | Reason::Stranded(_));
    let position = match (contradiction, e.contradiction(g), &bracket.ceiling) {
        // There is no offset to fall back to.
        _ if e.target_log_unknown.is_some() && !is_place => {
            Position::Unknown { reason: NoTarget::LogUnknown }
        }
        // Nothing is left of what the bracket rests on.
        (Some(contradiction), ..) => Position::Unsafe { low: e.target_log.start, contradiction },
        (None, Some(contradiction), _) => Position::Unsafe { low, contradiction },
        (None, None, None) => Position::Floor { low },
        (None, None, Some(_)) if bracket.is_exact() => Position::Exact { at: low },
        (None, None, Some(ceiling)) => Position::Bounded { low, high: ceiling.at },
    };
    let stranded = stranded.filter(|_| !matches!(position, Position::Unknown { .. }));
    // What it is ahead of is not what it reads next.
    let ahead = if stranded.is_some() { 0 } else { ahead };
    Fused { position, bracket, derivation, copy, ahead, same, stranded }
}
