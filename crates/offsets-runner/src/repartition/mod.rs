//! The stage before: inputs that are partitioned differently go through one topic, in which the records of an identity meet.
//!
//! It decides nothing. Every record goes on as it is, to the partition of its identity, and says in a header where it is from; one
//! that has no identity goes along too, for the stage that judges to set aside.

mod topic;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use offsets_core::model::{GroupId, TopicName, TopicPartition};
use offsets_core::reconcile::{Origin, Record};
use offsets_kafka::eos::{Assignment, Position, ProducerRecord, RebalanceEvent};
use offsets_kafka::{Cluster, Isolation, Stop};

use self::topic::{Shape, prepare_repartition_topic};
use crate::course::{Arrival, Course, Ended, Goal, Lane, STEP, Seat, Stage, Stopped, headers};
use crate::job::Job;
use crate::limit::Limit;
use crate::name::Name;
use crate::{Error, Event, Outputs, Watcher};

/// One instance of the stage before a job whose inputs are partitioned differently. Its group is the job's own with
/// `-repartition` behind it.
pub(crate) struct Repartition<'r>(Course<'r, Repartitioning<'r>>);

/// What an instance has in hand.
struct Repartitioning<'r> {
    job: &'r Job,
    topic: &'r TopicName,
    partitions: NonZeroU32,
    /// What stands with every commit: what was written under another does not go with what is written now.
    mark: String,
    headers: Vec<&'r str>,
    /// The next offset of each partition that is this instance's.
    next: BTreeMap<TopicPartition, i64>,
    open: u64,
    written: u64,
}

impl<'r> Repartition<'r> {
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
        watcher: &'r mut dyn Watcher,
        stop: &'r Stop,
    ) -> Result<Self, Error> {
        let limit = Limit::of(job, stop);
        let shape = prepare_repartition_topic(cluster, job, topic, outputs, limit, watcher)?;
        let Shape { inputs, partitions } = shape;
        let goal = match job.once {
            true => Some(Goal::of(cluster, &inputs, Isolation::ReadCommitted, limit, watcher)?),
            false => None,
        };
        let group = GroupId::from(format!("{}-repartition", job.group.as_str()).as_str());
        let topics = job.inputs.iter().map(|input| input.topic.clone()).collect();
        let seat = Seat::take(cluster, job, outputs, name, (group, topics), watcher, stop)?;
        let stage = Repartitioning {
            job,
            topic,
            partitions,
            mark: format!("offsets:repartition {partitions} {}", job.rules.extractor.identity),
            headers: job.rules.extractor.headers().collect(),
            next: BTreeMap::new(),
            open: 0,
            written: 0,
        };
        Ok(Self(Course { seat, stage, goal }))
    }

    /// Works until the stop, or until everything is through, where the job is to end then.
    ///
    /// # Errors
    /// [`Error`]; what was not committed is read again by whoever comes next.
    pub(crate) fn run(self) -> Result<Ended, Error> {
        self.0.run().0
    }
}

impl Stage for Repartitioning<'_> {
    fn prepare(
        &mut self,
        seat: &mut Seat<'_>,
        partitions: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        let deadline = seat.limit().at_most(STEP).deadline();
        let committed = seat.member.committed(partitions, &deadline)?;
        let ranges =
            seat.cluster.log_ranges(partitions, Isolation::ReadCommitted, &deadline).into_result()?;
        self.next.clear();
        for (partition, range) in ranges {
            let next = match committed.get(&partition) {
                Some(position) => self.go_on(&partition, position)?,
                None => range.start,
            };
            if next < range.start {
                return Err(Error::Deleted { partition, committed: next, start: range.start });
            }
            self.next.insert(partition, next);
        }
        seat.next_rebalance(Duration::ZERO)
    }

    fn positions(&self) -> BTreeMap<TopicPartition, i64> {
        self.next.clone()
    }

    /// All of them together: whatever meets comes in the order of its time, as far as one instance sees it.
    fn lanes<'a>(&self, assignment: &'a Assignment) -> Vec<Lane<'a>> {
        let inputs = assignment.queues().filter_map(|queue| {
            let topic = &queue.partition().topic;
            let number = self.job.inputs.iter().position(|input| input.topic == *topic)?;
            let region = self.job.inputs[number].region.clone();
            Some((u16::try_from(number).ok()?, region, queue))
        });
        vec![Lane::new(0, inputs)]
    }

    fn advance(&mut self, seat: &mut Seat<'_>, lane: &mut Lane<'_>) -> Result<usize, Stopped> {
        lane.take(|arrival| {
            let Arrival { region, partition, raw, .. } = arrival;
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
            seat.put(&ProducerRecord {
                partition: self.place(&record),
                key: raw.key,
                value: raw.value,
                headers_of: Some(raw),
                headers: &[(Origin::HEADER, &origin)],
                ..ProducerRecord::to(self.topic.as_str())
            })?;
            self.open += 1;
            if let Some(next) = self.next.get_mut(partition) {
                *next = raw.offset + 1;
            }
            Ok(())
        })
    }

    fn open(&self) -> u64 {
        self.open
    }

    fn is_dirty(&self) -> bool {
        self.open > 0
    }

    fn save(&mut self, _seat: &mut Seat<'_>) -> Result<BTreeMap<TopicPartition, i64>, Stopped> {
        Ok(self.next.clone())
    }

    fn mark(&self) -> &str {
        &self.mark
    }

    fn settle(&mut self, seat: &mut Seat<'_>) -> Result<(), Error> {
        self.written += std::mem::take(&mut self.open);
        seat.watcher.see(Event::Repartitioned(self.written));
        Ok(())
    }

    fn forget(&mut self) {
        self.open = 0;
        self.next.clear();
    }

    fn rest(&mut self, _seat: &mut Seat<'_>) -> Result<(), Error> {
        Ok(())
    }
}

impl Repartitioning<'_> {
    /// Where the group goes on, if what it has written goes with what is written from here on.
    fn go_on(&self, partition: &TopicPartition, committed: &Position) -> Result<i64, Error> {
        if committed.metadata != self.mark && !self.job.adopt_positions {
            return Err(Error::OtherRepartition {
                partition: partition.clone(),
                was: committed.metadata.clone(),
                is: self.mark.clone(),
            });
        }
        Ok(committed.offset)
    }

    /// The partition in which all records of this one's identity meet.
    fn place(&self, record: &Record<'_>) -> i32 {
        let place = match self.job.rules.extractor.identity.identify(record) {
            Ok(identity) => identity.partition(self.partitions),
            // It meets nothing, and is set aside in the order of its partition.
            Err(_) => record.partition.unsigned_abs() % self.partitions,
        };
        place.cast_signed()
    }
}
