use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use offsets_core::evidence::{Continuity, Fingerprint, Incarnation, Records, Scan, Sighting, Span, TopicIds};
use offsets_core::model::{ClusterAlias, LogRange, SourceOffset, TopicName, TopicPartition};
use offsets_kafka::{Cluster, Error, Isolation, NoProgress, Progress, ProgressListener};
use offsets_store::FingerprintProgress;

use super::cluster_side::ClusterSide;
use super::recording::{RecordFailure, Recording};
use crate::clock;

/// How many offsets are kept in one go: brackets are about a hundred wide, and of use only where all of them was kept.
const EXTENT: u64 = 4096;

/// How often it is looked which topics are mirrored, and whether a cluster that told no ids of topics tells them now.
const LISTING: Duration = Duration::from_secs(60);

/// Reads the mirrored topics on the source as they grow, and keeps what their records are recognised by.
pub(super) struct DataTopics {
    /// One of this number of stretches is kept.
    one_in: NonZeroU64,
    mirrored: Mutex<(Option<Instant>, Vec<TopicPartition>)>,
    /// Up to where partitions were read of which no record was met yet: compaction may have emptied their beginning.
    empty_until: Mutex<BTreeMap<TopicPartition, SourceOffset>>,
    /// The ids that the topics had when they were last asked for: of what is read next, it was before that.
    ids: Mutex<TopicIds>,
    /// When no id of any topic could be had.
    without_ids: Mutex<Option<Instant>>,
}

/// What is to be read of a partition next.
struct Next {
    span: Span<SourceOffset>,
    known: Option<FingerprintProgress>,
    /// Whether the log ends below what was kept, so that it is another one or was cut.
    fell: bool,
}

impl Next {
    fn topic(&self) -> &TopicName {
        &self.span.partition.topic
    }
}

impl DataTopics {
    pub(super) fn new(one_in: NonZeroU64) -> Self {
        Self {
            one_in,
            mirrored: Mutex::default(),
            empty_until: Mutex::default(),
            ids: Mutex::default(),
            without_ids: Mutex::default(),
        }
    }

