use std::collections::BTreeMap;
use std::ops::Range;

use super::{Key, SegmentLog, Stream};
use crate::Error;

/// Segments in memory: for tests, and where nothing is to outlive the process.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog(BTreeMap<Key, Vec<u8>>);

impl SegmentLog for MemoryLog {
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        self.0.extend(segments.iter().cloned());
        Ok(())
    }

    fn scan(
        &self,
        stream: Stream,
        from: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Error> {
        let range = Key { stream, sequence: from }..=Key { stream, sequence: u64::MAX };
        for (key, segment) in self.0.range(range) {
            if !visit(key.sequence, segment) {
                break;
            }
        }
        Ok(())
    }

    fn get(&self, key: Key, visit: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        let segment = self.0.get(&key);
        Ok(segment.map(|segment| visit(segment)).is_some())
    }

    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error> {
        self.0.iter().for_each(|(key, segment)| visit(*key, segment));
        Ok(())
    }

    fn remove(&mut self, stream: Stream, range: Range<u64>) -> Result<u64, Error> {
        let before = self.0.len();
        self.0.retain(|key, _| key.stream != stream || !range.contains(&key.sequence));
        Ok((before - self.0.len()) as u64)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn footprint(&self) -> Result<u64, Error> {
        Ok(self.0.values().map(|segment| segment.len() as u64).sum())
    }
}
