use crate::run::{Folder, offsets};

#[test]
fn nothing_is_written_without_execute() {
    let folder = Folder::new();
    let run =
        folder.offsets("--demo reset --group app-g").expect(0).says(&["Nothing was changed", "--execute"]);
    assert!(run.stdout.lines().skip(1).all(|line| line.ends_with("dry-run")));
    assert_eq!(folder.files(), Vec::<String>::new());
}

#[test]
fn executing_saves_an_undo_file_and_reads_back() {
    let folder = Folder::new();
    let run = folder.offsets("--demo reset --group app-g --execute -o json --undo-file undo.json").expect(0);
    let document = run.json();
    assert_eq!(document["kind"], "Reset");
    assert_eq!(document["undoFile"], "undo.json");
    let results: Vec<_> =
        document["partitions"].as_array().unwrap().iter().map(|row| &row["result"]).collect();
    assert_eq!(results, ["done"; 4]);
    let undo: serde_json::Value = serde_json::from_str(&folder.read("undo.json")).unwrap();
    assert_eq!(undo["entries"].as_array().unwrap().len(), 4);
}

#[test]
fn an_undo_file_is_never_overwritten() {
    let folder = Folder::new();
    folder.write("undo.json", "precious");
    folder
        .offsets("--demo reset --group app-g --execute --undo-file undo.json")
        .fails(1, &["undo.json", "does not exist yet"]);
    assert_eq!(folder.read("undo.json"), "precious");
}

#[test]
fn destinations_on_the_target_need_no_translation() {
    for (to, expected) in [("earliest", "0"), ("latest", "24000"), ("offset:77", "77")] {
        let run =
            offsets(&format!("--demo reset --group app-g --topic src.orders:0 --to {to} -o csv")).expect(0);
        assert_eq!(run.stdout, format!("src.orders,0,{expected}\n"));
    }
}

#[test]
fn an_offset_outside_the_log_is_refused_unless_told() {
    let line = "--demo reset --group app-g --topic src.orders:0 --to offset:24001";
    let run = offsets(line).expect(3).says(&["not applied"]);
    assert!(run.stdout.contains("holds 0..24000 (--allow-out-of-range)"), "{}", run.stdout);
    offsets(&format!("{line} --allow-out-of-range")).expect(0);
}

#[test]
fn one_refused_partition_keeps_the_others_from_being_applied() {
    let folder = Folder::new();
    folder.write("positions.csv", "src.orders,0,100\nsrc.orders,1,99999999\n");
    let run = folder.offsets("--demo reset --group app-g --from-file positions.csv --execute").expect(3);
    assert!(run.stdout.contains("not-tried") && run.stdout.contains("refused"), "{}", run.stdout);
    assert_eq!(folder.files(), ["positions.csv"]);
}

#[test]
fn a_translation_as_csv_is_taken_back_as_a_file() {
    let folder = Folder::new();
    let csv = folder.offsets("--demo translate --all-groups -o csv").expect(0).stdout;
    folder.write("positions.csv", &csv);
    let run = folder.offsets("--demo reset --from-file positions.csv -o csv").expect(0);
    assert_eq!(run.stdout, csv);
}

#[test]
fn groups_of_a_file_that_were_not_asked_for_are_left_out_and_said() {
    let folder = Folder::new();
    folder.write("positions.csv", "app-g,src.orders,0,5\naudit,src.orders,0,5\n");
    let run = folder.offsets("--demo reset --group app-g --from-file positions.csv -o csv").expect(0);
    assert_eq!(run.stdout, "src.orders,0,5\n");
    run.says(&["left out: group audit"]);
}

#[test]
fn a_shift_without_a_commit_is_refused() {
    offsets("--demo reset --group app-g --topic src.orders:0 --to shift:-5")
        .fails(3, &["app-g", "src.orders-0"]);
}

#[test]
fn an_unknown_group_has_no_partitions_to_reset() {
    offsets("--demo reset --group absent --to earliest").fails(3, &["absent", "--topic"]);
}

#[test]
fn a_dump_cannot_be_reset() {
    let folder = Folder::new();
    folder.offsets("--demo dump --file link.json").expect(0);
    folder.offsets("reset --from-dump link.json --group app-g").fails(2, &["a dump cannot be reset"]);
}

/// P10 (https://github.com/apache/kafka/pull/4527): the embedded clusters do not look up times, and an answer that ignores the time
/// would be wrong.
#[test]
fn the_demos_clusters_do_not_pretend_to_look_up_times() {
    for to in ["datetime:1970-01-01T00:00:01Z", "duration:PT1H"] {
        offsets(&format!("--demo reset --group app-g --topic src.orders --to {to}"))
            .fails(2, &["the demo's clusters keep no index of times", "remedy: "]);
    }
}

/// P2 (https://github.com/apache/kafka/pull/2624): a flag that is accepted and does nothing.
#[test]
fn a_group_that_may_go_back_must_be_one_that_is_moved() {
    let line = "--demo reset --group app-g --topic src.orders:0 --to offset:77";
    offsets(&format!("{line} --allow-backwards=app-h")).fails(2, &["--allow-backwards=app-h: no such group"]);
    offsets(&format!("{line} --allow-backwards=app-g --allow-backwards=app-g")).expect(0);
    offsets(&format!("{line} --allow-backwards")).expect(0);
}

/// O2: a refusal is told on stderr as well, with group, partition and flag.
#[test]
fn a_refusal_names_group_partition_and_flag_on_stderr() {
    offsets("--demo reset --group app-g --topic src.orders:0 --to offset:24001")
        .expect(3)
        .says(&["refused: group \"app-g\" on src.orders-0 of dst", "--allow-out-of-range"]);
}
