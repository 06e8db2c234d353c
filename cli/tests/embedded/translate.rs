use serde_json::{Value, json};

use crate::lab::Lab;
use crate::run::{Folder, offsets};

#[test]
fn the_readme_command_prints_every_partition_with_class_and_rereads() {
    let run = offsets("--demo translate --group app-g").expect(0).says(&["demo:", "embedded"]);
    let mut lines = run.stdout.lines();
    let heads: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        heads,
        [
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
            "EVIDENCE"
        ]
    );
    let classes: Vec<_> = lines.map(|line| line.split_whitespace().nth(7).unwrap()).collect();
    assert_eq!(classes, ["exact"; 4]);
}

#[test]
fn without_reading_data_topics_brackets_stay_open() {
    let classes = |command: &str| {
        let document = offsets(command).expect(0).json();
        let rows = document["partitions"].as_array().unwrap().clone();
        rows.iter().map(|row| row["class"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let open = ["bounded", "exact", "bounded", "floor"];
    assert_eq!(classes("--demo translate --group app-g -o json --no-probe"), open);
    assert_eq!(classes("--demo translate --group app-g -o json --evidence syncs,checkpoints"), open);
    assert_eq!(classes("--demo translate --group app-g -o json --probe-max-records 0"), open);
    let counted = ["exact", "exact", "exact", "floor"];
    let by_count = "--demo translate --group app-g -o json --evidence syncs,target-scan,source-scan";
    assert_eq!(classes(by_count), counted);
}

#[test]
fn an_explanation_shows_every_bound_and_which_decided() {
    let run = offsets("--demo translate --group app-g --topic orders --explain").expect(0);
    let first: Vec<_> = run.stdout.lines().take_while(|line| !line.is_empty()).collect();
    assert!(first[0].starts_with("app-g orders-0 -> src.orders-0: source offset 18963"), "{first:#?}");
    let shows = |bound: &str, words: &str| {
        let line = first.iter().find(|line| line.starts_with(bound) && line.contains(words));
        line.unwrap_or_else(|| panic!("no {bound} by {words}: {first:#?}")).split_whitespace().nth(2).unwrap()
    };
    assert_eq!(shows("floor", "log-start 0"), "-");
    assert_eq!(shows("floor", "sync 18887:18887"), "-");
    assert_eq!(shows("ceiling", "sync 18988:18988"), "-");
    assert_eq!(shows("floor", "75 records up to source offset 18962 are read"), "yes");
    assert_eq!(shows("ceiling", "18963:18963 is unread"), "yes");
    assert!(first.last().unwrap().starts_with("exact: floor and ceiling meet at 18963"), "{first:#?}");
    offsets("--demo translate --group app-g --explain -o json").expect(2).says(&["--explain is for eyes"]);
}

#[test]
fn a_kind_of_evidence_that_does_not_exist_is_refused_with_those_that_do() {
    offsets("--demo translate --group app-g --evidence syncs,tea-leaves")
        .expect(2)
        .says(&["`tea-leaves` is no kind of evidence", "target-scan"]);
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = include_str!("../../../README.md");
    let run = offsets("--demo translate --group app-g").expect(0);
    // All but the age of the commits, which may be a second or two on a busy machine.
    let ageless = |line: &str| {
        let words = line.split_whitespace().enumerate().filter(|(column, _)| *column != 10);
        words.map(|(_, word)| word.to_owned()).collect::<Vec<_>>()
    };
    let shown: Vec<_> = readme.lines().map(ageless).collect();
    for line in run.stdout.lines().chain(run.stderr.lines()) {
        assert!(shown.contains(&ageless(line)), "the README does not show:\n{line}");
    }
}

#[test]
fn json_has_the_shape_of_the_contract() {
    let run = offsets("--demo translate --all-groups -o json").expect(0);
    let document = run.json();
    assert_eq!(document["apiVersion"], "offsets/v1");
    assert_eq!(document["kind"], "Translation");
    assert_eq!(document["link"], json!({"source": "src", "target": "dst"}));
    let partitions = document["partitions"].as_array().unwrap();
    assert_eq!(document["summary"]["partitions"], partitions.len());
    for row in partitions {
        let (low, high, target) = (&row["low"], &row["high"], &row["targetOffset"]);
        assert_eq!(low, target, "what is committed is the lower end");
        match row["class"].as_str().unwrap() {
            "exact" => assert_eq!((high, &row["rereadMax"]), (low, &json!(0))),
            "bounded" => {
                assert_eq!(row["rereadMax"].as_i64().unwrap(), high.as_i64().unwrap() - low.as_i64().unwrap())
            }
            "floor" => assert_eq!((high, &row["rereadMax"]), (&Value::Null, &Value::Null)),
            class => panic!("the demo has no {class} answer"),
        }
        assert!(row["evidence"][0]["kind"].is_string() && row["asOf"].is_string());
    }
}

#[test]
fn the_demos_answers_are_true_of_its_logs() {
    // Values are `partition/source offset`, so each log says itself where a record is. Partition 2 was partly copied
    // twice; the group stands before the doubled stretch.
    let rows = offsets("--demo translate --group app-g -o json").expect(0).json();
    let row = |partition: usize| rows["partitions"][partition].clone();
    assert_eq!(row(0)["sourceOffset"], 24_000 - 5_037);
    let truth = 24_000 - 5_037;
    assert!(row(0)["low"].as_i64().unwrap() <= truth && truth <= row(0)["high"].as_i64().unwrap());
    let dropped = 18_000 / 700;
    assert_eq!(row(1)["targetOffset"], 18_000 - dropped);
}

#[test]
fn mm2_itself_would_read_more_again() {
    let summary = offsets("--demo translate --group audit --topic orders -o json").expect(0).json();
    let rows = summary["partitions"].as_array().unwrap();
    let ours: u64 = rows.iter().filter_map(|row| row["rereadMax"].as_u64()).sum();
    let theirs: u64 = rows.iter().filter_map(|row| row["mm2"]["rereadMax"].as_u64()).sum();
    assert!(ours <= theirs, "{ours} against {theirs}");
}

#[test]
fn csv_of_one_group_has_three_columns_and_no_header() {
    let run = offsets("--demo translate --group app-g -o csv").expect(0);
    let lines: Vec<Vec<_>> = run.stdout.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|columns| columns.len() == 3 && columns[0] == "src.orders"));
}

#[test]
fn csv_of_several_groups_names_them() {
    let run = offsets("--demo translate --group app-g --group audit -o csv").expect(0);
    assert!(run.stdout.lines().all(|line| line.split(',').count() == 4));
}

#[test]
fn jsonl_has_a_line_for_each_partition() {
    let run = offsets("--demo translate --groups-regex '(app|audit).*' -o jsonl").expect(0);
    let groups: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["group"].clone())
        .collect();
    assert_eq!(groups.len(), 8);
    assert!(groups.iter().all(|group| group == "app-g" || group == "audit"));
}

