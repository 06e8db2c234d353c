//! Flags that a verb does not read, selections that select nothing, and files that name what cannot be meant.

use crate::lab::Lab;
use crate::run::{Folder, offsets};

const TWO_PARTITIONS: &str = include_str!("../cases/p2-two-partitions.csv");

fn folder(csv: &str) -> Folder {
    let folder = Folder::new();
    folder.write("positions.csv", csv);
    folder
}

/// P2, after https://github.com/apache/kafka/pull/2624 (KIP-122) and https://github.com/apache/kafka/pull/4069
#[test]
fn a_file_moves_only_the_partitions_that_topic_names() {
    let folder = folder(TWO_PARTITIONS);
    let run = folder
        .offsets(
            "--demo reset --from-file positions.csv --topic src.orders:1 --execute --undo-file u.json -o csv",
        )
        .expect(0)
        .says(&["left out: src.orders-0"]);
    assert_eq!(run.stdout, "src.orders,1,17000\n");
    assert!(!folder.read("u.json").contains("\"partition\": 0"));
    let whole = folder.offsets("--demo reset --from-file positions.csv --topic src.orders -o csv").expect(0);
    assert_eq!(whole.stdout, "src.orders,0,18000\nsrc.orders,1,17000\n");
}

/// P2 and P17: what was asked for and is not in the file is said, and nothing is contacted.
#[test]
fn a_topic_or_a_group_that_the_file_does_not_have_is_named() {
    let folder = folder(TWO_PARTITIONS);
    for (flags, words) in [
        ("--topic nonexist", ["no line of the file is of nonexist", "positions.csv"]),
        ("--topic src.orders:7", ["no line of the file is of src.orders:7", "positions.csv"]),
        ("--topic src.orders:1 --topic nope", ["no line of the file is of nope", "positions.csv"]),
        ("--group app", ["group app is not in the file", "positions.csv"]),
        ("--groups-regex app", ["no group of the file is selected", "--groups-regex"]),
        ("--all-groups --exclude-groups 'app-.*'", ["no group of the file is selected", "--exclude-groups"]),
    ] {
        folder.offsets(&format!("--demo reset --from-file positions.csv {flags} --execute")).fails(2, &words);
        assert_eq!(folder.files(), ["positions.csv"]);
    }
}

/// P2: the flags that a mode of `reset` does not read.
#[test]
fn a_reset_on_the_target_alone_refuses_flags_of_translations() {
    let folder = folder(TWO_PARTITIONS);
    for flag in
        ["--evidence syncs", "--archive kept", "--no-probe", "--probe-max-records 5", "--allow-unsafe"]
    {
        for (way, said) in [
            ("--group app-g --topic src.orders --to latest", "`offsets reset` with --to does not use"),
            ("--from-file positions.csv", "`offsets reset` with --from-file does not use"),
        ] {
            let word = flag.split(' ').next().unwrap_or(flag);
            folder.offsets(&format!("--demo reset {way} {flag}")).fails(2, &[said, word]);
        }
    }
    folder
        .offsets("--demo reset --from-file positions.csv --topic src.orders:1 --offset 5")
        .fails(2, &["`offsets reset` with --from-file does not use --offset"]);
    // That the source is not tried is so anyway.
    folder.offsets("--demo --source-dead reset --group app-g --topic src.orders --to latest").expect(0);
}

/// P2: a link that is named beside one that is complete in itself.
#[test]
fn a_flag_of_another_link_is_refused() {
    let folder = Folder::new();
    folder.offsets("--demo dump --file link.json").expect(0);
    for (line, words) in [
        (
            "--demo archive run --dir kept --once --link 'a->b'",
            ["`offsets archive run` with --demo", "--link"],
        ),
        ("--demo translate --group app-g --policy identity", ["with --demo", "--policy"]),
        ("--demo translate --group app-g -X a=b", ["with --demo", "-X"]),
        ("archive stats --dir kept --link 'a->b'", ["`offsets archive stats`", "--link"]),
        (
            "translate --from-dump link.json --group app-g --source-dead",
            ["with --from-dump", "--source-dead"],
        ),
        (
            "translate --from-dump link.json --group app-g --config offsets.toml",
            ["with --from-dump", "--config"],
        ),
        ("simulate --source-dead --archive nowhere", ["`offsets simulate`", "does not use"]),
        ("dump --demo --file x.json -o json", ["`offsets dump`", "--output"]),
        ("undo --demo x.json --no-probe", ["`offsets undo`", "--no-probe"]),
        (
            "reconcile --from a --to b --mode dedup --identity key --source-dead",
            ["`offsets reconcile` of files", "--source-dead"],
        ),
        ("state show --dir kept --policy identity", ["`offsets state show`", "--policy"]),
    ] {
        folder.offsets(line).fails(2, &words);
    }
    assert_eq!(folder.files(), ["link.json"]);
}

