//! Records of data topics in segments: stretches of a partition that were read whole, and of each record what it is
//! recognised by.

use offsets_core::evidence::{Fingerprint, Scan, ScannedRecord};
use offsets_core::model::{LogRange, SourceOffset, TopicName, TopicPartition};

use crate::wire::{Reader, Writer};

/// The longest an entry gets with one record in it: a name of the longest that Kafka allows, five numbers, a record.
pub(super) const LONGEST: usize = 3 + 249 + 5 + 5 * 10 + RECORD;

/// The longest record: two numbers and a fingerprint.
const RECORD: usize = 10 + 10 + PRINT;

/// A fingerprint.
const PRINT: usize = 16;

/// The partitions that a segment has named so far; it refers to them by number, from 1.
#[derive(Debug, Clone, Default)]
pub(super) struct LocalNames(Vec<TopicPartition>);

/// One entry of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// A stretch that was read whole.
    Extent { partition: &'a TopicPartition, offsets: LogRange<SourceOffset>, records: Body<'a> },
    /// What stands before of a partition is not of the topic that it has now.
    Invalidated { partition: &'a TopicPartition },
}

/// The records of a stretch, not looked at yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Body<'a> {
    start: SourceOffset,
    count: u64,
    bytes: &'a [u8],
}

impl LocalNames {
    fn write(&mut self, out: &mut Writer, partition: &TopicPartition) {
        if let Some(at) = self.0.iter().position(|known| known == partition) {
            out.number(at as u64 + 1);
            return;
        }
        out.number(0);
        out.text(partition.topic.as_str());
        out.number(u64::from(partition.partition.unsigned_abs()));
        self.0.push(partition.clone());
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Option<&TopicPartition> {
        let number = match usize::try_from(reader.number()?).ok()? {
            0 => {
                let topic = TopicName::from(reader.text()?);
                let partition = i32::try_from(reader.number()?).ok()?;
                self.0.push(TopicPartition { topic, partition });
                self.0.len()
            }
            number => number,
        };
        self.0.get(number.checked_sub(1)?)
    }

    /// A new segment begins.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Writes as much of a scan as has room in `room` bytes, at least one record, and gives back the rest.
pub(super) fn write_extent(
    out: &mut Writer,
    names: &mut LocalNames,
    partition: &TopicPartition,
    scan: &Scan<SourceOffset>,
    room: usize,
) -> (u64, Option<Scan<SourceOffset>>) {
    let room = room.saturating_sub(LONGEST - RECORD);
    let LogRange { start, end } = scan.offsets;
    let (mut body, mut next, mut stamp, mut taken) = (Writer::default(), start, 0_i64, 0);
    for record in &scan.records {
        if taken > 0 && body.len() + RECORD > room {
            break;
        }
        let gap = next.distance_to(record.offset);
        body.number(gap << 1 | u64::from(record.created_ms.is_some()));
        if let Some(created) = record.created_ms {
            body.signed(created.wrapping_sub(stamp));
            stamp = created;
        }
        body.append(&record.content.to_bits().to_le_bytes());
        next = record.offset.next();
        taken += 1;
    }
    // What lies between two records was read too.
    let rest = &scan.records[taken..];
    let until = rest.first().map_or(end, |record| record.offset);
    names.write(out, partition);
    out.number(taken as u64 + 1);
    out.number(start.get().unsigned_abs());
    out.number(start.distance_to(until));
    out.number(body.len() as u64);
    out.append(body.bytes());
    let left = || Scan { offsets: LogRange { start: until, end }, records: rest.to_vec() };
    (taken as u64, (!rest.is_empty()).then(left))
}

/// Writes that what stands before of a partition is not to be used.
pub(super) fn write_invalidation(out: &mut Writer, names: &mut LocalNames, partition: &TopicPartition) {
    names.write(out, partition);
    out.number(0);
}

/// Shows the entries of a segment; `None` when they make no sense.
pub(super) fn read(
    entries: &[u8],
    names: &mut LocalNames,
    mut visit: impl FnMut(Entry<'_>) -> Option<()>,
) -> Option<()> {
    let mut reader = Reader::new(entries);
    names.clear();
    while !reader.is_at_end() {
        let partition = names.read(&mut reader)?;
        let Some(count) = reader.number()?.checked_sub(1) else {
            visit(Entry::Invalidated { partition })?;
            continue;
        };
        let start = SourceOffset::new(i64::try_from(reader.number()?).ok()?).ok()?;
        let end = SourceOffset::new(start.get().checked_add_unsigned(reader.number()?)?).ok()?;
        let length = usize::try_from(reader.number()?).ok()?;
        let bytes = reader.take(length)?;
        let offsets = LogRange { start, end };
        visit(Entry::Extent { partition, offsets, records: Body { start, count, bytes } })?;
    }
    Some(())
}

impl Body<'_> {
    /// How many records there are.
    pub(super) fn len(&self) -> u64 {
        self.count
    }

    /// The records, in order; `None` when they are not those of a stretch that ends at `end`.
    pub(super) fn records(&self, end: SourceOffset) -> Option<Vec<ScannedRecord<SourceOffset>>> {
        let mut reader = Reader::new(self.bytes);
        let (mut next, mut stamp) = (self.start.get(), 0_i64);
        let mut records = Vec::new();
        while !reader.is_at_end() {
            let head = reader.number()?;
            let offset = next.checked_add_unsigned(head >> 1)?;
            let created_ms = match head & 1 {
                0 => None,
                _ => {
                    stamp = stamp.wrapping_add(reader.signed()?);
                    Some(stamp)
                }
            };
            let print = reader.take(PRINT)?.try_into().ok()?;
            let content = Fingerprint::from_bits(u128::from_le_bytes(print));
            let offset = SourceOffset::new(offset).ok().filter(|offset| *offset < end)?;
            records.push(ScannedRecord { offset, created_ms, content, origin: None });
            next = offset.get().checked_add(1)?;
        }
        (records.len() as u64 == self.count).then_some(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: i64, created_ms: Option<i64>) -> ScannedRecord<SourceOffset> {
        let content = Fingerprint::of(Some(&offset.to_be_bytes()), None);
        ScannedRecord { offset: SourceOffset::new(offset).unwrap(), created_ms, content, origin: None }
    }

    fn scan(start: i64, end: i64, records: Vec<ScannedRecord<SourceOffset>>) -> Scan<SourceOffset> {
        let [start, end] = [start, end].map(|offset| SourceOffset::new(offset).unwrap());
        Scan { offsets: LogRange { start, end }, records }
    }

    fn comes_back(scan: &Scan<SourceOffset>, room: usize) -> usize {
        let (mut out, mut names) = (Writer::default(), LocalNames::default());
        let partition = TopicPartition::new("orders", 3);
        let (mut left, mut entries) = (Some(scan.clone()), 0);
        while let Some(scan) = left {
            left = write_extent(&mut out, &mut names, &partition, &scan, room).1;
            entries += 1;
        }
        let (mut next, mut read_back) = (scan.offsets.start, Vec::new());
        read(out.bytes(), &mut LocalNames::default(), |entry| {
            let Entry::Extent { partition: of, offsets, records } = entry else { return None };
            assert_eq!((of, offsets.start), (&partition, next), "the pieces meet");
            read_back.extend(records.records(offsets.end)?);
            next = offsets.end;
            Some(())
        })
        .unwrap();
        assert_eq!((next, read_back), (scan.offsets.end, scan.records.clone()));
        entries
    }

    #[test]
    fn a_stretch_comes_back_however_it_was_cut() {
        let records = vec![
            record(7, Some(1_790_000_000_000)),
            record(8, None),
            record(900, Some(i64::MIN)),
            record(901, Some(i64::MAX)),
        ];
        let scan = scan(5, 1_000, records);
        assert_eq!(comes_back(&scan, 8_192), 1);
        assert_eq!(comes_back(&scan, 0), 4);
        let end = i64::MAX;
        comes_back(&super::tests::scan(end - 1, end, vec![record(end - 1, Some(0))]), 8_192);
        comes_back(&super::tests::scan(3, 9, Vec::new()), 8_192);
    }

    #[test]
    fn a_record_outside_its_stretch_makes_no_sense() {
        let (mut out, mut names) = (Writer::default(), LocalNames::default());
        let wrong = scan(5, 7, vec![record(8, None)]);
        write_extent(&mut out, &mut names, &TopicPartition::new("orders", 3), &wrong, 8_192);
        let sense = read(out.bytes(), &mut LocalNames::default(), |entry| match entry {
            Entry::Extent { offsets, records, .. } => records.records(offsets.end).map(drop),
            Entry::Invalidated { .. } => None,
        });
        assert_eq!(sense, None);
    }
}
