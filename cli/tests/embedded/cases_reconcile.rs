//! `reconcile` over files as people have them: what broke on them, each by its public report.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::run::{Folder, offsets};

macro_rules! case {
    ($name:literal) => {
        include_bytes!(concat!("../cases/", $name))
    };
}

/// A folder with one file of a case.
fn with(name: &str, content: &[u8]) -> Folder {
    let folder = Folder::new();
    folder.write(name, content);
    folder
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const DEDUP: &str = "reconcile --mode dedup --identity key";

/// P3, https://github.com/paupino/rust-decimal/pull/152: version 1_10 was 110 and won against 2_1, which was 21.
#[test]
fn a_version_with_an_underscore_ends_the_run() {
    let folder = with("a.jsonl", case!("p3-underscore.jsonl"));
    folder
        .offsets(
            "reconcile --from a.jsonl --mode upsert --identity key --order json:/v --regions a --dry-run",
        )
        .fails(
            3,
            &["a.jsonl:1", r#"/v is "2_1", and not a number of up to 28 digits or a time in RFC 3339"#],
        );
}

/// P12, https://github.com/jqlang/jq/issues/45 and https://github.com/axodotdev/axoasset/pull/87.
#[test]
fn a_byte_order_mark_and_blank_lines_are_passed_over() {
    let folder = with("a.jsonl", case!("p12-bom.jsonl"));
    folder.offsets(&format!("{DEDUP} --from a.jsonl --dry-run")).expect(0).says(&["1 records read, 1 count"]);
    folder.write(
        "b.jsonl",
        "\r\n{\"key\":\"1\",\"value\":\"a\"}\r\n \t\n\n{\"key\":\"1\",\"value\":\"b\"}\n\n",
    );
    let run = folder.offsets(&format!("{DEDUP} --from b.jsonl --dry-run -o jsonl")).expect(0);
    let loss = &lines(&run.stdout)[0];
    assert_eq!(
        (&loss["loser"]["line"], &loss["winner"]["line"]),
        (&json!(5), &json!(2)),
        "blank lines are counted"
    );
}

#[test]
fn what_is_no_text_is_named() {
    for (bytes, words) in [
        (&b"\xff\xfe{\0}\0"[..], ["a.jsonl is UTF-16 text", "iconv"]),
        (b"\x1f\x8b\x08\0\0", ["a.jsonl is compressed with gzip", "gzip -dc"]),
        (b"\x28\xb5\x2f\xfd\0\0", ["a.jsonl is compressed with zstd", "zstd -dc"]),
    ] {
        let folder = with("a.jsonl", bytes);
        folder.offsets(&format!("{DEDUP} --from a.jsonl --dry-run")).fails(2, &words);
        // The same at every door that takes text.
        for line in [
            "translate --from-dump a.jsonl --all-groups",
            "translate --mm2-config a.jsonl --all-groups",
            "simulate --scenario a.jsonl",
            "--config a.jsonl translate --all-groups",
            "--demo undo a.jsonl",
            "reconcile --mode reread --seed a.jsonl --from a.jsonl --dry-run",
        ] {
            folder.offsets(line).fails(2, &words[..1]);
        }
    }
}

/// P12: a file's line 2 was at fault `at line 1 column 15`.
#[test]
fn a_line_that_is_cut_short_is_named_with_one_place() {
    let folder = with("in.jsonl", b"{\"value\":1}\n{\"value\":\"cut");
    let run = folder.offsets(&format!("{DEDUP} --from in.jsonl --dry-run")).fails(2, &["in.jsonl:2:13: EOF"]);
    assert!(!run.stderr.contains("at line 1"), "{}", run.stderr);
}

/// P13, https://github.com/Aiven-Open/guardian-for-apache-kafka/issues/11.
#[test]
fn a_timestamp_of_minus_one_is_none() {
    let folder = with("a.jsonl", case!("p13-no-timestamp.jsonl"));
    let upsert = "reconcile --from a.jsonl --mode upsert --identity key --order timestamp --regions a";
    folder
        .offsets(&format!("{upsert} --dry-run"))
        .fails(3, &["a.jsonl:1", "it has no timestamp", "--on order="]);
    folder
        .offsets(&format!("{upsert} --to m.jsonl --on order=dead-letter --dead-letter d.jsonl"))
        .expect(0)
        .says(&["2 = 1 written + 0 lost + 1 set aside"]);
    let dead = &lines(&folder.read("d.jsonl"))[0];
    assert_eq!((&dead["flaw"], &dead["record"]["timestamp"]), (&json!("order"), &Value::Null));
}

/// P20, https://github.com/confluentinc/confluent-kafka-dotnet/issues/1173: both records had the same origin, and one was dropped.
#[test]
fn a_line_with_the_sentinels_of_a_client_has_no_origin() {
    let folder = with("src.orders.jsonl", case!("p20-no-offset.jsonl"));
    let run = "reconcile --from src.orders.jsonl --dry-run --mode";
    folder.offsets(&format!("{run} dedup --identity origin")).fails(
        3,
        &[
            "src.orders.jsonl:1",
            "not known: its partition is -1, its offset -1001",
            "--on identity=dead-letter",
        ],
    );
    // What does not go by them is as it was.
    folder.offsets(&format!("{run} dedup --identity key")).expect(0).says(&["2 records read, 2 count"]);
    let seed = json!({
        "apiVersion": "offsets/v1", "kind": "Seed", "asOf": "2026-01-01T00:00:00Z",
        "link": {"source": "src", "target": "dst"}, "group": "app",
        "windows": [{"topic": "orders", "partition": 0, "from": 0, "until": 9, "read": []}],
    });
    folder.write("seed.json", seed.to_string());
    folder
        .offsets(&format!("{run} reread --seed seed.json"))
        .fails(2, &["src.orders.jsonl:1", "does not say where its record stood"]);
}

/// P9, https://github.com/edenhill/kcat/pull/295 and https://github.com/edenhill/kcat/issues/222.
#[test]
fn a_line_of_another_tool_is_named_with_the_way_out() {
    let folder = with("a.jsonl", case!("p9-kcat.jsonl"));
    folder
        .offsets(&format!("{DEDUP} --from a.jsonl --dry-run"))
        .fails(2, &["a.jsonl:1: it is a line of kcat -J", "jq program for kcat", "offsets reconcile --help"]);
}

/// The jq programs of a text, without the white space that breaks their lines.
fn programs(text: &str) -> Vec<(bool, String)> {
    let program = |part: &str| {
        let (options, rest) = part.split_once('\'').unwrap();
        let program = rest.split_once('\'').unwrap().0;
        (options.contains('R'), program.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    text.split("jq -").skip(1).map(program).collect()
}

/// What jq makes of it, where there is a jq.
fn jq(is_raw: bool, program: &str, input: &str) -> Option<String> {
    let mut child = Command::new("jq")
        .args([if is_raw { "-Rc" } else { "-c" }, program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    std::io::Write::write_all(&mut child.stdin.take()?, input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_recipes_make_lines_of_other_tools_lines_of_ours() {
    let help = offsets("reconcile --help").expect(0).stdout;
    let of_help = programs(&help);
    let [kcat, rpk, console] = &of_help[..] else { panic!("{of_help:?}") };
    let of_page = programs(include_str!("../../../docs/identity-and-order.md"));
    assert_eq!(of_page, of_help, "the page shows the same");
    // A value stays what it was, to the byte: digits, spaces and order.
    let value = r#"{"b": 18446744073709551617,  "a":1.10}"#;
    let ours = json!({"topic": "orders", "partition": 0, "offset": 7, "timestamp": 1_764_000_001_000_i64, "key": "17",
        "value": value, "headers": {"id": ["x1", "x2"], "n": [null]}});
    let kcat_line = json!({"topic": "orders", "partition": 0, "offset": 7, "tstype": "create", "ts": 1_764_000_001_000_i64,
        "broker": 1, "headers": ["id", "x1", "n", null, "id", "x2"], "key": "17", "payload": value});
    let rpk_line = json!({"topic": "orders", "key": "17", "value": value, "timestamp": 1_764_000_001_000_i64, "partition": 0,
        "offset": 7, "headers": [{"key": "id", "value": "x1"}, {"key": "n", "value": null}, {"key": "id", "value": "x2"}]});
    let console_line = format!("CreateTime:1764000001000\tPartition:0\tOffset:7\t17\t{value}\n");
    for ((is_raw, program), input, expected) in [
        (kcat, kcat_line.to_string(), ours.clone()),
        (
            kcat,
            include_str!("../cases/p9-kcat.jsonl").to_owned(),
            json!({"topic": "orders", "partition": 0, "offset": 7,
            "timestamp": 1_764_000_001_000_i64, "key": "17", "value": "{\"v\":1}", "headers": {"id": ["x1"]}}),
        ),
        (
            kcat,
            r#"{"topic":"t","partition":0,"offset":1,"broker":1,"key":null,"payload":null}"#.to_owned(),
            json!({"topic": "t",
            "partition": 0, "offset": 1, "timestamp": null, "key": null, "value": null, "headers": {}}),
        ),
        (rpk, rpk_line.to_string(), ours.clone()),
        (
            console,
            console_line,
            json!({"partition": 0, "offset": 7, "timestamp": 1_764_000_001_000_i64, "key": "17", "value": value}),
        ),
        (
            console,
            "NO_TIMESTAMP\tPartition:1\tOffset:8\t<null>\t<null>\n".to_owned(),
            json!({"partition": 1, "offset": 8,
            "timestamp": null, "key": null, "value": null}),
        ),
    ] {
        let Some(line) = jq(*is_raw, program, &input) else {
            eprintln!("there is no jq here: the recipes were not run");
            return;
        };
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected, "{program}");
        let folder = with("orders.jsonl", line.as_bytes());
        folder
            .offsets("reconcile --from orders.jsonl --to m.jsonl --mode dedup --identity content")
            .expect(0);
        let written = &lines(&folder.read("m.jsonl"))[0];
        let content = match &expected["value"] {
            Value::String(text) => serde_json::from_str(text).unwrap_or(Value::from(text.as_str())),
            other => other.clone(),
        };
        assert_eq!(written["value"], content);
        assert!(
            expected["value"] != *value || folder.read("m.jsonl").contains(value),
            "{}",
            folder.read("m.jsonl")
        );
    }
}

fn mode(folder: &Folder, name: &str) -> u32 {
    std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
}

/// P15, https://github.com/Stebalien/tempfile/issues/157: they were 0600, as the temporary files are that they were.
#[test]
fn what_is_written_has_the_mode_that_the_umask_leaves() {
    for (umask, expected) in [("022", 0o644), ("027", 0o640), ("077", 0o600)] {
        let folder = with("a.jsonl", b"{\"key\":\"1\",\"value\":\"a\"}\n{\"key\":\"1\",\"value\":\"b\"}\n");
        let line = format!(
            "umask {umask}; {} {DEDUP} --from a.jsonl --to o --ledger l; {} --demo dump --file d.json",
            env!("CARGO_BIN_EXE_offsets"),
            env!("CARGO_BIN_EXE_offsets"),
        );
        let status = Command::new("sh").args(["-c", &line]).current_dir(folder.path()).status().unwrap();
        assert!(status.success());
        for name in ["o", "l", "d.json"] {
            assert_eq!(mode(&folder, name), expected, "{name} with umask {umask}");
        }
        assert_eq!(folder.files(), ["a.jsonl", "d.json", "l", "o"]);
    }
}

#[test]
fn a_device_is_written_to_and_a_folder_that_is_not_there_is_named() {
    let folder = with("a.jsonl", b"{\"key\":\"1\",\"value\":\"a\"}\n{\"key\":\"1\",\"value\":\"b\"}\n");
    let run = format!("{DEDUP} --from a.jsonl");
    folder
        .offsets(&format!(
            "{run} --to o --ledger /dev/null --dead-letter /dev/null --on identity=dead-letter"
        ))
        .expect(0);
    assert_eq!(folder.files(), ["a.jsonl", "o"]);
    let failed =
        folder.offsets(&format!("{run} --to nodir/o")).fails(1, &["cannot write nodir/o: No such file"]);
    assert!(!failed.stderr.contains(".tmp"), "{}", failed.stderr);
    folder.offsets(&format!("{run} --to .")).fails(1, &["cannot write .: is a directory"]);
    std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
    folder.offsets(&format!("{run} --to link")).fails(1, &["cannot write link", "does not exist yet"]);
    folder.offsets("--demo dump --file nodir/d.json").fails(1, &["cannot write nodir/d.json: No such file"]);
    folder.offsets("--demo dump --file /dev/null").expect(0);
}

/// P23: by origin, 6,000 records of 300 keys were all written, and the run said it was done.
#[test]
fn rules_that_do_nothing_together_are_refused() {
    let folder = with("a.jsonl", b"{\"key\":\"1\",\"value\":\"a\"}\n");
    let upsert = "reconcile --from a.jsonl --to m --mode upsert --regions a";
    for (line, words) in [
        (
            format!("{upsert} --identity origin --order timestamp"),
            ["a key of its own, and nothing is ever merged", "use --identity key"],
        ),
        (
            format!("{upsert} --identity content --order json:/v"),
            ["by identity content", "use --identity key"],
        ),
        (
            format!("{upsert} --identity json:/v --order json:/v"),
            ["json:/v is both the identity and the version", "--order"],
        ),
        (
            format!("{upsert} --identity key --order timestamp --tombstone-version t"),
            ["by timestamp", "leave --tombstone-version out"],
        ),
        (
            format!("{upsert} --identity json:/id --order json:/v --tombstone-version t"),
            ["no tombstone can be identified", "--identity key"],
        ),
        (
            format!(
                "{upsert} --identity json:/id --order json:/v --tombstone-horizon 2d --longest-outage 1d"
            ),
            ["--tombstone-horizon", "no field /id"],
        ),
        (
            format!("{DEDUP} --from a.jsonl --to m --regions a"),
            ["--regions means nothing in this --mode", "remedy"],
        ),
        (
            format!("{DEDUP} --from a.jsonl --to m --on tie=pass"),
            ["--on tie means nothing here", "leave it out"],
        ),
        (
            format!("{DEDUP} --from a.jsonl --to m --on order=pass"),
            ["--on order means nothing here", "leave it out"],
        ),
        (
            format!("{DEDUP} --from a.jsonl --to m --on clock=pass --on clock=fail"),
            ["--on says twice what becomes of clock", "once"],
        ),
        (
            "reconcile --from a.jsonl --to m --mode dedup --identity content --on identity=pass".to_owned(),
            ["every record has an identity by content", "leave it out"],
        ),
        (
            "reconcile --bootstrap-server 127.0.0.1:1 --group g --from t --to m --mode dedup --identity origin".to_owned(),
            ["no two records of topics are one event", "say what copies of an event have in common"],
        ),
    ] {
        folder.offsets(&line).fails(2, &words);
        assert_eq!(folder.files(), ["a.jsonl"], "{line}");
    }
}

/// P19: files of two regions with one name could not be given a region.
#[test]
fn a_file_can_be_given_a_region() {
    let folder = Folder::new();
    for region in ["eu", "us"] {
        std::fs::create_dir(folder.path().join(region)).unwrap();
        folder.write(
            &format!("{region}/orders.jsonl"),
            format!("{{\"key\":\"1\",\"value\":{{\"v\":1,\"of\":\"{region}\"}}}}\n"),
        );
    }
    let from = "--from eu=eu/orders.jsonl --from us=us/orders.jsonl";
    folder
        .offsets(&format!(
            "reconcile {from} --to m --ledger l --mode upsert --identity key --order json:/v --regions us,eu"
        ))
        .expect(0)
        .says(&["lost: 1 by region"]);
    let written = &lines(&folder.read("m"))[0];
    assert_eq!(
        (&written["region"], &written["topic"], &written["value"]["of"]),
        (&json!("us"), &json!("orders"), &json!("us"))
    );
    let loss = &lines(&folder.read("l"))[0];
    assert_eq!(
        (&loss["loser"]["from"], &loss["loser"]["record"]["region"]),
        (&json!("eu/orders.jsonl"), &json!("eu"))
    );
    // Their origins differ by the region.
    folder
        .offsets(&format!("reconcile {from} --to o --mode dedup --identity origin"))
        .expect(0)
        .says(&["2 count"]);
    folder
        .offsets(
            "reconcile --from eu/orders.jsonl --from us/orders.jsonl --to p --mode dedup --identity origin",
        )
        .fails(2, &["eu/orders.jsonl and us/orders.jsonl", "--from REGION=FILE"]);
    // One file is one input, however it is named; and a file may have a `=` in its name.
    folder
        .offsets(&format!("{DEDUP} --from eu=eu/orders.jsonl --from us=eu/../eu/orders.jsonl --to p"))
        .fails(2, &["twice"]);
    folder.write("a=b.jsonl", "{\"key\":\"1\",\"value\":1}\n");
    folder.offsets(&format!("{DEDUP} --from a=b.jsonl --to q")).expect(0);
    assert_eq!(lines(&folder.read("q"))[0]["region"], "a=b");
    folder.offsets(&format!("{DEDUP} --from eu=none.jsonl --to r")).fails(2, &["cannot read none.jsonl"]);
}

/// The fields of a ledger's line as the page documents them.
#[test]
fn the_ledger_has_the_fields_that_are_documented() {
    let folder = Folder::new();
    folder
        .write("a.jsonl", "{\"key\":\"1\",\"timestamp\":5,\"value\":{\"v\":1}}\n{\"key\":\"1\",\"timestamp\":7,\"value\":{\"v\":3}}\n")
        .write("b.jsonl", "{\"key\":\"1\",\"timestamp\":6,\"value\":{\"v\":2}}\n");
    let upsert =
        "reconcile --from a.jsonl --from b.jsonl --mode upsert --identity key --order json:/v --regions a,b";
    folder.offsets(&format!("{upsert} --to m --ledger l")).expect(0);
    let side = |from: &str, line: u64, v: u64, time: u64, offset: u64| {
        json!({"from": from, "line": line, "version": v.to_string(), "record": {"region": &from[..1], "topic": &from[..1],
            "partition": 0, "offset": offset, "timestamp": time, "key": "1", "value": {"v": v}}})
    };
    let ledger = lines(&folder.read("l"));
    let identity = ledger[0]["identity"].as_str().unwrap();
    assert!(identity.len() == 32 && identity.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let (first, second, third) =
        (side("a.jsonl", 1, 1, 5, 0), side("b.jsonl", 1, 2, 6, 0), side("a.jsonl", 2, 3, 7, 1));
    // A winner that is beaten keeps its content over files.
    assert_eq!(
        ledger,
        [
            json!({"reason": "version", "identity": identity, "loser": first, "winner": second}),
            json!({"reason": "version", "identity": identity, "loser": second, "winner": third}),
        ]
    );
    let page = include_str!("../../../docs/identity-and-order.md");
    for field in [
        "reason",
        "identity",
        "loser",
        "winner",
        "from",
        "line",
        "partition",
        "offset",
        "version",
        "record",
        "write",
    ] {
        assert!(page.contains(&format!("| `{field}` |")), "{field} is not documented");
    }
}

/// R7: 30 records were 8 written, 14 lost and 13 flawed.
#[test]
fn the_numbers_of_a_run_add_up() {
    let folder = Folder::new();
    let line = |key: u64, version: &str| format!("{{\"key\":\"{key}\",\"value\":{{\"v\":{version}}}}}\n");
    let text: String = (0..30)
        .map(|n| line(n % 4, &if n % 5 == 0 { "\"x\"".to_owned() } else { (n / 7).to_string() }))
        .collect();
    folder.write("a.jsonl", text);
    let upsert = "reconcile --from a.jsonl --mode upsert --identity key --order json:/v --regions a --on tie=pass --on order";
    for (policy, to) in [("dead-letter --dead-letter d", "one"), ("pass", "other")] {
        let run = folder.offsets(&format!("{upsert}={policy} --to {to} -o json")).expect(0).json();
        let summary = &run["summary"];
        let count = |name: &str| summary[name].as_u64().unwrap();
        let sum = |name: &str| {
            summary[name].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!(
            count("records"),
            count("written") + (sum("lost") - count("superseded")) + (sum("flawed") - count("passed")),
            "{run}"
        );
        assert_eq!(count("written"), folder.read(to).lines().count() as u64);
    }
    let run = folder.offsets(&format!("{upsert}=dead-letter --dead-letter e --to third")).expect(0);
    let row: Vec<u64> =
        run.stdout.lines().nth(1).unwrap().split_whitespace().map(|cell| cell.parse().unwrap()).collect();
    assert_eq!(row[0], row[1..].iter().sum::<u64>(), "{}", run.stdout);
    run.says(&["30 = "]);
}

/// R8: what is not obvious of versions and ids; docs/identity-and-order.md says each.
#[test]
fn what_the_page_says_of_versions_and_ids_is_so() {
    let folder = Folder::new();
    folder
        .write("a.jsonl", "{\"key\":\"1\",\"value\":{\"v\":\"9\"}}\n{\"key\":\"1\",\"value\":{\"v\":10}}\n");
    let upsert = |on: &str| {
        format!("reconcile --mode upsert --identity key --order json:/v --regions {on} --from {on}.jsonl")
    };
    folder.offsets(&format!("{} --to m", upsert("a"))).expect(0);
    assert_eq!(lines(&folder.read("m"))[0]["value"]["v"], 10, "text that is a number is a version");
    for (id, found) in [("null", "null"), ("{}", "an object"), ("[]", "an array")] {
        folder.write("b.jsonl", format!("{{\"value\":{{\"id\":{id}}}}}\n"));
        folder
            .offsets("reconcile --mode dedup --identity json:/id --from b.jsonl --dry-run")
            .fails(3, &["b.jsonl:1", &format!("/id is {found}"), "--on identity="]);
    }
    // The timestamp is looked at though the version is another field.
    folder.write("c.jsonl", "{\"key\":\"1\",\"timestamp\":99999999999999,\"value\":{\"v\":1}}\n");
    folder
        .offsets(&format!("{} --dry-run", upsert("c")))
        .fails(3, &["its time is", "ahead of the clock", "--on clock="]);
}
