//! The members of a group and the transactions of `offsets-kafka`, against a real group coordinator.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use offsets_core::model::{GroupId, TopicPartition};
use offsets_kafka::eos::{
    Assignment, GroupConsumer, GroupConsumerOptions, ProducerRecord, RebalanceEvent, TransactionalProducer,
};
use offsets_kafka::{ClientSettings, Deadline};
use offsets_tests::kafka::{self, Isolation, Topic};
use offsets_tests::rig::Rig;
use offsets_tests::wait::{self, TIMEOUT};

#[test]
fn a_member_that_was_put_out_while_it_was_busy_commits_nothing() -> Result<()> {
    let rig = Rig::shared()?;
    let bootstrap = rig.target.bootstrap();
    for topic in ["put-out.in", "put-out.out"] {
        Topic::new(topic, 1).create(&bootstrap)?;
    }
    kafka::write(&bootstrap, "put-out.in", &[(0, None, Some("a record"))])?;
    let busy = Worker::join(&bootstrap, "busy", "15000")?;
    let assignment = busy.assign()?;
    let mut results = busy.decide("of the first")?;
    // Nothing is heard of it for longer than its session lasts.
    let other = Worker::join(&bootstrap, "other", "1000")?;
    let taken_over = other.assign()?;
    wait::until("busy to learn that it was put out", TIMEOUT, || {
        Ok(busy.member.next_rebalance(Duration::from_millis(100))?.map(drop))
    })?;
    let next = [(busy.input.clone(), 1)];
    let late = results.commit(&next, "", &busy.member, &Deadline::after(TIMEOUT));
    ensure!(late.is_err(), "it committed what is another's");
    let aborted = results.abort(&Deadline::after(TIMEOUT));
    ensure!(
        aborted.is_ok(),
        "{:?}",
        aborted.map_err(|transaction_error| transaction_error.into_error().to_string())
    );

    let mut results = other.decide("of the other")?;
    let committed = results.commit(&next, "", &other.member, &Deadline::after(TIMEOUT));
    ensure!(
        committed.is_ok(),
        "{:?}",
        committed.map_err(|transaction_error| transaction_error.into_error().to_string())
    );
    kafka::await_transactions(&bootstrap, "put-out.out")?;
    let read = kafka::records(&bootstrap, "put-out.out", Isolation::ReadCommitted)?;
    let values: Vec<_> = read.iter().filter_map(|record| record.value.as_deref()).collect();
    ensure!(values == [b"of the other"], "{values:?}");
    drop((assignment, taken_over));
    Ok(())
}

/// A member of a group with one input.
struct Worker {
    settings: ClientSettings,
    name: &'static str,
    input: TopicPartition,
    member: GroupConsumer,
}

impl Worker {
    /// Joins, with this heartbeat interval in milliseconds: its session lasts for 6,000.
    fn join(bootstrap: &str, name: &'static str, heartbeat: &str) -> Result<Self> {
        let mut settings = ClientSettings::builder("kafka").bootstrap_servers(bootstrap);
        for setting in ["session.timeout.ms=6000", &format!("heartbeat.interval.ms={heartbeat}")] {
            settings = settings.librdkafka(setting)?;
        }
        let settings = settings.build()?;
        let input = TopicPartition::new("put-out.in", 0);
        let group = GroupId::from("put-out");
        let topics = [input.topic.clone()];
        let member = GroupConsumer::join(&settings, &group, &topics, &GroupConsumerOptions::default())?;
        Ok(Self { settings, name, input, member })
    }

    fn assign(&self) -> Result<Assignment> {
        wait::until(&format!("{} to be given the partition", self.name), TIMEOUT, || {
            let change = self.member.next_rebalance(Duration::from_millis(100))?;
            Ok((change == Some(RebalanceEvent::Assigned(vec![self.input.clone()]))).then_some(()))
        })?;
        Ok(self.member.assign(&BTreeMap::from([(self.input.clone(), 0)]))?)
    }

    /// Puts out a result that is not committed yet.
    fn decide(&self, result: &str) -> Result<TransactionalProducer> {
        let deadline = Deadline::after(TIMEOUT);
        let id = format!("put-out.{}", self.name);
        let mut results = TransactionalProducer::open(&self.settings, &id, TIMEOUT, &deadline)?;
        let record = ProducerRecord { value: Some(result.as_bytes()), ..ProducerRecord::to("put-out.out") };
        let sent = results.send(&record, &deadline);
        ensure!(
            sent.is_ok(),
            "{:?}",
            sent.map_err(|transaction_error| transaction_error.into_error().to_string())
        );
        Ok(results)
    }
}
