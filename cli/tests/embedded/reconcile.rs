use serde_json::Value;

use crate::run::{Folder, offsets};

const A: &str = r#"{"timestamp":1000,"key":"17","value":{"id":"e1","version":1,"total":3}}
{"timestamp":3000,"key":"17","value":{"id":"e3","version":3,"total":5}}
{"timestamp":4000,"key":"18","value":{"id":"e4","version":1,"total":1}}
"#;

const B: &str = r#"{"timestamp":1000,"key":"17","value":{"id":"e1","version":1,"total":3}}
{"timestamp":2000,"key":"17","value":{"id":"e2","version":2,"total":4}}
{"timestamp":5000,"key":"18","value":{"id":"e5","version":1,"total":2}}
"#;

fn regions() -> Folder {
    let folder = Folder::new();
    folder.write("a.jsonl", A).write("b.jsonl", B);
    folder
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const UPSERT: &str = "reconcile --from a.jsonl --from b.jsonl --identity key --mode upsert --order json:/version --regions a,b";

const DEDUP: &str = "reconcile --from a.jsonl --from b.jsonl --identity json:/id --mode dedup";

#[test]
fn the_first_of_each_event_is_written_and_the_ledger_has_the_rest() {
    let folder = regions();
    let run = folder.offsets(&format!("{DEDUP} --to merged.jsonl --ledger lost.jsonl -o json")).expect(0);
    let merged = lines(&folder.read("merged.jsonl"));
    let ids: Vec<_> = merged.iter().map(|line| line["value"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["e1", "e2", "e3", "e4", "e5"], "by their times");
    assert_eq!(
        merged[1],
        serde_json::json!({"region": "b", "topic": "b", "partition": 0, "offset": 1, "timestamp": 2000,
        "key": "17", "value": {"id": "e2", "version": 2, "total": 4}})
    );
    let lost = lines(&folder.read("lost.jsonl"));
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0]["reason"], "duplicate");
    assert_eq!((&lost[0]["loser"]["from"], &lost[0]["loser"]["line"]), (&"b.jsonl".into(), &1.into()));
    assert_eq!((&lost[0]["winner"]["from"], &lost[0]["winner"]["line"]), (&"a.jsonl".into(), &1.into()));
    assert_eq!(run.json()["summary"]["lost"]["duplicate"], 1);
    assert_eq!(
        folder.files(),
        ["a.jsonl", "b.jsonl", "lost.jsonl", "merged.jsonl"],
        "and nothing else is left"
    );
}

