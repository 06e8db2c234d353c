use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A request to stop, shared by everything that waits.
///
/// Clones are one: what is said to one of them ends every wait for any of them, and every [`Deadline`](crate::Deadline) that is
/// [bound](crate::Deadline::or_stop) to one. It cannot be taken back.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Requests the stop.
    pub fn say(&self) {
        *self.said() = true;
        self.0.1.notify_all();
    }

    /// Whether the stop was requested.
    pub fn is_said(&self) -> bool {
        *self.said()
    }

    /// Waits for `time`, or until the stop is requested. Returns whether it was requested.
    pub fn wait(&self, time: Duration) -> bool {
        let waited = self.0.1.wait_timeout_while(self.said(), time, |said| !*said);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn said(&self) -> MutexGuard<'_, bool> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
