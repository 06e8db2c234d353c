use std::num::NonZero;
use std::thread;

use offsets_core::sim::{Curve, Simulation};

use super::dump::create;
use crate::args::{Format, OutputArgs, SimulateArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Remarks, chart, print_simulation};

/// How many links the chart is drawn from.
const CHARTED_LINKS: u64 = 32;

/// `offsets simulate`.
pub(crate) fn simulate(output: &OutputArgs, args: &SimulateArgs) -> Result<Exit, Failure> {
    if !matches!(output.output, Format::Table | Format::Json) {
        return Err(
            Failure::usage("a simulation is printed as a table or as JSON").remedy("say -o table or -o json")
        );
    }
    let simulation = simulated(args);
    let curve = args.chart.as_ref().map(|_| Curve::of(args.seed, CHARTED_LINKS));
    if let (Some(path), Some(curve)) = (&args.chart, &curve) {
        create(path, &chart(curve))?;
    }
    print_simulation(&simulation, curve.as_ref(), output, Remarks::new(output))?;
    Ok(if simulation.violations().is_empty() { Exit::Done } else { Exit::Unverified })
}

/// The histories, in as many parts as there are cores. What comes out does not depend on how many those are.
fn simulated(args: &SimulateArgs) -> Simulation {
    let parts = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    let histories = u128::from(args.histories);
    let bound = |at: u64| (histories * u128::from(at) / u128::from(parts)) as u64;
    thread::scope(|scope| {
        let start = |at| scope.spawn(move || Simulation::of(args.seed, bound(at)..bound(at + 1)));
        let running: Vec<_> = (1..parts).map(start).collect();
        let mut simulation = Simulation::of(args.seed, 0..bound(1));
        for part in running {
            match part.join() {
                Ok(part) => simulation.add(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        simulation
    })
}
