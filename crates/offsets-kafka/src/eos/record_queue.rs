use std::time::Duration;

use offsets_core::model::TopicPartition;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};

use super::membership::Membership;
use crate::cluster::cause;
use crate::{Cause, RawRecord};

/// The records of one partition, one at a time, each of them once.
pub struct RecordQueue<'a> {
    partition: &'a TopicPartition,
    queue: &'a PartitionQueue<Membership>,
    /// What lies below was taken: a client that lost its broker can fetch some of it again.
    next: i64,
    head: Option<BorrowedMessage<'a>>,
    at_end: bool,
}

/// What stands at the front of a partition.
#[derive(Clone, Copy)]
pub enum Head<'i> {
    /// The next record.
    Record(RawRecord<'i>),
    /// Nothing, and there was none when the broker was last asked.
    End,
    /// Nothing yet.
    Waiting,
}

impl<'a> RecordQueue<'a> {
    pub(super) fn new(
        partition: &'a TopicPartition,
        next: i64,
        queue: &'a PartitionQueue<Membership>,
    ) -> Self {
        Self { partition, queue, next, head: None, at_end: false }
    }

    /// The partition.
    pub fn partition(&self) -> &'a TopicPartition {
        self.partition
    }

    /// The next record, which stays the next one until it is [taken](Self::take).
    ///
    /// # Errors
    /// What no waiting heals: the offset is not in the log, a record cannot be read, a permission is missing.
    pub fn head(&mut self) -> Result<Head<'_>, Cause> {
        while self.head.is_none() {
            match self.queue.poll(Duration::ZERO) {
                Some(Ok(message)) if message.offset() < self.next => {}
                Some(Ok(message)) => {
                    self.next = message.offset() + 1;
                    self.head = Some(message);
                    self.at_end = false;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => self.at_end = true,
                Some(Err(error)) => {
                    let said = cause(&error);
                    // A broker that is away comes back, and librdkafka goes on by itself.
                    if !said.is_transport() && !said.is_timeout() && !said.is_retriable() {
                        return Err(said);
                    }
                }
                None => return Ok(if self.at_end { Head::End } else { Head::Waiting }),
            }
        }
        Ok(self.head.as_ref().map_or(Head::Waiting, |message| Head::Record(RawRecord::of(message))))
    }

    /// Is done with the next record: the one behind it is the next one.
    pub fn take(&mut self) {
        self.head = None;
    }
}
