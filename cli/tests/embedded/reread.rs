//! `reconcile --mode reread` over files: what a dump of the target has that a group had not read before it moved.

use std::collections::BTreeSet;

use offsets_core::model::{Commit, CommittedOffset, GroupId, TopicPartition};
use offsets_reconcile::Identity;
use serde_json::Value;

use crate::lab::Lab;
use crate::run::{Folder, Run};

const REREAD: &str = "reconcile --mode reread --seed seed.json";

/// A record with its number as timestamp and value.
fn record(partition: i32, offset: i64, number: u16) -> String {
    format!(
        "{{\"topic\":\"src.orders\",\"partition\":{partition},\"offset\":{offset},\"timestamp\":{},\"value\":\"{number}\"}}\n",
        1 + i64::from(number)
    )
}

/// A window of src.orders in which the group had read these numbers.
fn window(partition: i32, offsets: (i64, Option<i64>), read: &[u16]) -> Value {
    let name = |number: &u16| {
        Identity::of_copy(Some(1 + i64::from(*number)), None, Some(number.to_string().as_bytes())).unwrap()
    };
    let read: Vec<_> = read.iter().map(name).collect();
    serde_json::json!({"topic": "src.orders", "partition": partition, "from": offsets.0, "until": offsets.1, "read": read})
}

