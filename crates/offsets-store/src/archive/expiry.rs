use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::checkpoints;
use super::commits::{self, CommitEntry};
use super::contents::{Contents, Piece, StreamState};
use super::syncs::SyncReader;
use super::{Archive, Damage, Kind, to_timestamp};
use crate::Error;
use crate::log::Key;
use crate::segment::{self, Flaw};

/// What an archive may keep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// What was seen longer ago than this goes.
    pub age: Option<Duration>,
    /// The oldest goes until no more bytes than this are kept of all links together. The folder itself may grow to about
    /// twice as much.
    pub bytes: Option<u64>,
}

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// How many segments.
    pub segments: u64,
    /// Bytes that are kept over the limit all the same: names, and the newest of everything, never go.
    pub over: u64,
}

/// The streams that age.
const AGEING: [Kind; 4] = [Kind::Commits, Kind::Syncs, Kind::Checkpoints, Kind::Records];

impl Archive {
    /// Removes what is older than the limits allow at `now`, oldest first; for room, fingerprints of records first. The newest commit of each group that is still
    /// seen, the newest sync of each partition and the newest checkpoint of both never go, however old.
    ///
    /// While a [`Snapshot`](super::Snapshot) is read nothing goes.
    ///
    /// # Errors
    /// [`Error::Damaged`] when something to go cannot be read, and those of [`record`](Self::record); the log's own.
    pub fn expire(&mut self, limits: &Limits, now: Timestamp) -> Result<Expired, Error> {
        let mut expired = Expired::default();
        // What is being read stays until that is done.
        if Arc::strong_count(&self.snapshots) > 1 || limits.age.is_none() && limits.bytes.is_none() {
            return Ok(expired);
        }
        self.check_whole()?;
        let links: Vec<_> = self.links().into_iter().cloned().collect();
        for link in &links {
            self.record(link)?;
        }
        let age = limits.age.map(|age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let before = age.map(|age| now.as_millisecond().saturating_sub(age));
        // What was carried over in this round is newer than all that is looked at.
        let mut fruitless = Vec::new();
        loop {
            let bytes: u64 = self.open.values().map(Contents::bytes).sum();
            expired.over = limits.bytes.map_or(0, |limit| bytes.saturating_sub(limit));
            let Some((space, kind, piece)) = self.next_to_go(expired.over, &fruitless) else { break };
            if expired.over == 0 && before.is_none_or(|before| piece.last_ms >= before) {
                break;
            }
            self.drop_first(space, kind, piece, before)?;
            expired.segments += 1;
            let after: u64 = self.open.values().map(Contents::bytes).sum();
            if after >= bytes {
                fruitless.push((space, kind));
            }
        }
        if expired.segments > 0 {
            self.log.flush()?;
        }
        Ok(expired)
    }

    /// The full segment to be removed first, and where it is: the oldest, but for room those of records before all others,
    /// which are few and worth more.
    fn next_to_go(&self, over: u64, but: &[(u32, Kind)]) -> Option<(u32, Kind, Piece)> {
        let places = self.open.iter().flat_map(|(&space, contents)| {
            AGEING.iter().filter_map(move |&kind| {
                let piece = *contents.stream(kind).pieces.front()?;
                Some((space, kind, piece))
            })
        });
        places
            .filter(|(space, kind, _)| !but.contains(&(*space, *kind)))
            .min_by_key(|(_, kind, piece)| (over > 0 && *kind != Kind::Records, piece.last_ms))
    }

    /// Removes the first segment of a stream. What of it is the newest of its kind is written again at the end first: a
    /// process that is killed in between has it twice, which changes nothing.
    fn drop_first(&mut self, space: u32, kind: Kind, piece: Piece, before: Option<i64>) -> Result<(), Error> {
        let Some(link) = self.links.get(&space).map(|known| known.link.clone()) else { return Ok(()) };
        let mut recorder = self.record(&link)?;
        let state = recorder.contents().stream(kind);
        // What is carried over was not seen again, and nothing else was either.
        let (stream, now) = (state.stream, to_timestamp(state.tail.head.last_ms));
        let key = Key { stream, sequence: piece.sequence };
        let mut read = Err(Flaw::Missing);
        recorder.log().get(key, &mut |bytes| {
            read = segment::decode(key, bytes).map(|(head, entries)| (head, entries.to_vec()));
        })?;
        let (head, entries) = match read {
            Ok(read) => read,
            // What is newest in it could not be kept, so it stays, for salvage.
            Err(flaw) => {
                let damage =
                    Damage { link: Some(link.name()), sequence: piece.sequence, flaw, lost: 1, kind };
                self.open.remove(&space);
                return Err(self.damaged(vec![damage]));
            }
        };
        {
            let contents = recorder.contents();
            match kind {
                Kind::Commits => {
                    let mut newest = commits::read(&entries, &contents.names).unwrap_or_default();
                    newest.retain(|change| {
                        let stored = contents.stored_commits.0.get(&change.group_partition);
                        stored.is_some_and(|stored| {
                            (stored.seen_ms, Some(&stored.value)) == (change.seen_ms, change.value.as_ref())
                        })
                    });
                    for change in newest {
                        let until = recorder
                            .contents()
                            .stored_commits
                            .0
                            .get(&change.group_partition)
                            .and_then(|stored| stored.until_ms);
                        match until {
                            None => recorder.change(&change, now),
                            // It has not been seen for longer than the retention.
                            Some(until) if before.is_some_and(|before| until < before) => {
                                recorder.contents_mut().stored_commits.0.remove(&change.group_partition);
                            }
                            Some(until) => {
                                recorder.change(&change, now);
                                recorder.change(&CommitEntry { seen_ms: until, value: None, ..change }, now);
                            }
                        }
                    }
                }
                Kind::Checkpoints => {
                    let mut newest = checkpoints::read(&entries, &contents.names).unwrap_or_default();
                    newest.retain(|checkpoint_entry| {
                        contents.last_checkpoints.get(&checkpoint_entry.group_partition)
                            == Some(checkpoint_entry)
                    });
                    newest
                        .iter()
                        .try_for_each(|checkpoint_entry| recorder.put_checkpoint(checkpoint_entry, now))?;
                }
                // The end of what was kept of a partition is known as long as it is recorded; after that it is read again.
                Kind::Records => {}
                _ => {
                    let mut newest = Vec::new();
                    // A segment that cannot be read has nothing to be kept.
                    let _ = SyncReader::default().read(&head, &entries, &contents.names, |pair| {
                        let known = contents.newest.get(pair.number as usize - 1).copied().flatten();
                        if known == Some(pair) && newest.last() != Some(&pair) {
                            newest.push(pair);
                        }
                    });
                    newest.iter().try_for_each(|&pair| recorder.push_sync(pair, now))?;
                }
            }
            recorder.save()?;
        }
        recorder.log().remove(stream, piece.sequence..piece.sequence + 1)?;
        recorder.contents_mut().stream_mut(kind).pieces.pop_front();
        Ok(())
    }
}

impl Contents {
    fn bytes(&self) -> u64 {
        self.streams().into_iter().map(StreamState::bytes).sum()
    }

    pub(super) fn stream(&self, kind: Kind) -> &StreamState {
        match kind {
            Kind::Commits => &self.commits,
            Kind::Syncs => &self.syncs,
            Kind::Checkpoints => &self.checkpoints,
            Kind::Records => &self.records,
            Kind::RecordTopics => &self.record_topics,
            Kind::Names | Kind::Links | Kind::Salvages => &self.named,
        }
    }

    fn stream_mut(&mut self, kind: Kind) -> &mut StreamState {
        match kind {
            Kind::Commits => &mut self.commits,
            Kind::Syncs => &mut self.syncs,
            Kind::Checkpoints => &mut self.checkpoints,
            Kind::Records => &mut self.records,
            Kind::RecordTopics => &mut self.record_topics,
            Kind::Names | Kind::Links | Kind::Salvages => &mut self.named,
        }
    }
}
