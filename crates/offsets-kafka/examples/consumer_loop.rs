//! Each operator of reconciliation inside a plain rdkafka consumer loop, on clusters inside this process.
//!
//!     cargo run -p offsets-kafka --example consumer_loop
//!
//! What an operator remembers is in memory here. Where it is to outlive the process, give it a `DurableTable` of
//! `offsets-store`, save that with the positions behind it, and commit to Kafka only then: a record that comes again from
//! a position that was not committed gets the answer it got.

use std::error::Error;
use std::time::Duration;

use offsets_core::reconcile::{
    Dedup, Examination, IdentityRule, MemoryTable, Operator, Order, Outcome, Pointer, Position, Record,
    Regions, Seeded, Upsert, UpsertRules, VersionRule, Window,
};
use offsets_kafka::demo::{DemoCluster, DemoRecord};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

/// Another time would be the clock's: it is an argument, so that a rerun decides the same.
const NOW_MS: i64 = 1_764_000_000_000;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let passed = each_event_once()?;
    println!("dedup: {passed:?}");
    assert_eq!(passed, [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]);

    let passed = the_winner_of_each_key()?;
    println!("upsert: {passed:?}");
    assert_eq!(passed, [r#"{"v":1}"#, r#"{"v":3}"#], "version 2 came too late");

    let passed = nothing_twice_after_a_failover()?;
    println!("after a failover: {passed:?}");
    assert_eq!(passed, [r#"{"id":3}"#, r#"{"id":4}"#]);
    Ok(())
}

/// The first record of each id passes, for a day.
fn each_event_once() -> Result<Vec<String>, Box<dyn Error>> {
    let cluster = filled(&[r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":1}"#, r#"{"id":3}"#])?;
    let examination = by(IdentityRule::Json(Pointer::parse("/id")?), None);
    let mut dedup = Dedup::new(MemoryTable::default(), Window::Time(24 * 60 * 60 * 1000));
    consume(&cluster, 0, &examination, &mut dedup)
}

/// The highest version of the key passes; what comes late and is lower does not.
fn the_winner_of_each_key() -> Result<Vec<String>, Box<dyn Error>> {
    let cluster = filled(&[r#"{"v":1}"#, r#"{"v":3}"#, r#"{"v":2}"#])?;
    let order = Order {
        version: VersionRule::Json(Pointer::parse("/v")?),
        tombstones: None,
        regions: Regions::new(["a".to_owned()])?,
    };
    let examination = by(IdentityRule::Key, Some(order));
    let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
    consume(&cluster, 0, &examination, &mut upsert)
}

/// A group had read three records at the source, and its translation is the bracket 1..=3: it goes on at 1, and what it
/// reads for the second time below 3 is dropped. Its seed is what it had read there, taken from the source's log.
fn nothing_twice_after_a_failover() -> Result<Vec<String>, Box<dyn Error>> {
    const TARGET: i64 = 1;
    const HIGH: i64 = 3;
    let cluster = filled(&[r#"{"id":0}"#, r#"{"id":1}"#, r#"{"id":3}"#, r#"{"id":4}"#])?;
    let examination = by(IdentityRule::Json(Pointer::parse("/id")?), None);
    let had_read = [r#"{"id":1}"#, r#"{"id":2}"#];
    let mut seed = Vec::new();
    for value in had_read {
        let record = Record { value: Some(value.as_bytes()), ..Record::default() };
        seed.push(examination.identity.identify(&record)?);
    }
    let mut seeded = Seeded::new(MemoryTable::default());
    let from = Position::new(0, TARGET).ok_or("an offset below 2^48")?;
    seeded.sow(from, Some(HIGH), seed)?;
    let passed = consume(&cluster, TARGET, &examination, &mut seeded)?;
    assert!(seeded.windows().is_empty(), "the group is past HIGH, so nothing is remembered any more");
    Ok(passed)
}

/// The loop: read, judge, put out, commit, and then settle.
fn consume<O>(
    cluster: &DemoCluster,
    from: i64,
    examination: &Examination,
    operator: &mut O,
) -> Result<Vec<String>, Box<dyn Error>>
where
    O: Operator<Error: Error + 'static>,
{
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.settings().bootstrap_servers())
        .set("group.id", "app")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .create()?;
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_offset("orders", 0, Offset::Offset(from))?;
    consumer.assign(&partitions)?;

    let mut passed = Vec::new();
    let mut next = from;
    loop {
        let message = match consumer.poll(Duration::from_secs(10)) {
            Some(Ok(message)) => message,
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => break,
            Some(Err(error)) => return Err(error.into()),
            None => return Err("nothing came within ten seconds".into()),
        };
        let position = Position::new(0, message.offset()).ok_or("an offset below 2^48")?;
        let record = Record {
            region: "a",
            topic: message.topic(),
            partition: message.partition(),
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key(),
            value: message.payload(),
            headers: &[],
        };
        let candidate = examination.examine(&record, position, NOW_MS)?;
        match operator.judge(&candidate)? {
            Outcome::Passes { .. } => {
                passed.push(String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned())
            }
            Outcome::Loses(loss) => println!("  {:?} loses: {:?}", loss.loser.position, loss.reason),
            Outcome::Tied(loss) => return Err(format!("{:?} is a tie", loss.loser.position).into()),
        }
        next = message.offset() + 1;
    }
    // Here the output would be flushed, and a durable table saved.
    partitions.set_partition_offset("orders", 0, Offset::Offset(next))?;
    consumer.commit(&partitions, CommitMode::Sync)?;
    operator.settle(&[Position::new(0, next).ok_or("an offset below 2^48")?])?;
    Ok(passed)
}

fn by(identity: IdentityRule, order: Option<Order>) -> Examination {
    Examination { identity, order, max_ahead_ms: 60 * 60 * 1000 }
}

/// A cluster with a topic `orders` that holds these values, all under one key.
fn filled(values: &[&str]) -> Result<DemoCluster, Box<dyn Error>> {
    let mut cluster = DemoCluster::start("demo")?;
    cluster.create_topic("orders", 1)?;
    let records = values.iter().map(|value| DemoRecord {
        key: Some(b"17"),
        value: Some(value.as_bytes()),
        timestamp_ms: NOW_MS,
    });
    cluster.produce(&"orders".into(), 0, records)?;
    Ok(cluster)
}