/// P2: before the verb and behind it a flag is the same flag.
#[test]
fn flags_on_both_sides_of_the_command_exclude_each_other_and_are_given_twice() {
    offsets("--timeout 1s --demo translate --group app-g --timeout 2s")
        .expect(2)
        .says(&["--timeout", "multiple"]);
    offsets("--demo translate --group app-g --from-dump x.json").expect(2).says(&["--demo", "--from-dump"]);
    offsets("--quiet --demo translate --group app-g --verbose").expect(2).says(&["--quiet", "--verbose"]);
    let lab = Lab::new().mirrored("orders", 10).syncs("orders", &[(0, 0), (9, 9)]);
    let line =
        format!("-X no.such.key=1 {} translate --topic orders:0 --offset 9 -X client.id=x", lab.flags());
    offsets(&line).fails(2, &["no.such.key"]);
}

/// P2: policies for flaws that a mode never finds, and two for one.
#[test]
fn a_policy_that_decides_nothing_is_refused() {
    let folder = Folder::new();
    folder.write("in.jsonl", "{\"key\":\"1\",\"value\":\"a\"}\n");
    for (flags, words) in [
        ("--mode dedup --identity key --on order=pass", ["--on order", "means nothing"]),
        ("--mode dedup --identity key --on tie=pass", ["--on tie", "means nothing"]),
        (
            "--mode dedup --identity key --on identity=pass --on identity=fail",
            ["--on says twice", "identity"],
        ),
        ("--mode dedup --identity key --regions a,b", ["--regions", "--mode"]),
    ] {
        folder.offsets(&format!("reconcile --from in.jsonl --dry-run {flags}")).fails(2, &words);
    }
    folder
        .offsets("reconcile --from in.jsonl --dry-run --mode dedup --identity key --on identity=pass")
        .expect(0);
}

/// P17, after https://github.com/deviceinsight/kafkactl/issues/43
#[test]
fn a_selection_of_no_group_is_no_success() {
    offsets("--demo reset --groups-regex absent --to earliest --execute")
        .fails(3, &["no group on dst is selected"]);
    offsets("--demo reset --groups-regex absent --execute").expect(3).says(&["no group on src"]);
    offsets("--demo translate --groups-regex absent").expect(3).says(&["no group on src"]);
    offsets("--demo translate --all-groups --exclude-groups '.*'").expect(3).says(&["no group on src"]);
}

/// P16: what MM2's `groups.exclude` holds.
#[test]
fn groups_can_be_left_out() {
    let all = offsets("--demo translate --all-groups -o json").expect(0).json();
    let some =
        offsets("--demo translate --all-groups --exclude-groups 'console-consumer-.*, app-.*' -o json");
    let groups = |json: &serde_json::Value| {
        let rows = json["partitions"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["group"].to_string()).collect::<std::collections::BTreeSet<_>>()
    };
    let (all, some) = (groups(&all), groups(&some.expect(0).json()));
    assert!(all.contains("\"app-g\"") && !some.contains("\"app-g\""), "{some:?}");
    assert_eq!(some.len() + 1, all.len(), "{all:?} {some:?}");
    offsets("--demo translate --exclude-groups x").fails(2, &["--exclude-groups", "--all-groups"]);
    offsets("--demo translate --all-groups --exclude-groups 'a{1,2}'").fails(2, &["`a{1`", "commas"]);
    offsets("--demo translate --group app-g --exclude-groups x").expect(2);
}

