//! Calls of librdkafka that block and cannot be interrupted.

use std::ops::Deref;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use crate::Deadline;

/// Interval between two looks at whether a stop was requested.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Longest wait for the destruction of a client.
const DESTROY_TIMEOUT: Duration = Duration::from_millis(500);

/// Makes a blocking call that gets the time left, and returns its answer; `None` when a stop ended the wait. The call itself goes on
/// then, on a thread that is left behind.
pub(crate) fn call<T: Send + 'static>(
    deadline: &Deadline,
    call: impl FnOnce(Duration) -> T + Send + 'static,
) -> Option<T> {
    if !deadline.can_be_stopped() {
        return Some(call(deadline.remaining()));
    }
    wait_for(deadline, None, call)
}

/// The same for a call that can fail: one that a stop left behind has timed out.
pub(crate) fn ask<T: Send + 'static>(
    deadline: &Deadline,
    ask: impl FnOnce(Duration) -> KafkaResult<T> + Send + 'static,
) -> KafkaResult<T> {
    call(deadline, ask).unwrap_or(Err(TIMED_OUT))
}

/// The same for a call that may not keep to its time: it is left behind once it is `overtime` beyond the deadline.
pub(crate) fn ask_unpunctual<T: Send + 'static>(
    deadline: &Deadline,
    overtime: Duration,
    ask: impl FnOnce(Duration) -> KafkaResult<T> + Send + 'static,
) -> KafkaResult<T> {
    wait_for(deadline, Some(overtime), ask).unwrap_or(Err(TIMED_OUT))
}

/// What a call comes to that was left behind.
const TIMED_OUT: KafkaError = KafkaError::Global(RDKafkaErrorCode::OperationTimedOut);

/// Makes a call on a thread of its own and waits for it: until a stop, and where its `overtime` is given no longer than that beyond
/// the deadline.
fn wait_for<T: Send + 'static>(
    deadline: &Deadline,
    overtime: Option<Duration>,
    call: impl FnOnce(Duration) -> T + Send + 'static,
) -> Option<T> {
    let left = deadline.remaining();
    let latest = overtime.map(|overtime| Deadline::after(left.saturating_add(overtime)));
    let (sender, receiver) = mpsc::sync_channel(1);
    // An answer that comes too late is dropped.
    let detached = move || drop(sender.send(call(left)));
    thread::Builder::new().spawn(detached).ok()?;
    loop {
        let turn = latest.as_ref().map_or(POLL_INTERVAL, |latest| latest.slice(POLL_INTERVAL));
        match receiver.recv_timeout(turn) {
            Ok(answer) => return Some(answer),
            Err(RecvTimeoutError::Timeout)
                if !deadline.is_stopped() && !latest.as_ref().is_some_and(Deadline::has_passed) => {}
            Err(_) => return None,
        }
    }
}

/// A client of the library that is destroyed on a thread of its own. Destruction waits for the client's threads, one of which may be
/// looking up a host name for as long as the resolver takes, so dropping the client waits for a limited time.
pub(crate) struct Retiring<T: Send + 'static> {
    client: Option<T>,
    timeout: Duration,
    /// Until when it is waited for, where that was decided.
    until: Option<Deadline>,
}

impl<T: Send + 'static> Retiring<T> {
    /// One whose destruction is waited for, which usually takes a tenth of a second: at the end of the process nothing of it is left.
    pub(crate) fn new(client: T) -> Self {
        Self::with_timeout(client, DESTROY_TIMEOUT)
    }

    /// A client whose destruction is not waited for.
    pub(crate) fn unattended(client: T) -> Self {
        Self::with_timeout(client, Duration::ZERO)
    }

    /// A client whose destruction is waited for up to this time: it announces that it leaves.
    pub(crate) fn with_timeout(client: T, timeout: Duration) -> Self {
        Self { client: Some(client), timeout, until: None }
    }

    /// Its destruction is waited for until then.
    pub(crate) fn retire_by(&mut self, deadline: &Deadline) {
        self.until = Some(deadline.clone());
    }
}

impl<T: Send + 'static> Deref for Retiring<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.client.as_ref().expect("the client is there until it is dropped")
    }
}

impl<T: Send + 'static> Drop for Retiring<T> {
    fn drop(&mut self) {
        let client = self.client.take();
        let deadline = self.until.take().unwrap_or_else(|| Deadline::after(self.timeout));
        let _ = wait_for(&deadline, Some(Duration::ZERO), move |_| drop(client));
    }
}
