//! The loop of one instance of a consumer group: partitions are assigned and revoked, transactions commit or abort, brokers
//! are away for a while. The records go to a [`Processor`].

mod end_offsets;
mod generation;
mod partition_group;
mod processor;
mod retry_budget;
mod session;

use std::time::Duration;

use offsets_core::model::TopicPartition;
use offsets_kafka::eos::RebalanceEvent;

pub(crate) use end_offsets::EndOffsets;
use generation::GenerationEnd;
pub(crate) use partition_group::{InputRecord, PartitionGroup, headers};
pub(crate) use processor::{ProcessError, Processor};
pub(crate) use session::GroupSession;

use crate::{Error, Event};

/// A processor, and its session in the group.
pub(crate) struct ProcessingLoop<'r, P> {
    pub(crate) session: GroupSession<'r>,
    pub(crate) processor: P,
    /// Where the run is to end, if it is.
    pub(crate) end_offsets: Option<EndOffsets>,
}

/// How a run ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything is done that was there at the beginning.
    Done,
    /// It was told to stop.
    Stopped,
}

/// What an instance does next.
enum NextStep {
    /// It has no partitions.
    AwaitAssignment,
    /// It has these, and is to prepare them.
    Process(Vec<TopicPartition>),
    End(Ended),
}

/// How long to wait for the group before it is looked whether to stop.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);

/// How long to wait before something that failed is tried again.
pub(crate) const RETRY_BACKOFF: Duration = Duration::from_millis(200);

/// How long one request may take while the group waits for this member.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

impl<P: Processor> ProcessingLoop<'_, P> {
    /// Works until the stop, or until everything is done, where there is a goal. What was begun is committed first. Gives
    /// the stage back, when the group has been left.
    pub(crate) fn run(mut self) -> (Result<Ended, Error>, P) {
        let mut ended = self.work();
        if ended.is_err() {
            self.session.abort_best_effort();
        }
        if let Err(Error::Kafka(error)) = &ended
            && self.session.is_cut_short(error)
        {
            ended = Ok(Ended::Stopped);
        }
        self.session.leave();
        (ended, self.processor)
    }

    fn work(&mut self) -> Result<Ended, Error> {
        let mut next = NextStep::AwaitAssignment;
        loop {
            next = match next {
                NextStep::End(ended) => return Ok(ended),
                _ if self.session.stop.is_requested() => return Ok(Ended::Stopped),
                NextStep::AwaitAssignment => self.await_assignment()?,
                NextStep::Process(partitions) => self.process_assignment(partitions)?,
            };
        }
    }

    /// Waits for the group to give this member partitions.
    fn await_assignment(&mut self) -> Result<NextStep, Error> {
        match self.session.next_rebalance(POLL_TIMEOUT)? {
            None => {}
            Some(RebalanceEvent::Assigned(partitions)) => return Ok(NextStep::Process(partitions)),
            // What rests is committed, and goes on as it is if it comes back.
            Some(RebalanceEvent::Revoked) => self.session.member.unassign(None)?,
            Some(RebalanceEvent::Lost) => {
                self.processor.reset();
                self.session.member.unassign(None)?;
            }
        }
        Ok(NextStep::AwaitAssignment)
    }

    /// Prepares the stage for partitions that were assigned, and lets it work on them.
    fn process_assignment(&mut self, partitions: Vec<TopicPartition>) -> Result<NextStep, Error> {
        let change = match self.processor.prepare(&mut self.session, &partitions) {
            Err(Error::Kafka(error)) if self.session.is_cut_short(&error) => None,
            Err(Error::Kafka(error)) if self.session.should_retry(&error) => {
                match self.session.next_rebalance(RETRY_BACKOFF)? {
                    None => return Ok(NextStep::Process(partitions)),
                    change => change,
                }
            }
            prepared => prepared?,
        };
        match change {
            Some(change) => self.rebalance_unprepared(change),
            None if self.session.stop.is_requested() => Ok(NextStep::End(Ended::Stopped)),
            None => self.process_prepared(partitions),
        }
    }

    /// Follows the group, before anything was read.
    fn rebalance_unprepared(&mut self, change: RebalanceEvent) -> Result<NextStep, Error> {
        match change {
            RebalanceEvent::Assigned(partitions) => Ok(NextStep::Process(partitions)),
            RebalanceEvent::Revoked | RebalanceEvent::Lost => {
                self.processor.reset();
                self.session.member.unassign(None)?;
                Ok(NextStep::AwaitAssignment)
            }
        }
    }

    /// Reads partitions that are prepared until something happens, and follows from what that is.
    fn process_prepared(&mut self, partitions: Vec<TopicPartition>) -> Result<NextStep, Error> {
        let assignment = self.session.member.assign(&self.processor.positions())?;
        match self.run_generation(&assignment)? {
            GenerationEnd::Finished(ended) => {
                self.processor.suspend(&mut self.session)?;
                self.session.member.unassign(Some(assignment))?;
                Ok(NextStep::End(ended))
            }
            GenerationEnd::Rebalance(RebalanceEvent::Assigned(partitions)) => {
                // What was put out and not committed is decided once more.
                self.processor.reset();
                self.session.abort()?;
                Ok(NextStep::Process(partitions))
            }
            GenerationEnd::Rebalance(RebalanceEvent::Revoked) => {
                self.processor.suspend(&mut self.session)?;
                self.session.member.unassign(Some(assignment))?;
                self.session.listener.on_event(Event::Revoked);
                Ok(NextStep::AwaitAssignment)
            }
            GenerationEnd::Rebalance(RebalanceEvent::Lost) => {
                self.processor.reset();
                self.session.abort()?;
                self.session.member.unassign(Some(assignment))?;
                self.session.listener.on_event(Event::Revoked);
                Ok(NextStep::AwaitAssignment)
            }
            GenerationEnd::TransactionFailed(transaction_error) => {
                self.processor.reset();
                self.session.recover(transaction_error)?;
                Ok(NextStep::Process(partitions))
            }
        }
    }
}
