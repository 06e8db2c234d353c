mod patience;
mod prepare;
mod recover;
mod turn;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use offsets_core::model::{TopicName, TopicPartition};
use offsets_core::reconcile::Tally;
use offsets_kafka::exchange::{Change, Member, MemberOptions, Outbox};
use offsets_kafka::{Cluster, Deadline};

use patience::Patience;
use turn::Turn;

use crate::goal::Goal;
use crate::job::Job;
use crate::local::Local;
use crate::results::Results;
use crate::task::Task;
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
    /// Where the run is to end, if it is.
    goal: Option<Goal>,
    tally: Tally,
    patience: Patience,
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

/// How long to wait before something that failed is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long one request may take while the group waits for this member.
const STEP: Duration = Duration::from_secs(10);

/// How long it may take to read what is new in the changelog.
const READING: Duration = Duration::from_secs(300);

impl<'r> Runner<'r> {
    /// Looks at the topics, takes the local state and joins the group.
    ///
    /// # Errors
    /// Whatever is wrong with topics, permissions or the local state; nothing was read or written then, but for a changelog
    /// that may have been created.
    pub fn start(cluster: &'r Cluster, job: &'r Job, watcher: &'r mut dyn Watcher) -> Result<Self, Error> {
        let partitions = examine(cluster, job, true, watcher)?;
        let goal = job.once.then(|| Goal::of(cluster, job, partitions)).transpose()?;
        let id = job.instance.clone().unwrap_or_else(|| random_name(cluster));
        let transactional_id = format!("{}.{id}", job.group.as_str());
        let deadline = Deadline::after(job.timeout);
        let outbox = Outbox::open(cluster.settings(), &transactional_id, job.transaction_timeout, &deadline)?;
        let local = Local::open(&job.local)?;
        let member = join(cluster, job)?;
        let results = Results::new(job, Some(outbox));
        Ok(Self { results, local, goal, transactional_id, ..Self::over(cluster, job, member, watcher) })
    }

    /// A run that reads what is there, on all partitions, and tells which writes would lose. It joins nothing and writes nothing.
    ///
    /// # Errors
    /// Whatever is wrong with the topics.
    pub fn rehearse(cluster: &'r Cluster, job: &'r Job, watcher: &'r mut dyn Watcher) -> Result<Self, Error> {
        let count = examine(cluster, job, false, watcher)?;
        let goal = Goal::of(cluster, job, count)?;
        let named =
            |number| job.inputs.iter().map(move |input| TopicPartition::new(input.topic.clone(), number));
        let partitions = (0..count).flat_map(named).collect();
        let member = Member::alone(cluster.settings(), &job.group, partitions)?;
        Ok(Self { goal: Some(goal), ..Self::over(cluster, job, member, watcher) })
    }

    /// A run that writes nothing.
    fn over(cluster: &'r Cluster, job: &'r Job, member: Member, watcher: &'r mut dyn Watcher) -> Self {
        Self {
            cluster,
            job,
            member,
            results: Results::new(job, None),
            local: Local::Memory,
            tasks: BTreeMap::new(),
            goal: None,
            tally: Tally::default(),
            patience: Patience::new(),
            says_done: false,
            transactional_id: String::new(),
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
        drop(self.member);
        self.local.flush()?;
        Ok((ended?, self.tally))
    }

    fn work(&mut self, stop: &dyn Fn() -> bool) -> Result<Ended, Error> {
        let mut assigned: Option<Vec<TopicPartition>> = None;
        loop {
            if stop() {
                return Ok(Ended::Stopped);
            }
            let Some(partitions) = assigned.take() else {
                match self.next_change(Duration::from_millis(100))? {
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
            let prepared = match self.prepare(&numbers, stop) {
                Err(Error::Kafka(error)) if error.may_pass() && self.patience.bears() => {
                    self.watcher.see(Event::Setback(&error));
                    match self.next_change(PAUSE)? {
                        None => {
                            assigned = Some(partitions);
                            continue;
                        }
                        change => change,
                    }
                }
                prepared => prepared?,
            };
            if let Some(change) = prepared {
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
                Turn::Changed(Change::Assigned(partitions)) => {
                    // What was put out and not committed is decided once more.
                    self.give_up(stop)?;
                    drop(assignment);
                    assigned = Some(partitions);
                }
                Turn::Changed(Change::Revoked) => {
                    self.rest()?;
                    self.member.let_go(Some(assignment))?;
                    self.watcher.see(Event::Revoked);
                }
                Turn::Changed(Change::Lost) => {
                    self.give_up(stop)?;
                    self.member.let_go(Some(assignment))?;
                    self.watcher.see(Event::Revoked);
                }
                Turn::Setback(setback) => {
                    self.recover(setback, stop)?;
                    drop(assignment);
                    assigned = Some(partitions);
                }
            }
        }
    }
}

fn join(cluster: &Cluster, job: &Job) -> Result<Member, Error> {
    let topics: Vec<TopicName> = job.inputs.iter().map(|input| input.topic.clone()).collect();
    let options = MemberOptions { instance: job.instance.clone() };
    Ok(Member::join(cluster.settings(), &job.group, &topics, &options)?)
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
