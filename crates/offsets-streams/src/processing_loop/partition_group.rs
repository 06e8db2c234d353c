use std::time::{Duration, Instant};

use offsets_core::model::TopicPartition;
use offsets_kafka::RawRecord;
use offsets_kafka::eos::{Head, RecordQueue};
use offsets_reconcile::Header;

use super::ProcessError;
use crate::{Error, clock};

/// Inputs that are read side by side: the oldest next record first, so that a window sees them as they happened.
pub(crate) struct PartitionGroup<'a> {
    /// What its processor knows it by.
    pub(crate) number: i32,
    inputs: Vec<PartitionGroupInput<'a>>,
    waits_since: Option<Instant>,
}

/// An input of a partition group.
struct PartitionGroupInput<'a> {
    number: u16,
    region: String,
    queue: RecordQueue<'a>,
}

/// A record at the front of a partition group.
pub(crate) struct InputRecord<'i> {
    /// The number of its input.
    pub(crate) input: u16,
    /// Who wrote it.
    pub(crate) region: &'i str,
    pub(crate) partition: &'i TopicPartition,
    pub(crate) raw: RawRecord<'i>,
}

/// Maximum number of records taken of one partition group before the next.
const BATCH: usize = 512;

/// How long an input that has not said whether there is more is waited for while another has records.
const MAX_TASK_IDLE: Duration = Duration::from_secs(1);

impl<'a> PartitionGroup<'a> {
    pub(crate) fn new(number: i32, queues: impl IntoIterator<Item = (u16, String, RecordQueue<'a>)>) -> Self {
        let inputs = queues
            .into_iter()
            .map(|(number, region, queue)| PartitionGroupInput { number, region, queue })
            .collect();
        Self { number, inputs, waits_since: None }
    }

    /// Shows the next records to `visit`, one after another, as many as there are, but no more than a
    /// [batch](BATCH); tells how many.
    ///
    /// # Errors
    /// Which partition cannot be read, and why; and what the visitor says.
    pub(crate) fn take(
        &mut self,
        mut visit: impl FnMut(InputRecord<'_>) -> Result<(), ProcessError>,
    ) -> Result<usize, ProcessError> {
        for count in 0..BATCH {
            if !self.next(&mut visit)? {
                return Ok(count);
            }
        }
        Ok(BATCH)
    }

    /// Shows the next record; tells whether there was one.
    fn next(
        &mut self,
        visit: impl FnOnce(InputRecord<'_>) -> Result<(), ProcessError>,
    ) -> Result<bool, ProcessError> {
        let unreadable =
            |partition: &TopicPartition, cause| Error::Unreadable { partition: partition.clone(), cause };
        let mut oldest: Option<(Option<i64>, usize)> = None;
        let mut waits = false;
        let is_alone = self.inputs.len() == 1;
        for (place, input) in self.inputs.iter_mut().enumerate() {
            let partition = input.queue.partition();
            match input.queue.head().map_err(|cause| unreadable(partition, cause))? {
                // Of one time the input named first comes first; a record without a time is not waited with.
                Head::Record(record) => {
                    let key = (record.timestamp_ms, place);
                    if is_alone || oldest.is_none_or(|oldest| key < oldest) {
                        oldest = Some(key);
                    }
                }
                Head::End => {}
                Head::Waiting => waits = true,
            }
        }
        let Some((_, place)) = oldest else { return Ok(false) };
        if waits && self.waits_since.get_or_insert_with(clock::instant).elapsed() < MAX_TASK_IDLE {
            return Ok(false);
        }
        if !waits {
            self.waits_since = None;
        }
        let PartitionGroupInput { number, region, queue } = &mut self.inputs[place];
        let partition = queue.partition();
        if let Head::Record(raw) = queue.head().map_err(|cause| unreadable(partition, cause))? {
            visit(InputRecord { input: *number, region, partition, raw })?;
            queue.take();
        }
        Ok(true)
    }
}

/// The headers of a record that are looked at.
pub(crate) fn headers<'i>(raw: &RawRecord<'i>, wanted: &[&str]) -> Vec<Header<'i>> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let looked_at = raw.headers().filter(|(name, _)| wanted.contains(name));
    looked_at.map(|(name, value)| Header { name, value }).collect()
}
