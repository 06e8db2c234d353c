//! What the tests do to a cluster themselves: produce, read whole logs, commit for a group, make topics, and read
//! MirrorMaker 2's own records.
//!
//! Nothing here uses the code under test: an oracle that shared it would share its mistakes.

mod acls;
mod commits;
mod heartbeats;
mod log;
mod mm2;
mod producer;
mod topics;

use std::time::Duration;

use rdkafka::config::ClientConfig;

pub use acls::{Resource, Right, grant, revoke};
pub use commits::{Member, OpenTransaction, commit, commit_in_open_transaction, committed, join};
pub use heartbeats::{join_share_group, join_streams_group, leave_streams_group};
pub use log::{
    Follower, Isolation, Log, LoggedRecord, PartitionLog, Record, await_transactions, read_whole, records,
};
pub use mm2::{Checkpoint, Sync, checkpoints, source_positions, syncs};
pub use producer::{Ending, Producer, RecordId, write, write_at};
pub use topics::{Topic, partition_count};

/// How long one request may take: brokers share two cores with builds.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a producer of a test's own starts from.
pub(crate) fn producer(bootstrap: &str) -> ClientConfig {
    client(bootstrap)
}

/// What every client of the tests starts from.
fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("reconnect.backoff.max.ms", "500");
    // what a client cannot do comes back as an error; its log would only litter the output of the tests
    config.set("log_level", "0");
    config
}
