use std::collections::{BTreeMap, BTreeSet};

use super::target::Entry;
use super::{SyncRecord, World};

/// What is right for a group whose commit is of one incarnation of the source topic, by the definitions of the
/// design: the first and the last right position.
pub(crate) struct Truth {
    start: i64,
    end: i64,
    firsts: BTreeMap<i64, i64>,
    lasts: BTreeMap<i64, i64>,
    /// The first record of a later incarnation: all of them are unread.
    later: i64,
    data: Vec<i64>,
}

impl Truth {
    /// The truth about commits made on the source topic as it is now.
    pub(crate) fn of(world: &World) -> Self {
        Self::of_incarnation(world, world.source.incarnation)
    }

    /// The truth about commits made on an `incarnation` of the source topic.
    pub(crate) fn of_incarnation(world: &World, of: u32) -> Self {
        let target = &world.target;
        let mut truth = Self {
            start: target.start,
            end: target.end(),
            firsts: BTreeMap::new(),
            lasts: BTreeMap::new(),
            later: target.end(),
            data: Vec::new(),
        };
        for (offset, entry) in target.entries() {
            match entry {
                Entry::Copy { incarnation, upstream } if incarnation == of => {
                    truth.firsts.entry(upstream).or_insert(offset);
                    truth.lasts.insert(upstream, offset);
                }
                Entry::Copy { incarnation, .. } if incarnation > of && offset >= target.start => {
                    truth.later = truth.later.min(offset);
                }
                _ => {}
            }
            if entry != Entry::Control && offset >= target.start {
                truth.data.push(offset);
            }
        }
        // What retention has deleted is ahead of nobody.
        truth.lasts.retain(|_, last| *last >= target.start);
        let mut least = truth.later;
        for last in truth.lasts.values_mut().rev() {
            least = least.min(*last);
            *last = least;
        }
        truth
    }

    /// The first copy of the first copied record at or above `g`.
    pub(crate) fn first(&self, g: i64) -> i64 {
        self.firsts.range(g..).next().map_or(self.later, |(_, &offset)| offset)
    }

    /// The greatest offset from which every copied record at or above `g` is still ahead.
    pub(crate) fn last(&self, g: i64) -> i64 {
        self.lasts.range(g..).next().map_or(self.later, |(_, &offset)| offset)
    }

    /// How many data records lie between `at` and the best position for `g`.
    pub(crate) fn reread(&self, at: i64, g: i64) -> u64 {
        let below = |limit: i64| self.data.partition_point(|&offset| offset < limit) as u64;
        below(self.last(g)).saturating_sub(below(at.max(self.start)))
    }

    /// The target's log end offset.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }
}

/// How the assumption `visible-replays` is broken.
impl World {
    /// Whether a floor may lie too high: MM2 has not copied all again that it had copied before a restart, or never
    /// will, and the syncs as they were when `read` do not show it (with `None` there are no syncs to see it in).
    pub(crate) fn hides_an_unfinished_replay(&self, read: Option<&World>) -> bool {
        let hidden = |read| self.hidden_before(read) || self.hidden_between(read);
        self.lost_between() || (self.lags_behind_itself() && read.is_none_or(hidden))
    }

    /// Whether records were copied twice and the syncs do not show it.
    pub(crate) fn hides_doubled_records(&self, read: &World) -> bool {
        self.lost_between() || self.hidden_between(read) || self.hidden_after(read)
    }

    /// Whether a record was copied that the source no longer holds.
    pub(crate) fn has_lost_copied_records(&self) -> bool {
        let lost = |upstream| !self.source.holds(upstream);
        self.target
            .entries()
            .any(|(_, entry)| matches!(entry, Entry::Copy { upstream, .. } if lost(upstream)))
    }

    /// Whether MM2 is, or was when it or a source topic died, copying again what it had copied before.
    fn lags_behind_itself(&self) -> bool {
        let mut progress: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
        for (_, entry) in self.target.entries() {
            if let Entry::Copy { incarnation, upstream } = entry {
                let (highest, newest) = progress.entry(incarnation).or_insert((upstream, upstream));
                (*highest, *newest) = (upstream.max(*highest), upstream);
            }
        }
        progress.values().any(|(highest, newest)| newest < highest)
    }

    /// The source deleted a record after it was copied and before a replay, which passed it by, could copy it again.
    fn lost_between(&self) -> bool {
        let mut copied: BTreeSet<i64> = BTreeSet::new();
        let mut last = i64::MAX;
        self.target.entries().any(|(_, entry)| {
            let Entry::Copy { upstream, .. } = entry else { return false };
            let passed = last < upstream && copied.range(last + 1..upstream).next().is_some();
            copied.insert(upstream);
            last = upstream;
            passed
        })
    }

    /// The oldest sync still there is of a replay that had not caught up.
    fn hidden_before(&self, read: &World) -> bool {
        let Some(&oldest) = read.syncs_of_target().first() else { return true };
        self.target.between(0, oldest.downstream).any(|(_, entry)| {
            matches!(entry, Entry::Copy { incarnation, upstream }
                if incarnation == oldest.source_incarnation && upstream > oldest.upstream)
        })
    }

    /// Between two syncs holes of the source balance what was doubled, or stand beside it while no sync up to there
    /// has shown that the source has holes.
    fn hidden_between(&self, read: &World) -> bool {
        let mut dense = true;
        read.syncs_of_target().windows(2).any(|pair| {
            let (from, to) = (pair[0], pair[1]);
            if to.upstream <= from.upstream || to.downstream <= from.downstream {
                return false;
            }
            let (rise, written) = (to.upstream - from.upstream, to.downstream - from.downstream);
            let fresh = self.copied_between(from, to);
            let (holes, extras) = (rise - fresh, written - fresh);
            dense &= rise <= written;
            if written <= rise { extras > 0 } else { holes > 0 && dense }
        })
    }

    /// How many records above `from` up to `to` were copied between the two.
    fn copied_between(&self, from: SyncRecord, to: SyncRecord) -> i64 {
        let copies = self.target.between(from.downstream + 1, to.downstream + 1);
        let fresh = copies.filter_map(|(_, entry)| match entry {
            Entry::Copy { upstream, .. } if from.upstream < upstream && upstream <= to.upstream => {
                Some(upstream)
            }
            _ => None,
        });
        fresh.collect::<BTreeSet<_>>().len() as i64
    }

    /// After the newest sync records were doubled of which no sync tells.
    fn hidden_after(&self, read: &World) -> bool {
        let Some(&newest) = read.syncs_of_target().last() else { return true };
        let mut last = newest.upstream;
        self.target.between(newest.downstream + 1, i64::MAX).any(|(_, entry)| match entry {
            Entry::Copy { upstream, .. } => {
                let again = upstream <= last;
                last = upstream;
                again
            }
            _ => false,
        })
    }

    fn syncs_of_target(&self) -> Vec<SyncRecord> {
        self.syncs()
            .iter()
            .filter(|sync| sync.target_incarnation == self.target.incarnation)
            .copied()
            .collect()
    }
}
