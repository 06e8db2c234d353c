use std::time::{Duration, Instant};

use offsets_kafka::eos::{Assignment, RebalanceEvent, TransactionError};
use offsets_kafka::{Deadline, Isolation};

use super::{Course, Ended, STEP, Stage, Stopped};
use crate::{Error, Event};

/// Why the work on an assignment ends.
pub(super) enum Turn {
    Changed(RebalanceEvent),
    TransactionError(TransactionError),
    Ended(Ended),
}

/// So many records at the most wait for a commit.
const MOST_OPEN: u64 = 500_000;

/// How long nothing needs to happen before it is looked again.
const IDLE: Duration = Duration::from_millis(5);

/// How often the ends of the inputs are asked for.
const REPORT: Duration = Duration::from_secs(5);

impl<S: Stage> Course<'_, S> {
    /// Works on an assignment until something happens.
    pub(super) fn turn(&mut self, assignment: &Assignment) -> Result<Turn, Error> {
        let mut lanes = self.stage.lanes(assignment);
        let (mut committed_at, mut reported_at) = (Instant::now(), None::<Instant>);
        loop {
            let mut moved = 0;
            for lane in &mut lanes {
                match self.stage.advance(&mut self.seat, lane) {
                    Ok(count) => moved += count,
                    Err(Stopped::TransactionError(setback)) => return Ok(Turn::TransactionError(setback)),
                    // What came before it counts.
                    Err(Stopped::Failed(failed)) => return Err(end_before(failed, self.commit())),
                }
            }
            let is_done = moved == 0 && self.is_done()?;
            let is_due = self.seat.is_rehearsal()
                || committed_at.elapsed() >= self.seat.job.commit_interval
                || self.stage.open() >= MOST_OPEN;
            let stops = self.seat.stop.is_said();
            if is_due || is_done || stops {
                match self.commit() {
                    Ok(()) => committed_at = Instant::now(),
                    Err(Stopped::TransactionError(setback)) => return Ok(Turn::TransactionError(setback)),
                    Err(Stopped::Failed(error)) => return Err(*error),
                }
            }
            if (is_done || stops) && !self.stage.is_dirty() {
                return Ok(Turn::Ended(if stops { Ended::Stopped } else { Ended::Done }));
            }
            if reported_at.is_none_or(|at| at.elapsed() >= REPORT) {
                reported_at = Some(Instant::now());
                self.report();
            }
            let wait = if moved == 0 { IDLE } else { Duration::ZERO };
            if let Some(change) = self.seat.next_rebalance(wait)? {
                if change == RebalanceEvent::Revoked
                    && let Err(stopped) = self.commit()
                {
                    return match stopped {
                        Stopped::TransactionError(setback) => {
                            self.stage.forget();
                            self.seat.recover(setback)?;
                            Ok(Turn::Changed(RebalanceEvent::Lost))
                        }
                        Stopped::Failed(error) => Err(*error),
                    };
                }
                return Ok(Turn::Changed(change));
            }
        }
    }

    /// Makes everything count that was decided, in one step.
    fn commit(&mut self) -> Result<(), Stopped> {
        if !self.stage.is_dirty() {
            return Ok(());
        }
        let positions = self.stage.save(&mut self.seat)?;
        self.seat.commit(positions, self.stage.mark())?;
        Ok(self.stage.settle(&mut self.seat)?)
    }

    /// Whether everything is done that was there at the beginning.
    fn is_done(&mut self) -> Result<bool, Error> {
        let Some(goal) = &mut self.goal else { return Ok(false) };
        let limit = self.seat.limit().at_most(STEP);
        match goal.is_reached(&self.stage.positions(), &self.seat, limit) {
            Err(Error::Kafka(error)) if error.is_retriable() => Ok(false),
            reached => reached,
        }
    }

    /// Tells how far behind the inputs are. It is of no consequence when that cannot be learnt now.
    fn report(&mut self) {
        let positions = self.stage.positions();
        let partitions: Vec<_> = positions.keys().cloned().collect();
        let deadline = Deadline::after(Duration::from_secs(1)).or_stop(self.seat.stop);
        let ranges = self.seat.cluster.log_ranges(&partitions, Isolation::ReadCommitted, &deadline);
        let Ok(ranges) = ranges.into_result() else { return };
        let lag = positions.into_iter().filter_map(|(partition, next)| {
            let end = ranges.get(&partition)?.end;
            Some((partition, end.saturating_sub(next).max(0)))
        });
        self.seat.watcher.see(Event::Lag(&lag.collect()));
    }
}

/// Why a run ends before a record that cannot be dealt with, by what became of the commit of what came before it.
fn end_before(failed: Box<Error>, committed: Result<(), Stopped>) -> Error {
    match committed {
        Ok(()) => *failed,
        Err(Stopped::TransactionError(setback)) => {
            Error::Uncommitted { failed, cause: Box::new(setback.into_error()) }
        }
        Err(Stopped::Failed(worse)) => *worse,
    }
}

#[cfg(test)]
mod tests {
    use offsets_core::model::TopicPartition;
    use offsets_kafka::Subject;

    use super::*;

    fn failed() -> Box<Error> {
        Box::new(Error::TooFar { partition: TopicPartition::new("orders", 0), offset: 1 << 48 })
    }

    fn unanswered() -> Box<offsets_kafka::Error> {
        Box::new(offsets_kafka::Error::TimedOut {
            cluster: "target".into(),
            about: Subject::Transaction("merge.one".to_owned()),
            waited: Duration::from_secs(10),
            cause: None,
        })
    }

    #[test]
    fn a_run_that_ends_says_when_what_came_before_is_not_known_to_be_committed() {
        assert!(matches!(end_before(failed(), Ok(())), Error::TooFar { .. }));
        for setback in
            [TransactionError::Abortable, TransactionError::Fatal, TransactionError::ProducerInvalid]
        {
            let ends = end_before(failed(), Err(Stopped::TransactionError(setback(unanswered()))));
            let Error::Uncommitted { failed, cause } = ends else { panic!("{ends}") };
            assert!(matches!(*failed, Error::TooFar { .. }) && cause.is_timeout());
        }
        let worse = Stopped::from(Error::NoDeadLetters);
        assert!(matches!(end_before(failed(), Err(worse)), Error::NoDeadLetters));
    }
}
