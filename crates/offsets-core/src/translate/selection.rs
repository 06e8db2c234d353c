use regex::Regex;
use serde::Serialize;

use crate::model::{GroupId, SourceOffset, TopicName, TopicPartition};

/// Which answers are wanted.
#[derive(Debug, Clone)]
pub enum Selection {
    /// Positions of consumer groups, on all the topics they have commits for or only on these.
    Groups {
        /// Which groups.
        groups: GroupSelection,
        /// Topics by their source names; empty for all.
        topics: Vec<TopicName>,
    },
    /// Positions of every group, and every partition MM2 wrote anything of: evidence that is to answer other questions
    /// later.
    Everything,
    /// Source offsets kept outside Kafka.
    Offsets(Vec<(TopicPartition, SourceOffset)>),
}

/// Which consumer groups are meant.
#[derive(Debug, Clone)]
pub enum GroupSelection {
    /// These, each of which must have a commit.
    Named(Vec<GroupId>),
    /// Those whose whole name matches.
    Matching(Box<Regex>),
    /// All.
    All,
}

/// A group pattern that is not a regular expression.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
#[error("`{pattern}` is not a regular expression: {cause}")]
pub struct PatternError {
    /// The pattern as given.
    pub pattern: String,
    /// What is wrong, in one line.
    pub cause: String,
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
            Self::Groups { topics, .. } => topics.is_empty() || topics.contains(&source.topic),
            Self::Everything => true,
            Self::Offsets(offsets) => offsets.iter().any(|(partition, _)| partition == source),
        }
    }
}

impl GroupSelection {
    /// Groups whose whole name matches `pattern`, as MM2's own `groups` filter does.
    ///
    /// # Errors
    /// [`PatternError`] when `pattern` is not a regular expression.
    pub fn matching(pattern: &str) -> Result<Self, PatternError> {
        // Alone first: `a)|(b` is no pattern, though it would become one between the brackets.
        let whole = Regex::new(pattern).and_then(|_| Regex::new(&format!("^(?:{pattern})$")));
        whole.map(|regex| Self::Matching(Box::new(regex))).map_err(|cause| PatternError {
            pattern: pattern.to_owned(),
            cause: cause.to_string().lines().last().unwrap_or_default().trim().to_owned(),
        })
    }

    /// Whether a group is meant.
    pub fn admits(&self, group: &GroupId) -> bool {
        match self {
            Self::Named(names) => names.contains(group),
            Self::Matching(regex) => regex.is_match(group.as_str()),
            Self::All => true,
        }
    }
}

impl PartialEq for GroupSelection {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(a), Self::Named(b)) => a == b,
            (Self::Matching(a), Self::Matching(b)) => a.as_str() == b.as_str(),
            (Self::All, Self::All) => true,
            _ => false,
        }
    }
}

impl Eq for GroupSelection {}
