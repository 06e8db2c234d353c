use super::OffsetPair;
use crate::model::SourceOffset;

/// Where MM2 copied records again, or may have: what a position can still lie behind.
///
/// A group that goes on at the first copy of its record reads the copies made again too. How many that are at most
/// follows from how far back each replay can have begun.
#[derive(Debug, Clone, Default)]
pub(super) struct Replays {
    /// Rising in both: a replay that reached as far back as a later one makes no difference beside it.
    replays: Vec<Replay>,
}

#[derive(Debug, Clone, Copy)]
struct Replay {
    /// Nothing below this source offset was copied again.
    reach: SourceOffset,
    /// The first sync of the replay that is known.
    after: OffsetPair,
}

impl Replays {
    /// Adds a replay that is newer than all others.
    pub(super) fn add(&mut self, reach: SourceOffset, after: OffsetPair) {
        while self.replays.last().is_some_and(|older| older.reach >= reach) {
            self.replays.pop();
        }
        self.replays.push(Replay { reach, after });
    }

    /// The first sync of the newest replay that may have copied again a record of which `copy` is one copy, if that
    /// happened later than `copy`.
    pub(super) fn after(&self, copy: OffsetPair) -> Option<OffsetPair> {
        let reaching = self.replays.partition_point(|replay| replay.reach <= copy.upstream);
        let newest = self.replays[..reaching].last()?;
        (newest.after.downstream > copy.downstream).then_some(newest.after)
    }

    pub(super) fn clear(&mut self) {
        self.replays.clear();
    }

    /// Bytes held outside.
    pub(super) fn heap(&self) -> usize {
        self.replays.capacity() * size_of::<Replay>()
    }
}
