use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::cluster::{Client, client};
use crate::connection::Connection;
use crate::detached::Retiring;
use crate::{Error, Isolation};

/// A client that fetches records. It carries a group id because librdkafka wants one, and neither joins nor commits.
pub(crate) struct Fetcher {
    profile: FetchProfile,
    isolation: Isolation,
    client: Arc<Client>,
}

/// How much a fetch brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FetchProfile {
    /// Whole partitions: large fetches, so that a round trip is worth its time.
    Bulk,
    /// A few records: whatever a fetch brings beyond them is thrown away.
    Small,
}

impl Fetcher {
    fn new(connection: &Connection, profile: FetchProfile, isolation: Isolation) -> Result<Self, Error> {
        let isolation_level = match isolation {
            Isolation::ReadCommitted => "read_committed",
            Isolation::ReadUncommitted => "read_uncommitted",
        };
        // More than 4 MiB gained nothing over loopback, and costs its size twice over in memory.
        let (partition_bytes, fetch_bytes) = match profile {
            FetchProfile::Bulk => ("4194304", "4194304"),
            // As little as librdkafka allows in all.
            FetchProfile::Small => ("262144", "1048576"),
        };
        let forced = [
            ("group.id", "offsets-reader"),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "error"),
            ("isolation.level", isolation_level),
            ("enable.partition.eof", "true"),
            ("check.crcs", "true"),
            // Only the leader knows where its log ends; a rack would let a follower answer.
            ("client.rack", ""),
        ];
        let tuned = [
            // By default librdkafka idles for a second whenever its queue is full: eight times the time of a bulk read.
            ("fetch.queue.backoff.ms", "1"),
            ("fetch.error.backoff.ms", "50"),
            ("fetch.wait.max.ms", "10"),
            ("fetch.message.max.bytes", partition_bytes),
            ("fetch.max.bytes", fetch_bytes),
            ("queued.max.messages.kbytes", "4096"),
        ];
        let client = client(connection.settings(), connection, &forced, &tuned)?;
        Ok(Self { profile, isolation, client: Arc::new(Retiring::unattended(client)) })
    }
}

impl Fetcher {
    /// The client, for a call that may be left behind.
    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }
}

impl Deref for Fetcher {
    type Target = BaseConsumer<Connection>;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

/// Fetchers at rest. Connections, and the memory that their threads have claimed, serve the next read too.
#[derive(Default)]
pub(crate) struct Fetchers(Mutex<Vec<Fetcher>>);

impl Fetchers {
    /// One of the wanted kind, with nothing assigned, on the cluster of this connection.
    pub(crate) fn take(
        &self,
        connection: &Connection,
        profile: FetchProfile,
        isolation: Isolation,
    ) -> Result<Fetcher, Error> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |fetcher: &Fetcher| fetcher.profile == profile && fetcher.isolation == isolation;
        match idle.iter().position(fits) {
            Some(index) => Ok(idle.swap_remove(index)),
            None => Fetcher::new(&connection.sibling(), profile, isolation),
        }
    }

    /// Puts one to rest after a read that went well. What it still holds of that read is never handed out again.
    pub(crate) fn put_back(&self, fetcher: Fetcher) {
        if fetcher.unassign().is_ok() {
            fetcher.context().forget();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fetcher);
        }
    }
}
