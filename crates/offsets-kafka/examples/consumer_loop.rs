//! Each operator of reconciliation inside a plain rdkafka consumer loop, on clusters inside this process.
//!
//!     cargo run -p offsets-kafka --example consumer_loop
//!
//! What an operator remembers is in memory here. Where it is to outlive the process, give it a `DurableTable` of
//! `offsets-store` and save that before anything is put out, as its example `resume` does.

use std::error::Error;
use std::time::Duration;

use offsets_kafka::demo::{DemoCluster, DemoRecord};
use offsets_reconcile::{
    Dedup, EnteredWrite, Extractor, Header, Identity, IdentityRule, KeyedRecord, LedgerEntry, Loss,
    MemoryTable, Operator, Order, Pointer, Policies, Policy, Position, Record, RecordErrorKind, RecordRules,
    Regions, Reread, Routing, Table as _, Upsert, UpsertRules, VersionRule, Window, WriteRef,
};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _};
use rdkafka::{ClientConfig, Message as _, Offset, Timestamp, TopicPartitionList};

/// Another time would be the clock's: it is an argument, so that a rerun decides the same.
const NOW_MS: i64 = 1_764_000_000_000;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// Number of records that are sent and committed together.
const BATCH: usize = 2;

/// What comes of the records.
#[derive(Debug, Default)]
struct Results {
    passed: Vec<String>,
    /// A line for each write that lost.
    ledger: Vec<String>,
    dead_letters: Vec<String>,
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    each_event_once_in_a_day()?;
    the_winner_of_each_key()?;
    nothing_twice_after_a_failover()
}

