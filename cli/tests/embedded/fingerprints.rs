//! `offsets archive run --fingerprints`: the records of a source that died, recognised on the side that survives.

use serde_json::{Value, json};

use crate::lab::Lab;
use crate::run::{Folder, Run};

/// Records the link into `kept`. The embedded clusters cannot tell a stranger which groups they have, so this fails after
/// everything else was recorded.
fn keep(folder: &Folder, lab: &Lab, more: &str) -> Run {
    folder.offsets(&format!("{} archive run --dir kept --once {more}", lab.flags()))
}

fn fingerprints(folder: &Folder) -> Value {
    let stats = folder.offsets("archive stats --dir kept -o json").expect(0).json();
    stats["links"][0]["fingerprints"].clone()
}

/// The one row of an answer.
fn row(folder: &Folder, lab: &Lab, more: &str) -> Value {
    let line = format!("translate {} --source-dead -o json --archive kept {more}", lab.flags());
    folder.offsets(&line).expect(0).json()["partitions"][0].clone()
}

#[test]
fn a_snapshot_of_a_dead_source_is_translated_by_its_fingerprints_alone() {
    // As with the source alive: the copy begins later, lacks a record, and holds another producer's.
    let source: Vec<u16> = (0..500).collect();
    let target: Vec<u16> = (100..300).chain([9_999]).chain(301..500).collect();
    let lab = Lab::new().numbered(("orders", &source), ("orders", &target));
    let folder = Folder::new();
    keep(&folder, &lab, "--policy snapshot --fingerprints");
    assert_eq!(fingerprints(&folder), json!(500));
    for (g, at) in [(100, 0), (250, 150)] {
        let row = row(&folder, &lab, &format!("--policy snapshot --topic orders:0 --offset {g}"));
        assert_eq!((&row["class"], &row["targetOffset"]), (&json!("exact"), &json!(at)), "{row}");
    }
    // Further on, the group would pass the record that came over no link.
    for (g, high) in [(400, 300), (500, 400)] {
        let row = row(&folder, &lab, &format!("--policy snapshot --topic orders:0 --offset {g}"));
        assert_eq!((&row["class"], &row["targetOffset"]), (&json!("bounded"), &json!(200)), "{row}");
        assert_eq!(row["high"], json!(high), "{row}");
        assert!(row["evidence"].to_string().contains("\"stranded\""), "{row}");
    }
}

#[test]
fn between_two_kept_syncs_records_are_recognised_where_counting_is_not_believed() {
    // The target lacks a record, and another producer's stands there instead: as many records as the source had.
    let source: Vec<u16> = (0..300).collect();
    let target: Vec<u16> = (0..120).chain(121..150).chain([9_999]).chain(150..300).collect();
    let lab = Lab::new().numbered(("orders", &source), ("src.orders", &target));
    let lab = lab.target_syncs("orders", &[(0, 0), (100, 100), (200, 200), (299, 299)]);
    let folder = Folder::new();
    keep(&folder, &lab, "--syncs-location target --fingerprints");
    let row = row(&folder, &lab, "--syncs-location target --topic orders:0 --offset 140");
    assert_eq!((&row["class"], &row["targetOffset"]), (&json!("exact"), &json!(139)), "{row}");
    assert_eq!(row["evidence"][0]["kind"], "sync", "{row}");
    assert!(row["evidence"].to_string().contains("is unread"), "{row}");
}

#[test]
fn a_second_round_goes_on_where_the_first_one_ended() {
    let source: Vec<u16> = (0..200).collect();
    let mut lab = Lab::new().numbered(("orders", &source), ("orders", &source));
    let folder = Folder::new();
    keep(&folder, &lab, "--policy snapshot --fingerprints");
    lab = lab.more("orders", &[200, 201, 202]);
    let run = keep(&folder, &lab, "--policy snapshot --fingerprints");
    assert!(!run.stderr.contains("withdrawn"), "{}", run.stderr);
    assert_eq!(fingerprints(&folder), json!(203));
    let row = row(&folder, &lab, "--policy snapshot --topic orders:0 --offset 201");
    assert_eq!((&row["class"], &row["targetOffset"]), (&json!("exact"), &json!(201)), "{row}");
}

#[test]
fn fingerprints_are_kept_only_when_that_is_asked_for() {
    let source: Vec<u16> = (0..10).collect();
    let lab = Lab::new().numbered(("orders", &source), ("orders", &source));
    let folder = Folder::new();
    keep(&folder, &lab, "--policy snapshot");
    assert_eq!(fingerprints(&folder), json!(0));
    keep(&folder, &lab, "--policy snapshot --fingerprints=0").fails(2, &["--fingerprints"]);
}
