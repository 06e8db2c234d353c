use offsets_core::model::TopicName;
use offsets_core::model::TopicPartition;
use offsets_kafka::{Cause, MissingPermission};
use offsets_reconcile::{Misfit, RecordError};
use offsets_store::{NotAChange, StateDamage};

/// Why a run ended. What was committed before counts; nothing else does. Where it ended before a record, everything that came
/// before that record is committed, unless the error is [`Error::Uncommitted`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The cluster could not be asked, or refused.
    #[error(transparent)]
    Kafka(#[from] offsets_kafka::Error),
    /// The local copy of the state cannot be read or written.
    #[error(transparent)]
    Store(#[from] offsets_store::Error),
    /// Permissions on topics are missing.
    #[error("not authorised: {}", list(.missing))]
    MissingPermissions {
        /// Which.
        missing: Vec<MissingPermission>,
    },
    /// Inputs with different numbers of partitions: records of one key would not meet.
    #[error(
        "{one} has {partitions_of_one} partitions and {other} has {partitions_of_other}: records of one key would not meet"
    )]
    NotCopartitioned {
        /// An input.
        one: TopicName,
        /// Its partitions.
        partitions_of_one: usize,
        /// Another one.
        other: TopicName,
        /// Its partitions.
        partitions_of_other: usize,
    },
    /// Its rules do not suit its operator, or one another.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// A policy sends records to dead letters, and no topic is named for them.
    #[error("records that cannot be judged are to go to dead letters, and no topic is named for these")]
    NoDeadLetters,
    /// A topic that is written to has fewer partitions than the inputs.
    #[error("{topic} has {partitions} partitions, and the inputs have {needed}")]
    TooFewPartitions {
        /// The topic.
        topic: TopicName,
        /// Its partitions.
        partitions: usize,
        /// The inputs' partitions.
        needed: usize,
    },
    /// The changelog loses what is old.
    #[error("changelog {topic} has cleanup.policy={policy}: state that is old would be lost")]
    NotCompacted {
        /// The changelog.
        topic: TopicName,
        /// What its policy is.
        policy: String,
    },
    /// The repartition topic does not keep every record.
    #[error("repartition topic {topic} has cleanup.policy={policy}: older records of a key would be lost")]
    Compacted {
        /// The topic.
        topic: TopicName,
        /// What its policy is.
        policy: String,
    },
    /// What was repartitioned before was repartitioned otherwise.
    #[error(
        "{partition}: what the group has committed was {}, and this is `{is}`: records of one identity would not meet",
        by(was)
    )]
    RepartitionMismatch {
        /// The partition of an input.
        partition: TopicPartition,
        /// What stands with the group's commit.
        was: String,
        /// What would stand with the next one.
        is: String,
    },
    /// A record of the repartition topic does not say where it is from.
    #[error("{partition}: the record at offset {offset} does not say where it is from")]
    MissingOrigin {
        /// The partition of the repartition topic.
        partition: TopicPartition,
        /// The record.
        offset: i64,
        /// What is wrong with its header.
        #[source]
        cause: serde_json::Error,
    },
    /// The changelog holds something else.
    #[error("changelog {partition}: the record at offset {offset} is not ours")]
    ForeignRecord {
        /// The partition of the changelog.
        partition: TopicPartition,
        /// The record.
        offset: i64,
        /// What is wrong with it.
        #[source]
        cause: NotAChange,
    },
    /// The state in the changelog is damaged.
    #[error("changelog {partition}: the state in it is damaged")]
    Damaged {
        /// The partition of the changelog.
        partition: TopicPartition,
        /// What is wrong with it.
        #[source]
        cause: StateDamage,
    },
    /// The progress that stands with the state cannot be understood.
    #[error("changelog {partition}: what stands with the state cannot be understood")]
    UnknownProgress {
        /// The partition of the changelog.
        partition: TopicPartition,
        /// Why not.
        #[source]
        cause: serde_json::Error,
    },
    /// The state was made by other rules.
    #[error("the state in changelog {partition} was made by `{was}`, and this is `{is}`")]
    RulesMismatch {
        /// The partition of the changelog.
        partition: TopicPartition,
        /// The rules it was made by.
        was: String,
        /// The rules now.
        is: String,
    },
    /// The group's position is not the one the state was saved with.
    #[error("{partition}: the group goes on at {}, and the state in the changelog is that of {}", at(*.committed), at(*.saved))]
    PositionMismatch {
        /// The partition of an input.
        partition: TopicPartition,
        /// The group's commit.
        committed: Option<i64>,
        /// The position in the state.
        saved: Option<i64>,
    },
    /// The group's commit says that there was state, and the changelog has none.
    #[error("{partition}: the group has a state, and the changelog does not hold it")]
    MissingState {
        /// The partition of an input.
        partition: TopicPartition,
    },
    /// Records were deleted before they were read.
    #[error(
        "{partition}: the group goes on at {committed}, and the log begins at {start}: records were deleted before they were read"
    )]
    Deleted {
        /// The partition of an input.
        partition: TopicPartition,
        /// The next record to be read.
        committed: i64,
        /// The first one there is.
        start: i64,
    },
    /// The group is not where its seed says.
    #[error("{partition}: the seed is of a group that goes on at {seeded}, and the group goes on at {}", at(*.committed))]
    SeedMismatch {
        /// The partition of an input.
        partition: TopicPartition,
        /// The position in the seed.
        seeded: i64,
        /// The group's commit.
        committed: Option<i64>,
    },
    /// Records of a partition cannot be read.
    #[error("{partition}: records cannot be read")]
    Unreadable {
        /// The partition of an input.
        partition: TopicPartition,
        /// What was said.
        #[source]
        cause: Cause,
    },
    /// A record cannot be judged.
    #[error("{partition}: the record at offset {offset} cannot be judged")]
    InvalidRecord {
        /// The partition of an input.
        partition: TopicPartition,
        /// The record.
        offset: i64,
        /// Why not.
        #[source]
        record_error: RecordError,
    },
    /// A topic that is written to does not take a record, by its settings.
    #[error(
        "{partition}: the record at offset {offset} ({}) cannot be written to {topic}, which has {setting}={value}",
        of_time(*.timestamp_ms)
    )]
    Refused {
        /// The partition of an input.
        partition: TopicPartition,
        /// The record.
        offset: i64,
        /// Its timestamp in milliseconds since 1970 (UTC), if it has one.
        timestamp_ms: Option<i64>,
        /// The topic that it was to be written to.
        topic: TopicName,
        /// The setting of that topic by which it is refused.
        setting: &'static str,
        /// What the setting is.
        value: String,
    },
    /// An offset is higher than a state can hold.
    #[error("{partition}: offset {offset} is beyond 2^48")]
    OffsetTooLarge {
        /// The partition of an input.
        partition: TopicPartition,
        /// The offset.
        offset: i64,
    },
    /// A run could not go on, and the commit of what came before failed, or its result is not known yet: the next instance goes
    /// on from what is committed.
    #[error("{failed}; what came before it is not known to be committed")]
    Uncommitted {
        /// Why it could not go on.
        failed: Box<Error>,
        /// Why the commit did not come about.
        #[source]
        cause: Box<offsets_kafka::Error>,
    },
    /// Transaction after transaction failed.
    #[error("{tries} transactions in a row were aborted")]
    RetriesExhausted {
        /// How many.
        tries: u32,
        /// Why the last one did.
        #[source]
        last: offsets_kafka::Error,
    },
}

