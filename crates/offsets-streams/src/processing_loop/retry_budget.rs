use std::time::{Duration, Instant};

use crate::clock;

/// Retry budget for consecutive failures.
pub(super) struct RetryBudget {
    first: Option<Instant>,
    last: Instant,
    failures: u32,
    max_gap: Duration,
}

/// Maximum time during which every attempt fails.
const RETRY_TIMEOUT: Duration = Duration::from_secs(300);

/// Failures that are further apart, beside what an attempt may take itself, are not in a row, though nothing had to be committed
/// in between.
const MAX_GAP: Duration = Duration::from_secs(60);

impl RetryBudget {
    /// For attempts that take up to `attempt` each.
    pub(super) fn new(attempt: Duration) -> Self {
        Self { first: None, last: clock::instant(), failures: 0, max_gap: MAX_GAP.saturating_add(attempt) }
    }

    /// Counts a failure. Returns whether to try again.
    pub(super) fn should_retry(&mut self) -> bool {
        if self.last.elapsed() > self.max_gap {
            self.first = None;
            self.failures = 0;
        }
        self.last = clock::instant();
        self.failures += 1;
        self.first.get_or_insert(self.last).elapsed() < RETRY_TIMEOUT
    }

    /// Something succeeded.
    pub(super) fn reset(&mut self) {
        (self.first, self.failures) = (None, 0);
    }

    /// How many failures in a row there were.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}
