use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use offsets_core::model::{TopicName, TopicPartition};
use offsets_core::reconcile::{Header, Position, Record, Tally};
use offsets_kafka::exchange::{Assignment, Change, Member, MemberOptions, Outbox, Setback};
use offsets_kafka::{Cluster, Deadline, Isolation};
use offsets_store::{MemoryLog, SegmentLog, SledLog};

use crate::changelog::{Changelog, Copy};
use crate::job::{Job, LocalState};
use crate::lane::{Arrival, Lane};
use crate::results::{Results, Stopped};
use crate::task::{Committed, Found, MARK, Task};
use crate::topics::examine;
use crate::{Error, Event, Watcher};

/// One instance of a job.
pub struct Runner<'r> {
    cluster: &'r Cluster,
    job: &'r Job,
    member: Member,
    results: Results<'r>,
    local: Local,
    /// The tasks that are worked on, or were last; a task that comes back unchanged goes on as it is.
    tasks: BTreeMap<i32, Task>,
    /// Where each partition ended when this instance first saw it, if the run is to end there.
    ends: BTreeMap<TopicPartition, i64>,
    tally: Tally,
    /// How long transactions may fail in a row.
    patience: Deadline,
    failures: u32,
    /// Whether it was said that nothing comes again.
    says_done: bool,
    transactional_id: String,
    watcher: &'r mut dyn Watcher,
}

/// How a run ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything is done that was there at the beginning.
    Done,
    /// It was told to stop.
    Stopped,
}

/// Where copies of the changelog are.
enum Local {
    Memory,
    Sled(SledLog),
}

/// Why the work on an assignment ends.
enum Turn {
    Changed(Change),
    Setback(Setback),
    Ended(Ended),
}

/// So many records of one task are taken before the next one's turn.
const BATCH: usize = 512;

/// So many records at the most wait for a commit.
const MOST_OPEN: u64 = 500_000;

/// How long nothing needs to happen before it is looked again.
const IDLE: Duration = Duration::from_millis(5);

/// How often the ends of the inputs are asked for.
const REPORT: Duration = Duration::from_secs(5);

/// How long transactions may fail in a row.
const PATIENCE: Duration = Duration::from_secs(300);

impl<'r> Runner<'r> {
    /// Looks at the topics, takes the local state and joins the group.
    ///
    /// # Errors
    /// Whatever is wrong with topics, permissions or the local state; nothing was read or written then, but for a changelog
    /// that may have been created.
    pub fn start(cluster: &'r Cluster, job: &'r Job, watcher: &'r mut dyn Watcher) -> Result<Self, Error> {
        examine(cluster, job, true, watcher)?;
        let id = job.instance.clone().unwrap_or_else(|| random_name(cluster));
        let transactional_id = format!("{}.{id}", job.group.as_str());
        let deadline = Deadline::after(job.timeout);
        let outbox = Outbox::open(cluster.settings(), &transactional_id, job.transaction_timeout, &deadline)?;
        let topics: Vec<TopicName> = job.inputs.iter().map(|input| input.topic.clone()).collect();
        let options = MemberOptions { instance: job.instance.clone() };
        let member = Member::join(cluster.settings(), &job.group, &topics, &options)?;
        let local = Local::open(&job.local)?;
        Ok(Self::with(cluster, job, member, Some(outbox), local, transactional_id, watcher))
    }

    /// A run that reads what is there, on all partitions, and tells which writes would lose. It joins nothing and writes nothing.
    ///
    /// # Errors
    /// Whatever is wrong with the topics.
    pub fn rehearse(cluster: &'r Cluster, job: &'r Job, watcher: &'r mut dyn Watcher) -> Result<Self, Error> {
        let count = examine(cluster, job, false, watcher)?;
        let named =
            |number| job.inputs.iter().map(move |input| TopicPartition::new(input.topic.clone(), number));
        let partitions = (0..count).flat_map(named).collect();
        let member = Member::alone(cluster.settings(), &job.group, partitions)?;
        Ok(Self::with(cluster, job, member, None, Local::Memory, String::new(), watcher))
    }

    fn with(
        cluster: &'r Cluster,
        job: &'r Job,
        member: Member,
        outbox: Option<Outbox>,
        local: Local,
        transactional_id: String,
        watcher: &'r mut dyn Watcher,
    ) -> Self {
        Self {
            cluster,
            job,
            member,
            results: Results::new(job, outbox),
            local,
            tasks: BTreeMap::new(),
            ends: BTreeMap::new(),
            tally: Tally::default(),
            patience: Deadline::after(PATIENCE),
            failures: 0,
            says_done: false,
            transactional_id,
            watcher,
        }
    }

