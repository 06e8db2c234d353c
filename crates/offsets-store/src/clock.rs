//! The one place in this crate that reads the time.

use std::time::Instant;

/// Now, on a clock that setting the machine's time does not move.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the crate")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
