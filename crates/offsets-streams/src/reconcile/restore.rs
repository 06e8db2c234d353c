use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use offsets_core::model::TopicPartition;
use offsets_kafka::eos::RebalanceEvent;
use offsets_kafka::{Deadline, Isolation};

use super::ReconcileProcessor;
use super::changelog::{Changelog, ReplicaCopy};
use super::result_router::Sink;
use super::task::{Committed, RestoreOutcome, Task};
use super::topics::prepare_topics;
use crate::processing_loop::{GroupSession, REQUEST_TIMEOUT, RETRY_BACKOFF};
use crate::{Error, Event, clock};

/// What tasks go on from. It is decided when the run starts.
#[derive(Clone, Copy)]
pub(super) enum StartFrom {
    /// What the changelog holds, which goes with the group's positions.
    Changelog,
    /// The group's positions: there is no changelog yet.
    CommittedOffsets,
    /// Nothing: one task takes everything that is in the inputs, whose partitions need not be alike.
    LogStart,
}

/// Maximum time for which the changelog is read before the group is polled again. A member that says nothing for `max.poll.interval.ms` (five
/// minutes, unless that is set) is put out, and a long changelog would be begun again and again.
const RESTORE_SLICE: Duration = Duration::from_secs(20);

/// Tasks whose state does not go with what the group has committed, or not yet.
struct NotRestored {
    /// What is wrong with the last of them.
    error: Error,
    /// The first one that is only apart: its transaction may still be on its way.
    mismatched: Option<TopicPartition>,
}

