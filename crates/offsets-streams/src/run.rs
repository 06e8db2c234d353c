use std::thread;

use offsets_kafka::{Cluster, Stop};
use offsets_reconcile::RunCounts;

use crate::name::Name;
use crate::reconcile::{ReconcileRunner, Storage};
use crate::repartition::RepartitionRunner;
use crate::{Ended, Error, Job, Outputs, RunListener};

/// Who is told how the stages of a run go.
pub struct RunListeners<'w> {
    /// Is told of the stage before, where the job has a repartition topic.
    pub repartition: &'w mut dyn RunListener,
    /// Is told of the stage that judges.
    pub reconcile: &'w mut dyn RunListener,
}

/// Runs one instance of a job until `stop` is requested, or, where the job is to end then, until everything is done that was there at
/// the beginning. What was begun is committed first. Tells what this instance has committed.
///
/// After a stop it ends within two seconds: a cluster that does not answer by then has the last transaction left open, which is told
/// ([`Event::LeftOpen`](crate::Event::LeftOpen)), and nothing in it counts unless all of it does.
///
/// The changelog and the repartition topic are created where they are missing. With a repartition topic there are two stages,
/// side by side in two threads, and when one ends so does the other; of a job that is to end, the one before comes to its end
/// first.
///
/// # Errors
/// [`Error`]; what was not committed is read again by the next instance. Whatever is wrong with topics, permissions or the local
/// state is found before anything is read. A request that the stop cut short is no error.
pub fn run(
    cluster: &Cluster,
    job: &Job,
    outputs: &Outputs,
    listeners: RunListeners<'_>,
    stop: &Stop,
) -> Result<(Ended, RunCounts), Error> {
    job.check()?;
    outputs.check(&job.rules.policies)?;
    let RunListeners { repartition: repartition_listener, reconcile: listener } = listeners;
    let storage = Storage::open(job, listener)?;
    let name = Name::of(job, storage.name()?.as_deref());
    let both = stop.child();
    let ended = run_stages(cluster, job, outputs, (repartition_listener, listener), (&name, storage), &both);
    unless_cut_short(ended, stop)
}

fn run_stages(
    cluster: &Cluster,
    job: &Job,
    outputs: &Outputs,
    (repartition_listener, listener): (&mut dyn RunListener, &mut dyn RunListener),
    (name, storage): (&Name, Storage),
    stop: &Stop,
) -> Result<(Ended, RunCounts), Error> {
    let Some(topic) = &job.repartition else {
        return ReconcileRunner::start(cluster, job, outputs, (name, storage), listener, stop)?.run();
    };
    let repartition =
        RepartitionRunner::start(cluster, job, topic, outputs, name, repartition_listener, stop)?;
    if job.once {
        return match repartition.run()? {
            Ended::Done => {
                ReconcileRunner::start(cluster, job, outputs, (name, storage), listener, stop)?.run()
            }
            Ended::Stopped => Ok((Ended::Stopped, RunCounts::default())),
        };
    }
    let runner = ReconcileRunner::start(cluster, job, outputs, (name, storage), listener, stop)?;
    let (repartitioned, ended) = side_by_side(|| repartition.run(), || runner.run(), stop);
    let ended = ended?;
    repartitioned.map(|_| ended)
}

/// Reads what is there, on all partitions, and tells which writes would lose ([`Event::Loss`](crate::Event::Loss)) and what a run
/// would come to. It joins nothing, creates nothing and writes nothing. Where there is a repartition topic, everything in the
/// inputs is judged, whatever has gone through that topic.
///
/// # Errors
/// [`Error`]; that of a record that cannot be judged where the run would end, too.
pub fn dry_run(
    cluster: &Cluster,
    job: &Job,
    listener: &mut dyn RunListener,
    stop: &Stop,
) -> Result<(Ended, RunCounts), Error> {
    job.check()?;
    let ended = ReconcileRunner::dry_run(cluster, job, listener, stop).and_then(ReconcileRunner::run);
    unless_cut_short(ended, stop)
}

/// What a stop cut short before the first record is no failure.
fn unless_cut_short(
    ended: Result<(Ended, RunCounts), Error>,
    stop: &Stop,
) -> Result<(Ended, RunCounts), Error> {
    match ended {
        Err(Error::Kafka(error)) if stop.is_requested() && error.is_retriable() => {
            Ok((Ended::Stopped, RunCounts::default()))
        }
        ended => ended,
    }
}

/// Does two things at once: whichever ends stops the other.
fn side_by_side<A: Send, B>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
    stop: &Stop,
) -> (A, B) {
    thread::scope(|scope| {
        let one = scope.spawn(|| {
            let _over = SetOnDrop(stop);
            one()
        });
        let other = {
            let _over = SetOnDrop(stop);
            other()
        };
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}

/// Requests the stop, however it ends.
struct SetOnDrop<'s>(&'s Stop);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.request();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Longer than any test waits: only a stop ends it.
    const AGES: Duration = Duration::from_secs(600);

    #[test]
    fn whichever_stage_ends_takes_the_other_along() {
        let stop = Stop::default();
        assert_eq!(side_by_side(|| stop.wait(AGES), || "failed", &stop), (true, "failed"));
        let stop = Stop::default();
        assert_eq!(side_by_side(|| "failed", || stop.wait(AGES), &stop), ("failed", true));
    }

    #[test]
    fn both_stages_stop_when_the_run_is_to_stop() {
        let stop = Stop::default();
        let both = stop.child();
        stop.request();
        assert_eq!(side_by_side(|| both.wait(AGES), || both.wait(AGES), &both), (true, true));
    }
}
