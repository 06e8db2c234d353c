use std::collections::BTreeMap;
use std::ops::AddAssign;

use crate::{Policy, Reason, RecordError, RecordErrorKind, Routing};

/// What became of the records of a run.
///
/// Each was written, or was [dropped](Self::dropped) because another stands in its place, or was [set aside](Self::set_aside):
/// `records == written + dropped + set aside`, at any time. Two counts overlap with what was written: a write that a later one
/// [superseded](Self::superseded) is in the ledger too, and a flawed record that [passed](Self::passed) is among the flawed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunCounts {
    /// Records that were read.
    pub records: u64,
    /// Records that went to the output.
    pub written: u64,
    /// Writes that lost, by reason: the lines of the ledger.
    pub lost: BTreeMap<Reason, u64>,
    /// How many of those that lost had gone to the output before.
    pub superseded: u64,
    /// Records that could not be judged, by what they could not be judged by.
    pub flawed: BTreeMap<RecordErrorKind, u64>,
    /// How many of those that could not be judged went to the output all the same.
    pub passed: u64,
}

/// Where a record goes that was ruled on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// To the output. The write that it beats, if there is one, goes into the ledger ([`Routing::loss`]).
    Output,
    /// Into the ledger, and no further.
    Ledger,
    /// To the dead letters.
    DeadLetters(&'a RecordError),
    /// Nowhere: the run ends before it, for this reason.
    Nowhere(&'a RecordError),
}

impl RunCounts {
    /// Counts what becomes of a record, and tells where it goes. One before which the run ends is not counted: it is yet to be
    /// read.
    ///
    /// ```
    /// use offsets_reconcile::{Destination, RecordErrorCause, RecordErrorKind, RecordError, Policy, Routing, RunCounts};
    ///
    /// let flawed = RecordError { kind: RecordErrorKind::Identity, cause: RecordErrorCause::NullKey };
    /// let mut counts = RunCounts::default();
    /// let routing = Routing::Reject { flawed: flawed.clone(), policy: Policy::DeadLetter };
    /// assert_eq!(counts.count(&routing), Destination::DeadLetters(&flawed));
    /// assert_eq!((counts.records, counts.written, counts.flawed[&RecordErrorKind::Identity]), (1, 0, 1));
    /// ```
    pub fn count<'a>(&mut self, routing: &'a Routing) -> Destination<'a> {
        let destination = routing.destination();
        if matches!(destination, Destination::Nowhere(_)) {
            return destination;
        }
        self.records += 1;
        if destination == Destination::Output {
            self.written += 1;
        }
        if let Some((_, loss)) = routing.loss() {
            *self.lost.entry(loss.reason).or_default() += 1;
            self.superseded += u64::from(destination == Destination::Output);
        }
        if let Routing::Reject { flawed, .. } = routing {
            *self.flawed.entry(flawed.kind).or_default() += 1;
            self.passed += u64::from(destination == Destination::Output);
        }
        destination
    }

    /// How many records did not go to the output because another stands in their place.
    pub fn dropped(&self) -> u64 {
        self.lost.values().sum::<u64>() - self.superseded
    }

    /// How many records that could not be judged did not go to the output.
    pub fn set_aside(&self) -> u64 {
        self.flawed.values().sum::<u64>() - self.passed
    }

    /// The same of an output that is written only at the end: what was superseded is not in it.
    #[must_use]
    pub fn without_superseded(self) -> Self {
        Self { written: self.written - self.superseded, superseded: 0, ..self }
    }
}

impl Routing {
    fn destination(&self) -> Destination<'_> {
        match self {
            Self::Emit { .. } => Destination::Output,
            Self::Suppress { .. } => Destination::Ledger,
            Self::Reject { flawed, policy } => match policy {
                Policy::Fail => Destination::Nowhere(flawed),
                Policy::DeadLetter => Destination::DeadLetters(flawed),
                Policy::Pass => Destination::Output,
            },
        }
    }
}

impl AddAssign for RunCounts {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.written += other.written;
        self.superseded += other.superseded;
        self.passed += other.passed;
        other.lost.into_iter().for_each(|(reason, count)| *self.lost.entry(reason).or_default() += count);
        other.flawed.into_iter().for_each(|(kind, count)| *self.flawed.entry(kind).or_default() += count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IdentityRule, KeyedRecord, Loss, Position, Record, RecordErrorCause, WriteRef};

