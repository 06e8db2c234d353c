use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use offsets_core::model::{GroupId, TopicName, TopicPartition};
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::membership::Membership;
use super::{RebalanceEvent, RecordQueue};
use crate::cluster::{cause, configured, refused};
use crate::connection::Connection;
use crate::detached::{self, Retiring};
use crate::{Cause, ClientSettings, Deadline, Error, Subject};

/// A member of a consumer group that commits only in transactions. It leaves the group when it is dropped.
///
/// Partitions are assigned by the `range` assignor: of topics with as many partitions each, a member gets partitions of the
/// same numbers, so what belongs together meets. Only committed records are read.
pub struct GroupConsumer {
    consumer: Retiring<Arc<BaseConsumer<Membership>>>,
    settings: ClientSettings,
    group: GroupId,
}

/// How a member joins.
#[derive(Debug, Clone, Default)]
pub struct GroupConsumerOptions {
    /// The name under which it comes back after a restart (`group.instance.id`), if it has one.
    pub instance: Option<String>,
}

/// Longest wait for the group to be left.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a group goes on in a partition, as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The offset of the next record.
    pub offset: i64,
    /// What stands with the commit.
    pub metadata: String,
}

/// The partitions a member works on, from [`GroupConsumer::assign`] to [`GroupConsumer::unassign`].
pub struct Assignment(Vec<(TopicPartition, i64, PartitionQueue<Membership>)>);

impl GroupConsumer {
    /// Joins the group, to read these topics. What it gets is told by [`GroupConsumer::next_rebalance`].
    ///
    /// # Errors
    /// [`Error::Setting`] when the client cannot be made.
    pub fn join(
        settings: &ClientSettings,
        group: &GroupId,
        topics: &[TopicName],
        options: &GroupConsumerOptions,
    ) -> Result<Self, Error> {
        let member = Self::new(settings, group, options)?;
        let names: Vec<&str> = topics.iter().map(TopicName::as_str).collect();
        member.consumer.subscribe(&names).map_err(|error| member.failed(&error))?;
        Ok(member)
    }

    /// Reads these partitions without joining: no member notices, and nothing can be committed.
    ///
    /// # Errors
    /// [`Error::Setting`] when the client cannot be made.
    pub fn manual(
        settings: &ClientSettings,
        group: &GroupId,
        partitions: Vec<TopicPartition>,
    ) -> Result<Self, Error> {
        let member = Self::new(settings, group, &GroupConsumerOptions::default())?;
        member.consumer.context().push(RebalanceEvent::Assigned(partitions));
        Ok(member)
    }

