use std::time::Duration;

use offsets_core::model::ClusterAlias;
use rdkafka::types::RDKafkaErrorCode;

use crate::ffi::error_text;
use crate::{Error, Subject};

/// What a broker or librdkafka said, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.describe())]
pub struct Cause {
    /// Kafka's error code; below zero it is one of librdkafka's own.
    pub code: i32,
    /// Its text.
    pub text: String,
}

impl Cause {
    /// The text, with the code where it is Kafka's: librdkafka's own mean nothing to anybody else.
    fn describe(&self) -> String {
        let text = self.text.strip_prefix("Local: ").unwrap_or(&self.text);
        if self.code < 0 { text.to_owned() } else { format!("{text} (error {})", self.code) }
    }

    /// A bare error code, with the library's text for it.
    pub(crate) fn of(code: RDKafkaErrorCode) -> Self {
        Self::from_code(code as i32, "")
    }

    /// An error code with a text that says more than the code; without one, the library's.
    pub(crate) fn from_code(code: i32, said: &str) -> Self {
        let text = match said.trim() {
            "" => error_text(code),
            said => said.to_owned(),
        };
        Self { code, text }
    }

    fn is(&self, codes: &[RDKafkaErrorCode]) -> bool {
        codes.iter().any(|code| *code as i32 == self.code)
    }

    /// Whether it is an offset that the log does not hold.
    pub(crate) fn is_out_of_range(&self) -> bool {
        self.is(&[RDKafkaErrorCode::OffsetOutOfRange, RDKafkaErrorCode::AutoOffsetReset])
    }

    /// Whether the connection was refused for who we are, or for who the broker is.
    pub(crate) fn is_authentication(&self) -> bool {
        self.is(&[
            RDKafkaErrorCode::Authentication,
            RDKafkaErrorCode::SaslAuthenticationFailed,
            RDKafkaErrorCode::SSL,
            RDKafkaErrorCode::UnsupportedSASLMechanism,
            RDKafkaErrorCode::IllegalSASLState,
        ])
    }

    /// Whether it concerns a group, which a reader has only in name.
    pub(crate) fn is_group_matter(&self) -> bool {
        self.is(&[
            RDKafkaErrorCode::GroupAuthorizationFailed,
            RDKafkaErrorCode::CoordinatorNotAvailable,
            RDKafkaErrorCode::WaitingForCoordinator,
        ])
    }

    /// Whether it only says that no broker is left.
    pub(crate) fn is_all_down(&self) -> bool {
        self.is(&[RDKafkaErrorCode::AllBrokersDown])
    }

    /// Whether nothing listens at the address. librdkafka has no code for it; the text is the operating system's.
    pub(crate) fn is_refused_connection(&self) -> bool {
        self.is_transport() && self.text.contains("Connection refused")
    }

    /// Whether the name of the host has no address.
    pub(crate) fn is_unresolved_name(&self) -> bool {
        self.is(&[RDKafkaErrorCode::Resolve])
            || self.is_transport() && self.text.contains("Failed to resolve")
    }

    /// Whether the connection itself failed.
    pub(crate) fn is_transport(&self) -> bool {
        self.is(&[
            RDKafkaErrorCode::BrokerTransportFailure,
            RDKafkaErrorCode::AllBrokersDown,
            RDKafkaErrorCode::Resolve,
            RDKafkaErrorCode::BrokerDestroy,
        ])
    }

    pub(crate) fn is_timeout(&self) -> bool {
        self.is(&[
            RDKafkaErrorCode::OperationTimedOut,
            RDKafkaErrorCode::TimedOutQueue,
            RDKafkaErrorCode::RequestTimedOut,
            RDKafkaErrorCode::NetworkException,
        ])
    }

    /// Whether a permission is missing.
    pub fn is_unauthorised(&self) -> bool {
        self.is(&[
            RDKafkaErrorCode::TopicAuthorizationFailed,
            RDKafkaErrorCode::GroupAuthorizationFailed,
            RDKafkaErrorCode::ClusterAuthorizationFailed,
            RDKafkaErrorCode::TransactionalIdAuthorizationFailed,
        ])
    }

    /// Whether a newer instance with the same name has fenced this one.
    pub(crate) fn is_fenced(&self) -> bool {
        self.is(&[
            RDKafkaErrorCode::Fenced,
            RDKafkaErrorCode::FencedInstanceId,
            RDKafkaErrorCode::ProducerFenced,
            RDKafkaErrorCode::InvalidProducerEpoch,
        ])
    }

    /// Whether a broker will not take the same record another time either.
    pub(crate) fn is_refused_for_good(&self) -> bool {
        let record = self.is(&[
            RDKafkaErrorCode::MessageSizeTooLarge,
            RDKafkaErrorCode::InvalidMessage,
            RDKafkaErrorCode::InvalidRecord,
            RDKafkaErrorCode::InvalidMessageSize,
            RDKafkaErrorCode::InvalidTimestamp,
            RDKafkaErrorCode::PolicyViolation,
        ]);
        record || self.is_unauthorised() || self.is_unknown_topic()
    }

    pub(crate) fn is_unknown_topic(&self) -> bool {
        self.is(&[
            RDKafkaErrorCode::UnknownTopicOrPartition,
            RDKafkaErrorCode::UnknownTopic,
            RDKafkaErrorCode::UnknownPartition,
            RDKafkaErrorCode::UnknownTopicId,
        ])
    }

    /// The codes with which a coordinator refuses a commit because of members. UNKNOWN_MEMBER_ID is the usual one, for
    /// classic and KIP-848 groups alike (OffsetMetadataManager.validateOffsetCommit).
    fn is_group_active(&self) -> bool {
        self.is(&[
            RDKafkaErrorCode::UnknownMemberId,
            RDKafkaErrorCode::IllegalGeneration,
            RDKafkaErrorCode::RebalanceInProgress,
            RDKafkaErrorCode::NonEmptyGroup,
            RDKafkaErrorCode::FencedInstanceId,
            RDKafkaErrorCode::StaleMemberEpoch,
            RDKafkaErrorCode::FencedMemberEpoch,
        ])
    }

    /// Whether the same question is answered a moment later: a coordinator or a leader is moving.
    pub(crate) fn is_retriable(&self) -> bool {
        self.is(&[
            RDKafkaErrorCode::CoordinatorLoadInProgress,
            RDKafkaErrorCode::CoordinatorNotAvailable,
            RDKafkaErrorCode::NotCoordinator,
            RDKafkaErrorCode::NotLeaderForPartition,
            RDKafkaErrorCode::LeaderNotAvailable,
            RDKafkaErrorCode::FencedLeaderEpoch,
            RDKafkaErrorCode::UnknownLeaderEpoch,
            RDKafkaErrorCode::OffsetNotAvailable,
        ])
    }

    /// The error this is, on that cluster and about that thing.
    pub(crate) fn into_error(self, cluster: &ClusterAlias, subject: Subject, waited: Duration) -> Error {
        let cluster = cluster.clone();
        if self.is_group_active() {
            Error::GroupActive { cluster, subject, cause: Some(self) }
        } else if self.is_fenced() {
            Error::Fenced { cluster, subject, cause: self }
        } else if self.is_unauthorised() {
            Error::Unauthorised { cluster, subject, cause: self }
        } else if self.is_unknown_topic() {
            Error::UnknownTopic { cluster, subject }
        } else if self.is_timeout() || self.is_transport() {
            Error::TimedOut { cluster, subject, waited, cause: Some(self) }
        } else {
            Error::Refused { cluster, subject, cause: self }
        }
    }
}
