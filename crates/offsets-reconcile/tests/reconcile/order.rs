use std::cmp::Ordering;

use offsets_core::evidence::Fingerprint;
use offsets_reconcile::{
    Header, Hlc, Order, Rank, Reason, Record, RecordErrorCause, Region, Regions, Version,
};
use proptest::prelude::*;

fn order(rule: &str) -> Order {
    let regions = Regions::new(["a", "b"].map(str::to_owned)).unwrap();
    Order { version: rule.parse().unwrap(), tombstones: None, regions }
}

fn record<'a>(region: &'a str, value: &'a str) -> Record<'a> {
    Record { region, value: Some(value.as_bytes()), key: Some(b"k"), ..Record::default() }
}

/// How the first write compares with the second, and by what.
fn compared(rule: &str, one: &Record<'_>, other: &Record<'_>) -> (Ordering, Reason) {
    let order = order(rule);
    let [one, other] = [one, other].map(|record| order.rank(record).unwrap());
    assert_eq!(one.cmp(&other), other.cmp(&one).reverse());
    (one.cmp(&other), one.decided_by(&other))
}

#[test]
fn the_higher_version_wins_whatever_the_region() {
    for (lower, higher) in [
        ("9", "10"),
        ("1.5", "1.50000001"),
        ("-1e3", "-999.9"),
        ("18446744073709551615", "18446744073709551616"),
        (r#""9""#, r#""10""#),
        (r#""2026-11-23T10:00:00+02:00""#, r#""2026-11-23T08:00:00.000000001Z""#),
    ] {
        let [lower, higher] = [lower, higher].map(|version| format!(r#"{{"v":{version}}}"#));
        let compared = compared("json:/v", &record("a", &lower), &record("b", &higher));
        assert_eq!(compared, (Ordering::Less, Reason::Version), "{lower} {higher}");
    }
}

#[test]
fn of_one_version_the_first_region_wins_and_then_the_content_decides() {
    let (x, y) = (r#"{"v":1,"x":1}"#, r#"{"v":1.0,"y":1}"#);
    assert_eq!(compared("json:/v", &record("a", x), &record("b", y)), (Ordering::Greater, Reason::Region));
    let (among, reason) = compared("json:/v", &record("a", x), &record("a", y));
    assert_ne!(among, Ordering::Equal);
    assert_eq!(reason, Reason::Content);
    assert_eq!(compared("json:/v", &record("a", x), &record("a", x)), (Ordering::Equal, Reason::Repeat));
}

#[test]
fn a_tombstone_competes_by_its_header() {
    let order = Order { tombstones: Some("version".to_owned()), ..order("json:/v") };
    let headers = [Header { name: "version", value: Some(b"5") }];
    let tombstone = Record { value: None, headers: &headers, ..record("a", "") };
    let rank = order.rank(&tombstone).unwrap();
    assert!(order.rank(&record("a", r#"{"v":4}"#)).unwrap() < rank);
    assert!(order.rank(&record("a", r#"{"v":6}"#)).unwrap() > rank);
    let without = Order { tombstones: None, ..order };
    assert!(matches!(without.rank(&tombstone), Err(RecordErrorCause::Tombstone(_))));
}

#[test]
fn stamps_and_timestamps_order_too() {
    let stamp = Hlc::new(7, 1).unwrap().to_string();
    let headers = [Header { name: "hlc", value: Some(stamp.as_bytes()) }];
    let record = Record { headers: &headers, timestamp_ms: Some(5), ..record("b", "x") };
    assert_eq!(order("hlc:hlc").rank(&record).unwrap().version, Version::Stamp(Hlc::new(7, 1).unwrap()));
    assert_eq!(order("timestamp").rank(&record).unwrap().version.to_string(), "1970-01-01T00:00:00.005Z");
}

#[test]
fn what_is_no_version_is_named() {
    let said = |rule: &str, record: &Record<'_>| order(rule).rank(record).unwrap_err().to_string();
    assert_eq!(
        said("json:/v", &record("a", r#"{"v":"tomorrow"}"#)),
        r#"/v is "tomorrow", and not a number of up to 28 digits or a time in RFC 3339"#
    );
    assert_eq!(
        said("json:/v", &record("c", r#"{"v":1}"#)),
        "its region c is not among the regions of the order"
    );
    assert_eq!(said("timestamp", &record("a", "x")), "it has no timestamp");
    let headers = [Header { name: "hlc", value: Some(b"12") }];
    assert_eq!(
        said("hlc:hlc", &Record { headers: &headers, ..record("a", "x") }),
        "header hlc is 2 bytes, and not a stamp of eight bytes or sixteen hexadecimal digits"
    );
    for (value, found) in [
        (r#"{"v":1e30}"#, "1e30"),
        // A boolean is no text: it was once reported as `/v is "a boolean"`.
        (r#"{"v":true}"#, "a boolean (true)"),
        (r#"{"v":false}"#, "a boolean (false)"),
        (r#"{"v":null}"#, "null"),
        (r#"{"v":{}}"#, "an object"),
        (r#"{"v":[1]}"#, "an array"),
        (r#"{"v":"a boolean"}"#, r#""a boolean""#),
        (r#"{"v":"\ud800"}"#, "text with half of a surrogate pair"),
    ] {
        assert_eq!(
            said("json:/v", &record("a", value)),
            format!("/v is {found}, and not a number of up to 28 digits or a time in RFC 3339")
        );
    }
}

#[test]
fn regions_are_named_once() {
    let regions = |names: &[&str]| Regions::new(names.iter().map(|name| (*name).to_owned()));
    assert!(regions(&[]).is_err());
    assert!(regions(&["a", ""]).is_err());
    assert_eq!(regions(&["a", "b", "a"]).unwrap_err().to_string(), "region a is named twice");
}

fn ranks() -> impl Strategy<Value = Rank> {
    let version = prop_oneof![
        (-3_i64..3, 0_u32..2).prop_map(|(n, s)| Version::read(&format!("{n}e-{s}")).unwrap()),
        (0_i64..3).prop_map(|n| Version::Stamp(Hlc::new(n, 0).unwrap())),
        (0_i64..3).prop_map(|n| Version::read(&format!("1970-01-01T00:00:0{n}Z")).unwrap()),
    ];
    let content = (0_u8..3).prop_map(|n| Fingerprint::of(None, Some(&[n])));
    (version, 0_u8..3, content).prop_map(|(version, region, content)| Rank {
        version,
        region: Region(region),
        content,
    })
}

proptest! {
    #[test]
    fn a_version_is_read_as_it_is_written(text in "-?[0-9]{1,4}(\\.[0-9]{1,4})?(e-?[0-9]{1,2})?|20[0-9]{2}-0[1-9]-1[0-9]T0[0-9]:00:00(\\.[0-9]{1,9})?Z") {
        if let Some(version) = Version::read(&text) {
            prop_assert_eq!(Version::read(&version.to_string()), Some(version), "{}", text);
        }
    }

    /// Keeping the greater is associative and idempotent by this, and commutative.
    #[test]
    fn ranks_are_in_a_total_order(a in ranks(), b in ranks(), c in ranks()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        prop_assert_eq!(a.max(b).max(c), a.max(b.max(c)));
    }
}
