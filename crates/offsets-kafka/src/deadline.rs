use std::time::{Duration, Instant};

/// The moment after which waiting for a cluster is given up. Every call to a cluster takes one.
///
/// This is the only clock of the crate. It is monotonic: setting the machine's time does not move it.
///
/// ```
/// use std::time::Duration;
/// use offsets_kafka::Deadline;
///
/// let deadline = Deadline::after(Duration::from_secs(10));
/// assert!(!deadline.has_passed());
/// assert!(deadline.remaining() <= Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    started: Instant,
    allowed: Duration,
}

impl Deadline {
    /// The deadline `allowed` from now.
    pub fn after(allowed: Duration) -> Self {
        Self { started: Instant::now(), allowed }
    }

    /// The time left; zero once the deadline has passed.
    pub fn remaining(&self) -> Duration {
        self.allowed.saturating_sub(self.started.elapsed())
    }

    /// Whether no time is left.
    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// The whole time that was given, as errors report it.
    pub fn allowed(&self) -> Duration {
        self.allowed
    }

    /// The time that has gone by, but no more than was given, as errors report it.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed().min(self.allowed)
    }

    /// The time left, but no more than `most`: one turn of a loop that has other things to look after.
    pub(crate) fn slice(&self, most: Duration) -> Duration {
        self.remaining().min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_of_nothing_has_passed_at_once() {
        let deadline = Deadline::after(Duration::ZERO);
        assert!(deadline.has_passed());
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }

    #[test]
    fn a_slice_is_never_longer_than_what_remains() {
        let deadline = Deadline::after(Duration::from_millis(50));
        assert!(deadline.slice(Duration::from_secs(5)) <= Duration::from_millis(50));
        assert_eq!(
            Deadline::after(Duration::from_secs(9)).slice(Duration::from_secs(1)),
            Duration::from_secs(1)
        );
    }

    #[test]
    fn the_longest_deadline_does_not_overflow() {
        assert!(!Deadline::after(Duration::MAX).has_passed());
    }
}
