use std::io::{self, Write};

use offsets_core::plan::Step;
use serde::Serialize;

use super::{Table, or_none, stdout, write_json, write_json_lines};
use crate::args::{Format, OutputArgs};
use offsets_core::plan::{CsvRow, write_csv};

/// What became of one step of a plan, in words.
pub(crate) struct StepLine<'a> {
    pub(crate) step: &'a Step,
    /// One word for programs: `dry-run`, `unchanged`, `refused`, `done`, `failed`, `unverified`, `not-tried`.
    pub(crate) result: &'static str,
    /// The rest, for people.
    pub(crate) detail: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    executed: bool,
    undo_file: Option<&'a str>,
    partitions: Vec<Line<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    group: &'a str,
    topic: &'a str,
    partition: i32,
    from_offset: Option<Offset>,
    to_offset: Option<Offset>,
    result: &'static str,
    detail: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Offset {
    Number(i64),
    String(String),
}

/// Prints what a reset did, or would do, partition by partition.
pub(crate) fn print_reset(
    told: &[StepLine<'_>],
    executed: bool,
    undo_file: Option<&str>,
    output: &OutputArgs,
) -> io::Result<()> {
    let mut out = stdout();
    let lines = told.iter().map(|told| line(told, output.offsets_as_strings));
    match output.output {
        Format::Json => {
            let document = Document {
                api_version: offsets_core::API_VERSION,
                kind: "Reset",
                executed,
                undo_file,
                partitions: lines.collect(),
            };
            write_json(&mut out, &document)?;
        }
        Format::Jsonl => write_json_lines(&mut out, lines)?,
        Format::Csv => out.write_all(csv(told).as_bytes())?,
        Format::Table if told.is_empty() => {}
        Format::Table => {
            let mut table = Table::new(["GROUP", "TOPIC", "PARTITION", "FROM", "TO", "RESULT"]);
            for StepLine { step, result, detail } in told {
                let result = detail
                    .as_ref()
                    .map_or_else(|| (*result).to_owned(), |detail| format!("{result}: {detail}"));
                table.add_row([
                    step.group.to_string(),
                    step.partition.topic.to_string(),
                    step.partition.partition.to_string(),
                    or_none(step.before.as_ref().map(|commit| commit.offset)),
                    or_none(step.after.as_ref().map(|commit| commit.offset)),
                    result,
                ]);
            }
            table.write(&mut out)?;
        }
    }
    out.flush()
}

fn line<'a>(told: &'a StepLine<'a>, as_strings: bool) -> Line<'a> {
    let StepLine { step, result, detail } = told;
    let write =
        |offset: i64| if as_strings { Offset::String(offset.to_string()) } else { Offset::Number(offset) };
    Line {
        group: step.group.as_str(),
        topic: step.partition.topic.as_str(),
        partition: step.partition.partition,
        from_offset: step.before.as_ref().map(|commit| write(commit.offset.get())),
        to_offset: step.after.as_ref().map(|commit| write(commit.offset.get())),
        result,
        detail: detail.as_deref(),
    }
}

fn csv(told: &[StepLine<'_>]) -> String {
    let mut groups: Vec<_> = told.iter().map(|told| &told.step.group).collect();
    groups.dedup();
    let several = groups.len() > 1;
    let rows = told.iter().filter_map(|StepLine { step, .. }| {
        let offset = step.after.as_ref()?.offset;
        Some(CsvRow { group: several.then(|| step.group.clone()), partition: step.partition.clone(), offset })
    });
    write_csv(&rows.collect::<Vec<_>>())
}
