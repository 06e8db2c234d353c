use offsets_reconcile::Line;
use proptest::prelude::*;

fn read(json: &str) -> Result<Line, String> {
    Line::read(json.as_bytes(), &otherwise()).map_err(|error| error.to_string())
}

fn otherwise() -> Line {
    let (region, topic) = ("a".to_owned(), "orders".to_owned());
    Line { region, topic, partition: 0, offset: 3, ..Line::default() }
}

fn written(line: &Line) -> String {
    serde_json::to_string(line).unwrap()
}

#[test]
fn what_a_line_does_not_say_is_filled_in() {
    let line = read(r#"{"value": "x"}"#).unwrap();
    assert_eq!(line, Line { value: Some(b"x".to_vec()), ..otherwise() });
    let full = r#"{"region":"b","topic":"t","partition":1,"offset":2,"timestamp":3,"key":"k","value":null,"headers":{"h":"v","n":null}}"#;
    assert_eq!(written(&read(full).unwrap()), full);
}

#[test]
fn a_line_is_placed_when_it_says_partition_and_offset_itself() {
    for (json, is_placed) in [
        (r#"{"value":"x","partition":0,"offset":3}"#, true),
        (r#"{"value":"x","partition":0}"#, false),
        (r#"{"value":"x","offset":3}"#, false),
        (r#"{"value":"x","partition":null,"offset":3}"#, false),
    ] {
        let (line, placed) = Line::read_placed(json.as_bytes(), &otherwise()).unwrap();
        assert_eq!((line.partition, line.offset, placed), (0, 3, is_placed), "{json}");
    }
}

#[test]
fn bytes_are_taken_as_they_stand() {
    let line = read(r#"{"keyBase64": "/w==", "value": {"b": 1.0, "a":[] }}"#).unwrap();
    assert_eq!(line.key.as_deref(), Some(&b"\xff"[..]));
    assert_eq!(
        line.value.as_deref(),
        Some(&br#"{"b": 1.0, "a":[] }"#[..]),
        "spaces and order are the producer's"
    );
    let said = read(r#"{"value": 17, "key": "1\u0037"}"#).unwrap();
    assert_eq!((said.key, said.value), (Some(b"17".to_vec()), Some(b"17".to_vec())));
}

#[test]
fn a_header_that_comes_several_times_is_there_as_often() {
    let several = r#"{"region":"b","topic":"t","partition":1,"offset":2,"key":null,"value":"x","headers":{"h":["2","1"],"n":null}}"#;
    let line = read(several).unwrap();
    let value = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(line.headers, [("h".into(), value("2")), ("h".into(), value("1")), ("n".into(), None)]);
    assert_eq!(written(&line), several);
    let twice = r#"{"value":"x","headers":{"h":"2","h":["1"]}}"#;
    assert_eq!(read(twice).unwrap().headers, line.headers[..2], "JSON that says a name twice says both");
}

#[test]
fn a_line_that_is_no_record_says_why() {
    for (json, words) in [
        ("", "not a JSON object"),
        (r#"["a"]"#, "not a JSON object"),
        ("{", "EOF"),
        (r#"{"key":"k"}"#, "it has no value"),
        (r#"{"value":"x","valueBase64":""}"#, "both value and valueBase64"),
        (r#"{"value":"x","keyBase64":"?"}"#, "key is not Base64"),
        (r#"{"value":"x","headers":{"h":{"base64":"?"}}}"#, "a header is not Base64"),
        (r#"{"value":"x","headers":{"h":5}}"#, "a header is text, null,"),
        (r#"{"value":"x","headers":["h"]}"#, "expected headers by their names"),
        (r#"{"value":"x","ofset":1}"#, "unknown field `ofset`"),
        (r#"{"value":"x","offset":"1"}"#, "invalid type"),
    ] {
        let said = read(json).unwrap_err();
        assert!(said.contains(words), "{json}: {said}");
    }
}

/// P9: https://github.com/edenhill/kcat/issues/222 and https://github.com/birdayz/kaf/pull/402
#[test]
fn a_line_of_another_tool_is_named() {
    for (line, tool) in [
        (
            r#"{"topic":"orders","partition":0,"offset":7,"tstype":"create","ts":1764000001000,"broker":1,"headers":["id","x1"],"key":"17","payload":"{\"v\":1}"}"#,
            "kcat -J",
        ),
        (r#"{"topic":"orders","partition":0,"offset":7,"broker":1,"key":null,"payload":null}"#, "kcat -J"),
        (
            r#"{"headers":[{"Key":"aWQ=","Value":"eDE="}],"key":17,"offset":7,"partition":0,"payload":{"v":1},"timestamp":"2025-11-24T16:00:01Z"}"#,
            "kaf consume --output json",
        ),
        (
            r#"{"topic":"orders","key":"17","value":"{}","headers":[{"key":"id","value":"x1"}],"timestamp":1764000001000,"partition":0,"offset":7}"#,
            "rpk topic consume",
        ),
        (
            r#"{"topic":"orders","value_size":2,"timestamp":1764000001000,"partition":0,"offset":7}"#,
            "rpk topic consume",
        ),
        ("CreateTime:1764000001000\tPartition:0\tOffset:7\t17\t{}", "kafka-console-consumer"),
    ] {
        assert_eq!(read(line).unwrap_err(), format!("it is a line of {tool}"), "{line}");
    }
    // rpk's lines without headers are lines of ours.
    assert!(
        read(
            r#"{"topic":"orders","key":"17","value":"{}","timestamp":1764000001000,"partition":0,"offset":7}"#
        )
        .is_ok()
    );
}

/// P12: it once was `EOF while parsing a string at line 1 column 15` of a file's line 2.
#[test]
fn what_a_parser_says_has_one_place() {
    let error = Line::read(br#"{"value":"cut"#, &otherwise()).unwrap_err();
    assert_eq!((error.column(), error.to_string().as_str()), (Some(13), "EOF while parsing a string"));
}

fn contents() -> impl Strategy<Value = Option<Vec<u8>>> {
    let json = r#"[\[{]{0,2}[a0," \n\\]{0,4}[\]}]{0,2}"#.prop_map(String::into_bytes);
    prop::option::of(prop_oneof![
        json,
        prop::collection::vec(any::<u8>(), 0..6),
        Just(b"null".to_vec()),
        Just(br#"{"a": 1}"#.to_vec())
    ])
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_was_written(
        key in contents(),
        value in contents(),
        mut headers in prop::collection::vec(("[ab]{0,2}", contents()), 0..5),
        offset in 0_i64..,
        timestamp_ms in prop::option::of(0_i64..),
    ) {
        headers.sort_by(|(one, _), (other, _)| one.cmp(other));
        let line = Line { key, value, headers, offset, timestamp_ms, ..otherwise() };
        let written = written(&line);
        prop_assert!(!written.contains('\n'), "{}", written);
        prop_assert_eq!(Line::read(written.as_bytes(), &Line::default()).unwrap(), line);
    }
}
