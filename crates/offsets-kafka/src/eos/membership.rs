use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use offsets_core::model::TopicPartition;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use crate::connection::Connection;

/// What the group decided about a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RebalanceEvent {
    /// These partitions are its own from now on, and no others. The group waits for it to take them up.
    Assigned(Vec<TopicPartition>),
    /// None is any more. What it read is to be finished, and then it is to let go: the group waits for that too.
    Revoked,
    /// None is any more, and others may have them already: what was not committed is void.
    Lost,
}

/// Remembers what the group decided until the member looks: librdkafka tells it in the middle of a poll.
pub(super) struct Membership {
    connection: Connection,
    events: Mutex<VecDeque<RebalanceEvent>>,
    leaving: AtomicBool,
}

impl Membership {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, events: Mutex::default(), leaving: AtomicBool::new(false) }
    }

    pub(super) fn next(&self) -> Option<RebalanceEvent> {
        self.events().pop_front()
    }

    /// Something to be told that librdkafka does not tell.
    pub(super) fn push(&self, event: RebalanceEvent) {
        self.events().push_back(event);
    }

    /// From now on rebalances are not reported, and partitions are revoked at once.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<RebalanceEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.connection.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.connection.error(error, reason);
    }
}

impl ConsumerContext for Membership {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        if self.leaving.load(Ordering::SeqCst) {
            // Closing waits for this answer, and nothing can be done where it fails.
            let _ = consumer.unassign();
        } else if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let named = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
                TopicPartition::new(element.topic(), element.partition())
            };
            self.push(RebalanceEvent::Assigned(partitions.elements().iter().map(named).collect()));
        } else if consumer.assignment_lost() {
            self.push(RebalanceEvent::Lost);
        } else {
            self.push(RebalanceEvent::Revoked);
        }
    }
}
