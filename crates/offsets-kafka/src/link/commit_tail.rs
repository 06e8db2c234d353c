use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use offsets_core::consumer_offsets::{CONSUMER_OFFSETS_TOPIC, CommitLog, DecodeError};
use offsets_core::model::{TopicName, TopicPartition};

use crate::{Cluster, Deadline, Error, Isolation, RawRecord, TopicRead};

/// A pause after which nothing is taken to follow: a broker may have forgotten by then that a commit was deleted. It
/// remembers that for `delete.retention.ms`, a day unless it is told otherwise.
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// A cluster's commits, followed in the log in which its coordinators keep them.
///
/// The log is read from its beginning, over as many calls as that takes, and then read on. Each call returns every
/// group at once, and needs no leave to list groups: only to read `__consumer_offsets`.
///
/// Each call begins at the last record it knows of each partition. Where that record is not there as it was, the log has
/// lost its end, or the cluster is another one: all is read again.
#[derive(Debug, Default)]
pub struct CommitTail {
    log: CommitLog,
    marks: BTreeMap<i32, RecordMark>,
    /// When it was last known to hold everything.
    whole: Option<Timestamp>,
}

/// How far a call of [`CommitTail::read_on`] came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TailProgress {
    /// All that was committed before the call began is in the log that was read.
    CaughtUp,
    /// There is more to read than there was time for, or all is read again. This number of records was read.
    Lagging(u64),
    /// Nothing behind this point of a partition can be known yet: a transaction is open on it.
    BlockedByOpenTransaction(TopicPartition),
}

/// The last record that was read of a partition.
#[derive(Debug, Default)]
struct RecordMark {
    offset: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
}

impl CommitTail {
    /// The commits, as far as the log has been read.
    pub fn log(&mut self) -> &mut CommitLog {
        &mut self.log
    }

    /// Whether the log was ever read to its end, so that what is left is little.
    pub fn is_whole(&self) -> bool {
        self.whole.is_some()
    }

    /// Reads what the log holds beyond what was read, until it is at the end that the log has when this begins, or the
    /// deadline passes. Begun at `now`.
    ///
    /// # Errors
    /// - [`Error::Unauthorised`], [`Error::UnknownTopic`] where the log may not be read, or there is none yet: nothing was
    ///   ever committed, or the cluster keeps commits otherwise;
    /// - [`Error::UnreadableCommit`] where a newer broker writes what is not known here;
    /// - what else [`TopicRead::visit`] tells.
    ///
    /// What was read before an error counts, and the next call goes on from there.
    pub fn read_on(
        &mut self,
        cluster: &Cluster,
        now: Timestamp,
        deadline: &Deadline,
    ) -> Result<TailProgress, Error> {
        if self.whole.is_some_and(|whole| now.duration_since(whole) > MAX_PAUSE) {
            *self = Self::default();
        }
        let topic = TopicName::from(CONSUMER_OFFSETS_TOPIC);
        let partitions = cluster.partitions(&topic, deadline)?;
        // Before the log is read, so that what is in front of these ends has been read when it is.
        let ends = cluster.log_ranges(&partitions, Isolation::ReadUncommitted, deadline).into_result()?;
        let mut progress =
            Progress { tail: self, met: BTreeSet::new(), lost: false, count: 0, unreadable: None };
        let read = progress.tail.read(cluster, &topic, &partitions);
        let outcome = read.visit(deadline, |record| progress.take(&record));
        let Progress { met, mut lost, count, unreadable, .. } = progress;
        lost |= outcome.is_ok() && self.marks.keys().any(|partition| !met.contains(partition));
        if lost {
            *self = Self::default();
            return Ok(TailProgress::Lagging(0));
        }
        if let Some((partition, offset, cause)) = unreadable {
            let (cluster, partition) = (cluster.alias().clone(), TopicPartition { topic, partition });
            return Err(Error::UnreadableCommit { cluster, partition, offset, cause });
        }
        let read = match outcome {
            Ok(read) => read,
            Err(error) if error.is_timeout() && count > 0 => return Ok(TailProgress::Lagging(count)),
            Err(error) => return Err(error),
        };
        let short = read.into_iter().find(|read| {
            let end = ends.get(&read.partition).map_or(i64::MAX, |log| log.end);
            read.range.end < end
        });
        if let Some(read) = short {
            return Ok(TailProgress::BlockedByOpenTransaction(read.partition));
        }
        self.whole = Some(now);
        Ok(TailProgress::CaughtUp)
    }

    /// From the last record that was read of each partition, that one included.
    fn read<'c>(
        &self,
        cluster: &'c Cluster,
        topic: &TopicName,
        partitions: &[TopicPartition],
    ) -> TopicRead<'c> {
        let read = partitions.iter().map(|partition| partition.partition).fold(
            cluster.read(topic).clipped(),
            |read, partition| match self.marks.get(&partition) {
                Some(mark) => read.span(partition, mark.offset..i64::MAX),
                None => read.partition(partition),
            },
        );
        if self.is_whole() { read } else { read.in_bulk() }
    }
}

/// A call that is under way.
struct Progress<'t> {
    tail: &'t mut CommitTail,
    /// Partitions of which the last known record, or any where none was known, has been seen.
    met: BTreeSet<i32>,
    /// Whether one of those records is not what it was.
    lost: bool,
    count: u64,
    unreadable: Option<(i32, i64, DecodeError)>,
}

impl Progress<'_> {
    fn take(&mut self, record: &RawRecord<'_>) {
        if self.lost || self.unreadable.is_some() {
            return;
        }
        let first = self.met.insert(record.partition);
        match self.tail.marks.get(&record.partition) {
            Some(mark) if first => self.lost = !mark.is(record),
            _ => match self.tail.log.take(record.key, record.value) {
                Ok(()) => {
                    self.count += 1;
                    self.tail.marks.entry(record.partition).or_default().set(record);
                }
                Err(cause) => self.unreadable = Some((record.partition, record.offset, cause)),
            },
        }
    }
}

impl RecordMark {
    fn is(&self, record: &RawRecord<'_>) -> bool {
        self.offset == record.offset
            && self.key.as_deref() == record.key
            && self.value.as_deref() == record.value
    }

    /// Its buffers are used again: there is a mark for each record that is read.
    fn set(&mut self, record: &RawRecord<'_>) {
        self.offset = record.offset;
        for (kept, bytes) in [(&mut self.key, record.key), (&mut self.value, record.value)] {
            match (&mut *kept, bytes) {
                (Some(kept), Some(bytes)) => {
                    kept.clear();
                    kept.extend_from_slice(bytes);
                }
                _ => *kept = bytes.map(<[u8]>::to_vec),
            }
        }
    }
}
