use std::io::{self, Write};

use jiff::Timestamp;
use offsets_core::plan::{CsvRow, write_csv};
use offsets_core::translate::{OffsetForm, Row, Summary, Translation};

use super::explanation::print_explanations;
use super::{NONE, Reporter, Table, age, or_none, stdout, write_json, write_json_lines};
use crate::args::{Format, OutputArgs};

/// Prints a translation in the form that was asked for.
pub(crate) fn print_translation(
    translation: &Translation,
    explain: bool,
    output: &OutputArgs,
    reporter: Reporter,
    now: Timestamp,
) -> io::Result<()> {
    let mut out = stdout();
    let form = if output.offsets_as_strings { OffsetForm::String } else { OffsetForm::Number };
    match output.output {
        Format::Json => {
            write_json(&mut out, &translation.report(form))?;
        }
        Format::Jsonl => {
            write_json_lines(&mut out, translation.rows.iter().map(|row| row.report(form)))?;
        }
        Format::Csv => out.write_all(csv(translation, reporter).as_bytes())?,
        Format::Table if explain => print_explanations(&mut out, translation, now)?,
        Format::Table => print_table(&mut out, translation, now)?,
    }
    out.flush()?;
    if output.output == Format::Table && !translation.rows.is_empty() {
        reporter.info(describe_counts(translation));
    }
    Ok(())
}

fn print_table(out: &mut impl Write, translation: &Translation, now: Timestamp) -> io::Result<()> {
    if translation.rows.is_empty() {
        return Ok(());
    }
    if !translation.source.is_alive() {
        return print_aged(out, translation, now);
    }
    let mut table = Table::new([
        "GROUP",
        "TOPIC",
        "PARTITION",
        "SOURCE",
        "TARGET",
        "LOW",
        "HIGH",
        "CLASS",
        "REREAD",
        "MM2-REREAD",
        "AS-OF",
        "EVIDENCE",
    ]);
    for row in &translation.rows {
        table.add_row([
            row.group.as_ref().map_or(NONE, |group| group.as_str()).to_owned(),
            row.source.topic.to_string(),
            row.source.partition.to_string(),
            row.committed.offset.to_string(),
            or_none(row.position.target()),
            or_none(row.position.target()),
            or_none(row.position.high()),
            row.position.class().to_owned(),
            or_none(row.reread_max),
            or_none(row.mm2.reread_max),
            age(row.as_of, now),
            evidence(row),
        ]);
    }
    table.write(out)
}

/// With a dead source: what the map makes groups read again apart from what the age of the commits does, and the ages of the
/// commits against the source's last sign of life.
fn print_aged(out: &mut impl Write, translation: &Translation, now: Timestamp) -> io::Result<()> {
    let mut table = Table::new([
        "GROUP",
        "TOPIC",
        "PARTITION",
        "SOURCE",
        "TARGET",
        "LOW",
        "HIGH",
        "CLASS",
        "REREAD",
        "REREAD-MAP",
        "REREAD-AGE",
        "MM2-REREAD",
        "AS-OF",
        "COMMITTED",
        "EVIDENCE",
    ]);
    let seen = translation.source_seen_at.unwrap_or(now);
    for row in &translation.rows {
        table.add_row([
            row.group.as_ref().map_or(NONE, |group| group.as_str()).to_owned(),
            row.source.topic.to_string(),
            row.source.partition.to_string(),
            row.committed.offset.to_string(),
            or_none(row.position.target()),
            or_none(row.position.target()),
            or_none(row.position.high()),
            row.position.class().to_owned(),
            or_none(row.reread_max),
            or_none(row.reread_map),
            or_none(row.reread_age),
            or_none(row.mm2.reread_max),
            age(row.as_of, if row.live { now } else { seen }),
            or_none(row.committed_at.map(|at| age(at, seen))),
            evidence(row),
        ]);
    }
    table.write(out)
}

fn evidence(row: &Row) -> String {
    let words = row.evidence.iter().map(|finding| format!("{} {}", finding.kind, finding.detail));
    words.collect::<Vec<_>>().join(", ")
}

/// Kafka's own CSV. A row without a position cannot be said in it, so it is said on stderr instead.
fn csv(translation: &Translation, reporter: Reporter) -> String {
    let mut groups: Vec<_> = translation.rows.iter().filter_map(|row| row.group.as_ref()).collect();
    groups.dedup();
    let several = groups.len() > 1;
    let rows: Vec<CsvRow> = translation
        .rows
        .iter()
        .filter_map(|row| match row.position.target().filter(|_| row.position.is_sound()) {
            Some(offset) => Some(CsvRow {
                group: row.group.clone().filter(|_| several),
                partition: row.target.clone(),
                offset,
            }),
            None => {
                let group = or_none(row.group.as_ref());
                reporter.info(format!("left out: {group} {} is {}", row.source, row.position.class()));
                None
            }
        })
        .collect();
    write_csv(&rows)
}

fn describe_counts(translation: &Translation) -> String {
    let Summary { partitions, exact, bounded, floor, r#unsafe, unknown, .. } = translation.summary();
    let classes = [
        (exact, "exact"),
        (bounded, "bounded"),
        (floor, "floor"),
        (r#unsafe, "unsafe"),
        (unknown, "unknown"),
    ];
    let classes: Vec<_> = classes
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, class)| format!("{count} {class}"))
        .collect();
    let noun = if partitions == 1 { "partition" } else { "partitions" };
    format!("{partitions} {noun}: {}. {} Nothing was changed.", classes.join(", "), rereads(translation))
}

/// What of the re-reads with a dead source is the map's and what the age of the commits makes, and when the source was seen.
fn parts(translation: &Translation) -> String {
    if translation.source.is_alive() {
        return String::new();
    }
    let part = |of: fn(&Row) -> Option<u64>| {
        let known: Vec<u64> = translation.rows.iter().filter_map(of).collect();
        let sum: u64 = known.iter().sum();
        match translation.rows.len() - known.len() {
            0 => sum.to_string(),
            _ if known.is_empty() => "not known".to_owned(),
            unknown => format!("{sum} and on {unknown} not known"),
        }
    };
    let (map, age) = (part(|row| row.reread_map), part(|row| row.reread_age));
    let seen = translation.source_seen_at.map_or_else(
        || "it is not known when the source was last seen".to_owned(),
        |at| format!("the source was last seen at {at}"),
    );
    format!(
        ", up to the replicated end; by the translation {map}, by the age of the commits about {age}; {seen}"
    )
}

/// The re-reads of the partitions that have a limit, ours beside MM2's, and how many have none.
fn rereads(translation: &Translation) -> String {
    let limited: Vec<_> =
        translation.rows.iter().filter_map(|row| Some((row.reread_max?, row.mm2.reread_max))).collect();
    let unlimited = translation.rows.len() - limited.len();
    let ours: u64 = limited.iter().map(|(ours, _)| ours).sum();
    let theirs: Vec<u64> = limited.iter().filter_map(|(_, theirs)| *theirs).collect();
    let sum: u64 = theirs.iter().sum();
    let theirs = match limited.len() - theirs.len() {
        0 => sum.to_string(),
        _ if theirs.is_empty() => "not known".to_owned(),
        unknown => format!("{sum}, and on {unknown} no known limit"),
    };
    if limited.is_empty() {
        return "Read again: no limit is known.".to_owned();
    }
    let known = format!("Read again: at most {ours} records (MM2 itself: {theirs}){}", parts(translation));
    match unlimited {
        0 => format!("{known}."),
        _ => format!("{known}, and on {unlimited} without a known limit."),
    }
}
