use offsets_core::model::TargetOffset;
use offsets_core::translate::{EvidenceKind, EvidencePolicy, Row};
use serde::Serialize;

use crate::{Event, History, Known, Random, Setting, SimulatedLink, Truth, World};

/// How much groups read again, by how far they lag: ours beside what MM2's 64 slots would give them.
///
/// The worlds are links as they are mostly: a sync each 101 records and wherever the source has a hole, no other producer
/// interferes. Means over several worlds and, in each, several groups that lag about as far.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Curve {
    /// By rising lag.
    pub points: Vec<CurvePoint>,
}

/// The means for one lag.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CurvePoint {
    /// How far the groups lag, in source offsets; about so far.
    pub lag: u64,
    /// How many commits were looked at.
    pub commits: u64,
    /// Records read again from our positions, from the syncs alone.
    pub syncs_reread: f64,
    /// The same from all evidence.
    pub reread: f64,
    /// The same from MM2's.
    pub mm2_reread: f64,
}

/// Records of each world.
const RECORDS: u32 = 2_000_000;
/// Groups that lag about as far, in each world.
const GROUPS: u64 = 8;

impl Curve {
    /// The greatest lag looked at.
    pub const GREATEST_LAG: u64 = 1_000_000;

    /// The curve over this number of worlds, which follow from a seed.
    pub fn of(seed: u64, worlds: u64) -> Self {
        let mut random = Random::from_seed(seed);
        let mut sums: Vec<Sum> = lags().into_iter().map(Sum::new).collect();
        for _ in 0..worlds {
            let world = History::steady(RECORDS, &mut random).tell().1;
            sums.iter_mut().for_each(|sum| sum.draw(&world, &mut random));
            let syncs = rows(&world, EvidencePolicy::only([EvidenceKind::Syncs]), &sums);
            let all = rows(&world, EvidencePolicy::default(), &sums);
            let truth = Truth::of(&world);
            let mut rows = syncs.iter().zip(&all);
            for sum in &mut sums {
                let asked = sum.asked.len();
                rows.by_ref().take(asked).for_each(|(syncs, all)| sum.add(&truth, syncs, all));
            }
        }
        Self { points: sums.iter().map(Sum::mean).collect() }
    }
}

/// 0, and 1, 2, 5, 10 and so on.
fn lags() -> Vec<u64> {
    let decades = (0..6).flat_map(|decade| [1, 2, 5].map(|step| step * 10_u64.pow(decade)));
    [0].into_iter().chain(decades).chain([Curve::GREATEST_LAG]).collect()
}

/// The answers for what is asked of a world, in that order.
fn rows(world: &World, rules: EvidencePolicy, sums: &[Sum]) -> Vec<Row> {
    let asked = sums.iter().flat_map(|sum| &sum.asked).copied();
    SimulatedLink { read: world, now: world, known: Known::ALL }.rows(&rules, asked)
}

/// A fifth more or less.
pub(crate) fn about(lag: u64, random: &mut Random) -> u64 {
    let blur = lag / 5;
    lag - blur + random.below(2 * blur + 1)
}

/// What adds up at one lag.
struct Sum {
    lag: u64,
    asked: Vec<i64>,
    commits: u64,
    syncs: u64,
    all: u64,
    mm2: u64,
}

impl Sum {
    fn new(lag: u64) -> Self {
        Self { lag, asked: Vec::new(), commits: 0, syncs: 0, all: 0, mm2: 0 }
    }

    /// Draws commits that lag about as far.
    fn draw(&mut self, world: &World, random: &mut Random) {
        let mut commit = || world.source.end - about(self.lag, random).min(Curve::GREATEST_LAG) as i64;
        self.asked = (0..GROUPS).map(|_| commit()).collect();
    }

    fn add(&mut self, truth: &Truth, syncs: &Row, all: &Row) {
        let g = syncs.committed.offset.get();
        let reread = |at: Option<TargetOffset>| at.map(|at| truth.reread(at.get(), g));
        let positions =
            (reread(syncs.position.target()), reread(all.position.target()), reread(syncs.mm2.target));
        if let (Some(syncs), Some(all), Some(mm2)) = positions {
            self.commits += 1;
            self.syncs += syncs;
            self.all += all;
            self.mm2 += mm2;
        }
    }

    fn mean(&self) -> CurvePoint {
        let mean = |sum: u64| sum as f64 / self.commits.max(1) as f64;
        CurvePoint {
            lag: self.lag,
            commits: self.commits,
            syncs_reread: mean(self.syncs),
            reread: mean(self.all),
            mm2_reread: mean(self.mm2),
        }
    }
}

impl History {
    /// A link on which nothing special happens: records come in bursts of about ten thousand, some end with a transaction
    /// marker, and MM2 follows.
    pub fn steady(records: u32, random: &mut Random) -> Self {
        let mut events = Vec::new();
        let mut left = records;
        while left > 0 {
            let burst = random.between(1, 20_000).min(left);
            left -= burst;
            events.push(Event::Produce { records: burst - 1, holes: 0 });
            events.push(Event::Produce { records: 1, holes: random.between(0, 2) });
            events.push(Event::Copy { records: burst });
        }
        Self { setting: Setting::default(), events, meanwhile: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mm2_reads_about_half_the_lag_again_and_we_read_none() {
        let curve = Curve::of(1, 1);
        let last = curve.points.last().copied();
        let Some(CurvePoint { lag, commits, syncs_reread, reread, mm2_reread }) = last else {
            panic!("there is a last point")
        };
        assert_eq!((lag, commits, reread), (Curve::GREATEST_LAG, GROUPS, 0.0));
        assert!(syncs_reread < 101.0 && mm2_reread > 10_000.0, "{last:?}");
        assert_eq!(curve, Curve::of(1, 1), "a seed gives one curve");
    }
}
