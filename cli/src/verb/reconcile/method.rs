use std::path::Path;
use std::time::Duration;

use offsets_core::reconcile::{
    Examination, IdentityRule, Order, Policies, Regions, Rules, Seed, UpsertRules, VersionRule, Window,
};

use offsets_runner::Judging;

use crate::args::{Mode, ReconcileArgs};
use crate::exit::Exit;
use crate::failure::Failure;

/// What the arguments say of how records are judged, and by which operator.
pub(super) struct Method {
    pub(super) rules: Rules,
    pub(super) judging: Judging,
}

impl Method {
    pub(super) fn of(args: &ReconcileArgs) -> Result<Self, Failure> {
        are_consistent(args)?;
        let seed = args.seed.as_deref().map(seed).transpose()?;
        let order = args.order.as_ref().map(|version| order(version, args)).transpose()?;
        let examination = Examination {
            identity: args.identity.clone().unwrap_or(IdentityRule::Copy),
            order,
            max_ahead_ms: millis(args.max_ahead),
        };
        let window = match (args.window, args.window_count) {
            (Some(span), _) => Window::time(span),
            (None, Some(count)) => Window::count(count),
            (None, None) => Some(Window::Unbounded),
        };
        let window = window.ok_or_else(|| {
            Failure::usage("a --window is at least 16s: a shorter one would forget nothing")
                .remedy("give a longer one, or --window-count, or none to remember everything")
        })?;
        let upsert = UpsertRules { horizon_ms: horizon(args)? };
        let judging = match (args.mode, seed) {
            (Mode::Dedup, _) => Judging::Dedup(window),
            (Mode::Upsert, _) => Judging::Upsert(upsert),
            (Mode::Reread, Some(seed)) => Judging::Reread(seed),
            (Mode::Reread, None) => {
                return Err(Failure::usage("--mode reread needs a --seed"));
            }
        };
        Ok(Self { rules: Rules { examination, policies: policies(args) }, judging })
    }
}

fn seed(path: &Path) -> Result<Seed, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, &error))?;
    Seed::read(&text).map_err(|error| {
        Failure::from_error(Exit::Usage, &path.display().to_string(), &error)
            .remedy("take the file as `offsets translate --seed-out` or `offsets reset --seed-out` wrote it")
    })
}

fn policies(args: &ReconcileArgs) -> Policies {
    args.on.iter().map(|on| (on.kind, on.policy)).collect()
}

/// Words of another mode, or a policy without the file it needs, are mistakes.
fn are_consistent(args: &ReconcileArgs) -> Result<(), Failure> {
    if policies(args).has_dead_letters() && args.dead_letter.is_none() && !args.dry_run {
        return Err(Failure::usage("--on says dead-letter, and nowhere is named for them to go")
            .remedy("name a file or a topic with --dead-letter"));
    }
    let foreign: &[_] = match args.mode {
        Mode::Dedup => &[
            (args.order.is_some(), "--order"),
            (args.tombstone_horizon.is_some(), "--tombstone-horizon"),
            (args.tombstone_version.is_some(), "--tombstone-version"),
            (args.seed.is_some(), "--seed"),
        ],
        Mode::Upsert => &[
            (args.window.is_some(), "--window"),
            (args.window_count.is_some(), "--window-count"),
            (args.seed.is_some(), "--seed"),
        ],
        Mode::Reread => &[
            (args.identity.is_some(), "--identity"),
            (args.order.is_some(), "--order"),
            (args.window.is_some(), "--window"),
            (args.window_count.is_some(), "--window-count"),
            (args.tombstone_horizon.is_some(), "--tombstone-horizon"),
            (args.tombstone_version.is_some(), "--tombstone-version"),
            (args.topics.repartition.is_some(), "--repartition"),
        ],
    };
    match foreign.iter().find(|(said, _)| *said) {
        Some((_, flag)) => Err(Failure::usage(format!("{flag} means nothing in this --mode"))
            .remedy("leave it out, or choose the --mode it belongs to")),
        None => Ok(()),
    }
}

fn order(version: &VersionRule, args: &ReconcileArgs) -> Result<Order, Failure> {
    let regions = Regions::new(args.regions.iter().cloned());
    let regions = regions.map_err(|error| Failure::usage(format!("--regions: {error}")))?;
    Ok(Order { version: version.clone(), tombstones: args.tombstone_version.clone(), regions })
}

/// A delete that is forgotten before the writes it beat have all come lets them come back.
fn horizon(args: &ReconcileArgs) -> Result<Option<i64>, Failure> {
    let (Some(horizon), Some(outage)) = (args.tombstone_horizon, args.longest_outage) else {
        return Ok(None);
    };
    if horizon <= outage {
        let said =
            "--tombstone-horizon is not longer than --longest-outage: what was deleted could come back";
        return Err(Failure::usage(said).remedy("give a longer horizon, or none"));
    }
    Ok(Some(millis(horizon)))
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
