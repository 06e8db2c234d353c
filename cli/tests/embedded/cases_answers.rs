//! What an answer says and does not know, at the command's own doors: each case that users met, by the report it came from.

use crate::lab::Lab;
use crate::run::Folder;

/// Case P4, <https://github.com/osodevops/kafka-backup/issues/148>: an exported archive said that there was no mirror, of mirrors
/// that it had not looked for.
#[test]
fn an_exported_archive_denies_no_mirror_and_says_at_once_what_it_cannot_answer() {
    let folder = Folder::new();
    folder.offsets("--demo archive run --dir kept --once").expect(0);
    folder.offsets("archive export --dir kept --file ex.json").expect(0).says(&[
        "no log ranges of dst",
        "floors at most",
        "--archive kept",
    ]);
    let run = folder.offsets("translate --from-dump ex.json --all-groups -o json").expect(0);
    let document = run.json();
    assert_eq!(document["summary"]["floor"], 12, "the syncs and checkpoints are there");
    let text = run.stdout;
    assert!(text.contains("the target's log was not asked") && !text.contains("there is no"), "{text}");
    let exact = folder.offsets("--demo translate --all-groups -o json").expect(0).json();
    for (floor, exact) in rows(&document).iter().zip(rows(&exact)) {
        assert!(floor["low"].as_i64() <= exact["low"].as_i64(), "{floor}");
        assert!(floor["high"].is_null() && floor["rereadMax"].is_null(), "{floor}");
    }
    folder.offsets("translate --from-dump ex.json --group app-g --explain").expect(0);
}

/// A group whose commits could not be read is not reported as having none.
#[test]
fn with_a_dead_source_and_no_record_the_commits_of_a_group_are_not_known() {
    let folder = Folder::new();
    let run = folder.offsets("--demo translate --group absent --source-dead");
    let said = run.expect(3).says(&["its commits on src are not known", "not tried", "--archive DIR"]).stderr;
    assert!(!said.contains("check the name"), "{said}");
    folder
        .offsets("--demo translate --group absent")
        .expect(3)
        .says(&["no commit is known on src", "check the name"]);
}

/// Operator's cases O4 and O7: ages are counted to the source's last sign of life, and the two causes of re-reading are apart.
#[test]
fn with_a_dead_source_what_is_read_again_has_two_figures_and_a_commit_two_times() {
    let folder = Folder::new();
    folder.offsets("--demo archive run --dir kept --once").expect(0);
    let line = "--demo translate --all-groups --source-dead --archive kept";
    let document = folder.offsets(&format!("{line} -o json")).expect(0).json();
    let seen = document["sourceSeenAt"].as_str().unwrap().to_owned();
    for row in rows(&document) {
        assert!(row["asOf"].as_str().unwrap() <= seen.as_str(), "{row}");
        assert!(row["committedAt"].as_str().unwrap() <= row["asOf"].as_str().unwrap(), "{row}");
        assert_eq!(row["class"] == "exact", row["rereadMap"] == 0, "the map is proved: {row}");
    }
    let run = folder.offsets(line).expect(0);
    assert!(
        run.stdout.contains("REREAD-MAP  REREAD-AGE") && run.stdout.contains("COMMITTED"),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains(&format!("the source was last seen at {seen}")), "{}", run.stderr);
    assert!(!run.stderr.contains("still copied"), "{}", run.stderr);
    let live = folder.offsets("--demo translate --all-groups -o json").expect(0).json();
    assert!(rows(&live).iter().all(|row| row["rereadAge"] == 0 && row["rereadMap"] == row["rereadMax"]));
}

/// Operator's case O6: with the source dead and without an archive some partitions have no commit, and nothing was said.
#[test]
fn a_partition_without_a_commit_is_named_and_a_reset_asks_what_to_do() {
    let lab = Lab::with_a_commit_on_one_of_two_partitions();
    let folder = Folder::new();
    let link = format!("{} --syncs-location target --source-dead", lab.flags());
    let translate = format!("{link} translate --group app-g");
    let named = ["group app-g: no commit on orders-1 is known", "src.orders-1", "--uncommitted earliest"];
    folder.offsets(&translate).expect(3).says(&named);
    folder.offsets(&format!("{translate} --uncommitted leave")).expect(0).says(&named[..2]);
    let document = folder.offsets(&format!("{translate} -o json")).expect(3).json();
    assert_eq!(document["uncommittedPartitions"][0]["partition"], 1);

    let reset = format!("{link} reset --group app-g");
    let execute = format!("{reset} --execute");
    folder.offsets(&execute).expect(3).says(&["orders-1", "auto.offset.reset", "Nothing was changed"]);
    assert!(folder.files().is_empty(), "no undo file, for nothing was done");
    folder
        .offsets(&format!("{reset} --to earliest --topic src.orders --uncommitted leave"))
        .fails(2, &["--uncommitted"]);
}

/// The same by an inventory of the operator's own: without it a group that lost all its commits, or a topic, would not be missed.
#[test]
fn what_is_expected_to_have_a_commit_and_has_none_is_named() {
    let lab = Lab::with_a_group_behind();
    let folder = Folder::new();
    folder.write("expect.csv", "app-g,orders,0,7\napp-g,payments,3,0\nother,orders,0,1\n");
    let link = format!("{} --syncs-location target --source-dead", lab.flags());
    let translate = format!("{link} translate --all-groups");
    folder.offsets(&translate).expect(0);
    let run = folder.offsets(&format!("{translate} --expect expect.csv")).expect(3);
    for (group, partition) in [("app-g", "payments-3"), ("other", "orders-0")] {
        let named = format!("group {group}: no commit on {partition} is known, though --expect names it");
        assert!(run.stderr.contains(&named), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("app-g: no commit on orders-0"), "{}", run.stderr);
    let document = folder.offsets(&format!("{translate} --expect expect.csv -o json")).expect(3).json();
    let listed = document["uncommittedPartitions"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(
        (&listed[0]["targetTopic"], &listed[0]["targetLogStart"]),
        (&"src.payments".into(), &().into())
    );
    folder.offsets(&format!("{translate} --expect expect.csv --uncommitted leave")).expect(0);
    // Of what is only expected no log was looked at, so nothing can be placed there.
    let reset = format!("{link} reset --all-groups --expect expect.csv --execute");
    for uncommitted in ["", " --uncommitted earliest"] {
        folder
            .offsets(&format!("{reset}{uncommitted}"))
            .expect(3)
            .says(&["payments-3", "Nothing was changed"]);
    }
    assert_eq!(folder.files(), ["expect.csv"]);
    // What is not selected is not expected.
    folder.offsets(&format!("{link} translate --group app-g --topic orders --expect expect.csv")).expect(0);
    folder.write("three.csv", "orders,0,7\n");
    folder.offsets(&format!("{translate} --expect three.csv")).fails(2, &["three.csv", "no group"]);
}

fn rows(document: &serde_json::Value) -> Vec<serde_json::Value> {
    document["partitions"].as_array().unwrap().clone()
}
