use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use offsets_core::model::TopicPartition;
use offsets_reconcile::RunCounts;
use offsets_store::TableCost;

use crate::NarrowerTopic;

/// Receives the events of a run.
pub trait RunListener: Send {
    /// Something has happened.
    fn on_event(&mut self, event: Event<'_>);
}

/// Ignores every event.
impl RunListener for () {
    fn on_event(&mut self, _event: Event<'_>) {}
}

/// What happens in a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A topic was created that was not there.
    TopicCreated(&'a str),
    /// A topic that is written to has a partition with one replica, and the cluster more than one broker.
    SingleReplica(&'a str),
    /// A topic that is written to takes less than an input does, by its settings.
    Narrower(&'a NarrowerTopic),
    /// These partitions of every input are this instance's own now.
    Assigned(&'a [i32]),
    /// State and positions are apart, as they are while a transaction is open that a dead instance began.
    WaitingForTransaction {
        /// The partition of the changelog.
        partition: &'a TopicPartition,
        /// How long is waited.
        longest: Duration,
    },
    /// A run that ends takes no record of these offsets: a transaction is open there, and what others have committed behind its
    /// first record is not seen before it ends either.
    OpenTransaction {
        /// The partition of an input.
        partition: &'a TopicPartition,
        /// The first offset.
        from: i64,
        /// The offset after the last one.
        until: i64,
    },
    /// A local copy of the state was damaged: all of the changelog is read instead.
    LocalDamaged {
        /// The folder.
        folder: &'a Path,
        /// What was found.
        cause: &'a offsets_store::Error,
    },
    /// The local copy of one partition of the state was damaged: the changelog is read from its beginning instead.
    CopyDamaged {
        /// The partition of the changelog.
        partition: i32,
        /// What was found.
        cause: &'a dyn std::error::Error,
        /// Where it was moved to.
        file: &'a Path,
    },
    /// The state of the partitions is there, and reading begins.
    Restored {
        /// How many records of the changelog were read for it.
        records: u64,
        /// How many identities are remembered.
        remembered: u64,
    },
    /// The partitions are another's from now on.
    Revoked,
    /// Results were committed.
    Committed {
        /// What the run has come to.
        counts: &'a RunCounts,
        /// How many identities are remembered.
        remembered: u64,
        /// What that takes.
        cost: TableCost,
    },
    /// Records that went through the repartition topic in all, and are committed there.
    Repartitioned(u64),
    /// Everything the group had read before it moved has come again, or cannot any more: from now on all passes.
    RereadComplete,
    /// How many offsets each partition of an input is behind its end. Control records count.
    Lag(&'a BTreeMap<TopicPartition, i64>),
    /// A transaction was aborted; its records are read again.
    Retrying(&'a offsets_kafka::Error),
    /// After a stop the cluster did not answer in time: the last transaction stays open until its timeout, and what is not committed of
    /// it is read again.
    LeftOpen {
        /// Its transactional id.
        id: &'a str,
        /// The timeout.
        timeout: Duration,
    },
    /// A write loses, in a run that writes nothing: its entry in the ledger, as JSON.
    Loss(&'a [u8]),
}
