use std::fmt;
use std::ops::Range;
use std::time::Duration;

use offsets_core::consumer_offsets::DecodeError;
use offsets_core::history::UnreadableRecord;
use offsets_core::link::Side;
use offsets_core::model::{ClusterAlias, GroupId, LogRange, TopicName, TopicPartition};

use crate::Cause;

/// Why a cluster could not be asked, or what it refused.
///
/// Each variant names the cluster and the thing it was about; what Kafka or librdkafka said is the
/// [`source`](std::error::Error::source). No variant ever holds the value of a secret setting.
///
/// The enum grows: callers branch on its predicates, such as [`Error::is_group_active`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A client setting is missing, contradictory, or means nothing to this client. Nothing was contacted.
    #[error("cluster {cluster}: setting {key}: {problem}")]
    Setting {
        /// The cluster the setting is for.
        cluster: ClusterAlias,
        /// The key as it was written.
        key: String,
        /// What is wrong and what to do about it.
        problem: String,
    },
    /// No broker answered at all.
    #[error("cluster {cluster}: cannot reach {bootstrap} (waited {})", Seconds(*.waited))]
    Unreachable {
        /// The cluster.
        cluster: ClusterAlias,
        /// The bootstrap servers that were tried.
        bootstrap: String,
        /// The side of the link that the cluster is, where it is one.
        side: Option<Side>,
        /// How long.
        waited: Duration,
        /// The last connection error, where there was one.
        #[source]
        cause: Option<Cause>,
    },
    /// A broker answered and did not accept who we are, or we did not accept its certificate.
    #[error("cluster {cluster}: authentication with {bootstrap} failed")]
    Unauthenticated {
        /// The cluster.
        cluster: ClusterAlias,
        /// The bootstrap servers.
        bootstrap: String,
        /// What was said.
        #[source]
        cause: Cause,
    },
    /// This principal lacks a permission (an ACL) for the thing named.
    #[error("cluster {cluster}: {subject}: not authorised")]
    Unauthorised {
        /// The cluster.
        cluster: ClusterAlias,
        /// What may not be read or changed.
        subject: Subject,
        /// What the broker said.
        #[source]
        cause: Cause,
    },
    /// The cluster was reached, but did not answer in time.
    #[error("cluster {cluster}: {subject}: no answer (waited {})", Seconds(*.waited))]
    TimedOut {
        /// The cluster.
        cluster: ClusterAlias,
        /// What was asked for.
        subject: Subject,
        /// How long was waited.
        waited: Duration,
        /// The last thing heard from the connection, where there was one.
        #[source]
        cause: Option<Cause>,
    },
    /// The topic or the partition does not exist, or this principal may not know that it does.
    #[error("cluster {cluster}: {subject}: does not exist")]
    UnknownTopic {
        /// The cluster.
        cluster: ClusterAlias,
        /// The topic, the partition or the commit.
        subject: Subject,
    },
    /// The group has members, so only they may set its offsets.
    #[error("cluster {cluster}: {subject}: the group has active members")]
    GroupActive {
        /// The cluster.
        cluster: ClusterAlias,
        /// The group or the commit.
        subject: Subject,
        /// What the coordinator said.
        #[source]
        cause: Option<Cause>,
    },
    /// Another member or producer has come under the same name, or the cluster gave this one up.
    #[error("cluster {cluster}: {subject}: its place was taken")]
    Fenced {
        /// The cluster.
        cluster: ClusterAlias,
        /// The group or the transactional id.
        subject: Subject,
        /// What was said.
        #[source]
        cause: Cause,
    },
    /// A partition was not read to its end. What was read is not to be used as an answer.
    #[error("cluster {cluster}: partition {partition}: read up to offset {reached}, expected {expected}")]
    ShortRead {
        /// The cluster.
        cluster: ClusterAlias,
        /// The partition.
        partition: TopicPartition,
        /// The offset the next record would have come from.
        reached: i64,
        /// The offset up to which was to be read, not included.
        expected: i64,
        /// What ended the read.
        #[source]
        why: Shortfall,
    },
    /// A span was asked for that the log does not hold in full.
    #[error("cluster {cluster}: partition {partition}: offsets {}..{} were asked for, the log holds {}..{}",
            .wanted.start, .wanted.end, .log.start, .log.end)]
    OutsideLog {
        /// The cluster.
        cluster: ClusterAlias,
        /// The partition.
        partition: TopicPartition,
        /// What was asked for.
        wanted: Range<i64>,
        /// What there is.
        log: LogRange<i64>,
    },
    /// A record of an internal topic is not what MM2 writes there. Nothing of the topic is to be used.
    #[error("cluster {cluster}: topic {topic}: not MirrorMaker 2's")]
    Unreadable {
        /// The cluster.
        cluster: ClusterAlias,
        /// The internal topic.
        topic: TopicName,
        /// Which record, and what is wrong with it.
        #[source]
        cause: UnreadableRecord,
    },
    /// A record of `__consumer_offsets` is not one that a group coordinator of a known version writes.
    #[error(
        "cluster {cluster}: partition {partition}: the record at offset {offset} is no commit that is known here"
    )]
    UnreadableCommit {
        /// The cluster.
        cluster: ClusterAlias,
        /// The partition of `__consumer_offsets`.
        partition: TopicPartition,
        /// The record's offset.
        offset: i64,
        /// What is wrong with it.
        #[source]
        cause: DecodeError,
    },
    /// The request contradicts itself; nothing was sent.
    #[error("cluster {cluster}: {subject}: {problem}")]
    Invalid {
        /// The cluster.
        cluster: ClusterAlias,
        /// What was asked.
        subject: Subject,
        /// What is wrong with it.
        problem: String,
    },
    /// Anything else a broker or the client library refused.
    #[error("cluster {cluster}: {subject}: refused")]
    Refused {
        /// The cluster.
        cluster: ClusterAlias,
        /// What was asked.
        subject: Subject,
        /// What was said.
        #[source]
        cause: Cause,
    },
}

