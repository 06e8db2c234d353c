use super::StateDamage;
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Head};

/// The kind of the stream that says how far a copy goes.
pub(super) const CHECKPOINT: u8 = 32;

/// The log of one table as a copy of a changelog: a sequence of records, each of which sets or removes one segment.
///
/// The changelog is the truth and the copy saves reading it from its beginning: it says up to which offset it holds
/// everything, in the same step as what it holds. Records that were applied already may be applied again.
#[derive(Debug)]
pub struct ChangelogReplica<L> {
    log: L,
    checkpoint: ReplicaCheckpoint,
    /// Whether what the log holds is of no use: it goes with the first change.
    is_stale: bool,
}

/// How far a copy goes, and of which changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaCheckpoint {
    space: u32,
    /// Whose offsets these are.
    of: u64,
    next: Option<i64>,
}

/// A segment that is set, or `None` where it is removed.
pub type SegmentChange = (Key, Option<Vec<u8>>);

/// A record that no table of this space wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its key is not that of a segment of space {space}")]
pub struct NotAChange {
    /// The space that was expected.
    pub space: u32,
}

impl<L: SegmentLog> ChangelogReplica<L> {
    /// The copy that a log holds of this changelog. It is known by its name, and by what tells it from a later one of that name,
    /// such as the id of its topic. A log that holds another's counts for nothing, as its offsets mean nothing here; it is emptied
    /// with the first change that is [applied](Self::apply), and opening removes nothing.
    ///
    /// # Errors
    /// [`Error::State`] when the segment that says how far the copy goes is damaged; the log's own.
    pub fn open(log: L, space: u32, changelog: &str) -> Result<Self, Error> {
        let of = twox_hash::XxHash3_128::oneshot(changelog.as_bytes()) as u64;
        let stream = Stream { space, kind: CHECKPOINT };
        let mut found = Ok(None);
        log.scan(stream, 0, &mut |sequence, bytes| {
            let key = Key { stream, sequence };
            found = match segment::decode(key, bytes) {
                Ok((head, _)) => Ok(Some(head)),
                Err(flaw) => Err(StateDamage { key, flaw }),
            };
            false
        })?;
        let next = found?.filter(|head| head.guard == of).map(|head| head.next);
        Ok(Self { log, checkpoint: ReplicaCheckpoint { space, of, next }, is_stale: next.is_none() })
    }

    /// How far it goes.
    pub fn checkpoint(&self) -> ReplicaCheckpoint {
        self.checkpoint
    }

    /// Applies records of the changelog in their order: a segment under its key, or `None` in its place. All of them are
    /// there after a crash, or none.
    ///
    /// # Errors
    /// The log's own; some may be applied then, which does no harm.
    pub fn apply(&mut self, changes: Vec<SegmentChange>, next: i64) -> Result<(), Error> {
        if self.is_stale {
            self.clear()?;
        }
        let mut written = Vec::with_capacity(changes.len() + 1);
        let mut removed = Vec::new();
        for (at, (key, segment)) in changes.iter().enumerate() {
            // Of two changes of one key the later one counts.
            if changes[at + 1..].iter().any(|(later, _)| later == key) {
                continue;
            }
            match segment {
                Some(segment) => written.push((*key, segment.clone())),
                None => removed.push(*key),
            }
        }
        let checkpoint = self.checkpoint.advanced_to(next);
        written.push(checkpoint.segment());
        self.log.append(&written)?;
        for key in removed {
            self.log.remove(key.stream, key.sequence..key.sequence.saturating_add(1))?;
        }
        self.checkpoint = checkpoint;
        Ok(())
    }

    /// The key and the value of a record of the changelog as a change.
    ///
    /// # Errors
    /// [`NotAChange`] when it is none of this table.
    pub fn change(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<SegmentChange, NotAChange> {
        let key = key
            .and_then(Key::of)
            .filter(|key| key.stream.space == self.checkpoint.space && key.stream.kind != CHECKPOINT);
        let key = key.ok_or(NotAChange { space: self.checkpoint.space })?;
        Ok((key, value.map(<[u8]>::to_vec)))
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// The log's own.
    pub fn clear(&mut self) -> Result<(), Error> {
        let mut kinds = Vec::new();
        self.log.scan_all(&mut |key, _| {
            if key.stream.space == self.checkpoint.space && kinds.last() != Some(&key.stream.kind) {
                kinds.push(key.stream.kind);
            }
        })?;
        // The place goes first: without it, what is left of a copy counts for nothing.
        kinds.sort_by_key(|kind| *kind != CHECKPOINT);
        for kind in kinds {
            self.log.remove(Stream { space: self.checkpoint.space, kind }, 0..u64::MAX)?;
        }
        (self.checkpoint.next, self.is_stale) = (None, false);
        Ok(())
    }

    /// The log beneath. Where nothing was applied to a copy that counts for nothing, it is emptied first; a caller that is to know
    /// whether it could be [clears](Self::clear) it before.
    pub fn into_log(mut self) -> L {
        if self.is_stale {
            // A log that cannot be written is no more of use to who opens it next.
            let _ = self.clear();
        }
        self.log
    }
}

impl ReplicaCheckpoint {
    /// Up to which offset of the changelog, not included, everything is there; `None` in a new copy.
    pub fn next(&self) -> Option<i64> {
        self.next
    }

    /// The place of a copy that has come as far as this.
    #[must_use]
    pub fn advanced_to(self, next: i64) -> Self {
        Self { next: Some(next), ..self }
    }

    /// The segment that says so, to be kept in the same step as what it speaks of.
    pub fn segment(&self) -> (Key, Vec<u8>) {
        let key = Key { stream: Stream { space: self.space, kind: CHECKPOINT }, sequence: 0 };
        let head = Head { next: self.next.unwrap_or_default(), guard: self.of, ..Head::default() };
        (key, segment::encode(key, &head, &[]))
    }
}
