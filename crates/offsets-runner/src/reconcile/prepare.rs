use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use offsets_core::model::TopicPartition;
use offsets_kafka::eos::RebalanceEvent;
use offsets_kafka::{Deadline, Isolation};

use super::Reconciling;
use super::changelog::{Changelog, ReplicaCopy};
use super::results::Sink;
use super::task::{Committed, Found, Task};
use super::topics::prepare_topics;
use crate::course::{PAUSE, STEP, Seat};
use crate::{Error, Event};

/// What tasks go on from. It is decided when the run starts.
#[derive(Clone, Copy)]
pub(super) enum Past {
    /// What the changelog holds, which goes with the group's positions.
    Changelog,
    /// The group's positions: there is no changelog yet.
    Positions,
    /// Nothing: one task takes everything that is in the inputs, whose partitions need not be alike.
    Nothing,
}

/// For so long the changelog is read before the group is heard again. A member that says nothing for `max.poll.interval.ms` (five
/// minutes, unless that is set) is put out, and a long changelog would be begun again and again.
const SLICE: Duration = Duration::from_secs(20);

/// Tasks whose state does not go with what the group has committed, or not yet.
struct Late {
    /// What is wrong with the last of them.
    error: Error,
    /// The first one that is only apart: its transaction may still be on its way.
    apart: Option<TopicPartition>,
}

