use std::collections::BTreeMap;
use std::time::Duration;

use offsets_core::model::TopicPartition;
use offsets_kafka::exchange::Change;
use offsets_kafka::{Deadline, Isolation};

use super::{PAUSE, READING, Runner, STEP};
use crate::changelog::{Changelog, Copy};
use crate::task::{Committed, Found, Task};
use crate::{Error, Event};

impl Runner<'_> {
    /// Brings the tasks of these partitions to where the group is. What the group decides meanwhile is given back.
    pub(super) fn prepare(
        &mut self,
        numbers: &[i32],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Change>, Error> {
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
        let longest = job.transaction_timeout + job.timeout;
        let patience = Deadline::after(longest);
        let (mut records, mut waits) = (0, false);
        loop {
            let deadline = Deadline::after(job.timeout.min(STEP));
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
                            self.watcher.see(Event::Waiting { partition: &partition, longest });
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
                    if let Some(change) = self.next_change(PAUSE)? {
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
        self.next_change(Duration::ZERO)
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
        }
        Ok(())
    }

    /// Notes how far the copies go, now that everything is committed, so that little needs to be read when the tasks come back.
    pub(super) fn rest(&mut self) -> Result<(), Error> {
        if self.results.outbox.is_none() {
            return Ok(());
        }
        let numbers: Vec<i32> = self.tasks.keys().copied().collect();
        let inputs = self.tasks.values().flat_map(Task::inputs);
        let partitions: Vec<_> = inputs.map(|(_, input)| input.partition.clone()).collect();
        let changelog = Changelog { cluster: self.cluster, topic: &self.job.changelog };
        let deadline = Deadline::after(self.job.transaction_timeout);
        // Without the answers, more is read again. In this order: where the group is still where a task is, nobody else has
        // added to the changelog what the copy does not have.
        let Ok(ends) = changelog.ends(&numbers, &deadline) else { return Ok(()) };
        let Ok(committed) = self.member.committed(&partitions, &deadline) else { return Ok(()) };
        for (number, task) in &mut self.tasks {
            if let Some(end) = ends.get(number).filter(|_| task.is_where(&committed)) {
                task.place(*end)?;
            }
        }
        Ok(())
    }
}
