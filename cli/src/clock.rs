//! The one place that reads the time.

use jiff::Timestamp;

/// Now, to the millisecond, which is what Kafka's own timestamps have.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
