use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use offsets_core::model::{LogRange, TopicPartition};
use offsets_kafka::{Cluster, Isolation};

use super::GroupSession;
use crate::limit::Limit;
use crate::{Error, Event, RunListener, clock};

/// Where a run is to end: behind the last record that each partition held when it began, whichever instance works on it.
pub(crate) struct EndOffsets {
    /// What the partitions held whose last record is not known yet: a transaction may be open in them.
    open: BTreeMap<TopicPartition, LogRange<i64>>,
    ends: BTreeMap<TopicPartition, i64>,
    checked_at: Option<Instant>,
}

/// How often it is asked how far others have come.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

impl EndOffsets {
    /// The goal behind everything that is in these partitions: with [`Isolation::ReadUncommitted`] behind what transactions
    /// that are open now will have committed, too; else before the first of these, which is told.
    pub(crate) fn fetch(
        cluster: &Cluster,
        partitions: &[TopicPartition],
        isolation: Isolation,
        limit: Limit<'_>,
        listener: &mut dyn RunListener,
    ) -> Result<Self, Error> {
        let ranges = |isolation| cluster.log_ranges(partitions, isolation, &limit.deadline()).into_result();
        let open: BTreeMap<_, _> = ranges(isolation)?.into_iter().collect();
        if isolation == Isolation::ReadCommitted {
            for (partition, whole) in ranges(Isolation::ReadUncommitted)? {
                if let Some(stable) = open.get(&partition).filter(|stable| stable.end < whole.end) {
                    listener.on_event(Event::OpenTransaction {
                        partition: &partition,
                        from: stable.end,
                        until: whole.end,
                    });
                }
            }
        }
        let mut end_offsets = Self { open, ends: BTreeMap::new(), checked_at: None };
        end_offsets.close(cluster, limit)?;
        Ok(end_offsets)
    }

    /// Whether it is reached: by this instance on its own partitions, elsewhere by what the group has committed.
    pub(crate) fn is_reached(
        &mut self,
        mine: &BTreeMap<TopicPartition, i64>,
        session: &GroupSession<'_>,
        limit: Limit<'_>,
    ) -> Result<bool, Error> {
        if self.ends.iter().any(|(partition, end)| mine.get(partition).is_some_and(|next| next < end)) {
            return Ok(false);
        }
        let elsewhere = self.ends.keys().filter(|partition| !mine.contains_key(partition));
        let elsewhere: Vec<_> = elsewhere.cloned().collect();
        if elsewhere.is_empty() && self.open.is_empty() {
            return Ok(true);
        }
        if self.checked_at.is_some_and(|checked_at| checked_at.elapsed() < CHECK_INTERVAL) {
            return Ok(false);
        }
        self.checked_at = Some(clock::instant());
        if !self.open.is_empty() {
            // What ended meanwhile may be one's own to read: it is looked again.
            self.close(session.cluster, limit)?;
            return Ok(false);
        }
        let committed = session.member.committed(&elsewhere, &limit.deadline())?;
        let reached = |partition: &TopicPartition| committed.get(partition).map(|position| position.offset);
        Ok(elsewhere.iter().all(|partition| reached(partition) >= self.ends.get(partition).copied()))
    }

    /// Finds the last records where no transaction is open any more.
    fn close(&mut self, cluster: &Cluster, limit: Limit<'_>) -> Result<(), Error> {
        let partitions: Vec<_> = self.open.keys().cloned().collect();
        let deadline = limit.deadline();
        let stable = cluster.log_ranges(&partitions, Isolation::ReadCommitted, &deadline).into_result()?;
        for (partition, stable) in stable {
            let Some(range) = self.open.get(&partition).filter(|range| stable.end >= range.end) else {
                continue;
            };
            let span = range.start.max(stable.start.min(range.end))..range.end;
            if let Some(last) = last_record(cluster, &partition, span, limit)? {
                self.ends.insert(partition.clone(), last + 1);
            }
            self.open.remove(&partition);
        }
        Ok(())
    }
}

/// The last record of a span: behind it may be offsets that hold none, and reading waits for no record there.
fn last_record(
    cluster: &Cluster,
    partition: &TopicPartition,
    span: Range<i64>,
    limit: Limit<'_>,
) -> Result<Option<i64>, Error> {
    let mut reach = 64;
    loop {
        let from = span.end.saturating_sub(reach).max(span.start);
        let mut last = None;
        let read = cluster.read(&partition.topic).span(partition.partition, from..span.end).clipped();
        read.visit(&limit.deadline(), |record| last = Some(record.offset))?;
        if last.is_some() || from == span.start {
            return Ok(last);
        }
        reach = reach.saturating_mul(16);
    }
}
