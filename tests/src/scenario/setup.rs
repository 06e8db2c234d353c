//! Setting the scene: records, groups, and how far MirrorMaker 2 has come.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result, ensure};

use super::Scenario;
use crate::kafka::{
    self, Checkpoint, Ending, Follower, Isolation, Log, LoggedRecord, PartitionLog, Producer, RecordId, Sync,
};
use crate::wait::{self, TIMEOUT};

/// Records and groups on the source.
impl Scenario<'_> {
    /// Produces `count` plain records to each partition, each under a key of its own.
    ///
    /// # Errors
    ///
    /// When a record is not delivered.
    pub fn produce(&mut self, count: u64) -> Result<()> {
        self.produce_under(count, |id| format!("key-{}", id.0))
    }

    /// Produces `count` plain records to each partition, under the keys that `key` gives.
    ///
    /// # Errors
    ///
    /// When a record is not delivered.
    pub fn produce_under(&mut self, count: u64, key: impl Fn(RecordId) -> String) -> Result<()> {
        let producer = Producer::new(&self.rig.source.bootstrap(), &self.names.topic)?;
        for id in self.new_ids(count)? {
            let id = RecordId(id);
            producer.send(self.partition_of(id)?, &key(id), id)?;
        }
        self.note(producer.landed()?);
        Ok(())
    }

    /// Produces `count` transactions, each with `size` records for each partition; every `abort_every`th is aborted.
    ///
    /// # Errors
    ///
    /// When a record is not delivered or a transaction does not end.
    pub fn produce_transactions(&mut self, count: u64, size: u64, abort_every: u64) -> Result<()> {
        let producer = Producer::transactional(&self.rig.source.bootstrap(), &self.names.topic)?;
        for number in 1..=count {
            let ending = if number % abort_every == 0 { Ending::Abort } else { Ending::Commit };
            let ids = self.new_ids(size)?;
            producer.transaction(ending, |producer| {
                ids.map(RecordId).try_for_each(|id| producer.send(self.partition_of(id)?, "key", id))
            })?;
        }
        self.note(producer.landed()?);
        Ok(())
    }

    /// Commits `offsets`, one a partition, for the group called `<scenario>-<name>`.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn group_at(&mut self, name: &str, offsets: BTreeMap<i32, i64>) -> Result<()> {
        let group = format!("{}-{name}", self.name);
        kafka::commit(&self.rig.source.bootstrap(), &group, &self.names.topic, &offsets)?;
        self.groups.insert(group, offsets);
        Ok(())
    }

    /// Commits, for a group `<scenario>-lag-<lag>` a lag, that many offsets below the log ends of the source.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn groups_lagging(&mut self, lags: &[i64]) -> Result<()> {
        self.source_log(Isolation::ReadUncommitted)?;
        for lag in lags {
            let behind = self.source_ends.iter().map(|(partition, end)| (*partition, (end - lag).max(0)));
            self.group_at(&format!("lag-{lag}"), behind.collect())?;
        }
        Ok(())
    }

    /// Reads the topic on the source.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or a record is not where its producer was told it is.
    pub fn source_log(&mut self, isolation: Isolation) -> Result<Log> {
        let log = Log::read(&self.rig.source.bootstrap(), &self.names.topic, isolation)?;
        for (number, part) in log.partitions() {
            let landed = self.written.partition(number).map_or(&[][..], |part| &part.records[..]);
            let told =
                |record: &LoggedRecord| landed.binary_search_by_key(&record.offset, |known| known.offset);
            let stray =
                part.records.iter().find(|record| told(record).ok().map(|at| landed[at]) != Some(**record));
            ensure!(stray.is_none(), "{stray:?} was not announced in partition {number} of the source");
            self.source_ends.insert(number, part.end);
        }
        Ok(log)
    }

    /// Adds records to those already written.
    fn note(&mut self, landed: Log) {
        self.written.append(landed);
        self.source_ends.extend(self.written.partitions().map(|(number, part)| (number, part.end)));
    }

    /// Identities for `count` records of each partition.
    fn new_ids(&mut self, count: u64) -> Result<Range<u64>> {
        let first = self.next_id;
        self.next_id += count * u64::try_from(self.partitions)?;
        Ok(first..self.next_id)
    }

    /// Records go round the partitions.
    fn partition_of(&self, id: RecordId) -> Result<i32> {
        Ok(i32::try_from(id.0 % u64::try_from(self.partitions)?)?)
    }
}

