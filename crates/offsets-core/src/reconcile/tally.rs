use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::Serialize;

use super::{FlawKind, Reason};

/// What became of the records of a run: each is written, lost, or flawed and set aside; a flawed one that passes is written too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Records that were read.
    pub records: u64,
    /// Records that went to the output.
    pub written: u64,
    /// Writes that lost, by reason.
    pub lost: BTreeMap<Reason, u64>,
    /// Records that could not be judged, by what they could not be judged by.
    pub flawed: BTreeMap<FlawKind, u64>,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.written += other.written;
        other.lost.into_iter().for_each(|(reason, count)| *self.lost.entry(reason).or_default() += count);
        other.flawed.into_iter().for_each(|(kind, count)| *self.flawed.entry(kind).or_default() += count);
    }
}