impl Error {
    /// The cluster this is about.
    pub fn cluster(&self) -> &ClusterAlias {
        match self {
            Self::Setting { cluster, .. }
            | Self::Unreachable { cluster, .. }
            | Self::Unauthenticated { cluster, .. }
            | Self::Unauthorised { cluster, .. }
            | Self::TimedOut { cluster, .. }
            | Self::UnknownTopic { cluster, .. }
            | Self::GroupActive { cluster, .. }
            | Self::Fenced { cluster, .. }
            | Self::ShortRead { cluster, .. }
            | Self::OutsideLog { cluster, .. }
            | Self::Invalid { cluster, .. }
            | Self::Unreadable { cluster, .. }
            | Self::UnreadableCommit { cluster, .. }
            | Self::Refused { cluster, .. } => cluster,
        }
    }

    /// The setting that is at fault, by its key or the flag that gave it: nothing was contacted.
    pub fn setting(&self) -> Option<&str> {
        match self {
            Self::Setting { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Whether a setting is at fault, so that nothing was contacted.
    pub fn is_setting(&self) -> bool {
        matches!(self, Self::Setting { .. })
    }

    /// Whether no broker could be reached: the cluster may be dead, or the network cut.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// The side of the link that could not be reached.
    pub fn unreachable_side(&self) -> Option<Side> {
        match self {
            Self::Unreachable { side, .. } => *side,
            _ => None,
        }
    }

    /// Whether the credentials or the certificates do not fit. Waiting does not help.
    pub fn is_unauthenticated(&self) -> bool {
        matches!(self, Self::Unauthenticated { .. })
    }

    /// Whether a permission is missing.
    pub fn is_unauthorised(&self) -> bool {
        matches!(self, Self::Unauthorised { .. })
    }

    /// Whether time ran out on a cluster that had been reached, a read cut short by it included.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::ShortRead { why: Shortfall::Deadline { .. }, .. })
    }

    /// Whether the same may well succeed a little later: a broker is away, restarting, or a leader is moving.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::ShortRead { why, .. } => matches!(why, Shortfall::Deadline { .. }),
            Self::Refused { cause, .. } => cause.is_retriable() || cause.is_transport() || cause.is_timeout(),
            Self::GroupActive { cause, .. } => cause.is_some(),
            _ => false,
        }
    }

    /// Whether the topic or partition does not exist.
    pub fn is_unknown_topic(&self) -> bool {
        matches!(self, Self::UnknownTopic { .. })
    }

    /// Whether the group's members stand in the way.
    pub fn is_group_active(&self) -> bool {
        matches!(self, Self::GroupActive { .. })
    }

    /// Whether a newer instance with the same name has fenced this one.
    pub fn is_fenced(&self) -> bool {
        matches!(self, Self::Fenced { .. })
    }

    /// Whether an internal topic holds what neither MM2 nor a coordinator writes.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::UnreadableCommit { .. })
    }

    /// Whether a read ended before its end.
    pub fn is_short_read(&self) -> bool {
        matches!(self, Self::ShortRead { .. })
    }
}

