use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Notice;
use crate::evidence::Logs;
use crate::history::OffsetPair;
use crate::model::{
    CommittedOffset, GroupId, GroupKind, GroupState, SourceOffset, TargetOffset, TopicPartition,
};

/// The target as it stands before a reset, and what is known of where its commits come from.
#[derive(Debug, Clone, Default)]
pub struct TargetState {
    /// Every group that is to be moved; one that is not here does not exist.
    pub groups: BTreeMap<GroupId, GroupState>,
    /// The kinds of those groups, as far as they are known.
    pub kinds: BTreeMap<GroupId, GroupKind>,
    /// The classic groups among them that have had members: their commits expire `retention` after the last member left, whatever
    /// was committed since (`GroupMetadataManager.cleanupExpiredGroupMetadata`, `OffsetExpirationConditionImpl`).
    pub aging: BTreeSet<GroupId>,
    /// What those groups have committed.
    pub committed: BTreeMap<(GroupId, TopicPartition), CommittedOffset<TargetOffset>>,
    /// Commits that a transaction which has not ended yet holds back from readers.
    pub pending: BTreeSet<(GroupId, TopicPartition)>,
    /// The log ranges of the partitions. One that is not known is not written to.
    pub logs: Logs<TargetOffset>,
    /// Maximum length of a commit's metadata, `offset.metadata.max.bytes`; `None` where the target does not tell.
    pub metadata_limit: Option<usize>,
    /// How long commits are kept, `offsets.retention.minutes`; `None` where the target does not tell.
    pub retention: Option<Duration>,
    /// The commits on the source that the wishes were translated from, by the place on the target.
    pub source_commits: BTreeMap<(GroupId, TopicPartition), SourceOffset>,
    /// The last checkpoint of each group on each partition of the target.
    pub checkpoints: BTreeMap<(GroupId, TopicPartition), OffsetPair>,
}

impl TargetState {
    /// Whether commits made now may expire at once, as the group became empty long ago.
    pub(super) fn is_aging(&self, group: &GroupId) -> bool {
        self.aging.contains(group) && self.groups.get(group) == Some(&GroupState::Empty)
    }

    /// What is to be known of a commit, wherever it moves the group.
    pub(super) fn notices(&self, key: &(GroupId, TopicPartition), recreated: bool) -> Vec<Notice> {
        let expiry = (!recreated && self.is_aging(&key.0))
            .then_some(Notice::ExpiresFromEmpty { retention: self.retention });
        let pending = self.pending.contains(key).then_some(Notice::OpenTransaction);
        expiry.into_iter().chain(pending).collect()
    }
}
