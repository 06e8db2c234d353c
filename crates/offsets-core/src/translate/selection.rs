use crate::model::{GroupSelection, SourceOffset, TopicChoice, TopicPartition};

/// Which answers are wanted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Selection {
    /// Positions of consumer groups, on all the topics they have commits for or only on these.
    Groups {
        /// Which groups.
        groups: GroupSelection,
        /// Topics or partitions by their source names; empty for all.
        topics: Vec<TopicChoice>,
    },
    /// Positions of every group, and every partition MM2 wrote anything of: evidence that is to answer other questions
    /// later.
    Everything,
    /// Source offsets kept outside Kafka.
    Offsets(Vec<(TopicPartition, SourceOffset)>),
}

impl Selection {
    /// The groups whose commits are wanted, if commits are wanted at all.
    pub(super) fn groups(&self) -> Option<&GroupSelection> {
        match self {
            Self::Groups { groups, .. } => Some(groups),
            Self::Everything => Some(&GroupSelection::All),
            Self::Offsets(_) => None,
        }
    }

    /// Whether an answer may be wanted on a source partition, as far as that is known before the groups' commits are: what was
    /// kept of any other need not be recalled. No partition is translated by what MM2 wrote of another.
    pub fn may_concern(&self, source: &TopicPartition) -> bool {
        match self {
            Self::Groups { topics, .. } => TopicChoice::any_admits(topics, source),
            Self::Everything => true,
            Self::Offsets(offsets) => offsets.iter().any(|(partition, _)| partition == source),
        }
    }
}