/// The first record of each id passes, and is remembered for a day.
fn each_event_once_in_a_day() -> Result<(), Box<dyn Error>> {
    let cluster = filled(&[
        (r#"{"id":1}"#, 72),
        (r#"{"id":1}"#, 71),
        (r#"{"id":2}"#, 70),
        (r#"{"id":3}"#, 1),
        (r#"{"id":1}"#, 0),
    ])?;
    let rules = by(IdentityRule::Json(Pointer::parse("/id")?), None);
    let day = Window::time(Duration::from_secs(24 * 60 * 60)).ok_or("too short")?;
    let mut dedup = Dedup::new(MemoryTable::default(), day);
    let results = consume(&cluster, 0, &rules, &mut dedup)?;
    println!("dedup: {results:#?}");
    assert_eq!(results.passed, [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#, r#"{"id":1}"#]);
    assert_eq!(
        results.ledger.len(),
        1,
        "the second time it came after an hour, and the third after three days"
    );
    assert_eq!(dedup.table().len(), 2, "what is older than a day is forgotten");
    Ok(())
}

/// The highest version of the key passes; what comes late and is lower does not.
fn the_winner_of_each_key() -> Result<(), Box<dyn Error>> {
    let cluster = filled(&[(r#"{"v":1}"#, 0), (r#"{"v":3}"#, 0), (r#"{"v":2}"#, 0), (r#"{"w":4}"#, 0)])?;
    let order = Order {
        version: VersionRule::Json(Pointer::parse("/v")?),
        tombstones: None,
        regions: Regions::new(["a".to_owned()])?,
    };
    let rules = by(IdentityRule::Key, Some(order));
    let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
    let results = consume(&cluster, 0, &rules, &mut upsert)?;
    println!("upsert: {results:#?}");
    assert_eq!(results.passed, [r#"{"v":1}"#, r#"{"v":3}"#], "version 2 came too late");
    assert_eq!(results.ledger.len(), 2, "version 3 beat version 1, and later version 2");
    assert_eq!(results.dead_letters, [r#"{"w":4}: its value has no field /v"#]);
    Ok(())
}

/// A group had read three records at the source, and its translation is the bracket 1..=3: it goes on at 1, and what it
/// reads for the second time below 3 is dropped. Its seed is what it had read there, taken from the source's log.
fn nothing_twice_after_a_failover() -> Result<(), Box<dyn Error>> {
    const TARGET: i64 = 1;
    const HIGH: i64 = 3;
    let cluster = filled(&[(r#"{"id":0}"#, 4), (r#"{"id":1}"#, 3), (r#"{"id":3}"#, 1), (r#"{"id":4}"#, 0)])?;
    // A copy has the timestamp, the key and the value of its original, and that is what a seed knows it by.
    let had_read = [(r#"{"id":1}"#, 3), (r#"{"id":2}"#, 2)].map(|(value, hours)| {
        Identity::of_copy(Some(NOW_MS - hours * HOUR_MS), Some(b"17"), Some(value.as_bytes()))
    });
    let rules = by(IdentityRule::Copy, None);
    let mut seeded = Reread::new(MemoryTable::default());
    seeded.preload(position(TARGET)?, Some(HIGH), had_read.into_iter().flatten())?;
    let results = consume(&cluster, TARGET, &rules, &mut seeded)?;
    println!("after a failover: {results:#?}");
    assert_eq!(results.passed, [r#"{"id":3}"#, r#"{"id":4}"#]);
    assert_eq!(results.ledger.len(), 1);
    assert!(seeded.windows().is_empty(), "the group is past HIGH, so nothing is remembered any more");
    Ok(())
}

/// The loop: read, judge, put out, commit, and then settle. From record to record again.
fn consume<O>(
    cluster: &DemoCluster,
    from: i64,
    rules: &RecordRules,
    operator: &mut O,
) -> Result<Results, Box<dyn Error>>
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

    let mut results = Results::default();
    let (mut next, mut committed) = (from, from);
    loop {
        let message = match consumer.poll(Duration::from_secs(10)) {
            Some(Ok(message)) => Some(message),
            Some(Err(KafkaError::PartitionEOF(_))) => None,
            Some(Err(error)) => return Err(error.into()),
            None => return Err("nothing came within ten seconds".into()),
        };
        if let Some(message) = &message {
            judge(message, rules, operator, &mut results)?;
            next = message.offset() + 1;
        }
        if next > committed && (message.is_none() || next - committed >= BATCH as i64) {
            // Here a durable table would be saved, and then the output flushed.
            partitions.set_partition_offset("orders", 0, Offset::Offset(next))?;
            consumer.commit(&partitions, CommitMode::Sync)?;
            // What is committed is not asked about again: only now may the operator forget what its answers rest on.
            operator.on_committed(&[position(next)?])?;
            committed = next;
        }
        if message.is_none() {
            return Ok(results);
        }
    }
}

/// Has a message judged, and puts what comes of it where it belongs.
fn judge<O>(
    message: &BorrowedMessage<'_>,
    rules: &RecordRules,
    operator: &mut O,
    results: &mut Results,
) -> Result<(), Box<dyn Error>>
where
    O: Operator<Error: Error + 'static>,
{
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    let headers: Vec<_> = headers.map(|header| Header { name: header.key, value: header.value }).collect();
    let timestamp_ms = match message.timestamp() {
        // The time of a broker's log differs from that of the original.
        Timestamp::LogAppendTime(_) if rules.extractor.identity == IdentityRule::Copy => None,
        timestamp => timestamp.to_millis(),
    };
    let record = Record {
        region: "a",
        topic: message.topic(),
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms,
        key: message.key(),
        value: message.payload(),
        headers: &headers,
    };
    let value = || String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned();
    match rules.route(operator, &record, position(record.offset)?, NOW_MS)? {
        Routing::Emit { keyed, over } => {
            results.passed.push(value());
            if let Some(loss) = over {
                results.ledger.push(entry(&keyed, &loss)?);
            }
        }
        Routing::Suppress { keyed, loss } => results.ledger.push(entry(&keyed, &loss)?),
        Routing::Reject { flawed, policy } => match policy {
            Policy::Fail => return Err(flawed.into()),
            Policy::DeadLetter => results.dead_letters.push(format!("{}: {flawed}", value())),
            Policy::Pass => results.passed.push(value()),
        },
    }
    Ok(())
}

/// The line of the ledger for a write that lost.
fn entry(keyed: &KeyedRecord, loss: &Loss) -> Result<String, serde_json::Error> {
    let write = |side: &WriteRef| EnteredWrite {
        from: "orders",
        line: None,
        partition: Some(0),
        offset: Some(side.position.offset()),
        version: side.rank.map(|rank| rank.version.to_string()),
        record: None,
    };
    let (loser, winner) = (write(&loss.loser), loss.winner.as_ref().map(write));
    let identity = keyed.identity.to_string();
    serde_json::to_string(&LedgerEntry { reason: loss.reason, identity, loser, winner })
}

/// There is one input, and it has the number 0.
fn position(offset: i64) -> Result<Position, &'static str> {
    Position::new(0, offset).ok_or("an offset below 2^48")
}

/// Records without a version go to the dead letters; any other record error ends the loop.
fn by(identity: IdentityRule, order: Option<Order>) -> RecordRules {
    let extractor = Extractor { identity, order, max_ahead_ms: HOUR_MS };
    RecordRules { extractor, policies: Policies::from_iter([(RecordErrorKind::Order, Policy::DeadLetter)]) }
}

/// A cluster with a topic `orders` that holds these values, each with its age in hours, all under one key.
fn filled(values: &[(&str, i64)]) -> Result<DemoCluster, Box<dyn Error>> {
    let mut cluster = DemoCluster::start("demo")?;
    cluster.create_topic("orders", 1)?;
    let records = values.iter().map(|(value, hours)| DemoRecord {
        key: Some(b"17"),
        value: Some(value.as_bytes()),
        timestamp_ms: NOW_MS - hours * HOUR_MS,
    });
    cluster.produce(&"orders".into(), 0, records)?;
    Ok(cluster)
}
