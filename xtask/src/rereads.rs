//! How much groups read twice: our answers beside MirrorMaker 2's, as the tests on real Kafka measured them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::places;
use crate::test;

/// Measures and prints.
///
/// # Errors
///
/// When the tests cannot be run.
pub(crate) fn run() -> Result<ExitCode> {
    forget()?;
    let counts = test::run_real_kafka()?;
    print()?;
    Ok(test::conclude(&counts, &[test::Kind::RealKafka]))
}

/// Removes what earlier runs measured.
///
/// # Errors
///
/// When it cannot be removed.
pub(crate) fn forget() -> Result<()> {
    for folder in [folder(), folder_by_evidence()] {
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
        }
    }
    Ok(())
}

/// Prints one line a scenario and group: what its partitions read twice, summed; and one a scenario and kind of evidence:
/// what is read twice from it alone, by lag.
///
/// # Errors
///
/// When a file is not as the tests write it.
pub(crate) fn print() -> Result<()> {
    let (by_group, by_evidence) = (lines_in(&folder())?, lines_in(&folder_by_evidence())?);
    if !by_group.is_empty() {
        print!("\n{}", table(&by_group)?);
    }
    if !by_evidence.is_empty() {
        print!("{}", evidence_tables(&by_evidence)?);
    }
    Ok(())
}

/// The lines of all files in a folder, but for the first of each, which names the columns.
fn lines_in(folder: &Path) -> Result<String> {
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            files.push(entry?.path());
        }
    }
    files.sort();
    let mut text = String::new();
    for file in &files {
        text.extend(fs::read_to_string(file)?.lines().skip(1).map(|line| format!("{line}\n")));
    }
    Ok(text)
}

/// Where the tests write what each kind of evidence is worth, one file a scenario.
fn folder_by_evidence() -> PathBuf {
    places::rig().join("rereads-by-evidence")
}

/// Where the tests write one file a scenario.
fn folder() -> PathBuf {
    places::rig().join("rereads")
}

/// A group of a scenario.
#[derive(Default)]
struct Group {
    classes: BTreeSet<String>,
    partitions: usize,
    lag: i64,
    /// Sums; `None` once a partition has no answer.
    ours: Option<u64>,
    unprobed: Option<u64>,
    mm2: Option<u64>,
}

/// A Markdown table from lines of scenario, group, partition, lag, class, ours, unprobed, mm2, mm2-predicted.
fn table(lines: &str) -> Result<String> {
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    for line in lines.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [scenario, name, _partition, lag, class, ours, unprobed, mm2, _predicted] = columns[..] else {
            bail!("{} columns, not 9: {line}", columns.len());
        };
        let lag: i64 = lag.parse().with_context(|| format!("lag in {line}"))?;
        let fresh = Group { ours: Some(0), unprobed: Some(0), mm2: Some(0), ..Group::default() };
        let key = (scenario.to_owned(), name.to_owned());
        let group = groups.entry(key).or_insert(fresh);
        group.classes.insert(class.to_owned());
        group.partitions += 1;
        group.lag = group.lag.max(lag);
        group.ours = add(group.ours, ours);
        group.unprobed = add(group.unprobed, unprobed);
        group.mm2 = add(group.mm2, mm2);
    }
    let mut rows: Vec<_> = groups.into_iter().collect();
    rows.sort_by(|((a, x), one), ((b, y), other)| (a, one.lag, x).cmp(&(b, other.lag, y)));
    let mut text = String::from(
        "| scenario | group | partitions | greatest lag | class | read twice: offsets | without probes | MM2 |\n\
         | --- | --- | --: | --: | --- | --: | --: | --: |\n",
    );
    let shown = |sum: Option<u64>| sum.map_or("no answer".to_owned(), |sum| sum.to_string());
    for ((scenario, name), group) in rows {
        let name = name.strip_prefix(&format!("{scenario}-")).unwrap_or(&name).to_owned();
        let classes = group.classes.into_iter().collect::<Vec<_>>().join(", ");
        let [ours, unprobed, mm2] = [group.ours, group.unprobed, group.mm2].map(shown);
        let (partitions, lag) = (group.partitions, group.lag);
        writeln!(
            text,
            "| {scenario} | {name} | {partitions} | {lag} | {classes} | {ours} | {unprobed} | {mm2} |"
        )?;
    }
    Ok(text)
}

