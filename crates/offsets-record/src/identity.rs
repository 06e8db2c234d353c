use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;

use crate::digest::digest;
use crate::{Fingerprint, hex, sentinel};

/// Which event a record is: records of the same identity are one event, however often and wherever they were written.
///
/// It is XXH3-128 over length-prefixed parts, the same in every version and on every machine. Two of ten thousand million
/// identities are the same by chance with a probability of about 10^-19. It does not guard against
/// deliberate collisions.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Identity([u32; 4]);

/// Text that is no [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an identity of 32 hexadecimal digits")]
pub struct NotAnIdentity(pub String);

impl Identity {
    /// The identity of parts that mean something to the caller alone; `domain` says what, so that it is never taken for
    /// another identity of the same parts.
    pub fn of(domain: &str, parts: &[Option<&[u8]>]) -> Self {
        Self::from_bits(digest(domain, parts))
    }

    /// The identity by which a record and its copy are known for one: MirrorMaker 2 changes neither timestamp nor key nor
    /// value. `None` for a record whose timestamp is not its producer's (`message.timestamp.type=LogAppendTime`, or none at
    /// all): it cannot be told from another with the same content, so it is never dropped.
    ///
    /// # Examples
    /// ```
    /// use offsets_record::Identity;
    ///
    /// let original = Identity::of_copy(Some(1_764_000_000_000), Some(b"17"), Some(b"paid"));
    /// assert_eq!(original, Identity::of_copy(Some(1_764_000_000_000), Some(b"17"), Some(b"paid")));
    /// assert_ne!(original, Identity::of_copy(Some(1_764_000_000_001), Some(b"17"), Some(b"paid")));
    /// assert_eq!(Identity::of_copy(None, Some(b"17"), Some(b"paid")), None);
    /// ```
    pub fn of_copy(created_ms: Option<i64>, key: Option<&[u8]>, value: Option<&[u8]>) -> Option<Self> {
        Self::of_copied(created_ms, Fingerprint::of(key, value))
    }

    /// The same of a record of which only the fingerprint was kept.
    pub fn of_copied(created_ms: Option<i64>, content: Fingerprint) -> Option<Self> {
        let created_ms = created_ms.and_then(sentinel::timestamp)?;
        let parts = [Some(&created_ms.to_le_bytes()[..]), Some(&content.to_bits().to_le_bytes()[..])];
        Some(Self::of("copy", &parts))
    }

    /// The one whose bits are all 0.
    pub const ZERO: Self = Self([0; 4]);

    /// An identity that was kept.
    #[inline]
    pub fn from_bits(bits: u128) -> Self {
        Self([0, 32, 64, 96].map(|shift| (bits >> shift) as u32))
    }

    /// The bits, to be kept.
    #[inline]
    pub fn to_bits(self) -> u128 {
        self.0.iter().rev().fold(0, |bits, &part| bits << 32 | u128::from(part))
    }

    /// The partition, from 0, of `partitions` in which all records of this identity meet: the higher half of the bits modulo
    /// their number. It stays so from version to version.
    ///
    /// # Examples
    /// ```
    /// use std::num::NonZeroU32;
    ///
    /// use offsets_record::Identity;
    ///
    /// let partitions = NonZeroU32::new(6).expect("more than none");
    /// assert_eq!(Identity::from_bits(15 << 64 | 7).partition(partitions), 3);
    /// ```
    pub fn partition(self, partitions: NonZeroU32) -> u32 {
        // The lower half places it in a table, which is to be filled evenly in each partition.
        let rest = (self.to_bits() >> 64) % u128::from(partitions.get());
        rest as u32
    }
}

/// It is a hash already: half of it places it in a table.
impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.0[0]) | u64::from(self.0[1]) << 32);
    }
}

/// As 32 hexadecimal digits.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.to_bits())
    }
}

/// From 32 hexadecimal digits.
impl TryFrom<String> for Identity {
    type Error = NotAnIdentity;

    fn try_from(text: String) -> Result<Self, NotAnIdentity> {
        hex::read(&text).map(Self::from_bits).ok_or(NotAnIdentity(text))
    }
}

impl From<Identity> for String {
    fn from(identity: Identity) -> Self {
        identity.to_string()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
