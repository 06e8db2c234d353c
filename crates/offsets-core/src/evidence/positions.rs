use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::written::once;
use crate::model::{SourceOffset, TopicPartition};

/// How far a Connect worker has copied each source partition: at its last flush everything up to and including this
/// source offset had been written to the target, or dropped (`OffsetStorageWriter.doFlush`).
///
/// The worker flushes once a minute by default, so more may have been copied since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopiedThrough(BTreeMap<TopicPartition, SourceOffset>);

impl CopiedThrough {
    /// Takes what one record of the storage topic says, the newest last; `None` forgets the partition.
    pub fn note(&mut self, partition: TopicPartition, through: Option<SourceOffset>) {
        match through {
            Some(through) => self.0.insert(partition, through),
            None => self.0.remove(&partition),
        };
    }

    /// The last source offset that is known to have been copied or dropped.
    pub fn get(&self, partition: &TopicPartition) -> Option<SourceOffset> {
        self.0.get(partition).copied()
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(flatten)]
    partition: TopicPartition,
    through: SourceOffset,
}

impl Serialize for CopiedThrough {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0.iter().map(|(partition, &through)| Written { partition: partition.clone(), through }),
        )
    }
}

impl<'de> Deserialize<'de> for CopiedThrough {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Vec::<Written>::deserialize(deserializer)?;
        once(written.iter().map(|written| &written.partition), |partition| {
            format!("how far {partition} was copied")
        })?;
        Ok(Self(written.into_iter().map(|written| (written.partition, written.through)).collect()))
    }
}