/// What a call was about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// The cluster as a whole: its topics, its id.
    Metadata,
    /// The list of groups.
    Groups,
    /// A topic.
    Topic(TopicName),
    /// A partition.
    Partition(TopicPartition),
    /// A group.
    Group(GroupId),
    /// What is put out under a transactional id.
    Transaction(String),
    /// A group's commit on a partition.
    Commit {
        /// The group.
        group: GroupId,
        /// The partition.
        partition: TopicPartition,
        /// The offset that was to be committed; `None` when reading.
        offset: Option<i64>,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metadata => f.write_str("metadata"),
            Self::Groups => f.write_str("list of groups"),
            Self::Topic(topic) => write!(f, "topic {topic}"),
            Self::Partition(partition) => write!(f, "partition {partition}"),
            Self::Group(group) => write!(f, "group {:?}", group.as_str()),
            Self::Transaction(id) => write!(f, "transactional id {id}"),
            Self::Commit { group, partition, offset: None } => {
                write!(f, "commit of group {:?} on {partition}", group.as_str())
            }
            Self::Commit { group, partition, offset: Some(offset) } => {
                write!(f, "commit of group {:?} on {partition} at offset {offset}", group.as_str())
            }
        }
    }
}

/// What ended a read before its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Shortfall {
    /// Time ran out.
    #[error("time ran out after {}", Seconds(*.waited))]
    Deadline {
        /// The time that was allowed.
        waited: Duration,
        /// The last thing heard from the connection.
        #[source]
        cause: Option<Cause>,
    },
    /// The log now ends before the end it had when the read began: it was truncated or the topic was re-created.
    #[error("the log now ends at {end}")]
    Truncated {
        /// The log end offset now.
        end: i64,
    },
    /// The log lost the records that were to be read next, to retention or to a deletion of records.
    #[error("the log no longer holds the offset")]
    Removed,
}

/// A duration as an operator reads it.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Duration::from_secs(10) && self.0.subsec_millis() > 0 {
            write!(f, "{:.1} s", self.0.as_secs_f64())
        } else {
            write!(f, "{} s", self.0.as_secs())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use rdkafka::types::RDKafkaErrorCode;

    use super::*;

    fn error_of(code: RDKafkaErrorCode) -> Error {
        let subject = Subject::Commit {
            group: "app,\"g\"".into(),
            partition: TopicPartition::new("orders", 3),
            offset: Some(17),
        };
        Cause::of(code).into_error(&"dst".into(), subject, Duration::from_millis(1500))
    }

    #[test]
    fn an_error_names_cluster_group_partition_and_offset() {
        let error = error_of(RDKafkaErrorCode::UnknownMemberId);
        assert_eq!(
            error.to_string(),
            r#"cluster dst: commit of group "app,\"g\"" on orders-3 at offset 17: the group has active members"#
        );
        assert_eq!(error.source().unwrap().to_string(), "Broker: Unknown member (error 25)");
        assert_eq!(error.cluster().as_str(), "dst");
    }

    #[test]
    fn codes_become_the_predicate_a_caller_branches_on() {
        assert!(error_of(RDKafkaErrorCode::UnknownMemberId).is_group_active());
        assert!(error_of(RDKafkaErrorCode::RebalanceInProgress).is_group_active());
        assert!(error_of(RDKafkaErrorCode::GroupAuthorizationFailed).is_unauthorised());
        assert!(error_of(RDKafkaErrorCode::UnknownTopicOrPartition).is_unknown_topic());
        assert!(error_of(RDKafkaErrorCode::OperationTimedOut).is_timeout());
        assert!(matches!(error_of(RDKafkaErrorCode::OffsetMetadataTooLarge), Error::Refused { .. }));
    }

    /// The log of a recorder said `error -187` and `-185`, which only librdkafka's source explains.
    #[test]
    fn codes_of_the_client_library_are_told_in_words_alone() {
        for code in [
            RDKafkaErrorCode::AllBrokersDown,
            RDKafkaErrorCode::OperationTimedOut,
            RDKafkaErrorCode::BrokerTransportFailure,
            RDKafkaErrorCode::Resolve,
            RDKafkaErrorCode::SSL,
            RDKafkaErrorCode::Authentication,
            RDKafkaErrorCode::TimedOutQueue,
        ] {
            let said = Cause::of(code).to_string();
            assert!(!said.contains(|c: char| c.is_ascii_digit()) && !said.contains("Local:"), "{said}");
        }
        let said = Cause::from_code(RDKafkaErrorCode::Resolve as i32, "no such host").to_string();
        assert_eq!(said, "no such host");
    }

    #[test]
    fn waiting_is_told_in_seconds() {
        assert_eq!(Seconds(Duration::from_millis(1500)).to_string(), "1.5 s");
        assert_eq!(Seconds(Duration::from_secs(10)).to_string(), "10 s");
        assert_eq!(Seconds(Duration::from_millis(300)).to_string(), "0.3 s");
    }
}
