//! Files that are written and read back: a change is noticed, another layout is none, and those of earlier versions are read.

use offsets_core::DocumentError;
use offsets_core::plan::{Undo, UndoError};
use offsets_core::translate::{Seed, SeedError};

/// As version 0.1 wrote it before documents had a digest.
const UNDO: &str = r#"{
  "apiVersion": "offsets/v1",
  "kind": "Undo",
  "asOf": "2026-11-30T08:00:00Z",
  "clusterId": "Wm9va2VlcGVyIGlzIGdvbmU",
  "entries": [
    {
      "group": "app-g",
      "topic": "src.orders",
      "partition": 0,
      "before": {
        "offset": 17,
        "metadata": ""
      },
      "after": {
        "offset": 898301,
        "metadata": "moved"
      }
    },
    {
      "group": "app-g",
      "topic": "src.orders",
      "partition": 1,
      "before": null,
      "after": {
        "offset": 4,
        "metadata": ""
      }
    }
  ]
}
"#;

/// The same of a seed.
const SEED: &str = r#"{"apiVersion":"offsets/v1","kind":"Seed","asOf":"2026-11-30T08:00:00Z","link":{"source":"src","target":"dst"},"group":"app","windows":[{"topic":"src.orders","partition":0,"from":17,"until":20,"read":["000102030405060708090a0b0c0d0e0f"]}]}
"#;

fn is_edited(error: &DocumentError) -> bool {
    matches!(error, DocumentError::Edited { .. })
}

#[test]
fn files_without_a_digest_are_read_and_written_with_one() {
    let undo = Undo::read(UNDO).unwrap();
    assert_eq!(undo.entries.len(), 2);
    assert_eq!(undo.entries[0].before.as_ref().unwrap().offset.get(), 17);
    let written = undo.write();
    assert!(
        written.starts_with("{\n  \"apiVersion\": \"offsets/v1\",\n  \"kind\": \"Undo\",\n  \"digest\": \""),
        "{written}"
    );
    assert_eq!(Undo::read(&written).unwrap(), undo);

    let seed = Seed::read(SEED).unwrap();
    assert_eq!(seed.records(), 1);
    let written = seed.write();
    assert!(written.starts_with(r#"{"apiVersion":"offsets/v1","kind":"Seed","digest":""#), "{written}");
    assert_eq!(Seed::read(&written).unwrap(), seed);
}

/// The offset of a file that is put back was changed by a slip of an editor.
#[test]
fn a_changed_file_is_refused_with_both_digests() {
    let undo = Undo::read(UNDO).unwrap().write();
    let changed = undo.replacen("\"offset\": 17", "\"offset\": 18", 1);
    assert_ne!(undo, changed);
    let error = Undo::read(&changed).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("the undo file was changed after it was written: its digest is "), "{said}");
    assert!(matches!(error, UndoError::Document(error) if is_edited(&error)));

    let seed = Seed::read(SEED).unwrap().write();
    let error = Seed::read(&seed.replacen("\"until\":20", "\"until\":21", 1)).unwrap_err();
    assert!(matches!(error, SeedError::Document(error) if is_edited(&error)));
    let added = seed.replacen("\"group\":", "\"colour\":1,\"group\":", 1);
    assert!(Seed::read(&added).is_err(), "a member that is not known is a change too");
}

/// A digest that is no text was once taken for none, and so was the first of two.
#[test]
fn a_digest_that_is_none_is_refused() {
    let undo = Undo::read(UNDO).unwrap().write().replacen("\"offset\": 17", "\"offset\": 18", 1);
    let (before, after) = undo.split_once("\"digest\": \"").unwrap();
    let (digest, after) = after.split_once('"').unwrap();
    for instead in ["null", "5", "[1]", &format!("\"{digest}\", \"digest\": null"), "null, \"digest\": null"]
    {
        let error = Undo::read(&format!("{before}\"digest\": {instead}{after}")).unwrap_err();
        assert!(matches!(error, UndoError::Document(DocumentError::Malformed { .. })), "{instead}: {error}");
    }
}

#[test]
fn another_layout_is_no_change() {
    let undo = Undo::read(UNDO).unwrap();
    let value: serde_json::Value = serde_json::from_str(&undo.write()).unwrap();
    assert_eq!(Undo::read(&value.to_string()).unwrap(), undo, "compact, and sorted by name");
    let seed = Seed::read(SEED).unwrap();
    let value: serde_json::Value = serde_json::from_str(&seed.write()).unwrap();
    assert_eq!(Seed::read(&serde_json::to_string_pretty(&value).unwrap()).unwrap(), seed);
}
