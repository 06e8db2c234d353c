//! Calls of librdkafka that block and cannot be interrupted.

use std::ops::Deref;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::Deadline;

/// Interval between two looks at whether a stop was requested.
const TURN: Duration = Duration::from_millis(50);

/// Longest wait for the destruction of a client.
const DESTRUCTION: Duration = Duration::from_millis(500);

/// Makes a blocking call that gets the time left, and returns its answer; `None` when a stop ended the wait. The call itself goes on
/// then, on a thread that is left behind.
pub(crate) fn call<T: Send + 'static>(
    deadline: &Deadline,
    call: impl FnOnce(Duration) -> T + Send + 'static,
) -> Option<T> {
    let left = deadline.remaining();
    if !deadline.can_be_stopped() {
        return Some(call(left));
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    // Nobody waits for an answer that comes too late.
    let detached = move || drop(sender.send(call(left)));
    thread::Builder::new().spawn(detached).ok()?;
    loop {
        match receiver.recv_timeout(TURN) {
            Ok(answer) => return Some(answer),
            Err(RecvTimeoutError::Timeout) if !deadline.is_stopped() => {}
            Err(_) => return None,
        }
    }
}

/// A client of the library that is destroyed on a thread of its own. Destruction waits for the client's threads, one of which may be
/// looking up a host name for as long as the resolver takes, so whoever drops the client waits for that only so long.
pub(crate) struct Retiring<T: Send + 'static> {
    client: Option<T>,
    patience: Duration,
}

impl<T: Send + 'static> Retiring<T> {
    /// One whose destruction is waited for, which usually takes a tenth of a second: at the end of the process nothing of it is left.
    pub(crate) fn new(client: T) -> Self {
        Self { client: Some(client), patience: DESTRUCTION }
    }

    /// One whose destruction nobody waits for.
    pub(crate) fn unattended(client: T) -> Self {
        Self { client: Some(client), patience: Duration::ZERO }
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
        let (sender, receiver) = mpsc::sync_channel(1);
        let client = self.client.take();
        let detached = move || {
            drop(client);
            let _ = sender.send(());
        };
        if thread::Builder::new().spawn(detached).is_ok() {
            let _ = receiver.recv_timeout(self.patience);
        }
    }
}