/// P6, after https://github.com/linkedin/Burrow/pull/399
#[test]
fn blanks_around_the_fields_of_a_line_move_the_group_that_is_meant() {
    let folder = folder(include_str!("../cases/p6-spaces.csv"));
    let run = folder
        .offsets("--demo reset --from-file positions.csv --execute -o json --undo-file u.json")
        .expect(0);
    assert_eq!(run.json()["partitions"][0]["group"], "app-g");
    folder.write("positions.csv", "app-g, \"src.orders\",0,18000\n");
    folder.offsets("--demo reset --from-file positions.csv").fails(2, &["positions.csv: line 1", "quote"]);
}

/// P6: a group with a blank at its end would be made by a slip.
#[test]
fn a_group_that_does_not_exist_is_not_made_with_a_blank_at_its_end() {
    let folder = folder("\"app-g \",src.orders,0,18000\n");
    for line in [
        "--demo reset --from-file positions.csv --execute",
        "--demo reset --group 'app-g ' --topic src.orders --to latest --execute",
    ] {
        let run = folder.offsets(line).expect(3);
        assert!(run.stdout.contains(r"app-g\u{20}") && run.stdout.contains("slip"), "{}", run.stdout);
    }
    assert_eq!(folder.files(), ["positions.csv"]);
}

