use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use offsets_core::evidence::{Fingerprint, Records, Scan, Span};
use offsets_core::model::{ClusterAlias, LogRange, SourceOffset, TopicName, TopicPartition};
use offsets_kafka::{Cluster, Error, Isolation, Nobody, Onlooker, Progress};
use offsets_store::KeptUpTo;

use super::recording::{Recording, Trouble};
use super::side::ClusterSide;
use crate::clock;

/// How many offsets are kept in one go: brackets are about a hundred wide, and of use only where all of them was kept.
const STRETCH: u64 = 4096;

/// How often it is looked which topics are mirrored.
const LISTING: Duration = Duration::from_secs(60);

/// Reads the mirrored topics on the source as they grow, and keeps what their records are recognised by.
pub(super) struct DataTopics {
    /// Of so many stretches one is kept.
    one_in: NonZeroU64,
    mirrored: Mutex<(Option<Instant>, Vec<TopicPartition>)>,
    /// Up to where partitions were read of which no record was met yet: compaction may have emptied their beginning.
    barren: Mutex<BTreeMap<TopicPartition, SourceOffset>>,
}

/// What is to be read of a partition next.
struct Next {
    span: Span<SourceOffset>,
    known: Option<KeptUpTo>,
    /// Whether what was kept is of another topic than the present one, by what its log says alone.
    fell: bool,
}

impl DataTopics {
    pub(super) fn new(one_in: NonZeroU64) -> Self {
        Self { one_in, mirrored: Mutex::default(), barren: Mutex::default() }
    }

    /// Keeps what has come since the last time, until there is no more or it is not to go on. Tells how many records that
    /// was.
    pub(super) fn follow(
        &self,
        recording: &Recording<'_>,
        [source, target]: [&ClusterSide<'_>; 2],
        go_on: impl Fn() -> bool,
    ) -> Result<u64, Trouble> {
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
    ) -> Result<Vec<TopicPartition>, Trouble> {
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
            *listed = Some(Instant::now());
        }
        Ok(partitions.clone())
    }

