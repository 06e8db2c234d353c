//! The CSV of kafka-consumer-groups, both ways.

use offsets_core::model::{GroupId, TargetOffset, TopicPartition};
use offsets_core::plan::{CsvError, CsvRow, read_csv, write_csv};

use crate::cases;

fn row(group: Option<&str>, topic: &str, partition: i32, offset: i64) -> CsvRow {
    CsvRow {
        group: group.map(GroupId::from),
        partition: TopicPartition::new(topic, partition),
        offset: TargetOffset::new(offset).unwrap(),
    }
}

#[test]
fn three_columns_name_no_group_and_four_do() {
    let three = [row(None, "orders", 0, 7), row(None, "orders", 1, i64::MAX)];
    assert_eq!(write_csv(&three), "orders,0,7\norders,1,9223372036854775807\n");
    assert_eq!(read_csv("orders,0,7\norders,1,9223372036854775807\n"), Ok(three.to_vec()));
    let four = [row(Some("app"), "orders", 0, 7)];
    assert_eq!(write_csv(&four), "app,orders,0,7\n");
    assert_eq!(read_csv("app,orders,0,7"), Ok(four.to_vec()));
}

#[test]
fn kafkas_two_ways_of_quoting_are_read() {
    // Jackson quotes strings of more than 24 characters always, and shorter ones by content.
    let long = "a-group-of-more-than-24-characters";
    let text = format!(
        "\"{long}\",\"src.orders-of-the-whole-company\",3,12\napp,orders,0,7\n\"a \"\"b\"\", c\",t,1,1\n"
    );
    let expected = [
        row(Some(long), "src.orders-of-the-whole-company", 3, 12),
        row(Some("app"), "orders", 0, 7),
        row(Some("a \"b\", c"), "t", 1, 1),
    ];
    assert_eq!(read_csv(&text), Ok(expected.to_vec()));
}

#[test]
fn blank_lines_and_carriage_returns_are_passed_over() {
    let expected = vec![row(None, "orders", 0, 7), row(None, "orders", 1, 8)];
    assert_eq!(read_csv("orders,0,7\r\n\r\norders, 1 ,8\r\n\n"), Ok(expected));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, said) in [
        ("", "there is no line in it"),
        ("\n\n", "there is no line in it"),
        ("orders,0\n", "line 1 has 2 columns, not 3 or 4"),
        ("a,orders,0,7,x\n", "line 1 has 5 columns, not 3 or 4"),
        ("orders,0,7\n\napp,orders,0,7\n", "line 3 has 4 columns, not 3"),
        ("orders,0,7\norders,0\n", "line 2 has 2 columns, not 3"),
        ("anchor.cg;0;5\n", "line 1 has 1 columns, not 3 or 4"),
        ("topic,partition,offset\n", "line 1: `partition` is not a partition number"),
        ("orders,-1,7\n", "line 1: `-1` is not a partition number"),
        ("orders,2147483648,7\n", "line 1: `2147483648` is not a partition number"),
        ("orders,0,\n", "line 1 has no offset"),
        ("app, orders ,0, \n", "line 1 has no offset"),
        (",orders,0,7\n", "line 1 names no group"),
        ("app,orders,0,7\n  ,orders,1,7\n", "line 2 names no group"),
        ("app,,0,7\n", "line 1 names no topic"),
        ("app,\"\",0,7\n", "line 1 names no topic"),
        ("app,or ders,0,7\n", "line 1: `or ders` is not a topic's name"),
        (
            "app, \"orders\",0,7\n",
            "line 1: `\"orders\"` has a quote inside: a quoted field begins with its quote, directly behind the comma",
        ),
        ("app,orders,0,\u{1b}[2J\n", r"line 1: `\u{1b}[2J` is not an offset from 0 to 2^63 - 1"),
        (
            "orders,0,1\norders,1,\"5",
            "line 2: a quoted field is not closed before the file ends; the file may have been cut off",
        ),
        (
            "app,\"orders,0,5\n",
            "line 1: a quoted field is not closed before the file ends; the file may have been cut off",
        ),
        (
            "\"ap\"\"p,orders,0,5\n",
            "line 1: a quoted field is not closed before the file ends; the file may have been cut off",
        ),
        ("orders,0,-1\n", "line 1: `-1` is not an offset from 0 to 2^63 - 1"),
        (
            "orders,0,9223372036854775808\n",
            "line 1: `9223372036854775808` is not an offset from 0 to 2^63 - 1",
        ),
        ("orders,0,7\norders,1,7\norders,0,8\n", "line 3 names orders-0 of the same group a second time"),
        (
            "app,orders,0,7\nApp,orders,0,7\napp,orders,0,7\n",
            "line 3 names orders-0 of the same group a second time",
        ),
    ] {
        assert_eq!(read_csv(text).unwrap_err().to_string(), said, "{text:?}");
    }
}

