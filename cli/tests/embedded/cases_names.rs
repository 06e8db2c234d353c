//! Names and values that others chose, on a terminal.

use offsets_core::evidence::{read_dump, write_dump};
use offsets_core::model::GroupId;

use crate::run::{Folder, Run, offsets};

const ESCAPE: &str = include_str!("../cases/p7-escape-in-group-name.json");
const NEWLINE: &str = include_str!("../cases/p7-newline-in-group-name.json");
const KEY: &str = include_str!("../cases/p7-key-with-escape.jsonl");

/// Names that clear the screen, colour it, end the line, forge a line, turn the text around, or cannot be seen.
const HOSTILE: [&str; 4] = [
    "\u{1b}[31mred\u{9b}2Jclear\tback\r\u{8}space",
    "row\nremedy: run this",
    "\u{202e}gnp.exe\u{200b}wide\u{feff}\u{2028}and\u{2029}paragraph\u{7f}",
    "\u{3164}\u{115f}blank\u{2800}mark\u{fe0f}\u{34f} ",
];

/// Fails on every character that a terminal does not show as itself.
#[track_caller]
fn is_plain(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        let hidden = |shown: &char| {
            shown.is_control() && *shown != '\n'
                || matches!(*shown, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{3164}' | '\u{115f}' | '\u{2800}' | '\u{fe0f}' | '\u{34f}')
        };
        let found = text.chars().find(hidden);
        assert_eq!(found, None, "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("remedy: run this")), "{text}");
    }
}

/// P7, after https://github.com/googleworkspace/cli/pull/708
#[test]
fn an_escape_sequence_in_a_group_name_is_shown_and_not_sent() {
    let folder = Folder::new();
    folder.write("link.json", ESCAPE);
    let run = folder.offsets("translate --from-dump link.json --all-groups").expect(0);
    assert!(run.stdout.contains(r"\u{1b}[31mred"), "{:?}", run.stdout);
    is_plain(&run);
    let json = folder.offsets("translate --from-dump link.json --all-groups -o json").expect(0).json();
    assert!(json["partitions"][0]["group"].as_str().is_some_and(|group| group.contains("\u{1b}[31mred")));
}

/// P7, after https://github.com/eminwux/sbsh/issues/390
#[test]
fn a_line_end_in_a_group_name_does_not_break_its_row() {
    let folder = Folder::new();
    folder.write("link.json", NEWLINE);
    let run = folder.offsets("translate --from-dump link.json --all-groups").expect(0);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    assert!(run.stdout.contains(r"grp\nnew"), "{}", run.stdout);
}

/// P7, after https://github.com/tchiotludo/akhq/issues/1101
#[test]
fn a_key_cannot_add_a_row_to_the_table_of_losses() {
    let folder = Folder::new();
    folder.write("in.jsonl", KEY);
    let run = folder.offsets("reconcile --from in.jsonl --mode dedup --identity key --dry-run").expect(0);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    assert!(run.stdout.contains(r"\u{1b}[2Jx\nduplicate"), "{}", run.stdout);
    is_plain(&run);
}

#[test]
fn a_blank_at_the_end_of_a_name_is_seen() {
    let folder = Folder::new();
    folder.write("positions.csv", "\" app-g \",src.orders,0,18000\n");
    let run = folder.offsets("--demo reset --from-file positions.csv").code_of(&[0, 3]);
    assert!(run.stdout.contains(r"\u{20}app-g\u{20}"), "{}", run.stdout);
}

/// Each verb that shows names, with each of the names.
#[test]
fn no_command_prints_a_hostile_name_as_it_is() {
    let evidence = read_dump(ESCAPE).unwrap();
    for name in HOSTILE {
        let folder = Folder::new();
        let mut evidence = evidence.clone();
        for recorded in &mut evidence.commits {
            recorded.commit.group = GroupId::from(name);
        }
        folder.write("link.json", write_dump(&evidence));
        folder.write("positions.csv", format!("\"{name}\",src.orders,0,18000\n"));
        folder.write("topics.csv", format!("app-g,\"{name}\",0,18000\n"));
        let text = serde_json::to_string(name).unwrap();
        let line = format!(
            "{{\"key\":{text},\"value\":{text},\"headers\":{{\"v\":{text}}},\"topic\":{text},\"region\":{text}}}\n"
        );
        folder.write("in.jsonl", line.repeat(2));
        folder.write("offsets.toml", format!("default-link = {text}\n"));
        folder.write("scenario.toml", format!("rate = {text}\n"));
        folder.write(
            "link.properties",
            format!(
                "clusters = a, b\na->b.enabled = true\n{name} = {name}\nreplication.policy.class = {name}\n"
            ),
        );
        folder.write("undo.json", format!("{{\"apiVersion\":{text},\"kind\":{text}}}"));
        for line in [
            "translate --from-dump link.json --all-groups".to_owned(),
            "translate --from-dump link.json --all-groups --explain".to_owned(),
            format!("translate --from-dump link.json --group '{name}' --group '{name}2'"),
            format!("translate --from-dump link.json --group '{name}' --seed-out seed.json"),
            format!("translate --from-dump link.json --groups-regex '({name}'"),
            format!("translate --from-dump link.json --topic '{name}:0' --offset 5"),
            "--demo reset --from-file positions.csv --execute --undo-file kept.json".to_owned(),
            "--demo reset --from-file topics.csv".to_owned(),
            format!("--demo reset --from-file positions.csv --group '{name}2'"),
            "--demo reset --from-file positions.csv --group app-g".to_owned(),
            format!("--demo reset --group '{name}' --to earliest"),
            format!("--demo reset --group app-g --topic '{name}' --to earliest"),
            format!("--demo reset --group app-g --to '{name}'"),
            "--demo undo undo.json".to_owned(),
            "reconcile --from in.jsonl --mode dedup --identity key --dry-run".to_owned(),
            "reconcile --from in.jsonl --mode upsert --identity key --order header:v --regions a --dry-run"
                .to_owned(),
            "reconcile --from in.jsonl --mode upsert --identity key --order json:/v --regions a --dry-run"
                .to_owned(),
            format!("reconcile --from in.jsonl --mode dedup --identity 'json:/{name}' --dry-run"),
            format!("reconcile --from '{name}.jsonl' --mode dedup --identity key --dry-run"),
            format!("reconcile --job '{name}'"),
            "translate --all-groups".to_owned(),
            "translate --mm2-config link.properties --all-groups".to_owned(),
            format!("translate --mm2-config link.properties --link '{name}' --all-groups"),
            "simulate --scenario scenario.toml".to_owned(),
            format!("simulate --histories '{name}'"),
            format!("archive stats --dir '{name}'"),
            format!("state show --dir '{name}'"),
            format!("'{name}'"),
        ] {
            is_plain(&folder.offsets(&line));
        }
        let undo = folder.files().contains(&"kept.json".to_owned());
        if undo {
            is_plain(&folder.offsets("--demo undo kept.json"));
        }
    }
}

/// An error about a file is one line, whatever its name and its content.
#[test]
fn no_error_about_a_file_prints_what_is_in_it_as_it_is() {
    for hostile in HOSTILE {
        let folder = Folder::new();
        let quoted = serde_json::to_string(hostile).unwrap();
        folder.write("kind.json", format!(r#"{{"apiVersion":"offsets/v1","kind":{quoted}}}"#));
        folder.write("field.jsonl", format!(r#"{{"key":"1",{quoted}:"a"}}"#));
        folder.write("region.jsonl", format!(r#"{{"key":"1","value":"a","timestamp":1,"region":{quoted}}}"#));
        folder.write("key.toml", format!("[links.x]\n{quoted} = 1\n"));
        folder.write("plan.csv", format!("app-g,\"{hostile}\",0,1\n"));
        folder.write("link.properties", format!("clusters = {}\n", hostile.replace(['\n', '\r'], "|")));
        let upsert = "--mode upsert --identity key --order timestamp --regions eu --dry-run";
        for line in [
            "translate --all-groups --from-dump kind.json".to_owned(),
            "undo kind.json".to_owned(),
            "reconcile --mode reread --from field.jsonl --seed kind.json --dry-run".to_owned(),
            "reconcile --from field.jsonl --mode dedup --identity key --dry-run".to_owned(),
            format!("reconcile --from region.jsonl {upsert}"),
            "--config key.toml translate --group g".to_owned(),
            "simulate --scenario key.toml".to_owned(),
            "--demo reset --from-file plan.csv".to_owned(),
            "--mm2-config link.properties translate --group g".to_owned(),
            format!("translate --all-groups --from-dump '{hostile}'"),
            format!("undo '{hostile}'"),
        ] {
            let run = folder.offsets(&line);
            assert!(matches!(run.code, Some(2 | 3)), "{line:?}: {:?} {}", run.code, run.stderr);
            is_plain(&run);
            let named = run.stderr.lines().filter(|line| line.starts_with("error: ")).count();
            assert_eq!(named, 1, "{line:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_usage_error_repeats_an_argument_escaped() {
    let run = offsets("translate --timeout '\u{1b}[2Jx'").expect(2);
    is_plain(&run);
    assert!(run.stderr.contains("--timeout"), "{}", run.stderr);
}