impl Error {
    /// Whether the same run may succeed a little later, with nothing changed: a broker is away, or a coordinator is moving.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Kafka(error) | Self::RetriesExhausted { last: error, .. } => error.is_retriable(),
            Self::Uncommitted { failed, .. } => failed.is_retriable(),
            _ => false,
        }
    }

    /// Whether another instance has come under the same name: this one is to end.
    pub fn is_fenced(&self) -> bool {
        match self {
            Self::Kafka(error) | Self::RetriesExhausted { last: error, .. } => error.is_fenced(),
            Self::Uncommitted { failed, cause } => failed.is_fenced() || cause.is_fenced(),
            _ => false,
        }
    }

    /// Whether the job, a setting or a topic has to be configured otherwise: nothing was read, and the same run fails again.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Kafka(error) => error.is_setting(),
            Self::NotCopartitioned { .. }
            | Self::Misfit(_)
            | Self::NoDeadLetters
            | Self::TooFewPartitions { .. }
            | Self::NotCompacted { .. }
            | Self::Compacted { .. }
            | Self::RepartitionMismatch { .. }
            | Self::RulesMismatch { .. } => true,
            _ => false,
        }
    }
}

fn of_time(timestamp_ms: Option<i64>) -> String {
    let time = timestamp_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| "without a timestamp".to_owned(), |time| format!("of {time}"))
}

fn at(offset: Option<i64>) -> String {
    offset.map_or_else(|| "nowhere".to_owned(), |offset| offset.to_string())
}

fn by(commit_metadata: &str) -> String {
    if commit_metadata.is_empty() {
        "not committed by a repartition".to_owned()
    } else {
        format!("`{commit_metadata}`")
    }
}

fn list(missing: &[MissingPermission]) -> String {
    let missing: Vec<_> = missing.iter().map(MissingPermission::to_string).collect();
    missing.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use offsets_kafka::Subject;

    use super::*;

    #[test]
    fn an_error_tells_whether_to_try_again_to_end_or_to_change_the_job() {
        let cluster = || "target".into();
        let away = || offsets_kafka::Error::Unreachable {
            cluster: cluster(),
            bootstrap: "target:9092".to_owned(),
            side: None,
            waited: Duration::from_secs(10),
            cause: None,
        };
        let setting = offsets_kafka::Error::Setting {
            cluster: cluster(),
            key: "acks".to_owned(),
            problem: "1 loses records".to_owned(),
        };
        let timed_out = Box::new(offsets_kafka::Error::TimedOut {
            cluster: cluster(),
            subject: Subject::Transaction("merge.one".to_owned()),
            waited: Duration::from_secs(10),
            cause: None,
        });
        let told = |error: &Error| [error.is_retriable(), error.is_fenced(), error.is_configuration()];
        let retriable = [true, false, false];
        assert_eq!(told(&Error::Kafka(away())), retriable);
        assert_eq!(told(&Error::RetriesExhausted { tries: 9, last: away() }), retriable);
        let failed = Box::new(Error::Kafka(away()));
        assert_eq!(told(&Error::Uncommitted { failed, cause: timed_out }), retriable);
        let configuration = [false, false, true];
        assert_eq!(told(&Error::Kafka(setting)), configuration);
        assert_eq!(told(&Error::NoDeadLetters), configuration);
        let too_few = Error::TooFewPartitions { topic: "out".into(), partitions: 1, needed: 2 };
        assert_eq!(told(&too_few), configuration);
        let partition = TopicPartition::new("in", 0);
        assert_eq!(told(&Error::MissingState { partition }), [false; 3]);
    }
}
