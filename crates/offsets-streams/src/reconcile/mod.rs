//! The stage that judges: operators over their state, which lies in a changelog.

mod changelog;
mod local_copies;
mod operator;
mod progress;
mod restore;
mod result_router;
mod task;
mod topic_limits;
mod topics;

use std::collections::BTreeMap;

use offsets_core::model::TopicPartition;
use offsets_kafka::eos::{Assignment, RebalanceEvent};
use offsets_kafka::{Cluster, Isolation, RawRecord, Stop};
use offsets_reconcile::{IdentityRule, Origin, Position, Record, RunCounts};
use offsets_store::TableCost;

use self::changelog::Changelog;
use self::local_copies::LocalCopies;
pub(crate) use self::local_copies::Storage;
pub use self::progress::Progress;
use self::restore::StartFrom;
use self::result_router::{ResultRouter, RoutedRecord, Sink};
use self::task::{STATE_METADATA, Task};
pub use self::topic_limits::NarrowerTopic;
use self::topic_limits::OutputLimits;
use self::topics::{DryRunTopics, find_inputs, find_topics, prepare_topics};
use crate::job::Job;
use crate::limit::Limit;
use crate::name::Name;
use crate::processing_loop::{
    EndOffsets, Ended, GroupSession, InputRecord, PartitionGroup, ProcessError, ProcessingLoop, Processor,
    headers,
};
use crate::{Error, Event, Outputs, RunListener};

/// The stage that judges, of one instance of a job.
pub(crate) struct ReconcileRunner<'r>(ProcessingLoop<'r, ReconcileProcessor<'r>>);

/// What an instance has in hand.
struct ReconcileProcessor<'r> {
    job: &'r Job,
    local: LocalCopies,
    /// Every partition of what is judged.
    task_partitions: Vec<TopicPartition>,
    /// What tasks go on from.
    start_from: StartFrom,
    /// Whether records went through a repartition topic, and say themselves where they are from.
    is_repartitioned: bool,
    /// The tasks that are worked on, or were last; a task that comes back unchanged goes on as it is.
    tasks: BTreeMap<i32, Task>,
    router: ResultRouter<'r>,
    counts: RunCounts,
    /// The headers that are looked at.
    headers: Vec<&'r str>,
    /// Whether it was said that nothing comes again.
    reported_done: bool,
}