    /// Keeps what has come since the last time, until there is no more or it is not to go on. Tells how many records that
    /// was.
    pub(super) fn follow(
        &self,
        recording: &Recording<'_>,
        [source, target]: [&ClusterSide<'_>; 2],
        go_on: impl Fn() -> bool,
    ) -> Result<u64, RecordFailure> {
        let mut kept = 0;
        loop {
            let cluster = recording.reach(source)?;
            let partitions = self.mirrored(recording, source, target)?;
            let next = self.next(recording, source, &cluster, &partitions)?;
            if next.is_empty() {
                return Ok(kept);
            }
            let advance = self.keep(recording, source, &cluster, &next)?;
            kept += advance.records;
            if !advance.any || !go_on() {
                return Ok(kept);
            }
        }
    }

    /// The partitions of the topics that have a mirror.
    fn mirrored(
        &self,
        recording: &Recording<'_>,
        source: &ClusterSide<'_>,
        target: &ClusterSide<'_>,
    ) -> Result<Vec<TopicPartition>, RecordFailure> {
        let mut mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        let (listed, partitions) = &mut *mirrored;
        if listed.is_none_or(|at| at.elapsed() >= LISTING) {
            let there = recording.reach(target)?.topics(&target.deadline())?;
            let here = recording.reach(source)?.topics(&source.deadline())?;
            let link = recording.link;
            let copied = here.into_iter().filter(|(topic, _)| {
                !link.policy.is_internal(topic) && there.contains_key(&link.remote_topic(topic))
            });
            *partitions = copied
                .flat_map(|(topic, count)| {
                    (0..count).map(move |partition| TopicPartition::new(topic.clone(), partition))
                })
                .collect();
            *listed = Some(clock::instant());
        }
        Ok(partitions.clone())
    }

    /// The ids that these topics had before they are read now.
    fn ids_before(&self, cluster: &Cluster, source: &ClusterSide<'_>, topics: &[TopicName]) -> TopicIds {
        let known = self.ids.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if topics.iter().all(|topic| known.newest(topic).is_some()) {
            return known;
        }
        self.ids_now(cluster, source, topics)
    }

    /// The ids that these topics have. A cluster that tells none is not asked at every turn: it may take its time.
    fn ids_now(&self, cluster: &Cluster, source: &ClusterSide<'_>, topics: &[TopicName]) -> TopicIds {
        let mut without_ids = self.without_ids.lock().unwrap_or_else(PoisonError::into_inner);
        if without_ids.is_some_and(|at| at.elapsed() < LISTING) {
            return TopicIds::default();
        }
        let ids = cluster.topic_ids(topics, &source.deadline());
        *without_ids = ids.is_empty().then(clock::instant);
        ids
    }

    /// What has not been kept yet.
    fn next(
        &self,
        recording: &Recording<'_>,
        source: &ClusterSide<'_>,
        cluster: &Cluster,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Next>, RecordFailure> {
        let logs = cluster.log_ranges(partitions, Isolation::ReadUncommitted, &source.deadline());
        let empty_until = self.empty_until.lock().unwrap_or_else(PoisonError::into_inner);
        let known = recording.with(|recorder| {
            Ok(partitions
                .iter()
                .map(|partition| recorder.fingerprint_progress(partition))
                .collect::<Vec<_>>())
        })?;
        let known: BTreeMap<_, _> = partitions.iter().zip(known).collect();
        let mut next = Vec::new();
        for (partition, log) in logs {
            let log = match log {
                Ok(log) => log,
                // It was deleted meanwhile.
                Err(error) if error.is_unknown_topic() => continue,
                Err(error) => return Err(error.into()),
            };
            let (Ok(start), Ok(end)) = (SourceOffset::new(log.start), SourceOffset::new(log.end)) else {
                continue;
            };
            let known = known.get(&partition).copied().flatten();
            let fell = known.is_some_and(|known| known.next > end);
            let fresh = empty_until.get(&partition).copied().filter(|&from| start <= from && from <= end);
            let from = match known {
                // Retention may have removed what was not read in time.
                Some(known) if !fell => known.next.max(start),
                _ => fresh.unwrap_or(start),
            };
            let offsets = self.extent(LogRange { start: from, end });
            if fell || offsets.start < offsets.end {
                next.push(Next { span: Span { partition, offsets }, known, fell });
            }
        }
        Ok(next)
    }

    /// The first stretch that is to be kept, as far as there is anything in it.
    fn extent(&self, left: LogRange<SourceOffset>) -> LogRange<SourceOffset> {
        let period = EXTENT.saturating_mul(self.one_in.get());
        let begun = SourceOffset::ZERO.plus(left.start.get().unsigned_abs() / period * period);
        let begun = if left.start < begun.plus(EXTENT) { begun } else { begun.plus(period) };
        let start = begun.max(left.start).min(left.end);
        LogRange { start, end: begun.plus(EXTENT).min(left.end).max(start) }
    }

    /// Reads and keeps these stretches. Once they were read, it is looked whether their topics are still those that what was kept
    /// before was read from: by their ids, and by records that were kept.
    fn keep(
        &self,
        recording: &Recording<'_>,
        source: &ClusterSide<'_>,
        cluster: &Cluster,
        next: &[Next],
    ) -> Result<Advance, RecordFailure> {
        let topics: BTreeSet<&TopicName> = next.iter().map(Next::topic).collect();
        let topics: Vec<TopicName> = topics.into_iter().cloned().collect();
        let before = self.ids_before(cluster, source, &topics);
        let spans = next.iter().map(|next| &next.span).filter(|span| !is_empty(span.offsets));
        let (records, failure) = read(cluster, source, &spans.cloned().collect::<Vec<_>>());
        let seen = reread_kept(cluster, source, next, |known| known.last.into_iter().collect())?;
        let after = self.ids_now(cluster, source, &topics);
        *self.ids.lock().unwrap_or_else(PoisonError::into_inner) = after.clone();
        let continuity = |next: &Next| Continuity {
            kept: next.known.and_then(|known| known.topic),
            before: before.newest(next.topic()),
            after: after.newest(next.topic()),
        };
        let mut incarnations: Vec<Incarnation> = next
            .iter()
            .map(|next| match next.known {
                Some(_) if next.fell => Incarnation::Other,
                Some(_) => continuity(next).judge(seen.of(next)),
                None => Incarnation::Same,
            })
            .collect();
        // Of a topic without an id, that lost its last record to compaction, others are looked at.
        let unproved = |at: &usize| incarnations[*at] == Incarnation::Unproved;
        let unproved: Vec<usize> = (0..next.len()).filter(unproved).collect();
        if !unproved.is_empty() {
            let landmarks = recording.with(|recorder| {
                let of = |at: &usize| recorder.landmarks(&next[*at].span.partition).to_vec();
                Ok(unproved.iter().map(of).collect::<Vec<_>>())
            })?;
            for (at, landmarks) in unproved.into_iter().zip(landmarks) {
                let seen = reread_kept(cluster, source, &next[at..=at], |_| landmarks.clone())?;
                incarnations[at] = continuity(&next[at]).judge(seen.of(&next[at]));
            }
        }
        let mut empty_until = self.empty_until.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, mut advance, mut invalidated) = (clock::now(), Advance::default(), Vec::new());
        recording.with(|recorder| {
            for (next, incarnation) in next.iter().zip(&incarnations) {
                let partition = &next.span.partition;
                let mut known = next.known;
                if *incarnation != Incarnation::Same {
                    if recorder.invalidate_records(partition, now)? {
                        invalidated.push((partition, *incarnation));
                    }
                    // Of the topic that is there now the beginning is missing: it is read next.
                    advance.any = true;
                    continue;
                }
                let id = continuity(next);
                // It was created while it was read.
                if id.before.zip(id.after).is_some_and(|(before, after)| before != after) {
                    advance.any = true;
                    continue;
                }
                for scan in records.of(partition).iter().filter(|scan| !is_empty(scan.offsets)) {
                    advance.any = true;
                    // What is empty can be recognised by nothing later.
                    if known.is_none() && scan.records.is_empty() {
                        empty_until.insert(partition.clone(), scan.offsets.end);
                        continue;
                    }
                    recorder.source_records(partition, scan, now)?;
                    known = recorder.fingerprint_progress(partition);
                    advance.records += scan.records.len() as u64;
                }
                if let Some(id) = id.read().filter(|_| known.is_some()) {
                    recorder.record_topic(partition, id);
                }
            }
            recorder.save()
        })?;
        for (partition, incarnation) in invalidated {
            let why = match incarnation {
                Incarnation::Other => "is not the topic that was read before, or its log was cut",
                _ => {
                    "cannot be shown to be the topic that was read before (it has no id, and no record that was kept is left)"
                }
            };
            recording.warn(format!(
                "{partition} {why}: its fingerprints are withdrawn, and it is read from its beginning"
            ));
        }
        failure.map_or(Ok(advance), |failure| Err(failure.into()))
    }
}

/// What a reading brought.
#[derive(Default)]
struct Advance {
    records: u64,
    /// Whether anything was read, be it without a record.
    any: bool,
}

/// Records that were kept, and what was found in their places.
struct SeenAgain {
    kept: BTreeMap<TopicPartition, Vec<(SourceOffset, Fingerprint)>>,
    found: Records<SourceOffset>,
}

impl SeenAgain {
    fn of<'a>(&'a self, next: &Next) -> impl Iterator<Item = Sighting> + 'a {
        let partition = next.span.partition.clone();
        let kept = self.kept.get(&partition).into_iter().flatten();
        kept.map(move |(offset, content)| {
            let read =
                |scan: &&Scan<SourceOffset>| scan.offsets.start <= *offset && *offset < scan.offsets.end;
            let found = |scan: &Scan<SourceOffset>| {
                scan.records.iter().find(|record| record.offset == *offset).map(|record| record.content)
            };
            // A place that is not in the log any more is one without a record.
            match self.found.of(&partition).iter().filter(read).find_map(found) {
                Some(found) if found == *content => Sighting::Same,
                Some(_) => Sighting::Other,
                None => Sighting::Gone,
            }
        })
    }
}

