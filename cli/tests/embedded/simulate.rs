use crate::run::{Folder, offsets};

#[test]
fn a_simulation_is_summed_up_as_json() {
    let run = offsets("simulate --histories 300 --seed 7 -o json").expect(0);
    let json = run.json();
    assert_eq!((&json["apiVersion"], &json["kind"]), (&"offsets/v1".into(), &"Simulation".into()));
    assert_eq!((&json["seed"], &json["summary"]["histories"]), (&7.into(), &300.into()));
    assert_eq!((&json["summary"]["violations"], &json["violations"]), (&0.into(), &serde_json::json!([])));
    for sum in ["records", "answers", "exact", "excused", "reread", "mm2Reread", "mm2Skips", "mm2Unanswered"]
    {
        assert!(json["summary"][sum].is_u64(), "{sum} in {json}");
    }
    assert_eq!(run.stderr, "", "what is in the JSON is not said again");
}

#[test]
fn a_seed_gives_the_same_output_every_time() {
    let run = || offsets("simulate --histories 200 --seed 42 -o json").expect(0).stdout;
    assert_eq!(run(), run());
    let other = offsets("simulate --histories 200 --seed 43 -o json").expect(0).stdout;
    assert_ne!(run(), other);
}

#[test]
fn a_table_has_one_row_and_the_rest_is_said_on_stderr() {
    let run = offsets("simulate --histories 50").expect(0).says(&["no answer breaks the law", "Read again"]);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    assert!(lines[0].starts_with("HISTORIES") && lines[1].starts_with("50"), "{}", run.stdout);
}

#[test]
fn a_chart_is_drawn_with_a_line_for_each_rule() {
    let folder = Folder::new();
    let run = folder.offsets("simulate --histories 1 --chart rereads.svg -o json").expect(0);
    let svg = folder.read("rereads.svg");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert_eq!(svg.matches("<polyline").count(), 3, "{svg}");
    assert!(svg.contains("prefers-color-scheme: dark") && svg.contains("MM2, 64 slots"), "{svg}");
    let json = run.json();
    let points = json["curve"].as_array().unwrap();
    assert_eq!((&points[0]["lag"], &points[points.len() - 1]["lag"]), (&0.into(), &1_000_000.into()));
    for point in points {
        let reread = |name: &str| point[name].as_f64().unwrap();
        assert_eq!(reread("reread"), 0.0, "{point}");
        assert!(reread("syncsReread") <= 100.0 && reread("syncsReread") <= reread("mm2Reread"), "{point}");
    }
}

#[test]
fn the_readme_shows_the_chart_that_its_command_draws() {
    let command = "simulate --histories 100 --seed 7 --chart rereads-by-lag.svg";
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&format!("offsets {command}")) && readme.contains("(docs/rereads-by-lag.svg)"));
    let folder = Folder::new();
    folder.offsets(command).expect(0);
    let shown = include_str!("../../../docs/rereads-by-lag.svg");
    assert!(
        folder.read("rereads-by-lag.svg") == shown,
        "draw docs/rereads-by-lag.svg again: offsets {command}"
    );
}

#[test]
fn the_documented_scenario_runs_and_shows_what_is_read_again_by_lag() {
    let folder = Folder::new();
    folder.write("link.toml", include_str!("../../../docs/scenario.toml"));
    let run = folder.offsets("simulate --scenario link.toml --histories 2").expect(0).says(&["Read again"]);
    let lines: Vec<Vec<_>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((lines[1][0], lines[1][5]), ("2", "0"), "two histories, no violation: {}", run.stdout);
    assert_eq!(lines[3], ["LINK", "EVIDENCE", "LAG-0", "LAG-1000", "LAG-100000"]);
    assert_eq!((lines[4][..2].to_vec(), lines[5][..2].to_vec()), (vec!["link", "all"], vec!["link", "mm2"]));
}

#[test]
fn a_scenario_is_told_as_json_and_a_seed_gives_it_again() {
    let folder = Folder::new();
    folder.write("quiet.toml", "lasts = \"30s\"\nlags = [0, 5_000]\n");
    let run =
        |seed| folder.offsets(&format!("simulate --scenario quiet.toml --seed {seed} -o json")).expect(0);
    let json = run(7).json();
    assert_eq!((&json["summary"]["histories"], &json["summary"]["violations"]), (&20.into(), &0.into()));
    let evidence = &json["accuracy"][0]["evidence"];
    assert_eq!((&json["accuracy"][0]["link"], &evidence[0]["evidence"]), (&"quiet".into(), &"all".into()));
    assert_eq!(
        evidence[0]["lags"][1],
        serde_json::json!({"lag": 5000, "commits": 160, "mean": 0.0, "p99": 0})
    );
    assert!(evidence[1]["lags"][1]["mean"].as_f64().unwrap() > 0.0, "MM2 reads again: {evidence}");
    assert_eq!(run(7).stdout, run(7).stdout);
    assert_ne!(run(7).stdout, run(8).stdout);
}

