use std::collections::BTreeMap;

use offsets_core::evidence::{Fingerprint, Records, Scan, ScannedRecord, Span};
use offsets_core::model::{LogRange, SourceOffset, TopicName, TopicPartition};

use super::ProgressListener;
use crate::{Cluster, Deadline, Isolation, RawRecord};

/// Reads stretches of data topics and keeps of each record only what it is recognised by.
///
/// What cannot be read is left out, and what was read up to there stands: a probe can only sharpen an answer.
pub(super) struct Probe<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) isolation: Isolation,
    /// The header that carries source offsets.
    pub(super) origin_header: Option<&'a str>,
}

/// The stretch of each partition of a topic that is read in one go.
type Round<O> = BTreeMap<i32, LogRange<O>>;

impl Probe<'_> {
    /// Reads all `spans`: the partitions of a topic together, its further stretches one after the other.
    pub(super) fn read<O: Copy + Ord + TryFrom<i64> + Into<i64>>(
        &self,
        spans: &[Span<O>],
        deadline: &Deadline,
        progress: &dyn ProgressListener,
    ) -> Records<O> {
        let mut topics: BTreeMap<&TopicName, Vec<Round<O>>> = BTreeMap::new();
        for Span { partition: TopicPartition { topic, partition }, offsets } in spans {
            let rounds = topics.entry(topic).or_default();
            match rounds.iter_mut().find(|round| !round.contains_key(partition)) {
                Some(round) => drop(round.insert(*partition, *offsets)),
                None => rounds.push(Round::from([(*partition, *offsets)])),
            }
        }
        let mut records = Records::default();
        for (topic, rounds) in topics {
            for round in rounds {
                records.extend(self.read_round(topic, &round, deadline, progress));
            }
        }
        records
    }

    fn read_round<O: Copy + Ord + TryFrom<i64> + Into<i64>>(
        &self,
        topic: &TopicName,
        round: &Round<O>,
        deadline: &Deadline,
        progress: &dyn ProgressListener,
    ) -> Records<O> {
        let mut read = self.cluster.read(topic).isolated(self.isolation).clipped();
        for (&partition, offsets) in round {
            read = read.span(partition, offsets.start.into()..offsets.end.into());
        }
        let read = read.on_progress(progress.watch(self.cluster.alias(), topic));
        let mut found: BTreeMap<i32, Vec<ScannedRecord<O>>> = BTreeMap::new();
        let whole = read.visit(deadline, |record| {
            if let Ok(offset) = O::try_from(record.offset) {
                found.entry(record.partition).or_default().push(self.look_at(offset, &record));
            }
        });
        let ranges = match whole {
            Ok(reads) => reads.into_iter().map(|read| (read.partition.partition, read.range)).collect(),
            Err(error) => {
                progress.missed(topic, error);
                begun(&found)
            }
        };
        let mut records = Records::default();
        for (partition, LogRange { start, end }) in ranges {
            let (Ok(start), Ok(end)) = (O::try_from(start), O::try_from(end)) else { continue };
            let scan = Scan {
                offsets: LogRange { start, end },
                records: found.remove(&partition).unwrap_or_default(),
            };
            records.add(TopicPartition { topic: topic.clone(), partition }, scan);
        }
        records
    }

    fn look_at<O>(&self, offset: O, record: &RawRecord<'_>) -> ScannedRecord<O> {
        ScannedRecord {
            offset,
            created_ms: record.timestamp_ms.filter(|_| record.is_producers_timestamp),
            content: Fingerprint::of(record.key, record.value),
            origin: self.origin_header.and_then(|name| origin(record.header(name)?)),
        }
    }
}

/// What was read of each partition before the read failed: from its first record to its last.
fn begun<O: Copy + Into<i64>>(found: &BTreeMap<i32, Vec<ScannedRecord<O>>>) -> BTreeMap<i32, LogRange<i64>> {
    let range = |(&partition, records): (&i32, &Vec<ScannedRecord<O>>)| {
        let (start, last) = (records.first()?.offset.into(), records.last()?.offset.into());
        Some((partition, LogRange { start, end: last.saturating_add(1) }))
    };
    found.iter().filter_map(range).collect()
}

/// A source offset as replicators and restore tools write it into a header: decimal digits, or a big-endian INT64.
fn origin(value: &[u8]) -> Option<SourceOffset> {
    let digits = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    let offset = digits.or_else(|| Some(i64::from_be_bytes(value.try_into().ok()?)));
    SourceOffset::new(offset?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_digits_or_a_big_endian_number() {
        let read = |value: &[u8]| origin(value).map(SourceOffset::get);
        assert_eq!(read(b"4711"), Some(4711));
        assert_eq!(read(&4711_i64.to_be_bytes()), Some(4711));
        assert_eq!(read(b"12345678"), Some(12_345_678), "eight digits are digits");
        assert_eq!(read(b"-1"), None);
        assert_eq!(read(b"what"), None);
    }
}