    fn new(
        settings: &ClientSettings,
        group: &GroupId,
        options: &GroupConsumerOptions,
    ) -> Result<Self, Error> {
        let mut forced = vec![
            ("group.id", group.as_str()),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "error"),
            ("isolation.level", "read_committed"),
            ("enable.partition.eof", "true"),
            ("partition.assignment.strategy", "range"),
            ("group.protocol", "classic"),
            ("check.crcs", "true"),
        ];
        if let Some(instance) = &options.instance {
            forced.push(("group.instance.id", instance));
        }
        let tuned = [
            ("fetch.queue.backoff.ms", "1"),
            ("fetch.wait.max.ms", "100"),
            // Of each partition so much waits here to be read. Records in the queue take several times their size.
            ("queued.min.messages", "20000"),
            ("queued.max.messages.kbytes", "4096"),
        ];
        let context = Membership::new(Connection::new(settings, None));
        let consumer = configured(settings, &forced, &tuned)
            .create_with_context(context)
            .map_err(|error| refused(settings, &error))?;
        let consumer = Retiring::with_timeout(Arc::new(consumer), LEAVE_TIMEOUT);
        Ok(Self { consumer, settings: settings.clone(), group: group.clone() })
    }

    /// The group.
    pub fn group(&self) -> &GroupId {
        &self.group
    }

    /// What the group decided, waiting for it no longer than `wait`. It is to be asked at least every few seconds, also
    /// while there is much to do: a member that is not heard of for `max.poll.interval.ms` is put out.
    ///
    /// # Errors
    /// What no waiting heals: a permission or a topic is missing, or another member has come under the same name.
    pub fn next_rebalance(&self, wait: Duration) -> Result<Option<RebalanceEvent>, Error> {
        let context = self.consumer.context();
        if let Some(event) = context.next() {
            return Ok(Some(event));
        }
        match self.consumer.poll(wait) {
            Some(Err(error)) => self.examine(&error)?,
            // Every partition that is read has a queue of its own.
            Some(Ok(_)) => {
                return Err(Error::Invalid {
                    cluster: self.settings.cluster().clone(),
                    subject: Subject::Group(self.group.clone()),
                    problem: "a record came of a partition that is not read".to_owned(),
                });
            }
            None => {}
        }
        Ok(context.next())
    }

    /// What the group has committed. What a transaction still holds back is waited for.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::Unauthorised`], and what else a coordinator refuses.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
        deadline: &Deadline,
    ) -> Result<BTreeMap<TopicPartition, Position>, Error> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(partition.topic.as_str(), partition.partition);
        }
        let answer = loop {
            let (consumer, list) = (Arc::clone(&self.consumer), list.clone());
            match detached::ask(deadline, move |wait| consumer.committed_offsets(list, wait)) {
                Ok(answer) => break answer,
                Err(error) if cause(&error).is_retriable() && !deadline.has_passed() => {
                    // The coordinator is moving: a moment later it is somewhere.
                    std::thread::park_timeout(deadline.remaining().min(Duration::from_millis(50)));
                }
                Err(error) => return Err(self.failed(&error)),
            }
        };
        let position = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            let partition = TopicPartition::new(element.topic(), element.partition());
            element.error().map_err(|error| self.failed(&error))?;
            let Offset::Offset(offset) = element.offset() else { return Ok(None) };
            Ok(Some((partition, Position { offset, metadata: element.metadata().to_owned() })))
        };
        answer.elements().iter().filter_map(|element| position(element).transpose()).collect()
    }

    /// Begins to read partitions that were assigned, each from its offset.
    ///
    /// # Errors
    /// What the client refuses.
    pub fn assign(&self, from: &BTreeMap<TopicPartition, i64>) -> Result<Assignment, Error> {
        let mut list = TopicPartitionList::new();
        let mut queues = Vec::new();
        for (partition, offset) in from {
            let (topic, number) = (partition.topic.as_str(), partition.partition);
            list.add_partition_offset(topic, number, Offset::Offset(*offset))
                .map_err(|error| self.failed(&error))?;
            // Before anything is fetched: what is would go to the queue of all otherwise.
            let queue = self.consumer.split_partition_queue(topic, number);
            let queue = queue.ok_or_else(|| Error::UnknownTopic {
                cluster: self.settings.cluster().clone(),
                subject: Subject::Partition(partition.clone()),
            })?;
            queues.push((partition.clone(), *offset, queue));
        }
        self.consumer.assign(&list).map_err(|error| self.failed(&error))?;
        Ok(Assignment(queues))
    }

    /// Reads no more, which is the answer the group waits for after [`RebalanceEvent::Revoked`].
    ///
    /// # Errors
    /// What the client refuses.
    pub fn unassign(&self, assignment: Option<Assignment>) -> Result<(), Error> {
        drop(assignment);
        self.consumer.unassign().map_err(|error| self.failed(&error))
    }

    /// Leaves the group, and waits for that until the deadline. A member under a [name](GroupConsumerOptions::instance) of its own does not
    /// leave: its partitions are kept for it until its session ends.
    pub fn leave(mut self, deadline: &Deadline) {
        self.consumer.retire_by(deadline);
    }

    /// Whether a connection to a broker was ever lost.
    pub fn has_lost_connection(&self) -> bool {
        self.consumer.context().connection().last_error().is_some()
    }

    pub(super) fn generation(&self) -> Option<ConsumerGroupMetadata> {
        self.consumer.group_metadata()
    }

    /// Lets pass what librdkafka heals by itself.
    fn examine(&self, error: &KafkaError) -> Result<(), Error> {
        let said = cause(error);
        let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
        if fatal || said.is_unauthorised() || said.is_unknown_topic() || said.is_fenced() {
            return Err(self.failed(error));
        }
        match self.consumer.context().connection().authentication_error() {
            Some(cause) => Err(Error::Unauthenticated {
                cluster: self.settings.cluster().clone(),
                bootstrap: self.settings.bootstrap_servers().to_owned(),
                cause,
            }),
            None => Ok(()),
        }
    }

    fn failed(&self, error: &KafkaError) -> Error {
        let Cause { code, text } = cause(error);
        let cause = Cause { code, text: self.settings.scrub(&text) };
        let (cluster, subject) = (self.settings.cluster(), Subject::Group(self.group.clone()));
        if cause.is_fenced() {
            return Error::Fenced { cluster: cluster.clone(), subject, cause };
        }
        cause.into_error(cluster, subject, Duration::ZERO)
    }
}

impl Drop for GroupConsumer {
    /// Leaves the group, so that the others need not wait for its session to end, and waits for that for 10 s at most.
    fn drop(&mut self) {
        self.consumer.context().leave();
        // What the group has asked for already is waited for too.
        let _ = self.consumer.unassign();
    }
}

impl Assignment {
    /// Each partition with the records that come of it.
    pub fn queues(&self) -> impl Iterator<Item = RecordQueue<'_>> {
        self.0.iter().map(|(partition, from, queue)| RecordQueue::new(partition, *from, queue))
    }
}
