//! The stage before: inputs that are partitioned differently go through one topic, in which the records of an identity meet.
//!
//! It decides nothing. Every record goes on as it is, to the partition of its identity, and says in a header where it is from; one
//! that has no identity goes along too, for the stage that judges to set aside.

mod topics;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use offsets_core::model::{GroupId, TopicName, TopicPartition};
use offsets_kafka::eos::{Assignment, Position, ProducerRecord, RebalanceEvent};
use offsets_kafka::{Cluster, Isolation, Stop};
use offsets_reconcile::{Origin, Record};

use self::topics::{RepartitionTopics, prepare_repartition_topic};
use crate::job::Job;
use crate::limit::Limit;
use crate::name::Name;
use crate::processing_loop::{
    EndOffsets, Ended, GroupSession, InputRecord, PartitionGroup, ProcessError, ProcessingLoop, Processor,
    REQUEST_TIMEOUT, headers,
};
use crate::{Error, Event, Outputs, RunListener};

/// One instance of the stage before a job whose inputs are partitioned differently. Its group is the job's own with
/// `-repartition` behind it.
pub(crate) struct RepartitionRunner<'r>(ProcessingLoop<'r, RepartitionProcessor<'r>>);

/// What an instance has in hand.
struct RepartitionProcessor<'r> {
    job: &'r Job,
    topic: &'r TopicName,
    partitions: NonZeroU32,
    /// What stands with every commit: what was written under another does not go with what is written now.
    commit_metadata: String,
    headers: Vec<&'r str>,
    /// The next offset of each partition that is this instance's.
    next: BTreeMap<TopicPartition, i64>,
    uncommitted: u64,
    written: u64,
}

impl<'r> RepartitionRunner<'r> {
    /// Looks at the topics, creates the repartition topic where it is missing, and joins the group.
    ///
    /// # Errors
    /// Whatever is wrong with topics or permissions; nothing was read or written then, but for a topic that may have been
    /// created.
    pub(crate) fn start(
        cluster: &'r Cluster,
        job: &'r Job,
        topic: &'r TopicName,
        outputs: &'r Outputs,
        name: &'r Name,
        listener: &'r mut dyn RunListener,
        stop: &'r Stop,
    ) -> Result<Self, Error> {
        let limit = Limit::of(job, stop);
        let shape = prepare_repartition_topic(cluster, job, topic, outputs, limit, listener)?;
        let RepartitionTopics { inputs, partitions } = shape;
        let end_offsets = match job.once {
            true => Some(EndOffsets::fetch(cluster, &inputs, Isolation::ReadCommitted, limit, listener)?),
            false => None,
        };
        let group = GroupId::from(format!("{}-repartition", job.group.as_str()).as_str());
        let topics = job.inputs.iter().map(|input| input.topic.clone()).collect();
        let session = GroupSession::join(cluster, job, outputs, name, (group, topics), listener, stop)?;
        let processor = RepartitionProcessor {
            job,
            topic,
            partitions,
            commit_metadata: format!("offsets:repartition {partitions} {}", job.rules.extractor.identity),
            headers: job.rules.extractor.headers().collect(),
            next: BTreeMap::new(),
            uncommitted: 0,
            written: 0,
        };
        Ok(Self(ProcessingLoop { session, processor, end_offsets }))
    }

    /// Works until the stop, or until everything is through, where the job is to end then.
    ///
    /// # Errors
    /// [`Error`]; what was not committed is read again by the next instance.
    pub(crate) fn run(self) -> Result<Ended, Error> {
        self.0.run().0
    }
}