fn folder(windows: &[Value], unseeded: &[Value]) -> Folder {
    let folder = Folder::new();
    let seed = serde_json::json!({
        "apiVersion": "offsets/v1", "kind": "Seed", "asOf": "2026-01-01T00:00:00Z",
        "link": {"source": "src", "target": "dst"}, "group": "app", "windows": windows, "unseeded": unseeded,
    });
    folder.write("seed.json", seed.to_string());
    folder
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Partitions and offsets of the lines.
fn places(text: &str) -> Vec<(i64, i64)> {
    let place = |line: &Value| (line["partition"].as_i64().unwrap(), line["offset"].as_i64().unwrap());
    lines(text).iter().map(place).collect()
}

#[test]
fn what_was_read_is_dropped_inside_its_window_and_everything_else_passes() {
    let unseeded = serde_json::json!({"topic": "src.orders", "partition": 1, "why": "the source is dead"});
    let folder = folder(&[window(0, (10, Some(14)), &[3, 3, 4])], &[unseeded]);
    let dump = [
        record(0, 9, 3),
        record(0, 10, 3),
        record(1, 10, 3),
        record(0, 11, 5),
        record(0, 12, 3),
        record(0, 13, 3),
        record(0, 14, 4),
    ];
    folder.write("src.orders.jsonl", dump.concat());
    let run = folder
        .offsets(&format!("{REREAD} --from src.orders.jsonl --to unread.jsonl --ledger read.jsonl -o json"))
        .expect(0)
        .says(&[
            "src.orders-1: what comes again is not dropped: the source is dead",
            "src.orders-0: 1 record lies below offset 10, where app goes on",
            "1 of the 3 records that the seed names are not in the files",
        ]);
    assert_eq!(places(&folder.read("unread.jsonl")), [(0, 9), (1, 10), (0, 11), (0, 13), (0, 14)]);
    let losses = lines(&folder.read("read.jsonl"));
    let loser =
        |loss: &Value| (loss["reason"].clone(), loss["loser"]["line"].clone(), loss["winner"].clone());
    let expected = [2, 5].map(|line| (Value::from("reread"), Value::from(line), Value::Null));
    assert_eq!(losses.iter().map(loser).collect::<Vec<_>>(), expected);
    assert_eq!(losses[0]["loser"]["record"]["offset"], 10);
    assert_eq!(run.json()["summary"]["lost"]["reread"], 2);
}

#[test]
fn a_dump_in_pieces_that_overlap_drops_the_same_records_in_any_order() {
    let folder = folder(&[window(0, (0, Some(9)), &[0, 1, 2, 3, 4])], &[]);
    let at =
        |offsets: &[u16]| offsets.iter().map(|&offset| record(0, offset.into(), offset)).collect::<String>();
    folder.write("older.jsonl", at(&[0, 1, 2, 5])).write("newer.jsonl", at(&[7, 6, 4, 3, 2]));
    for (from, file) in [("older newer", "one"), ("newer older", "other")] {
        let from: String = from.split(' ').map(|name| format!(" --from {name}.jsonl")).collect();
        folder.offsets(&format!("{REREAD}{from} --to {file}.jsonl")).expect(0);
        let passed: BTreeSet<_> = places(&folder.read(&format!("{file}.jsonl"))).into_iter().collect();
        assert_eq!(passed, [(0, 5), (0, 6), (0, 7)].into(), "{from}");
    }
}

#[test]
fn a_line_that_does_not_say_where_it_stood_ends_the_run_where_its_topic_has_a_window() {
    let folder = folder(&[window(0, (0, None), &[0])], &[]);
    for line in [
        r#"{"timestamp":1,"value":"0"}"#,
        r#"{"timestamp":1,"value":"0","partition":0}"#,
        r#"{"timestamp":1,"value":"0","offset":0}"#,
    ] {
        folder.write("src.orders.jsonl", format!("{}{line}\n", record(0, 0, 0)));
        folder
            .offsets(&format!("{REREAD} --from src.orders.jsonl --to unread.jsonl"))
            .fails(2, &["src.orders.jsonl:2", "partition and offset of src.orders", "remedy: "]);
        assert_eq!(folder.files(), ["seed.json", "src.orders.jsonl"]);
    }
    // Of another topic it passes: the seed drops nothing there.
    folder.write("src.orders.jsonl", "").write("other.jsonl", "{\"timestamp\":1,\"value\":\"0\"}\n");
    folder
        .offsets(&format!("{REREAD} --from src.orders.jsonl --from other.jsonl --to unread.jsonl"))
        .expect(0)
        .says(&["1 records read, 1 count", "1 of the 1 records that the seed names"]);
}

#[test]
fn a_record_without_its_time_is_like_no_other_and_passes() {
    let folder = folder(&[window(0, (0, None), &[0])], &[]);
    let timeless = record(0, 0, 0).replace("\"timestamp\":1,", "");
    folder.write("src.orders.jsonl", timeless + &record(0, 1, 0));
    folder.offsets(&format!("{REREAD} --from src.orders.jsonl --to unread.jsonl")).expect(0);
    assert_eq!(places(&folder.read("unread.jsonl")), [(0, 0)]);
}

#[test]
fn a_seed_of_topics_that_the_files_are_not_of_is_refused() {
    let folder = folder(&[window(0, (0, None), &[0])], &[]);
    let of_another = record(0, 0, 0).replace("src.orders", "src.payments");
    folder.write("dump.jsonl", of_another);
    folder
        .offsets(&format!("{REREAD} --from dump.jsonl --to unread.jsonl"))
        .fails(2, &["what was read of src.orders", "remedy: name a dump of src.orders"]);
    assert_eq!(folder.files(), ["dump.jsonl", "seed.json"]);
}

#[test]
fn what_makes_no_sense_with_a_seed_is_refused() {
    let folder = folder(&[], &[]);
    folder.write("a.jsonl", "").write("no.json", "{}");
    for (line, words) in [
        ("reconcile --mode reread --from a.jsonl --to m", ["--seed", "required"]),
        ("reconcile --mode reread --seed no.json --from a.jsonl --to m", ["no.json", "remedy: "]),
        (
            "reconcile --mode reread --seed seed.json --from a.jsonl --to m --identity key",
            ["--identity", "--mode"],
        ),
        (
            "reconcile --mode dedup --identity key --seed seed.json --from a.jsonl --to m",
            ["--seed", "--mode"],
        ),
    ] {
        folder.offsets(line).fails(2, &words);
    }
    assert_eq!(folder.files(), ["a.jsonl", "no.json", "seed.json"]);
}

fn losers(run: &Run) -> Vec<Value> {
    lines(&run.stdout).into_iter().map(|loss| loss["identity"].clone()).collect()
}

#[test]
fn a_dump_of_the_target_comes_to_what_the_runner_would_write() {
    let mut lab = Lab::with_a_group_behind();
    let folder = Folder::new();
    folder.offsets(&format!(
        "{} --syncs-location target archive run --dir kept --once --fingerprints",
        lab.flags()
    ));
    folder
        .offsets(&format!(
            "{} --syncs-location target --source-dead translate --group app-g --no-probe --archive kept --seed-out seed.json",
            lab.flags()
        ))
        .expect(0);
    folder.write("src.orders.jsonl", lab.dump("src.orders"));
    let files = format!("{REREAD} --from src.orders.jsonl");
    folder.offsets(&format!("{files} --to unread.jsonl")).expect(0).says(&[
        "lost: 48 by reread",
        "101 records lie below offset 101",
        "1 of the 49 records that the seed names",
    ]);
    // The group had read every number below 150; the dump has some of them from below the position it was given.
    let unread: Vec<_> = (0..101).chain(149..299).map(|offset| (0, offset)).collect();
    assert_eq!(places(&folder.read("unread.jsonl")), unread);

    let partition = TopicPartition::new("src.orders", 0);
    let committed = CommittedOffset { offset: 101, metadata: String::new() };
    lab.target.commit(&[Commit { group: GroupId::from("app-g"), partition, committed }]).unwrap();
    let server = lab.target.settings().bootstrap_servers().to_owned();
    let topics = format!("--bootstrap-server {server} --group app-g");
    let run = folder.offsets(&format!("{REREAD} --from src.orders {topics} --dry-run -o jsonl")).expect(0);
    let dry = folder.offsets(&format!("{files} --dry-run -o jsonl")).expect(0);
    assert_eq!(losers(&run).len(), 48);
    assert_eq!(losers(&run), losers(&dry));
}
