use std::time::{Duration, Instant};

use offsets_kafka::eos::{Assignment, RebalanceEvent, TransactionError};
use offsets_kafka::{Deadline, Isolation};

use super::{Ended, ProcessError, ProcessingLoop, Processor, REQUEST_TIMEOUT};
use crate::{Error, Event, clock};

/// Why the work on an assignment ends.
pub(super) enum GenerationEnd {
    Rebalance(RebalanceEvent),
    TransactionFailed(TransactionError),
    Finished(Ended),
}

/// Maximum number of uncommitted records.
const MAX_UNCOMMITTED: u64 = 500_000;

/// How long nothing needs to happen before it is looked again.
const IDLE_TIMEOUT: Duration = Duration::from_millis(5);

/// How often the ends of the inputs are asked for.
const LAG_INTERVAL: Duration = Duration::from_secs(5);

impl<P: Processor> ProcessingLoop<'_, P> {
    /// Works on an assignment until something happens.
    pub(super) fn run_generation(&mut self, assignment: &Assignment) -> Result<GenerationEnd, Error> {
        let mut partition_groups = self.processor.partition_groups(assignment);
        let (mut committed_at, mut reported_at) = (clock::instant(), None::<Instant>);
        loop {
            let (mut moved, now_ms) = (0, clock::timestamp_ms());
            for partition_group in &mut partition_groups {
                match self.processor.process(&mut self.session, partition_group, now_ms) {
                    Ok(count) => moved += count,
                    Err(ProcessError::TransactionFailed(transaction_error)) => {
                        return Ok(GenerationEnd::TransactionFailed(transaction_error));
                    }
                    // What came before it counts.
                    Err(ProcessError::Fatal(failed)) => return Err(end_before(failed, self.commit())),
                }
            }
            let is_done = moved == 0 && self.is_done()?;
            let is_due = self.session.is_dry_run()
                || committed_at.elapsed() >= self.session.job.commit_interval
                || self.processor.uncommitted() >= MAX_UNCOMMITTED;
            let stops = self.session.stop.is_requested();
            if is_due || is_done || stops {
                match self.commit() {
                    Ok(()) => committed_at = clock::instant(),
                    Err(ProcessError::TransactionFailed(transaction_error)) => {
                        return Ok(GenerationEnd::TransactionFailed(transaction_error));
                    }
                    Err(ProcessError::Fatal(error)) => return Err(*error),
                }
            }
            if (is_done || stops) && !self.processor.is_dirty() {
                return Ok(GenerationEnd::Finished(if stops { Ended::Stopped } else { Ended::Done }));
            }
            if reported_at.is_none_or(|at| at.elapsed() >= LAG_INTERVAL) {
                reported_at = Some(clock::instant());
                self.report();
            }
            let wait = if moved == 0 { IDLE_TIMEOUT } else { Duration::ZERO };
            if let Some(change) = self.session.next_rebalance(wait)? {
                if change == RebalanceEvent::Revoked
                    && let Err(process_error) = self.commit()
                {
                    return match process_error {
                        ProcessError::TransactionFailed(transaction_error) => {
                            self.processor.reset();
                            self.session.recover(transaction_error)?;
                            Ok(GenerationEnd::Rebalance(RebalanceEvent::Lost))
                        }
                        ProcessError::Fatal(error) => Err(*error),
                    };
                }
                return Ok(GenerationEnd::Rebalance(change));
            }
        }
    }

    /// Makes everything count that was decided, in one step.
    fn commit(&mut self) -> Result<(), ProcessError> {
        if !self.processor.is_dirty() {
            return Ok(());
        }
        let positions = self.processor.save(&mut self.session)?;
        self.session.commit(positions, self.processor.commit_metadata())?;
        Ok(self.processor.on_committed(&mut self.session)?)
    }

    /// Whether everything is done that was there at the beginning.
    fn is_done(&mut self) -> Result<bool, Error> {
        let Some(end_offsets) = &mut self.end_offsets else { return Ok(false) };
        let limit = self.session.limit().at_most(REQUEST_TIMEOUT);
        match end_offsets.is_reached(&self.processor.positions(), &self.session, limit) {
            Err(Error::Kafka(error)) if error.is_retriable() => Ok(false),
            reached => reached,
        }
    }

    /// Tells how far behind the inputs are. It is of no consequence when that cannot be learnt now.
    fn report(&mut self) {
        let positions = self.processor.positions();
        let partitions: Vec<_> = positions.keys().cloned().collect();
        let deadline = Deadline::after(Duration::from_secs(1)).or_stop(self.session.stop);
        let ranges = self.session.cluster.log_ranges(&partitions, Isolation::ReadCommitted, &deadline);
        let Ok(ranges) = ranges.into_result() else { return };
        let lag = positions.into_iter().filter_map(|(partition, next)| {
            let end = ranges.get(&partition)?.end;
            Some((partition, end.saturating_sub(next).max(0)))
        });
        self.session.listener.on_event(Event::Lag(&lag.collect()));
    }
}

/// Why a run ends before a record that cannot be dealt with, by what became of the commit of what came before it.
fn end_before(failed: Box<Error>, committed: Result<(), ProcessError>) -> Error {
    match committed {
        Ok(()) => *failed,
        Err(ProcessError::TransactionFailed(transaction_error)) => {
            Error::Uncommitted { failed, cause: Box::new(transaction_error.into_error()) }
        }
        Err(ProcessError::Fatal(worse)) => *worse,
    }
}

#[cfg(test)]
mod tests {
    use offsets_core::model::TopicPartition;
    use offsets_kafka::Subject;

    use super::*;

    fn failed() -> Box<Error> {
        Box::new(Error::OffsetTooLarge { partition: TopicPartition::new("orders", 0), offset: 1 << 48 })
    }

    fn unanswered() -> Box<offsets_kafka::Error> {
        Box::new(offsets_kafka::Error::TimedOut {
            cluster: "target".into(),
            subject: Subject::Transaction("merge.one".to_owned()),
            waited: Duration::from_secs(10),
            cause: None,
        })
    }

    #[test]
    fn a_run_that_ends_says_when_what_came_before_is_not_known_to_be_committed() {
        assert!(matches!(end_before(failed(), Ok(())), Error::OffsetTooLarge { .. }));
        for transaction_error in
            [TransactionError::Abortable, TransactionError::Fatal, TransactionError::ProducerInvalid]
        {
            let ends =
                end_before(failed(), Err(ProcessError::TransactionFailed(transaction_error(unanswered()))));
            let Error::Uncommitted { failed, cause } = ends else { panic!("{ends}") };
            assert!(matches!(*failed, Error::OffsetTooLarge { .. }) && cause.is_timeout());
        }
        let worse = ProcessError::from(Error::NoDeadLetters);
        assert!(matches!(end_before(failed(), Err(worse)), Error::NoDeadLetters));
    }
}