    /// What has not been kept yet.
    fn next(
        &self,
        recording: &Recording<'_>,
        source: &ClusterSide<'_>,
        cluster: &Cluster,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Next>, Trouble> {
        let logs = cluster.log_ranges(partitions, Isolation::ReadUncommitted, &source.deadline());
        let barren = self.barren.lock().unwrap_or_else(PoisonError::into_inner);
        let known = recording.with(|recorder| {
            Ok(partitions.iter().map(|partition| recorder.kept_up_to(partition)).collect::<Vec<_>>())
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
            // Where the log does not hold the last record any more, nothing shows that it ever did.
            let holds =
                |known: &KeptUpTo| known.last.is_some_and(|(last, _)| start <= last) && known.next <= end;
            let fell = known.is_some_and(|known| !holds(&known));
            let fresh = barren.get(&partition).copied().filter(|&from| start <= from && from <= end);
            let from = known.filter(holds).map_or(fresh.unwrap_or(start), |known| known.next);
            let offsets = self.stretch(LogRange { start: from, end });
            if fell || offsets.start < offsets.end {
                next.push(Next { span: Span { partition, offsets }, known, fell });
            }
        }
        Ok(next)
    }

    /// The first stretch that is to be kept, as far as there is anything in it.
    fn stretch(&self, left: LogRange<SourceOffset>) -> LogRange<SourceOffset> {
        let period = STRETCH.saturating_mul(self.one_in.get());
        let begun = SourceOffset::ZERO.plus(left.start.get().unsigned_abs() / period * period);
        let begun = if left.start < begun.plus(STRETCH) { begun } else { begun.plus(period) };
        let start = begun.max(left.start).min(left.end);
        LogRange { start, end: begun.plus(STRETCH).min(left.end).max(start) }
    }

    /// Reads and keeps these stretches. Once they were read, the last record that was kept before is looked at: where it is
    /// not there any more, all that was kept is of another topic.
    fn keep(
        &self,
        recording: &Recording<'_>,
        source: &ClusterSide<'_>,
        cluster: &Cluster,
        next: &[Next],
    ) -> Result<Advance, Trouble> {
        let spans = next.iter().map(|next| &next.span).filter(|span| !is_empty(span.offsets));
        let (records, trouble) = read(cluster, source, &spans.cloned().collect::<Vec<_>>());
        let lasts = next.iter().filter(|next| !next.fell).filter_map(|next| {
            let (last, _) = next.known?.last?;
            let offsets = LogRange { start: last, end: last.next() };
            Some(Span { partition: next.span.partition.clone(), offsets })
        });
        let (seen_again, trouble_again) = read(cluster, source, &lasts.collect::<Vec<_>>());
        // What was not seen for want of an answer may be there still.
        if let Some(trouble) = trouble_again {
            return Err(trouble.into());
        }
        let mut barren = self.barren.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, mut advance, mut withdrawn) = (clock::now(), Advance::default(), Vec::new());
        recording.with(|recorder| {
            for next in next {
                let partition = &next.span.partition;
                let mut known = next.known.filter(|known| !next.fell && stands(known, &seen_again, next));
                if next.known.is_some() && known.is_none() && recorder.withdraw_records(partition, now)? {
                    withdrawn.push(partition);
                    // Of the topic that is there now the beginning is missing: it is read next.
                    advance.any = true;
                    continue;
                }
                for scan in records.of(partition).iter().filter(|scan| !is_empty(scan.offsets)) {
                    advance.any = true;
                    // What is empty can be recognised by nothing later.
                    if known.is_none() && scan.records.is_empty() {
                        barren.insert(partition.clone(), scan.offsets.end);
                        continue;
                    }
                    recorder.source_records(partition, scan, now)?;
                    known = recorder.kept_up_to(partition);
                    advance.records += scan.records.len() as u64;
                }
            }
            recorder.save()
        })?;
        for partition in withdrawn {
            recording.remark(format!(
                "{partition} cannot be shown to be the topic that was read before: its fingerprints are withdrawn"
            ));
        }
        trouble.map_or(Ok(advance), |trouble| Err(trouble.into()))
    }
}

/// What a reading brought.
#[derive(Default)]
struct Advance {
    records: u64,
    /// Whether anything was read, be it without a record.
    any: bool,
}

/// Whether the last record that was kept is still where it was.
fn stands(known: &KeptUpTo, seen: &Records<SourceOffset>, next: &Next) -> bool {
    let Some((last, content)) = known.last else { return false };
    let found = |scan: &Scan<SourceOffset>| -> Option<Fingerprint> {
        scan.records.iter().find(|record| record.offset == last).map(|record| record.content)
    };
    seen.of(&next.span.partition).iter().find_map(found) == Some(content)
}

/// Reads, and keeps what went wrong.
fn read(
    cluster: &Cluster,
    side: &ClusterSide<'_>,
    spans: &[Span<SourceOffset>],
) -> (Records<SourceOffset>, Option<Error>) {
    let missed = Missed::default();
    let records = cluster.source_records(spans, &side.deadline(), &missed);
    (records, missed.0.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn is_empty(offsets: LogRange<SourceOffset>) -> bool {
    offsets.start >= offsets.end
}

/// The last error of a reading.
#[derive(Default)]
struct Missed(Mutex<Option<Error>>);

impl Onlooker for Missed {
    fn watch(&self, cluster: &ClusterAlias, topic: &TopicName) -> Box<dyn FnMut(Progress)> {
        Nobody.watch(cluster, topic)
    }

    fn missed(&self, _: &TopicName, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(one_in: u64, start: i64, end: i64) -> (i64, i64) {
        let [start, end] = [start, end].map(|offset| SourceOffset::new(offset).unwrap());
        let stretch = DataTopics::new(NonZeroU64::new(one_in).unwrap()).stretch(LogRange { start, end });
        (stretch.start.get(), stretch.end.get())
    }

    #[test]
    fn one_stretch_out_of_n_is_kept_and_the_rest_not_read() {
        assert_eq!(stretch(1, 0, 10_000), (0, 4_096));
        assert_eq!(stretch(1, 4_096, 4_100), (4_096, 4_100));
        assert_eq!(stretch(4, 100, 10_000), (100, 4_096));
        assert_eq!(stretch(4, 4_096, 100_000), (16_384, 20_480));
        assert_eq!(stretch(4, 4_096, 16_384), (16_384, 16_384), "nothing of it is there yet");
        assert_eq!(stretch(4, 17_000, 17_000), (17_000, 17_000));
        assert_eq!(stretch(u64::MAX, 4_096, i64::MAX), (i64::MAX, i64::MAX));
    }
}
