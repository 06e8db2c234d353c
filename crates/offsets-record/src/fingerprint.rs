use std::fmt;

use twox_hash::XxHash3_128;

use crate::hex;

/// The length and the digest of one part of a record.
const PART: usize = 8 + 16;

/// What the content of a record is recognised by on the other cluster: XXH3-128 over the lengths of its key and value
/// and the XXH3-128 of each. It says nothing of the content itself, and does not guard against
/// deliberate collisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// The fingerprint of a key and a value as they stand in the log. A null is not an empty string.
    ///
    /// # Examples
    /// ```
    /// use offsets_record::Fingerprint;
    ///
    /// assert_eq!(Fingerprint::of(Some(b"k"), None), Fingerprint::of(Some(b"k"), None));
    /// assert_ne!(Fingerprint::of(Some(b"k"), None), Fingerprint::of(Some(b"k"), Some(b"")));
    /// assert_ne!(Fingerprint::of(Some(b"ab"), Some(b"c")), Fingerprint::of(Some(b"a"), Some(b"bc")));
    /// ```
    pub fn of(key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        let mut parts = [0; 2 * PART];
        for (part, bytes) in parts.chunks_exact_mut(PART).zip([key, value]) {
            // One more than the length, so that 0 is left for null.
            let length = bytes.map_or(0, |bytes| bytes.len() as u64 + 1);
            let digest = XxHash3_128::oneshot(bytes.unwrap_or_default());
            part[..8].copy_from_slice(&length.to_le_bytes());
            part[8..].copy_from_slice(&digest.to_le_bytes());
        }
        Self(XxHash3_128::oneshot(&parts))
    }

    /// A fingerprint that was kept.
    pub fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits, to be kept.
    pub fn to_bits(self) -> u128 {
        self.0
    }

    /// A fingerprint as [`Display`](fmt::Display) writes it; `None` for any other text.
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::read(text).map(Self)
    }
}

/// As 32 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
