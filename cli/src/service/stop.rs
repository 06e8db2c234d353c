use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::exit::Exit;
use crate::failure::Failure;

/// The word to stop, which everybody who waits hears at once.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// One that SIGINT, SIGTERM and SIGHUP say.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let stop = Self::default();
        let said = stop.clone();
        ctrlc::set_handler(move || said.say())
            .map_err(|error| Failure::from_error(Exit::Failed, "signals", &error))?;
        Ok(stop)
    }

    pub(crate) fn say(&self) {
        *self.said() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn is_said(&self) -> bool {
        *self.said()
    }

    /// Waits, but no longer than until the word is said; tells whether it is.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let waited = self.0.1.wait_timeout_while(self.said(), time, |said| !*said);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn said(&self) -> MutexGuard<'_, bool> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
