use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use offsets_core::model::TopicPartition;
use offsets_core::reconcile::{Header, IdentityRule, Position, Record};
use offsets_kafka::exchange::{Assignment, Change, Setback};
use offsets_kafka::{Deadline, Isolation};
use offsets_store::TableCost;

use super::{Ended, Runner, STEP};
use crate::lane::{Arrival, Lane};
use crate::results::Stopped;
use crate::task::{MARK, Task};
use crate::{Error, Event};

/// Why the work on an assignment ends.
pub(super) enum Turn {
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

impl Runner<'_> {
    /// Works on an assignment until something happens.
    pub(super) fn turn(&mut self, assignment: &Assignment, stop: &dyn Fn() -> bool) -> Result<Turn, Error> {
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
            let is_done = moved == 0 && self.is_done()?;
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
            if (is_done || stops) && !self.tasks.values().any(|task| task.is_dirty) {
                return Ok(Turn::Ended(if stops { Ended::Stopped } else { Ended::Done }));
            }
            if reported_at.is_none_or(|at| at.elapsed() >= REPORT) {
                reported_at = Some(Instant::now());
                self.report();
            }
            let wait = if moved == 0 { IDLE } else { Duration::ZERO };
            if let Some(change) = self.next_change(wait)? {
                if change == Change::Revoked
                    && let Err(stopped) = self.commit()
                {
                    return match stopped {
                        Stopped::Setback(setback) => {
                            self.recover(setback, stop)?;
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
        // A copy has the timestamp of its original only where that is the producer's.
        let by_copy = job.rules.examination.identity == IdentityRule::Copy;
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
                    timestamp_ms: raw.timestamp_ms.filter(|_| raw.is_producers_timestamp || !by_copy),
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
        self.patience.renew();
        let remembered = self.tasks.values_mut().map(|task| task.judge.remembered()).sum();
        let mut cost = TableCost::default();
        self.tasks.values_mut().for_each(|task| cost += task.judge.cost());
        self.watcher.see(Event::Committed { tally: &self.tally, remembered, cost });
        if !self.says_done && !self.tasks.is_empty() && self.tasks.values().all(|task| task.judge.is_done()) {
            self.says_done = true;
            self.watcher.see(Event::NothingComesAgain);
        }
        Ok(())
    }

    /// Whether everything is done that was there at the beginning.
    fn is_done(&mut self) -> Result<bool, Error> {
        let Some(goal) = &mut self.goal else { return Ok(false) };
        match goal.is_reached(&self.tasks, &self.member, STEP) {
            Err(Error::Kafka(error)) if error.may_pass() => Ok(false),
            reached => reached,
        }
    }

    /// Tells how far behind the inputs are. It is of no consequence when that cannot be learnt now.
    fn report(&mut self) {
        let inputs = || self.tasks.values().flat_map(Task::positions);
        let partitions: Vec<_> = inputs().map(|(partition, _)| partition).collect();
        let deadline = Deadline::after(Duration::from_secs(1));
        let ranges = self.cluster.log_ranges(&partitions, Isolation::ReadCommitted, &deadline);
        let Ok(ranges) = ranges.into_result() else { return };
        let lag = inputs().filter_map(|(partition, next)| {
            let end = ranges.get(&partition)?.end;
            Some((partition, end.saturating_sub(next).max(0)))
        });
        self.watcher.see(Event::Lag(&lag.collect()));
    }
}
