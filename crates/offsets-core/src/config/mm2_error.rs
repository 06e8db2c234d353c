use std::fmt::Display;

use super::{Place, PropertiesSyntaxError, ReferenceError};
use crate::link::{LinkError, LinkName};
use crate::model::ClusterAlias;

/// Why an MM2 file gives no link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertiesError {
    /// The text is not a Java properties file.
    #[error(transparent)]
    Syntax(#[from] PropertiesSyntaxError),
    /// `clusters` is missing or empty.
    #[error("'clusters' names no cluster")]
    NoClusters {
        /// What in the file may explain it.
        clue: Option<FlowClue>,
    },
    /// A flow names a cluster that is not one of `clusters`.
    #[error("'{alias}' is not one of the clusters {}", list(known))]
    UnknownCluster {
        /// The alias asked for.
        alias: ClusterAlias,
        /// The aliases there are.
        known: Vec<ClusterAlias>,
    },
    /// No flow is enabled.
    #[error("no flow is enabled")]
    NoFlow {
        /// The aliases there are.
        known: Vec<ClusterAlias>,
        /// What in the file may explain it.
        clue: Option<FlowClue>,
    },
    /// More than one flow is enabled, and none was picked.
    #[error("several flows are enabled: {}", list(flows))]
    SeveralFlows {
        /// The enabled flows.
        flows: Vec<LinkName>,
    },
    /// A cluster of the flow has no address.
    #[error("cluster '{cluster}' has no '{cluster}.bootstrap.servers'")]
    NoBootstrapServers {
        /// The cluster's alias.
        cluster: ClusterAlias,
    },
    /// The replication policy is a class whose rules are not known here. A [`NamingOverride`](super::NamingOverride) puts a known policy in its
    /// place; names of internal topics that differ from its own can then be set in the link.
    #[error("{place} is {class}, whose names for topics are not known")]
    UnknownPolicyClass {
        /// Where the class is named.
        place: Place,
        /// The class.
        class: String,
    },
    /// A setting has a value that it cannot have.
    #[error("{place} is '{value}' and must be {expected}")]
    InvalidValue {
        /// Where it is set.
        place: Place,
        /// Its value; never that of a secret.
        value: String,
        /// What the value may be.
        expected: &'static str,
    },
    /// A setting that is needed refers to a config provider, and the reference cannot be filled in.
    #[error("{place} {error}")]
    Reference {
        /// Where it is set.
        place: Place,
        /// Why.
        error: ReferenceError,
    },
    /// The flow's names cannot be those of a link.
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl PropertiesError {
    /// The entry at fault, where it is one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::UnknownPolicyClass { place, .. }
            | Self::InvalidValue { place, .. }
            | Self::Reference { place, .. } => Some(place),
            _ => None,
        }
    }
}

/// An entry that does not mean what it seems to mean, and may be why there is no flow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlowClue {
    /// `clusters` has one element with white space in it: commas separate clusters.
    ListWithoutCommas {
        /// Where it is set.
        place: Place,
        /// The list with commas.
        meant: String,
    },
    /// White space around `->`, where a key ends at the first of it.
    SpacedFlow {
        /// Where it is set.
        place: Place,
        /// The key as it was meant.
        meant: String,
    },
    /// `X->Y.enabled`, and not both are in `clusters`.
    OtherClusters {
        /// Where it is set.
        place: Place,
    },
    /// `A->B.enabled` is there, and is false.
    Disabled {
        /// Where it is set.
        place: Place,
        /// The flow.
        flow: LinkName,
    },
}

fn list(items: &[impl Display]) -> String {
    match items {
        [] => "none".to_owned(),
        items => items.iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", "),
    }
}