impl Reconciling<'_> {
    /// Brings the tasks of these partitions to where the group is. What the group decides meanwhile is given back.
    pub(super) fn restore(
        &mut self,
        seat: &mut Seat<'_>,
        assigned: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        let numbers = assign(seat, assigned);
        self.know(seat, assigned)?;
        let partitions = self.judged_of(&numbers);
        self.tasks.retain(|number, _| numbers.contains(number));
        let job = self.job;
        let changelog = Changelog { cluster: seat.cluster, topic: &job.changelog };
        // A transaction that was under way when its instance died ends after so long.
        let longest = job.transaction_timeout + job.timeout;
        let began = Instant::now();
        let (mut records, mut waits) = (0, false);
        loop {
            let deadline = seat.limit().at_most(STEP).deadline();
            // In this order: what the commits that are read here go with is in the changelog, or still on its way.
            let committed = seat.member.committed(&partitions, &deadline)?;
            let ends = changelog.ends(&numbers, &deadline)?;
            let end = |number: &i32| ends.get(number).copied().unwrap_or_default();
            self.tasks.retain(|number, task| task.is_current(&committed, end(number)));
            let mut copies = self.copies(seat, &numbers)?;
            loop {
                let before = reach(&copies);
                match changelog.catch_up(
                    &mut copies,
                    &mut records,
                    &Deadline::after(SLICE).or_stop(seat.stop),
                ) {
                    Ok(()) => break,
                    // There is more than that, and what was read counts.
                    Err(Error::Kafka(error)) if error.is_timeout() && reach(&copies) > before => {}
                    Err(error) => return Err(error),
                }
                if let Some(change) = seat.next_rebalance(Duration::ZERO)? {
                    return Ok(Some(change));
                }
                if seat.stop.is_said() {
                    return Ok(None);
                }
            }
            let Some(late) = self.find(seat, copies, &committed, numbers.len())? else { break };
            if let Some(partition) = late.apart.filter(|_| !waits) {
                waits = true;
                seat.watcher.see(Event::Waiting { partition: &partition, longest });
            }
            if began.elapsed() >= longest {
                return Err(late.error);
            }
            if let Some(change) = seat.next_rebalance(PAUSE)? {
                return Ok(Some(change));
            }
            if seat.stop.is_said() {
                return Ok(None);
            }
        }
        self.go_on(seat, &partitions, records)
    }

    /// An input can get more partitions while it is read: everything has to fit then as it had to at the start.
    fn know(&mut self, seat: &mut Seat<'_>, assigned: &[TopicPartition]) -> Result<(), Error> {
        let has_new = assigned.iter().any(|at| !self.judged.contains(at));
        if let Sink::Topics(outputs) = self.results.sink
            && has_new
        {
            self.judged = prepare_topics(seat.cluster, self.job, outputs, seat.limit(), seat.watcher)?;
            // Whoever was asked just now may not know of them yet.
            let unknown: Vec<_> = assigned.iter().filter(|at| !self.judged.contains(at)).cloned().collect();
            self.judged.extend(unknown);
        }
        Ok(())
    }

    /// Begins the tasks of these partitions where the group is: there is no changelog yet, and they remember nothing.
    pub(super) fn begin_at_positions(
        &mut self,
        seat: &mut Seat<'_>,
        assigned: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        let numbers = assign(seat, assigned);
        let partitions = self.judged_of(&numbers);
        let deadline = seat.limit().at_most(STEP).deadline();
        let committed = seat.member.committed(&partitions, &deadline)?;
        self.tasks.clear();
        let copies = self.copies(seat, &numbers)?;
        match self.find(seat, copies, &committed, numbers.len())? {
            None => self.go_on(seat, &partitions, 0),
            Some(late) => Err(late.error),
        }
    }

    /// Begins one task that takes all partitions.
    pub(super) fn begin_as_one(
        &mut self,
        seat: &mut Seat<'_>,
        assigned: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        self.tasks = BTreeMap::from([(0, Task::over(assigned, self.job)?)]);
        self.begin(seat, assigned)?;
        seat.next_rebalance(Duration::ZERO)
    }

    /// The partitions of everything that is judged which have one of these numbers.
    fn judged_of(&self, numbers: &[i32]) -> Vec<TopicPartition> {
        let judged = self.judged.iter().filter(|partition| numbers.contains(&partition.partition));
        judged.cloned().collect()
    }

    /// The copies of the changelog for the tasks that are not there.
    fn copies(&mut self, seat: &mut Seat<'_>, numbers: &[i32]) -> Result<BTreeMap<i32, ReplicaCopy>, Error> {
        let mut copies = BTreeMap::new();
        for &number in numbers {
            if self.tasks.contains_key(&number) {
                continue;
            }
            let copy = match self.local.copy(number) {
                Err(Error::Store(cause)) if cause.is_state_damage() => {
                    self.set_aside(seat, number, &cause)?;
                    self.local.copy(number)
                }
                copy => copy,
            };
            copies.insert(number, copy?);
        }
        Ok(copies)
    }

    /// What is damaged in a local copy may be whole in the changelog: it is read from its beginning once more.
    fn set_aside(
        &mut self,
        seat: &mut Seat<'_>,
        number: i32,
        cause: &dyn std::error::Error,
    ) -> Result<(), Error> {
        if let Some(file) = self.local.set_aside(number)? {
            seat.watcher.see(Event::CopyDamaged { partition: number, cause, file: &file });
        }
        Ok(())
    }

    /// Takes the tasks that are in these copies, as far as they are where the group is; memory is shared `among` so many.
    fn find(
        &mut self,
        seat: &mut Seat<'_>,
        copies: BTreeMap<i32, ReplicaCopy>,
        committed: &Committed,
        among: usize,
    ) -> Result<Option<Late>, Error> {
        let memory = self.job.memory.map(|bytes| bytes / among.max(1));
        let (mut last, mut apart) = (None, None);
        for (number, copy) in copies {
            let partition = TopicPartition::new(self.job.changelog.clone(), number);
            match Task::find(number, copy, committed, self.job, &partition, memory)? {
                Found::Task(task) => {
                    self.local.found(number);
                    self.tasks.insert(number, *task);
                }
                Found::Apart(error) => {
                    last = Some(error);
                    apart.get_or_insert(partition);
                }
                Found::Damaged(error) => {
                    self.set_aside(seat, number, &error)?;
                    last = Some(error);
                }
            }
        }
        Ok(last.map(|error| Late { error, apart }))
    }

    /// Says that the tasks are there, and reads on.
    fn go_on(
        &mut self,
        seat: &mut Seat<'_>,
        partitions: &[TopicPartition],
        records: u64,
    ) -> Result<Option<RebalanceEvent>, Error> {
        self.begin(seat, partitions)?;
        let remembered = self.tasks.values_mut().map(|task| task.judge.remembered()).sum();
        seat.watcher.see(Event::Restored { records, remembered });
        seat.next_rebalance(Duration::ZERO)
    }

    /// Begins inputs that were never read at their log start, and sees that nothing is gone that was not read.
    fn begin(&mut self, seat: &Seat<'_>, partitions: &[TopicPartition]) -> Result<(), Error> {
        let deadline = seat.limit().deadline();
        let ranges =
            seat.cluster.log_ranges(partitions, Isolation::ReadCommitted, &deadline).into_result()?;
        for (partition, range) in ranges {
            let reads = |task: &&mut Task| task.input_of(&partition).is_some();
            let Some(task) = self.tasks.values_mut().find(reads) else { continue };
            task.begin(&partition, range.start);
            let next = task.input_of(&partition).and_then(|(_, input)| input.next()).unwrap_or(range.start);
            if next < range.start {
                return Err(Error::Deleted { partition, committed: next, start: range.start });
            }
        }
        Ok(())
    }
}

/// How far copies go in all.
fn reach(copies: &BTreeMap<i32, ReplicaCopy>) -> i64 {
    copies.values().filter_map(|copy| copy.place().next()).fold(0, i64::saturating_add)
}

/// The numbers of the partitions that are this instance's now.
fn assign(seat: &mut Seat<'_>, assigned: &[TopicPartition]) -> Vec<i32> {
    let numbers: BTreeSet<i32> = assigned.iter().map(|partition| partition.partition).collect();
    let numbers: Vec<i32> = numbers.into_iter().collect();
    seat.watcher.see(Event::Assigned(&numbers));
    numbers
}
