//! A cluster of two brokers, each of which holds everything.

use std::time::Duration;

use anyhow::Result;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use super::broker::Controller;
use super::{Broker, Rig};
use crate::wait::{self, TIMEOUT};

/// Two brokers with two replicas of every partition, so that one of them can be killed and every partition still has a leader.
///
/// A broker without a second one loses transactions when it is killed: Kafka 4.3.1 writes the marker that ends a transaction to
/// no partition that has no leader at that time (`KRaftMetadataCache.getPartitionLeaderEndpoint` answers as for one that was
/// deleted), and until a broker that comes back is let in, none of its own has one. What was committed is then committed in
/// some partitions and open for ever in others.
pub struct Pair {
    brokers: [Broker; 2],
}

impl Pair {
    /// Starts both beside a rig and waits until they answer.
    ///
    /// # Errors
    ///
    /// When one does not come up; the message holds the end of its output.
    pub fn start(rig: &Rig) -> Result<Self> {
        let controller = Controller::launch("pair", 2, &rig.java, &rig.scratch)?;
        let launch = |name, id| Broker::launch(name, id, &controller, &rig.java, &rig.scratch);
        let mut brokers = [launch("pair-1", 1)?, launch("pair-2", 2)?];
        brokers.iter_mut().try_for_each(Broker::await_ready)?;
        let pair = Self { brokers };
        pair.look("both brokers of the pair", |metadata| metadata.brokers().len() == 2)?;
        Ok(pair)
    }

    /// Both as in `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        self.brokers.each_ref().map(Broker::bootstrap).join(",")
    }

    /// Kills one of them (SIGKILL), once the other one holds everything too, and starts it again.
    ///
    /// # Errors
    ///
    /// When they do not come to hold the same, or it does not come up.
    pub fn kill_and_restart(&mut self, which: usize) -> Result<()> {
        self.look("every replica to be in sync", |metadata| {
            let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            partitions.all(|partition| partition.isr().len() == 2)
        })?;
        let broker = &mut self.brokers[which % 2];
        broker.kill()?;
        broker.restart()
    }

    fn look(&self, what: &str, holds: impl Fn(&rdkafka::metadata::Metadata) -> bool) -> Result<()> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap()).set("reconnect.backoff.max.ms", "200");
        let client: BaseConsumer = config.set("log_level", "0").create()?;
        wait::until(what, TIMEOUT, || {
            let metadata = client.fetch_metadata(None, Duration::from_secs(5));
            Ok(metadata.ok().filter(|metadata| holds(metadata)).map(drop))
        })
    }
}
