//! What named assumptions excuse: whether each of them was in fact broken, in a world that is known.

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror_maker::SyncRecord;
use crate::target_log::Entry;
use crate::{Known, World};

/// Which assumptions a world breaks, and in which way. An answer that names one is excused from what follows of that.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waivers {
    /// `visible-replays`: a floor may be too high.
    pub(crate) unfinished: bool,
    /// `visible-replays`: more may be read again than was said.
    pub(crate) doubled: bool,
    /// `visible-replays`: the source deleted records between two copies, so that a count takes others for them.
    pub(crate) passed_by: bool,
    /// `sole-writer`: another producer writes to the mirror partition.
    pub(crate) foreign: bool,
    /// `source-kept`: the source has lost a record that was copied.
    pub(crate) lost: bool,
    /// `distinct-records`: such a record, or one that was not kept of a source that died, looks like another one.
    pub(crate) alike: bool,
    /// `distinct-records`: another producer writes what looks like records of the source. No group skips by it.
    pub(crate) impersonated: bool,
    /// `order`: two MM2s copied at once.
    pub(crate) disordered: bool,
}

impl Waivers {
    pub(crate) fn of(read: &World, now: &World, known: Known) -> Self {
        let lost = has_lost_copied_records(now);
        Self {
            unfinished: hides_an_unfinished_replay(now, known.syncs.then_some(read)),
            doubled: hides_doubled_records(now, read),
            passed_by: lost_between(now),
            foreign: now.target.entries().any(|(_, entry)| {
                entry.is_foreign()
                    || matches!(entry, Entry::Original { .. }) && !read.tells_of_originals(known)
            }),
            lost,
            alike: (lost || known.remembers()) && now.setting().twins > 1,
            impersonated: now.target.entries().any(|(_, entry)| matches!(entry, Entry::Alike { .. })),
            disordered: now.has_a_rival(),
        }
    }
}

/// Whether MM2 has not copied all again that it had copied before a restart, or never will, and the syncs as they were
/// when `read` do not show it (with `None` there are no syncs to see it in).
fn hides_an_unfinished_replay(now: &World, read: Option<&World>) -> bool {
    let hidden = |read| hidden_before(now, read) || hidden_between(now, read);
    lost_between(now) || (lags_behind_itself(now) && read.is_none_or(hidden))
}

/// Whether records were copied twice and the syncs do not show it.
fn hides_doubled_records(now: &World, read: &World) -> bool {
    lost_between(now) || hidden_before(now, read) || hidden_between(now, read) || hidden_after(now, read)
}

/// Whether a record was copied that the source no longer holds.
fn has_lost_copied_records(now: &World) -> bool {
    let lost = |upstream| !now.source.holds(upstream);
    now.target.entries().any(|(_, entry)| {
        matches!(entry, Entry::Copy { upstream, .. } | Entry::Original { upstream, .. } if lost(upstream))
    })
}

/// Whether MM2 is, or was when it or a source topic died, copying again what it had copied before.
fn lags_behind_itself(now: &World) -> bool {
    let mut progress: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for (_, entry) in now.target.entries() {
        if let Entry::Copy { incarnation, upstream } = entry {
            let (highest, newest) = progress.entry(incarnation).or_insert((upstream, upstream));
            (*highest, *newest) = (upstream.max(*highest), upstream);
        }
    }
    progress.values().any(|(highest, newest)| newest < highest)
}

/// The source deleted a record after it was copied and before a replay, which passed it by, could copy it again.
fn lost_between(now: &World) -> bool {
    let mut copied: BTreeSet<i64> = BTreeSet::new();
    let mut last = i64::MAX;
    now.target.entries().any(|(_, entry)| {
        let Entry::Copy { upstream, .. } = entry else { return false };
        let passed = last < upstream && copied.range(last + 1..upstream).next().is_some();
        copied.insert(upstream);
        last = upstream;
        passed
    })
}

/// The oldest sync still there is of a replay that had not caught up.
fn hidden_before(now: &World, read: &World) -> bool {
    let Some(&oldest) = syncs_of_target(read).first() else { return true };
    now.target.between(0, oldest.downstream).any(|(_, entry)| {
        matches!(entry, Entry::Copy { incarnation, upstream }
            if incarnation == oldest.source_incarnation && upstream > oldest.upstream)
    })
}

/// Between two syncs holes of the source balance what was doubled, or stand beside it while no sync up to there has
/// shown that the source has holes.
fn hidden_between(now: &World, read: &World) -> bool {
    let mut dense = true;
    syncs_of_target(read).windows(2).any(|pair| {
        let (from, to) = (pair[0], pair[1]);
        if to.upstream <= from.upstream || to.downstream <= from.downstream {
            return false;
        }
        let (rise, written) = (to.upstream - from.upstream, to.downstream - from.downstream);
        let fresh = copied_between(now, from, to);
        let (holes, extras) = (rise - fresh, written - fresh);
        dense &= rise <= written;
        if written <= rise { extras > 0 } else { holes > 0 && dense }
    })
}

/// How many records above `from` up to `to` were copied between the two.
fn copied_between(now: &World, from: SyncRecord, to: SyncRecord) -> i64 {
    let copies = now.target.between(from.downstream + 1, to.downstream + 1);
    let fresh = copies.filter_map(|(_, entry)| match entry {
        Entry::Copy { upstream, .. } if from.upstream < upstream && upstream <= to.upstream => Some(upstream),
        _ => None,
    });
    fresh.collect::<BTreeSet<_>>().len() as i64
}

/// After the newest sync records were doubled of which no sync tells.
fn hidden_after(now: &World, read: &World) -> bool {
    let Some(&newest) = syncs_of_target(read).last() else { return true };
    let mut last = newest.upstream;
    now.target.between(newest.downstream + 1, i64::MAX).any(|(_, entry)| match entry {
        Entry::Copy { upstream, .. } => {
            let again = upstream <= last;
            last = upstream;
            again
        }
        _ => false,
    })
}

fn syncs_of_target(world: &World) -> Vec<SyncRecord> {
    let of_this = |sync: &&SyncRecord| sync.target_incarnation == world.target.incarnation;
    world.syncs().iter().filter(of_this).copied().collect()
}