    /// Works until `stop` says so, or until everything is done, where the job is to end then. What was begun is committed first.
    ///
    /// # Errors
    /// [`Error`]; what was not committed is read again by whoever comes next.
    pub fn run(mut self, stop: &dyn Fn() -> bool) -> Result<(Ended, Tally), Error> {
        let ended = self.work(stop);
        if ended.is_err()
            && let Some(outbox) = &mut self.results.outbox
        {
            // The coordinator would do so a little later by itself.
            let _ = outbox.abort(&Deadline::after(Duration::from_secs(2)));
        }
        self.member.leave();
        if let Local::Sled(log) = &mut self.local {
            log.flush()?;
        }
        Ok((ended?, self.tally))
    }

    fn work(&mut self, stop: &dyn Fn() -> bool) -> Result<Ended, Error> {
        let mut assigned: Option<Vec<TopicPartition>> = None;
        loop {
            if stop() {
                return Ok(Ended::Stopped);
            }
            let Some(partitions) = assigned.take() else {
                match self.member.next_change(Duration::from_millis(100))? {
                    Some(Change::Assigned(partitions)) => assigned = Some(partitions),
                    Some(Change::Revoked) => self.member.let_go(None)?,
                    Some(Change::Lost) => {
                        self.tasks.clear();
                        self.member.let_go(None)?;
                    }
                    None => {}
                }
                continue;
            };
            let numbers: Vec<i32> = numbers(&partitions).into_iter().collect();
            self.watcher.see(Event::Assigned(&numbers));
            if let Some(change) = self.prepare(&numbers, stop)? {
                match change {
                    Change::Assigned(partitions) => assigned = Some(partitions),
                    Change::Revoked | Change::Lost => {
                        self.tasks.clear();
                        self.member.let_go(None)?;
                    }
                }
                continue;
            }
            if stop() {
                return Ok(Ended::Stopped);
            }
            let from = self.tasks.values().flat_map(Task::positions).collect();
            let assignment = self.member.take_up(&from)?;
            let turn = self.turn(&assignment, stop);
            match turn? {
                Turn::Ended(ended) => {
                    self.rest()?;
                    self.member.let_go(Some(assignment))?;
                    return Ok(ended);
                }
                Turn::Changed(Change::Assigned(partitions)) => assigned = Some(partitions),
                Turn::Changed(Change::Revoked) => {
                    self.rest()?;
                    self.member.let_go(Some(assignment))?;
                    self.watcher.see(Event::Revoked);
                }
                Turn::Changed(Change::Lost) => {
                    self.give_up()?;
                    self.member.let_go(Some(assignment))?;
                    self.watcher.see(Event::Revoked);
                }
                Turn::Setback(setback) => {
                    self.recover(setback)?;
                    drop(assignment);
                    assigned = Some(partitions);
                }
            }
        }
    }

    /// Brings the tasks of these partitions to where the group is. What the group decides meanwhile is given back.
    fn prepare(&mut self, numbers: &[i32], stop: &dyn Fn() -> bool) -> Result<Option<Change>, Error> {
        self.tasks.retain(|number, _| numbers.contains(number));
        let job = self.job;
        let changelog = Changelog { cluster: self.cluster, topic: &job.changelog };
        let has_changelog = self.results.outbox.is_some()
            || self.cluster.partitions(&job.changelog, &Deadline::after(job.timeout)).is_ok();
        let topics = || job.inputs.iter().map(|input| &input.topic);
        let partitions: Vec<_> = numbers
            .iter()
            .flat_map(|number| topics().map(|topic| TopicPartition::new(topic.clone(), *number)))
            .collect();
        // A transaction that was under way when its instance died ends after so long.
        let patience = Deadline::after(job.transaction_timeout + job.timeout);
        let mut records = 0;
        loop {
            let deadline = Deadline::after(job.timeout);
            // In this order: what the commits that are read here go with is in the changelog, or still on its way.
            let committed = self.member.committed(&partitions, &deadline)?;
            let ends = if has_changelog { changelog.ends(numbers, &deadline)? } else { BTreeMap::new() };
            let end = |number: &i32| ends.get(number).copied().unwrap_or_default();
            self.tasks.retain(|number, task| task.is_current(&committed, end(number)));
            let mut copies: BTreeMap<i32, Copy> = BTreeMap::new();
            for number in numbers.iter().filter(|number| !self.tasks.contains_key(number)) {
                copies.insert(*number, self.local.copy(*number, job)?);
            }
            if has_changelog {
                records += changelog.catch_up(&mut copies, &Deadline::after(PATIENCE))?;
            }
            let mut late = None;
            for (number, copy) in copies {
                let partition = changelog.partition(number);
                match self.find(number, copy, &committed, &partition)? {
                    Found::Task(task) => drop(self.tasks.insert(number, *task)),
                    Found::Apart(error) | Found::Damaged(error) => late = Some(error),
                }
            }
            match late {
                None => break,
                Some(error) if patience.has_passed() || !has_changelog => return Err(error),
                Some(_) => {
                    if let Some(change) = self.member.next_change(Duration::from_millis(200))? {
                        return Ok(Some(change));
                    }
                    if stop() {
                        return Ok(None);
                    }
                }
            }
        }
        self.begin(&partitions)?;
        let remembered = self.tasks.values_mut().map(|task| task.judge.remembered()).sum();
        self.watcher.see(Event::Restored { records, remembered });
        self.member.next_change(Duration::ZERO).map_err(Error::from)
    }