    fn keyed() -> KeyedRecord {
        let record = Record {
            region: "a",
            topic: "orders",
            partition: 0,
            offset: 7,
            timestamp_ms: None,
            key: Some(b"k"),
            value: None,
            headers: &[],
        };
        let identity = IdentityRule::Key.identify(&record).expect("it has a key");
        let position = Position::new(0, 7).expect("it is small");
        KeyedRecord { identity, rank: None, position, timestamp_ms: None, tombstone: true }
    }

    fn loss(reason: Reason) -> Loss {
        let loser = WriteRef { position: keyed().position, rank: None };
        Loss { loser, winner: None, reason }
    }

    fn set_aside(policy: Policy) -> Routing {
        Routing::Reject { flawed: flawed(), policy }
    }

    fn flawed() -> RecordError {
        RecordError { kind: RecordErrorKind::Clock, cause: RecordErrorCause::NoTimestamp }
    }

    /// What one record comes to.
    fn counted(routing: &Routing) -> (Destination<'_>, RunCounts) {
        let mut counts = RunCounts::default();
        (counts.count(routing), counts)
    }

    #[test]
    fn what_passes_is_written_and_the_write_it_beats_is_lost() {
        let counts = RunCounts { records: 1, written: 1, ..RunCounts::default() };
        let alone = Routing::Emit { keyed: keyed(), over: None };
        assert_eq!(counted(&alone), (Destination::Output, counts.clone()));
        let over = Routing::Emit { keyed: keyed(), over: Some(loss(Reason::Version)) };
        let counts = RunCounts { lost: [(Reason::Version, 1)].into(), superseded: 1, ..counts };
        assert_eq!(counted(&over), (Destination::Output, counts));
        assert_eq!(over.loss(), Some((&keyed(), &loss(Reason::Version))));
    }

    #[test]
    fn what_loses_is_not_written() {
        let routing = Routing::Suppress { keyed: keyed(), loss: loss(Reason::Duplicate) };
        let counts = RunCounts { records: 1, lost: [(Reason::Duplicate, 1)].into(), ..RunCounts::default() };
        assert_eq!(counted(&routing), (Destination::Ledger, counts));
        assert_eq!(routing.loss(), Some((&keyed(), &loss(Reason::Duplicate))));
    }

    #[test]
    fn what_cannot_be_judged_goes_where_its_policy_says() {
        let causes =
            RunCounts { records: 1, flawed: [(RecordErrorKind::Clock, 1)].into(), ..RunCounts::default() };
        let passes = RunCounts { written: 1, passed: 1, ..causes.clone() };
        assert_eq!(counted(&set_aside(Policy::Pass)), (Destination::Output, passes));
        assert_eq!(counted(&set_aside(Policy::DeadLetter)), (Destination::DeadLetters(&flawed()), causes));
        assert_eq!(set_aside(Policy::Pass).loss(), None);
    }

    /// Superseded winners once counted twice, and so did records that passed unjudged: 30 records were 8 + 14 + 13.
    #[test]
    fn every_record_is_counted_once_and_the_sum_is_the_records() {
        let routings = [
            Routing::Emit { keyed: keyed(), over: None },
            Routing::Emit { keyed: keyed(), over: Some(loss(Reason::Version)) },
            Routing::Suppress { keyed: keyed(), loss: loss(Reason::Region) },
            set_aside(Policy::Pass),
            set_aside(Policy::DeadLetter),
            set_aside(Policy::Fail),
        ];
        let mut all = RunCounts::default();
        for number in 0..6_usize.pow(3) {
            let mut counts = RunCounts::default();
            for place in 0..3 {
                counts.count(&routings[number / 6_usize.pow(place) % 6]);
                assert_eq!(counts.records, counts.written + counts.dropped() + counts.set_aside());
            }
            all += counts;
            assert_eq!(all.records, all.written + all.dropped() + all.set_aside());
        }
        let at_the_end = all.clone().without_superseded();
        assert_eq!(at_the_end.records, at_the_end.written + at_the_end.dropped() + at_the_end.set_aside());
        assert_eq!(at_the_end.written, all.written - all.superseded);
    }

    #[test]
    fn a_record_before_which_a_run_ends_is_not_counted() {
        assert_eq!(
            counted(&set_aside(Policy::Fail)),
            (Destination::Nowhere(&flawed()), RunCounts::default())
        );
    }
}
