//! The stage that judges: operators over their state, which lies in a changelog.

mod acceptance;
mod changelog;
mod judge;
mod local;
mod prepare;
mod progress;
mod results;
mod task;
mod topics;

use std::collections::BTreeMap;

use jiff::Timestamp;
use offsets_core::model::TopicPartition;
use offsets_core::reconcile::{IdentityRule, Origin, Position, Record, RunCounts};
use offsets_kafka::eos::{Assignment, RebalanceEvent};
use offsets_kafka::{Cluster, Isolation, RawRecord, Stop};
use offsets_store::TableCost;

use self::acceptance::Accepts;
pub use self::acceptance::NarrowerTopic;
use self::changelog::Changelog;
use self::local::Local;
pub(crate) use self::local::Place;
use self::prepare::Past;
pub use self::progress::Progress;
use self::results::{Results, Ruled, Sink};
use self::task::{MARK, Task};
use self::topics::{Found, find_inputs, find_topics, prepare_topics};
use crate::course::{Arrival, Course, Ended, Goal, Lane, Seat, Stage, Stopped, headers};
use crate::job::Job;
use crate::limit::Limit;
use crate::name::Name;
use crate::{Error, Event, Outputs, Watcher};

/// The stage that judges, of one instance of a job.
pub(crate) struct Runner<'r>(Course<'r, Reconciling<'r>>);

/// What an instance has in hand.
struct Reconciling<'r> {
    job: &'r Job,
    local: Local,
    /// Every partition of what is judged.
    judged: Vec<TopicPartition>,
    /// What tasks go on from.
    past: Past,
    /// Whether records went through a repartition topic, and say themselves where they are from.
    is_repartitioned: bool,
    /// The tasks that are worked on, or were last; a task that comes back unchanged goes on as it is.
    tasks: BTreeMap<i32, Task>,
    results: Results<'r>,
    counts: RunCounts,
    /// The headers that are looked at.
    headers: Vec<&'r str>,
    /// Whether it was said that nothing comes again.
    says_done: bool,
}