#[test]
fn an_offset_kept_outside_kafka_is_translated_without_any_group() {
    let lab = Lab::new().mirrored("orders", 300).syncs("orders", &[(0, 0), (101, 101), (202, 202)]);
    let flags = lab.flags();
    let run = offsets(&format!("{flags} translate --topic orders:0 --offset 150 -o json")).expect(0);
    let row = &run.json()["partitions"][0];
    assert_eq!((&row["group"], &row["low"], &row["high"]), (&Value::Null, &json!(102), &json!(202)));
}

#[test]
fn the_link_comes_from_an_mm2_file_as_well() {
    let lab = Lab::new().mirrored("orders", 300).syncs("orders", &[(0, 0), (101, 101), (202, 202)]);
    let folder = Folder::new();
    folder.write("mm2.properties", lab.mm2_properties());
    let line = "translate --mm2-config mm2.properties --link 'src->dst' --topic orders:0 --offset 101 -o csv";
    assert_eq!(folder.offsets(line).expect(0).stdout, "src.orders,0,101\n");
}

#[test]
fn the_default_link_of_offsets_toml_needs_no_flags() {
    let lab = Lab::new().mirrored("orders", 300).syncs("orders", &[(0, 0), (101, 101), (202, 202)]);
    let folder = Folder::new();
    folder.write("mm2.properties", lab.mm2_properties());
    folder.write(
        "offsets.toml",
        format!(
            "default-link = 'eu'\n[links.eu]\nmm2-config = 'mm2.properties'\n\n[links.own]\nsource = {{ alias = 'src', \
             bootstrap-server = '{}' }}\ntarget = {{ alias = 'dst', bootstrap-server = '{}' }}\n",
            lab.source.settings().bootstrap_servers(),
            lab.target.settings().bootstrap_servers()
        ),
    );
    for line in ["translate", "translate --link own"] {
        let line = format!("{line} --topic orders:0 --offset 101 -o csv");
        assert_eq!(folder.offsets(&line).expect(0).stdout, "src.orders,0,101\n");
    }
    folder.offsets("translate --link nowhere --all-groups").fails(2, &["nowhere", "eu, own"]);
}

#[test]
fn a_dead_source_is_said_once_and_answered_from_what_survives() {
    let lab = Lab::new().mirrored("orders", 300);
    let line = format!("{} --source-dead translate --topic orders:0 --offset 150", lab.flags());
    let run = offsets(&line).expect(0).says(&["source src: not tried; going on with what survives"]);
    assert!(
        run.stdout.contains("log-start 0") && run.stdout.contains("lost with the source"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_source_that_does_not_answer_is_left_after_its_time() {
    let lab = Lab::new().mirrored("orders", 300);
    let line = format!(
        "--source.bootstrap-server 127.0.0.1:1 --source.alias src --target.bootstrap-server {} --target.alias dst \
         --source-timeout 1s translate --topic orders:0 --offset 150",
        lab.target.settings().bootstrap_servers()
    );
    offsets(&line).expect(0).says(&["source src:", "127.0.0.1:1", "going on with what survives"]);
}

#[test]
fn offsets_as_strings_are_exact_beyond_the_numbers_of_javascript() {
    let run = offsets("--demo --offsets-as-strings translate --group app-g -o json").expect(0);
    assert_eq!(run.json()["partitions"][0]["sourceOffset"], "18963");
}