/// How far MirrorMaker 2 has come, asked of the clusters.
impl Scenario<'_> {
    /// Waits until the last record of every partition has been copied.
    ///
    /// # Errors
    ///
    /// When it is not in time, or MM2 ends.
    pub fn await_mirrored(&mut self) -> Result<()> {
        let source = self.source_log(self.copied)?;
        let mut awaited: BTreeMap<i32, RecordId> = source
            .partitions()
            .filter_map(|(number, part)| Some((number, part.records.last()?.id?)))
            .collect();
        self.follow_target("the last records", |partition, id| {
            if awaited.get(&partition) == Some(&id) {
                awaited.remove(&partition);
            }
            awaited.is_empty()
        })
    }

    /// Waits until `count` records, over all partitions, have been copied.
    ///
    /// # Errors
    ///
    /// When they are not in time, or MM2 ends.
    pub fn await_copied(&mut self, count: usize) -> Result<()> {
        let mut seen = 0;
        self.follow_target(&format!("{count} records"), |_, _| {
            seen += 1;
            seen >= count
        })
    }

    /// Waits until the newest sync of every partition is that of its last record. MM2 writes this pair when it
    /// commits, after it has flushed its own position (`MirrorSourceTask.commit`).
    ///
    /// # Errors
    ///
    /// When it does not come in time, or MM2 ends.
    pub fn await_synced(&mut self) -> Result<BTreeMap<i32, Sync>> {
        let source = self.source_log(self.copied)?;
        let last = |number: i32| source.partition(number)?.records.last().map(|record| record.offset);
        self.await_mm2("the syncs of the last records", |scenario| {
            let newest: BTreeMap<i32, Sync> =
                scenario.syncs()?.into_iter().map(|sync| (sync.partition, sync)).collect();
            let complete = source
                .partitions()
                .all(|(number, _)| newest.get(&number).map(|sync| sync.upstream) == last(number));
            Ok(complete.then_some(newest))
        })
    }

    /// Waits until MM2 has flushed its position behind the last record of every partition.
    ///
    /// # Errors
    ///
    /// When it does not in time, or MM2 ends.
    pub fn await_flushed(&mut self) -> Result<()> {
        let source = self.source_log(self.copied)?;
        let last = |part: &PartitionLog| part.records.last().map(|record| record.offset);
        self.await_mm2("its position behind the last records", |scenario| {
            let flushed = scenario.flushed()?;
            let complete =
                source.partitions().all(|(number, part)| flushed.get(&number).copied() == last(part));
            Ok(complete.then_some(()))
        })
    }

    /// Per partition, the source offset of the last record behind which MM2 has flushed its position.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn flushed(&self) -> Result<BTreeMap<i32, i64>> {
        let positions = kafka::source_positions(&self.rig.target.bootstrap(), &self.names.positions)?;
        let of_topic = positions.into_iter().filter(|((topic, _), _)| *topic == self.names.topic);
        Ok(of_topic.map(|((_, partition), offset)| (partition, offset)).collect())
    }

    /// Waits until MM2 knows all it can know about the groups: all syncs are written, and a group committed after
    /// that, at the log ends of the source, has its checkpoint. The other groups were looked at in the same round.
    ///
    /// # Errors
    ///
    /// When it does not come in time, or MM2 ends.
    pub fn await_checkpoints(&mut self) -> Result<()> {
        let newest = self.await_synced()?;
        self.group_at("witness", self.source_ends.clone())?;
        let witness = format!("{}-witness", self.name);
        self.await_mm2("the checkpoints", |scenario| {
            let checkpoints = scenario.checkpoints()?;
            let settled = newest.values().all(|sync| {
                let checkpoint = checkpoints.get(&(witness.clone(), sync.partition));
                checkpoint.is_some_and(|checkpoint| checkpoint.downstream > sync.downstream)
            });
            Ok(settled.then_some(()))
        })
    }

    /// All syncs so far.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub fn syncs(&self) -> Result<Vec<Sync>> {
        let broker = if self.names.syncs_on_target { &self.rig.target } else { &self.rig.source };
        kafka::syncs(&broker.bootstrap(), &self.names.syncs)
    }

    /// The newest checkpoint of each group and partition.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub fn checkpoints(&self) -> Result<BTreeMap<(String, i32), Checkpoint>> {
        let checkpoints = kafka::checkpoints(&self.rig.target.bootstrap(), &self.names.checkpoints)?;
        let of_topic = checkpoints.into_iter().filter(|checkpoint| checkpoint.topic == self.names.mirrored);
        Ok(of_topic
            .map(|checkpoint| ((checkpoint.group.clone(), checkpoint.partition), checkpoint))
            .collect())
    }

    /// Reads the mirror topic as it grows, until `enough` says so.
    fn follow_target(&mut self, what: &str, mut enough: impl FnMut(i32, RecordId) -> bool) -> Result<()> {
        let (target, partitions) = (self.rig.target.bootstrap(), self.partitions);
        self.await_mm2("the mirror topic", |scenario| {
            let count = kafka::partition_count(&target, &scenario.names.mirrored)?;
            Ok((count == Some(partitions)).then_some(()))
        })?;
        let follower = Follower::new(&target, &self.names.mirrored, partitions, Isolation::ReadCommitted)?;
        self.await_mm2(&format!("copies of {what}"), |_| {
            while let Some((partition, record)) = follower.next()? {
                if record.id.is_some_and(|id| enough(partition, id)) {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })
    }

    /// Waits for something that MM2 does, and fails at once if MM2 has ended.
    fn await_mm2<T>(&mut self, what: &str, mut ask: impl FnMut(&Self) -> Result<Option<T>>) -> Result<T> {
        let what = format!("{what} of scenario {}", self.name);
        let came = wait::until(&what, TIMEOUT, || {
            self.mirror.assert_running()?;
            ask(self)
        });
        came.with_context(|| self.mirror.tail())
    }
}