impl<'r> Runner<'r> {
    /// Looks at the topics and joins the group, with the local state and under the name that was found.
    ///
    /// # Errors
    /// Whatever is wrong with topics, permissions or the local state; nothing was read or written then, but for a changelog
    /// that may have been created.
    pub(crate) fn start(
        cluster: &'r Cluster,
        job: &'r Job,
        outputs: &'r Outputs,
        (name, place): (&'r Name, Place),
        watcher: &'r mut dyn Watcher,
        stop: &'r Stop,
    ) -> Result<Self, Error> {
        let limit = Limit::of(job, stop);
        let judged = prepare_topics(cluster, job, outputs, limit, watcher)?;
        let accepts = Accepts::read(cluster, job, outputs, limit, watcher);
        // In the repartition topic, an instance that died can have left a transaction before what is committed already.
        let isolation = match job.repartition {
            Some(_) => Isolation::ReadUncommitted,
            None => Isolation::ReadCommitted,
        };
        let goal = match job.once {
            true => Some(Goal::of(cluster, &judged, isolation, limit, watcher)?),
            false => None,
        };
        let local = Local::of(place, cluster, job, limit);
        let topics = job.judged().iter().map(|input| input.topic.clone()).collect();
        let group = (job.group.clone(), topics);
        let seat = Seat::take(cluster, job, outputs, name, group, watcher, stop)?;
        let stage = Reconciling {
            is_repartitioned: job.repartition.is_some(),
            ..Reconciling::new(job, Sink::Topics(outputs), local, Past::Changelog, judged)
        };
        let stage = Reconciling { results: stage.results.accepting(accepts), ..stage };
        Ok(Self(Course { seat, stage, goal }))
    }

    /// A run that reads what is there, on all partitions, and tells which writes would lose. It joins nothing and writes nothing.
    /// Where there is a repartition topic, the inputs themselves are judged, whatever has gone through that topic.
    ///
    /// # Errors
    /// Whatever is wrong with the topics.
    pub(crate) fn rehearse(
        cluster: &'r Cluster,
        job: &'r Job,
        watcher: &'r mut dyn Watcher,
        stop: &'r Stop,
    ) -> Result<Self, Error> {
        let limit = Limit::of(job, stop);
        let (past, judged) = match job.repartition {
            Some(_) => (Past::Nothing, find_inputs(cluster, job, limit)?),
            None => match find_topics(cluster, job, limit)? {
                Found { judged, has_changelog: true } => (Past::Changelog, judged),
                Found { judged, has_changelog: false } => (Past::Positions, judged),
            },
        };
        let goal = Some(Goal::of(cluster, &judged, Isolation::ReadCommitted, limit, watcher)?);
        let seat = Seat::watch(cluster, job, judged.clone(), watcher, stop)?;
        let stage = Reconciling::new(job, Sink::Watcher, Local::in_memory(job), past, judged);
        Ok(Self(Course { seat, stage, goal }))
    }

    /// Works until the stop, or until everything is done, where the job is to end then. What was begun is committed first.
    ///
    /// # Errors
    /// [`Error`]; what was not committed is read again by whoever comes next.
    pub(crate) fn run(self) -> Result<(Ended, RunCounts), Error> {
        let (ended, mut reconciling) = self.0.run();
        reconciling.local.flush()?;
        Ok((ended?, reconciling.counts))
    }
}

impl<'r> Reconciling<'r> {
    fn new(job: &'r Job, sink: Sink<'r>, local: Local, past: Past, judged: Vec<TopicPartition>) -> Self {
        Self {
            job,
            local,
            judged,
            past,
            is_repartitioned: false,
            tasks: BTreeMap::new(),
            results: Results::new(&job.changelog, sink),
            counts: RunCounts::default(),
            headers: job.rules.extractor.headers().collect(),
            says_done: false,
        }
    }
}

impl Stage for Reconciling<'_> {
    fn prepare(
        &mut self,
        seat: &mut Seat<'_>,
        partitions: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        match self.past {
            Past::Changelog => self.restore(seat, partitions),
            Past::Positions => self.begin_at_positions(seat, partitions),
            Past::Nothing => self.begin_as_one(seat, partitions),
        }
    }

    fn positions(&self) -> BTreeMap<TopicPartition, i64> {
        self.tasks.values().flat_map(Task::positions).collect()
    }

