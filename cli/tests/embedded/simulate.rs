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
