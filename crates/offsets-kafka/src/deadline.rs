use std::time::{Duration, Instant};

use crate::{Stop, clock};

/// The moment after which waiting for a cluster is given up. Every call to a cluster takes one.
///
/// It is measured on a monotonic clock: setting the machine's time does not move it.
///
/// ```
/// use std::time::Duration;
/// use offsets_kafka::Deadline;
///
/// let deadline = Deadline::after(Duration::from_secs(10));
/// assert!(!deadline.has_passed());
/// assert!(deadline.remaining() <= Duration::from_secs(10));
/// ```
#[derive(Debug, Clone)]
pub struct Deadline {
    started: Instant,
    allowed: Duration,
    stop: Option<BoundStop>,
}

/// A stop, and how long after it the deadline passes.
#[derive(Debug, Clone)]
struct BoundStop {
    stop: Stop,
    grace: Duration,
}

/// Maximum time that librdkafka's calls take for one wait.
const MAX_WAIT: Duration = Duration::from_millis(i32::MAX as u64);

impl Deadline {
    /// The deadline `allowed` from now.
    pub fn after(allowed: Duration) -> Self {
        Self { started: clock::instant(), allowed, stop: None }
    }

    /// The same deadline, which also passes when `stop` is requested. A wait under it ends within a fraction of a second then, with
    /// the error of a deadline that has passed.
    pub fn or_stop(self, stop: &Stop) -> Self {
        self.or_after_stop(stop, Duration::ZERO)
    }

    /// The same deadline, which also passes once `grace` has gone by since `stop` was requested: for what is finished after a stop.
    pub fn or_after_stop(self, stop: &Stop, grace: Duration) -> Self {
        Self { stop: Some(BoundStop { stop: stop.clone(), grace }), ..self }
    }

    /// A deadline no more than `most` from now and no later than this one, that the same stop ends.
    pub fn within(&self, most: Duration) -> Self {
        Self { stop: self.stop.clone(), ..Self::after(self.slice(most)) }
    }

    /// The time left; zero once the deadline has passed. It is never more than librdkafka can wait, 24 days: what is longer
    /// would be cut down to 32 bits of milliseconds, and may then be no time at all.
    pub fn remaining(&self) -> Duration {
        let left = self.allowed.saturating_sub(self.started.elapsed()).min(MAX_WAIT);
        self.grace_left().map_or(left, |grace| left.min(grace))
    }

    /// Whether no time is left.
    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Whether a stop has left no time, whatever was allowed.
    pub(crate) fn is_stopped(&self) -> bool {
        self.grace_left().is_some_and(|grace| grace.is_zero())
    }

    /// What is left of the time after a stop that was requested.
    fn grace_left(&self) -> Option<Duration> {
        let BoundStop { stop, grace } = self.stop.as_ref()?;
        Some(grace.saturating_sub(stop.age()?))
    }

    /// Whether it can pass before its time.
    pub(crate) fn can_be_stopped(&self) -> bool {
        self.stop.is_some()
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

    /// P14's kind: a value that a library wraps.
    #[test]
    fn no_wait_is_longer_than_librdkafka_can_count() {
        for days in [25, 60, u64::MAX / 86_400] {
            let left = Deadline::after(Duration::from_secs(days * 86_400)).remaining();
            assert!(i32::try_from(left.as_millis()).is_ok_and(|left| left > 0), "{days} days: {left:?}");
        }
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
    fn a_stop_ends_a_deadline_and_those_made_of_it() {
        let stop = Stop::default();
        let deadline = Deadline::after(Duration::from_secs(600)).or_stop(&stop);
        let within = deadline.within(Duration::from_secs(60));
        assert!(!deadline.has_passed() && !within.has_passed());
        stop.request();
        assert!(deadline.has_passed() && within.has_passed() && stop.wait(Duration::from_secs(600)));
    }

    #[test]
    fn a_stop_with_grace_shortens_a_deadline_and_does_not_end_it() {
        let (stop, grace) = (Stop::default(), Duration::from_secs(600));
        let deadline = Deadline::after(Duration::from_secs(7_200)).or_after_stop(&stop, grace);
        assert!(deadline.remaining() > grace);
        stop.request();
        assert!(!deadline.has_passed() && !deadline.is_stopped() && deadline.remaining() <= grace);
        let none = Deadline::after(Duration::from_secs(7_200)).or_after_stop(&stop, Duration::ZERO);
        assert!(none.has_passed() && none.is_stopped());
    }

    #[test]
    fn the_longest_deadline_does_not_overflow() {
        assert!(!Deadline::after(Duration::MAX).has_passed());
    }
}
