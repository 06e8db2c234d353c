use std::fmt;

use serde::{Deserialize, Serialize};

/// A consumer group's state in Kafka's own words, for classic groups and KIP-848 groups alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupState {
    /// Known to the coordinator, without members. Its offsets can be changed.
    Empty,
    /// Not known, or gone: committing creates it anew.
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
    /// A state nobody knows counts as active.
    pub fn accepts_offsets(self) -> bool {
        matches!(self, Self::Empty | Self::Dead)
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
