use super::{Bound, PartitionEvidence};
use crate::history::Doubt;
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
        doubt: Doubt,
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
}

/// A position with the bounds it follows from.
#[derive(Debug, Clone)]
pub(super) struct Fused {
    pub(super) position: Position,
    pub(super) floor: Bound,
    pub(super) ceiling: Option<Bound>,
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

/// The highest floor, the lowest ceiling, and what they say together.
pub(super) fn fuse(e: &PartitionEvidence<'_>, g: SourceOffset) -> Fused {
    let floor = super::floors::floors(e, g)
        .reduce(|best, next| if next.at > best.at { next } else { best })
        .expect("the log start is a floor of every partition");
    let ceiling = super::ceilings::ceilings(e, g).min_by_key(|ceiling| ceiling.at);
    let low = floor.at;
    let position = match (e.doubt(g), &ceiling) {
        (Some(doubt), _) => Position::Unsafe { low, doubt },
        (None, None) => Position::Floor { low },
        // A ceiling below the floor is one that retention has passed: the log start has become the position.
        (None, Some(ceiling)) if ceiling.at <= low => Position::Exact { at: low },
        (None, Some(ceiling)) => Position::Bounded { low, high: ceiling.at },
    };
    Fused { position, floor, ceiling }
}
