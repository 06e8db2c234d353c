//! Things to record, and a log that several archives share.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use offsets_core::evidence::RecordedCommit;
use offsets_core::history::OffsetPair;
use offsets_core::link::Link;
use offsets_core::mm2::{Checkpoint, OffsetSync};
use offsets_core::model::{Commit, CommittedOffset, GroupId, SourceOffset, TargetOffset, TopicPartition};
use offsets_store::{Archive, Error, Key, MemoryLog, RecordPosition, Recorder, SegmentLog, Stream};

pub(crate) fn link() -> Link {
    Link::new("src", "dst")
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub(crate) fn pair(upstream: i64, downstream: i64) -> OffsetPair {
    OffsetPair::new(SourceOffset::new(upstream).unwrap(), TargetOffset::new(downstream).unwrap())
}

/// The commits that an archive keeps of the link, and how old they are, without how fast the groups were.
pub(crate) fn commits_of(archive: &mut Archive) -> Vec<RecordedCommit> {
    let commits = archive.load(&link()).unwrap().commits;
    commits.into_iter().map(|kept| RecordedCommit::new(kept.commit, kept.as_of)).collect()
}

pub(crate) fn commit(group: &str, partition: i32, offset: i64, seen: Timestamp) -> RecordedCommit {
    let committed = CommittedOffset { offset: SourceOffset::new(offset).unwrap(), metadata: String::new() };
    let partition = TopicPartition::new("orders", partition);
    RecordedCommit::new(Commit { group: GroupId::from(group), partition, committed }, seen)
}

/// Records the sync `(upstream, downstream)` of `orders-partition` as record number `offset` of its topic.
pub(crate) fn sync(
    recorder: &mut Recorder<'_>,
    offset: i64,
    partition: i32,
    (upstream, downstream): (i64, i64),
    seen: Timestamp,
) {
    let OffsetPair { upstream, downstream } = pair(upstream, downstream);
    let sync = OffsetSync { topic: "orders", partition, upstream, downstream };
    let (key, value) = sync.encode();
    recorder.sync(RecordPosition::of(offset, Some(&key), Some(&value)), &sync, seen).unwrap();
}

pub(crate) fn checkpoint(
    recorder: &mut Recorder<'_>,
    offset: i64,
    group: &str,
    (upstream, downstream): (i64, i64),
    seen: Timestamp,
) {
    let OffsetPair { upstream, downstream } = pair(upstream, downstream);
    let topic = "src.orders";
    let checkpoint = Checkpoint { group, topic, partition: 0, upstream, downstream, metadata: "m" };
    recorder.checkpoint(RecordPosition { offset, content_hash: 1 }, &checkpoint, seen, seen).unwrap();
}

/// The syncs of `orders-partition` that the archive gives back.
pub(crate) fn syncs_of(archive: &mut Archive, partition: i32) -> Vec<OffsetPair> {
    let loaded = archive.load(&link()).unwrap();
    let history = loaded.syncs.get(&TopicPartition::new("orders", partition));
    history.map(|history| history.iter().collect()).unwrap_or_default()
}

/// The log of a golden file: one segment a line, space, kind, sequence, and its bytes in hexadecimal digits.
pub(crate) fn golden(text: &str) -> SharedLog {
    let mut log = SharedLog::default();
    for line in text.lines() {
        let [space, kind, sequence, digits] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let stream = Stream { space: space.parse().unwrap(), kind: kind.parse().unwrap() };
        let key = Key { stream, sequence: sequence.parse().unwrap() };
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        log.append(&[(key, (0..digits.len()).step_by(2).map(byte).collect())]).unwrap();
    }
    log
}

/// A log in memory that outlives the archive on it, and in which a test may change what it likes.
#[derive(Clone, Default)]
pub(crate) struct SharedLog(pub(crate) Arc<Mutex<MemoryLog>>);

impl SharedLog {
    pub(crate) fn archive(&self) -> Archive {
        Archive::over(self.clone()).unwrap()
    }

    pub(crate) fn all(&self) -> Vec<(Key, Vec<u8>)> {
        let mut found = Vec::new();
        self.scan_all(&mut |key, bytes| found.push((key, bytes.to_vec()))).unwrap();
        found
    }

    pub(crate) fn segments(&self, kind: u8) -> Vec<(Key, Vec<u8>)> {
        let mut found = Vec::new();
        for space in 0..4 {
            let stream = Stream { space, kind };
            self.scan(stream, 0, &mut |sequence, bytes| {
                found.push((Key { stream, sequence }, bytes.to_vec()));
                true
            })
            .unwrap();
        }
        found
    }
}

impl SegmentLog for SharedLog {
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        self.0.lock().unwrap().append(segments)
    }

    fn scan(
        &self,
        stream: Stream,
        from: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Error> {
        self.0.lock().unwrap().scan(stream, from, visit)
    }

    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error> {
        self.0.lock().unwrap().scan_all(visit)
    }

    fn remove(&mut self, stream: Stream, range: Range<u64>) -> Result<u64, Error> {
        self.0.lock().unwrap().remove(stream, range)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn footprint(&self) -> Result<u64, Error> {
        self.0.lock().unwrap().footprint()
    }
}
