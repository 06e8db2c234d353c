//! The one place in this crate that reads the time.

use std::time::Instant;

use jiff::Timestamp;

/// Now, on a clock that setting the machine's time does not move.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the crate")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Now, in milliseconds since 1970 (UTC), as Kafka's timestamps have it.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the crate")]
pub(crate) fn timestamp_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
