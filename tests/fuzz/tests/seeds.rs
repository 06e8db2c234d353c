//! Seeds, and what a few mutations make of them, run through every parser where the tests run. A fuzzer goes further.

use std::path::Path;

use offsets_fuzz::{files, history, reconcile, records};
use proptest::collection::vec;
use proptest::prelude::*;

/// Mutated inputs that a test tries; `PROPTEST_CASES` says otherwise.
const CASES: u32 = 4_000;

/// What is done to the bytes of a seed.
#[derive(Debug, Clone)]
enum Mutation {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Cut(usize, usize),
    Repeat(usize, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<usize>();
    let telling = prop::sample::select(b"\0\n\r\"\\{}[],:=#-+.eE09\xff\xc3${}".to_vec());
    prop_oneof![
        (place, prop_oneof![telling.clone(), any::<u8>()]).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (place, vec(prop_oneof![telling, any::<u8>()], 1..9))
            .prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (place, 1..40_usize).prop_map(|(at, length)| Mutation::Cut(at, length)),
        (place, 1..40_usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
    ]
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: usize| at % (bytes.len() + 1);
        match self {
            Self::Set(at, byte) => {
                let at = place(*at);
                if let Some(old) = bytes.get_mut(at) {
                    *old = *byte;
                }
            }
            Self::Insert(at, new) => {
                let at = place(*at);
                drop(bytes.splice(at..at, new.iter().copied()));
            }
            Self::Cut(at, length) => {
                let at = place(*at);
                bytes.drain(at..bytes.len().min(at + length));
            }
            Self::Repeat(at, length) => {
                let at = place(*at);
                let part = bytes[at..bytes.len().min(at + length)].to_vec();
                drop(bytes.splice(at..at, part));
            }
        }
    }
}

/// The seeds of a target, each a file.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut paths: Vec<_> =
        folder.read_dir().expect("a folder of seeds").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a seed")).collect()
}

fn mutated(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    (prop::sample::select(seeds(target)), vec(mutation(), 0..6)).prop_map(|(mut bytes, mutations)| {
        mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        bytes
    })
}

fn many() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default,
        None => ProptestConfig { cases: CASES, ..default },
    }
}

/// A field of Kafka's wire formats, so that what is generated is read further than its first bytes.
fn field() -> impl Strategy<Value = Vec<u8>> {
    let text = vec(any::<u8>(), 0..6).prop_map(|text| {
        let length = i16::try_from(text.len()).expect("a short text").to_be_bytes();
        [&length[..], &text].concat()
    });
    prop_oneof![
        (-2..4_i16).prop_map(|number| number.to_be_bytes().to_vec()),
        (-2..4_i32).prop_map(|number| number.to_be_bytes().to_vec()),
        any::<i64>().prop_map(|number| number.to_be_bytes().to_vec()),
        text,
    ]
}

fn fields() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::weighted(0.95, vec(field(), 0..7).prop_map(|fields| fields.concat()))
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn files_of_operators_are_values_or_errors(bytes in mutated("files")) {
        files(&bytes);
    }

    #[test]
    fn lines_and_rules_of_reconciliation_are_values_or_errors(bytes in mutated("reconcile")) {
        reconcile(&bytes);
    }

    #[test]
    fn records_of_internal_topics_are_values_or_errors(key in fields(), value in fields()) {
        records((key.as_deref(), value.as_deref()));
    }

    #[test]
    fn any_offset_syncs_make_a_history(
        pairs in vec((0..40_i64, 0..40_i64), 0..30),
        g in 0..50_i64,
        end in 0..50_i64,
        markers in any::<bool>(),
    ) {
        history((pairs, g, end, markers));
    }
}
