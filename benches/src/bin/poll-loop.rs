//! The floor of any reader: polls every record of partition 0 of a topic and does nothing with it.
//!
//! `poll-loop BOOTSTRAP TOPIC [KEY=VALUE...]`, with settings of librdkafka to try.

use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(bootstrap), Some(topic)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: poll-loop BOOTSTRAP TOPIC [KEY=VALUE...]");
    };
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "poll-loop")
        .set("enable.auto.commit", "false")
        // the default idles for a second whenever 100,000 records are queued: eight times the time on the wall
        .set("fetch.queue.backoff.ms", "1")
        .set("fetch.wait.max.ms", "10")
        .set("fetch.message.max.bytes", "16777216")
        .set("queued.max.messages.kbytes", "4096");
    for argument in arguments {
        let (key, value) = argument.split_once('=').context("a setting is KEY=VALUE")?;
        config.set(key, value);
    }
    let consumer: BaseConsumer = config.create()?;
    let (start, end) = consumer.fetch_watermarks(&topic, 0, PATIENCE)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&topic, 0, Offset::Offset(start))?;
    consumer.assign(&list)?;
    let (mut next, mut records, mut bytes) = (start, 0_u64, 0);
    while next < end {
        let record = consumer.poll(PATIENCE).context("no record came")??;
        next = record.offset() + 1;
        records += 1;
        bytes += record.key().map_or(0, <[u8]>::len) + record.payload().map_or(0, <[u8]>::len);
    }
    println!("{records} records, {bytes} bytes");
    Ok(())
}