#[test]
fn the_winner_of_each_key_is_written_and_every_other_write_is_in_the_ledger() {
    let folder = regions();
    folder
        .offsets(&format!("{UPSERT} --to merged.jsonl --ledger lost.jsonl"))
        .expect(0)
        .says(&["6 records read, 2 count"]);
    let totals: Vec<_> =
        lines(&folder.read("merged.jsonl")).iter().map(|line| line["value"]["total"].clone()).collect();
    assert_eq!(totals, [5, 1], "version 3 of 17; of the two versions 1 of 18 the one of the first region");
    let lost: Vec<_> = lines(&folder.read("lost.jsonl"))
        .iter()
        .map(|loss| {
            (
                loss["reason"].as_str().unwrap().to_owned(),
                loss["loser"]["record"]["value"]["id"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = [("repeat", "e1"), ("version", "e1"), ("version", "e2"), ("region", "e5")];
    // The second e1 is of the other region and says the same.
    let expected = expected.map(|(reason, id)| (reason.replace("repeat", "region"), id.to_owned()));
    assert_eq!(lost, expected);
}

#[test]
fn no_order_of_the_files_changes_the_values() {
    let folder = regions();
    folder.offsets(&format!("{UPSERT} --to one.jsonl")).expect(0);
    let other = UPSERT.replace("--from a.jsonl --from b.jsonl", "--from b.jsonl --from a.jsonl");
    folder.offsets(&format!("{other} --to other.jsonl")).expect(0);
    let values = |file: &str| {
        let mut values: Vec<_> =
            lines(&folder.read(file)).iter().map(|line| line["value"].to_string()).collect();
        values.sort();
        values
    };
    assert_eq!(values("one.jsonl"), values("other.jsonl"));
}

#[test]
fn a_dry_run_shows_what_would_lose_and_writes_nothing() {
    let folder = regions();
    let run = folder.offsets(&format!("{UPSERT} --dry-run")).expect(0).says(&["nothing was written"]);
    let rows: Vec<_> = run.stdout.lines().collect();
    assert!(rows[0].starts_with("REASON"), "{}", run.stdout);
    assert_eq!(rows.len(), 5, "{}", run.stdout);
    assert!(rows[4].contains("b.jsonl:3") && rows[4].contains("a.jsonl:3"), "{}", run.stdout);
    assert_eq!(folder.files(), ["a.jsonl", "b.jsonl"]);
    let jsonl = folder.offsets(&format!("{UPSERT} --dry-run -o jsonl")).expect(0);
    assert_eq!(lines(&jsonl.stdout).len(), 4);
    let json = folder.offsets(&format!("{UPSERT} --dry-run -o json")).expect(0).json();
    assert_eq!(json["losses"].as_array().unwrap().len(), 4);
}

#[test]
fn a_stream_goes_through() {
    let folder = regions();
    let run = folder
        .offsets(&format!("{DEDUP} --to -"))
        .expect(0)
        .says(&["6 records read, 5 count; lost: 1 by duplicate"]);
    assert_eq!(lines(&run.stdout).len(), 5);
}

#[test]
fn a_record_that_cannot_be_judged_ends_the_run_and_nothing_is_written() {
    for (record, words) in [
        (r#"{"key":"1","value":"text"}"#, ["b.jsonl:4", "not JSON"]),
        (r#"{"key":"1","value":{"id":{}}}"#, ["b.jsonl:4", "/id is an object"]),
        (r#"{"key":"1","value":null}"#, ["b.jsonl:4", "tombstone"]),
        (r#"{"key":"1","value":{"id":1},"timestamp":99999999999999}"#, ["b.jsonl:4", "ahead of the clock"]),
    ] {
        let folder = regions();
        folder.write("b.jsonl", format!("{B}{record}\n"));
        folder
            .offsets(&format!("{DEDUP} --to merged.jsonl --ledger lost.jsonl"))
            .fails(3, &words)
            .says(&["remedy: "]);
        assert_eq!(folder.files(), ["a.jsonl", "b.jsonl"]);
    }
}

#[test]
fn a_policy_says_what_becomes_of_it() {
    let folder = regions();
    folder.write("b.jsonl", format!("{B}{}\n", r#"{"key":"1","value":"text"}"#));
    let on = "--on identity=dead-letter --dead-letter dead.jsonl";
    folder
        .offsets(&format!("{DEDUP} --to merged.jsonl {on}"))
        .expect(0)
        .says(&["could not be judged: 1 by identity"]);
    let dead = lines(&folder.read("dead.jsonl"));
    assert_eq!((&dead[0]["flaw"], &dead[0]["line"]), (&"identity".into(), &4.into()));
    assert_eq!(lines(&folder.read("merged.jsonl")).len(), 5);
    folder.offsets(&format!("{DEDUP} --to passed.jsonl --on identity=pass")).expect(0);
    assert_eq!(lines(&folder.read("passed.jsonl")).len(), 6);
}

#[test]
fn two_contents_of_one_version_are_somebodys_mistake_unless_that_is_said_to_be_well() {
    let folder = Folder::new();
    let write = |total| format!("{{\"key\":\"1\",\"value\":{{\"version\":1,\"total\":{total}}}}}\n");
    folder.write("a.jsonl", write(1) + &write(2)).write("b.jsonl", "");
    folder
        .offsets(&format!("{UPSERT} --to merged.jsonl"))
        .fails(3, &["a.jsonl:2", "another content", "--on tie=pass"]);
    folder.offsets(&format!("{UPSERT} --to merged.jsonl --on tie=pass")).expect(0).says(&["1 by content"]);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_read() {
    for (line, words) in [
        (DEDUP.to_owned(), ["--to", "required"]),
        (format!("{DEDUP} --to m --order timestamp"), ["--order", "choose the --mode it belongs to"]),
        (format!("{UPSERT} --to m --window 1h"), ["--window", "--mode"]),
        (format!("{DEDUP} --to m --on identity=dead-letter"), ["--dead-letter", "remedy"]),
        (format!("{DEDUP} --to m --on everything=pass"), ["FLAW=POLICY", "tie"]),
        (format!("{DEDUP} --to m --from a.jsonl"), ["a.jsonl", "twice"]),
        (
            format!("{UPSERT} --to m --tombstone-horizon 1d --longest-outage 1d"),
            ["--tombstone-horizon", "come back"],
        ),
        (format!("{UPSERT} --to m --tombstone-horizon 1d"), ["--longest-outage", "required"]),
        (format!("{DEDUP} --to m --window 15s"), ["--window", "at least 16s"]),
        (format!("{DEDUP} --to m --ledger ./m"), ["both --to and --ledger", "remedy"]),
        (format!("{DEDUP} --to - --ledger -"), ["both --to and --ledger", "remedy"]),
        (format!("{DEDUP} --to m --window-count 0"), ["--window-count", "0"]),
        (format!("{DEDUP} --to m --window-count 15"), ["--window-count 15", "give 16 or more"]),
        (format!("{UPSERT} --to m --longest-outage 1d"), ["--tombstone-horizon", "required"]),
        (format!("{UPSERT},a --to m"), ["--regions", "twice"]),
        (format!("{DEDUP} --to m -o csv"), ["table or as JSON", "remedy"]),
        (DEDUP.replace("json:/id", "id") + " --to m", ["header:NAME", "origin"]),
        (DEDUP.replace("b.jsonl", "c.jsonl") + " --to m", ["c.jsonl", "cannot read"]),
    ] {
        let folder = regions();
        let run = folder.offsets(&line).expect(2).says(&words);
        assert_eq!((run.stdout.as_str(), folder.files().len()), ("", 2), "{line}");
    }
}

/// Over files a window once did nothing: it was never advanced.
#[test]
fn what_comes_again_after_its_window_passes_again() {
    let folder = Folder::new();
    let line = |second: u64, key: &str| {
        format!("{{\"timestamp\":{},\"key\":\"{key}\",\"value\":1}}\n", second * 1000)
    };
    let others: String = (1..100).map(|at| line(at * 10, &format!("other-{at}"))).collect();
    folder.write("a.jsonl", line(0, "k") + &line(5, "k") + &others + &line(1_000, "k"));
    let dedup = "reconcile --from a.jsonl --to - --mode dedup --identity key";
    let count = |window: &str| folder.offsets(&format!("{dedup} {window}")).expect(0).stdout.lines().count();
    assert_eq!(count(""), 100);
    assert_eq!(count("--window 100s"), 101);
    assert_eq!(count("--window 2000s"), 100);
    assert_eq!(count("--window-count 20"), 101);

    let write = |second: u64, key: &str, version: u64, value: &str| {
        let headers = format!(r#""headers":{{"v":"{version}"}}"#);
        format!("{{\"timestamp\":{},\"key\":\"{key}\",\"value\":{value},{headers}}}\n", second * 1000)
    };
    let writes = [write(0, "k", 7, "null"), write(80_000, "j", 1, "1"), write(90_000, "k", 1, "\"late\"")];
    folder.write("b.jsonl", writes.concat());
    let upsert = "reconcile --from b.jsonl --to - --mode upsert --identity key --order header:v --regions b";
    let late =
        |horizon: &str| folder.offsets(&format!("{upsert} {horizon}")).expect(0).stdout.contains("late");
    assert!(!late(""));
    assert!(late("--tombstone-horizon 10h --longest-outage 1h"), "a delete is forgotten after its horizon");
}

#[test]
fn two_files_of_one_name_have_no_origins_of_their_own() {
    let folder = Folder::new();
    for region in ["us", "eu"] {
        std::fs::create_dir(folder.path().join(region)).unwrap();
        folder.write(&format!("{region}/o.jsonl"), "{\"value\":1}\n");
    }
    let run = "reconcile --from us/o.jsonl --from eu/o.jsonl --mode dedup --to -";
    folder
        .offsets(&format!("{run} --identity origin"))
        .fails(2, &["us/o.jsonl and eu/o.jsonl", "topic o", "remedy"]);
    folder.offsets(&format!("{run} --identity content")).expect(0);
}

#[test]
fn a_dry_run_shows_records_as_they_are() {
    let folder = Folder::new();
    let line = |number: &str| format!("{{\"key\":\"k\",\"value\":{{\"n\":{number},\"a\":1.10}}}}\n");
    let big = ["18446744073709551616", "18446744073709551617"];
    folder.write("a.jsonl", big.map(line).concat());
    let run =
        folder.offsets("reconcile --from a.jsonl --mode dedup --identity key --dry-run -o jsonl").expect(0);
    assert!(run.stdout.contains(r#"{"n":18446744073709551617,"a":1.10}"#), "{}", run.stdout);
}

#[test]
fn a_line_that_is_no_record_is_named() {
    let folder = regions();
    folder.write("b.jsonl", format!("{B}17\n"));
    folder.offsets(&format!("{DEDUP} --to merged.jsonl")).fails(2, &["b.jsonl:4", "not a JSON object"]);
    assert_eq!(folder.files(), ["a.jsonl", "b.jsonl"]);
}

#[test]
fn no_file_is_overwritten() {
    let folder = regions();
    folder.write("merged.jsonl", "precious");
    folder.offsets(&format!("{DEDUP} --to merged.jsonl")).fails(1, &["merged.jsonl", "does not exist yet"]);
    assert_eq!(folder.read("merged.jsonl"), "precious");
    offsets("reconcile --help").expect(0);
}

/// The indented block of the README that follows these words.
fn shown(words: &str) -> String {
    let readme = include_str!("../../../README.md");
    let after = &readme[readme.find(words).unwrap_or_else(|| panic!("the README does not say `{words}`"))..];
    let block = after.lines().skip_while(|line| !line.starts_with("    "));
    block.map_while(|line| line.strip_prefix("    ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_readme_shows_what_its_command_does() {
    let folder = Folder::new();
    folder.write("a.jsonl", shown("`a.jsonl` holds")).write("b.jsonl", shown("`b.jsonl` is"));
    let command = shown("You say what makes two records the same");
    let command = command.trim().strip_prefix("offsets ").unwrap();
    folder.offsets(command).expect(0);
    assert_eq!(folder.read("merged.jsonl"), shown("`merged.jsonl` has"));
    assert_eq!(folder.read("lost.jsonl").lines().count(), 3);
    let dry = command.replace("--to merged.jsonl --ledger lost.jsonl", "--dry-run");
    assert_eq!(folder.offsets(&dry).expect(0).stdout, shown("`--dry-run` in place of"));
}

#[test]
fn a_job_says_what_the_command_line_does_not() {
    let folder = regions();
    folder.write(
        "offsets.toml",
        "[reconcile.merge]\nfrom = [\"a.jsonl\", \"b.jsonl\"]\nto = \"merged.jsonl\"\nmode = \"upsert\"\nidentity = \"key\"\n\
         order = \"json:/version\"\nregions = [\"a\", \"b\"]\n\n[reconcile.wrong]\nmode = \"dedup\"\ncolour = \"red\"\n\n\
         [reconcile.odd]\nmode = 1.5\n",
    );
    folder.offsets("reconcile --job merge").expect(0).says(&["6 records read, 2 count"]);
    assert_eq!(lines(&folder.read("merged.jsonl")).len(), 2);
    // What is said on the command line counts.
    let run = folder.offsets("reconcile --job merge --to other.jsonl --regions b,a").expect(0);
    run.says(&["6 records read, 2 count"]);
    assert_eq!(lines(&folder.read("other.jsonl"))[1]["value"]["id"], "e5", "region b comes first now");

    folder.offsets("reconcile --job merge").expect(1).says(&["merged.jsonl"]);
    folder.offsets("reconcile --job none").expect(2).says(&["no job `none`", "it has: merge, odd, wrong"]);
    folder
        .offsets("reconcile --job wrong")
        .expect(2)
        .says(&["offsets.toml: [reconcile.wrong] has a key `colour`"]);
    // What a dry run writes nothing to need not be taken out of the file first.
    folder.offsets("reconcile --job merge --dry-run").expect(0).says(&[]);
    folder.offsets("reconcile --job odd").expect(2).says(&["`mode` is 1.5, and takes text"]);
    let empty = Folder::new();
    empty.offsets("reconcile --job merge").expect(2).says(&["no offsets.toml with a job `merge`"]);
}

#[test]
fn the_demo_tells_what_a_replay_copied_twice_and_writes_nothing() {
    let folder = Folder::new();
    let demo = "--demo reconcile --group merge --from src.orders --mode dedup --identity content";
    let run = folder.offsets(&format!("{demo} --dry-run -o json")).expect(0);
    let report = run.json();
    assert_eq!(report["summary"]["lost"]["duplicate"], 600, "{}", report["summary"]);
    let loss = &report["losses"][0];
    assert_eq!(loss["loser"]["from"], "src.orders");
    assert_eq!(loss["loser"]["partition"], loss["winner"]["partition"]);
    folder.offsets(&format!("{demo} --to merged")).expect(2).says(&["no transactions", "--dry-run"]);
}

/// A dry run kept everything in its window until the next commit, and read a whole history before that: `--window-count 5` lost what
/// no window at all lost.
#[test]
fn a_dry_run_between_topics_forgets_what_is_behind_its_window() {
    let folder = Folder::new();
    let demo =
        "--demo reconcile --group merge --from src.orders --mode dedup --identity content --dry-run -o json";
    let lost = |window: &str| {
        folder.offsets(&format!("{demo} {window}")).expect(0).json()["summary"]["lost"]["duplicate"].as_u64()
    };
    // The replay copied 600 records a second time, right behind the first.
    assert_eq!(lost("--window-count 16"), None);
    assert_eq!(lost("--window-count 5000"), Some(600));
}
