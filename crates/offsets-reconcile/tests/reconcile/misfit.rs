use offsets_reconcile::{Extractor, IdentityRule, Misfit, OperatorKind, Order, RecordErrorKind, Regions};

/// The rules of a command: identity, order, header for tombstones.
fn suits(
    operator: OperatorKind,
    identity: &str,
    version: Option<&str>,
    tombstones: Option<&str>,
) -> Result<(), Misfit> {
    let identity = match identity {
        "copy" => IdentityRule::Copy,
        written => written.parse().unwrap(),
    };
    let order = version.map(|version| Order {
        version: version.parse().unwrap(),
        tombstones: tombstones.map(str::to_owned),
        regions: Regions::new(["a".to_owned()]).unwrap(),
    });
    Extractor::new(operator, identity, order, 0).map(drop)
}

/// P23: an upsert by origin once wrote all 6,000 records of 300 keys and called it done.
#[test]
fn every_combination_of_rules_is_either_meant_or_refused() {
    use OperatorKind::{Dedup, Reread, Upsert};
    let identities = ["header:id", "json:/id", "key", "content", "origin", "copy"];
    let versions = [
        None,
        Some("json:/v"),
        Some("json:/id"),
        Some("header:v"),
        Some("header:id"),
        Some("hlc:id"),
        Some("hlc:v"),
        Some("timestamp"),
    ];
    let mut meant = Vec::new();
    for operator in [Dedup, Upsert, Reread] {
        for identity in identities {
            for version in versions {
                for tombstones in [None, Some("t")].into_iter().take(1 + usize::from(version.is_some())) {
                    if suits(operator, identity, version, tombstones).is_ok() {
                        let parts =
                            [Some(identity), version, tombstones].into_iter().flatten().collect::<Vec<_>>();
                        meant.push(format!("{operator} {}", parts.join(" ")));
                    }
                }
            }
        }
    }
    let expected = [
        "dedup header:id",
        "dedup json:/id",
        "dedup key",
        "dedup content",
        "dedup origin",
        "dedup copy",
        "upsert header:id json:/v",
        "upsert header:id json:/v t",
        "upsert header:id json:/id",
        "upsert header:id json:/id t",
        "upsert header:id header:v",
        "upsert header:id hlc:v",
        "upsert header:id timestamp",
        "upsert json:/id json:/v",
        "upsert json:/id header:v",
        "upsert json:/id header:id",
        "upsert json:/id hlc:id",
        "upsert json:/id hlc:v",
        "upsert json:/id timestamp",
        "upsert key json:/v",
        "upsert key json:/v t",
        "upsert key json:/id",
        "upsert key json:/id t",
        "upsert key header:v",
        "upsert key header:id",
        "upsert key hlc:id",
        "upsert key hlc:v",
        "upsert key timestamp",
        "reread copy",
    ];
    assert_eq!(meant, expected);
}

#[test]
fn what_does_not_go_together_is_named() {
    use OperatorKind::{Dedup, Reread, Upsert};
    for (operator, identity, version, tombstones, words) in [
        (
            Upsert,
            "origin",
            Some("timestamp"),
            None,
            "by identity origin every record of an upsert is a key of its own",
        ),
        (Upsert, "content", Some("json:/v"), None, "by identity content every record"),
        (Upsert, "key", None, None, "an upsert has no order"),
        (Dedup, "key", Some("timestamp"), None, "dedup compares no versions"),
        (Reread, "key", None, None, "by identity key nothing is known that a seed names"),
        (Upsert, "json:/id", Some("json:/id"), None, "json:/id is both the identity and the version"),
        (Upsert, "key", Some("timestamp"), Some("t"), "a version by timestamp is there in a tombstone too"),
        (
            Upsert,
            "json:/id",
            Some("json:/v"),
            Some("t"),
            "by identity json:/id no tombstone can be identified",
        ),
    ] {
        let said = suits(operator, identity, version, tombstones).unwrap_err().to_string();
        assert!(said.starts_with(words), "{said}");
    }
}

#[test]
fn a_flaw_that_no_record_can_have_is_known() {
    let regions = Regions::new(["a".to_owned()]).unwrap();
    let order = Order { version: "timestamp".parse().unwrap(), tombstones: None, regions };
    let dedup = Extractor { identity: IdentityRule::Content, order: None, max_ahead_ms: 0 };
    let upsert = Extractor { identity: IdentityRule::Key, order: Some(order), max_ahead_ms: 0 };
    let causes = [
        RecordErrorKind::Identity,
        RecordErrorKind::Order,
        RecordErrorKind::Region,
        RecordErrorKind::Clock,
        RecordErrorKind::Tie,
    ];
    assert_eq!(
        causes.map(|cause| dedup.can_have(OperatorKind::Dedup, cause)),
        [false, false, false, true, false]
    );
    assert_eq!(causes.map(|cause| upsert.can_have(OperatorKind::Upsert, cause)), [true; 5]);
}
