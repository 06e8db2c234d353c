//! What a version may look like, held to a model that counts digits on paper, and to the tables of the documentation.
//! https://github.com/paupino/rust-decimal/pull/152 and https://github.com/akubera/bigdecimal-rs/issues/100

use std::cmp::Ordering;

use offsets_reconcile::{Header, Order, Record, RecordErrorCause, Regions, Version};
use proptest::prelude::*;
use regex::Regex;
use std::sync::LazyLock;

/// The lines of a table of the documentation, behind its heading; each cell without its backticks.
fn table(heading: &str) -> Vec<[String; 2]> {
    let page = include_str!("../../../../docs/identity-and-order.md");
    let after = page.split_once(heading).unwrap_or_else(|| panic!("no table {heading}")).1;
    let rows = after.lines().skip_while(|line| !line.starts_with("| ---")).skip(1);
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    let row = |line: &str| {
        line.trim_matches('|').split_once(" | ").map(|(one, other)| [cell(one), cell(other)]).unwrap()
    };
    rows.take_while(|line| line.starts_with('|')).map(row).collect()
}

/// What a version comes to in a text field, in a header and, where the text is a number in JSON too, as that.
fn everywhere(text: &str) -> Vec<Result<Version, RecordErrorCause>> {
    let order = |rule: &str| {
        let regions = Regions::new(["a".to_owned()]).unwrap();
        Order { version: rule.parse().unwrap(), tombstones: None, regions }
    };
    let in_value = |value: &str| {
        let record = Record { region: "a", value: Some(value.as_bytes()), ..Record::default() };
        order("json:/v").rank(&record).map(|rank| rank.version)
    };
    let headers = [Header { name: "v", value: Some(text.as_bytes()) }];
    let record = Record { region: "a", headers: &headers, ..Record::default() };
    let in_header = order("header:v").rank(&record).map(|rank| rank.version);
    let as_text = in_value(&serde_json::json!({ "v": text }).to_string());
    let is_json =
        !text.starts_with(' ') && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
    let as_number = is_json.then(|| in_value(&format!("{{\"v\":{text}}}")));
    [in_header, as_text].into_iter().chain(as_number).collect()
}

#[test]
fn the_documentation_shows_what_is_a_version_and_what_is_none() {
    let taken = table("What is taken");
    assert!(taken.len() >= 10);
    for [text, version] in taken {
        let found: Vec<_> = everywhere(&text).into_iter().map(|found| found.unwrap().to_string()).collect();
        assert!(found.iter().all(|found| *found == version), "{text}: {found:?}");
    }
    let refused = table("What is refused");
    assert!(refused.len() >= 15);
    for [text, _] in refused {
        assert!(
            everywhere(&text).iter().all(|found| matches!(found, Err(RecordErrorCause::WrongType { .. }))),
            "{text}"
        );
    }
}

/// P3: `2_1` once was 21 and `1_10` was 110, so the older of two writes won.
#[test]
fn an_underscore_makes_no_number() {
    for text in ["2_1", "1_10", "5_", "1__0", "1_0e2", "5.", ".5", "1,000", "1 000", "1.2.3"] {
        assert_eq!(Version::read(text), None, "{text}");
    }
}

/// R2: what the representation could hold once decided what was taken.
#[test]
fn twenty_eight_digits_are_counted_as_they_are_written_out() {
    let (nines, zeros) = ("9".repeat(28), "0".repeat(34));
    for text in [
        nines.clone(),
        format!("-{nines}"),
        format!("0.{nines}"),
        format!("{}.{}", &nines[..14], &nines[14..]),
        format!("1.{zeros}"),
        format!("{zeros}1"),
        "1e27".to_owned(),
        "1e-28".to_owned(),
        "0e-99999999999999999999999".to_owned(),
    ] {
        assert!(Version::read(&text).is_some(), "{text}");
    }
    for text in [
        format!("{nines}9"),
        // It is below 2^96.
        "10000000000000000000000000000".to_owned(),
        format!("0.{nines}9"),
        format!("1.{nines}"),
        "1e28".to_owned(),
        "1e-29".to_owned(),
    ] {
        assert_eq!(Version::read(&text), None, "{text}");
    }
}

/// A number as digits and the place of the point, without zeros that say nothing.
fn on_paper(text: &str) -> (bool, String, i64) {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let number = number.strip_prefix('-').map_or((false, number), |number| (true, number));
    let (whole, fraction) = number.1.split_once('.').unwrap_or((number.1, ""));
    let all = format!("{whole}{fraction}");
    let front = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0').to_owned();
    if digits.is_empty() {
        return (false, digits, 0);
    }
    let exponent: i64 = exponent.parse().unwrap_or(if exponent.starts_with('-') { -9_999 } else { 9_999 });
    (number.0, digits, whole.len() as i64 + exponent - front as i64)
}

