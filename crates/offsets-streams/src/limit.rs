use std::time::Duration;

use offsets_kafka::{Deadline, Stop};

use crate::Job;

/// How long one request may take, and the stop that ends it before its time.
#[derive(Clone, Copy)]
pub(crate) struct Limit<'s> {
    timeout: Duration,
    stop: &'s Stop,
}

impl<'s> Limit<'s> {
    /// The limit of a job's requests.
    pub(crate) fn of(job: &Job, stop: &'s Stop) -> Self {
        Self { timeout: job.timeout, stop }
    }

    /// The same, but no longer than `most`.
    pub(crate) fn at_most(self, most: Duration) -> Self {
        Self { timeout: self.timeout.min(most), ..self }
    }

    /// The deadline of a request that begins now.
    pub(crate) fn deadline(self) -> Deadline {
        Deadline::after(self.timeout).or_stop(self.stop)
    }
}
