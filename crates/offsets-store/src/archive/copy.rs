//! An archive in one piece: what a recorder hands to those who want to read while it records.

use twox_hash::XxHash3_128;

use super::Archive;
use crate::log::{Key, MemoryLog, SegmentLog, Stream};
use crate::{Error, MalformedCopy};

/// What a copy begins with: its name and its version.
const MAGIC: &[u8; 16] = b"offsets-copy\0\0\0\x01";

/// What stands in front of each segment.
const HEAD: usize = 17;

const SUM: usize = 16;

impl Archive {
    /// Everything that is saved, as one piece of bytes: every link, and what stands of them at one moment.
    ///
    /// # Errors
    /// The log's own.
    pub fn copy(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.footprint()?.to_le_bytes());
        self.log.scan_all(&mut |key, segment| {
            let length = u32::try_from(segment.len()).expect("a segment has a few KiB");
            bytes.extend_from_slice(&key.stream.space.to_le_bytes());
            bytes.push(key.stream.kind);
            bytes.extend_from_slice(&key.sequence.to_le_bytes());
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(segment);
        })?;
        let sum = XxHash3_128::oneshot(&bytes).to_le_bytes();
        bytes.extend_from_slice(&sum);
        Ok(bytes)
    }

    /// The archive that a [copy](Archive::copy) is of. What is recorded into it is nowhere on a disk.
    ///
    /// # Errors
    /// [`MalformedCopy`] when the bytes are not a whole copy of this version.
    pub fn of_copy(bytes: &[u8]) -> Result<Self, MalformedCopy> {
        let (footprint, log) = read(bytes).ok_or(MalformedCopy)?;
        let mut archive = Self::over(log).map_err(|_| MalformedCopy)?;
        archive.footprint_elsewhere = Some(footprint);
        Ok(archive)
    }
}

fn read(bytes: &[u8]) -> Option<(u64, MemoryLog)> {
    let (content, sum) = bytes.split_last_chunk::<SUM>()?;
    if *sum != XxHash3_128::oneshot(content).to_le_bytes() {
        return None;
    }
    let (footprint, mut rest) = content.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
    let mut log = MemoryLog::default();
    while !rest.is_empty() {
        let (head, behind) = rest.split_first_chunk::<HEAD>()?;
        let space = u32::from_le_bytes(head[..4].try_into().ok()?);
        let sequence = u64::from_le_bytes(head[5..13].try_into().ok()?);
        let length = u32::from_le_bytes(head[13..].try_into().ok()?);
        let (segment, behind) = behind.split_at_checked(length as usize)?;
        log.append(&[(Key { stream: Stream { space, kind: head[4] }, sequence }, segment.to_vec())]).ok()?;
        rest = behind;
    }
    Some((u64::from_le_bytes(*footprint), log))
}
