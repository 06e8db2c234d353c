use std::collections::{BTreeMap, BTreeSet};

use offsets_reconcile::{
    Extractor, IdentityRule, Loss, MemoryTable, Order, Policies, Policy, Reason, Record, RecordErrorCause,
    RecordErrorKind, RecordRules, Regions, Routing, Upsert, UpsertRules, VersionRule,
};
use proptest::prelude::*;

use crate::at;
use crate::cases::up_to;

fn rules(has_order: bool, policies: &[(RecordErrorKind, Policy)]) -> RecordRules {
    let order = has_order.then(|| Order {
        version: VersionRule::Timestamp,
        tombstones: None,
        regions: Regions::new(["a", "b"].map(str::to_owned)).unwrap(),
    });
    RecordRules {
        extractor: Extractor { identity: IdentityRule::Key, order, max_ahead_ms: 0 },
        policies: policies.iter().copied().collect(),
    }
}

#[test]
fn an_upsert_without_an_order_lets_nothing_pass_whatever_the_policies() {
    let all = [
        RecordErrorKind::Identity,
        RecordErrorKind::Order,
        RecordErrorKind::Region,
        RecordErrorKind::Clock,
        RecordErrorKind::Tie,
    ];
    let rules = rules(false, &all.map(|kind| (kind, Policy::Pass)));
    let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
    let record = Record { region: "a", key: Some(b"17"), value: Some(b"paid"), ..Record::default() };
    let Ok(Routing::Reject { flawed, policy }) = rules.route(&mut upsert, &record, at(0, 0), 0) else {
        panic!("it passed")
    };
    assert_eq!(
        (flawed.kind, flawed.cause, policy),
        (RecordErrorKind::Order, RecordErrorCause::NoOrder, Policy::Fail)
    );
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Write {
    key: u8,
    version: u8,
    region: &'static str,
    value: Option<u8>,
}

impl Write {
    /// What every region is to agree on, whatever becomes of ties.
    fn standing(self) -> (u8, &'static str) {
        (self.version, self.region)
    }
}

/// What a region puts out last of each key, and the keys of which it set a write aside. It ends where a run would end.
fn merged(writes: impl IntoIterator<Item = Write>, ties: Policy) -> (BTreeMap<u8, Write>, BTreeSet<u8>) {
    let rules = rules(true, &[(RecordErrorKind::Tie, ties)]);
    let mut upsert = Upsert::new(MemoryTable::default(), UpsertRules::default());
    let (mut out, mut aside, mut places) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
    for (write, offset) in writes.into_iter().zip(0..) {
        places.push(write);
        let (key, value) = ([write.key], write.value.map(|value| [value]));
        let record = Record {
            region: write.region,
            timestamp_ms: Some(write.version.into()),
            key: Some(&key),
            value: value.as_ref().map(<[u8; 1]>::as_slice),
            ..Record::default()
        };
        let Ok(routing) = rules.route(&mut upsert, &record, at(0, offset), i64::MAX);
        let is_out =
            |loss: &Loss, side: &dyn Fn(&Loss) -> i64| out.get(&write.key) == places.get(side(loss) as usize);
        match routing {
            Routing::Emit { over, .. } => {
                let beats_what_is_out =
                    over.is_none_or(|over| is_out(&over, &|over| over.loser.position.offset()));
                assert!(beats_what_is_out, "{write:?} is put out over something that is not there");
                out.insert(write.key, write);
            }
            Routing::Suppress { loss, .. } => {
                assert!(loss.reason != Reason::Content || ties == Policy::Pass);
                assert!(
                    is_out(&loss, &|loss| loss.winner.unwrap().position.offset()),
                    "{write:?} loses to what is not out"
                );
            }
            Routing::Reject { policy: Policy::Fail, .. } => {
                assert_eq!(ties, Policy::Fail);
                break;
            }
            Routing::Reject { flawed, policy } => {
                assert_eq!((flawed.kind, policy), (RecordErrorKind::Tie, Policy::DeadLetter));
                aside.insert(write.key);
            }
        }
    }
    (out, aside)
}

proptest! {
    #![proptest_config(up_to(3_000))]

    /// What was put out last of a key is what the table holds of it, and what two regions put out last is the same:
    /// the greatest, but for the content of a tie that was set aside.
    #[test]
    fn what_is_put_out_converges_whatever_becomes_of_ties(
        writes in prop::collection::vec(
            (0_u8..3, 0_u8..3, prop::sample::select(vec!["a", "b"]), prop::option::of(0_u8..3)),
            0..20,
        ),
        places in prop::collection::vec(any::<prop::sample::Index>(), 20),
    ) {
        let write = |(key, version, region, value)| Write { key, version, region, value };
        let writes: Vec<_> = writes.into_iter().map(write).collect();
        let mut shuffled = writes.clone();
        (0..writes.len()).for_each(|at| shuffled.swap(at, places[at].index(writes.len())));

        let (here, aside) = merged(writes.iter().copied(), Policy::Pass);
        prop_assert!(aside.is_empty());
        prop_assert_eq!(&here, &merged(shuffled.iter().copied(), Policy::Pass).0);

        let [here, there] = [&writes, &shuffled].map(|writes| merged(writes.iter().copied(), Policy::DeadLetter));
        prop_assert_eq!(here.0.len(), there.0.len());
        for (key, write) in &here.0 {
            let other = there.0[key];
            prop_assert_eq!(write.standing(), other.standing());
            prop_assert!(*write == other || here.1.contains(key) && there.1.contains(key), "{:?} {:?}", write, other);
        }
        // A run that a tie ends puts nothing out that is not so.
        merged(writes, Policy::Fail);
    }

}

#[test]
fn of_two_words_on_one_flaw_the_last_counts() {
    let policies: Policies =
        [(RecordErrorKind::Tie, Policy::Fail), (RecordErrorKind::Tie, Policy::DeadLetter)]
            .into_iter()
            .collect();
    assert_eq!(policies.of(RecordErrorKind::Tie), Policy::DeadLetter);
    assert_eq!(policies.of(RecordErrorKind::Order), Policy::Fail);
    assert!(policies.has_dead_letters());
}