/// P11, after https://github.com/apache/kafka/pull/14768 (KIP-289): at every door, before anything is contacted.
#[test]
fn a_name_that_is_empty_is_refused_at_every_door() {
    let folder = folder(include_str!("../cases/p11-empty-group.csv"));
    folder
        .offsets("--demo reset --from-file positions.csv")
        .fails(2, &["positions.csv: line 1 names no group"]);
    folder.write("positions.csv", "app-g,,0,18000\n");
    folder
        .offsets("--demo reset --from-file positions.csv")
        .fails(2, &["positions.csv: line 1 names no topic"]);
    let commit = r#"{"offset":1}"#;
    for (entry, words) in [
        (
            format!(r#"{{"group":"","topic":"t","partition":0,"before":{commit},"after":{commit}}}"#),
            "a group without a name",
        ),
        (
            format!(r#"{{"group":"g","topic":"","partition":0,"before":{commit},"after":{commit}}}"#),
            "a topic without a name",
        ),
        (
            format!(r#"{{"group":"g","topic":"t","partition":-1,"before":{commit},"after":{commit}}}"#),
            "partition -1 is negative",
        ),
        (
            r#"{"group":"g","topic":"t","partition":0,"before":{"offset":-1},"after":{"offset":1}}"#
                .to_owned(),
            "offset -1 is negative",
        ),
    ] {
        let undo = format!(
            "{{\"apiVersion\":\"offsets/v1\",\"kind\":\"Undo\",\"asOf\":\"2026-11-23T08:00:00Z\",\"clusterId\":null,\n\"entries\":[{entry}]}}"
        );
        folder.write("undo.json", undo);
        folder
            .offsets("undo undo.json --target.bootstrap-server 127.0.0.1:1")
            .fails(2, &["undo.json", "line 2", words]);
    }
    for line in [
        "--demo reset --group '' --to latest",
        "--demo reset --group g --topic '' --to latest",
        "--demo reset --group g --topic ':0' --to latest",
        "--demo translate --topic ':0' --offset 5",
        "--demo translate --group g --topic ''",
        "--demo translate --topic 'orders:-1' --offset 5",
    ] {
        offsets(line).expect(2);
    }
}

/// P18, after the review of https://github.com/apache/kafka/pull/2624
#[test]
fn a_topic_may_have_a_partition_with_groups_too() {
    let run = offsets("--demo translate --group app-g --topic orders:1 -o json").expect(0).json();
    let rows = run["partitions"].as_array().cloned().unwrap_or_default();
    assert_eq!(rows.iter().map(|row| &row["partition"]).collect::<Vec<_>>(), [1]);
    let run = offsets("--demo reset --group app-g --topic orders:0,1 -o csv").expect(0);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
}

/// P18: the name that is right on the other side.
#[test]
fn a_topic_by_its_name_on_the_wrong_side_is_answered_with_the_right_one() {
    let mirror = ["on dst the mirror of orders is src.orders"];
    let run = offsets("--demo reset --group app-g --topic orders --to latest").fails(1, &mirror);
    assert!(!run.stderr.contains("--policy"), "{}", run.stderr);
    offsets("--demo reset --group app-g --topic orders:0 --to latest").code_of(&[1, 3]).says(&mirror);
    let folder = folder("app-g,orders,0,18000\n");
    folder.offsets("--demo reset --from-file positions.csv").code_of(&[1, 3]).says(&mirror);
    for line in ["--group app-g --topic src.orders", "--topic src.orders:0 --offset 5"] {
        let original = ["--topic is the name on src", "its original on src is orders"];
        offsets(&format!("--demo translate {line}")).expect(3).says(&original);
    }
}

/// P19: a file of another kind is named as what it is.
#[test]
fn a_file_of_another_kind_is_named_as_what_it_is() {
    let folder = Folder::new();
    folder.offsets("--demo dump --file dump.json").expect(0);
    folder.offsets("--demo reset --group app-g --execute --undo-file undo.json").expect(0);
    folder.offsets("--demo translate --group app-g --no-probe --seed-out seed.json").expect(0);
    let report = folder.offsets("--demo translate --group app-g -o json").expect(0).stdout;
    folder.write("report.json", report).write("plain.json", "{}").write("in.jsonl", "{}\n");
    let (dump, undo, seed) = ("a dump", "an undo file", "a seed");
    let report = "the output of `offsets translate -o json`";
    for (line, own) in [
        ("undo FILE --target.bootstrap-server 127.0.0.1:1", undo),
        ("translate --from-dump FILE --all-groups", dump),
        ("reconcile --from in.jsonl --dry-run --mode reread --seed FILE", seed),
        ("--demo reset --from-file FILE", "CSV"),
    ] {
        let files = [("dump.json", dump), ("undo.json", undo), ("seed.json", seed), ("report.json", report)];
        for (file, kind) in files.into_iter().filter(|(_, kind)| *kind != own) {
            let words = [file, &format!("this is {kind}"), &format!("not {own}")];
            folder.offsets(&line.replace("FILE", file)).fails(2, &words);
        }
    }
    folder.offsets("undo plain.json --target.bootstrap-server 127.0.0.1:1").fails(2, &["without a `kind`"]);
}

/// P17: an undo file that can put nothing back.
#[test]
fn an_undo_file_without_entries_is_no_success() {
    let folder = Folder::new();
    folder.write(
        "undo.json",
        r#"{"apiVersion":"offsets/v1","kind":"Undo","asOf":"2026-11-23T08:00:00Z","clusterId":null,"entries":[]}"#,
    );
    folder.offsets("--demo undo undo.json").fails(2, &["undo.json", "no entry"]);
}

/// What is put back is what was saved: a slip of an editor is noticed before anything is contacted.
#[test]
fn a_changed_undo_file_or_seed_is_refused() {
    let folder = Folder::new();
    let digest = "xxh3-128:00000000000000000000000000000000";
    let head = |kind| {
        format!(
            r#""apiVersion":"offsets/v1","kind":"{kind}","digest":"{digest}","asOf":"2026-11-23T08:00:00Z""#
        )
    };
    folder.write(
        "undo.json",
        format!(
            r#"{{{},"clusterId":null,"entries":[{{"group":"app-g","topic":"src.orders","partition":0,
                "before":{{"offset":18,"metadata":""}},"after":{{"offset":20,"metadata":""}}}}]}}"#,
            head("Undo")
        ),
    );
    folder.write(
        "seed.json",
        format!(
            r#"{{{},"link":{{"source":"src","target":"dst"}},"group":"app","windows":[]}}"#,
            head("Seed")
        ),
    );
    folder.write("in.jsonl", "");
    let words = ["was changed after it was written", digest, "without its `digest` it is read as it stands"];
    for (line, file) in [
        ("undo undo.json --target.bootstrap-server 127.0.0.1:1", "undo.json"),
        ("reconcile --from in.jsonl --dry-run --mode reread --seed seed.json", "seed.json"),
    ] {
        folder.offsets(line).fails(2, &[&[file][..], &words].concat());
    }
}

