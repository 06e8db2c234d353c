use std::collections::BTreeMap;

use offsets_core::model::TopicPartition;
use offsets_kafka::eos::{Assignment, RebalanceEvent, TransactionError};

use super::{Lane, Seat};
use crate::Error;

/// What is done with the records of an assignment, whatever becomes of members, brokers and transactions.
pub(crate) trait Stage {
    /// Brings the work on these partitions to where the group is. What the group decides meanwhile is given back.
    fn prepare(
        &mut self,
        seat: &mut Seat<'_>,
        partitions: &[TopicPartition],
    ) -> Result<Option<RebalanceEvent>, Error>;

    /// The next offset to be read of each partition.
    fn positions(&self) -> BTreeMap<TopicPartition, i64>;

    /// The partitions of an assignment, those together that are to be read side by side.
    fn lanes<'a>(&self, assignment: &'a Assignment) -> Vec<Lane<'a>>;

    /// Takes some records of a lane, and tells how many.
    fn advance(&mut self, seat: &mut Seat<'_>, lane: &mut Lane<'_>) -> Result<usize, Stopped>;

    /// How many records wait for a commit.
    fn open(&self) -> u64;

    /// Whether something was decided that is not committed.
    fn is_dirty(&self) -> bool;

    /// Puts out what else is to be committed, and gives the positions.
    fn save(&mut self, seat: &mut Seat<'_>) -> Result<BTreeMap<TopicPartition, i64>, Stopped>;

    /// What stands with each position that is committed.
    fn mark(&self) -> &str;

    /// What was saved is committed.
    fn settle(&mut self, seat: &mut Seat<'_>) -> Result<(), Error>;

    /// Nothing counts that is not committed, and others may have gone on: all is to be prepared anew.
    fn forget(&mut self);

    /// Everything is committed, and the partitions are another's for now.
    fn rest(&mut self, seat: &mut Seat<'_>) -> Result<(), Error>;
}

/// Why a record could not be dealt with.
pub(crate) enum Stopped {
    /// The transaction came to nothing.
    TransactionError(TransactionError),
    /// The run cannot go on.
    Failed(Box<Error>),
}

impl<E: Into<Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(Box::new(error.into()))
    }
}

impl From<TransactionError> for Stopped {
    fn from(setback: TransactionError) -> Self {
        Self::TransactionError(setback)
    }
}
