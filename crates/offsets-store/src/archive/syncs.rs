//! Syncs in segments: the steps from one to the next of the same partition, and runs of equal steps counted.

use super::names::{Base, NameKind, Names};
use crate::segment::Head;
use crate::wire::{Reader, Writer, unzigzag, zigzag};

/// The longest entry: a number, two steps, and the end of a run before it.
pub(super) const LONGEST: usize = 5 + 10 + 10 + 11;

/// A pair of offsets of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) number: u32,
    pub(super) upstream: i64,
    pub(super) downstream: i64,
}

/// The version of segments in which a partition is written as the step from the one before it: partitions take turns.
pub(super) const BY_STEPS: u8 = 2;

/// Where a partition was last in a segment.
#[derive(Debug, Clone, Copy)]
struct LastOffset {
    segment: u64,
    at: Base,
}

/// Where each partition was last, while a segment is written or read. A segment stands alone: at its beginning every
/// partition is at its base.
#[derive(Debug, Clone, Default)]
struct LastOffsets {
    last_offsets: Vec<LastOffset>,
    segment: u64,
}

impl LastOffsets {
    fn begin(&mut self) {
        self.segment += 1;
    }

    #[inline]
    fn get(&mut self, number: u32, names: &Names) -> Option<&mut Base> {
        let at = number.checked_sub(1)? as usize;
        if at >= self.last_offsets.len() {
            let named = names.partitions(NameKind::Synced);
            if at >= named.len() {
                return None;
            }
            self.last_offsets.resize(named.len(), LastOffset { segment: 0, at: Base::default() });
        }
        let last = &mut self.last_offsets[at];
        if last.segment != self.segment {
            *last = LastOffset { segment: self.segment, at: names.partition(NameKind::Synced, number)?.base };
        }
        Some(&mut last.at)
    }
}

/// Writes syncs.
#[derive(Debug, Clone, Default)]
pub(super) struct SyncWriter {
    last_offsets: LastOffsets,
    run: Option<Run>,
    /// The partition of the last entry; 0 at the beginning of a segment.
    before: u32,
}

/// The last entry, which may go on.
#[derive(Debug, Clone, Copy)]
struct Run {
    number: u32,
    step: i64,
    repeats: u64,
}

impl SyncWriter {
    /// A new segment begins.
    pub(super) fn begin(&mut self) {
        self.last_offsets.begin();
        self.run = None;
        self.before = 0;
    }

    /// Whether a sync makes the run longer and takes no room.
    #[inline]
    pub(super) fn continues(&mut self, pair: Pair, names: &Names) -> bool {
        let Some(run) = self.run.filter(|run| run.number == pair.number) else { return false };
        let Some(last) = self.last_offsets.get(pair.number, names) else { return false };
        pair.upstream.wrapping_sub(last.upstream) == run.step
            && pair.downstream.wrapping_sub(pair.upstream) == last.drift
    }

    /// Adds a sync of a partition that has a name.
    #[inline]
    pub(super) fn push(&mut self, out: &mut Writer, pair: Pair, names: &Names) {
        let continues = self.continues(pair, names);
        let drift = pair.downstream.wrapping_sub(pair.upstream);
        let last = self
            .last_offsets
            .get(pair.number, names)
            .expect("a partition is named before its syncs are written");
        let (step, shift) = (pair.upstream.wrapping_sub(last.upstream), drift.wrapping_sub(last.drift));
        *last = Base { upstream: pair.upstream, drift };
        if continues {
            if let Some(run) = &mut self.run {
                run.repeats += 1;
            }
            return;
        }
        self.end().into_iter().for_each(|end| out.append(&end));
        // One more, for 0 goes on with the entry before.
        let turn = zigzag(i64::from(pair.number) - i64::from(self.before)) << 1 | u64::from(shift != 0);
        out.number(turn + 1);
        self.before = pair.number;
        out.signed(step);
        if shift != 0 {
            out.signed(shift);
        }
        self.run = (shift == 0).then_some(Run { number: pair.number, step, repeats: 0 });
    }

    /// What ends the last entry, if it was repeated.
    pub(super) fn end(&self) -> Option<Vec<u8>> {
        let run = self.run.filter(|run| run.repeats > 0)?;
        let mut end = Writer::default();
        end.number(0);
        end.number(run.repeats);
        Some(end.bytes().to_vec())
    }
}

/// Reads syncs.
#[derive(Debug, Clone, Default)]
pub(super) struct SyncReader {
    last_offsets: LastOffsets,
}