    fn find(
        &mut self,
        number: i32,
        copy: Copy,
        committed: &Committed,
        partition: &TopicPartition,
    ) -> Result<Found, Error> {
        let found = Task::find(number, copy, committed, self.job, partition)?;
        if let Found::Damaged(_) = found {
            // What is damaged here may be whole in the changelog: it is read from its beginning once more.
            self.local.forget(number, self.job)?;
        }
        Ok(found)
    }

    /// Begins inputs that were never read at their log start, and sees that nothing is gone that was not read.
    fn begin(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let deadline = Deadline::after(self.job.timeout);
        let ranges =
            self.cluster.log_ranges(partitions, Isolation::ReadCommitted, &deadline).into_result()?;
        for (partition, range) in ranges {
            let Some(task) = self.tasks.get_mut(&partition.partition) else { continue };
            task.begin(&partition, range.start);
            let next = task.inputs().find(|(_, input)| input.partition == partition);
            let next = next.and_then(|(_, input)| input.next()).unwrap_or(range.start);
            if next < range.start {
                return Err(Error::Deleted { partition, committed: next, start: range.start });
            }
            if (self.job.once || self.results.outbox.is_none()) && !self.ends.contains_key(&partition) {
                let end = self.last_record(&partition, next..range.end)?.map_or(next, |last| last + 1);
                self.ends.insert(partition, end);
            }
        }
        Ok(())
    }

    /// The last record of a span: behind it may be offsets that hold none, and reading waits for no record there.
    fn last_record(
        &self,
        partition: &TopicPartition,
        span: std::ops::Range<i64>,
    ) -> Result<Option<i64>, Error> {
        let mut reach = 64;
        loop {
            let from = span.end.saturating_sub(reach).max(span.start);
            let mut last = None;
            let read =
                self.cluster.read(&partition.topic).span(partition.partition, from..span.end).clipped();
            read.visit(&Deadline::after(self.job.timeout), |record| last = Some(record.offset))?;
            if last.is_some() || from == span.start {
                return Ok(last);
            }
            reach = reach.saturating_mul(16);
        }
    }

    /// Works on an assignment until something happens.
    fn turn(&mut self, assignment: &Assignment, stop: &dyn Fn() -> bool) -> Result<Turn, Error> {
        let mut lanes = self.lanes(assignment);
        let headers: Vec<String> = self.job.rules.examination.headers().map(str::to_owned).collect();
        let (mut committed_at, mut reported_at) = (Instant::now(), None::<Instant>);
        loop {
            let mut moved = 0;
            for lane in &mut lanes {
                match self.advance(lane, &headers) {
                    Ok(count) => moved += count,
                    Err(Stopped::Setback(setback)) => return Ok(Turn::Setback(setback)),
                    Err(Stopped::Failed(error)) => {
                        // What came before it counts.
                        return match self.commit() {
                            Err(Stopped::Failed(error)) => Err(*error),
                            _ => Err(*error),
                        };
                    }
                }
            }
            let is_done = self.is_done();
            let is_due =
                committed_at.elapsed() >= self.job.commit_interval || self.results.open.records >= MOST_OPEN;
            let stops = stop();
            if is_due || is_done || stops {
                match self.commit() {
                    Ok(()) => committed_at = Instant::now(),
                    Err(Stopped::Setback(setback)) => return Ok(Turn::Setback(setback)),
                    Err(Stopped::Failed(error)) => return Err(*error),
                }
            }
            if is_done || stops {
                return Ok(Turn::Ended(if stops { Ended::Stopped } else { Ended::Done }));
            }
            if reported_at.is_none_or(|at| at.elapsed() >= REPORT) {
                reported_at = Some(Instant::now());
                self.report();
            }
            let wait = if moved == 0 { IDLE } else { Duration::ZERO };
            if let Some(change) = self.member.next_change(wait)? {
                if change == Change::Revoked
                    && let Err(stopped) = self.commit()
                {
                    return match stopped {
                        Stopped::Setback(setback) => {
                            self.recover(setback)?;
                            Ok(Turn::Changed(Change::Lost))
                        }
                        Stopped::Failed(error) => Err(*error),
                    };
                }
                return Ok(Turn::Changed(change));
            }
        }
    }

