use offsets_reconcile::Window;

use crate::job::{Job, OperatorSpec};

/// Rules and operator in words that stay with the state: it is not used under others, because what was remembered under them
/// means something else. The words stand in changelogs, so they are the same in every version.
///
/// So it is where records go through a repartition topic: an identity lies in another partition number then, and its state with it.
pub(crate) fn rules_signature(job: &Job) -> String {
    let way = if job.repartition.is_some() { " repartition" } else { "" };
    format!("{}{way}", operator_signature(job))
}

fn operator_signature(job: &Job) -> String {
    let extractor = &job.rules.extractor;
    let identity = &extractor.identity;
    let order = extractor.order.as_ref().map_or_else(String::new, |order| {
        let tombstones = order.tombstones.as_ref();
        let tombstones = tombstones.map_or_else(String::new, |header| format!(" tombstone-version={header}"));
        format!(" order={} regions={}{tombstones}", order.version, order.regions.names().join(","))
    });
    match &job.operator {
        OperatorSpec::Dedup(Window::Unbounded) => format!("dedup identity={identity}"),
        OperatorSpec::Dedup(Window::Time(length)) => {
            format!("dedup identity={identity} window={}ms", length.as_millis())
        }
        OperatorSpec::Dedup(Window::Count(identities)) => {
            format!("dedup identity={identity} window-count={}", identities.get())
        }
        OperatorSpec::Upsert(_) => format!("upsert identity={identity}{order}"),
        OperatorSpec::Reread(seed) => format!("reread seed={} of {}", seed.as_of, seed.link.source),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use std::time::Duration;

    use offsets_core::translate::Seed;
    use offsets_reconcile::{
        Extractor, IdentityRule, Order, Policies, RecordRules, Regions, UpsertRules, VersionRule,
    };

    use super::*;

    fn signature_of(identity: &str, order: Option<Order>, operator: OperatorSpec) -> String {
        let identity = identity.parse::<IdentityRule>().unwrap();
        let extractor = Extractor { identity, order, max_ahead_ms: 1000 };
        rules_signature(&job(extractor, operator))
    }

    fn job(extractor: Extractor, operator: OperatorSpec) -> Job {
        Job::new("merge", [], RecordRules { extractor, policies: Policies::default() }, operator)
    }

    fn order(version: &str, tombstones: Option<&str>) -> Option<Order> {
        let version = version.parse::<VersionRule>().unwrap();
        let regions = Regions::new(["a".to_owned(), "B".to_owned()]).unwrap();
        Some(Order { version, tombstones: tombstones.map(str::to_owned), regions })
    }

    /// What stands in changelogs of every version.
    #[test]
    fn the_words_stay_the_same_byte_for_byte() {
        for (identity, window, words) in [
            ("json:/id", Window::Unbounded, "dedup identity=json:/id"),
            (
                "header:id",
                Window::time(Duration::from_secs(3_600)).unwrap(),
                "dedup identity=header:id window=3600000ms",
            ),
            ("content", Window::count(16).unwrap(), "dedup identity=content window-count=16"),
            ("origin", Window::Unbounded, "dedup identity=origin"),
        ] {
            assert_eq!(signature_of(identity, None, OperatorSpec::Dedup(window)), words);
        }
        let upsert = |version, tombstones| {
            signature_of("key", order(version, tombstones), OperatorSpec::Upsert(UPSERT))
        };
        assert_eq!(upsert("json:/version", None), "upsert identity=key order=json:/version regions=a,B");
        assert_eq!(upsert("timestamp", None), "upsert identity=key order=timestamp regions=a,B");
        assert_eq!(
            upsert("hlc:clock", Some("deleted")),
            "upsert identity=key order=hlc:clock regions=a,B tombstone-version=deleted"
        );
        assert_eq!(
            upsert("header:v", None),
            "upsert identity=key order=header:v regions=a,B",
            "a horizon and what becomes of ties are no part of it"
        );
        let seed = Seed::read(SEED).unwrap();
        assert_eq!(
            signature_of("content", None, OperatorSpec::Reread(seed)),
            "reread seed=2026-11-23T10:00:00Z of src"
        );
    }

    /// Otherwise all of the history would be judged again, by states that lie elsewhere.
    #[test]
    fn a_job_that_repartitions_does_not_go_on_from_one_that_did_not() {
        let extractor = Extractor { identity: IdentityRule::Key, order: None, max_ahead_ms: 1000 };
        let job = job(extractor, OperatorSpec::Dedup(Window::Unbounded));
        let repartitions = Job { repartition: Some("between".into()), ..job.clone() };
        assert_eq!(rules_signature(&repartitions), format!("{} repartition", rules_signature(&job)));
    }

    const UPSERT: UpsertRules = UpsertRules { tombstone_retention_ms: Some(7) };

    const SEED: &str = r#"{"apiVersion":"offsets/v1","kind":"Seed","asOf":"2026-11-23T10:00:00Z",
        "link":{"source":"src","target":"dst"},"group":"merge","windows":[]}"#;
}
