use std::time::{Duration, Instant};

/// How long failures in a row are borne with.
pub(super) struct Patience {
    first: Option<Instant>,
    last: Instant,
    failures: u32,
    apart: Duration,
}

/// So long it may go on that nothing succeeds.
const LONGEST: Duration = Duration::from_secs(300);

/// Failures that are further apart, beside what an attempt may take itself, are not in a row, though nothing had to be committed
/// in between.
const APART: Duration = Duration::from_secs(60);

impl Patience {
    /// Of attempts that may take so long each.
    pub(super) fn new(attempt: Duration) -> Self {
        Self { first: None, last: Instant::now(), failures: 0, apart: APART.saturating_add(attempt) }
    }

    /// Something failed. Whether it is to be borne with.
    pub(super) fn bears(&mut self) -> bool {
        if self.last.elapsed() > self.apart {
            self.first = None;
            self.failures = 0;
        }
        self.last = Instant::now();
        self.failures += 1;
        self.first.get_or_insert(self.last).elapsed() < LONGEST
    }

    /// Something succeeded.
    pub(super) fn renew(&mut self) {
        (self.first, self.failures) = (None, 0);
    }

    /// How many failures in a row there were.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}
