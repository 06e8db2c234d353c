//! The course of an instance through a group: partitions come and go, transactions come about or come to nothing, brokers
//! are away for a while. What is done with the records is a [`Stage`]'s.

mod goal;
mod lane;
mod patience;
mod seat;
mod stage;
mod turn;

use std::time::Duration;

use offsets_core::model::TopicPartition;
use offsets_kafka::eos::RebalanceEvent;

pub(crate) use goal::Goal;
pub(crate) use lane::{Arrival, Lane, headers};
pub(crate) use seat::Seat;
pub(crate) use stage::{Stage, Stopped};
use turn::Turn;

use crate::{Error, Event};

/// A stage, at its seat.
pub(crate) struct Course<'r, S> {
    pub(crate) seat: Seat<'r>,
    pub(crate) stage: S,
    /// Where the run is to end, if it is.
    pub(crate) goal: Option<Goal>,
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
enum Next {
    /// It has no partitions.
    Wait,
    /// It has these, and is to prepare them.
    WorkOn(Vec<TopicPartition>),
    End(Ended),
}

/// How long to wait for the group before it is looked whether to stop.
const WAIT: Duration = Duration::from_millis(100);

/// How long to wait before something that failed is tried again.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// How long one request may take while the group waits for this member.
pub(crate) const STEP: Duration = Duration::from_secs(10);

impl<S: Stage> Course<'_, S> {
    /// Works until the stop, or until everything is done, where there is a goal. What was begun is committed first. Gives
    /// the stage back, when the group has been left.
    pub(crate) fn run(mut self) -> (Result<Ended, Error>, S) {
        let mut ended = self.work();
        if ended.is_err() {
            self.seat.abandon();
        }
        if let Err(Error::Kafka(error)) = &ended
            && self.seat.is_cut_short(error)
        {
            ended = Ok(Ended::Stopped);
        }
        self.seat.leave();
        (ended, self.stage)
    }

    fn work(&mut self) -> Result<Ended, Error> {
        let mut next = Next::Wait;
        loop {
            next = match next {
                Next::End(ended) => return Ok(ended),
                _ if self.seat.stop.is_said() => return Ok(Ended::Stopped),
                Next::Wait => self.wait()?,
                Next::WorkOn(partitions) => self.work_on(partitions)?,
            };
        }
    }

    /// Waits for the group to give this member partitions.
    fn wait(&mut self) -> Result<Next, Error> {
        match self.seat.next_rebalance(WAIT)? {
            None => {}
            Some(RebalanceEvent::Assigned(partitions)) => return Ok(Next::WorkOn(partitions)),
            // What rests is committed, and goes on as it is if it comes back.
            Some(RebalanceEvent::Revoked) => self.seat.member.unassign(None)?,
            Some(RebalanceEvent::Lost) => {
                self.stage.forget();
                self.seat.member.unassign(None)?;
            }
        }
        Ok(Next::Wait)
    }

    /// Prepares the stage for partitions that were assigned, and lets it work on them.
    fn work_on(&mut self, partitions: Vec<TopicPartition>) -> Result<Next, Error> {
        let change = match self.stage.prepare(&mut self.seat, &partitions) {
            Err(Error::Kafka(error)) if self.seat.is_cut_short(&error) => None,
            Err(Error::Kafka(error)) if self.seat.bears(&error) => match self.seat.next_rebalance(PAUSE)? {
                None => return Ok(Next::WorkOn(partitions)),
                change => change,
            },
            prepared => prepared?,
        };
        match change {
            Some(change) => self.leave_unprepared(change),
            None if self.seat.stop.is_said() => Ok(Next::End(Ended::Stopped)),
            None => self.take_turn(partitions),
        }
    }

    /// Follows the group, before anything was read.
    fn leave_unprepared(&mut self, change: RebalanceEvent) -> Result<Next, Error> {
        match change {
            RebalanceEvent::Assigned(partitions) => Ok(Next::WorkOn(partitions)),
            RebalanceEvent::Revoked | RebalanceEvent::Lost => {
                self.stage.forget();
                self.seat.member.unassign(None)?;
                Ok(Next::Wait)
            }
        }
    }

    /// Reads partitions that are prepared until something happens, and follows from what that is.
    fn take_turn(&mut self, partitions: Vec<TopicPartition>) -> Result<Next, Error> {
        let assignment = self.seat.member.assign(&self.stage.positions())?;
        match self.turn(&assignment)? {
            Turn::Ended(ended) => {
                self.stage.rest(&mut self.seat)?;
                self.seat.member.unassign(Some(assignment))?;
                Ok(Next::End(ended))
            }
            Turn::Changed(RebalanceEvent::Assigned(partitions)) => {
                // What was put out and not committed is decided once more.
                self.stage.forget();
                self.seat.give_up()?;
                Ok(Next::WorkOn(partitions))
            }
            Turn::Changed(RebalanceEvent::Revoked) => {
                self.stage.rest(&mut self.seat)?;
                self.seat.member.unassign(Some(assignment))?;
                self.seat.watcher.see(Event::Revoked);
                Ok(Next::Wait)
            }
            Turn::Changed(RebalanceEvent::Lost) => {
                self.stage.forget();
                self.seat.give_up()?;
                self.seat.member.unassign(Some(assignment))?;
                self.seat.watcher.see(Event::Revoked);
                Ok(Next::Wait)
            }
            Turn::TransactionError(setback) => {
                self.stage.forget();
                self.seat.recover(setback)?;
                Ok(Next::WorkOn(partitions))
            }
        }
    }
}
