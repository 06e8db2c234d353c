//! What a dump may not hold though it is JSON of the right shape: two words on one thing, of which one would win in silence.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, de};

use super::RecordedCommit;
use crate::model::{Commit, TargetOffset};

/// Refuses a key that comes twice, `named` in the error.
pub(super) fn once<K: Ord + Copy, E: de::Error>(
    keys: impl IntoIterator<Item = K>,
    named: impl Fn(K) -> String,
) -> Result<(), E> {
    let mut seen = BTreeSet::new();
    match keys.into_iter().find(|key| !seen.insert(*key)) {
        Some(key) => Err(E::custom(format!("{} stands there twice", named(key)))),
        None => Ok(()),
    }
}

/// Commits on the source, one for each group and partition.
pub(super) fn source_commits<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<RecordedCommit>, D::Error> {
    let commits = Vec::<RecordedCommit>::deserialize(deserializer)?;
    once(
        commits.iter().map(|recorded| (&recorded.commit.group, &recorded.commit.partition)),
        |(group, on)| format!("the commit of {group} on {on}"),
    )?;
    Ok(commits)
}

/// Commits on the target, one for each group and partition, sorted by both: an answer looks for them so.
pub(super) fn target_commits<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Commit<TargetOffset>>, D::Error> {
    let mut commits = Vec::<Commit<TargetOffset>>::deserialize(deserializer)?;
    commits.sort_by(|a, b| (&a.group, &a.partition).cmp(&(&b.group, &b.partition)));
    once(commits.iter().map(|commit| (&commit.group, &commit.partition)), |(group, on)| {
        format!("the commit of {group} on {on} of the target")
    })?;
    Ok(commits)
}
