//! Two regions that write the same keys, and what is right to be made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use crate::kafka::{Isolation, Record, producer, records};
use crate::wait::{self, TIMEOUT};

/// Keys the regions write, and versions a key has at most: few enough that both come again and again.
const KEYS: u64 = 2_000;
const VERSIONS: u64 = 40;

/// A place in a log.
pub type Place = (String, i32, i64);

/// What is written: a version of a key. The same one may be written again, by either region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    key: u64,
    number: u64,
}

impl Version {
    fn key(self) -> String {
        format!("key-{}", self.key)
    }

    /// The value: one version of one key is always the same.
    fn value(self) -> String {
        format!(r#"{{"id":"{}-{}","v":{}}}"#, self.key, self.number, self.number)
    }
}

/// Both regions, writing until they are told to stop.
pub struct Writers {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Writes>>>,
}

/// Everything that was written, and where it landed.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    landed: BTreeMap<Place, Version>,
    /// Where in a repartition topic each of them lies, if they went through one.
    between: BTreeMap<Place, Place>,
    /// The topics, the one of the region with the higher priority first.
    topics: [String; 2],
}

impl Writers {
    /// Begins to write to these two topics of `partitions` partitions, `a_second` records a second, each key always to the partition
    /// of its number.
    pub fn start(bootstrap: &str, topics: [&str; 2], partitions: [i32; 2], a_second: u64) -> Self {
        let (bootstrap, topics) = (bootstrap.to_owned(), topics.map(str::to_owned));
        let stop = Arc::new(AtomicBool::new(false));
        let said = Arc::clone(&stop);
        let thread = thread::spawn(move || write(&bootstrap, topics, partitions, a_second, &said));
        Self { stop, thread: Some(thread) }
    }

    /// Stops, and waits until everything is in the logs.
    ///
    /// # Errors
    ///
    /// When something was not delivered.
    pub fn finish(mut self) -> Result<Writes> {
        self.end().context("the writers have ended")?.map_err(|_| anyhow!("the writers broke down"))?
    }

    fn end(&mut self) -> Option<thread::Result<Result<Writes>>> {
        self.stop.store(true, Ordering::SeqCst);
        Some(self.thread.take()?.join())
    }
}

/// A test that fails does not leave them writing beside the next one.
impl Drop for Writers {
    fn drop(&mut self) {
        // The test has failed for a reason of its own, or they have ended.
        let _ = self.end();
    }
}

impl Writes {
    /// What is in the logs of these topics.
    fn read(bootstrap: &str, topics: [String; 2]) -> Result<Self> {
        let mut landed = BTreeMap::new();
        for topic in &topics {
            for record in records(bootstrap, topic, Isolation::ReadCommitted)? {
                let value: serde_json::Value = serde_json::from_str(&text(&record)?)?;
                let id = value["id"].as_str().and_then(|id| id.split_once('-')).context("no id")?;
                let version = Version { key: id.0.parse()?, number: id.1.parse()? };
                landed.insert((topic.clone(), record.partition, record.offset), version);
            }
        }
        Ok(Self { landed, between: BTreeMap::new(), topics })
    }

    /// Looks where everything went in a repartition topic, which the ledger names then.
    ///
    /// # Errors
    ///
    /// When something did not go there, or twice.
    pub fn went_through(&mut self, topic: &str, records: &[Record]) -> Result<()> {
        let mut expected = self.landed.clone();
        for record in records {
            let header = record.headers.iter().rfind(|(name, _)| name == "offsets.origin");
            let origin: serde_json::Value = serde_json::from_slice(&header.context("no origin")?.1)?;
            let place = place([&origin["topic"], &origin["partition"], &origin["offset"]])?;
            let version = expected.remove(&place).with_context(|| format!("{place:?} is there twice"))?;
            ensure!(version.value() == text(record)?, "{place:?} went through as another record");
            self.between.insert((topic.to_owned(), record.partition, record.offset), place);
        }
        ensure!(expected.is_empty(), "{} records did not go through {topic}", expected.len());
        Ok(())
    }

    /// How many records were written.
    pub fn len(&self) -> usize {
        self.landed.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.landed.is_empty()
    }

