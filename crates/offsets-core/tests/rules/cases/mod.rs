//! How many cases a property is tried with.

use proptest::prelude::ProptestConfig;

/// `cases` of them, or as many as `PROPTEST_CASES` says. What fails is not written to a file: it comes back as a named
/// test.
pub(crate) fn up_to(cases: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default,
        None => ProptestConfig { cases, ..default },
    }
}
