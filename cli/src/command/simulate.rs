use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::thread;

use offsets_sim::{Accuracy, Breadth, Curve, Scenario, ScenarioRun, Simulation};

use crate::args::{Format, OutputArgs, SimulateArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::create;
use crate::print::{Reporter, chart, print_simulation};
use crate::text;

/// How many links the chart is drawn from.
const CHARTED_LINKS: u64 = 32;

/// How many histories of each link the tables of accuracy are made of.
const PROVING_HISTORIES: u64 = 16;

/// Where to look for what a scenario can say.
const EVERY_KEY: &str = "docs/scenario.toml holds every key with its default";

/// `offsets simulate`.
pub(crate) fn simulate(output: &OutputArgs, args: &SimulateArgs) -> Result<Exit, Failure> {
    if !matches!(output.output, Format::Table | Format::Json) {
        return Err(
            Failure::usage("a simulation is printed as a table or as JSON").remedy("say -o table or -o json")
        );
    }
    let Simulated { simulation, accuracy } = simulated(args)?;
    let curve = args.chart.as_ref().map(|_| Curve::of(args.seed, CHARTED_LINKS));
    if let (Some(path), Some(curve)) = (&args.chart, &curve) {
        create(path, &chart(curve))?;
    }
    print_simulation(&simulation, curve.as_ref(), &accuracy, output, Reporter::new(output))?;
    Ok(if simulation.violations().is_empty() { Exit::Done } else { Exit::Unverified })
}

/// What came of the histories.
struct Simulated {
    simulation: Simulation,
    /// What was read again, link by link.
    accuracy: Vec<Accuracy>,
}

fn simulated(args: &SimulateArgs) -> Result<Simulated, Failure> {
    let breadth = if args.accuracy { Breadth::EachKind } else { Breadth::All };
    if let Some(path) = &args.scenario {
        let scenario = described(path)?;
        let link = path.file_stem().unwrap_or_default().to_string_lossy();
        let scenario_run = run_scenario(&link, &scenario, args.seed, args.histories, breadth);
        let accuracy = vec![scenario_run.accuracy()];
        return Ok(Simulated { simulation: scenario_run.simulation().clone(), accuracy });
    }
    let of = |numbers| Simulation::of(args.seed, numbers);
    let mut simulation = in_parts(args.histories, of, Simulation::add);
    let mut accuracy = Vec::new();
    for (link, scenario) in Scenario::proving().into_iter().filter(|_| args.accuracy) {
        let scenario_run = run_scenario(link, &scenario, args.seed, PROVING_HISTORIES, breadth);
        accuracy.push(scenario_run.accuracy());
        simulation.add(scenario_run.simulation().clone());
    }
    Ok(Simulated { simulation, accuracy })
}

/// The link that a file describes.
fn described(path: &Path) -> Result<Scenario, Failure> {
    let scenario: Scenario = text::read_toml(path).map_err(|failure| failure.remedy(EVERY_KEY))?;
    scenario.checked().map_err(|error| Failure::usage(error.to_string()).in_file(path).remedy(EVERY_KEY))
}

fn run_scenario(link: &str, scenario: &Scenario, seed: u64, histories: u64, breadth: Breadth) -> ScenarioRun {
    in_parts(histories, |numbers| ScenarioRun::of(link, scenario, seed, numbers, breadth), ScenarioRun::add)
}

/// Histories in as many parts as there are cores. What comes out does not depend on how many those are.
fn in_parts<T: Send>(histories: u64, of: impl Fn(Range<u64>) -> T + Sync, add: fn(&mut T, T)) -> T {
    let parts = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let bound = |at: u64| (u128::from(histories) * u128::from(at) / u128::from(parts)) as u64;
    let of = &of;
    thread::scope(|scope| {
        let start = |at| scope.spawn(move || of(bound(at)..bound(at + 1)));
        let running: Vec<_> = (1..parts).map(start).collect();
        let mut whole = of(0..bound(1));
        for part in running {
            match part.join() {
                Ok(part) => add(&mut whole, part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        whole
    })
}