impl Processor for RepartitionProcessor<'_> {
    fn prepare(
        &mut self,
        session: &mut GroupSession<'_>,
        partitions: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        let deadline = session.limit().at_most(REQUEST_TIMEOUT).deadline();
        let committed = session.member.committed(partitions, &deadline)?;
        let ranges =
            session.cluster.log_ranges(partitions, Isolation::ReadCommitted, &deadline).into_result()?;
        self.next.clear();
        for (partition, range) in ranges {
            let next = match committed.get(&partition) {
                Some(position) => self.resume_at(&partition, position)?,
                None => range.start,
            };
            if next < range.start {
                return Err(Error::Deleted { partition, committed: next, start: range.start });
            }
            self.next.insert(partition, next);
        }
        session.next_rebalance(Duration::ZERO)
    }

    fn positions(&self) -> BTreeMap<TopicPartition, i64> {
        self.next.clone()
    }

    /// All of them together: whatever meets comes in the order of its time, as far as one instance sees it.
    fn partition_groups<'a>(&self, assignment: &'a Assignment) -> Vec<PartitionGroup<'a>> {
        let inputs = assignment.queues().filter_map(|queue| {
            let topic = &queue.partition().topic;
            let number = self.job.inputs.iter().position(|input| input.topic == *topic)?;
            let region = self.job.inputs[number].region.clone();
            Some((u16::try_from(number).ok()?, region, queue))
        });
        vec![PartitionGroup::new(0, inputs)]
    }

    fn process(
        &mut self,
        session: &mut GroupSession<'_>,
        partition_group: &mut PartitionGroup<'_>,
        _now_ms: i64,
    ) -> Result<usize, ProcessError> {
        partition_group.take(|input_record| {
            let InputRecord { region, partition, raw, .. } = input_record;
            let headers = headers(&raw, &self.headers);
            let record = Record {
                region,
                topic: partition.topic.as_str(),
                partition: raw.partition,
                offset: raw.offset,
                timestamp_ms: raw.timestamp_ms,
                key: raw.key,
                value: raw.value,
                headers: &headers,
            };
            let origin = Origin::of(&record).write();
            // It is new in that topic: how long it is kept there counts from now.
            session.send(&ProducerRecord {
                partition: self.target_partition(&record),
                key: raw.key,
                value: raw.value,
                headers_of: Some(raw),
                headers: &[(Origin::HEADER, &origin)],
                ..ProducerRecord::to(self.topic.as_str())
            })?;
            self.uncommitted += 1;
            if let Some(next) = self.next.get_mut(partition) {
                *next = raw.offset + 1;
            }
            Ok(())
        })
    }

    fn uncommitted(&self) -> u64 {
        self.uncommitted
    }

    fn is_dirty(&self) -> bool {
        self.uncommitted > 0
    }

    fn save(&mut self, _seat: &mut GroupSession<'_>) -> Result<BTreeMap<TopicPartition, i64>, ProcessError> {
        Ok(self.next.clone())
    }

    fn commit_metadata(&self) -> &str {
        &self.commit_metadata
    }

    fn on_committed(&mut self, session: &mut GroupSession<'_>) -> Result<(), Error> {
        self.written += std::mem::take(&mut self.uncommitted);
        session.listener.on_event(Event::Repartitioned(self.written));
        Ok(())
    }

    fn reset(&mut self) {
        self.uncommitted = 0;
        self.next.clear();
    }

    fn suspend(&mut self, _seat: &mut GroupSession<'_>) -> Result<(), Error> {
        Ok(())
    }
}

impl RepartitionProcessor<'_> {
    /// Where the group goes on, if what it has written goes with what is written from here on.
    fn resume_at(&self, partition: &TopicPartition, committed: &Position) -> Result<i64, Error> {
        if committed.metadata != self.commit_metadata && !self.job.adopt_positions {
            return Err(Error::RepartitionMismatch {
                partition: partition.clone(),
                was: committed.metadata.clone(),
                is: self.commit_metadata.clone(),
            });
        }
        Ok(committed.offset)
    }

    /// The partition in which all records of this one's identity meet.
    fn target_partition(&self, record: &Record<'_>) -> i32 {
        let place = match self.job.rules.extractor.identity.identify(record) {
            Ok(identity) => identity.partition(self.partitions),
            // It meets nothing, and is set aside in the order of its partition.
            Err(_) => record.partition.unsigned_abs() % self.partitions,
        };
        place.cast_signed()
    }
}