#[test]
fn a_link_that_preserves_offsets_and_lost_its_tail_is_exact_and_mm2_has_no_answer() {
    let folder = Folder::new();
    folder.write("mirror.toml", "[replication]\noffset-preserving = true\nlost-tail = 500\n");
    let json = folder.offsets("simulate --scenario mirror.toml --histories 3 -o json").expect(0).json();
    assert_eq!(json["summary"]["exact"], json["summary"]["answers"]);
    assert_eq!(json["accuracy"][0]["evidence"][1]["lags"][0]["commits"], 0, "{json}");
}

#[test]
fn what_no_link_can_be_is_a_usage_error_that_names_the_key() {
    let folder = Folder::new();
    for (text, words) in [
        ("rtae = 1", ["unknown field", "rtae"]),
        ("[source]\naborted-share = 0.1", ["unknown field", "aborted-share"]),
        ("rate = 'fast'", ["bad.toml:1:8", "f64"]),
        ("rate = 0", ["`rate`", "0"]),
        ("rate = nan", ["`rate`", "NaN"]),
        ("lasts = '3 apples'", ["lasts", "duration"]),
        ("lasts = '-3m'", ["lasts", "negative"]),
        ("lasts = '3mo'", ["lasts", "days or weeks"]),
        ("lasts = '180'", ["lasts", "180m"]),
        ("lasts = '9999h'", ["`lasts`", "records"]),
        ("lags = []", ["`lags`", "1 to 16"]),
        ("lags = [9_000_000]", ["`lags`", "9000000"]),
        ("[source]\naborted = 0.2", ["`source.aborted`", "transaction-records"]),
        ("[source]\nholes = 0.9", ["`source.holes`", "0.9"]),
        ("[source]\nidentical = 0", ["`source.identical`", "1"]),
        ("[source]\nretention = '0s'", ["`source.retention`", "no time"]),
        ("[replication]\ndrop-every = 1", ["`replication.drop-every`", "every record"]),
        ("[replication]\nlost-tail = 3", ["`replication.lost-tail`", "offset-preserving"]),
        ("[replication]\noffset-preserving = true\nexactly-once = true", ["exactly-once", "preserved"]),
        ("[target]\ntimestamps = 'skewed'", ["`target.timestamps`", "source.timestamps"]),
        ("[target]\nforeign-records = 4_000_000_000", ["`target.foreign-records`", "1000000"]),
    ] {
        folder.write("bad.toml", text);
        folder
            .offsets("simulate --scenario bad.toml")
            .fails(2, &words)
            .says(&["bad.toml", "docs/scenario.toml"]);
    }
    folder.offsets("simulate --scenario none.toml").fails(2, &["cannot read", "none.toml"]);
}

/// P19: the key that is named is one that the file sets.
#[test]
fn a_scenario_of_few_records_names_the_rate_it_sets_and_not_the_default_lags() {
    let folder = Folder::new();
    folder.write("slow.toml", include_str!("../cases/p19-rate-only.scenario.toml"));
    folder.offsets("simulate --scenario slow.toml").fails(2, &["`rate`", "60000", "`lags`"]);
    folder.write("short.toml", "lasts = '1m'");
    folder.offsets("simulate --scenario short.toml").fails(2, &["`lasts`", "60000", "`lags`"]);
    folder.write("slow.toml", "rate = 100\nlags = [0, 100]");
    folder.offsets("simulate --scenario slow.toml --histories 1").expect(0);
}

#[test]
fn the_documented_accuracy_is_what_its_command_prints() {
    let command = "simulate --histories 100 --seed 7 --accuracy";
    let shown = include_str!("../../../docs/accuracy.md");
    assert!(shown.contains(&format!("offsets {command}")), "docs/accuracy.md names its command");
    let printed = offsets(command).expect(0).stdout;
    let (_, tables) = printed.split_once("\n\n").unwrap();
    for table in tables.split("\n\n") {
        let lines =
            |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n");
        assert!(lines(shown).contains(table.trim()), "print docs/accuracy.md again: offsets {command}");
        let all: Vec<_> =
            table.lines().find(|line| line.contains(" all ")).unwrap().split_whitespace().collect();
        assert!(all[2..].iter().all(|cell| *cell == "0.0/0"), "nothing is read again: {all:?}");
    }
}

#[test]
fn a_chart_does_not_overwrite_a_file() {
    let folder = Folder::new();
    folder.write("rereads.svg", "precious");
    folder
        .offsets("simulate --histories 1 --chart rereads.svg")
        .fails(1, &["rereads.svg", "does not exist yet"]);
    assert_eq!(folder.read("rereads.svg"), "precious");
}

#[test]
fn what_cannot_be_simulated_is_a_usage_error() {
    for (line, words) in [
        ("simulate --histories 0", ["--histories", "0"]),
        ("simulate --histories many", ["--histories", "many"]),
        ("simulate --seed -1", ["-1", "simulate"]),
        ("simulate --chart", ["--chart", "FILE"]),
    ] {
        let run = offsets(line).expect(2).says(&words);
        assert_eq!(run.stdout, "");
    }
    offsets("simulate --histories 1 -o csv").fails(2, &["table or as JSON", "-o json"]);
}