    fn lanes<'a>(&self, assignment: &'a Assignment) -> Vec<Lane<'a>> {
        let mut intakes: BTreeMap<i32, Vec<_>> = BTreeMap::new();
        for intake in assignment.intakes() {
            let Some(task) = self.tasks.get(&intake.partition().partition) else { continue };
            let input = task.inputs().find(|(_, input)| input.partition == *intake.partition());
            if let Some((number, input)) = input {
                let region = input.region().to_owned();
                intakes.entry(task.partition).or_default().push((number, region, intake));
            }
        }
        intakes.into_iter().map(|(partition, intakes)| Lane::new(partition, intakes)).collect()
    }

    /// Takes some records of one task.
    fn advance(&mut self, lane: &mut Lane<'_>, wanted: &[String]) -> Result<usize, Stopped> {
        let Some(task) = self.tasks.get_mut(&lane.partition) else { return Ok(0) };
        let (job, results, watcher) = (self.job, &mut self.results, &mut *self.watcher);
        let now_ms = Timestamp::now().as_millisecond();
        let unreadable = |partition: &TopicPartition, cause| {
            Stopped::from(Error::Unreadable { partition: partition.clone(), cause })
        };
        for count in 0..BATCH {
            let came = lane.next(unreadable, |arrival: Arrival<'_>| {
                let Arrival { input, region, partition, raw } = arrival;
                let headers: Vec<Header<'_>> = if wanted.is_empty() {
                    Vec::new()
                } else {
                    let looked_at = |(name, _): &(&str, _)| wanted.iter().any(|wanted| wanted == name);
                    raw.headers().filter(looked_at).map(|(name, value)| Header { name, value }).collect()
                };
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
                let too_far = || Error::TooFar { partition: partition.clone(), offset: raw.offset };
                let position = Position::new(input, raw.offset).ok_or_else(too_far)?;
                let ruling = job.rules.rule(&mut task.judge, &record, position, now_ms)?;
                results.put(task, raw, &record, ruling, watcher)?;
                task.pass(input, raw.offset);
                Ok(())
            })?;
            if !came {
                return Ok(count);
            }
        }
        Ok(BATCH)
    }

    /// Makes everything count that was decided: outputs, state and positions in one step.
    fn commit(&mut self) -> Result<(), Stopped> {
        if !self.tasks.values().any(|task| task.is_dirty) {
            return Ok(());
        }
        let mut positions = Vec::new();
        for task in self.tasks.values_mut().filter(|task| task.is_dirty) {
            positions.extend(task.positions());
            let partition = task.partition;
            for (key, segment) in task.save()? {
                self.results.change(partition, &key.bytes(), segment)?;
            }
        }
        let deadline = self.results.deadline();
        if let Some(outbox) = &mut self.results.outbox {
            outbox.commit(&positions, MARK, &self.member, &deadline)?;
        }
        for task in self.tasks.values_mut().filter(|task| task.is_dirty) {
            task.settle()?;
        }
        self.tally += self.results.begin_anew();
        (self.patience, self.failures) = (Deadline::after(PATIENCE), 0);
        let remembered = self.tasks.values_mut().map(|task| task.judge.remembered()).sum();
        self.watcher.see(Event::Committed { tally: &self.tally, remembered });
        if !self.says_done && !self.tasks.is_empty() && self.tasks.values().all(|task| task.judge.is_done()) {
            self.says_done = true;
            self.watcher.see(Event::NothingComesAgain);
        }
        Ok(())
    }

    /// Takes back what came to nothing. The tasks are read anew: they remember what does not count.
    fn recover(&mut self, setback: Setback) -> Result<(), Error> {
        self.watcher.see(Event::Setback(setback.error()));
        self.failures += 1;
        self.results.begin_anew();
        self.tasks.clear();
        if let Setback::Final(error) = setback {
            return Err((*error).into());
        }
        if self.patience.has_passed() {
            return Err(Error::NoCommit { tries: self.failures, last: setback.into_error() });
        }
        let deadline = Deadline::after(self.job.transaction_timeout);
        let Some(outbox) = &mut self.results.outbox else { return Ok(()) };
        let is_spent = matches!(setback, Setback::Spent(_)) || outbox.abort(&deadline).is_err();
        if is_spent {
            self.renew_outbox()?;
        }
        Ok(())
    }

    /// Another producer under the same name learns what became of the last transaction.
    fn renew_outbox(&mut self) -> Result<(), Error> {
        self.results.outbox = None;
        loop {
            let deadline = Deadline::after(self.job.transaction_timeout);
            let opened = Outbox::open(
                self.cluster.settings(),
                &self.transactional_id,
                self.job.transaction_timeout,
                &deadline,
            );
            match opened {
                Ok(outbox) => {
                    self.results.outbox = Some(outbox);
                    return Ok(());
                }
                Err(error) if error.is_unauthorised() || self.patience.has_passed() => {
                    return Err(error.into());
                }
                Err(error) => {
                    self.failures += 1;
                    self.watcher.see(Event::Setback(&error));
                }
            }
        }
    }

    /// Others may have the partitions already: nothing that is not committed counts.
    fn give_up(&mut self) -> Result<(), Error> {
        self.tasks.clear();
        self.results.begin_anew();
        let deadline = Deadline::after(self.job.transaction_timeout);
        let Some(outbox) = &mut self.results.outbox else { return Ok(()) };
        match outbox.abort(&deadline) {
            Ok(()) => Ok(()),
            Err(_) => self.renew_outbox(),
        }
    }

    /// Notes how far the copies go, now that everything is committed, so that little needs to be read when the tasks come back.
    fn rest(&mut self) -> Result<(), Error> {
        if self.results.outbox.is_none() {
            return Ok(());
        }
        let numbers: Vec<i32> = self.tasks.keys().copied().collect();
        let changelog = Changelog { cluster: self.cluster, topic: &self.job.changelog };
        // Without it, more is read again.
        let Ok(ends) = changelog.ends(&numbers, &Deadline::after(self.job.transaction_timeout)) else {
            return Ok(());
        };
        for (number, task) in &mut self.tasks {
            if let Some(end) = ends.get(number).filter(|_| !task.is_dirty) {
                task.place(*end)?;
            }
        }
        Ok(())
    }

    /// Whether everything is done that was there at the beginning.
    fn is_done(&self) -> bool {
        let passed = |(_, input): (u16, &crate::task::TaskInput)| {
            self.ends.get(&input.partition).is_some_and(|end| input.next().is_some_and(|next| next >= *end))
        };
        let ends = self.job.once || self.results.outbox.is_none();
        ends && self.tasks.values().all(|task| task.inputs().all(passed))
    }

    /// Tells how far behind the inputs are. It is of no consequence when that cannot be learnt now.
    fn report(&mut self) {
        let inputs = || self.tasks.values().flat_map(Task::positions);
        let partitions: Vec<_> = inputs().map(|(partition, _)| partition).collect();
        let deadline = Deadline::after(IDLE.max(Duration::from_secs(1)));
        let ranges = self.cluster.log_ranges(&partitions, Isolation::ReadCommitted, &deadline);
        let Ok(ranges) = ranges.into_result() else { return };
        let lag = inputs().filter_map(|(partition, next)| {
            let end = ranges.get(&partition)?.end;
            Some((partition, end.saturating_sub(next).max(0)))
        });
        self.watcher.see(Event::Lag(&lag.collect()));
    }
}