/// P6, after https://github.com/linkedin/Burrow/pull/399: all fields are trimmed, or the line is refused.
#[test]
fn blanks_around_fields_are_taken_off_all_of_them_and_kept_inside_quotes() {
    let app = vec![row(Some("app-g"), "src.orders", 0, 18_000)];
    for text in [
        "app-g , src.orders , 0 , 18000\n",
        "\tapp-g,src.orders,0,18000 \r\n",
        "app-g,\"src.orders\", +0,18000",
    ] {
        assert_eq!(read_csv(text).as_ref(), Ok(&app), "{text:?}");
    }
    let quoted = vec![row(Some(" app, g "), "t", 0, 7), row(Some("\u{feff}app"), "t", 0, 7)];
    assert_eq!(write_csv(&quoted), "\" app, g \",\"t\",0,7\n\"\u{feff}app\",\"t\",0,7\n");
    assert_eq!(read_csv(&write_csv(&quoted)), Ok(quoted));
}

#[test]
fn a_line_kafka_wrote_for_people_is_no_row() {
    let text = "Error: Assignments can only be reset if the group 'g' is inactive, but the current state is Stable.\n";
    assert!(matches!(read_csv(text), Err(CsvError::Columns { line: 1, found: 2, .. })));
}

#[test]
fn a_byte_order_mark_before_the_first_name_is_not_part_of_it() {
    assert_eq!(read_csv("\u{feff}orders,0,7\n"), Ok(vec![row(None, "orders", 0, 7)]));
}

mod properties {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Group ids may hold anything; without line ends, which Kafka's own reader cannot take, and byte order marks.
    fn group() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z,\"' ;#.]{1,30}",
            vec(any::<char>(), 1..30)
                .prop_map(|name| name.into_iter().filter(|c| !"\r\n\u{feff}".contains(*c)).collect()),
            "[a-z,\"]{249}",
        ]
        .prop_filter("an empty name is refused", |name: &String| !name.is_empty())
    }

    fn topic() -> impl Strategy<Value = String> {
        prop_oneof!["[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,29}", "[a-zA-Z0-9_-][a-zA-Z0-9._-]{248}"]
    }

    fn rows() -> impl Strategy<Value = Vec<CsvRow>> {
        let offset = prop_oneof![0..100_i64, 0..=i64::MAX, i64::MAX - 2..=i64::MAX];
        let row = (group(), topic(), prop_oneof![0..20, 0..=i32::MAX], offset);
        (any::<bool>(), vec(row, 1..20)).prop_map(|(grouped, rows)| {
            let mut rows: Vec<CsvRow> = rows
                .into_iter()
                .map(|(group, topic, partition, offset)| {
                    super::row(grouped.then_some(group.as_str()), &topic, partition, offset)
                })
                .collect();
            rows.sort_by(|a, b| (&a.group, &a.partition).cmp(&(&b.group, &b.partition)));
            rows.dedup_by(|a, b| (&a.group, &a.partition) == (&b.group, &b.partition));
            rows
        })
    }

    /// As Kafka's writer would quote: everything, whatever it holds.
    fn quoted(rows: &[CsvRow]) -> String {
        let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let line = |row: &CsvRow| {
            let group = row.group.iter().map(|group| quote(group.as_str()) + ",").collect::<String>();
            let topic = quote(row.partition.topic.as_str());
            format!("{group}{topic},{},{}\n", row.partition.partition, row.offset)
        };
        rows.iter().map(line).collect()
    }

    proptest! {
        #![proptest_config(cases::up_to(300))]

        #[test]
        fn rows_survive_a_file_bare_or_quoted(rows in rows()) {
            prop_assert_eq!(read_csv(&write_csv(&rows)), Ok(rows.clone()));
            prop_assert_eq!(read_csv(&quoted(&rows)), Ok(rows));
        }

        #[test]
        fn any_text_gives_rows_or_an_error(text in "[a-z0-9,\"\r\n -]{0,60}") {
            if let Ok(rows) = read_csv(&text) {
                prop_assert_eq!(read_csv(&write_csv(&rows)), Ok(rows));
            }
        }
    }
}
