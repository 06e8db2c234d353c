use std::collections::VecDeque;

use super::OffsetPair;
use super::gap::Gap;
use crate::model::SourceOffset;

/// More open boundaries than this are folded into one: the answer stays safe and only gets less sharp.
const OPEN_LIMIT: usize = 64;

/// Which syncs may not be used as floors yet, because a replay behind them may not have caught up.
///
/// When MM2 restarts it copies again from its last committed source offset. A sync of the replay proves that the
/// records above it *will* come again, not that they have: if the replay dies half-way, records that only the
/// earlier run copied lie *before* the replay's syncs, and a group placed behind such a sync would skip them. A
/// replay is known to have caught up once it has come as many records past the highest earlier sync as the earlier
/// run can have written unseen.
///
/// `OffsetSyncStore` has no such rule; it is what makes MM2's own `d + 1` unsafe while a replay is under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Overtaking {
    open: VecDeque<Boundary>,
}

#[derive(Debug, Clone)]
struct Boundary {
    /// The last sync before the replay began: it and everything older is settled.
    before: OffsetPair,
    /// The highest source offset any sync had shown by then.
    highest: SourceOffset,
    /// How many records the earlier run can have written after `before` at most.
    unseen: u64,
    /// How many records past `highest` the replay has come at least; `None` while it has not reached it.
    passed: Option<u64>,
}

impl Overtaking {
    /// A replay began, or may have begun, in `gap`.
    pub(super) fn open(&mut self, gap: Gap, highest: SourceOffset) {
        if gap.rewinds() {
            self.open.iter_mut().for_each(|boundary| boundary.passed = None);
        }
        let unseen = gap.written().saturating_sub(1);
        let full = self.open.len() >= OPEN_LIMIT;
        match self.open.back_mut() {
            Some(last) if full => {
                last.highest = last.highest.max(highest);
                last.unseen = last.unseen.max(unseen);
                last.passed = None;
            }
            _ => self.open.push_back(Boundary { before: gap.before, highest, unseen, passed: None }),
        }
    }

    /// Takes note that the running replay has got from one sync to the next.
    pub(super) fn pass(&mut self, gap: Gap, dense: bool) {
        for boundary in self.open.iter_mut().filter(|boundary| gap.after.upstream >= boundary.highest) {
            let counts = boundary.passed.is_some() || gap.before.upstream == boundary.highest;
            let further = if counts { gap.records(dense) } else { 0 };
            boundary.passed = Some(boundary.passed.unwrap_or(0).saturating_add(further));
        }
        while self.open.front().is_some_and(Boundary::is_overtaken) {
            self.open.pop_front();
        }
    }

    /// The newest sync that may be used as a floor while a replay has not been seen to catch up; `None` when every
    /// sync may.
    pub(super) fn last_settled(&self) -> Option<OffsetPair> {
        self.open.front().map(|boundary| boundary.before)
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
    }
}

impl Boundary {
    fn is_overtaken(&self) -> bool {
        self.passed.is_some_and(|passed| passed >= self.unseen)
    }
}
