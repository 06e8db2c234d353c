use std::io::{self, Write};

use jiff::Timestamp;
use offsets_core::API_VERSION;
use offsets_store::LinkStats;
use serde::Serialize;

use super::{NONE, Table, age, stdout, write_json, write_json_lines};
use crate::args::{Format, OutputArgs};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    links: Vec<Line<'a>>,
    /// Of the folder, about.
    bytes_on_disk: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    link: End<'a>,
    commits: u64,
    commit_changes: u64,
    commits_as_of: Option<Timestamp>,
    syncs: u64,
    sync_partitions: u64,
    checkpoints: u64,
    fingerprints: u64,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    bytes: u64,
}

#[derive(Serialize)]
struct End<'a> {
    source: &'a str,
    target: &'a str,
}

/// Prints what an archive holds.
pub(crate) fn print_archive(
    stats: &[LinkStats],
    bytes_on_disk: u64,
    output: &OutputArgs,
    now: Timestamp,
) -> io::Result<()> {
    let mut out = stdout();
    let lines = stats.iter().map(Line::of);
    match output.output {
        Format::Json => {
            let links = lines.collect();
            let document = Document { api_version: API_VERSION, kind: "ArchiveStats", links, bytes_on_disk };
            write_json(&mut out, &document)?;
        }
        Format::Jsonl => write_json_lines(&mut out, lines)?,
        Format::Csv => {
            for LinkStats { link, commits, syncs, checkpoints, bytes, .. } in stats {
                writeln!(out, "{link},{commits},{syncs},{checkpoints},{bytes}")?;
            }
        }
        Format::Table => {
            let heads = [
                "LINK",
                "COMMITS",
                "AS-OF",
                "CHANGES",
                "SYNCS",
                "PARTITIONS",
                "CHECKPOINTS",
                "FINGERPRINTS",
                "OLDEST",
                "NEWEST",
                "BYTES",
            ];
            let mut rows = Table::new(heads);
            let ago = |then: Option<Timestamp>| then.map_or_else(|| NONE.to_owned(), |then| age(then, now));
            for stats in stats {
                rows.add_row([
                    stats.link.to_string(),
                    stats.commits.to_string(),
                    ago(stats.commits_as_of),
                    stats.commit_changes.to_string(),
                    stats.syncs.to_string(),
                    stats.partitions.to_string(),
                    stats.checkpoints.to_string(),
                    stats.fingerprints.to_string(),
                    ago(stats.oldest),
                    ago(stats.newest),
                    stats.bytes.to_string(),
                ]);
            }
            rows.write(&mut out)?;
        }
    }
    out.flush()
}

impl<'a> Line<'a> {
    fn of(stats: &'a LinkStats) -> Self {
        Self {
            link: End { source: stats.link.source.as_str(), target: stats.link.target.as_str() },
            commits: stats.commits,
            commit_changes: stats.commit_changes,
            commits_as_of: stats.commits_as_of,
            syncs: stats.syncs,
            sync_partitions: stats.partitions,
            checkpoints: stats.checkpoints,
            fingerprints: stats.fingerprints,
            oldest: stats.oldest,
            newest: stats.newest,
            bytes: stats.bytes,
        }
    }
}
