use offsets_reconcile::{EnteredWrite, LedgerEntry, LedgerWrite, Line, Reason};
use serde_json::json;

fn line() -> Line {
    Line::read(
        br#"{"region":"a","topic":"t","partition":0,"offset":7,"key":"1","value":{"v": 1}}"#,
        &Line::default(),
    )
    .unwrap()
}

/// Between topics: the documentation has these fields, and programs read them.
#[test]
fn a_ledger_of_topics_says_what_lost_and_may_hold_what_was_written() {
    let line = line();
    let place = |offset, version: &str, record| EnteredWrite {
        from: "t",
        line: None,
        partition: Some(0),
        offset: Some(offset),
        version: Some(version.to_owned()),
        record,
    };
    let identity = "0".repeat(32);
    let record =
        json!({"region": "a", "topic": "t", "partition": 0, "offset": 7, "key": "1", "value": {"v": 1}});
    let write = LedgerWrite { identity: identity.clone(), write: place(7, "1", Some(&line)) };
    assert_eq!(
        serde_json::to_value(&write).unwrap(),
        json!({"identity": identity, "write": {"from": "t", "partition": 0, "offset": 7, "version": "1", "record": record}})
    );
    // When it is beaten it is named by the place that it was written with.
    let loss = LedgerEntry {
        reason: Reason::Version,
        identity: identity.clone(),
        loser: place(7, "1", None),
        winner: Some(place(8, "2", None)),
    };
    assert_eq!(
        serde_json::to_value(&loss).unwrap(),
        json!({"reason": "version", "identity": identity, "loser": {"from": "t", "partition": 0, "offset": 7, "version": "1"},
            "winner": {"from": "t", "partition": 0, "offset": 8, "version": "2"}})
    );
    let reread = LedgerEntry { reason: Reason::Reread, winner: None, ..loss };
    assert_eq!(serde_json::to_value(&reread).unwrap()["winner"], json!(null));
}
