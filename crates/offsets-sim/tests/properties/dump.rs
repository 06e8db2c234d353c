//! A dump file gives the answers it was written for, or an error: never a panic, never other answers.

use jiff::Timestamp;
use offsets_core::DocumentError;
use offsets_core::evidence::{DumpError, Evidence, read_dump, write_dump};
use offsets_core::model::{GroupSelection, SourceOffset, TopicPartition};
use offsets_core::translate::{OffsetForm, Selection, Translator};
use offsets_sim::{Event, Known, Setting, TOPIC, World};
use serde_json::json;

use crate::cases;
use crate::strategies;

/// All that can be asked of some evidence, as text.
fn answers(evidence: &Evidence, offsets: std::ops::RangeInclusive<i64>) -> String {
    let offset = |g| (TopicPartition::new(TOPIC, 0), SourceOffset::new(g).unwrap());
    let groups = Selection::Groups { groups: GroupSelection::All, topics: Vec::new() };
    let selections = [groups, Selection::Offsets(offsets.map(offset).collect())];
    let answer = |selection| {
        let translator = Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH);
        let translation = translator.run(&mut evidence.clone()).unwrap().finish();
        serde_json::to_string(&translation.report(OffsetForm::String)).unwrap()
    };
    selections.map(answer).concat()
}

fn a_dump() -> String {
    let mut world = World::new(Setting { lag_max: 3, origin: (5, 2), ..Setting::default() });
    let events = [
        Event::Produce { records: 9, holes: 1 },
        Event::Copy { records: 6 },
        Event::Checkpoint { group: 0, behind: 4 },
    ];
    events.iter().for_each(|event| world.happen(event));
    write_dump(&world.evidence(&world, Known::ALL))
}

#[test]
fn a_dump_is_json_with_a_head_and_a_digest() {
    let dump: serde_json::Value = serde_json::from_str(&a_dump()).unwrap();
    assert_eq!((dump["apiVersion"].as_str(), dump["kind"].as_str()), (Some("offsets/v1"), Some("Evidence")));
    assert_eq!(dump["digest"].as_str().map(str::len), Some(32));
    assert_eq!(dump["evidence"]["targetLogs"][0]["start"], 2);
}