impl SyncReader {
    /// Shows the `count` syncs of a segment; `None` when its entries make no sense.
    pub(super) fn read(
        &mut self,
        head: &Head,
        entries: &[u8],
        names: &Names,
        mut visit: impl FnMut(Pair),
    ) -> Option<()> {
        self.last_offsets.begin();
        let by_steps = head.version >= BY_STEPS;
        let mut left = u64::from(head.count);
        let mut before = 0_i64;
        let mut reader = Reader::new(entries);
        let mut run: Option<(u32, i64)> = None;
        while !reader.is_at_end() {
            let head = reader.number()?;
            let (number, step, shift, times) = if head == 0 {
                let (number, step) = run.take()?;
                (number, step, 0, reader.number()?)
            } else {
                let (number, shifted) = if by_steps {
                    let turn = head - 1;
                    before = before.checked_add(unzigzag(turn >> 1))?;
                    (u32::try_from(before).ok()?, turn & 1 == 1)
                } else {
                    (u32::try_from(head >> 1).ok()?, head & 1 == 1)
                };
                let step = reader.signed()?;
                let shift = if shifted { reader.signed()? } else { 0 };
                run = (shift == 0).then_some((number, step));
                (number, step, shift, 1)
            };
            left = left.checked_sub(times)?;
            let last = self.last_offsets.get(number, names)?;
            last.drift = last.drift.wrapping_add(shift);
            for _ in 0..times {
                last.upstream = last.upstream.wrapping_add(step);
                let downstream = last.upstream.wrapping_add(last.drift);
                if last.upstream < 0 || downstream < 0 {
                    return None;
                }
                visit(Pair { number, upstream: last.upstream, downstream });
            }
        }
        (left == 0).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(offsets: &[(u32, i64, i64)]) -> Vec<Pair> {
        offsets.iter().map(|&(number, upstream, downstream)| Pair { number, upstream, downstream }).collect()
    }

    fn written(pairs: &[Pair], names: &Names) -> Vec<u8> {
        let (mut writer, mut out) = (SyncWriter::default(), Writer::default());
        writer.begin();
        pairs.iter().for_each(|&pair| writer.push(&mut out, pair, names));
        out.append(&writer.end().unwrap_or_default());
        out.bytes().to_vec()
    }

    fn names() -> Names {
        let mut names = Names::default();
        names.add(NameKind::Synced, "orders", 0, Base { upstream: 1000, drift: -50 });
        names.add(NameKind::Synced, "orders", 1, Base { upstream: 0, drift: 0 });
        names
    }

    fn head(count: usize) -> Head {
        Head { version: BY_STEPS, count: count as u32, ..Head::default() }
    }

    fn comes_back(pairs: &[Pair]) {
        let names = names();
        let mut read = Vec::new();
        let bytes = written(pairs, &names);
        SyncReader::default().read(&head(pairs.len()), &bytes, &names, |pair| read.push(pair)).unwrap();
        assert_eq!(read, pairs);
    }

    #[test]
    fn any_order_of_any_pairs_comes_back() {
        comes_back(&pairs(&[(1, 1000, 950), (2, 0, 7), (1, 1101, 1051), (1, 1202, 1152), (1, 1303, 1153)]));
        comes_back(&pairs(&[
            (1, i64::MAX, 0),
            (1, 0, i64::MAX),
            (2, i64::MAX, i64::MAX),
            (2, 5, 5),
            (2, 5, 5),
        ]));
    }

    #[test]
    fn a_run_of_equal_steps_takes_a_few_bytes() {
        let run: Vec<_> =
            (0..100_000).map(|i| Pair { number: 2, upstream: i * 101, downstream: i * 101 }).collect();
        comes_back(&run);
        assert!(written(&run, &names()).len() < 12);
    }

    #[test]
    fn partitions_that_take_turns_cost_a_byte_each() {
        let mut names = Names::default();
        for partition in 0..5_000 {
            names.add(NameKind::Synced, "orders", partition, Base { upstream: 1_000, drift: 0 });
        }
        let turn = |number| Pair { number, upstream: 1_050, downstream: 1_050 };
        let pairs: Vec<_> = (1..=5_000).map(turn).collect();
        assert_eq!(written(&pairs, &names).len(), 2 * pairs.len());
    }

    #[test]
    fn a_number_without_a_name_makes_no_sense() {
        let bytes = written(&pairs(&[(1, 1000, 950)]), &names());
        assert_eq!(SyncReader::default().read(&head(1), &bytes, &Names::default(), |_| {}), None);
        assert_eq!(SyncReader::default().read(&head(5), &[0, 5], &names(), |_| {}), None);
    }
}