fn is_number(text: &str) -> bool {
    static GRAMMAR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\A-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\z").unwrap());
    GRAMMAR.is_match(text) && {
        let (_, digits, point) = on_paper(text);
        point.max(0) + (digits.len() as i64 - point).max(0) <= 28
    }
}

fn is_time(text: &str) -> bool {
    static GRAMMAR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\A([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([Zz]|[+-]([0-9]{2}):([0-9]{2}))\z").unwrap()
    });
    let Some(found) = GRAMMAR.captures(text) else { return false };
    let number = |place: usize| found.get(place).map_or(0, |digits| digits.as_str().parse::<i64>().unwrap());
    let (year, month, day) = (number(1), number(2), number(3));
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let fraction =
        found.get(7).map_or(0, |fraction| fraction.as_str().trim_end_matches('0').len().saturating_sub(1));
    (1..=12).contains(&month)
        && (1..=days).contains(&day)
        && number(4) < 24
        && number(5) < 60
        && number(6) < 60
        && fraction <= 9
        && number(9) < 24
        && number(10) < 60
        // The instants at both ends of the calendar are tested one by one.
        && (1..9999).contains(&year)
}

#[test]
fn the_calendar_ends_where_it_is_said_to() {
    for (text, is_taken) in [
        ("0000-01-01T00:00:00Z", true),
        ("0000-01-01T00:00:00+00:01", false),
        ("9999-12-30T22:00:00.999999999Z", true),
        ("9999-12-30T22:00:01Z", false),
        ("9999-12-31T23:59:59Z", false),
        ("9999-12-31T21:59:00+23:59", true),
    ] {
        assert_eq!(Version::read(text).is_some(), is_taken, "{text}");
    }
}

/// Texts near a version: one that is, with something put in, taken out or in the place of something else.
fn near() -> impl Strategy<Value = String> {
    let number = r"-?[0-9]{1,31}(\.[0-9]{1,31})?([eE][+-]?[0-9]{1,20})?|[+-]?[0-9]{0,3}[._]?[0-9]{0,3}(e[+-]?[0-9]{0,2})?";
    let time = r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,12})?([Zz]|[+-][0-2][0-9]:[0-6][0-9]|[+-][0-2][0-9]{1,3})";
    let change = prop::option::of((
        any::<prop::sample::Index>(),
        "[-+0-9._,:TtZzeE \u{660}\u{a0}_\\[\\]]?",
        any::<bool>(),
    ));
    (prop_oneof![number, time], change).prop_map(|(text, change)| {
        let Some((place, put, replaces)) = change else { return text };
        let mut characters: Vec<char> = text.chars().collect();
        let place = place.index(characters.len() + 1);
        let end = (place + usize::from(replaces)).min(characters.len());
        characters.splice(place..end, put.chars());
        characters.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(crate::cases::up_to(5_000))]

    /// Nothing that a parser of a library takes besides, now or in a later version, is a version.
    #[test]
    fn a_text_is_a_version_by_the_grammar_and_by_nothing_else(text in near()) {
        let year_is_inside = !text.starts_with("0000") && !text.starts_with("9999");
        if year_is_inside {
            prop_assert_eq!(Version::read(&text).is_some(), is_number(&text) || is_time(&text), "{}", text);
        }
    }

    #[test]
    fn numbers_are_ordered_as_on_paper(
        one in r"-?[0-9]{1,9}(\.[0-9]{1,9})?(e-?[0-9])?",
        other in r"-?[0-9]{1,9}(\.[0-9]{1,9})?(e-?[0-9])?",
    ) {
        let [first, second] = [&one, &other].map(|text| Version::read(text).unwrap());
        prop_assert_eq!(first.cmp(&second), compared(&on_paper(&one), &on_paper(&other)), "{} {}", one, other);
    }
}

fn compared(one: &(bool, String, i64), other: &(bool, String, i64)) -> Ordering {
    let sign = |number: &(bool, String, i64)| {
        if number.1.is_empty() {
            0
        } else if number.0 {
            -1
        } else {
            1
        }
    };
    let size = |number: &(bool, String, i64)| (number.2, number.1.clone());
    let among = match (sign(one), sign(other)) {
        (-1, -1) => size(other).cmp(&size(one)),
        (1, 1) => size(one).cmp(&size(other)),
        _ => Ordering::Equal,
    };
    sign(one).cmp(&sign(other)).then(among)
}