    /// Holds what came out of a dedup by `json:/id` against the truth: every version once, and every other record in the ledger.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn judge_dedup(&self, output: &[Record], ledger: &[Record]) -> Result<()> {
        let versions: BTreeSet<String> = self.landed.values().map(|version| version.value()).collect();
        let mut seen = BTreeSet::new();
        for record in output {
            let value = text(record)?;
            ensure!(versions.contains(&value), "{value} was never written");
            ensure!(
                seen.insert(value.clone()),
                "{value} came out twice: {}",
                self.whereabouts(&value, output, ledger)?
            );
        }
        let lost: Vec<_> = versions.difference(&seen).take(3).collect();
        ensure!(seen.len() == versions.len(), "{} are missing: {lost:?}", versions.len() - seen.len());
        let winners = self.winners(ledger)?;
        ensure!(winners.len() == versions.len(), "{} winners of {}", winners.len(), versions.len());
        let kinds: BTreeSet<_> = winners.values().collect();
        ensure!(kinds.len() == versions.len(), "a version has two winners, another none");
        Ok(())
    }

    /// Holds what came out of an upsert by `key` and `json:/v` against the truth: the last record of each key in the output is
    /// its highest version, of the region with priority where both wrote it, and every other record is in the ledger.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn judge_upsert(&self, output: &[Record], ledger: &[Record]) -> Result<()> {
        let mut right: BTreeMap<u64, Version> = BTreeMap::new();
        for &version in self.landed.values() {
            let highest = right.entry(version.key).or_insert(version);
            *highest = version.max(*highest);
        }
        let mut held: BTreeMap<String, String> = BTreeMap::new();
        for record in output {
            let key = record.key.as_deref().context("a record without a key")?;
            held.insert(String::from_utf8_lossy(key).into_owned(), text(record)?);
        }
        for version in right.values() {
            let found = held.get(&version.key());
            ensure!(found == Some(&version.value()), "{version:?} should have won, not {found:?}");
        }
        ensure!(held.len() == right.len(), "{} keys came out of {}", held.len(), right.len());
        let winners = self.winners(ledger)?;
        ensure!(winners.len() == right.len(), "{} winners of {} keys", winners.len(), right.len());
        for ((topic, ..), version) in winners {
            ensure!(right.get(&version.key) == Some(&version), "{version:?} is in no ledger and lost");
            let both =
                |(place, written): (&Place, &Version)| *written == version && place.0 == self.topics[0];
            let first_has_it = self.landed.iter().any(both);
            ensure!(!first_has_it || topic == self.topics[0], "{version:?} of the second region won");
        }
        Ok(())
    }

    /// Everything that is known of one value, to find out what went wrong.
    fn whereabouts(&self, value: &str, output: &[Record], ledger: &[Record]) -> Result<String> {
        let written = self.landed.iter().filter(|(_, version)| version.value() == value);
        let mut lines: Vec<String> = written.map(|(place, _)| format!("written to {place:?}")).collect();
        for record in output {
            if text(record)? == value {
                lines.push(format!(
                    "out at {}-{}, time {:?}",
                    record.partition, record.offset, record.timestamp_ms
                ));
            }
        }
        for record in ledger {
            let entry = text(record)?;
            if entry.contains(&serde_json::to_string(value)?) {
                lines.push(format!("in the ledger at {}-{}: {entry}", record.partition, record.offset));
            }
        }
        Ok(lines.join("\n"))
    }

    /// What is in no ledger. Nothing is in it twice, nor anything that was not written.
    fn winners(&self, ledger: &[Record]) -> Result<BTreeMap<Place, Version>> {
        let mut left = self.landed.clone();
        for record in ledger {
            let entry: serde_json::Value = serde_json::from_str(&text(record)?)?;
            let loser = &entry["loser"];
            let named = place([&loser["from"], &loser["partition"], &loser["offset"]])?;
            let place = if self.between.is_empty() { Some(&named) } else { self.between.get(&named) };
            let place = place.with_context(|| format!("{named:?} holds nothing"))?;
            ensure!(left.remove(place).is_some(), "{place:?} is in the ledger twice, or was never written");
        }
        Ok(left)
    }
}

/// A place as topic, partition and offset say it.
fn place([topic, partition, offset]: [&serde_json::Value; 3]) -> Result<Place> {
    Ok((
        topic.as_str().context("no topic")?.to_owned(),
        i32::try_from(partition.as_i64().context("no partition")?)?,
        offset.as_i64().context("no offset")?,
    ))
}

fn text(record: &Record) -> Result<String> {
    let value = record.value.as_deref().context("a tombstone")?;
    Ok(String::from_utf8_lossy(value).into_owned())
}

fn write(
    bootstrap: &str,
    topics: [String; 2],
    partitions: [i32; 2],
    a_second: u64,
    stop: &AtomicBool,
) -> Result<Writes> {
    let mut config = producer(bootstrap);
    // A broker that is killed comes back: nothing is given up.
    config.set("enable.idempotence", "true").set("delivery.timeout.ms", "300000").set("linger.ms", "5");
    let producer: BaseProducer<Failures> = config.create_with_context(Failures::default())?;
    let began = wait::now();
    let (mut chance, mut sent) = (0x9e37_79b9_7f4a_7c15_u64, 0);
    while !stop.load(Ordering::SeqCst) {
        let due = began.elapsed().as_millis() as u64 * a_second / 1000;
        while sent < due {
            chance = step(chance);
            let version = Version { key: chance % KEYS, number: (chance >> 24) % VERSIONS };
            let region = usize::from(chance >> 60 & 1 == 1);
            let (topic, partitions) = (&topics[region], partitions[region]);
            let (key, value) = (version.key(), version.value());
            let partition = i32::try_from(version.key)? % partitions;
            let record = BaseRecord::to(topic);
            match producer.send(record.partition(partition).key(&key).payload(&value)) {
                Ok(()) => sent += 1,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => break,
                Err((error, _)) => return Err(error.into()),
            }
        }
        producer.poll(Duration::from_millis(10));
    }
    let deadline = wait::now() + TIMEOUT;
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::from_millis(10));
        if wait::now() > deadline {
            bail!("{} records are not delivered", producer.in_flight_count());
        }
    }
    let failed = producer.context().0.load(Ordering::SeqCst);
    ensure!(failed == 0, "{failed} records were not delivered");
    let writes = Writes::read(bootstrap, topics)?;
    // A broker that died can have taken what is then written again: that is a record like any other.
    ensure!(writes.len() as u64 >= sent, "{sent} records were written, {} are there", writes.len());
    Ok(writes)
}

/// A generator of Marsaglia's (xorshift64).
fn step(mut state: u64) -> u64 {
    state ^= state << 13;
    state ^= state >> 7;
    state ^ state << 17
}

/// How many records were not delivered. Where the others are is read off the logs: a client whose broker died does not
/// always learn that.
#[derive(Default)]
struct Failures(AtomicUsize);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}
