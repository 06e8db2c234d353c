//! The one place in this crate that reads the time.

use std::time::Instant;

use jiff::Timestamp;

/// Now, to the millisecond, which is what Kafka's own timestamps have.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the crate")]
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Now, on a clock that setting the machine's time does not move.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the crate")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