impl Local {
    fn open(place: &LocalState) -> Result<Self, Error> {
        Ok(match place {
            LocalState::Memory => Self::Memory,
            LocalState::Folder(folder) => Self::Sled(SledLog::open(folder)?),
        })
    }

    /// The copy of one partition of the changelog.
    fn copy(&self, number: i32, job: &Job) -> Result<Copy, Error> {
        let log: Box<dyn SegmentLog> = match self {
            Self::Memory => Box::new(MemoryLog::default()),
            Self::Sled(log) => Box::new(log.clone()),
        };
        Ok(Copy::open(log, number.cast_unsigned(), job.changelog.as_str())?)
    }

    fn forget(&self, number: i32, job: &Job) -> Result<(), Error> {
        Ok(self.copy(number, job)?.clear()?)
    }
}

/// A name that no other instance has.
fn random_name(cluster: &Cluster) -> String {
    // The standard library's own source of randomness for its tables is seeded by the system.
    use std::hash::{BuildHasher as _, RandomState};
    let [one, two] = [(); 2].map(|()| RandomState::new().hash_one(cluster.cluster_id()));
    format!("{one:016x}{two:016x}")
}

fn numbers(partitions: &[TopicPartition]) -> BTreeSet<i32> {
    partitions.iter().map(|partition| partition.partition).collect()
}
