use std::ops::Range;

use offsets_core::translate::{EvidenceKind, EvidencePolicy, Row};

use crate::curve::about;
use crate::{
    Accuracy, EvidenceRereads, Invariant, Known, LagRereads, Outcome, Random, Scenario, SimulatedLink,
    Simulation, World,
};

/// Histories of one described link, with groups that lag as far as described, and every answer checked.
///
/// Number `n` of it follows from its seed plus `n`.
///
/// # Examples
/// ```
/// use offsets_sim::{Breadth, ScenarioRun, Scenario};
///
/// let scenario_run = ScenarioRun::of("orders", &Scenario::default(), 1, 0..1, Breadth::All);
/// assert!(scenario_run.simulation().violations().is_empty());
/// let all = &scenario_run.accuracy().evidence[0];
/// assert!(all.lags.iter().all(|at| at.mean == 0.0), "nothing happens on this link");
/// ```
#[derive(Debug, Clone)]
pub struct ScenarioRun {
    link: String,
    lags: Vec<u32>,
    simulation: Simulation,
    sums: Vec<Sum>,
}

/// From which evidence answers are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    /// From all there is.
    All,
    /// From each kind alone too.
    EachKind,
}

/// Commits that lag about as far, in each history.
const GROUPS: usize = 8;

/// A commit, and the number of the lag that it has.
#[derive(Debug, Clone, Copy)]
struct Asked {
    lag: usize,
    offset: i64,
}

/// What was read again, by lag.
#[derive(Debug, Clone)]
struct Sum {
    by: Answers,
    rereads: Vec<Vec<u64>>,
}

/// Whose answers, or from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    Only(EvidenceKind),
    All,
    Mm2,
}

impl ScenarioRun {
    /// The histories of a link, called `link`, with these numbers. Rehearsals of the same link and seed that have others
    /// can be added.
    pub fn of(link: &str, scenario: &Scenario, seed: u64, numbers: Range<u64>, breadth: Breadth) -> Self {
        let kinds = EvidenceKind::ALL.into_iter().filter(|_| breadth == Breadth::EachKind);
        let all = kinds.map(Answers::Only).chain([Answers::All, Answers::Mm2]);
        let sum = |by| Sum { by, rereads: vec![Vec::new(); scenario.lags.len()] };
        let mut scenario_run = Self {
            link: link.to_owned(),
            lags: scenario.lags.clone(),
            simulation: Simulation::beginning(seed),
            sums: all.map(sum).collect(),
        };
        for number in numbers {
            scenario_run.run(scenario, seed.wrapping_add(number));
        }
        scenario_run
    }

    /// Adds the histories of another part.
    pub fn add(&mut self, other: Self) {
        self.simulation.add(other.simulation);
        for (sum, other) in self.sums.iter_mut().zip(other.sums) {
            sum.rereads.iter_mut().zip(other.rereads).for_each(|(all, more)| all.extend(more));
        }
    }

    /// What broke the law, and the sums. Answers from one kind alone are judged too, and not counted.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// What groups read again.
    pub fn accuracy(&self) -> Accuracy {
        let evidence = |sum: &Sum| EvidenceRereads {
            evidence: sum.by.name(),
            lags: self
                .lags
                .iter()
                .zip(&sum.rereads)
                .map(|(&lag, rereads)| LagRereads::of(lag, rereads))
                .collect(),
        };
        Accuracy { link: self.link.clone(), evidence: self.sums.iter().map(evidence).collect() }
    }

    fn run(&mut self, scenario: &Scenario, seed: u64) {
        let mut random = Random::from_seed(seed);
        let (read, now) = scenario.history(&mut random).tell();
        let asked = self.draw(&now, &mut random);
        let few: Vec<Asked> = asked.iter().step_by(GROUPS).copied().collect();
        let known = Known { source: !scenario.source.dead, ..Known::ALL };
        let invariant = Invariant::of(&read, &now, known);
        let without_syncs = Invariant::of(&read, &now, Known { syncs: false, ..known });
        let mut outcome = Outcome { records: read.source.len(), ..Outcome::default() };
        for at in 0..self.sums.len() {
            let by = self.sums[at].by;
            let (rules, asked) = match by {
                // Without the bracket of the syncs a probe reads as much as it may, for each answer.
                Answers::Only(kind) if kind.is_probe() => (EvidencePolicy::only([kind]), &few),
                Answers::Only(kind) => (EvidencePolicy::only([kind]), &asked),
                Answers::All => (EvidencePolicy::default(), &asked),
                Answers::Mm2 => continue,
            };
            let invariant = if rules.allows(EvidenceKind::Syncs) { &invariant } else { &without_syncs };
            let offsets = asked.iter().map(|asked| asked.offset);
            let rows = if by == Answers::Only(EvidenceKind::Headers) {
                // They are on no other link than one that writes them.
                let (read, now) = (&read.with_headers(), &now.with_headers());
                SimulatedLink { read, now, known }.rows(&rules, offsets)
            } else {
                SimulatedLink { read: &read, now: &now, known }.rows(&rules, offsets)
            };
            for (row, asked) in rows.iter().zip(asked) {
                self.judge(at, asked.lag, invariant, row, &mut outcome);
            }
        }
        self.simulation.add(Simulation::of_scenario(seed, scenario, outcome));
    }

    /// Commits that lag about as far as was said, lag by lag.
    fn draw(&self, now: &World, random: &mut Random) -> Vec<Asked> {
        let oldest = now.setting().origin.0;
        let mut asked = |at: usize| {
            let lag = about(u64::from(self.lags[at]), random) as i64;
            Asked { lag: at, offset: (now.source.end - lag).max(oldest) }
        };
        (0..self.lags.len()).flat_map(|at| [at; GROUPS]).map(&mut asked).collect()
    }

    fn judge(&mut self, at: usize, lag: usize, invariant: &Invariant<'_>, row: &Row, outcome: &mut Outcome) {
        let (excused, breaches): (Vec<_>, Vec<_>) =
            invariant.violations(row).into_iter().partition(|violation| violation.waiver.is_some());
        outcome.breaches.extend(breaches);
        let (g, truth) = (row.committed.offset.get(), invariant.truth());
        if let Some(target) = row.position.target() {
            self.sums[at].rereads[lag].push(truth.reread(target.get(), g));
        }
        if self.sums[at].by != Answers::All {
            return;
        }
        outcome.answers += 1;
        outcome.exact += u64::from(row.position.class() == "exact");
        outcome.excused += u64::from(!excused.is_empty());
        outcome.rereads.add(row, invariant);
        let safe = row.mm2.target.filter(|target| target.get() <= truth.last(g));
        let mm2 = self.sums.iter_mut().find(|sum| sum.by == Answers::Mm2);
        if let Some((target, mm2)) = safe.zip(mm2) {
            mm2.rereads[lag].push(truth.reread(target.get(), g));
        }
    }
}

impl Answers {
    fn name(self) -> &'static str {
        match self {
            Self::Only(kind) => kind.name(),
            Self::All => "all",
            Self::Mm2 => "mm2",
        }
    }
}
