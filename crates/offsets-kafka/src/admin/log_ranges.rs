use std::collections::{BTreeMap, BTreeSet};

use offsets_core::model::{LogRange, TopicPartition};

use rdkafka::types::RDKafkaErrorCode;

use super::any_retriable;
use crate::ffi::ListOffsets;
use crate::{Cause, Cluster, Deadline, GroupCatalog, Outcomes, Subject};

/// Which records count when a log's end is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// The end is the high watermark: every replicated record counts.
    ReadUncommitted,
    /// The end is the last stable offset: records of open transactions, and all after them, do not count yet.
    ReadCommitted,
}

/// Partitions in one request; the time librdkafka takes to merge the leaders' answers grows with the square.
const AT_ONCE: usize = 256;

type Rows = BTreeMap<TopicPartition, Result<Option<i64>, Cause>>;

impl Cluster {
    /// The offsets each partition's log holds now. Start and end are asked for together, not at one instant.
    pub fn log_ranges(
        &self,
        partitions: &[TopicPartition],
        isolation: Isolation,
        deadline: &Deadline,
    ) -> Outcomes<TopicPartition, LogRange<i64>> {
        let wanted = [ListOffsets::EARLIEST, ListOffsets::LATEST];
        let [starts, ends] = self.list_offsets(partitions, wanted, isolation, deadline);
        starts
            .into_iter()
            .zip(ends)
            .map(|((partition, start), (_, end))| {
                let subject = || Subject::Partition(partition.clone());
                let range = match (start, end) {
                    (Ok(Some(start)), Ok(Some(end))) => Ok(LogRange { start, end }),
                    (Err(cause), _) | (_, Err(cause)) => Err(self.failed(subject(), cause, deadline)),
                    (Ok(_), Ok(_)) => Err(self.left_out(subject())),
                };
                (partition, range)
            })
            .collect()
    }

    /// The offset of the first record of each partition whose timestamp is at or after `timestamp_ms` (milliseconds since
    /// 1970, UTC); `None` when there is no such record. A time before 1970 is taken as 1970.
    ///
    /// # Errors
    /// For each partition [`crate::Error::Invalid`] on the embedded demo clusters, which keep no index of times.
    pub fn offsets_for_time(
        &self,
        partitions: &[TopicPartition],
        timestamp_ms: i64,
        isolation: Isolation,
        deadline: &Deadline,
    ) -> Outcomes<TopicPartition, Option<i64>> {
        if matches!(self.group_catalog(), GroupCatalog::Fixed { .. }) {
            let refused = |partition: &TopicPartition| {
                let subject = Subject::Partition(partition.clone());
                (partition.clone(), Err(self.invalid(subject, "the demo's clusters keep no index of times")))
            };
            return partitions.iter().map(refused).collect();
        }
        // Below zero are ListOffsets' own words: -1 is the latest offset, -2 the earliest, -3 that of the latest timestamp.
        let [found] = self.list_offsets(partitions, [timestamp_ms.max(0)], isolation, deadline);
        found
            .into_iter()
            .map(|(partition, offset)| {
                let offset = offset
                    .map_err(|cause| self.failed(Subject::Partition(partition.clone()), cause, deadline));
                (partition, offset)
            })
            .collect()
    }

    /// Asks for each of `specs` on all partitions, all at once. Each answer has every partition.
    fn list_offsets<const N: usize>(
        &self,
        partitions: &[TopicPartition],
        specs: [i64; N],
        isolation: Isolation,
        deadline: &Deadline,
    ) -> [Rows; N] {
        let partitions: BTreeSet<&TopicPartition> = partitions.iter().collect();
        if partitions.is_empty() {
            return [const { BTreeMap::new() }; N];
        }
        let read_committed = isolation == Isolation::ReadCommitted;
        let wanted = specs.map(|spec| partitions.iter().map(|p| ((*p).clone(), spec)).collect::<Vec<_>>());
        let calls: Vec<ListOffsets<'_>> = wanted
            .iter()
            .flat_map(|wanted| wanted.chunks(AT_ONCE))
            .map(|wanted| ListOffsets { wanted, read_committed })
            .collect();
        let mut answers = self.ask(&calls, deadline, any_retriable).into_iter();
        wanted.each_ref().map(|wanted| {
            // What an answer leaves out has no offset.
            let mut rows: Rows = wanted.iter().map(|(partition, _)| (partition.clone(), Ok(None))).collect();
            for (asked, answer) in wanted.chunks(AT_ONCE).zip(&mut answers) {
                match answer {
                    Ok(answered) => rows.extend(answered),
                    Err(cause) => rows.extend(asked.iter().map(|(partition, _)| {
                        // The library gives up as a whole when not one of the partitions has a leader.
                        let leaderless = cause.code == RDKafkaErrorCode::NoEnt as i32;
                        let why =
                            if leaderless { self.without_leader(partition, deadline) } else { cause.clone() };
                        (partition.clone(), Err(why))
                    })),
                }
            }
            rows
        })
    }
}
