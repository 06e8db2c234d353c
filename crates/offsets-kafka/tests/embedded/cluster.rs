use std::time::Duration;

use offsets_core::model::{Commit, CommittedOffset, TopicPartition};
use offsets_kafka::{ClientSettings, Cluster, Deadline, GroupCatalog};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};

/// Enough for anything that is expected to work.
pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

/// Nothing listens there, and no test that runs beside this one is given it.
pub(crate) const CLOSED: &str = "127.0.0.1:1";

/// A call that takes longer than this, however slow the machine is, waits for something else than its deadline: for librdkafka's own minute, say.
pub(crate) const ENDLESS: Duration = Duration::from_secs(30);

/// A deadline that is expected to pass.
pub(crate) fn short() -> Deadline {
    Deadline::after(Duration::from_millis(700))
}

pub(crate) fn commit(group: &str, topic: &str, partition: i32, offset: i64) -> Commit<i64> {
    Commit {
        group: group.into(),
        partition: TopicPartition::new(topic, partition),
        committed: CommittedOffset { offset, metadata: format!("at {offset}") },
    }
}

/// A mock cluster whose brokers can be taken down.
pub(crate) struct Breakable {
    pub(crate) mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

impl Breakable {
    pub(crate) fn start() -> Self {
        let mock = MockCluster::new(1).unwrap();
        let producer = ClientConfig::new()
            .set("bootstrap.servers", mock.bootstrap_servers())
            .set("linger.ms", "1")
            .set("batch.size", "20000")
            .create()
            .unwrap();
        Self { mock, producer }
    }

    /// Appends `count` records of `size` bytes to partition 0.
    pub(crate) fn fill(&self, topic: &str, count: usize, size: usize) {
        let value = vec![7_u8; size];
        for _ in 0..count {
            self.producer.send(BaseRecord::<(), [u8]>::to(topic).partition(0).payload(&value)).unwrap();
        }
        self.producer.flush(Duration::from_secs(20)).unwrap();
    }

    /// Connects, with some more settings.
    pub(crate) fn connect(&self, more: &[&str]) -> Cluster {
        let mut builder = ClientSettings::builder("dst").bootstrap_servers(self.mock.bootstrap_servers());
        for assignment in more {
            builder = builder.librdkafka(assignment).unwrap();
        }
        let group_catalog = GroupCatalog::Fixed { groups: Default::default(), partitions: Vec::new() };
        Cluster::connect_with(&builder.build().unwrap(), group_catalog, &soon()).unwrap()
    }
}