impl<'r> ReconcileRunner<'r> {
    /// Looks at the topics and joins the group, with the local state and under the name that was found.
    ///
    /// # Errors
    /// Whatever is wrong with topics, permissions or the local state; nothing was read or written then, but for a changelog
    /// that may have been created.
    pub(crate) fn start(
        cluster: &'r Cluster,
        job: &'r Job,
        outputs: &'r Outputs,
        (name, storage): (&'r Name, Storage),
        listener: &'r mut dyn RunListener,
        stop: &'r Stop,
    ) -> Result<Self, Error> {
        let limit = Limit::of(job, stop);
        let task_partitions = prepare_topics(cluster, job, outputs, limit, listener)?;
        let output_limits = OutputLimits::read(cluster, job, outputs, limit, listener);
        // In the repartition topic, an instance that died can have left a transaction before what is committed already.
        let isolation = match job.repartition {
            Some(_) => Isolation::ReadUncommitted,
            None => Isolation::ReadCommitted,
        };
        let end_offsets = match job.once {
            true => Some(EndOffsets::fetch(cluster, &task_partitions, isolation, limit, listener)?),
            false => None,
        };
        let local = LocalCopies::of(storage, cluster, job, limit);
        let topics = job.task_inputs().iter().map(|input| input.topic.clone()).collect();
        let group = (job.group.clone(), topics);
        let session = GroupSession::join(cluster, job, outputs, name, group, listener, stop)?;
        let processor = ReconcileProcessor {
            is_repartitioned: job.repartition.is_some(),
            ..ReconcileProcessor::new(
                job,
                Sink::Topics(outputs),
                local,
                StartFrom::Changelog,
                task_partitions,
            )
        };
        let processor =
            ReconcileProcessor { router: processor.router.with_limits(output_limits), ..processor };
        Ok(Self(ProcessingLoop { session, processor, end_offsets }))
    }

    /// A run that reads what is there, on all partitions, and tells which writes would lose. It joins nothing and writes nothing.
    /// Where there is a repartition topic, the inputs themselves are judged, whatever has gone through that topic.
    ///
    /// # Errors
    /// Whatever is wrong with the topics.
    pub(crate) fn dry_run(
        cluster: &'r Cluster,
        job: &'r Job,
        listener: &'r mut dyn RunListener,
        stop: &'r Stop,
    ) -> Result<Self, Error> {
        let limit = Limit::of(job, stop);
        let (start_from, task_partitions) = match job.repartition {
            Some(_) => (StartFrom::LogStart, find_inputs(cluster, job, limit)?),
            None => match find_topics(cluster, job, limit)? {
                DryRunTopics { task_partitions, has_changelog: true } => {
                    (StartFrom::Changelog, task_partitions)
                }
                DryRunTopics { task_partitions, has_changelog: false } => {
                    (StartFrom::CommittedOffsets, task_partitions)
                }
            },
        };
        let end_offsets =
            Some(EndOffsets::fetch(cluster, &task_partitions, Isolation::ReadCommitted, limit, listener)?);
        let session = GroupSession::dry_run(cluster, job, task_partitions.clone(), listener, stop)?;
        let processor = ReconcileProcessor::new(
            job,
            Sink::DryRun,
            LocalCopies::in_memory(job),
            start_from,
            task_partitions,
        );
        Ok(Self(ProcessingLoop { session, processor, end_offsets }))
    }

    /// Works until the stop, or until everything is done, where the job is to end then. What was begun is committed first.
    ///
    /// # Errors
    /// [`Error`]; what was not committed is read again by the next instance.
    pub(crate) fn run(self) -> Result<(Ended, RunCounts), Error> {
        let (ended, mut processor) = self.0.run();
        processor.local.flush()?;
        Ok((ended?, processor.counts))
    }
}

impl<'r> ReconcileProcessor<'r> {
    fn new(
        job: &'r Job,
        sink: Sink<'r>,
        local: LocalCopies,
        start_from: StartFrom,
        task_partitions: Vec<TopicPartition>,
    ) -> Self {
        Self {
            job,
            local,
            task_partitions,
            start_from,
            is_repartitioned: false,
            tasks: BTreeMap::new(),
            router: ResultRouter::new(&job.changelog, sink),
            counts: RunCounts::default(),
            headers: job.rules.extractor.headers().collect(),
            reported_done: false,
        }
    }
}

impl Processor for ReconcileProcessor<'_> {
    fn prepare(
        &mut self,
        session: &mut GroupSession<'_>,
        partitions: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        match self.start_from {
            StartFrom::Changelog => self.restore(session, partitions),
            StartFrom::CommittedOffsets => self.begin_at_positions(session, partitions),
            StartFrom::LogStart => self.begin_as_one(session, partitions),
        }
    }

    fn positions(&self) -> BTreeMap<TopicPartition, i64> {
        self.tasks.values().flat_map(Task::positions).collect()
    }

