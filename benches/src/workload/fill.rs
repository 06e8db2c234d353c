use std::collections::BTreeMap;

use anyhow::Result;
use offsets_core::mm2::{Checkpoint, OffsetSync};
use offsets_core::model::{SourceOffset, TargetOffset};
use offsets_tests::kafka::{self, Topic};

use super::{
    CHECKPOINTS, CHECKPOINTS_TOPIC, GROUPS, LOG_END, MIRROR, PARTITIONS, ROUNDS, SYNCS_TOPIC, TOPIC,
    checkpoint_of, committed, copy_of, group_id, original_of, synced,
};
use crate::writer::Writer;

/// Fills the source: the topic, MM2's syncs, and what every group has committed.
///
/// # Errors
///
/// When the broker refuses, or what came to lie in a log is not what was sent.
pub fn fill_source(bootstrap: &str) -> Result<()> {
    fill_log(bootstrap, TOPIC, |offset, _| offset)?;
    Topic::new(SYNCS_TOPIC, 1).set("cleanup.policy", "compact").create(bootstrap)?;
    let writer = Writer::new(bootstrap, SYNCS_TOPIC)?;
    for source in synced() {
        for partition in 0..PARTITIONS {
            let (upstream, downstream) =
                (SourceOffset::new(source)?, TargetOffset::new(copy_of(source, partition))?);
            let (key, value) = OffsetSync { topic: TOPIC, partition, upstream, downstream }.encode();
            writer.write(0, &key, &value)?;
        }
    }
    writer.finish(1, i64::try_from(synced().count())? * i64::from(PARTITIONS))?;
    for group in 0..GROUPS {
        let commit = |partition| (partition, committed(ROUNDS - 1, group, partition));
        let offsets: BTreeMap<i32, i64> = (0..PARTITIONS).map(commit).collect();
        kafka::commit(bootstrap, &group_id(group), TOPIC, &offsets)?;
    }
    Ok(())
}

/// Fills the target: the mirror topic and MM2's checkpoints. Gives the bytes of all checkpoints' keys and values.
///
/// # Errors
///
/// As [`fill_source`].
pub fn fill_target(bootstrap: &str) -> Result<u64> {
    fill_log(bootstrap, MIRROR, original_of)?;
    Topic::new(CHECKPOINTS_TOPIC, 1).set("cleanup.policy", "compact").create(bootstrap)?;
    let writer = Writer::new(bootstrap, CHECKPOINTS_TOPIC)?;
    let mut bytes = 0;
    for round in 0..ROUNDS {
        for group in 0..GROUPS {
            let id = group_id(group);
            for partition in 0..PARTITIONS {
                let source = committed(round, group, partition);
                let checkpoint = Checkpoint {
                    group: &id,
                    topic: MIRROR,
                    partition,
                    upstream: SourceOffset::new(source)?,
                    downstream: TargetOffset::new(checkpoint_of(source, partition))?,
                    metadata: "",
                };
                let (key, value) = checkpoint.encode();
                bytes += key.len() + value.len();
                writer.write(0, &key, &value)?;
            }
        }
    }
    writer.finish(1, i64::try_from(CHECKPOINTS)?)?;
    Ok(u64::try_from(bytes)?)
}

/// A topic of small records, each of which is the source offset that `origin` gives it, and has it as its timestamp.
fn fill_log(bootstrap: &str, topic: &str, origin: impl Fn(i64, i32) -> i64) -> Result<()> {
    // Timestamps of 1970 would be old enough to be deleted.
    Topic::new(topic, PARTITIONS).set("retention.ms", "-1").create(bootstrap)?;
    let writer = Writer::new(bootstrap, topic)?;
    for offset in 0..LOG_END {
        for partition in 0..PARTITIONS {
            let origin = origin(offset, partition);
            // A timestamp of 0 would be the time of writing.
            writer.write_at(partition, b"", &origin.to_be_bytes(), Some(1 + origin))?;
        }
    }
    writer.finish(PARTITIONS, LOG_END)
}