impl ReconcileProcessor<'_> {
    /// Brings the tasks of these partitions to where the group is. What the group decides meanwhile is given back.
    pub(super) fn restore(
        &mut self,
        session: &mut GroupSession<'_>,
        assigned: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        let numbers = assign(session, assigned);
        self.refresh_partitions(session, assigned)?;
        let partitions = self.partitions_of_tasks(&numbers);
        self.tasks.retain(|number, _| numbers.contains(number));
        let job = self.job;
        let changelog = Changelog { cluster: session.cluster, topic: &job.changelog };
        // A transaction that was under way when its instance died ends after that timeout.
        let longest = job.transaction_timeout + job.timeout;
        let began = clock::instant();
        let (mut records, mut waits) = (0, false);
        loop {
            let deadline = session.limit().at_most(REQUEST_TIMEOUT).deadline();
            // In this order: what the commits that are read here go with is in the changelog, or still on its way.
            let committed = session.member.committed(&partitions, &deadline)?;
            let ends = changelog.ends(&numbers, &deadline)?;
            let end = |number: &i32| ends.get(number).copied().unwrap_or_default();
            self.tasks.retain(|number, task| task.is_current(&committed, end(number)));
            let mut copies = self.copies(session, &numbers)?;
            loop {
                let before = total_offset(&copies);
                match changelog.catch_up(
                    &mut copies,
                    &mut records,
                    &Deadline::after(RESTORE_SLICE).or_stop(session.stop),
                ) {
                    Ok(()) => break,
                    // There is more than that, and what was read counts.
                    Err(Error::Kafka(error)) if error.is_timeout() && total_offset(&copies) > before => {}
                    Err(error) => return Err(error),
                }
                if let Some(change) = session.next_rebalance(Duration::ZERO)? {
                    return Ok(Some(change));
                }
                if session.stop.is_requested() {
                    return Ok(None);
                }
            }
            let Some(not_restored) = self.restore_tasks(session, copies, &committed, numbers.len())? else {
                break;
            };
            if let Some(partition) = not_restored.mismatched.filter(|_| !waits) {
                waits = true;
                session.listener.on_event(Event::WaitingForTransaction { partition: &partition, longest });
            }
            if began.elapsed() >= longest {
                return Err(not_restored.error);
            }
            if let Some(change) = session.next_rebalance(RETRY_BACKOFF)? {
                return Ok(Some(change));
            }
            if session.stop.is_requested() {
                return Ok(None);
            }
        }
        self.finish_restore(session, &partitions, records)
    }

    /// An input can get more partitions while it is read: everything has to fit then as it had to at the start.
    fn refresh_partitions(
        &mut self,
        session: &mut GroupSession<'_>,
        assigned: &[TopicPartition],
    ) -> Result<(), Error> {
        let has_new = assigned.iter().any(|at| !self.task_partitions.contains(at));
        if let Sink::Topics(outputs) = self.router.sink
            && has_new
        {
            self.task_partitions =
                prepare_topics(session.cluster, self.job, outputs, session.limit(), session.listener)?;
            // The broker that was asked may not know of them yet.
            let unknown: Vec<_> =
                assigned.iter().filter(|at| !self.task_partitions.contains(at)).cloned().collect();
            self.task_partitions.extend(unknown);
        }
        Ok(())
    }

    /// Begins the tasks of these partitions where the group is: there is no changelog yet, and they remember nothing.
    pub(super) fn begin_at_positions(
        &mut self,
        session: &mut GroupSession<'_>,
        assigned: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        let numbers = assign(session, assigned);
        let partitions = self.partitions_of_tasks(&numbers);
        let deadline = session.limit().at_most(REQUEST_TIMEOUT).deadline();
        let committed = session.member.committed(&partitions, &deadline)?;
        self.tasks.clear();
        let copies = self.copies(session, &numbers)?;
        match self.restore_tasks(session, copies, &committed, numbers.len())? {
            None => self.finish_restore(session, &partitions, 0),
            Some(not_restored) => Err(not_restored.error),
        }
    }

    /// Begins one task that takes all partitions.
    pub(super) fn begin_as_one(
        &mut self,
        session: &mut GroupSession<'_>,
        assigned: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error> {
        self.tasks = BTreeMap::from([(0, Task::over(assigned, self.job)?)]);
        self.begin_inputs(session, assigned)?;
        session.next_rebalance(Duration::ZERO)
    }

    /// The partitions of everything that is judged which have one of these numbers.
    fn partitions_of_tasks(&self, numbers: &[i32]) -> Vec<TopicPartition> {
        let task_partitions =
            self.task_partitions.iter().filter(|partition| numbers.contains(&partition.partition));
        task_partitions.cloned().collect()
    }

    /// The copies of the changelog for the tasks that are not there.
    fn copies(
        &mut self,
        session: &mut GroupSession<'_>,
        numbers: &[i32],
    ) -> Result<BTreeMap<i32, ReplicaCopy>, Error> {
        let mut copies = BTreeMap::new();
        for &number in numbers {
            if self.tasks.contains_key(&number) {
                continue;
            }
            let copy = match self.local.copy(number) {
                Err(Error::Store(cause)) if cause.is_state_damage() => {
                    self.quarantine(session, number, &cause)?;
                    self.local.copy(number)
                }
                copy => copy,
            };
            copies.insert(number, copy?);
        }
        Ok(copies)
    }

    /// What is damaged in a local copy may be whole in the changelog: it is read from its beginning once more.
    fn quarantine(
        &mut self,
        session: &mut GroupSession<'_>,
        number: i32,
        cause: &dyn std::error::Error,
    ) -> Result<(), Error> {
        if let Some(file) = self.local.quarantine(number)? {
            session.listener.on_event(Event::CopyDamaged { partition: number, cause, file: &file });
        }
        Ok(())
    }

    /// Takes the tasks that are in these copies, as far as they are where the group is; memory is shared `among` this number.
    fn restore_tasks(
        &mut self,
        session: &mut GroupSession<'_>,
        copies: BTreeMap<i32, ReplicaCopy>,
        committed: &Committed,
        among: usize,
    ) -> Result<Option<NotRestored>, Error> {
        let memory = self.job.memory.map(|bytes| bytes / among.max(1));
        let (mut last, mut mismatched) = (None, None);
        for (number, copy) in copies {
            let partition = TopicPartition::new(self.job.changelog.clone(), number);
            match Task::restore(number, copy, committed, self.job, &partition, memory)? {
                RestoreOutcome::Task(task) => {
                    self.local.found(number);
                    self.tasks.insert(number, *task);
                }
                RestoreOutcome::Mismatch(error) => {
                    last = Some(error);
                    mismatched.get_or_insert(partition);
                }
                RestoreOutcome::Damaged(error) => {
                    self.quarantine(session, number, &error)?;
                    last = Some(error);
                }
            }
        }
        Ok(last.map(|error| NotRestored { error, mismatched }))
    }

    /// Says that the tasks are there, and reads on.
    fn finish_restore(
        &mut self,
        session: &mut GroupSession<'_>,
        partitions: &[TopicPartition],
        records: u64,
    ) -> Result<Option<RebalanceEvent>, Error> {
        self.begin_inputs(session, partitions)?;
        let remembered = self.tasks.values_mut().map(|task| task.operator.remembered()).sum();
        session.listener.on_event(Event::Restored { records, remembered });
        session.next_rebalance(Duration::ZERO)
    }

    /// Begins inputs that were never read at their log start, and sees that nothing is gone that was not read.
    fn begin_inputs(
        &mut self,
        session: &GroupSession<'_>,
        partitions: &[TopicPartition],
    ) -> Result<(), Error> {
        let deadline = session.limit().deadline();
        let ranges =
            session.cluster.log_ranges(partitions, Isolation::ReadCommitted, &deadline).into_result()?;
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
fn total_offset(copies: &BTreeMap<i32, ReplicaCopy>) -> i64 {
    copies.values().filter_map(|copy| copy.checkpoint().next()).fold(0, i64::saturating_add)
}

/// The numbers of the partitions that are this instance's now.
fn assign(session: &mut GroupSession<'_>, assigned: &[TopicPartition]) -> Vec<i32> {
    let numbers: BTreeSet<i32> = assigned.iter().map(|partition| partition.partition).collect();
    let numbers: Vec<i32> = numbers.into_iter().collect();
    session.listener.on_event(Event::Assigned(&numbers));
    numbers
}
