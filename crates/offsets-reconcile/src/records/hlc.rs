use std::fmt;

/// A stamp of a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): 48 bits of milliseconds since 1970
/// (UTC) and a 16-bit counter. Stamps sort as the writes that carry them happened, as far as one region saw another's.
///
/// Its bytes are the two as one big-endian number of eight bytes, so they sort as it does. The region is not in it: it breaks
/// ties in an [`Order`](crate::Order).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc(u64);

impl Hlc {
    /// A stamp; `None` when the milliseconds take more than 48 bits (the year 10889) or are negative.
    pub fn new(millis: i64, counter: u16) -> Option<Self> {
        let millis = u64::try_from(millis).ok().filter(|millis| *millis < 1 << 48)?;
        Some(Self(millis << 16 | u64::from(counter)))
    }

    /// Milliseconds since 1970 (UTC).
    pub fn millis(self) -> i64 {
        (self.0 >> 16).cast_signed()
    }

    /// What tells stamps of one millisecond apart.
    pub fn counter(self) -> u16 {
        self.0 as u16
    }

    /// A stamp as it stands in a header: eight bytes, or sixteen hexadecimal digits.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if let Ok(bytes) = <[u8; 8]>::try_from(bytes) {
            return Some(Self(u64::from_be_bytes(bytes)));
        }
        let digits = bytes.len() == 16 && bytes.iter().all(u8::is_ascii_hexdigit);
        let text = std::str::from_utf8(bytes).ok().filter(|_| digits)?;
        u64::from_str_radix(text, 16).ok().map(Self)
    }

    /// The eight bytes of a header.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The stamp after this one.
    fn next(self) -> Option<Self> {
        // A full counter carries into the milliseconds, and only the last stamp of all has none after it.
        self.0.checked_add(1).map(Self)
    }
}

/// As sixteen hexadecimal digits, which [`Hlc::read`] takes.
impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A hybrid logical clock for producers: it gives the stamps that an order by
/// [`VersionRule::Hlc`](crate::VersionRule::Hlc) goes by. What the time is, is an argument.
///
/// A writer observes the stamp of every write it sees before it writes the same key. It remembers nothing by itself: after a restart
/// [`observe`](Self::observe) the last stamp you wrote, or a time that was set back lets what is written next lose to it.
///
/// # Examples
/// ```
/// use offsets_reconcile::{Hlc, HybridClock};
///
/// let mut clock = HybridClock::new(60_000);
/// let first = clock.tick(1_000)?;
/// let seen = Hlc::new(1_500, 7).expect("in range");
/// clock.observe(seen, 1_000)?;
/// assert!(clock.tick(1_001)? > seen, "what is written after a write was seen comes after it");
/// assert!(first < seen);
///
/// // After a restart, with the time set back.
/// let last = clock.tick(1_600)?;
/// let mut clock = HybridClock::new(60_000);
/// clock.observe(last, 1_200)?;
/// assert!(clock.tick(1_200)? > last);
/// # Ok::<(), offsets_reconcile::Drift>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HybridClock {
    last: Hlc,
    max_drift_ms: i64,
}

/// A stamp is further ahead of the clock than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stamp {stamp} is {ahead_ms} ms ahead of the clock")]
pub struct Drift {
    /// The stamp.
    pub stamp: Hlc,
    /// By how much, in milliseconds.
    pub ahead_ms: i64,
}

impl HybridClock {
    /// A clock that follows others no further than `max_drift_ms` ahead of the time.
    pub fn new(max_drift_ms: i64) -> Self {
        Self { last: Hlc(0), max_drift_ms }
    }

    /// A stamp for a write made now: above every stamp this clock gave or saw.
    ///
    /// # Errors
    /// [`Drift`] when that would be further ahead of `now_ms` than is allowed: the time was set back, or too many writes
    /// share a millisecond. The clock stays as it was.
    pub fn tick(&mut self, now_ms: i64) -> Result<Hlc, Drift> {
        let now = Hlc::new(now_ms.clamp(0, (1 << 48) - 1), 0).unwrap_or(Hlc(0));
        let next = self.last.next().unwrap_or(self.last).max(now);
        self.within_bounds(next, now_ms)?;
        self.last = next;
        Ok(next)
    }

    /// Takes note of another's stamp, so that later stamps come after it.
    ///
    /// # Errors
    /// [`Drift`] when it is further ahead of `now_ms` than is allowed. The clock stays as it was.
    pub fn observe(&mut self, stamp: Hlc, now_ms: i64) -> Result<(), Drift> {
        self.within_bounds(stamp, now_ms)?;
        self.last = self.last.max(stamp);
        Ok(())
    }

    fn within_bounds(&self, stamp: Hlc, now_ms: i64) -> Result<(), Drift> {
        let ahead_ms = stamp.millis().saturating_sub(now_ms);
        if ahead_ms > self.max_drift_ms { Err(Drift { stamp, ahead_ms }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stamp_is_read_as_it_is_written() {
        let stamp = Hlc::new(0x0123_4567_89ab, 0xcdef).unwrap();
        assert_eq!(stamp.to_string(), "0123456789abcdef");
        assert_eq!(Hlc::read(b"0123456789abcdef"), Some(stamp));
        assert_eq!(Hlc::read(&stamp.to_bytes()), Some(stamp));
        for bytes in [&b""[..], b"0123456789abcde", b"0123456789abcdeg", b"+123456789abcdef", &[0; 9]] {
            assert_eq!(Hlc::read(bytes), None, "{bytes:?}");
        }
        assert_eq!(Hlc::new(1 << 48, 0), None);
        assert_eq!(Hlc::new(-1, 0), None);
    }

    proptest! {
        #[test]
        fn stamps_rise_whatever_the_time_does_and_never_run_away(
            steps in prop::collection::vec((any::<bool>(), 0_i64..2_000, 0_i64..2_000, any::<u16>()), 1..60),
        ) {
            let mut clock = HybridClock::new(500);
            let mut last = None;
            for (ticks, now, other, counter) in steps {
                if ticks {
                    if let Ok(stamp) = clock.tick(now) {
                        prop_assert!(last < Some(stamp));
                        prop_assert!(stamp.millis() - now <= 500);
                        last = Some(stamp);
                    }
                } else {
                    let stamp = Hlc::new(other, counter).unwrap();
                    match clock.observe(stamp, now) {
                        Ok(()) => last = last.max(Some(stamp)),
                        Err(drift) => prop_assert_eq!(drift.ahead_ms, other - now),
                    }
                }
            }
        }
    }
}
