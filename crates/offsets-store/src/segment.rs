use twox_hash::XxHash3_128;

use crate::log::Key;

/// The newest version of segments that is known. Only those of syncs are written in it; in the others nothing changed.
const VERSION: u8 = 2;

const HEAD: usize = 40;
const SUM: usize = 16;

/// What the head and the checksum of a segment take, in bytes.
pub(crate) const FRAME: usize = HEAD + SUM;

/// What a segment says of itself. `FORMAT.md` draws it byte by byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Which version its entries are written in.
    pub(crate) version: u8,
    /// How many entries it holds.
    pub(crate) count: u32,
    /// When its first entry was taken, in milliseconds since 1970 (UTC).
    pub(crate) first_ms: i64,
    /// When it was last known to be complete.
    pub(crate) last_ms: i64,
    /// The offset in the topic it was read from at which reading goes on.
    pub(crate) next: i64,
    /// What the record before `next` is recognised by; 0 for nothing.
    pub(crate) guard: u64,
}

impl Default for Head {
    fn default() -> Self {
        Self { version: 1, count: 0, first_ms: 0, last_ms: 0, next: 0, guard: 0 }
    }
}

/// What is wrong with a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// It is shorter than any segment.
    #[error("it is cut short")]
    Short,
    /// Its bytes are not those that were written.
    #[error("its checksum is wrong")]
    Checksum,
    /// It was written by a newer version.
    #[error("its version is {0}")]
    Version(u8),
    /// Its entries are not what its version holds.
    #[error("its entries make no sense")]
    Entries,
    /// It is not there.
    #[error("it is missing")]
    Missing,
    /// The segment before it is not there.
    #[error("segment {0} before it is missing")]
    Gap(u64),
    /// It counts more than there is: segments are missing from the beginning on.
    #[error("it counts {counted} identities, and {there} are there")]
    Fewer {
        /// How many identities were remembered when it was written.
        counted: u64,
        /// How many are.
        there: u64,
    },
}

/// The bytes of a segment with these entries.
pub(crate) fn encode(key: Key, head: &Head, entries: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + entries.len() + SUM);
    bytes.extend_from_slice(&[head.version, key.stream.kind, 0, 0]);
    bytes.extend_from_slice(&head.count.to_le_bytes());
    for number in [head.first_ms, head.last_ms, head.next] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&head.guard.to_le_bytes());
    bytes.extend_from_slice(entries);
    let sum = checksum(key, &bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

/// The head and the entries of a segment.
pub(crate) fn decode(key: Key, bytes: &[u8]) -> Result<(Head, &[u8]), Flaw> {
    let (&version, _) = bytes.split_first().ok_or(Flaw::Short)?;
    // A later version may place its checksum elsewhere.
    if version == 0 || version > VERSION {
        return Err(Flaw::Version(version));
    }
    let (content, sum) = bytes.split_last_chunk::<SUM>().ok_or(Flaw::Short)?;
    let (head, entries) = content.split_first_chunk::<HEAD>().ok_or(Flaw::Short)?;
    if *sum != checksum(key, content) {
        return Err(Flaw::Checksum);
    }
    let [first_ms, last_ms, next, guard] = [8, 16, 24, 32].map(|at| {
        let mut number = [0; 8];
        number.copy_from_slice(&head[at..at + 8]);
        i64::from_le_bytes(number)
    });
    let count = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    Ok((Head { version, count, first_ms, last_ms, next, guard: guard.cast_unsigned() }, entries))
}

/// Over the key as well, so that a segment in the wrong place is noticed.
fn checksum(key: Key, content: &[u8]) -> [u8; SUM] {
    let place = (u64::from(key.stream.space) << 40) ^ (u64::from(key.stream.kind) << 32) ^ key.sequence;
    XxHash3_128::oneshot_with_seed(place, content).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Stream;

    const KEY: Key = Key { stream: Stream { space: 7, kind: 3 }, sequence: 9 };

    fn sample() -> Vec<u8> {
        let head = Head { version: 1, count: 2, first_ms: 5, last_ms: 6, next: 1 << 40, guard: u64::MAX };
        encode(KEY, &head, b"entries")
    }

    #[test]
    fn a_segment_comes_back_as_it_was() {
        let bytes = sample();
        let (head, entries) = decode(KEY, &bytes).unwrap();
        assert_eq!(
            head,
            Head { version: 1, count: 2, first_ms: 5, last_ms: 6, next: 1 << 40, guard: u64::MAX }
        );
        assert_eq!(entries, b"entries");
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let bytes = sample();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(decode(KEY, &changed).is_err(), "byte {at}");
            assert!(decode(KEY, &bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_segment_in_another_place_is_noticed() {
        let elsewhere = Key { sequence: 10, ..KEY };
        assert_eq!(decode(elsewhere, &sample()), Err(Flaw::Checksum));
    }
}