/// P10 and P19, after https://github.com/apache/kafka/pull/4527: one kind of value is written in one way, whatever the flag.
#[test]
fn durations_and_sizes_are_the_same_for_every_flag() {
    for bad in ["60", "1mo", "P1M", "1y", "soon", "-1h"] {
        for line in [
            "--demo translate --group app-g --timeout=VALUE",
            "--demo translate --group app-g --source-timeout=VALUE",
            "--demo archive run --dir kept --interval=VALUE",
            "--demo archive run --dir kept --once --expire-after=VALUE",
            "--demo reset --group app-g --topic src.orders --to duration:VALUE",
            "reconcile --from a --dry-run --mode dedup --identity key --window=VALUE",
            "reconcile --from a --dry-run --mode dedup --identity key --max-ahead=VALUE",
        ] {
            let run = offsets(&line.replace("VALUE", bad)).expect(2);
            let ours = ["has no unit", "months and years", "is not a duration", "is negative"];
            assert!(ours.iter().any(|words| run.stderr.contains(words)), "{}", run.stderr);
            assert!(!run.stderr.contains("jiff"), "{}", run.stderr);
        }
    }
    for good in ["1d", "P1D", "P7DT2H", "1w", "90m", "1h 30m"] {
        offsets(&format!("--demo translate --group app-g --timeout '{good}'")).expect(0);
    }
    let folder = Folder::new();
    folder.offsets("--demo archive run --dir kept --once --max-bytes 10GB").expect(0);
    folder.offsets("--demo archive run --dir kept --once --max-bytes 10G").expect(2).says(&["10GB", "10GiB"]);
    offsets("--demo translate --group app-g --evidence 'syncs, checkpoints'").expect(0);
}

/// One written grammar for times, and no more than that: a second of 60 is the second before it to most parsers.
#[test]
fn a_time_is_written_in_one_way() {
    let to = |time: &str| format!("--demo reset --group app-g --topic src.orders --to 'datetime:{time}'");
    for bad in [
        "2026-11-23T08:00Z",
        "20261123T080000Z",
        "2026-11-23 08:00:00Z",
        "2026-11-23T08:00:00,5Z",
        "2026-11-23T08:00:60Z",
        "2026-11-23T09:00:00+01",
        "2026-11-23T08:00:00",
        "2026-11-23",
        "2026-02-30T08:00:00Z",
    ] {
        offsets(&to(bad)).fails(2, &[bad, "2026-11-23T08:00:00Z"]);
    }
    for good in ["2026-11-23T08:00:00Z", "2026-11-23T09:00:00.250+01:00", "2026-11-23T09:00:00.000+0100"] {
        // The embedded clusters keep no index of times.
        offsets(&to(good)).fails(2, &["keep no index of times"]);
    }
}

/// `-` is stdin wherever a file is read, and where a file must be there afterwards it is refused before anything is contacted.
#[test]
fn a_dash_is_stdin_and_no_undo_file() {
    let folder = Folder::new();
    let csv = "app-g,src.orders,0,5\n";
    let run = folder.offsets_fed(csv, "--demo reset --from-file - --allow-backwards").expect(0);
    assert!(run.stdout.contains("src.orders"), "{}", run.stdout);
    folder.offsets("--demo dump --file demo.json").expect(0);
    let dump = folder.read("demo.json");
    folder.offsets_fed(&dump, "translate --from-dump - --group app-g").expect(0);
    for kept in ["-", "/dev/null", "/dev/stdout"] {
        let line = format!("--demo reset --group app-g --execute --undo-file {kept}");
        folder.offsets(&line).fails(2, &["--undo-file", "a stream or a device"]);
    }
    folder.offsets("--demo reset --group app-g --execute --undo-file u.json").expect(0);
    let undo = folder.read("u.json");
    folder.offsets_fed(&undo, "--demo undo - --allow-backwards");
    assert_eq!(folder.files(), ["demo.json", "u.json"]);
}

/// A variable that is not set leaves an empty name, which must not allow every group to move back.
#[test]
fn an_empty_group_allows_no_group_to_move_back() {
    let line = ["--demo", "reset", "--group", "app-g", "--allow-backwards="].join(" ");
    offsets(&line).fails(2, &["--allow-backwards"]);
}

/// One number of a partition, typed or in a record, is not taken for as many partitions.
#[test]
fn a_partition_that_cannot_be_there_is_answered_at_once() {
    let run = offsets("--demo translate --topic orders:2147483647 --offset 5").expect(3);
    assert!(run.stdout.contains("unknown"), "{}", run.stdout);
}
