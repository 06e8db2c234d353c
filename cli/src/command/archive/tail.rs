use offsets_core::mm2::{Checkpoint, DecodeError, OffsetSync};
use offsets_core::model::TopicName;
use offsets_kafka::{Cluster, Deadline, RawRecord};
use offsets_store::{RecordPosition, Topic};

use super::recording::{RecordFailure, Recording};
use crate::clock;

/// How many records are held before they are handed over: the commits are recorded in between.
const BATCH: usize = 65_536;

/// A record of an internal topic, taken along.
struct BufferedRecord {
    place: RecordPosition,
    timestamp_ms: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
}

/// Reads what a topic holds behind the last record that was recorded, and records it. Tells how many records that was.
///
/// Each record that was seen is true, so what came before an error is kept: reading goes on behind it.
pub(super) fn follow(
    recording: &Recording<'_>,
    cluster: &Cluster,
    topic: &TopicName,
    which: Topic,
    deadline: &Deadline,
) -> Result<u64, RecordFailure> {
    let (read, is_new_log) = read_on(recording, cluster, topic, which, deadline)?;
    if !is_new_log {
        return Ok(read);
    }
    recording.info(format!("{topic} is not the topic that was read before: it is read from its beginning"));
    recording.with(|recorder| {
        recorder.forget_position(which);
        Ok(())
    })?;
    read_on(recording, cluster, topic, which, deadline).map(|(read, _)| read)
}

/// The same, and whether the topic turned out to be another one, of which nothing was recorded then.
fn read_on(
    recording: &Recording<'_>,
    cluster: &Cluster,
    topic: &TopicName,
    which: Topic,
    deadline: &Deadline,
) -> Result<(u64, bool), RecordFailure> {
    let last = recording.with(|recorder| Ok(recorder.position(which)))?;
    let read = match last {
        Some(place) => cluster.read(topic).span(0, place.offset..i64::MAX).clipped(),
        None => cluster.read(topic).partition(0),
    };
    let mut batch = Vec::new();
    let (mut count, mut is_new_log, mut failure) = (0, false, None);
    let outcome = read.visit(deadline, |record| {
        let place = RecordPosition::of(record.offset, record.key, record.value);
        match last {
            _ if is_new_log || failure.is_some() => {}
            Some(last) if last.offset == place.offset => is_new_log = last.content_hash != place.content_hash,
            _ => {
                batch.push(BufferedRecord::from(&record, place));
                count += 1;
                if batch.len() == BATCH {
                    failure = record_batch(recording, topic, which, &mut batch).err();
                }
            }
        }
    });
    if let Ok(reads) = &outcome {
        let end = reads.first().map_or(0, |read| read.range.end);
        is_new_log |= last.is_some_and(|last| end <= last.offset);
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    if !is_new_log {
        record_batch(recording, topic, which, &mut batch)?;
    }
    match outcome {
        Ok(_) => Ok((count, is_new_log)),
        // There was more than time.
        Err(error) if error.is_timeout() && count > 0 => Ok((count, is_new_log)),
        Err(error) => Err(error.into()),
    }
}

/// Records what was read, and saves it with the position.
fn record_batch(
    recording: &Recording<'_>,
    topic: &TopicName,
    which: Topic,
    batch: &mut Vec<BufferedRecord>,
) -> Result<(), RecordFailure> {
    let now = clock::now();
    let mut unreadable: Option<(i64, DecodeError)> = None;
    recording.with(|recorder| {
        for BufferedRecord { place, timestamp_ms, key, value } in batch.drain(..) {
            let (key, value) = (key.as_deref(), value.as_deref());
            let taken = match which {
                Topic::Syncs => OffsetSync::decode(key, value).map(|sync| match sync {
                    Some(sync) => recorder.sync(place, &sync, now),
                    None => {
                        recorder.passed(which, place);
                        Ok(())
                    }
                }),
                Topic::Checkpoints => Checkpoint::decode(key, value).map(|checkpoint| match checkpoint {
                    Some(checkpoint) => {
                        let as_of = jiff::Timestamp::from_millisecond(timestamp_ms).unwrap_or(now);
                        recorder.checkpoint(place, &checkpoint, as_of, now)
                    }
                    None => {
                        recorder.passed(which, place);
                        Ok(())
                    }
                }),
            };
            match taken {
                Ok(recorded) => recorded?,
                Err(cause) => {
                    unreadable = Some((place.offset, cause));
                    break;
                }
            }
        }
        recorder.save()
    })?;
    match unreadable {
        Some((offset, cause)) => Err(RecordFailure::unreadable(topic, offset, &cause)),
        None => Ok(()),
    }
}

impl BufferedRecord {
    fn from(record: &RawRecord<'_>, place: RecordPosition) -> Self {
        Self {
            place,
            timestamp_ms: record.timestamp_ms.unwrap_or_default(),
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
        }
    }
}
