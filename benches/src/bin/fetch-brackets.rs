//! The floor of any probe: fetches given stretches of partitions from two clusters at once and does nothing with them.
//!
//! `fetch-brackets SOURCE TARGET FILE`, with a stretch a line: `source` or `target`, topic, partition, first offset, end.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

const PATIENCE: Duration = Duration::from_secs(30);

/// A stretch that is to be read.
struct Span {
    topic: String,
    partition: i32,
    start: i64,
    end: i64,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, target, file] = arguments.as_slice() else {
        bail!("usage: fetch-brackets SOURCE TARGET FILE");
    };
    let text = fs::read_to_string(file)?;
    let side = |side: &str| text.lines().filter_map(|line| line.strip_prefix(side)).map(Span::read).collect();
    let (on_source, on_target): (Result<Vec<_>>, Result<Vec<_>>) = (side("source "), side("target "));
    let (on_source, on_target) = (on_source?, on_target?);
    let (one, other) = std::thread::scope(|scope| {
        let source = scope.spawn(|| fetch(source, &on_source));
        let target = fetch(target, &on_target);
        (source.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), target)
    });
    let ((records, bytes), (more, more_bytes)) = (one?, other?);
    println!("{} records, {} bytes", records + more, bytes + more_bytes);
    Ok(())
}

/// How many records and bytes there are in the stretches of one cluster.
fn fetch(bootstrap: &str, spans: &[Span]) -> Result<(u64, usize)> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "fetch-brackets")
        .set("enable.auto.commit", "false")
        // as `poll-loop` has it
        .set("fetch.queue.backoff.ms", "1")
        .set("fetch.wait.max.ms", "10")
        .set("queued.max.messages.kbytes", "4096")
        .create()?;
    let mut list = TopicPartitionList::with_capacity(spans.len());
    let mut ends: HashMap<&str, HashMap<i32, i64>> = HashMap::new();
    for span in spans {
        list.add_partition_offset(&span.topic, span.partition, Offset::Offset(span.start))?;
        ends.entry(&span.topic).or_default().insert(span.partition, span.end);
    }
    consumer.assign(&list)?;
    let (mut open, mut records, mut bytes) = (spans.len(), 0, 0);
    while open > 0 {
        let record = consumer.poll(PATIENCE).context("no record came")??;
        let end = ends.get(record.topic()).and_then(|ends| ends.get(&record.partition()));
        let end = end.context("a record of another partition")?;
        if record.offset() >= *end {
            continue;
        }
        records += 1;
        bytes += record.key().map_or(0, <[u8]>::len) + record.payload().map_or(0, <[u8]>::len);
        open -= usize::from(record.offset() + 1 == *end);
    }
    Ok((records, bytes))
}

impl Span {
    fn read(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let [topic, partition, start, end] = words.as_slice() else { bail!("`{line}` is no stretch") };
        Ok(Self {
            topic: (*topic).to_owned(),
            partition: partition.parse()?,
            start: start.parse()?,
            end: end.parse()?,
        })
    }
}
