use std::collections::BTreeMap;

use offsets_core::model::TopicPartition;
use offsets_kafka::eos::{Assignment, RebalanceEvent, TransactionError};

use super::{GroupSession, PartitionGroup};
use crate::Error;

/// What is done with the records of an assignment, whatever becomes of members, brokers and transactions.
pub(crate) trait Processor {
    /// Brings the work on these partitions to where the group is. What the group decides meanwhile is given back.
    fn prepare(
        &mut self,
        session: &mut GroupSession<'_>,
        partitions: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error>;

    /// The next offset to be read of each partition.
    fn positions(&self) -> BTreeMap<TopicPartition, i64>;

    /// The partitions of an assignment, those together that are to be read side by side.
    fn partition_groups<'a>(&self, assignment: &'a Assignment) -> Vec<PartitionGroup<'a>>;

    /// Processes some records of a partition group, and returns how many. What is decided of them by the time is decided by `now_ms`
    /// (milliseconds since 1970, UTC): a processor reads no clock.
    fn process(
        &mut self,
        session: &mut GroupSession<'_>,
        partition_group: &mut PartitionGroup<'_>,
        now_ms: i64,
    ) -> Result<usize, ProcessError>;

    /// How many records wait for a commit.
    fn uncommitted(&self) -> u64;

    /// Whether something was decided that is not committed.
    fn is_dirty(&self) -> bool;

    /// Puts out what else is to be committed, and gives the positions.
    fn save(&mut self, session: &mut GroupSession<'_>)
    -> Result<BTreeMap<TopicPartition, i64>, ProcessError>;

    /// What stands with each position that is committed.
    fn commit_metadata(&self) -> &str;

    /// What was saved is committed.
    fn on_committed(&mut self, session: &mut GroupSession<'_>) -> Result<(), Error>;

    /// Nothing counts that is not committed, and others may have gone on: all is to be prepared again.
    fn reset(&mut self);

    /// Everything is committed, and the partitions are another's for now.
    fn suspend(&mut self, session: &mut GroupSession<'_>) -> Result<(), Error>;
}

/// Why a record could not be dealt with.
pub(crate) enum ProcessError {
    /// The transaction was aborted.
    TransactionFailed(TransactionError),
    /// The run cannot go on.
    Fatal(Box<Error>),
}

impl<E: Into<Error>> From<E> for ProcessError {
    fn from(error: E) -> Self {
        Self::Fatal(Box::new(error.into()))
    }
}

impl From<TransactionError> for ProcessError {
    fn from(transaction_error: TransactionError) -> Self {
        Self::TransactionFailed(transaction_error)
    }
}
