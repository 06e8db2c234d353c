//! What programs print, held against what is right.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::{CHECKPOINTS, Expected, GROUPS, MIRROR, PARTITIONS, TOPIC, copy_of, group_id, group_partitions};

/// Checks `offsets translate --all-groups --no-probe -o json`: every bracket.
///
/// # Errors
///
/// When a group or partition is missing, too many or wrong; it is named.
pub fn check_json(text: &str) -> Result<()> {
    check_brackets(text, |Expected { low, high, .. }, _| (low, high))
}

/// Checks `offsets translate --all-groups -o json`: every answer is exact.
///
/// # Errors
///
/// As [`check_json`].
pub fn check_exact_json(text: &str) -> Result<()> {
    check_brackets(text, |Expected { source, .. }, partition| {
        let at = copy_of(source, partition);
        (at, at)
    })
}

fn check_brackets(text: &str, right: impl Fn(Expected, i32) -> (i64, i64)) -> Result<()> {
    #[derive(Deserialize)]
    struct Document {
        partitions: Vec<Row>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        group: String,
        topic: String,
        partition: i32,
        source_offset: i64,
        target_topic: String,
        target_offset: i64,
        low: i64,
        high: i64,
        class: String,
    }

    let Document { partitions } = serde_json::from_str(text).context("that is no translation")?;
    ensure!(partitions.len() == count(), "{} rows, not {}", partitions.len(), count());
    for ((group, partition), row) in group_partitions().zip(partitions) {
        let expected = Expected::of(group, partition);
        let (source, (low, high)) = (expected.source, right(expected, partition));
        let class = if low == high { "exact" } else { "bounded" };
        let names = (row.group.as_str(), row.topic.as_str(), row.target_topic.as_str(), row.partition);
        let offsets = (row.source_offset, row.target_offset, row.low, row.high, row.class.as_str());
        ensure!(
            names == (&group_id(group), TOPIC, MIRROR, partition),
            "{names:?} stands where {group} should"
        );
        ensure!(
            offsets == (source, low, low, high, class),
            "{names:?}: {offsets:?} with {low} to {high} right"
        );
    }
    Ok(())
}

/// Checks `offsets translate --all-groups -o table`.
///
/// # Errors
///
/// As [`check_json`].
pub fn check_table(text: &str) -> Result<()> {
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().context("there is no table")?.split_whitespace().collect();
    ensure!(heads[..5] == ["GROUP", "TOPIC", "PARTITION", "SOURCE", "TARGET"], "{heads:?}");
    let rows: Vec<&str> = lines.collect();
    ensure!(rows.len() == count(), "{} rows, not {}", rows.len(), count());
    for ((group, partition), row) in group_partitions().zip(rows) {
        let Expected { source, low, .. } = Expected::of(group, partition);
        let right = format!("{} {TOPIC} {partition} {source} {low}", group_id(group));
        let columns: Vec<&str> = row.split_whitespace().take(5).collect();
        ensure!(columns.join(" ") == right, "`{row}` is not `{right}`");
    }
    Ok(())
}

/// Checks lines of group, target topic, partition and offset in any order, as `TranslateAll.java` prints what MM2's
/// client says: the newest checkpoint of each group, which is right as far as it goes.
///
/// # Errors
///
/// As [`check_json`].
pub fn check_csv(text: &str) -> Result<()> {
    let answers: BTreeSet<&str> = text.lines().collect();
    ensure!(answers.len() == count(), "{} lines, not {}", answers.len(), count());
    for (group, partition) in group_partitions() {
        let offset = Expected::of(group, partition).by_checkpoint;
        let right = format!("{},{MIRROR},{partition},{offset}", group_id(group));
        ensure!(answers.contains(right.as_str()), "there is no line {right}");
    }
    Ok(())
}

/// Checks what `poll-loop` prints after reading the checkpoints topic, whose keys and values have this number of bytes.
///
/// # Errors
///
/// When it has not read exactly that.
pub fn check_count(text: &str, bytes: u64) -> Result<()> {
    let right = format!("{CHECKPOINTS} records, {bytes} bytes");
    if text.trim() != right {
        bail!("`{}` is not `{right}`", text.trim());
    }
    Ok(())
}

/// How many answers there are.
fn count() -> usize {
    usize::try_from(GROUPS * PARTITIONS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(line: impl Fn(i32, i32, Expected) -> String) -> String {
        let line = |(group, partition)| line(group, partition, Expected::of(group, partition));
        group_partitions().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_wrong_offset_among_ten_thousand_is_found() {
        let csv = |off_by: i64| {
            lines(|group, partition, expected| {
                let wrong = if (group, partition) == (123, 45) { off_by } else { 0 };
                format!("{},{MIRROR},{partition},{}", group_id(group), expected.by_checkpoint + wrong)
            })
        };
        check_csv(&csv(0)).unwrap();
        let error = check_csv(&csv(1)).unwrap_err().to_string();
        assert!(error.contains("billing-consumer-0123,src.orders,45,"), "{error}");
    }

    #[test]
    fn a_missing_row_of_a_table_is_found() {
        let table = lines(|group, partition, Expected { source, low, .. }| {
            format!("{}  {TOPIC}  {partition}  {source}  {low}  and more", group_id(group))
        });
        let heads = "GROUP TOPIC PARTITION SOURCE TARGET LOW\n";
        check_table(&format!("{heads}{table}")).unwrap();
        let short = table.rsplit_once('\n').unwrap().0;
        let error = check_table(&format!("{heads}{short}")).unwrap_err().to_string();
        assert_eq!(error, "9999 rows, not 10000");
    }

    #[test]
    fn a_ceiling_that_is_too_low_is_found() {
        let json = |off_by: i64| {
            let rows = lines(|group, partition, Expected { source, low, high, .. }| {
                let class = if low == high { "exact" } else { "bounded" };
                let high = if (group, partition) == (7, 7) { high - off_by } else { high };
                format!(
                    "{{\"group\":\"{}\",\"topic\":\"orders\",\"partition\":{partition},\"sourceOffset\":{source},\
                     \"targetTopic\":\"src.orders\",\"targetOffset\":{low},\"low\":{low},\"high\":{high},\
                     \"class\":\"{class}\"}}",
                    group_id(group)
                )
            });
            format!("{{\"partitions\":[{}]}}", rows.replace('\n', ","))
        };
        check_json(&json(0)).unwrap();
        let error = check_json(&json(1)).unwrap_err().to_string();
        assert!(error.contains("billing-consumer-0007"), "{error}");
    }

    #[test]
    fn a_read_that_is_one_record_short_is_found() {
        check_count("1000000 records, 61000000 bytes\n", 61_000_000).unwrap();
        assert!(check_count("999999 records, 61000000 bytes\n", 61_000_000).is_err());
    }
}
