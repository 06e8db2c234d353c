use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use offsets_core::reconcile::Tally;
use offsets_kafka::Cluster;

use crate::reconcile::Runner;
use crate::repartition::Repartition;
use crate::{Ended, Error, Job, Outputs, Watcher};

/// Who is told how the stages of a run go.
pub struct Watchers<'w> {
    /// Is told of the stage before, where the job has a repartition topic.
    pub repartition: &'w mut dyn Watcher,
    /// Is told of the stage that judges.
    pub reconcile: &'w mut dyn Watcher,
}

/// Runs one instance of a job until `stop` says so, or, where the job is to end then, until everything is done that was there at
/// the beginning. What was begun is committed first. Tells what this instance has committed.
///
/// The changelog and the repartition topic are created where they are missing. With a repartition topic there are two stages,
/// side by side in two threads, and when one ends so does the other; of a job that is to end, the one before comes to its end
/// first.
///
/// # Errors
/// [`Error`]; what was not committed is read again by whoever comes next. Whatever is wrong with topics, permissions or the local
/// state is found before anything is read.
pub fn run(
    cluster: &Cluster,
    job: &Job,
    outputs: &Outputs,
    watchers: Watchers<'_>,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<(Ended, Tally), Error> {
    job.check()?;
    outputs.check(&job.rules.policies)?;
    let Watchers { repartition: ahead, reconcile: watcher } = watchers;
    let Some(between) = &job.repartition else {
        return Runner::start(cluster, job, outputs, watcher)?.run(stop);
    };
    let repartition = Repartition::start(cluster, job, between, outputs, ahead)?;
    if job.once {
        return match repartition.run(stop)? {
            Ended::Done => Runner::start(cluster, job, outputs, watcher)?.run(stop),
            Ended::Stopped => Ok((Ended::Stopped, Tally::default())),
        };
    }
    let runner = Runner::start(cluster, job, outputs, watcher)?;
    let (ahead, ended) = side_by_side(|stop| repartition.run(stop), |stop| runner.run(stop), stop);
    let ended = ended?;
    ahead.map(|_| ended)
}

/// Reads what is there, on all partitions, and tells which writes would lose ([`Event::Loss`](crate::Event::Loss)) and what a run
/// would come to. It joins nothing, creates nothing and writes nothing. Where there is a repartition topic, everything in the
/// inputs is judged, whatever has gone through that topic.
///
/// # Errors
/// [`Error`]; that of a record that cannot be judged where the run would end, too.
pub fn rehearse(
    cluster: &Cluster,
    job: &Job,
    watcher: &mut dyn Watcher,
    stop: &dyn Fn() -> bool,
) -> Result<(Ended, Tally), Error> {
    job.check()?;
    Runner::rehearse(cluster, job, watcher)?.run(stop)
}

/// Does two things at once: whichever ends takes the other along.
fn side_by_side<A: Send, B>(
    one: impl FnOnce(&dyn Fn() -> bool) -> A + Send,
    other: impl FnOnce(&dyn Fn() -> bool) -> B,
    stop: &(dyn Fn() -> bool + Sync),
) -> (A, B) {
    let is_over = AtomicBool::new(false);
    let stops = || stop() || is_over.load(Ordering::Relaxed);
    thread::scope(|scope| {
        let one = scope.spawn(|| {
            let _end = End(&is_over);
            one(&stops)
        });
        let other = {
            let _end = End(&is_over);
            other(&stops)
        };
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}

/// Says that it is over, however it ends.
struct End<'f>(&'f AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Whether it was told to stop, in good time.
    fn is_stopped(stop: &dyn Fn() -> bool) -> bool {
        let began = Instant::now();
        while !stop() {
            if began.elapsed() > Duration::from_secs(10) {
                return false;
            }
            thread::yield_now();
        }
        true
    }

    #[test]
    fn whichever_stage_ends_takes_the_other_along() {
        assert_eq!(side_by_side(is_stopped, |_| "failed", &|| false), (true, "failed"));
        assert_eq!(side_by_side(|_| "failed", is_stopped, &|| false), ("failed", true));
    }

    #[test]
    fn both_stages_stop_when_they_are_told_to() {
        assert_eq!(side_by_side(is_stopped, is_stopped, &|| true), (true, true));
    }
}
