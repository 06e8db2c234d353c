//! A group's committed offsets, read and written without joining the group.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::{TIMEOUT, client};
use crate::wait;

/// Commits one offset a partition for `group`.
///
/// # Errors
///
/// When the broker refuses, for instance because the group has members.
pub fn commit(bootstrap: &str, group: &str, topic: &str, offsets: &BTreeMap<i32, i64>) -> Result<()> {
    let consumer = member_of_none(bootstrap, group)?;
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    patiently(group, || consumer.commit(&list, CommitMode::Sync))
}

/// What `group` has committed, one offset a partition; partitions without a commit are left out.
///
/// # Errors
///
/// When the broker refuses.
pub fn committed(bootstrap: &str, group: &str, topic: &str, partitions: i32) -> Result<BTreeMap<i32, i64>> {
    let consumer = member_of_none(bootstrap, group)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_range(topic, 0, partitions - 1);
    let list = patiently(group, || consumer.committed_offsets(list.clone(), TIMEOUT))?;
    let committed = list.elements().into_iter().filter_map(|element| match element.offset() {
        Offset::Offset(offset) => Some((element.partition(), offset)),
        _ => None,
    });
    Ok(committed.collect())
}

fn member_of_none(bootstrap: &str, group: &str) -> Result<BaseConsumer> {
    Ok(client(bootstrap).set("group.id", group).set("enable.auto.commit", "false").create()?)
}

/// Tries again while the group's coordinator is still coming up: a young or restarted broker has to load it first.
fn patiently<T>(group: &str, mut call: impl FnMut() -> Result<T, KafkaError>) -> Result<T> {
    wait::until(&format!("the coordinator of group {group}"), TIMEOUT, || match call() {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.rdkafka_error_code().is_some_and(is_retriable) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("offsets of group {group}")),
    })
}

fn is_retriable(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::CoordinatorNotAvailable
            | Code::CoordinatorLoadInProgress
            | Code::NotCoordinator
            | Code::WaitingForCoordinator
            | Code::BrokerTransportFailure
    )
}

/// A transaction that holds a commit back until it is aborted.
pub struct OpenTransaction {
    producer: BaseProducer,
}

impl OpenTransaction {
    /// Ends it.
    ///
    /// # Errors
    ///
    /// When the coordinator refuses.
    pub fn abort(self) -> Result<()> {
        Ok(self.producer.abort_transaction(TIMEOUT)?)
    }
}

/// Commits one offset a partition for `group` in a transaction that stays open.
///
/// # Errors
///
/// When the broker refuses.
pub fn commit_in_open_transaction(
    bootstrap: &str,
    group: &str,
    topic: &str,
    offsets: &BTreeMap<i32, i64>,
) -> Result<OpenTransaction> {
    let producer: BaseProducer = client(bootstrap).set("transactional.id", group).create()?;
    producer.init_transactions(TIMEOUT)?;
    producer.begin_transaction()?;
    let consumer = member_of_none(bootstrap, group)?;
    let metadata = consumer.group_metadata().context("a group without metadata")?;
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    producer.send_offsets_to_transaction(&list, &metadata, TIMEOUT)?;
    Ok(OpenTransaction { producer })
}

/// A member of a group, for as long as this value lives.
pub struct Member {
    _consumer: BaseConsumer,
}

/// Joins `group` on `topic` and waits until it has been given partitions. It reads nothing and commits nothing.
///
/// # Errors
///
/// When the group does not take it in.
pub fn join(bootstrap: &str, group: &str, topic: &str) -> Result<Member> {
    let consumer = member_of_none(bootstrap, group)?;
    consumer.subscribe(&[topic])?;
    wait::until(&format!("a place in group {group}"), TIMEOUT, || {
        // what is polled is of no interest; polling is what makes it join
        let _ = consumer.poll(Duration::from_millis(100)).transpose()?;
        Ok((consumer.assignment()?.count() > 0).then_some(()))
    })?;
    Ok(Member { _consumer: consumer })
}
