use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Says of a trouble that lasts that it does, less and less often.
#[derive(Default)]
pub(super) struct Reminder(BTreeMap<String, Lasting>);

struct Lasting {
    since: Instant,
    /// When it is said again.
    due: Instant,
    gap: Duration,
}

/// Between the first two times.
const FIRST: Duration = Duration::from_secs(5);

/// A silence that is longer looks as if nothing were done.
const LONGEST: Duration = Duration::from_secs(60);

impl Reminder {
    /// What is to be said of a trouble that is heard of now: itself, where it is new; that it lasts, where that is due; or
    /// nothing.
    pub(super) fn hear(&mut self, trouble: &str, now: Instant) -> Option<String> {
        let Some(lasting) = self.0.get_mut(trouble) else {
            self.0.insert(trouble.to_owned(), Lasting { since: now, due: now + FIRST, gap: FIRST });
            return Some(trouble.to_owned());
        };
        if now < lasting.due {
            return None;
        }
        lasting.gap = (lasting.gap * 2).min(LONGEST);
        lasting.due = now + lasting.gap;
        let seconds = now.duration_since(lasting.since).as_secs();
        Some(format!("still, for {seconds} s: {trouble}"))
    }

    /// All is well again.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds at which something is said, of a trouble that is heard of every second.
    fn said(reminder: &mut Reminder, began: Instant, seconds: u64) -> Vec<(u64, String)> {
        let hear = |second| Some((second, reminder.hear("away", began + Duration::from_secs(second))?));
        (0..seconds).filter_map(hear).collect()
    }

    #[test]
    fn what_lasts_is_said_again_at_growing_intervals() {
        let (mut reminder, began) = (Reminder::default(), Instant::now());
        let said = said(&mut reminder, began, 200);
        let seconds: Vec<u64> = said.iter().map(|(second, _)| *second).collect();
        assert_eq!(seconds, [0, 5, 15, 35, 75, 135, 195]);
        assert_eq!(said[0].1, "away");
        assert_eq!(said[2].1, "still, for 15 s: away");
    }

    #[test]
    fn two_troubles_that_take_turns_do_not_make_each_other_new() {
        let (mut reminder, now) = (Reminder::default(), Instant::now());
        assert!(reminder.hear("away", now).is_some());
        assert!(reminder.hear("no answer", now).is_some());
        assert!(reminder.hear("away", now).is_none());
        assert!(reminder.hear("no answer", now).is_none());
    }

    #[test]
    fn what_was_over_is_new_when_it_comes_again() {
        let (mut reminder, now) = (Reminder::default(), Instant::now());
        reminder.hear("away", now);
        reminder.forget();
        assert_eq!(reminder.hear("away", now).as_deref(), Some("away"));
    }
}