/// Looks at some of the records again that were kept of partitions whose logs may hold them.
///
/// # Errors
/// What was not seen for want of an answer may be there still.
fn reread_kept(
    cluster: &Cluster,
    source: &ClusterSide<'_>,
    next: &[Next],
    which: impl Fn(FingerprintProgress) -> Vec<(SourceOffset, Fingerprint)>,
) -> Result<SeenAgain, RecordFailure> {
    let looked_at = next.iter().filter(|next| !next.fell);
    let kept: BTreeMap<TopicPartition, Vec<_>> =
        looked_at.filter_map(|next| Some((next.span.partition.clone(), which(next.known?)))).collect();
    let spans: Vec<_> = kept
        .iter()
        .flat_map(|(partition, kept)| {
            kept.iter().map(|(offset, _)| {
                let offsets = LogRange { start: *offset, end: offset.next() };
                Span { partition: partition.clone(), offsets }
            })
        })
        .collect();
    let (found, failure) = read(cluster, source, &spans);
    match failure {
        Some(failure) => Err(failure.into()),
        None => Ok(SeenAgain { kept, found }),
    }
}

/// Reads, and keeps what went wrong.
fn read(
    cluster: &Cluster,
    side: &ClusterSide<'_>,
    spans: &[Span<SourceOffset>],
) -> (Records<SourceOffset>, Option<Error>) {
    let missed = LastError::default();
    let records = cluster.source_records(spans, &side.deadline(), &missed);
    (records, missed.0.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn is_empty(offsets: LogRange<SourceOffset>) -> bool {
    offsets.start >= offsets.end
}

/// The last error of a reading.
#[derive(Default)]
struct LastError(Mutex<Option<Error>>);

impl ProgressListener for LastError {
    fn watch(&self, cluster: &ClusterAlias, topic: &TopicName) -> Box<dyn FnMut(Progress)> {
        NoProgress.watch(cluster, topic)
    }

    fn missed(&self, _: &TopicName, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(one_in: u64, start: i64, end: i64) -> (i64, i64) {
        let [start, end] = [start, end].map(|offset| SourceOffset::new(offset).unwrap());
        let extent = DataTopics::new(NonZeroU64::new(one_in).unwrap()).extent(LogRange { start, end });
        (extent.start.get(), extent.end.get())
    }

    #[test]
    fn one_stretch_out_of_n_is_kept_and_the_rest_not_read() {
        assert_eq!(extent(1, 0, 10_000), (0, 4_096));
        assert_eq!(extent(1, 4_096, 4_100), (4_096, 4_100));
        assert_eq!(extent(4, 100, 10_000), (100, 4_096));
        assert_eq!(extent(4, 4_096, 100_000), (16_384, 20_480));
        assert_eq!(extent(4, 4_096, 16_384), (16_384, 16_384), "nothing of it is there yet");
        assert_eq!(extent(4, 17_000, 17_000), (17_000, 17_000));
        assert_eq!(extent(u64::MAX, 4_096, i64::MAX), (i64::MAX, i64::MAX));
    }
}
