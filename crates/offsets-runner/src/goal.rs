use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use offsets_core::model::TopicPartition;
use offsets_kafka::exchange::Member;
use offsets_kafka::{Cluster, Deadline, Isolation};

use crate::task::Task;
use crate::{Error, Job};

/// Where a run is to end: behind the last record that each partition held when it began, whoever works on it.
pub(crate) struct Goal {
    ends: BTreeMap<TopicPartition, i64>,
    looked: Option<Instant>,
}

/// How often it is asked how far others have come.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Goal {
    pub(crate) fn of(cluster: &Cluster, job: &Job, partitions: i32) -> Result<Self, Error> {
        let deadline = Deadline::after(job.timeout);
        let named =
            |number| job.inputs.iter().map(move |input| TopicPartition::new(input.topic.clone(), number));
        let all: Vec<_> = (0..partitions).flat_map(named).collect();
        let mut ends = BTreeMap::new();
        for (partition, range) in
            cluster.log_ranges(&all, Isolation::ReadCommitted, &deadline).into_result()?
        {
            if let Some(last) = last_record(cluster, &partition, range.start..range.end, job)? {
                ends.insert(partition, last + 1);
            }
        }
        Ok(Self { ends, looked: None })
    }

    /// Whether it is reached: by these tasks as far as they go, and elsewhere by what the group has committed.
    pub(crate) fn is_reached(
        &mut self,
        tasks: &BTreeMap<i32, Task>,
        member: &Member,
        timeout: Duration,
    ) -> Result<bool, Error> {
        let reached = |(_, input): (u16, &crate::task::TaskInput)| {
            self.ends.get(&input.partition).is_none_or(|end| input.next().is_some_and(|next| next >= *end))
        };
        if !tasks.values().all(|task| task.inputs().all(reached)) {
            return Ok(false);
        }
        let elsewhere = self.ends.keys().filter(|partition| !tasks.contains_key(&partition.partition));
        let elsewhere: Vec<_> = elsewhere.cloned().collect();
        if elsewhere.is_empty() {
            return Ok(true);
        }
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return Ok(false);
        }
        self.looked = Some(Instant::now());
        let committed = member.committed(&elsewhere, &Deadline::after(timeout))?;
        let come = |partition: &TopicPartition| committed.get(partition).map(|position| position.offset);
        Ok(elsewhere.iter().all(|partition| come(partition) >= self.ends.get(partition).copied()))
    }
}

/// The last record of a span: behind it may be offsets that hold none, and reading waits for no record there.
fn last_record(
    cluster: &Cluster,
    partition: &TopicPartition,
    span: Range<i64>,
    job: &Job,
) -> Result<Option<i64>, Error> {
    let mut reach = 64;
    loop {
        let from = span.end.saturating_sub(reach).max(span.start);
        let mut last = None;
        let read = cluster.read(&partition.topic).span(partition.partition, from..span.end).clipped();
        read.visit(&Deadline::after(job.timeout), |record| last = Some(record.offset))?;
        if last.is_some() || from == span.start {
            return Ok(last);
        }
        reach = reach.saturating_mul(16);
    }
}
