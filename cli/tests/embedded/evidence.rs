//! Links of other kinds than a plain MM2's, and what the records of data topics say.

use serde_json::{Value, json};

use crate::lab::Lab;
use crate::run::{Folder, offsets};

/// The one row of an answer.
fn row(lab: &Lab, more: &str) -> Value {
    let run = offsets(&format!("translate {} -o json {more}", lab.flags())).expect(0);
    run.json()["partitions"][0].clone()
}

fn kinds(row: &Value) -> Vec<&str> {
    row["evidence"].as_array().unwrap().iter().map(|finding| finding["kind"].as_str().unwrap()).collect()
}

#[test]
fn a_snapshot_is_translated_by_content_alone() {
    // The copy begins later and lacks a record.
    let source: Vec<u16> = (0..500).collect();
    let target: Vec<u16> = (100..300).chain(301..500).collect();
    let lab = Lab::new().numbered(("orders", &source), ("orders", &target));
    for (g, at) in [(100, 0), (250, 150), (400, 299), (500, 399)] {
        let row = row(&lab, &format!("--policy snapshot --topic orders:0 --offset {g}"));
        assert_eq!((&row["class"], &row["targetOffset"]), (&json!("exact"), &json!(at)), "{row}");
        assert!(kinds(&row).iter().all(|kind| ["content", "log-start", "log-end"].contains(kind)), "{row}");
    }
}

/// A copy of a topic's name is the topic for its readers: no position passes a record that none of them has read.
#[test]
fn a_snapshot_with_a_record_of_another_writer_is_exact_up_to_that_record() {
    let source: Vec<u16> = (0..500).collect();
    let target: Vec<u16> = (100..300).chain([9_999]).chain(301..500).collect();
    let lab = Lab::new().numbered(("orders", &source), ("orders", &target));
    for (g, class, at, high) in
        [(250, "exact", 150, 150), (400, "bounded", 200, 300), (500, "bounded", 200, 400)]
    {
        let row = row(&lab, &format!("--policy snapshot --topic orders:0 --offset {g}"));
        assert_eq!((&row["class"], &row["targetOffset"]), (&json!(class), &json!(at)), "{row}");
        assert_eq!(row["high"], json!(high), "{row}");
        assert_eq!(kinds(&row).contains(&"stranded"), class == "bounded", "{row}");
    }
}

#[test]
fn a_link_that_keeps_offsets_answers_with_the_commit_and_says_what_was_lost() {
    let source: Vec<u16> = (0..500).collect();
    let lab = Lab::new().numbered(("orders", &source), ("orders", &source[..450]));
    let inside = row(&lab, "--policy offset-preserving --topic orders:0 --offset 300");
    assert_eq!((&inside["class"], &inside["targetOffset"]), (&json!("exact"), &json!(300)));
    assert_eq!(kinds(&inside), ["offset-preserving", "content"], "{inside}");
    let beyond = row(&lab, "--policy offset-preserving --topic orders:0 --offset 480");
    assert_eq!((&beyond["class"], &beyond["targetOffset"]), (&json!("exact"), &json!(450)));
    assert_eq!(kinds(&beyond), ["offset-preserving", "content", "lost"], "{beyond}");
}

#[test]
fn a_link_said_to_keep_offsets_that_does_not_is_unsafe() {
    let source: Vec<u16> = (0..500).collect();
    let lab = Lab::new().numbered(("orders", &source), ("orders", &source[100..]));
    let line = format!("translate {} --policy offset-preserving --topic orders:0 --offset 300", lab.flags());
    let run = offsets(&line).expect(3);
    assert!(run.stdout.contains("unsafe") && run.stdout.contains("re-created"), "{}", run.stdout);
}

#[test]
fn identical_records_by_the_thousand_leave_the_bracket_open() {
    let lab = Lab::new().mirrored("orders", 3_000).syncs("orders", &[(0, 0), (2_999, 2_999)]);
    let row = row(&lab, "--topic orders:0 --offset 1500");
    assert_eq!((&row["class"], &row["low"], &row["high"]), (&json!("bounded"), &json!(1), &json!(2_999)));
}

#[test]
fn a_mirror_whose_records_do_not_match_the_syncs_is_unsafe() {
    let (source, target): (Vec<u16>, Vec<u16>) = ((0..200).collect(), (1_000..1_200).collect());
    let lab = Lab::new().numbered(("orders", &source), ("src.orders", &target));
    let lab = lab.syncs("orders", &[(0, 0), (150, 150)]);
    let run = offsets(&format!("translate {} --topic orders:0 --offset 100", lab.flags())).expect(3);
    assert!(
        run.stdout.contains("the record at source offset 0 is not the one at target offset 0"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_named_link_says_that_it_keeps_offsets() {
    let source: Vec<u16> = (0..50).collect();
    let lab = Lab::new().numbered(("orders", &source), ("orders", &source));
    let folder = Folder::new();
    folder.write(
        "offsets.toml",
        format!(
            "default-link = 'dr'\n[links.dr]\npolicy = 'offset-preserving'\n\
             source = {{ alias = 'a', bootstrap-server = '{}' }}\ntarget = {{ alias = 'b', bootstrap-server = '{}' }}\n",
            lab.source.settings().bootstrap_servers(),
            lab.target.settings().bootstrap_servers()
        ),
    );
    let run = folder.offsets("translate --topic orders:0 --offset 20 -o json").expect(0);
    assert_eq!(run.json()["partitions"][0]["targetOffset"], 20);
}

#[test]
fn a_dump_holds_the_records_that_proved_its_answers() {
    let folder = Folder::new();
    folder.offsets("--demo dump --file link.json").expect(0);
    let from_dump = folder.offsets("translate --from-dump link.json --group app-g -o json").expect(0).json();
    let classes: Vec<_> =
        from_dump["partitions"].as_array().unwrap().iter().map(|row| row["class"].clone()).collect();
    assert_eq!(classes, vec![json!("exact"); 4]);
    assert!(!folder.read("link.json").contains("order-"), "keys and values stay where they are");
}
