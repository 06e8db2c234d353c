use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Says of a trouble that lasts that it does, less and less often.
#[derive(Default)]
pub(super) struct LogThrottle(BTreeMap<String, Ongoing>);

struct Ongoing {
    since: Instant,
    /// When it is said again.
    due: Instant,
    interval: Duration,
}

/// Between the first two times.
const INITIAL_INTERVAL: Duration = Duration::from_secs(5);

/// A silence that is longer looks as if nothing were done.
const MAX_INTERVAL: Duration = Duration::from_secs(60);

impl LogThrottle {
    /// What is to be said of a trouble that is heard of now: itself, where it is new; that it lasts, where that is due; or
    /// nothing.
    pub(super) fn message(&mut self, problem: &str, now: Instant) -> Option<String> {
        let Some(ongoing) = self.0.get_mut(problem) else {
            self.0.insert(
                problem.to_owned(),
                Ongoing { since: now, due: now + INITIAL_INTERVAL, interval: INITIAL_INTERVAL },
            );
            return Some(problem.to_owned());
        };
        if now < ongoing.due {
            return None;
        }
        ongoing.interval = (ongoing.interval * 2).min(MAX_INTERVAL);
        ongoing.due = now + ongoing.interval;
        let seconds = now.duration_since(ongoing.since).as_secs();
        Some(format!("still, for {seconds} s: {problem}"))
    }

    /// All is well again.
    pub(super) fn reset(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    /// The seconds at which something is said, of a trouble that is heard of every second.
    fn messages(throttle: &mut LogThrottle, began: Instant, seconds: u64) -> Vec<(u64, String)> {
        let message = |second| Some((second, throttle.message("away", began + Duration::from_secs(second))?));
        (0..seconds).filter_map(message).collect()
    }

    #[test]
    fn what_lasts_is_said_again_at_growing_intervals() {
        let (mut throttle, began) = (LogThrottle::default(), clock::instant());
        let messages = messages(&mut throttle, began, 200);
        let seconds: Vec<u64> = messages.iter().map(|(second, _)| *second).collect();
        assert_eq!(seconds, [0, 5, 15, 35, 75, 135, 195]);
        assert_eq!(messages[0].1, "away");
        assert_eq!(messages[2].1, "still, for 15 s: away");
    }

    #[test]
    fn two_troubles_that_take_turns_do_not_make_each_other_new() {
        let (mut throttle, now) = (LogThrottle::default(), clock::instant());
        assert!(throttle.message("away", now).is_some());
        assert!(throttle.message("no answer", now).is_some());
        assert!(throttle.message("away", now).is_none());
        assert!(throttle.message("no answer", now).is_none());
    }

    #[test]
    fn what_was_over_is_new_when_it_comes_again() {
        let (mut throttle, now) = (LogThrottle::default(), clock::instant());
        throttle.message("away", now);
        throttle.reset();
        assert_eq!(throttle.message("away", now).as_deref(), Some("away"));
    }
}
