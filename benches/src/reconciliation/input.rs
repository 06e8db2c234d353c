use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, ensure};
use offsets_tests::kafka::Topic;
use serde::Deserialize;

use super::output::Output;
use crate::Ids;
use crate::writer::Writer;

/// A topic to be reconciled, and its number of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// What is to be done with it.
    pub job: Job,
    /// How many records there are.
    pub records: u64,
    /// On how many partitions.
    pub partitions: i32,
}

/// What is to be done with records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// The first of each key passes. Three of ten records repeat an earlier one, any one of them.
    Dedup,
    /// The highest version of each key is to be the last one in the output. There are ten versions of a key, and three of ten
    /// records come a quarter of the topic late.
    Upsert,
}

impl Job {
    /// The mode of `offsets reconcile`, and what the Java program calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dedup => "dedup",
            Self::Upsert => "upsert",
        }
    }
}

impl Input {
    /// What it is called.
    pub fn topic(&self) -> String {
        format!("{}-{}-{}", self.job.name(), self.records, self.partitions)
    }

    /// Makes and fills the topic.
    ///
    /// # Errors
    ///
    /// When the broker refuses.
    pub fn fill(&self, bootstrap: &str) -> Result<()> {
        let topic = self.topic();
        Topic::new(&topic, self.partitions).create(bootstrap)?;
        let writer = Writer::new(bootstrap, &topic)?;
        for (number, id) in (0..self.records).zip(self.ids()) {
            let value = match self.job {
                Job::Dedup => event(id),
                Job::Upsert => write(id, self.version(number)),
            };
            writer.write(Ids::partition(id, self.partitions), &Ids::key(id), value.as_bytes())?;
        }
        writer.flush()
    }

    /// Looks whether everything that was to come of it lies in a topic, and nothing else.
    ///
    /// # Errors
    ///
    /// When it does not; the message says what is wrong.
    pub fn check(&self, bootstrap: &str, output: &str) -> Result<Output> {
        match self.job {
            Job::Dedup => {
                let mut seen = HashSet::new();
                let output = Output::read(bootstrap, output, |key, _| {
                    ensure!(seen.insert(key), "{key:02x?} came twice");
                    Ok(())
                })?;
                let expected: HashSet<_> = self.ids().take(usize::try_from(self.records)?).collect();
                ensure!(seen.len() == expected.len(), "{} keys, not {}", seen.len(), expected.len());
                Ok(output)
            }
            Job::Upsert => {
                let mut last = HashMap::new();
                let output = Output::read(bootstrap, output, |key, value| {
                    let Versioned { version } = serde_json::from_slice(value).context("a version")?;
                    last.insert(key, version);
                    Ok(())
                })?;
                let mut expected = HashMap::<_, u64>::new();
                for (number, id) in (0..self.records).zip(self.ids()) {
                    let version = expected.entry(Ids::key(id)).or_default();
                    *version = self.version(number).max(*version);
                }
                let wrong = expected.iter().filter(|(key, version)| last.get(*key) != Some(version)).count();
                ensure!(wrong == 0, "{wrong} of {} keys have another last version", expected.len());
                ensure!(last.len() == expected.len(), "{} keys, not {}", last.len(), expected.len());
                Ok(output)
            }
        }
    }

    fn ids(&self) -> impl Iterator<Item = u64> {
        let keys = match self.job {
            Job::Dedup => u64::MAX,
            Job::Upsert => self.records / 10,
        };
        Ids::default().map(move |id| id % keys)
    }

    /// Those of late records are odd: no two are the same.
    fn version(&self, number: u64) -> u64 {
        if number % 10 < 3 { 2 * number + 1 } else { 2 * (number + self.records / 4) }
    }
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

/// The value that the peers were first measured with: about 93 bytes.
fn event(id: u64) -> String {
    let [high, low] = Ids::halves(id);
    format!(
        r#"{{"event_id":"{high:016x}{low:016x}","order":{},"amount":{},"state":"PAID"}}"#,
        10_000_000 + id,
        100 + id % 9000
    )
}

/// About as long.
fn write(id: u64, version: u64) -> String {
    let [high, _] = Ids::halves(id);
    format!(
        r#"{{"id":"{high:016x}","version":{version},"customer":"c-{:06}","note":"{}"}}"#,
        id % 100_000,
        "x".repeat(24)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_of_a_key_is_seldom_the_last_one_and_no_two_are_the_same() {
        let input = Input { job: Job::Upsert, records: 20_000, partitions: 4 };
        let mut versions = HashSet::new();
        let (mut highest, mut late) = (HashMap::<u64, u64>::new(), 0);
        for (number, id) in (0..input.records).zip(input.ids()) {
            let version = input.version(number);
            assert!(versions.insert(version));
            let known = highest.entry(id).or_default();
            late += u64::from(version < *known);
            *known = version.max(*known);
        }
        assert_eq!(highest.len(), 2000);
        assert!(late > 3000, "{late}");
    }

    #[test]
    fn records_weigh_what_the_peers_weigh() {
        assert_eq!(event(1000).len(), 93);
        assert!((90..=110).contains(&write(1, 3_000_000).len()));
    }
}
