use std::path::Path;
use std::time::Duration;

use offsets_core::translate::Seed;
use offsets_reconcile::{
    Extractor, IdentityRule, Misfit, OperatorKind, Order, Policies, RecordErrorKind, RecordRules, Regions,
    UpsertRules, VersionRule, Window,
};

use offsets_streams::OperatorSpec;

use crate::args::{Mode, OnFlaw, ReconcileArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text;

/// What the arguments say of how records are judged, and by which operator.
pub(super) struct Method {
    pub(super) rules: RecordRules,
    pub(super) operator: OperatorSpec,
}

impl Method {
    pub(super) fn of(args: &ReconcileArgs) -> Result<Self, Failure> {
        are_consistent(args)?;
        let seed = args.seed.as_deref().map(seed).transpose()?;
        let order = args.order.as_ref().map(|version| order(version, args)).transpose()?;
        let operator = operator_kind(args.mode);
        let identity = args.identity.clone().unwrap_or(IdentityRule::Copy);
        let extractor =
            Extractor::new(operator, identity, order, millis(args.max_ahead)).map_err(|misfit| {
                Failure::usage(format!("--mode {operator}: {misfit}")).remedy(remedy(&misfit))
            })?;
        are_possible(&args.on, &extractor, operator)?;
        let window = window(args)?;
        let upsert = UpsertRules { tombstone_retention_ms: horizon(args)? };
        let operator = match (args.mode, seed) {
            (Mode::Dedup, _) => OperatorSpec::Dedup(window),
            (Mode::Upsert, _) => OperatorSpec::Upsert(upsert),
            (Mode::Reread, Some(seed)) => OperatorSpec::Reread(seed),
            (Mode::Reread, None) => {
                return Err(Failure::usage("--mode reread needs a --seed"));
            }
        };
        Ok(Self { rules: RecordRules { extractor, policies: policies(args) }, operator })
    }
}

/// The window that the arguments name.
fn window(args: &ReconcileArgs) -> Result<Window, Failure> {
    match (args.window, args.window_count) {
        (Some(length), _) => Window::time(length).ok_or_else(|| {
            let least = Window::MIN_TIME.as_secs();
            Failure::usage(format!("a --window is at least {least}s: a shorter one would forget nothing"))
                .remedy("give a longer one, or --window-count, or none to remember everything")
        }),
        (None, Some(count)) => Window::count(count).ok_or_else(|| {
            let least = Window::MIN_COUNT;
            Failure::usage(format!(
                "--window-count {count}: a window is forgotten in {least} parts, none of which is less than an identity"
            ))
            .remedy(format!("give {least} or more, or none to remember everything"))
        }),
        (None, None) => Ok(Window::Unbounded),
    }
}

fn seed(path: &Path) -> Result<Seed, Failure> {
    let text = text::read(path)?;
    Seed::read(&text).map_err(|error| {
        Failure::from_error(Exit::Usage, &path.display().to_string(), &error)
            .remedy("take the file as `offsets translate --seed-out` or `offsets reset --seed-out` wrote it")
    })
}

fn operator_kind(mode: Mode) -> OperatorKind {
    match mode {
        Mode::Dedup => OperatorKind::Dedup,
        Mode::Upsert => OperatorKind::Upsert,
        Mode::Reread => OperatorKind::Reread,
    }
}

/// What to say instead of rules that do not go together.
pub(super) fn remedy(misfit: &Misfit) -> &'static str {
    match misfit {
        Misfit::NothingRepeats(_) => {
            "say what copies of an event have in common: --identity header:NAME, json:/POINTER, key or content"
        }
        Misfit::NothingMerges(_) => {
            "use --identity key, or json:/POINTER or header:NAME of what the writes of a key have in common"
        }
        Misfit::NoOrder => "say which write wins with --order",
        Misfit::OneVersion(_) => "use --order with what rises from write to write of a key",
        Misfit::TombstoneHasVersion(_) => "leave --tombstone-version out",
        Misfit::TombstoneHasNoIdentity(_) => {
            "leave --tombstone-version out, or use --identity key or header:NAME, which a tombstone has too"
        }
        _ => "leave out what does not belong to this --mode",
    }
}

/// A policy for a flaw that no record can have is a mistake, and so are two for one.
fn are_possible(policies: &[OnFlaw], extractor: &Extractor, operator: OperatorKind) -> Result<(), Failure> {
    for (place, OnFlaw { kind, .. }) in policies.iter().enumerate() {
        let cause = kind.as_str();
        if policies[..place].iter().any(|before| before.kind == *kind) {
            return Err(
                Failure::usage(format!("--on says twice what becomes of {cause}")).remedy("say it once")
            );
        }
        if !extractor.can_have(operator, *kind) {
            let identity = &extractor.identity;
            let message = match kind {
                RecordErrorKind::Identity => {
                    format!("--on {cause} means nothing here: every record has an identity by {identity}")
                }
                _ => format!("--on {cause} means nothing here: --mode {operator} compares no versions"),
            };
            return Err(Failure::usage(message).remedy("leave it out"));
        }
    }
    Ok(())
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
    if !policies(args).has_dead_letters() && args.dead_letter.is_some() {
        return Err(Failure::usage("nothing would go to --dead-letter: no --on says dead-letter")
            .remedy("say which records go there, as in --on order=dead-letter, or leave it out"));
    }
    // Between topics they say which region an input is of.
    let has_unused_regions = args.topics.group.is_none() && !args.regions.is_empty();
    let foreign: &[_] = match args.mode {
        Mode::Dedup => &[
            (args.order.is_some(), "--order"),
            (args.tombstone_horizon.is_some(), "--tombstone-horizon"),
            (args.tombstone_version.is_some(), "--tombstone-version"),
            (args.seed.is_some(), "--seed"),
            (has_unused_regions, "--regions"),
            (args.topics.ledger_values, "--ledger-values"),
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
            (args.topics.ledger_values, "--ledger-values"),
            (has_unused_regions, "--regions"),
        ],
    };
    match foreign.iter().find(|(given, _)| *given) {
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
    if let Some(IdentityRule::Json(pointer)) = &args.identity {
        let message = format!(
            "--tombstone-horizon means nothing here: a tombstone has no field {pointer} to be identified by"
        );
        return Err(Failure::usage(message).remedy("leave it out, or use --identity key or header:NAME"));
    }
    if horizon <= outage {
        let message =
            "--tombstone-horizon is not longer than --longest-outage: what was deleted could come back";
        return Err(Failure::usage(message).remedy("give a longer horizon, or none"));
    }
    Ok(Some(millis(horizon)))
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
