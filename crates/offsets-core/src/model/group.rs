use std::fmt;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::GroupId;

/// A consumer group's state in Kafka's own words, for classic groups and KIP-848 groups alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum GroupState {
    /// Known to the coordinator, without members. Its offsets can be changed.
    Empty,
    /// Not known, or gone: committing creates it again.
    Dead,
    /// Members are at work.
    Stable,
    /// Classic protocol: members are rejoining.
    PreparingRebalance,
    /// Classic protocol: waiting for the leader's assignment.
    CompletingRebalance,
    /// KIP-848: an assignment is being computed.
    Assigning,
    /// KIP-848: members are moving to their assignment.
    Reconciling,
    /// The coordinator said something this version has no word for.
    Unknown,
}

impl GroupState {
    /// Whether the coordinator would accept offsets from outside the group: only without members.
    /// An unknown state counts as active.
    pub fn accepts_offsets(self) -> bool {
        matches!(self, Self::Empty | Self::Dead)
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The protocol by which a group's members share partitions (`org.apache.kafka.common.GroupType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GroupKind {
    /// The classic protocol, led by one of the members; also a group to which offsets were only ever committed from outside.
    Classic,
    /// The consumer protocol of KIP-848, led by the broker.
    Consumer,
    /// A Kafka Streams group of KIP-1071. It commits offsets as a consumer group does.
    Streams,
    /// A share group (KIP-932). It has no committed offsets: `kafka-share-groups` moves it.
    Share,
    /// The classic protocol for something else than consumers, such as Connect workers. It has no committed offsets.
    Other,
    /// The broker did not say, or said something else.
    Unknown,
}

impl GroupKind {
    /// Whether offsets can be committed for such a group. A kind that is not known counts as one that can.
    pub fn has_offsets(self) -> bool {
        !matches!(self, Self::Share | Self::Other)
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic => "classic group",
            Self::Consumer => "consumer group (KIP-848)",
            Self::Streams => "Kafka Streams group (KIP-1071)",
            Self::Share => "share group (KIP-932)",
            Self::Other => "group of another protocol than the consumers'",
            Self::Unknown => "group of an unknown kind",
        })
    }
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
    /// Those of a selection whose whole name matches none of these.
    Except {
        /// The selection.
        groups: Box<GroupSelection>,
        /// What is left out.
        excluded: Vec<Regex>,
    },
}

/// A group pattern that is not a regular expression.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
#[error("`{}` is not a regular expression: {cause}", super::Printable(pattern))]
pub struct PatternError {
    /// The pattern as given.
    pub pattern: String,
    /// What is wrong, in one line.
    pub cause: String,
}

impl GroupSelection {
    /// Groups whose whole name matches `pattern`, as MM2's own `groups` filter does.
    ///
    /// # Errors
    /// [`PatternError`] when `pattern` is not a regular expression.
    pub fn matching(pattern: &str) -> Result<Self, PatternError> {
        Ok(Self::Matching(Box::new(whole(pattern)?)))
    }

    /// The same without the groups whose whole name matches one of `patterns`, as MM2's `groups.exclude` leaves groups out.
    ///
    /// # Errors
    /// [`PatternError`] when one is not a regular expression.
    pub fn excluding<'a>(self, patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, PatternError> {
        let excluded = patterns.into_iter().map(whole).collect::<Result<Vec<_>, _>>()?;
        Ok(if excluded.is_empty() { self } else { Self::Except { groups: Box::new(self), excluded } })
    }

    /// Whether a group is meant.
    pub fn admits(&self, group: &GroupId) -> bool {
        match self {
            Self::Named(names) => names.contains(group),
            Self::Matching(regex) => regex.is_match(group.as_str()),
            Self::All => true,
            Self::Except { groups, excluded } => {
                groups.admits(group) && !excluded.iter().any(|regex| regex.is_match(group.as_str()))
            }
        }
    }
}

/// A pattern for whole names.
fn whole(pattern: &str) -> Result<Regex, PatternError> {
    // Alone first: `a)|(b` is no pattern, though it would become one between the brackets.
    let whole = Regex::new(pattern).and_then(|_| Regex::new(&format!("^(?:{pattern})$")));
    whole.map_err(|cause| PatternError {
        pattern: pattern.to_owned(),
        cause: cause.to_string().lines().last().unwrap_or_default().trim().to_owned(),
    })
}

impl PartialEq for GroupSelection {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(a), Self::Named(b)) => a == b,
            (Self::Matching(a), Self::Matching(b)) => a.as_str() == b.as_str(),
            (Self::All, Self::All) => true,
            (Self::Except { groups: a, excluded: x }, Self::Except { groups: b, excluded: y }) => {
                a == b && x.iter().map(Regex::as_str).eq(y.iter().map(Regex::as_str))
            }
            _ => false,
        }
    }
}

impl Eq for GroupSelection {}
