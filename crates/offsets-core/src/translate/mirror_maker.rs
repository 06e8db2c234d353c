use std::collections::HashMap;

use crate::history::{LastCheckpoint, PartitionHistory};
use crate::mm2::{MirrorSyncStore, Mm2Translation};
use crate::model::{SourceOffset, TargetOffset, TopicPartition};

/// What MM2 itself would give a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MirrorMakerAnswer {
    /// The position; `None` when MM2 leaves the group without one, or when its answer is not known.
    pub target: Option<TargetOffset>,
    /// How many target offsets lie between it and the highest position that can be right; `None` when either is not
    /// known.
    pub reread_max: Option<u64>,
    /// Whether MM2's answer is known: only where its syncs were read. A `target` beside `false` is that of the group's last
    /// checkpoint, and MM2 may be further on.
    pub is_known: bool,
}

/// MM2's translators, one a partition, fed with the same syncs as ours.
#[derive(Default)]
pub(super) struct MirrorMaker {
    stores: HashMap<TopicPartition, MirrorSyncStore>,
}

impl MirrorMaker {
    /// MM2's position for `g`: what its 64 slots make of it now, or the group's last checkpoint where that is further
    /// on (`MirrorCheckpointTask` does not replace a checkpoint by a lower one unless the group itself went back).
    pub(super) fn target(
        &mut self,
        partition: &TopicPartition,
        history: Option<&PartitionHistory>,
        last: Option<&LastCheckpoint>,
        g: SourceOffset,
    ) -> Option<TargetOffset> {
        let translated = history.and_then(|history| match self.store(partition, history).translate(g) {
            Mm2Translation::At(target) => Some(target),
            Mm2Translation::NoSyncs | Mm2Translation::TooOld => None,
        });
        let checkpoint = last.filter(|last| last.pair.upstream <= g).map(|last| last.pair.downstream);
        translated.max(checkpoint)
    }

    fn store(&mut self, partition: &TopicPartition, history: &PartitionHistory) -> &MirrorSyncStore {
        self.stores.entry(partition.clone()).or_insert_with(|| {
            let mut store = MirrorSyncStore::default();
            history.iter().for_each(|sync| store.update(sync.upstream, sync.downstream));
            store
        })
    }
}
