//! Numbered segments in streams, and who keeps them.

mod change_buffer;
mod claims;
mod memory;
mod name;
#[cfg(feature = "redb")]
mod redb;
mod sled;

pub use self::change_buffer::ChangeBuffer;
pub use self::claims::Claim;
pub(crate) use self::claims::Claims;
pub use self::memory::MemoryLog;
#[cfg(feature = "redb")]
pub use self::redb::RedbLog;
pub(crate) use self::sled::DAMAGED_FOLDER;
pub use self::sled::SledLog;

use std::ops::Range;

use crate::Error;

/// How long a segment gets before the next one is begun, in bytes. The engine keeps larger values in files of their
/// own, which it does not give back.
pub const SEGMENT_LIMIT: usize = 8 * 1024;

/// A sequence of segments of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// Owner of the segment: each thing in a log has a space of its own.
    pub space: u32,
    /// What its segments hold.
    pub kind: u8,
}

/// The place of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The stream it belongs to.
    pub stream: Stream,
    /// Its number in the stream.
    pub sequence: u64,
}

/// Keeps segments, which are bytes to it, in the order of their numbers.
///
/// What [`append`](Self::append) was given is there after a crash once [`flush`](Self::flush) has returned; before that
/// all segments of one call are there or none is, and a later call's only together with every earlier one's.
pub trait SegmentLog {
    /// Stores segments, all or none. One that stands under the same key is replaced: the last segment of a stream grows.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Engine`]; nothing was stored then.
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error>;

    /// Shows the segments of a stream from the number `from` on, in order, until the visitor says `false`.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Engine`].
    fn scan(&self, stream: Stream, from: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool)
    -> Result<(), Error>;

    /// Shows one segment, and tells whether there is one.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Engine`].
    fn get(&self, key: Key, visit: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        let mut found = false;
        self.scan(key.stream, key.sequence, &mut |sequence, segment| {
            found = sequence == key.sequence;
            if found {
                visit(segment);
            }
            false
        })?;
        Ok(found)
    }

    /// Shows the segments of all streams, in the order of their keys.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Engine`].
    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error>;

    /// Removes the segments of a stream whose numbers are in the range, half-open, and tells how many there were.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Engine`]; some may have been removed then.
    fn remove(&mut self, stream: Stream, range: Range<u64>) -> Result<u64, Error>;

    /// Returns when everything appended and removed so far is on the disk.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Engine`].
    fn flush(&mut self) -> Result<(), Error>;

    /// Bytes on the disk, about; for what is in memory, bytes held.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Engine`].
    fn footprint(&self) -> Result<u64, Error>;

    /// Claims a space for one table, for as long as the claim lives; `None` where another table has it open. A log whose clones, or
    /// other handles, write to the same segments keeps the claims of all of them together.
    fn claim(&self, space: u32) -> Option<Claim> {
        Some(Claim::unshared(space))
    }
}

impl<L: SegmentLog + ?Sized> SegmentLog for Box<L> {
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        (**self).append(segments)
    }

    fn scan(
        &self,
        stream: Stream,
        from: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Error> {
        (**self).scan(stream, from, visit)
    }

    fn get(&self, key: Key, visit: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        (**self).get(key, visit)
    }

    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error> {
        (**self).scan_all(visit)
    }

    fn remove(&mut self, stream: Stream, range: Range<u64>) -> Result<u64, Error> {
        (**self).remove(stream, range)
    }

    fn flush(&mut self) -> Result<(), Error> {
        (**self).flush()
    }

    fn footprint(&self) -> Result<u64, Error> {
        (**self).footprint()
    }

    fn claim(&self, space: u32) -> Option<Claim> {
        (**self).claim(space)
    }
}

/// As the engines have it, and a changelog: big-endian, so that bytes sort as keys do.
impl Key {
    /// The key as bytes: space, kind, number.
    pub fn bytes(self) -> [u8; 13] {
        let mut bytes = [0; 13];
        bytes[..4].copy_from_slice(&self.stream.space.to_be_bytes());
        bytes[4] = self.stream.kind;
        bytes[5..].copy_from_slice(&self.sequence.to_be_bytes());
        bytes
    }

    /// The key that was written as these bytes; `None` when there are not 13.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let (space, rest) = bytes.split_first_chunk()?;
        let (&kind, sequence) = rest.split_first()?;
        let stream = Stream { space: u32::from_be_bytes(*space), kind };
        Some(Self { stream, sequence: u64::from_be_bytes(sequence.try_into().ok()?) })
    }
}
