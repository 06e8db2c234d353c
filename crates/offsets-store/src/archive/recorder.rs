use jiff::Timestamp;
use offsets_core::consumer_offsets::CommitChange;
use offsets_core::evidence::RecordedCommit;
use offsets_core::mm2::{Checkpoint, OffsetSync};
use offsets_core::model::{CommittedOffset, GroupId, SourceOffset, TopicPartition};
use twox_hash::XxHash3_128;

use super::checkpoints::CheckpointEntry;
use super::commits::{CommitEntry, CommitValue, GroupPartition, StoredCommit};
use super::contents::{Contents, StreamState, set_newest};
use super::names::{self, Base, NameKind};
use super::syncs::{self, Pair};
use crate::Error;
use crate::log::{Key, SegmentLog};
use crate::wire::Writer;

/// How many full segments are held back before they are written.
const HELD_BACK: usize = 256;

/// An internal topic that is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Offset syncs.
    Syncs,
    /// Checkpoints.
    Checkpoints,
}

/// Where a record stands in its topic, and what it is recognised by when the topic is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPosition {
    /// Its offset.
    pub offset: i64,
    /// The [guard](RecordPosition::of) of its content.
    pub content_hash: u64,
}

impl RecordPosition {
    /// The place of a record with this key and value.
    pub fn of(offset: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        let [key, value] = [key, value].map(|bytes| XxHash3_128::oneshot(bytes.unwrap_or_default()) as u64);
        // 0 is left for nothing.
        Self { offset, content_hash: (key.rotate_left(1) ^ value).max(1) }
    }
}

