use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use offsets_core::mm2::OffsetSync;
use offsets_core::model::{SourceOffset, TargetOffset};
use offsets_tests::kafka::{self, Topic};
use serde::Deserialize;

use super::{SOURCE, SYNCS_TOPIC};
use crate::writer::Writer;

/// Two thousand partitions, in each of which one group has committed between two syncs that are 101 records apart.
///
/// The copy of partition `p` began at its record `p % 7`, so the record at source offset `u` has `u - p % 7` on the
/// target.
pub struct Brackets;

/// How many topics there are. Two brokers on one disk do not fill ten thousand partitions in eight minutes;
/// a probe takes 64 partitions at a time, however many there are.
const TOPICS: i32 = 10;
/// How many partitions each of them has.
const PARTITIONS: i32 = 200;
/// Records of each partition on the source.
const RECORDS: i64 = 160;
/// The source offsets of its two syncs.
const SYNCS: [i64; 2] = [20, 121];
/// What each record weighs.
const VALUE_BYTES: usize = 100;
/// To look at the end of every partition would take longer than to fill them all.
const LOOKED_AT: usize = 250;

impl Brackets {
    /// The group that has committed in all of them.
    pub const GROUP: &'static str = "prober";

    /// Fills both clusters; the syncs topic of the source is made if it is not there.
    ///
    /// # Errors
    ///
    /// When a broker refuses, or what came to lie in a log is not what was sent.
    pub fn fill(source: &str, target: &str) -> Result<()> {
        for topic in topics() {
            fill_log(source, &topic, |_| 0)?;
            fill_log(target, &mirror(&topic), began_at)?;
        }
        if kafka::partition_count(source, SYNCS_TOPIC)?.is_none() {
            Topic::new(SYNCS_TOPIC, 1).set("cleanup.policy", "compact").create(source)?;
        }
        let writer = Writer::new(source, SYNCS_TOPIC)?;
        for (at, topic) in SYNCS.into_iter().flat_map(|at| topics().map(move |topic| (at, topic))) {
            for partition in 0..PARTITIONS {
                let (upstream, downstream) =
                    (SourceOffset::new(at)?, TargetOffset::new(copy_of(at, partition))?);
                let (key, value) = OffsetSync { topic: &topic, partition, upstream, downstream }.encode();
                writer.write(0, &key, &value)?;
            }
        }
        writer.flush()?;
        let commits: BTreeMap<i32, i64> =
            (0..PARTITIONS).map(|partition| (partition, committed(partition))).collect();
        topics().try_for_each(|topic| kafka::commit(source, Self::GROUP, &topic, &commits))
    }

    /// What has to be read to prove all of them, one stretch a line: side, topic, partition, first offset, end.
    pub fn spans() -> String {
        let mut text = String::new();
        for (topic, partition) in
            topics().flat_map(|topic| (0..PARTITIONS).map(move |at| (topic.clone(), at)))
        {
            let [from, to] = SYNCS;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "source {topic} {partition} {from} {}", to + 1);
            // What lies before the first sync is looked at for what comes twice.
            let _ = writeln!(text, "target {} {partition} 0 {}", mirror(&topic), copy_of(to, partition) + 1);
        }
        text
    }

    /// How many records that is.
    pub fn records() -> u64 {
        let records = |partition| (SYNCS[1] + 1 - SYNCS[0]) + copy_of(SYNCS[1], partition) + 1;
        i64::from(TOPICS).unsigned_abs() * (0..PARTITIONS).map(records).sum::<i64>().unsigned_abs()
    }

    /// Checks what `fetch-brackets` prints.
    ///
    /// # Errors
    ///
    /// When it has not read exactly these records.
    pub fn check_count(text: &str) -> Result<()> {
        let (records, bytes) = (Self::records(), Self::records() * VALUE_BYTES as u64);
        let right = format!("{records} records, {bytes} bytes");
        ensure!(text.trim() == right, "`{}` is not `{right}`", text.trim());
        Ok(())
    }

    /// Checks `offsets translate -o json`: all are exact.
    ///
    /// # Errors
    ///
    /// When one is missing or wrong; it is named.
    pub fn check_exact(text: &str) -> Result<()> {
        Self::check(text, |row| {
            row.class == "exact" && row.target_offset == copy_of(committed(row.partition), row.partition)
        })
    }

    /// Checks the same without probes: all are bounded by their syncs.
    ///
    /// # Errors
    ///
    /// As [`Brackets::check_exact`].
    pub fn check_bounded(text: &str) -> Result<()> {
        Self::check(text, |row| {
            row.class == "bounded" && row.target_offset == copy_of(SYNCS[0], row.partition) + 1
        })
    }

    fn check(text: &str, is_right: impl Fn(&Row) -> bool) -> Result<()> {
        let Document { partitions } = serde_json::from_str(text).context("that is no translation")?;
        let expected = topics().count() * (0..PARTITIONS).len();
        ensure!(partitions.len() == expected, "{} rows, not {expected}", partitions.len());
        match partitions.iter().find(|row| !is_right(row)) {
            Some(wrong) => anyhow::bail!("{wrong:?} is not right"),
            None => Ok(()),
        }
    }
}

#[derive(Deserialize)]
struct Document {
    partitions: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    partition: i32,
    target_offset: i64,
    class: String,
}

fn topics() -> impl Iterator<Item = String> {
    (0..TOPICS).map(|at| format!("wide-{at}"))
}

fn mirror(topic: &str) -> String {
    format!("{SOURCE}.{topic}")
}

fn began_at(partition: i32) -> i64 {
    i64::from(partition % 7)
}

fn copy_of(source: i64, partition: i32) -> i64 {
    source - began_at(partition)
}

fn committed(partition: i32) -> i64 {
    50 + i64::from(partition % 40)
}

/// Fills the partitions one after the other, each from one of the source's records on.
fn fill_log(bootstrap: &str, topic: &str, from: impl Fn(i32) -> i64) -> Result<()> {
    Topic::new(topic, PARTITIONS).set("retention.ms", "-1").create(bootstrap)?;
    let writer = Writer::new(bootstrap, topic)?;
    let mut value = [0; VALUE_BYTES];
    for partition in 0..PARTITIONS {
        for origin in from(partition)..RECORDS {
            value[..8].copy_from_slice(&origin.to_be_bytes());
            writer.write_at(partition, b"", &value, Some(1 + origin))?;
        }
    }
    writer.flush()?;
    (0..PARTITIONS)
        .step_by(LOOKED_AT)
        .try_for_each(|partition| writer.look_at(partition, RECORDS - from(partition)))
}
