use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use offsets_store::{Error, Key, MemoryLog, SegmentLog, Stream};

/// A log in memory that counts the bytes which its clones read: those are the handles of snapshots.
#[derive(Default)]
pub(crate) struct CountedLog {
    segments: Arc<Mutex<MemoryLog>>,
    pub(crate) read: Arc<AtomicUsize>,
    /// Whether clones fail to read from now on.
    pub(crate) fails: Arc<AtomicBool>,
    is_clone: bool,
}

impl Clone for CountedLog {
    fn clone(&self) -> Self {
        let Self { segments, read, fails, .. } = self;
        Self {
            segments: Arc::clone(segments),
            read: Arc::clone(read),
            fails: Arc::clone(fails),
            is_clone: true,
        }
    }
}

impl CountedLog {
    /// The same segments, for the archive that records.
    pub(crate) fn owner(&self) -> Self {
        Self { is_clone: false, ..self.clone() }
    }
}

impl SegmentLog for CountedLog {
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        self.segments.lock().unwrap().append(segments)
    }

    fn scan(
        &self,
        stream: Stream,
        from: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Error> {
        if self.is_clone && self.fails.load(Ordering::Acquire) {
            let cause = "the test says so".into();
            return Err(Error::Engine { folder: "memory".into(), cause });
        }
        self.segments.lock().unwrap().scan(stream, from, &mut |sequence, segment| {
            let goes_on = visit(sequence, segment);
            if self.is_clone && goes_on {
                self.read.fetch_add(segment.len(), Ordering::AcqRel);
            }
            goes_on
        })
    }

    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error> {
        self.segments.lock().unwrap().scan_all(visit)
    }

    fn remove(&mut self, stream: Stream, range: std::ops::Range<u64>) -> Result<u64, Error> {
        self.segments.lock().unwrap().remove(stream, range)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn footprint(&self) -> Result<u64, Error> {
        self.segments.lock().unwrap().footprint()
    }
}