/// Records what is seen of one link. Nothing is on the disk before [`save`](Recorder::save).
pub struct Recorder<'a> {
    log: &'a mut (dyn SegmentLog + Send),
    contents: &'a mut Contents,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(log: &'a mut (dyn SegmentLog + Send), contents: &'a mut Contents) -> Self {
        Self { log, contents }
    }

    /// The last record of a topic that was read; reading goes on behind it. `None` when nothing was read yet.
    pub fn position(&self, topic: Topic) -> Option<RecordPosition> {
        let head = self.stream(topic).tail.head;
        (head.guard != 0).then(|| RecordPosition { offset: head.next - 1, content_hash: head.guard })
    }

    /// Everything in a topic up to this record has been read.
    pub fn passed(&mut self, topic: Topic, position: RecordPosition) {
        self.stream_mut(topic).tail.reach(position.offset.saturating_add(1), position.content_hash);
    }

    /// The topic is not the one that was read before: reading starts over.
    pub fn forget_position(&mut self, topic: Topic) {
        self.stream_mut(topic).tail.reach(0, 0);
    }

    /// Takes what all groups have committed on the source at `now`, and saves it. A commit that is not among
    /// them stays what it was when it was last seen. Tells how many commits are not what they were.
    ///
    /// All of it is written in one step: the time at which the commits were looked at never stands beside half of them.
    ///
    /// # Errors
    /// The log's own. What was taken is kept and written by the next call.
    pub fn commits(&mut self, polled: &[RecordedCommit], now: Timestamp) -> Result<usize, Error> {
        let mut changes = Vec::new();
        let mut present = std::collections::HashSet::with_capacity(polled.len());
        for RecordedCommit { commit, .. } in polled {
            let group_partition = self.committer(&commit.group, &commit.partition, Some(&commit.committed));
            present.insert(group_partition);
            changes.extend(self.stands(group_partition, &commit.committed, now));
        }
        let stored = self.contents.stored_commits.0.iter();
        let gone = stored.filter(|(group_partition, stored)| {
            stored.until_ms.is_none() && !present.contains(*group_partition)
        });
        let gone: Vec<_> = gone.map(|(&group_partition, _)| self.gone(group_partition)).collect();
        changes.extend(gone);
        self.apply(changes, now)
    }

    /// Takes what has changed since all commits were last taken, up to `now`, and saves it. What is not among the changes
    /// is at `now` what it was. Tells how many commits are not what they were.
    ///
    /// All of it is written in one step, as by [`commits`](Recorder::commits).
    ///
    /// # Errors
    /// The log's own. What was taken is kept and written by the next call.
    pub fn commit_changes(&mut self, changed: &[CommitChange], now: Timestamp) -> Result<usize, Error> {
        let mut changes = Vec::new();
        for CommitChange { group, partition, committed } in changed {
            let group_partition = self.committer(group, partition, committed.as_ref());
            match committed {
                Some(committed) => changes.extend(self.stands(group_partition, committed, now)),
                None => {
                    let stored = self.contents.stored_commits.0.get(&group_partition);
                    let seen = stored.is_some_and(|stored| stored.until_ms.is_none());
                    changes.extend(seen.then(|| self.gone(group_partition)));
                }
            }
        }
        self.apply(changes, now)
    }

    /// What changes when a group is seen to have committed this; nothing if it had before.
    fn stands(
        &self,
        group_partition: GroupPartition,
        committed: &CommittedOffset<SourceOffset>,
        now: Timestamp,
    ) -> Option<CommitEntry> {
        let (offset, metadata) = (committed.offset.get(), committed.metadata.as_str());
        let known =
            self.contents.stored_commits.0.get(&group_partition).filter(|stored| stored.until_ms.is_none());
        let same = |stored: &StoredCommit| stored.value.offset == offset && stored.value.metadata == metadata;
        let value = CommitValue { offset, metadata: metadata.to_owned() };
        let seen_ms = now.as_millisecond();
        (!known.is_some_and(same)).then_some(CommitEntry { group_partition, seen_ms, value: Some(value) })
    }

    /// What changes when a commit is not seen any more: it was last seen when all were looked at before.
    fn gone(&self, group_partition: GroupPartition) -> CommitEntry {
        CommitEntry { group_partition, seen_ms: self.contents.commits.tail.head.last_ms, value: None }
    }

    fn apply(&mut self, changes: Vec<CommitEntry>, now: Timestamp) -> Result<usize, Error> {
        let count = changes.len();
        for change in changes {
            self.change(&change, now);
            self.contents.stored_commits.apply(change);
        }
        self.contents.commits.tail.confirm(now);
        self.save()?;
        Ok(count)
    }

    /// Takes a record of the offset-syncs topic.
    ///
    /// # Errors
    /// The log's own.
    #[inline]
    pub fn sync(
        &mut self,
        position: RecordPosition,
        sync: &OffsetSync<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (upstream, downstream) = (sync.upstream.get(), sync.downstream.get());
        let number = match self.contents.names.find(NameKind::Synced, sync.topic, sync.partition) {
            Some(number) => number,
            None => {
                let base = Base { upstream, drift: downstream - upstream };
                self.name(NameKind::Synced, sync.topic, sync.partition, base)
            }
        };
        let pair = Pair { number, upstream, downstream };
        // A sync that repeats the one before it says nothing new.
        if self.contents.newest.get(number as usize - 1).copied().flatten() != Some(pair) {
            self.push_sync(pair, now)?;
            set_newest(&mut self.contents.newest, pair);
        }
        self.contents.syncs.tail.reach(position.offset.saturating_add(1), position.content_hash);
        Ok(())
    }

    /// Takes a record of the checkpoints topic, with its timestamp. One that says what the last one of its group and
    /// partition said is passed over.
    ///
    /// # Errors
    /// The log's own.
    pub fn checkpoint(
        &mut self,
        position: RecordPosition,
        checkpoint: &Checkpoint<'_>,
        as_of: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (upstream, downstream) = (checkpoint.upstream.get(), checkpoint.downstream.get());
        let number =
            match self.contents.names.find(NameKind::Checkpointed, checkpoint.topic, checkpoint.partition) {
                Some(number) => number,
                None => {
                    let base = Base { upstream, drift: downstream - upstream };
                    self.name(NameKind::Checkpointed, checkpoint.topic, checkpoint.partition, base)
                }
            };
        let group_partition = (self.group(checkpoint.group), number);
        let metadata = checkpoint.metadata.to_owned();
        let checkpoint_entry = CheckpointEntry {
            group_partition,
            as_of_ms: as_of.as_millisecond(),
            upstream,
            downstream,
            metadata,
        };
        if self
            .contents
            .last_checkpoints
            .get(&group_partition)
            .is_none_or(|last| !checkpoint_entry.repeats(last))
        {
            self.put_checkpoint(&checkpoint_entry, now)?;
            self.contents.last_checkpoints.insert(group_partition, checkpoint_entry);
        }
        self.contents.checkpoints.tail.reach(position.offset.saturating_add(1), position.content_hash);
        Ok(())
    }

    /// Writes everything that was taken, with the positions it goes up to, in one step, and returns when it is on the disk.
    ///
    /// # Errors
    /// The log's own. What was taken is kept and written by the next call.
    pub fn save(&mut self) -> Result<(), Error> {
        let end = self.contents.sync_writer.end().unwrap_or_default();
        let Contents { full, named, commits, checkpoints, syncs, records, record_topics, .. } =
            &mut *self.contents;
        full.extend(named.tail.stored(&[]));
        full.extend(commits.tail.stored(&[]));
        full.extend(checkpoints.tail.stored(&[]));
        full.extend(syncs.tail.stored(&end));
        full.extend(records.tail.stored(&[]));
        full.extend(record_topics.tail.stored(&[]));
        self.write()
    }

    pub(super) fn contents(&self) -> &Contents {
        self.contents
    }

    pub(super) fn contents_mut(&mut self) -> &mut Contents {
        self.contents
    }

    pub(super) fn log(&mut self) -> &mut (dyn SegmentLog + Send) {
        self.log
    }

    pub(super) fn change(&mut self, change: &CommitEntry, now: Timestamp) {
        let mut entry = Writer::default();
        change.write(&mut entry, &self.contents.names);
        let Contents { full, commits, .. } = &mut *self.contents;
        put(commits, full, entry.bytes(), now);
    }

    pub(super) fn put_checkpoint(
        &mut self,
        checkpoint_entry: &CheckpointEntry,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut entry = Writer::default();
        checkpoint_entry.write(&mut entry, &self.contents.names);
        let Contents { full, checkpoints, .. } = &mut *self.contents;
        put(checkpoints, full, entry.bytes(), now);
        self.write_full()
    }

    #[inline]
    pub(super) fn push_sync(&mut self, pair: Pair, now: Timestamp) -> Result<(), Error> {
        let Contents { full, syncs, sync_writer, names, .. } = &mut *self.contents;
        if syncs.tail.is_full_for(syncs::LONGEST, now) && !sync_writer.continues(pair, names) {
            full.push(syncs.close(&sync_writer.end().unwrap_or_default()));
            sync_writer.begin();
        }
        sync_writer.push(&mut syncs.tail.entries, pair, names);
        syncs.tail.grow(now);
        self.write_full()
    }

    fn committer(
        &mut self,
        group: &GroupId,
        partition: &TopicPartition,
        committed: Option<&CommittedOffset<SourceOffset>>,
    ) -> GroupPartition {
        let (topic, number) = (partition.topic.as_str(), partition.partition);
        let group = self.group(group.as_str());
        let named = self.contents.names.find(NameKind::Committed, topic, number);
        let upstream = committed.map_or(0, |committed| committed.offset.get());
        (
            group,
            named.unwrap_or_else(|| {
                self.name(NameKind::Committed, topic, number, Base { upstream, drift: 0 })
            }),
        )
    }

    fn group(&mut self, group: &str) -> u32 {
        if let Some(number) = self.contents.names.find_group(group) {
            return number;
        }
        let mut entry = Writer::default();
        names::write_group(&mut entry, group);
        self.put_name(&entry);
        self.contents.names.add_group(group)
    }

    fn name(&mut self, of: NameKind, topic: &str, partition: i32, base: Base) -> u32 {
        let mut entry = Writer::default();
        names::write_partition(&mut entry, of, topic, partition, base);
        self.put_name(&entry);
        self.contents.names.add(of, topic, partition, base)
    }

    fn put_name(&mut self, entry: &Writer) {
        let Contents { full, named, .. } = &mut *self.contents;
        // Names have no age.
        put(named, full, entry.bytes(), Timestamp::UNIX_EPOCH);
    }

    /// Writes full segments when there are many. The names they refer to go with them, and what was withdrawn of records: an id
    /// of a topic never stands beside records of the one before it.
    pub(super) fn write_full(&mut self) -> Result<(), Error> {
        let Contents { full, named, records, .. } = &mut *self.contents;
        if full.len() < HELD_BACK {
            return Ok(());
        }
        full.extend(named.tail.stored(&[]));
        full.extend(records.tail.stored(&[]));
        self.write()
    }

    fn write(&mut self) -> Result<(), Error> {
        self.log.append(&self.contents.full)?;
        self.contents.full.clear();
        self.log.flush()
    }

    fn stream(&self, topic: Topic) -> &StreamState {
        match topic {
            Topic::Syncs => &self.contents.syncs,
            Topic::Checkpoints => &self.contents.checkpoints,
        }
    }

    fn stream_mut(&mut self, topic: Topic) -> &mut StreamState {
        match topic {
            Topic::Syncs => &mut self.contents.syncs,
            Topic::Checkpoints => &mut self.contents.checkpoints,
        }
    }
}

/// Adds an entry to a stream.
pub(super) fn put(state: &mut StreamState, full: &mut Vec<(Key, Vec<u8>)>, entry: &[u8], now: Timestamp) {
    if state.tail.is_full_for(entry.len(), now) {
        full.push(state.close(&[]));
    }
    state.tail.entries.append(entry);
    state.tail.grow(now);
}
