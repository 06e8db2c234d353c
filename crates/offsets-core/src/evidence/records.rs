use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Fingerprint;
use crate::model::{LogRange, SourceOffset, TopicPartition, sentinel};

/// A data record as far as it serves to be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannedRecord<O> {
    /// Where it stands.
    pub offset: O,
    /// The producer's timestamp in milliseconds, which a replicator copies; `None` where the broker set its own
    /// (`message.timestamp.type=LogAppendTime`).
    pub created_ms: Option<i64>,
    /// Key and value.
    pub content: Fingerprint,
    /// The source offset that a replicator wrote into a header, on a link that does so.
    pub origin: Option<SourceOffset>,
}

/// A stretch of one partition that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<O> {
    /// The partition.
    pub partition: TopicPartition,
    /// The offsets, half-open.
    pub offsets: LogRange<O>,
}

/// A stretch of one partition that was read, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan<O> {
    /// The offsets that were read, half-open. Less than was asked for, at either end, where the log did not hold it or
    /// time ran out.
    pub offsets: LogRange<O>,
    /// The data records there, in order. What is missing between them is a control record, was aborted, or was
    /// compacted away.
    pub records: Vec<ScannedRecord<O>>,
}

/// What was read of the data topics of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records<O> {
    partitions: BTreeMap<TopicPartition, Vec<Scan<O>>>,
}

impl<O> Default for Records<O> {
    fn default() -> Self {
        Self { partitions: BTreeMap::new() }
    }
}

impl<O: Copy + Ord> Span<O> {
    /// The same stretches, sorted, with those that meet made one.
    pub(crate) fn joined(mut spans: Vec<Self>) -> Vec<Self> {
        spans.sort_by(|a, b| (&a.partition, a.offsets.start).cmp(&(&b.partition, b.offsets.start)));
        let mut joined: Vec<Self> = Vec::new();
        for span in spans {
            match joined.last_mut() {
                Some(last) if last.partition == span.partition && span.offsets.start <= last.offsets.end => {
                    last.offsets.end = last.offsets.end.max(span.offsets.end);
                }
                _ => joined.push(span),
            }
        }
        joined
    }
}

impl<O: Copy + Ord> Scan<O> {
    /// The records at the offsets of `range`, if all of it was read.
    pub fn within(&self, range: LogRange<O>) -> Option<&[ScannedRecord<O>]> {
        let covered = self.offsets.start <= range.start && range.end <= self.offsets.end;
        let from = self.records.partition_point(|record| record.offset < range.start);
        let to = self.records.partition_point(|record| record.offset < range.end);
        (covered && from <= to).then(|| &self.records[from..to])
    }
}

impl<O: Copy + Ord> Records<O> {
    /// Adds a stretch that was read.
    pub fn add(&mut self, partition: TopicPartition, scan: Scan<O>) {
        self.partitions.entry(partition).or_default().push(scan);
    }

    /// Adds what another reading brought.
    pub fn extend(&mut self, later: Self) {
        for (partition, scans) in later.partitions {
            self.partitions.entry(partition).or_default().extend(scans);
        }
    }

    /// The stretches of a partition that were read.
    pub fn of(&self, partition: &TopicPartition) -> &[Scan<O>] {
        self.partitions.get(partition).map_or(&[], Vec::as_slice)
    }

    /// The same of several partitions, as a reading of its own.
    pub fn cut(&self, spans: &[Span<O>]) -> Self {
        let mut found = Self::default();
        for Span { partition, offsets } in spans {
            for scan in self.of(partition) {
                let start = scan.offsets.start.max(offsets.start);
                let end = scan.offsets.end.min(offsets.end);
                if start < end {
                    let offsets = LogRange { start, end };
                    let records = scan.within(offsets).unwrap_or_default().to_vec();
                    found.add(partition.clone(), Scan { offsets, records });
                }
            }
        }
        found
    }

    /// Forgets what was read of a partition.
    pub fn forget(&mut self, partition: &TopicPartition) {
        self.partitions.remove(partition);
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// How many records were read.
    pub fn len(&self) -> usize {
        self.partitions.values().flatten().map(|scan| scan.records.len()).sum()
    }
}

/// The form of a dump: one object a stretch, one short array a record.
#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "O: Deserialize<'de> + Ord + fmt::Display"))]
struct Written<O> {
    #[serde(flatten)]
    partition: TopicPartition,
    #[serde(flatten)]
    offsets: LogRange<O>,
    records: Vec<WrittenRecord<O>>,
}

/// Offset, timestamp, fingerprint in hexadecimal, origin.
#[derive(Serialize, Deserialize)]
struct WrittenRecord<O>(O, Option<i64>, String, Option<SourceOffset>);

impl<O: Serialize + Copy> Serialize for Records<O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scans = self.partitions.iter().flat_map(|(partition, scans)| {
            scans.iter().map(move |scan| Written {
                partition: partition.clone(),
                offsets: scan.offsets,
                records: scan.records.iter().map(WrittenRecord::from).collect(),
            })
        });
        serializer.collect_seq(scans)
    }
}

impl<'de, O: Deserialize<'de> + Copy + Ord + fmt::Display> Deserialize<'de> for Records<O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut records = Self::default();
        for Written { partition, offsets, records: written } in Vec::<Written<O>>::deserialize(deserializer)?
        {
            let read = written.iter().map(WrittenRecord::read).collect::<Option<Vec<_>>>();
            let read = read.filter(|read| read.is_sorted_by(|a, b| a.offset < b.offset));
            let read = read.filter(|read| {
                read.iter().all(|record| offsets.start <= record.offset && record.offset < offsets.end)
            });
            let read = read.ok_or_else(|| {
                serde::de::Error::custom(format!("the records of {partition} are not those of one scan"))
            })?;
            records.add(partition, Scan { offsets, records: read });
        }
        Ok(records)
    }
}

impl<O: Copy> From<&ScannedRecord<O>> for WrittenRecord<O> {
    fn from(record: &ScannedRecord<O>) -> Self {
        Self(record.offset, record.created_ms, record.content.to_string(), record.origin)
    }
}

impl<O: Copy> WrittenRecord<O> {
    fn read(&self) -> Option<ScannedRecord<O>> {
        let Self(offset, created_ms, content, origin) = self;
        let content = Fingerprint::from_hex(content)?;
        let created_ms = created_ms.filter(|millis| *millis != sentinel::TIMESTAMP);
        Some(ScannedRecord { offset: *offset, created_ms, content, origin: *origin })
    }
}
