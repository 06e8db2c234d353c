use std::io::{self, Write};

use offsets_core::API_VERSION;
use offsets_store::SavedState;
use offsets_streams::Progress;
use serde::Serialize;
use serde_json::Value;

use super::{NONE, Table, or_none, stdout, write_json, write_json_lines};
use crate::args::{Format, OutputArgs};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: &'static str,
    kind: &'static str,
    partitions: Vec<Line>,
    /// Of the folder, about.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_on_disk: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    partition: u32,
    identities: Option<u64>,
    /// At which offset of the changelog reading goes on.
    changelog_offset: Option<Value>,
    rules: Option<String>,
    inputs: Vec<Input>,
    segments: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
}

#[derive(Serialize)]
struct Input {
    topic: String,
    next: Option<Value>,
}

/// Prints what the folder of an instance holds, or a copy of it.
pub(crate) fn print_state(
    partitions: &[SavedState],
    bytes_on_disk: Option<u64>,
    output: &OutputArgs,
) -> io::Result<()> {
    let mut out = stdout();
    let lines = partitions.iter().map(|state| Line::of(state, output.offsets_as_strings));
    match output.output {
        Format::Json => {
            let partitions = lines.collect();
            let document = Document { api_version: API_VERSION, kind: "State", partitions, bytes_on_disk };
            write_json(&mut out, &document)?;
        }
        Format::Jsonl => write_json_lines(&mut out, lines)?,
        Format::Csv => {
            for SavedState { partition, identities, next, bytes, .. } in partitions {
                let number =
                    |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
                let next = next.map(|next| next.to_string()).unwrap_or_default();
                writeln!(out, "{partition},{},{next},{bytes}", number(*identities))?;
            }
        }
        Format::Table => {
            let mut rows = Table::new([
                "PARTITION",
                "IDENTITIES",
                "CHANGELOG",
                "SEGMENTS",
                "BYTES",
                "STATE",
                "INPUTS",
                "RULES",
            ]);
            for (state, line) in partitions.iter().zip(lines) {
                let input = |input: &Input| format!("{}:{}", input.topic, or_none(input.next.as_ref()));
                let inputs: Vec<_> = line.inputs.iter().map(input).collect();
                rows.add_row([
                    state.partition.to_string(),
                    or_none(state.identities),
                    or_none(state.next),
                    state.segments.to_string(),
                    state.bytes.to_string(),
                    if state.damage.is_some() { "damaged" } else { "whole" }.to_owned(),
                    if inputs.is_empty() { NONE.to_owned() } else { inputs.join(",") },
                    or_none(line.rules),
                ]);
            }
            rows.write(&mut out)?;
        }
    }
    out.flush()
}

impl Line {
    fn of(state: &SavedState, as_strings: bool) -> Self {
        let offset = |offset: i64| if as_strings { offset.to_string().into() } else { Value::from(offset) };
        // A newer version may have saved something else beside its tables; what is kept of them is told all the same.
        let progress = state.progress.as_deref().and_then(|bytes| Progress::read(bytes).ok());
        let inputs = progress.iter().flat_map(Progress::inputs);
        Self {
            partition: state.partition,
            identities: state.identities,
            changelog_offset: state.next.map(offset),
            rules: progress.as_ref().map(|progress| progress.rules().to_owned()),
            inputs: inputs
                .map(|(topic, next)| Input { topic: topic.to_owned(), next: next.map(offset) })
                .collect(),
            segments: state.segments,
            bytes: state.bytes,
            damage: state.damage.as_ref().map(ToString::to_string),
        }
    }
}
