use offsets_core::evidence::Evidence;
use offsets_core::model::{SourceOffset, TopicPartition};
use offsets_core::translate::{EvidenceKind, EvidencePolicy, Row, answers};

use crate::{History, Invariant, Known, Random, Violation, ViolationKind, World, upstream};

/// How many commits are looked at in each history.
const COMMITS: usize = 5;

/// One simulated history and the questions asked about it. It follows from its seed.
///
/// # Examples
/// ```
/// use offsets_sim::Case;
///
/// let outcome = Case::from_seed(42).run();
/// assert!(outcome.breaches.is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct Case {
    /// What happened.
    pub history: History,
    /// Which evidence survived.
    pub known: Known,
    /// Which of it is used.
    pub rules: EvidencePolicy,
    /// Where in the log groups have committed, in parts of 2^64.
    places: [u64; COMMITS],
}

/// What came of a trial.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Records the source was given.
    pub records: u64,
    /// How many answers there were.
    pub answers: u64,
    /// How many of them were exact.
    pub exact: u64,
    /// How many were not right and named an assumption that this world broke.
    pub excused: u64,
    /// What broke the law.
    pub breaches: Vec<Violation>,
    /// What groups read again, ours beside MM2's.
    pub rereads: Rereads,
}

/// What groups read again, from the positions of this tool and from MM2's, for the same commits: those for which MM2 has
/// a position that skips nothing. Only histories count without other producers, in which every sync that was kept is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rereads {
    /// How many commits.
    pub commits: u64,
    /// Records read again from our positions.
    pub ours: u64,
    /// Records read again from MM2's.
    pub mm2: u64,
    /// Commits for which MM2's position skips records.
    pub mm2_skips: u64,
    /// Commits for which MM2 has no position.
    pub mm2_silent: u64,
}

impl Case {
    /// The trial of a seed.
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random::from_seed(seed);
        let history = History::drawn(&mut random);
        let known = if random.once_in(3) { Known::ALL } else { Known::from_bits(random.bits()) };
        let kinds = random.bits();
        let chosen = EvidenceKind::ALL.into_iter().filter(|&kind| kinds >> kind as u32 & 1 == 1);
        let rules = if random.once_in(2) { EvidencePolicy::default() } else { EvidencePolicy::only(chosen) };
        Self { history, known, rules, places: std::array::from_fn(|_| random.bits()) }
    }

    /// Tells the story, asks for the answers and judges them.
    pub fn run(&self) -> Outcome {
        self.run_with(|_, rows| rows)
    }

    /// The same with other answers in the place of those that came: for tests of the law itself.
    pub fn run_with(&self, replaced: impl FnOnce(&Evidence, Vec<Row>) -> Vec<Row>) -> Outcome {
        let (read, now) = self.history.tell();
        let evidence = now.evidence(&read, self.known);
        let rows = replaced(&evidence, answers(&evidence, &self.rules, &self.commits(&read)));
        let syncs = self.known.syncs && self.rules.allows(EvidenceKind::Syncs);
        let invariant = Invariant::of(&read, &now, Known { syncs, ..self.known });
        let all = self.known.syncs && self.rules == EvidencePolicy::default() && invariant.is_plain();
        let mut outcome = Outcome { records: read.source.len(), ..Outcome::default() };
        for row in &rows {
            let (excused, breaches): (Vec<_>, Vec<_>) =
                invariant.violations(row).into_iter().partition(|violation| violation.waiver.is_some());
            outcome.answers += 1;
            outcome.exact += u64::from(row.position.class() == "exact");
            outcome.excused += u64::from(!excused.is_empty());
            outcome.breaches.extend(breaches);
            if all {
                outcome.rereads.add(row, &invariant);
            }
        }
        outcome
    }

    /// The same trial with as few events as break the law in the same way.
    #[must_use]
    pub fn shortened(&self, kind: ViolationKind) -> Self {
        let with = |history: &History| Self { history: history.clone(), ..self.clone() };
        let breaks =
            |history: &History| with(history).run().breaches.iter().any(|breach| breach.kind == kind);
        with(&self.history.shortened(breaks))
    }

    /// Commits anywhere from the beginning of the log to its end.
    fn commits(&self, read: &World) -> Vec<(TopicPartition, SourceOffset)> {
        let lowest = self.history.setting.origin.0.min(read.source.start);
        let partition = World::partition();
        let length = u128::from((read.source.end - lowest).unsigned_abs()) + 1;
        let offset = |&place: &u64| {
            let above = (u128::from(place) * length) >> 64;
            (partition.clone(), upstream(lowest).plus(above as u64))
        };
        self.places.iter().map(offset).collect()
    }
}

impl Outcome {
    /// Adds another outcome.
    pub fn add(&mut self, other: Self) {
        self.records += other.records;
        self.answers += other.answers;
        self.exact += other.exact;
        self.excused += other.excused;
        self.breaches.extend(other.breaches);
        self.rereads.commits += other.rereads.commits;
        self.rereads.ours += other.rereads.ours;
        self.rereads.mm2 += other.rereads.mm2;
        self.rereads.mm2_skips += other.rereads.mm2_skips;
        self.rereads.mm2_silent += other.rereads.mm2_silent;
    }
}

impl Rereads {
    pub(crate) fn add(&mut self, row: &Row, invariant: &Invariant<'_>) {
        let Some(ours) = row.position.target() else { return };
        let Some(mm2) = row.mm2.target else {
            self.mm2_silent += 1;
            return;
        };
        let (g, truth) = (row.committed.offset.get(), invariant.truth());
        if mm2.get() > truth.last(g) {
            self.mm2_skips += 1;
            return;
        }
        self.commits += 1;
        self.ours += truth.reread(ours.get(), g);
        self.mm2 += truth.reread(mm2.get(), g);
    }
}
