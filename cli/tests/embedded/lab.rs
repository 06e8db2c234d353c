use std::time::Duration;

use offsets_core::link::{Link, Side};
use offsets_core::mm2::{Checkpoint, OffsetSync};
use offsets_core::model::{SourceOffset, TargetOffset, TopicName};
use offsets_kafka::demo::{DemoCluster, DemoClusters, DemoRecord};
use offsets_kafka::{Deadline, RawRecord};
use offsets_reconcile::{Line, Record};

/// Two embedded clusters for another process to connect to, on which anything may be wrong.
///
/// They cannot tell a stranger which groups they have, so what is asked of them are offsets given by hand.
pub(crate) struct Lab {
    pub(crate) link: Link,
    pub(crate) source: DemoCluster,
    pub(crate) target: DemoCluster,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let link = Link::new("src", "dst");
        let DemoClusters { source, target } = DemoClusters::start("src", "dst").unwrap();
        Self { link, source, target }
    }

    /// Ten records, copied one to one, with a sync for the first and the last: [`Lab::ASK`] has [`Lab::ANSWER`].
    pub(crate) fn of_ten_records() -> Self {
        Self::new().mirrored("orders", 10).syncs("orders", &[(0, 0), (9, 9)])
    }

    pub(crate) const ASK: &str = "translate --topic orders:0 --offset 9 -o csv";

    pub(crate) const ANSWER: &str = "src.orders,0,9\n";

    /// Three hundred numbered records, of which app-g has read 150. The target lacks one of those, number 120, and goes by a sync
    /// at 100 and a checkpoint at 150, so that the group goes on at 101.
    pub(crate) fn with_a_group_behind() -> Self {
        let source: Vec<u16> = (0..300).collect();
        let target: Vec<u16> = (0..120).chain(121..300).collect();
        let lab = Self::new().numbered(("orders", &source), ("src.orders", &target));
        let lab = lab.target_syncs("orders", &[(0, 0), (100, 100), (200, 199), (299, 298)]);
        lab.checkpoints("app-g", "orders", &[(150, 101)])
    }

    /// Ten records on each of two partitions, of which app-g has a checkpoint on the first alone.
    pub(crate) fn with_a_commit_on_one_of_two_partitions() -> Self {
        let mut lab = Self::new();
        for (cluster, name) in [(&mut lab.source, "orders"), (&mut lab.target, "src.orders")] {
            cluster.create_topic(name, 2).unwrap();
            for partition in 0..2 {
                let record = DemoRecord { key: None, value: Some(b"record"), timestamp_ms: 1 };
                cluster.produce(&name.into(), partition, std::iter::repeat_n(record, 10)).unwrap();
            }
        }
        lab.target_syncs("orders", &[(0, 0), (9, 9)]).checkpoints("app-g", "orders", &[(5, 1)])
    }

    /// A topic with `records` records on both sides, copied one to one.
    pub(crate) fn mirrored(mut self, topic: &str, records: usize) -> Self {
        let name = TopicName::from(topic);
        let remote = self.link.remote_topic(&name);
        for (cluster, name) in [(&mut self.source, name), (&mut self.target, remote)] {
            cluster.create_topic(name.clone(), 1).unwrap();
            let record = DemoRecord { key: None, value: Some(b"record"), timestamp_ms: 1 };
            cluster.produce(&name, 0, std::iter::repeat_n(record, records)).unwrap();
        }
        self
    }

    /// A topic on either side under names of their own, with these records: each is its number, and has it as timestamp.
    pub(crate) fn numbered(mut self, source: (&str, &[u16]), target: (&str, &[u16])) -> Self {
        for (cluster, (name, numbers)) in [(&mut self.source, source), (&mut self.target, target)] {
            cluster.create_topic(name, 1).unwrap();
            produce_numbers(cluster, name, numbers);
        }
        self
    }

    /// More such records, on both sides under one name.
    pub(crate) fn more(mut self, name: &str, numbers: &[u16]) -> Self {
        produce_numbers(&mut self.source, name, numbers);
        produce_numbers(&mut self.target, name, numbers);
        self
    }

    /// The offset-syncs topic with these pairs for partition 0 of a topic.
    pub(crate) fn syncs(self, topic: &str, pairs: &[(i64, i64)]) -> Self {
        let encode = |&(upstream, downstream): &(i64, i64)| {
            let upstream = SourceOffset::new(upstream).unwrap();
            let downstream = TargetOffset::new(downstream).unwrap();
            OffsetSync { topic, partition: 0, upstream, downstream }.encode()
        };
        self.raw_syncs(pairs.iter().map(encode))
    }

    /// The same on the target, where `offset-syncs.topic.location` may put it.
    pub(crate) fn target_syncs(mut self, topic: &str, pairs: &[(i64, i64)]) -> Self {
        self.link.syncs_location = Side::Target;
        let (_, name) = self.link.syncs_topic();
        self.target.create_topic(name.clone(), 1).unwrap();
        for &(upstream, downstream) in pairs {
            let upstream = SourceOffset::new(upstream).unwrap();
            let downstream = TargetOffset::new(downstream).unwrap();
            let (key, value) = OffsetSync { topic, partition: 0, upstream, downstream }.encode();
            let record = DemoRecord { key: Some(&key), value: Some(&value), timestamp_ms: 0 };
            self.target.produce(&name, 0, [record]).unwrap();
        }
        self
    }

    /// The checkpoints topic, in which a group has these pairs for partition 0 of a topic.
    pub(crate) fn checkpoints(mut self, group: &str, topic: &str, pairs: &[(i64, i64)]) -> Self {
        let (name, mirror) = (self.link.checkpoints_topic(), self.link.remote_topic(&topic.into()));
        self.target.create_topic(name.clone(), 1).unwrap();
        for &(upstream, downstream) in pairs {
            let upstream = SourceOffset::new(upstream).unwrap();
            let downstream = TargetOffset::new(downstream).unwrap();
            let (topic, metadata) = (mirror.as_str(), "");
            let (key, value) =
                Checkpoint { group, topic, partition: 0, upstream, downstream, metadata }.encode();
            let record = DemoRecord { key: Some(&key), value: Some(&value), timestamp_ms: 1 };
            self.target.produce(&name, 0, [record]).unwrap();
        }
        self
    }

    /// The offset-syncs topic with these bytes.
    pub(crate) fn raw_syncs(mut self, records: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let (_, topic) = self.link.syncs_topic();
        let records: Vec<_> = records.into_iter().collect();
        let lent = records.iter().map(|(key, value)| DemoRecord {
            key: Some(key),
            value: Some(value),
            timestamp_ms: 0,
        });
        self.source.create_topic(topic.clone(), 1).unwrap();
        self.source.produce(&topic, 0, lent).unwrap();
        self
    }

    /// The records of a topic of the target as lines of JSON, in the order of their offsets.
    pub(crate) fn dump(&self, topic: &str) -> String {
        let deadline = Deadline::after(Duration::from_secs(20));
        let cluster = self.target.connect(&deadline).unwrap();
        let mut lines = String::new();
        let add = |raw: RawRecord<'_>| {
            let record = Record {
                topic,
                partition: raw.partition,
                offset: raw.offset,
                timestamp_ms: raw.timestamp_ms,
                key: raw.key,
                value: raw.value,
                ..Record::default()
            };
            lines += &serde_json::to_string(&Line::of(&record, [])).unwrap();
            lines.push('\n');
        };
        cluster.read(&topic.into()).visit(&deadline, add).unwrap();
        lines
    }

    /// The flags that lead to it.
    pub(crate) fn flags(&self) -> String {
        format!(
            "--source.bootstrap-server {} --source.alias src --target.bootstrap-server {} --target.alias dst --timeout 20s",
            self.source.settings().bootstrap_servers(),
            self.target.settings().bootstrap_servers()
        )
    }

    /// The MM2 file that leads to it.
    pub(crate) fn mm2_properties(&self) -> String {
        format!(
            "clusters = src, dst\nsrc.bootstrap.servers = {}\ndst.bootstrap.servers = {}\nsrc->dst.enabled = true\n",
            self.source.settings().bootstrap_servers(),
            self.target.settings().bootstrap_servers()
        )
    }
}

fn produce_numbers(cluster: &mut DemoCluster, topic: &str, numbers: &[u16]) {
    let values: Vec<_> = numbers.iter().map(|number| number.to_be_bytes()).collect();
    let record = |(number, value): (&u16, &'static [u8])| DemoRecord {
        key: None,
        value: Some(value),
        // 0 would be now.
        timestamp_ms: 1 + i64::from(*number),
    };
    let values = values.into_iter().map(|value| &*Box::leak(Box::new(value)) as &[u8]);
    cluster.produce(&topic.into(), 0, numbers.iter().zip(values).map(record)).unwrap();
}
