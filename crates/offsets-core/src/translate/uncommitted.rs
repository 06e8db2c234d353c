//! Partitions that a group reads and of which no commit of it is known.

use std::collections::{BTreeMap, BTreeSet};

use super::Row;
use crate::evidence::{Evidence, LogState};
use crate::model::{GroupId, LogRange, TargetOffset, TopicName, TopicPartition};

/// A partition without a commit of a group that has commits on other partitions of its topic, where the mirror partition
/// holds records. Nothing can be translated for it: on the target the consumer's `auto.offset.reset` decides where the group
/// begins, and `latest` skips.
///
/// A group that has never committed on a partition without records is common, and is none of these. One that reads only
/// some partitions of a topic on purpose (`assign()`) cannot be told apart. A partition that a group is
/// [expected](super::Translation::expect) to have a commit on is one of these whatever its mirror holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncommitted {
    /// The group.
    pub group: GroupId,
    /// The partition on the source.
    pub source: TopicPartition,
    /// The partition on the target.
    pub target: TopicPartition,
    /// What the target's log holds; `None` where the partition is only expected.
    pub target_log: Option<LogRange<TargetOffset>>,
    /// What the group has committed there on the target itself, where that was asked and is so.
    pub own: Option<TargetOffset>,
}

impl Uncommitted {
    /// Those beside these answers, sorted by group, topic and partition.
    pub(super) fn of(rows: &[Row], evidence: &Evidence) -> Vec<Self> {
        let mut answered: BTreeMap<(&GroupId, &TopicName), BTreeSet<i32>> = BTreeMap::new();
        for row in rows {
            // Of a topic that came from the target the group has its commits on the original there.
            let returns = evidence.link.original_on_target(&row.source.topic).is_some();
            if let Some(group) = row.group.as_ref().filter(|_| !returns) {
                answered.entry((group, &row.source.topic)).or_default().insert(row.source.partition);
            }
        }
        let of_topic = |((group, topic), partitions): (&(&GroupId, &TopicName), &BTreeSet<i32>)| {
            let beside = |(target, state): (&TopicPartition, LogState<'_, TargetOffset>)| match state {
                LogState::Range(log) if !log.is_empty() && !partitions.contains(&target.partition) => {
                    let source = TopicPartition::new((*topic).clone(), target.partition);
                    let own = evidence.committed_on_target(group, target);
                    Some(Self {
                        group: (*group).clone(),
                        source,
                        target: target.clone(),
                        target_log: Some(log),
                        own,
                    })
                }
                _ => None,
            };
            let first = TopicPartition::new((*topic).clone(), 0);
            let mirror = evidence.link.destination(&first).topic;
            evidence.target_logs.of_topic(&mirror).filter_map(beside).collect::<Vec<_>>()
        };
        answered.iter().flat_map(of_topic).collect()
    }
}
