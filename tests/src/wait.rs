//! Waiting for a condition, with a deadline.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long anything may take that needs a broker, on a machine that is ten times slower than usual: a wait that succeeds costs
/// none of it.
pub const TIMEOUT: Duration = Duration::from_secs(400);

/// How long a condition is left alone between two asks.
const PAUSE: Duration = Duration::from_millis(50);

/// A longer wait is told on standard error: a failed test shows where its time went.
const WORTH_TELLING: Duration = Duration::from_millis(500);

/// Now, on a clock that setting the machine's time does not move: the clock of the tests and their rig.
#[expect(clippy::disallowed_methods, reason = "this is their clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Asks until `condition` answers with a value, and gives that value.
///
/// # Errors
///
/// What `condition` itself fails with, at once; or, after `patience`, that `what` did not come.
pub fn until<T>(
    what: &str,
    patience: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = now();
    let deadline = start + patience;
    loop {
        if let Some(value) = condition()? {
            let waited = start.elapsed();
            if waited > WORTH_TELLING {
                eprintln!("waited {:.1} s for {what}", waited.as_secs_f64());
            }
            return Ok(value);
        }
        if now() >= deadline {
            bail!("waited {} s in vain for {what}", patience.as_secs());
        }
        thread::park_timeout(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_comes_true_ends_the_wait() {
        let mut asks = 0;
        let value = until("the third ask", Duration::from_secs(5), || {
            asks += 1;
            Ok((asks == 3).then_some(asks))
        });
        assert_eq!(value.unwrap(), 3);
    }

    #[test]
    fn a_condition_that_never_comes_true_is_named_in_the_error() {
        let error = until::<()>("rain", Duration::ZERO, || Ok(None)).unwrap_err();
        assert!(error.to_string().contains("in vain for rain"), "{error}");
    }
}