    fn partition_groups<'a>(&self, assignment: &'a Assignment) -> Vec<PartitionGroup<'a>> {
        let mut queues: BTreeMap<i32, Vec<_>> = BTreeMap::new();
        for queue in assignment.queues() {
            let read = self.tasks.values().find_map(|task| Some((task, task.input_of(queue.partition())?)));
            let Some((task, (number, input))) = read else { continue };
            let region = input.region().to_owned();
            queues.entry(task.number).or_default().push((number, region, queue));
        }
        queues.into_iter().map(|(partition, queues)| PartitionGroup::new(partition, queues)).collect()
    }

    fn process(
        &mut self,
        session: &mut GroupSession<'_>,
        partition_group: &mut PartitionGroup<'_>,
        now_ms: i64,
    ) -> Result<usize, ProcessError> {
        let Some(task) = self.tasks.get_mut(&partition_group.number) else { return Ok(0) };
        let (job, wanted, router) = (self.job, &self.headers, &mut self.router);
        let is_repartitioned = self.is_repartitioned;
        // A copy has the timestamp of its original only where that is the producer's.
        let by_copy = job.rules.extractor.identity == IdentityRule::Copy;
        partition_group.take(|input_record| {
            let (input, offset) = (input_record.input, input_record.raw.offset);
            let too_large = || Error::OffsetTooLarge { partition: input_record.partition.clone(), offset };
            let position = Position::new(input, offset).ok_or_else(too_large)?;
            let OriginalRecord { raw, origin } = original(&input_record, is_repartitioned)?;
            let headers = headers(&raw, wanted);
            let record = Record {
                region: &origin.region,
                topic: &origin.topic,
                partition: origin.partition,
                offset: origin.offset,
                timestamp_ms: origin.timestamp_ms.filter(|_| raw.is_producers_timestamp || !by_copy),
                key: raw.key,
                value: raw.value,
                headers: &headers,
            };
            let routing = job.rules.route(&mut task.operator, &record, position, now_ms)?;
            router.route(session, &RoutedRecord { task, raw, record: &record, routing: &routing, now_ms })?;
            task.advance(input, offset);
            Ok(())
        })
    }

    fn uncommitted(&self) -> u64 {
        self.router.uncommitted.records
    }

    fn is_dirty(&self) -> bool {
        self.tasks.values().any(|task| task.is_dirty)
    }

    /// The state goes out beside what was decided by it.
    fn save(
        &mut self,
        session: &mut GroupSession<'_>,
    ) -> Result<BTreeMap<TopicPartition, i64>, ProcessError> {
        let mut positions = BTreeMap::new();
        for task in self.tasks.values_mut().filter(|task| task.is_dirty) {
            positions.extend(task.positions());
            let partition = task.number;
            for (key, segment) in task.save()? {
                self.router.send_change(session, partition, &key.bytes(), segment)?;
            }
        }
        Ok(positions)
    }

    fn commit_metadata(&self) -> &str {
        STATE_METADATA
    }

    fn on_committed(&mut self, session: &mut GroupSession<'_>) -> Result<(), Error> {
        for task in self.tasks.values_mut().filter(|task| task.is_dirty) {
            task.on_committed()?;
        }
        self.counts += std::mem::take(&mut self.router.uncommitted);
        let remembered = self.tasks.values_mut().map(|task| task.operator.remembered()).sum();
        let mut cost = TableCost::default();
        self.tasks.values_mut().for_each(|task| cost += task.operator.cost());
        session.listener.on_event(Event::Committed { counts: &self.counts, remembered, cost });
        if !self.reported_done
            && !self.tasks.is_empty()
            && self.tasks.values().all(|task| task.operator.is_done())
        {
            self.reported_done = true;
            session.listener.on_event(Event::RereadComplete);
        }
        Ok(())
    }

    /// The tasks remember what does not count: they are read again.
    fn reset(&mut self) {
        self.tasks.clear();
        self.router.uncommitted = RunCounts::default();
    }

    /// Notes how far the copies go, so that little needs to be read when the tasks come back.
    fn suspend(&mut self, session: &mut GroupSession<'_>) -> Result<(), Error> {
        let Sink::Topics(_) = self.router.sink else { return Ok(()) };
        let numbers: Vec<i32> = self.tasks.keys().copied().collect();
        let partitions: Vec<_> = self.positions().into_keys().collect();
        let changelog = Changelog { cluster: session.cluster, topic: &self.job.changelog };
        let deadline = session.closing();
        // Without the answers, more is read again. In this order: where the group is still where a task is, no other instance has
        // added to the changelog what the copy does not have.
        let Ok(ends) = changelog.ends(&numbers, &deadline) else { return Ok(()) };
        let Ok(committed) = session.member.committed(&partitions, &deadline) else { return Ok(()) };
        for (number, task) in &mut self.tasks {
            if let Some(end) = ends.get(number).filter(|_| task.is_at(&committed)) {
                task.set_checkpoint(*end)?;
            }
        }
        Ok(())
    }
}

/// A record as it was written, and where that was.
struct OriginalRecord<'i> {
    raw: RawRecord<'i>,
    origin: Origin<'i>,
}

/// A record that went through a repartition topic says itself where it is from.
fn original<'i>(input_record: &InputRecord<'i>, is_repartitioned: bool) -> Result<OriginalRecord<'i>, Error> {
    let InputRecord { region, partition, raw, .. } = *input_record;
    if !is_repartitioned {
        let origin = Origin {
            region: region.into(),
            topic: partition.topic.as_str().into(),
            partition: raw.partition,
            offset: raw.offset,
            timestamp_ms: raw.timestamp_ms,
        };
        return Ok(OriginalRecord { raw, origin });
    }
    let header = raw.header(Origin::HEADER).unwrap_or_default();
    let missing_origin =
        |cause| Error::MissingOrigin { partition: partition.clone(), offset: raw.offset, cause };
    let origin = Origin::read(header).map_err(missing_origin)?;
    let mut raw = raw.without_header(Origin::HEADER);
    raw.timestamp_ms = origin.timestamp_ms;
    Ok(OriginalRecord { raw, origin })
}
