use serde::{Deserialize, Serialize};

use super::{CopiedThrough, Reading};
use crate::history::{PartitionHistory, SyncHistory};
use crate::model::{TargetOffset, TopicPartition};

/// What is known of the flow back, from a link's target to its source.
///
/// Its *upstream* offsets are those of the link's target, its *downstream* offsets those of the link's source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowBack {
    /// Its offset-syncs topic.
    #[serde(default = "Reading::unread")]
    pub syncs: Reading<SyncHistory>,
    /// How far its worker says it has copied.
    #[serde(default = "Reading::unread")]
    pub copied_through: Reading<CopiedThrough>,
}

impl Default for FlowBack {
    fn default() -> Self {
        Self { syncs: Reading::unread(), copied_through: Reading::unread() }
    }
}

impl FlowBack {
    /// Its syncs of a partition of the link's target.
    pub fn history(&self, target: &TopicPartition) -> Option<&PartitionHistory> {
        self.syncs.whole()?.get(target)
    }

    /// The last offset of a partition of the link's target that is known to have been copied to the source.
    pub fn through(&self, target: &TopicPartition) -> Option<TargetOffset> {
        let through = self.copied_through.whole()?.get(target)?;
        TargetOffset::new(through.get()).ok()
    }

    /// Whether nothing was read of it.
    pub fn is_empty(&self) -> bool {
        self.syncs.whole().is_none() && self.copied_through.whole().is_none()
    }
}