/// Two words on one thing, and ranges that no log has: one of them would win in silence, or make an answer of nothing.
#[test]
fn what_cannot_be_is_refused_by_its_name() {
    let dump: serde_json::Value = serde_json::from_str(&a_dump()).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut evidence = dump["evidence"].clone();
        change(&mut evidence);
        serde_json::from_str::<Evidence>(&evidence.to_string()).unwrap_err().to_string()
    };
    let commit = |offset: i64| json!({"group": "g", "topic": "t", "partition": 0, "offset": offset});
    for logs in ["sourceLogs", "targetLogs"] {
        let error = refused(&|evidence| evidence[logs][0]["start"] = json!(i64::MAX));
        assert!(error.contains("cannot be: from 9223372036854775807 to"), "{error}");
        let error = refused(&|evidence| {
            let again = evidence[logs][0].clone();
            evidence[logs].as_array_mut().unwrap().push(again);
        });
        assert!(error.contains("the log of") && error.contains("stands there twice"), "{error}");
    }
    let error = refused(&|evidence| {
        let again = evidence["commits"][0].clone();
        evidence["commits"].as_array_mut().unwrap().push(again);
    });
    assert!(error.contains("the commit of") && error.contains("stands there twice"), "{error}");
    let error = refused(&|evidence| evidence["targetCommits"] = json!([commit(1), commit(2)]));
    assert!(error.contains("the commit of g on t-0 of the target stands there twice"), "{error}");
    let through = json!({"topic": "t", "partition": 0, "through": 5});
    let error = refused(&|evidence| evidence["copiedThrough"] = json!({"whole": [through, through]}));
    assert!(error.contains("how far t-0 was copied stands there twice"), "{error}");
    let scan = json!({"topic": "t", "partition": 0, "start": 6, "end": 5, "records": []});
    let error = refused(&|evidence| evidence["targetRecords"] = json!([scan]));
    assert!(error.contains("a log from 6 to 5 cannot be"), "{error}");

    let evidence = dump["evidence"].to_string();
    let ids = r#"{"t":["AAAAAAAAAAAAAAAAAAAAAQ"],"t":["AAAAAAAAAAAAAAAAAAAAAg"]}"#;
    let twice = evidence.replacen('{', &format!(r#"{{"targetTopics":{ids},"#), 1);
    let error = serde_json::from_str::<Evidence>(&twice).unwrap_err().to_string();
    assert!(error.contains("topic t stands there twice"), "{error}");
}

/// An answer looks for a group's own commit on the target by bisection: one that was not found would not be warned of.
#[test]
fn commits_on_the_target_are_found_in_any_order() {
    let dump: serde_json::Value = serde_json::from_str(&a_dump()).unwrap();
    let mut evidence = dump["evidence"].clone();
    let commit = |group: &str| json!({"group": group, "topic": "t", "partition": 0, "offset": 7});
    evidence["targetCommits"] = json!([commit("c"), commit("b"), commit("a")]);
    let evidence: Evidence = serde_json::from_str(&evidence.to_string()).unwrap();
    for group in ["a", "b", "c"] {
        let found = evidence.committed_on_target(&group.into(), &TopicPartition::new("t", 0));
        assert_eq!(found.map(|offset| offset.get()), Some(7), "{group}");
    }
}

#[test]
fn what_is_no_dump_is_named_with_its_line_and_column() {
    let text = a_dump();
    for (broken, place) in [
        ("", (1, 1)),
        ("topic,partition,offset\n", (1, 2)),
        ("{\n  \"apiVersion\": \"offsets/v1\",\n  ]", (3, 3)),
        (text.trim_end().strip_suffix('}').unwrap(), (3, 1)),
    ] {
        let error = read_dump(broken).unwrap_err();
        let DumpError::Document(DocumentError::Malformed { line, column, .. }) = error else {
            panic!("{error:?}")
        };
        assert_eq!((line, column), place, "{broken:?}");
    }
}

#[test]
fn evidence_that_misses_a_part_is_named_by_its_line_in_the_file() {
    let evidence = "{\"link\":{\"source\":\"a\",\"target\":\"b\"},\n\"asOf\":5}";
    let digest = format!("{:032x}", twox_hash::XxHash3_128::oneshot(evidence.as_bytes()));
    let text = format!(
        "{{\"apiVersion\":\"offsets/v1\",\n\"kind\":\"Evidence\",\n\"digest\":\"{digest}\",\"evidence\":\n{evidence}}}"
    );
    let DumpError::Document(DocumentError::Malformed { line, .. }) = read_dump(&text).unwrap_err() else {
        panic!("not malformed")
    };
    assert_eq!(line, 5, "the second line of the evidence is the fifth of the file");
}

#[test]
fn another_kind_of_document_is_named() {
    let other = r#"{"apiVersion":"offsets/v2","kind":"Translation","digest":"","evidence":{}}"#;
    let error = read_dump(other).unwrap_err().to_string();
    assert_eq!(error, "this is `Translation` of `offsets/v2`, not a dump (`Evidence` of `offsets/v1`)");
}

#[test]
fn a_changed_offset_is_noticed() {
    let edited = a_dump().replacen("[5,2]", "[5,1]", 1);
    assert_ne!(edited, a_dump());
    assert!(matches!(read_dump(&edited), Err(DumpError::Document(DocumentError::Edited { .. }))));
}

mod properties {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;

    /// An edit of one character: put there, taken away, or replaced.
    #[derive(Debug, Clone)]
    enum Edit {
        Insert(char),
        Remove,
        Replace(char),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        let character = prop_oneof![
            prop::sample::select("0123456789-.eE\"\\{}[],: \n\tabtruefalsn".chars().collect::<Vec<_>>()),
            any::<char>(),
        ];
        prop_oneof![
            character.clone().prop_map(Edit::Insert),
            Just(Edit::Remove),
            character.prop_map(Edit::Replace)
        ]
    }

    proptest! {
        #![proptest_config(cases::up_to(150))]

        #[test]
        fn a_dump_gives_the_same_answers_as_what_it_was_written_from(history in strategies::stories(), known in 0..16_usize) {
            let known = Known::subsets().nth(known).unwrap();
            let (read, now) = history.tell();
            let evidence = now.evidence(&read, known);
            let offsets = read.source.start..=read.source.end;
            let text = write_dump(&evidence);
            let again = read_dump(&text).unwrap();
            prop_assert_eq!(answers(&again, offsets.clone()), answers(&evidence, offsets));
            prop_assert_eq!(write_dump(&again), text);
        }

        #[test]
        fn a_dump_that_is_cut_short_is_refused(history in strategies::stories(), cuts in prop::collection::vec(any::<Index>(), 20)) {
            let (read, now) = history.tell();
            let text = write_dump(&now.evidence(&read, Known::ALL));
            let complete = text.trim_end().len();
            for cut in cuts {
                let cut = &text[..cut.index(complete)];
                let error = read_dump(cut).unwrap_err();
                prop_assert!(matches!(error, DumpError::Document(DocumentError::Malformed { line: 1.., .. })), "{cut:?}: {error}");
            }
        }

        #[test]
        fn an_edited_dump_is_refused_or_says_the_same(
            history in strategies::stories(),
            edits in prop::collection::vec((any::<Index>(), edit()), 20),
        ) {
            let (read, now) = history.tell();
            let text = write_dump(&now.evidence(&read, Known::ALL));
            let offsets = read.source.start..=read.source.end;
            let expected = answers(&read_dump(&text).unwrap(), offsets.clone());
            for (place, edit) in edits {
                let mut characters: Vec<char> = text.chars().collect();
                let place = place.index(characters.len());
                match edit {
                    Edit::Insert(character) => characters.insert(place, character),
                    Edit::Remove => drop(characters.remove(place)),
                    Edit::Replace(character) => characters[place] = character,
                }
                let edited: String = characters.into_iter().collect();
                if let Ok(again) = read_dump(&edited) {
                    prop_assert_eq!(answers(&again, offsets.clone()), expected.clone(), "{}", edited);
                }
            }
        }
    }
}
