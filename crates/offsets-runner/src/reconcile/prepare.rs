use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use offsets_core::model::TopicPartition;
use offsets_kafka::exchange::Change;
use offsets_kafka::{Deadline, Isolation};

use super::changelog::{Changelog, Copy};
use super::task::{Committed, Found, Task};
use super::{READING, Reconciling};
use crate::course::{PAUSE, STEP, Seat};
use crate::{Error, Event};

impl Reconciling<'_> {
    /// Brings the tasks of these partitions to where the group is. What the group decides meanwhile is given back.
    pub(super) fn restore(
        &mut self,
        seat: &mut Seat<'_>,
        assigned: &[TopicPartition],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Change>, Error> {
        if self.job.repartition.is_some() && !seat.writes() {
            self.tasks = BTreeMap::from([(0, Task::over(assigned, self.job)?)]);
            self.begin(seat, assigned)?;
            return seat.next_change(Duration::ZERO);
        }
        let numbers: BTreeSet<i32> = assigned.iter().map(|partition| partition.partition).collect();
        let numbers: Vec<i32> = numbers.into_iter().collect();
        seat.watcher.see(Event::Assigned(&numbers));
        self.tasks.retain(|number, _| numbers.contains(number));
        let job = self.job;
        let changelog = Changelog { cluster: seat.cluster, topic: &job.changelog };
        let has_changelog =
            seat.writes() || seat.cluster.partitions(&job.changelog, &Deadline::after(job.timeout)).is_ok();
        let judged = self.judged.iter().filter(|partition| numbers.contains(&partition.partition));
        let partitions: Vec<_> = judged.cloned().collect();
        // A transaction that was under way when its instance died ends after so long.
        let longest = job.transaction_timeout + job.timeout;
        let patience = Deadline::after(longest);
        let (mut records, mut waits) = (0, false);
        loop {
            let deadline = Deadline::after(job.timeout.min(STEP));
            // In this order: what the commits that are read here go with is in the changelog, or still on its way.
            let committed = seat.member.committed(&partitions, &deadline)?;
            let ends = if has_changelog { changelog.ends(&numbers, &deadline)? } else { BTreeMap::new() };
            let end = |number: &i32| ends.get(number).copied().unwrap_or_default();
            self.tasks.retain(|number, task| task.is_current(&committed, end(number)));
            let mut copies: BTreeMap<i32, Copy> = BTreeMap::new();
            for number in numbers.iter().filter(|number| !self.tasks.contains_key(number)) {
                copies.insert(*number, self.local.copy(*number)?);
            }
            if has_changelog {
                records += changelog.catch_up(&mut copies, &Deadline::after(READING))?;
            }
            let mut late = None;
            for (number, copy) in copies {
                let partition = changelog.partition(number);
                let memory = job.memory.map(|bytes| bytes / numbers.len().max(1));
                match self.find(number, copy, &committed, &partition, memory)? {
                    Found::Task(task) => drop(self.tasks.insert(number, *task)),
                    Found::Apart(error) => {
                        if has_changelog && !std::mem::replace(&mut waits, true) {
                            seat.watcher.see(Event::Waiting { partition: &partition, longest });
                        }
                        late = Some(error);
                    }
                    Found::Damaged(error) => late = Some(error),
                }
            }
            match late {
                None => break,
                Some(error) if patience.has_passed() || !has_changelog => return Err(error),
                Some(_) => {
                    if let Some(change) = seat.next_change(PAUSE)? {
                        return Ok(Some(change));
                    }
                    if stop() {
                        return Ok(None);
                    }
                }
            }
        }
        self.begin(seat, &partitions)?;
        let remembered = self.tasks.values_mut().map(|task| task.judge.remembered()).sum();
        seat.watcher.see(Event::Restored { records, remembered });
        seat.next_change(Duration::ZERO)
    }

    fn find(
        &mut self,
        number: i32,
        copy: Copy,
        committed: &Committed,
        partition: &TopicPartition,
        memory: Option<usize>,
    ) -> Result<Found, Error> {
        let found = Task::find(number, copy, committed, self.job, partition, memory)?;
        if let Found::Damaged(_) = found {
            // What is damaged here may be whole in the changelog: it is read from its beginning once more.
            self.local.forget(number)?;
        }
        Ok(found)
    }

    /// Begins inputs that were never read at their log start, and sees that nothing is gone that was not read.
    fn begin(&mut self, seat: &Seat<'_>, partitions: &[TopicPartition]) -> Result<(), Error> {
        let deadline = Deadline::after(self.job.timeout);
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