/// A Markdown table a scenario from lines of scenario, evidence, lag, records read twice: mean and 99th percentile of each
/// lag. Kinds stand in the order in which they were measured.
fn evidence_tables(lines: &str) -> Result<String> {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut rereads: BTreeMap<(&str, u64, &str), Vec<u64>> = BTreeMap::new();
    for line in lines.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [scenario, evidence, lag, reread] = columns[..] else {
            bail!("{} columns, not 4: {line}", columns.len());
        };
        let number = |text: &str| text.parse::<u64>().with_context(|| format!("a number in {line}"));
        let known = kinds.entry(scenario).or_default();
        if !known.contains(&evidence) {
            known.push(evidence);
        }
        rereads.entry((scenario, number(lag)?, evidence)).or_default().push(number(reread)?);
    }
    let mut text = String::new();
    for (scenario, kinds) in kinds {
        let of_this = rereads.keys().filter(|(other, ..)| *other == scenario);
        let lags: BTreeSet<u64> = of_this.map(|&(_, lag, _)| lag).collect();
        write!(text, "\n| {scenario} |")?;
        lags.iter().try_for_each(|lag| write!(text, " lag {lag} |"))?;
        write!(text, "\n| --- |{}", " --: |".repeat(lags.len()))?;
        for evidence in kinds {
            write!(text, "\n| {evidence} |")?;
            for &lag in &lags {
                let cell = rereads.get_mut(&(scenario, lag, evidence));
                write!(text, " {} |", cell.map_or("-".to_owned(), |rereads| mean_and_p99(rereads)))?;
            }
        }
        text.push('\n');
    }
    Ok(text)
}

/// `mean/p99`, of at least one.
fn mean_and_p99(rereads: &mut [u64]) -> String {
    rereads.sort_unstable();
    let mean = rereads.iter().sum::<u64>() as f64 / rereads.len() as f64;
    let p99 = rereads[(rereads.len() * 99).div_ceil(100) - 1];
    format!("{mean:.1}/{p99}")
}

/// The sum so far and one more partition, which may have no answer.
fn add(sum: Option<u64>, column: &str) -> Option<u64> {
    Some(sum? + column.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_a_group_are_summed_and_a_missing_answer_shows() {
        let lines = "dense\tdense-lag-100\t0\t100\texact\t0\t30\t111\t111\n\
                     dense\tdense-lag-100\t1\t100\tbounded\t7\t40\t818\t818\n\
                     dense\tdense-lag-9\t0\t9\texact\t0\t0\t-\t-\n";
        let table = table(lines).unwrap();
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows[0], "| dense | lag-9 | 1 | 9 | exact | 0 | 0 | no answer |");
        assert_eq!(rows[1], "| dense | lag-100 | 2 | 100 | bounded, exact | 7 | 70 | 929 |");
    }

    #[test]
    fn evidence_stands_as_it_was_measured_with_mean_and_percentile_by_lag() {
        let lines = "dense\tsyncs\t100\t30\ndense\tsyncs\t100\t40\ndense\tsyncs\t0\t1\ndense\tall\t100\t0\n";
        let tables = evidence_tables(lines).unwrap();
        let rows: Vec<&str> = tables.lines().collect();
        let expected = [
            "",
            "| dense | lag 0 | lag 100 |",
            "| --- | --: | --: |",
            "| syncs | 1.0/1 | 35.0/40 |",
            "| all | - | 0.0/0 |",
        ];
        assert_eq!(rows, expected);
    }
}
