use offsets_reconcile::{
    Extractor, Header, Hlc, IdentityRule, Order, Record, RecordErrorKind, Regions, VersionRule,
};

use crate::at;

fn extractor(version: Option<VersionRule>) -> Extractor {
    let regions = Regions::new(["a".to_owned()]).unwrap();
    let order = version.map(|version| Order { version, tombstones: None, regions });
    Extractor { identity: IdentityRule::Key, order, max_ahead_ms: 60_000 }
}

const RECORD: Record<'static> = Record {
    region: "a",
    topic: "orders",
    partition: 0,
    offset: 5,
    timestamp_ms: Some(100_000),
    key: Some(b"k"),
    value: None,
    headers: &[],
};

#[test]
fn what_a_record_cannot_be_judged_by_is_named() {
    let kind = |version, record: &Record<'_>| {
        extractor(version)
            .extract(record, at(0, record.offset), 50_000)
            .map(|_| ())
            .map_err(|flawed| flawed.kind)
    };
    assert_eq!(kind(None, &RECORD), Ok(()));
    assert_eq!(kind(None, &Record { key: None, ..RECORD }), Err(RecordErrorKind::Identity));
    assert_eq!(kind(None, &Record { timestamp_ms: Some(110_001), ..RECORD }), Err(RecordErrorKind::Clock));
    assert_eq!(kind(None, &Record { timestamp_ms: None, ..RECORD }), Ok(()));
    let timestamp = || Some(VersionRule::Timestamp);
    assert_eq!(kind(timestamp(), &RECORD), Ok(()));
    assert_eq!(kind(timestamp(), &Record { timestamp_ms: None, ..RECORD }), Err(RecordErrorKind::Order));
    assert_eq!(kind(timestamp(), &Record { region: "b", ..RECORD }), Err(RecordErrorKind::Region));
    let stamp = Hlc::new(110_001, 0).unwrap().to_bytes();
    let headers = [Header { name: "hlc", value: Some(&stamp) }];
    let hlc = || Some(VersionRule::Hlc("hlc".to_owned()));
    assert_eq!(kind(hlc(), &Record { headers: &headers, ..RECORD }), Err(RecordErrorKind::Clock));
    assert_eq!(kind(hlc(), &RECORD), Err(RecordErrorKind::Order));
    let since = |time| [Header { name: "since", value: Some(time) }];
    let time = || Some(VersionRule::Header("since".to_owned()));
    assert_eq!(kind(time(), &Record { headers: &since(b"1970-01-01T00:01:50Z"), ..RECORD }), Ok(()));
    let ahead = since(b"2999-01-01T00:00:00Z");
    assert_eq!(kind(time(), &Record { headers: &ahead, ..RECORD }), Err(RecordErrorKind::Clock));
    assert_eq!(extractor(hlc()).headers().collect::<Vec<_>>(), ["hlc"]);
}
