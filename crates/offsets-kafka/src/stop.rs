use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::clock;

/// A request to stop, shared by everything that waits.
///
/// Clones are one: what is said to one of them ends every wait for any of them, and every [`Deadline`](crate::Deadline) that is
/// [bound](crate::Deadline::or_stop) to one. It cannot be taken back.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requested_at: Option<Instant>,
    children: Vec<Weak<Shared>>,
}

impl Stop {
    /// Requests the stop.
    pub fn request(&self) {
        self.0.request(clock::instant());
    }

    /// Whether the stop was requested.
    pub fn is_requested(&self) -> bool {
        self.0.state().requested_at.is_some()
    }

    /// Waits for `time`, or until the stop is requested. Returns whether it was requested.
    pub fn wait(&self, time: Duration) -> bool {
        let waited =
            self.0.changed.wait_timeout_while(self.0.state(), time, |state| state.requested_at.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.requested_at.is_some()
    }

    /// A stop for a part of the work: it is requested with this one, and can be requested alone.
    #[must_use]
    pub fn child(&self) -> Self {
        let child = Self::default();
        let mut state = self.0.state();
        match state.requested_at {
            Some(at) => child.0.request(at),
            None => {
                state.children.retain(|child| child.strong_count() > 0);
                state.children.push(Arc::downgrade(&child.0));
            }
        }
        drop(state);
        child
    }

    /// The time since the stop was requested, if it was.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.0.state().requested_at.map(|requested_at| requested_at.elapsed())
    }
}

impl Shared {
    fn request(&self, at: Instant) {
        let mut state = self.state();
        state.requested_at.get_or_insert(at);
        let children = mem::take(&mut state.children);
        drop(state);
        self.changed.notify_all();
        children.iter().filter_map(Weak::upgrade).for_each(|child| child.request(at));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_stops_with_its_parent_and_can_stop_alone() {
        let parent = Stop::default();
        let (one, other) = (parent.child(), parent.child());
        one.request();
        assert!(one.is_requested() && !other.is_requested() && !parent.is_requested());
        parent.request();
        assert!(other.is_requested() && parent.child().is_requested());
        assert!(other.wait(Duration::from_secs(600)));
    }
}
