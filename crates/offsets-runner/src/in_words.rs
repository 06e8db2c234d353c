use offsets_core::reconcile::Window;

use crate::job::{Job, Judging};

/// Rules and operator in words that stay with the state: it is not used under others, because what was remembered under them
/// means something else. The words stand in changelogs, so they are the same in every version.
pub(crate) fn in_words(job: &Job) -> String {
    let examination = &job.rules.examination;
    let identity = &examination.identity;
    let order = examination.order.as_ref().map_or_else(String::new, |order| {
        let tombstones = order.tombstones.as_ref();
        let tombstones = tombstones.map_or_else(String::new, |header| format!(" tombstone-version={header}"));
        format!(" order={} regions={}{tombstones}", order.version, order.regions.names().join(","))
    });
    match &job.judging {
        Judging::Dedup(Window::Unbounded) => format!("dedup identity={identity}"),
        Judging::Dedup(Window::Time(millis)) => format!("dedup identity={identity} window={millis}ms"),
        Judging::Dedup(Window::Count(count)) => format!("dedup identity={identity} window-count={count}"),
        Judging::Upsert(_) => format!("upsert identity={identity}{order}"),
        Judging::Reread(seed) => format!("reread seed={} of {}", seed.as_of, seed.link.source),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use offsets_core::reconcile::{
        Examination, IdentityRule, Order, Policies, Regions, Rules, Seed, Ties, UpsertRules, VersionRule,
    };

    use super::*;

    fn said(identity: &str, order: Option<Order>, judging: Judging) -> String {
        let identity = identity.parse::<IdentityRule>().unwrap();
        let examination = Examination { identity, order, max_ahead_ms: 1000 };
        in_words(&Job::new("merge", [], Rules { examination, policies: Policies::default() }, judging))
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
            ("header:id", Window::Time(3_600_000), "dedup identity=header:id window=3600000ms"),
            ("content", Window::Count(7), "dedup identity=content window-count=7"),
            ("origin", Window::Unbounded, "dedup identity=origin"),
        ] {
            assert_eq!(said(identity, None, Judging::Dedup(window)), words);
        }
        let upsert = |version, tombstones| said("key", order(version, tombstones), Judging::Upsert(UPSERT));
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
        assert_eq!(said("content", None, Judging::Reread(seed)), "reread seed=2026-11-23T10:00:00Z of src");
    }

    const UPSERT: UpsertRules = UpsertRules { horizon_ms: Some(7), ties: Ties::Refuse };

    const SEED: &str = r#"{"apiVersion":"offsets/v1","kind":"Seed","asOf":"2026-11-23T10:00:00Z",
        "link":{"source":"src","target":"dst"},"group":"merge","windows":[]}"#;
}
