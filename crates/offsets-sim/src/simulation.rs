use serde::Serialize;

use crate::{Accuracy, Case, Curve, Outcome, Scenario, Violation, ViolationKind};

/// Many trials, one behind the other: number `n` of a simulation has its seed plus `n` for a seed, so that any of them
/// can be run alone.
///
/// # Examples
/// ```
/// use offsets_sim::Simulation;
///
/// let (mut half, other) = (Simulation::of(1, 0..50), Simulation::of(1, 50..100));
/// half.add(other);
/// assert_eq!(half.report().summary.histories, 100);
/// ```
#[derive(Debug, Clone)]
pub struct Simulation {
    seed: u64,
    histories: u64,
    total: Outcome,
    violations: Vec<Counterexample>,
}

/// A history in which an answer broke the law.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counterexample {
    /// The seed under which it is the first and only history.
    pub seed: u64,
    /// In which way, by name.
    pub kind: &'static str,
    /// The answer and the truth, in words.
    pub detail: String,
    /// The shortest story in which the same happens, event by event.
    #[serde(rename = "story")]
    pub history: Vec<String>,
}

/// A simulation as JSON. Its shape is a contract: fields are added, never changed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulationReport<'a> {
    api_version: &'static str,
    kind: &'static str,
    /// The seed of the first history.
    pub seed: u64,
    /// What broke the law, by seed.
    pub violations: &'a [Counterexample],
    /// What groups read again by their lag, where that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<&'a Curve>,
    /// The same by the evidence that was used, link by link, where that was looked at.
    #[serde(skip_serializing_if = "<[Accuracy]>::is_empty")]
    pub accuracy: &'a [Accuracy],
    /// The sums.
    pub summary: SimulationSummary,
}

/// The sums of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulationSummary {
    /// Histories that were simulated.
    pub histories: u64,
    /// Records their sources were given.
    pub records: u64,
    /// Answers that were judged.
    pub answers: u64,
    /// Answers that were exact.
    pub exact: u64,
    /// Answers that were not right, because an assumption they name was broken.
    pub excused: u64,
    /// Histories in which an answer broke the law.
    pub violations: u64,
    /// Records read again from our positions, over commits for which MM2 has a position that is safe too.
    pub reread: u64,
    /// Records read again from MM2's own.
    pub mm2_reread: u64,
    /// Commits for which MM2's position skips records.
    pub mm2_skips: u64,
    /// Commits that MM2 has no position for.
    pub mm2_unanswered: u64,
}

impl Simulation {
    /// Runs the trials with these numbers. Simulations of the same seed that run others can be added.
    pub fn of(seed: u64, numbers: std::ops::Range<u64>) -> Self {
        let histories = numbers.end.saturating_sub(numbers.start);
        let mut simulation = Self { seed, histories, total: Outcome::default(), violations: Vec::new() };
        for number in numbers {
            let seed = seed.wrapping_add(number);
            let case = Case::from_seed(seed);
            let mut outcome = case.run();
            if let Some(breach) = outcome.breaches.drain(..).next() {
                simulation.violations.push(Counterexample::of(seed, &case, breach.kind));
            }
            simulation.total.add(outcome);
        }
        simulation
    }

    /// One history of a described link, and its outcome. It is not told event by event: there are too
    /// many.
    pub(crate) fn of_scenario(seed: u64, scenario: &Scenario, mut outcome: Outcome) -> Self {
        let told = |breach: Violation| Counterexample {
            seed,
            kind: breach.kind.name(),
            detail: breach.detail,
            history: vec![format!("{scenario:?}")],
        };
        let violations = outcome.breaches.drain(..).next().map(told).into_iter().collect();
        Self { seed, histories: 1, total: outcome, violations }
    }

    /// A simulation of nothing yet.
    pub(crate) fn beginning(seed: u64) -> Self {
        Self { seed, histories: 0, total: Outcome::default(), violations: Vec::new() }
    }

    /// Adds the trials of another part.
    pub fn add(&mut self, other: Self) {
        self.histories += other.histories;
        self.total.add(other.total);
        self.violations.extend(other.violations);
        let first = self.seed;
        self.violations.sort_by_key(|violation| violation.seed.wrapping_sub(first));
    }

    /// What broke the law, in the order of the histories.
    pub fn violations(&self) -> &[Counterexample] {
        &self.violations
    }

    /// The simulation in the contract's JSON shape.
    pub fn report(&self) -> SimulationReport<'_> {
        let Outcome { records, answers, exact, excused, rereads, .. } = self.total;
        SimulationReport {
            api_version: offsets_core::API_VERSION,
            kind: "Simulation",
            seed: self.seed,
            violations: &self.violations,
            curve: None,
            accuracy: &[],
            summary: SimulationSummary {
                histories: self.histories,
                records,
                answers,
                exact,
                excused,
                violations: self.violations.len() as u64,
                reread: rereads.ours,
                mm2_reread: rereads.mm2,
                mm2_skips: rereads.mm2_skips,
                mm2_unanswered: rereads.mm2_silent,
            },
        }
    }
}

impl Counterexample {
    /// The shortest form of what a trial came upon.
    fn of(seed: u64, case: &Case, kind: ViolationKind) -> Self {
        let short = case.shortened(kind);
        let breach = short.run().breaches.into_iter().find(|breach| breach.kind == kind);
        let Case { history, known, .. } = &short;
        let mut told =
            vec![format!("{:?}", history.setting), format!("{known:?}"), format!("{:?}", short.rules)];
        told.extend(history.events.iter().map(|event| format!("{event:?}")));
        told.extend(history.meanwhile.iter().map(|event| format!("meanwhile {event:?}")));
        Self {
            seed,
            kind: kind.name(),
            detail: breach.map_or_else(String::new, |breach| breach.detail),
            history: told,
        }
    }
}
