use std::num::NonZeroU32;

use offsets_reconcile::{Header, Identity, IdentityRule, Origin, Position, Record, RecordErrorCause};
use proptest::prelude::*;

const HEADERS: &[Header<'static>] = &[
    Header { name: "id", value: Some(b"old") },
    Header { name: "id", value: Some(b"17") },
    Header { name: "empty", value: None },
];

fn record(value: &'static [u8]) -> Record<'static> {
    Record {
        region: "a",
        topic: "orders",
        partition: 3,
        offset: 42,
        timestamp_ms: Some(1_000),
        key: Some(b"k"),
        value: Some(value),
        headers: HEADERS,
    }
}

fn identify(rule: &str, record: &Record<'_>) -> Result<String, RecordErrorCause> {
    rule.parse::<IdentityRule>().unwrap().identify(record).map(|identity| identity.to_string())
}

/// What one version wrote to a partition, the next one has to meet there.
#[test]
fn identities_meet_in_the_partition_in_which_they_have_always_met() {
    let six = NonZeroU32::new(6).unwrap();
    let places: Vec<u32> = (0..8_u8).map(|n| Identity::of("key", &[Some(&[n])]).partition(six)).collect();
    assert_eq!(places, [2, 1, 5, 4, 5, 0, 2, 3]);
}

/// What is stored in one version is looked up by the next one.
#[test]
fn identities_are_what_they_have_always_been() {
    let json = record(br#"{"id": "x", "n": 17, "b": true, "deep": [{"id": 1}]}"#);
    for (rule, expected) in [
        ("header:id", GOLDEN[0]),
        ("json:/id", GOLDEN[1]),
        ("json:/n", GOLDEN[2]),
        ("json:/b", GOLDEN[3]),
        ("json:/deep/0/id", GOLDEN[4]),
        ("key", GOLDEN[5]),
        ("content", GOLDEN[6]),
        ("origin", GOLDEN[7]),
    ] {
        assert_eq!(identify(rule, &json).as_deref(), Ok(expected), "{rule}");
    }
    assert_eq!(Identity::of("mine", &[None, Some(&[7; 300])]).to_string(), GOLDEN[8]);
}

const GOLDEN: [&str; 9] = [
    "b36012d801594ba94fdfa87a842b4ee2",
    "a70b0dd200a61737e72ca0265be7efc1",
    "32b90d208a2990da545e3acd1f93259e",
    "4304acb4e8f129f0b787773f9051b29e",
    "7af463025570221b81b641473f790eb0",
    "74a6f69e7b7471fb8af7f37b27111228",
    "87ae13fa588a4105cdd286d737a396f9",
    "ccdcedf5e7cc637decef07f5b121adeb",
    "f04756b7db934fd7500e0fb5bb5508fd",
];

#[test]
fn one_number_is_one_identity_however_it_is_written() {
    let one = identify("json:/n", &record(br#"{"n": 100}"#)).unwrap();
    for same in [&br#"{"n":100.0}"#[..], br#"{"n":1e2}"#, br#"{"n":1000E-1}"#, br#"{"n":1.00e+2}"#] {
        assert_eq!(identify("json:/n", &record(same)), Ok(one.clone()), "{}", String::from_utf8_lossy(same));
    }
    for other in [&br#"{"n":"100"}"#[..], br#"{"n":100.5}"#, br#"{"n":-100}"#] {
        assert_ne!(identify("json:/n", &record(other)), Ok(one.clone()));
    }
    // More digits than a decimal holds are told apart by how they stand there.
    let [long, longer] = [
        &br#"{"n":1234567890123456789012345678901234567890}"#[..],
        br#"{"n":1234567890123456789012345678901234567891}"#,
    ];
    assert_ne!(identify("json:/n", &record(long)), identify("json:/n", &record(longer)));
    // Once, one that was written with an exponent was another than the same written out, from 29 digits on.
    for (written, out) in [
        (r#"{"n":1e29}"#, r#"{"n":100000000000000000000000000000}"#.to_owned()),
        (r#"{"n":-12.5E30}"#, format!(r#"{{"n":-125{}.0}}"#, "0".repeat(29))),
        (r#"{"n":1e400}"#, format!(r#"{{"n":1{}}}"#, "0".repeat(400))),
        (r#"{"n":25e-31}"#, format!(r#"{{"n":0.{}25}}"#, "0".repeat(29))),
    ] {
        let [written, out] = [written, &out].map(|value| {
            let record = Record { value: Some(value.as_bytes()), ..Record::default() };
            "json:/n".parse::<IdentityRule>().unwrap().identify(&record).unwrap()
        });
        assert_eq!(written, out);
    }
    let far = identify("json:/n", &record(br#"{"n":1e1234567890123456789}"#)).unwrap_err();
    assert_eq!(
        far.to_string(),
        "/n is 1e1234567890123456789, and not a number whose exponent has up to 18 digits"
    );
}

#[test]
fn a_text_is_its_characters_and_not_its_escapes() {
    let [plain, escaped] = [&br#"{"id":"a/b"}"#[..], br#"{"id":"a\/\u0062"}"#];
    assert_eq!(identify("json:/id", &record(plain)), identify("json:/id", &record(escaped)));
}

#[test]
fn what_a_record_lacks_is_named() {
    let value = record(br#"{"id": null, "list": [], "object": {}}"#);
    let said = |rule: &str, record: &Record<'_>| identify(rule, record).unwrap_err().to_string();
    assert_eq!(said("header:trace", &value), "it has no header trace");
    assert_eq!(said("header:empty", &value), "it has no header empty");
    assert_eq!(said("json:/nothing", &value), "its value has no field /nothing");
    assert_eq!(said("json:/id", &value), "/id is null, and not a string, a number or a boolean");
    assert_eq!(said("json:/list", &value), "/list is an array, and not a string, a number or a boolean");
    assert_eq!(said("json:/object", &value), "/object is an object, and not a string, a number or a boolean");
    assert!(said("json:/id", &record(b"id=17")).starts_with("its value is not JSON"));
    assert_eq!(
        said("json:/id", &Record { value: None, ..value }),
        "it is a tombstone, which has no field /id"
    );
    assert_eq!(said("key", &Record { key: None, ..value }), "its key is null");
}

#[test]
fn a_rule_that_cannot_be_understood_is_refused() {
    for text in ["", "id", "header:", "json:id", "key:k", "contents"] {
        assert!(text.parse::<IdentityRule>().is_err(), "{text}");
    }
    for text in ["header:id", "json:/a/b", "key", "content", "origin"] {
        assert_eq!(text.parse::<IdentityRule>().unwrap().to_string(), text);
    }
}

proptest! {
    #[test]
    fn parts_are_never_taken_for_other_parts(
        one in prop::collection::vec(prop::option::of(prop::collection::vec(0_u8..2, 0..4)), 0..4),
        other in prop::collection::vec(prop::option::of(prop::collection::vec(0_u8..2, 0..4)), 0..4),
    ) {
        let hashed = |parts: &[Option<Vec<u8>>]| Identity::of("t", &parts.iter().map(Option::as_deref).collect::<Vec<_>>());
        prop_assert_eq!(hashed(&one) == hashed(&other), one == other);
    }

    #[test]
    fn identities_and_positions_are_kept_in_their_bits(bits in any::<u128>(), input in any::<u16>(), offset in 0..Position::END) {
        prop_assert_eq!(Identity::from_bits(bits).to_bits(), bits);
        let position = Position::new(input, offset).unwrap();
        prop_assert_eq!((position.input(), position.offset()), (input, offset));
        prop_assert_eq!(Position::from_bits(position.to_bits()), position);
    }

    #[test]
    fn an_identity_is_in_one_of_the_partitions_whatever_places_it_in_a_table(
        high in any::<u64>(),
        lows in prop::array::uniform2(any::<u64>()),
        partitions in 1..u32::MAX,
    ) {
        let place = |low: u64| {
            let identity = Identity::from_bits(u128::from(high) << 64 | u128::from(low));
            identity.partition(NonZeroU32::new(partitions).unwrap())
        };
        prop_assert!(place(lows[0]) < partitions);
        prop_assert_eq!(place(lows[0]), place(lows[1]));
    }

    #[test]
    fn an_origin_is_read_as_it_was_written(
        region in ".*",
        topic in ".*",
        partition in 0_i32..,
        offset in 0_i64..,
        timestamp_ms in prop::option::of(0_i64..),
    ) {
        let record = Record { region: &region, topic: &topic, partition, offset, timestamp_ms, ..Record::default() };
        let written = Origin::of(&record).write();
        prop_assert_eq!(Origin::read(&written).unwrap(), Origin::of(&record));
        for cut in 0..written.len() {
            prop_assert!(Origin::read(&written[..cut]).is_err());
        }
    }

    #[test]
    fn no_value_makes_a_rule_panic(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let record = Record { value: Some(&value), ..Record::default() };
        for rule in ["json:/a", "json:", "content"] {
            let _ = rule.parse::<IdentityRule>().unwrap().identify(&record);
        }
    }
}
