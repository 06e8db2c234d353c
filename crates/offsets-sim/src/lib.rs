//! A link that is simulated: a source log, an MM2 that copies it, dies and copies again, or a link that preserves
//! offsets, the target log, and everything that can happen to either meanwhile. It knows the truth about every offset,
//! so any answer can be checked against it.
//!
//! A [`History`] is what happens to one partition; told, it gives a [`World`], from which the [`Evidence`] follows that an
//! edge would gather, as far as it is [`Known`]. [`Invariant`] says which answers are wrong, and whether an assumption that the
//! answer names excuses that. A [`Scenario`] is a described link. A [`Case`] does all this for one seed, a [`Simulation`] for many. Stories follow from a
//! seed alone: the same on every machine, with no clock and no threads.
//!
//! What it does not model: time (nothing here is late, only missing), more than one partition, and the contents of
//! records beyond which of them look alike.
//!
//! [`Evidence`]: offsets_core::evidence::Evidence

mod accuracy;
mod case;
mod curve;
mod evidence;
mod evidence_source;
mod history;
mod history_generator;
mod invariant;
mod mirror_maker;
mod preserver;
mod random;
mod replicator;
mod resumption;
mod scenario;
mod scenario_generator;
mod scenario_run;
mod simulation;
mod source_log;
mod target_log;
mod truth;
mod waivers;
mod world;

pub use accuracy::{Accuracy, EvidenceRereads, LagRereads};
pub use case::{Case, Outcome, Rereads};
pub use curve::{Curve, CurvePoint};
pub use evidence::{Kept, Known, TOPIC};
pub use evidence_source::SimulatedLink;
pub use history::{Event, History};
pub use history_generator::HistoryKind;
pub use invariant::{Invariant, Violation, ViolationKind};
pub use mirror_maker::SyncRecord;
pub use random::Random;
pub use resumption::Resumption;
pub use scenario::{
    Clock, ReplicationDescription, Scenario, ScenarioError, SourceDescription, TargetDescription,
};
pub use scenario_run::{Breadth, ScenarioRun};
pub use simulation::{Counterexample, Simulation, SimulationReport, SimulationSummary};
pub use source_log::SourceLog;
pub use target_log::{Entry, TargetLog};
pub use truth::Truth;
pub use world::{Setting, Timestamps, World};

use offsets_core::model::{SourceOffset, TargetOffset};

/// A simulated source offset, as Kafka counts: logs here begin at 0 or above.
fn upstream(offset: i64) -> SourceOffset {
    SourceOffset::ZERO.plus(offset.unsigned_abs())
}

/// The same on the target.
fn downstream(offset: i64) -> TargetOffset {
    TargetOffset::ZERO.plus(offset.unsigned_abs())
}

// Values go from one thread to another, and what is only read is read by several.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Case>();
    is_send_and_sync::<Scenario>();
    is_send_and_sync::<Simulation>();
    is_send_and_sync::<World>();
};
