//! What Kafka's protocol and clients write where they have no value is no value at any door.
//! https://github.com/confluentinc/confluent-kafka-python/issues/96 and
//! https://github.com/confluentinc/confluent-kafka-dotnet/issues/1173

use offsets_core::evidence::Records;
use offsets_core::model::{SourceOffset, TopicPartition};
use offsets_core::translate::Seed;
use offsets_reconcile::{
    Extractor, Identity, IdentityRule, Line, Order, Origin, Record, RecordErrorCause, RecordErrorKind,
    Regions, VersionRule,
};

use crate::at;

/// The sentinels of a timestamp, and what else is negative; of a partition; of an offset.
const TIMES: [i64; 3] = [-1, -2, i64::MIN];
const PARTITIONS: [i32; 2] = [-1, i32::MIN];
const OFFSETS: [i64; 6] = [-1, -2, -1000, -1001, -2000, i64::MIN];

fn record() -> Record<'static> {
    let (key, value) = (Some(&b"k"[..]), Some(&b"v"[..]));
    Record { region: "a", topic: "orders", offset: 7, timestamp_ms: Some(5), key, value, ..Record::default() }
}

/// P13: version -1 once was the time 1969-12-31T23:59:59.999Z, and lost against 1970.
#[test]
fn a_negative_timestamp_is_no_version_and_no_time() {
    let regions = Regions::new(["a".to_owned()]).unwrap();
    let order = Order { version: VersionRule::Timestamp, tombstones: None, regions };
    let extractor = Extractor { identity: IdentityRule::Key, order: Some(order), max_ahead_ms: 1_000 };
    for time in TIMES {
        let record = Record { timestamp_ms: Some(time), ..record() };
        let flawed = extractor.extract(&record, at(0, 7), 0).unwrap_err();
        assert_eq!(flawed.kind, RecordErrorKind::Order);
        let said = flawed.to_string();
        if time == -1 {
            assert_eq!(said, "it has no timestamp");
        } else {
            assert!(said.starts_with(&format!("its timestamp {time} is none")), "{said}");
        }
        // For a window it is as one without, and a seed names no such record.
        let without = Extractor { order: None, ..extractor.clone() };
        assert_eq!(without.extract(&record, at(0, 7), 0).unwrap().timestamp_ms, None);
        assert_eq!(Identity::of_copy(Some(time), record.key, record.value), None);
    }
}

/// P20: two lines with partition -1 and offset -1001 once were one event, and the second was dropped.
#[test]
fn a_negative_partition_or_offset_is_no_origin() {
    let origin = |record: &Record<'_>| IdentityRule::Origin.identify(record);
    assert!(origin(&record()).is_ok());
    let placed = |partition, offset| Record { partition, offset, ..record() };
    let without = PARTITIONS
        .map(|partition| placed(partition, 7))
        .into_iter()
        .chain(OFFSETS.map(|offset| placed(0, offset)));
    for record in without {
        let Record { partition, offset, .. } = record;
        assert_eq!(origin(&record), Err(RecordErrorCause::NoOrigin { partition, offset }));
        // A copy is known by its content; without a time it is like no other, wherever it stood.
        assert!(IdentityRule::Copy.identify(&Record { timestamp_ms: Some(-1), ..record }).is_ok());
    }
}

#[test]
fn a_line_says_nothing_by_a_sentinel() {
    let read = |json: &str| Line::read_placed(json.as_bytes(), &Line::default()).unwrap();
    assert_eq!(read(r#"{"value":1,"timestamp":-1}"#).0.timestamp_ms, None);
    let places =
        PARTITIONS.map(|partition| (partition, 7)).into_iter().chain(OFFSETS.map(|offset| (0, offset)));
    for (partition, offset) in places {
        let json = format!(r#"{{"value":1,"partition":{partition},"offset":{offset}}}"#);
        let (line, is_placed) = read(&json);
        assert_eq!((line.partition, line.offset, is_placed), (partition, offset, false), "{json}");
    }
}

#[test]
fn a_header_that_says_where_a_record_is_from_says_it() {
    let header = |partition: i32, offset: i64, timestamp: i64| {
        format!(
            r#"{{"region":"a","topic":"t","partition":{partition},"offset":{offset},"timestamp":{timestamp}}}"#
        )
    };
    assert_eq!(Origin::read(header(0, 7, -1).as_bytes()).unwrap().timestamp_ms, None);
    let places =
        PARTITIONS.map(|partition| (partition, 7)).into_iter().chain(OFFSETS.map(|offset| (0, offset)));
    for (partition, offset) in places {
        let said = Origin::read(header(partition, offset, 5).as_bytes()).unwrap_err().to_string();
        assert!(said.contains("is negative"), "{said}");
    }
}

#[test]
fn a_partition_or_an_offset_in_a_seed_is_one() {
    let seed = |partition: i32, from: i64, until: i64| {
        Seed::read(&format!(
            r#"{{"apiVersion":"offsets/v1","kind":"Seed","asOf":"2026-01-01T00:00:00Z","link":{{"source":"a","target":"b"}},
                "group":"g","windows":[{{"topic":"t","partition":{partition},"from":{from},"until":{until},"read":[]}}]}}"#
        ))
    };
    assert!(seed(0, 0, 7).is_ok());
    for (partition, from, until) in [(-1, 0, 7), (0, -1, 7), (0, 0, -1), (0, -1001, -1001)] {
        let said = seed(partition, from, until).unwrap_err().to_string();
        assert!(said.contains("is negative"), "{said}");
    }
}

/// A dump's records: what is no timestamp makes none of them like another, and a sign is no digit of a fingerprint.
#[test]
fn a_dump_has_times_and_fingerprints_or_none() {
    let read = |time: i64, content: &str| {
        let json = format!(
            r#"[{{"topic":"t","partition":0,"start":0,"end":9,"records":[[7,{time},"{content}",null]]}}]"#
        );
        serde_json::from_str::<Records<SourceOffset>>(&json).map_err(|error| error.to_string())
    };
    let content = "0".repeat(32);
    let time = |millis: i64| {
        read(millis, &content).unwrap().of(&TopicPartition::new("t", 0))[0].records[0].created_ms
    };
    assert_eq!((time(5), time(-1)), (Some(5), None));
    for wrong in ["", "0", &format!("+{}", &content[1..]), &format!("{content}0")] {
        assert!(read(5, wrong).unwrap_err().contains("are not those of one scan"), "{wrong}");
    }
}

#[test]
fn no_file_names_a_negative_partition() {
    let read = |number: i32| {
        serde_json::from_str::<TopicPartition>(&format!(r#"{{"topic":"t","partition":{number}}}"#))
            .map_err(|error| error.to_string())
    };
    assert_eq!(read(3), Ok(TopicPartition::new("t", 3)));
    assert!(read(-1).unwrap_err().contains("partition -1 is negative"));
}