    fn lanes<'a>(&self, assignment: &'a Assignment) -> Vec<Lane<'a>> {
        let mut queues: BTreeMap<i32, Vec<_>> = BTreeMap::new();
        for queue in assignment.queues() {
            let read = self.tasks.values().find_map(|task| Some((task, task.input_of(queue.partition())?)));
            let Some((task, (number, input))) = read else { continue };
            let region = input.region().to_owned();
            queues.entry(task.number).or_default().push((number, region, queue));
        }
        queues.into_iter().map(|(partition, queues)| Lane::new(partition, queues)).collect()
    }

    fn advance(&mut self, seat: &mut Seat<'_>, lane: &mut Lane<'_>) -> Result<usize, Stopped> {
        let Some(task) = self.tasks.get_mut(&lane.number) else { return Ok(0) };
        let (job, wanted, results) = (self.job, &self.headers, &mut self.results);
        let is_repartitioned = self.is_repartitioned;
        let now_ms = Timestamp::now().as_millisecond();
        // A copy has the timestamp of its original only where that is the producer's.
        let by_copy = job.rules.extractor.identity == IdentityRule::Copy;
        lane.take(|arrival| {
            let (input, offset) = (arrival.input, arrival.raw.offset);
            let too_far = || Error::TooFar { partition: arrival.partition.clone(), offset };
            let position = Position::new(input, offset).ok_or_else(too_far)?;
            let Written { raw, origin } = written(&arrival, is_repartitioned)?;
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
            let routing = job.rules.route(&mut task.judge, &record, position, now_ms)?;
            results.put(seat, &Ruled { task, raw, record: &record, routing: &routing, now_ms })?;
            task.pass(input, offset);
            Ok(())
        })
    }

    fn open(&self) -> u64 {
        self.results.open.records
    }

    fn is_dirty(&self) -> bool {
        self.tasks.values().any(|task| task.is_dirty)
    }

    /// The state goes out beside what was decided by it.
    fn save(&mut self, seat: &mut Seat<'_>) -> Result<BTreeMap<TopicPartition, i64>, Stopped> {
        let mut positions = BTreeMap::new();
        for task in self.tasks.values_mut().filter(|task| task.is_dirty) {
            positions.extend(task.positions());
            let partition = task.number;
            for (key, segment) in task.save()? {
                self.results.change(seat, partition, &key.bytes(), segment)?;
            }
        }
        Ok(positions)
    }

    fn mark(&self) -> &str {
        MARK
    }

    fn settle(&mut self, seat: &mut Seat<'_>) -> Result<(), Error> {
        for task in self.tasks.values_mut().filter(|task| task.is_dirty) {
            task.settle()?;
        }
        self.counts += std::mem::take(&mut self.results.open);
        let remembered = self.tasks.values_mut().map(|task| task.judge.remembered()).sum();
        let mut cost = TableCost::default();
        self.tasks.values_mut().for_each(|task| cost += task.judge.cost());
        seat.watcher.see(Event::Committed { counts: &self.counts, remembered, cost });
        if !self.says_done && !self.tasks.is_empty() && self.tasks.values().all(|task| task.judge.is_done()) {
            self.says_done = true;
            seat.watcher.see(Event::NothingComesAgain);
        }
        Ok(())
    }

    /// The tasks remember what does not count: they are read anew.
    fn forget(&mut self) {
        self.tasks.clear();
        self.results.open = RunCounts::default();
    }

    /// Notes how far the copies go, so that little needs to be read when the tasks come back.
    fn rest(&mut self, seat: &mut Seat<'_>) -> Result<(), Error> {
        let Sink::Topics(_) = self.results.sink else { return Ok(()) };
        let numbers: Vec<i32> = self.tasks.keys().copied().collect();
        let partitions: Vec<_> = self.positions().into_keys().collect();
        let changelog = Changelog { cluster: seat.cluster, topic: &self.job.changelog };
        let deadline = seat.closing();
        // Without the answers, more is read again. In this order: where the group is still where a task is, nobody else has
        // added to the changelog what the copy does not have.
        let Ok(ends) = changelog.ends(&numbers, &deadline) else { return Ok(()) };
        let Ok(committed) = seat.member.committed(&partitions, &deadline) else { return Ok(()) };
        for (number, task) in &mut self.tasks {
            if let Some(end) = ends.get(number).filter(|_| task.is_where(&committed)) {
                task.note_place(*end)?;
            }
        }
        Ok(())
    }
}

/// A record as it was written, and where that was.
struct Written<'i> {
    raw: RawRecord<'i>,
    origin: Origin<'i>,
}

/// A record that went through a repartition topic says itself where it is from.
fn written<'i>(arrival: &Arrival<'i>, is_repartitioned: bool) -> Result<Written<'i>, Error> {
    let Arrival { region, partition, raw, .. } = *arrival;
    if !is_repartitioned {
        let origin = Origin {
            region: region.into(),
            topic: partition.topic.as_str().into(),
            partition: raw.partition,
            offset: raw.offset,
            timestamp_ms: raw.timestamp_ms,
        };
        return Ok(Written { raw, origin });
    }
    let header = raw.header(Origin::HEADER).unwrap_or_default();
    let not_ours = |cause| Error::NoOrigin { partition: partition.clone(), offset: raw.offset, cause };
    let origin = Origin::read(header).map_err(not_ours)?;
    let mut raw = raw.without_header(Origin::HEADER);
    raw.timestamp_ms = origin.timestamp_ms;
    Ok(Written { raw, origin })
}
