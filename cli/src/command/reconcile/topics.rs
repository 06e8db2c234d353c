use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use offsets_core::model::TopicName;
use offsets_core::translate::Seed;
use offsets_kafka::{Deadline, Stop};
use offsets_streams::{Ended, Input, Job, LocalState, OperatorSpec, Outputs, RunListeners};

use super::super::session::TargetSession;
use super::failed::{dry_run_failed, run_failed};
use super::files::check_format;
use super::method::Method;
use super::progress_view::ProgressView;
use super::reread::report_seed_gaps;
use super::run_state::{RunMonitor, RunState};
use crate::args::{LinkArgs, Mode, OutputArgs, ReconcileArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::link::resolve_named;
use crate::print::{Reporter, print_reconciled};
use crate::service::{monitor, stop_on_signals};

/// A run between topics.
pub(super) fn reconcile(
    link: &LinkArgs,
    output: &OutputArgs,
    args: &ReconcileArgs,
    group: &str,
) -> Result<Exit, Failure> {
    check_format(output, args)?;
    let task = task(link, args, group)?;
    if link.demo && !args.dry_run {
        return Err(Failure::usage(
            "the embedded clusters have no transactions, so nothing is written there",
        )
        .remedy("use --dry-run, and leave --to out"));
    }
    // Before anything slow: whatever the run waits for, a stop ends it.
    let stop = stop_on_signals()?;
    Reporter::new(output).ended(run(link, output, args, &task, &stop))
}

fn run(
    link: &LinkArgs,
    output: &OutputArgs,
    args: &ReconcileArgs,
    Task { job, outputs }: &Task,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let session = match open(link, output, args, stop) {
        // What a stop cut short is no failure.
        Err(_) if stop.is_requested() => {
            Reporter::new(output).info("stopped before anything was read");
            return Ok(Exit::Done);
        }
        session => session?,
    };
    let (cluster, reporter) = (&session.cluster, session.reporter);
    if reporter.is_log() {
        let (version, process) = (env!("CARGO_PKG_VERSION"), std::process::id());
        reporter.info(format!("offsets {version} reconciles in group {} (process {process})", job.group));
    }
    if let OperatorSpec::Reread(seed) = &job.operator {
        report_seed_gaps(seed, reporter);
    }
    let state = Arc::new(RunState::default());
    let serve = |address| monitor(address, Arc::new(RunMonitor::of(&state)), reporter);
    let server = args.topics.metrics_listen.map(serve).transpose()?;
    let mut view = ProgressView::new(&state, reporter);
    let ended = match outputs {
        Some(outputs) => {
            let mut repartition = ProgressView::of_repartition(&state, reporter);
            let listeners = RunListeners { repartition: &mut repartition, reconcile: &mut view };
            offsets_streams::run(cluster, job, outputs, listeners, stop)
                .map_err(|error| run_failed(error, job))
        }
        None => offsets_streams::dry_run(cluster, job, &mut view, stop)
            .map_err(|error| dry_run_failed(error, job)),
    };
    // The metrics end with the run.
    drop(server);
    view.report_cap(job.memory.is_some());
    let losses = view.into_losses();
    let (ended, counts) = ended?;
    print_reconciled(&counts, args.dry_run.then_some(losses.as_slice()), false, output, reporter)?;
    if ended == Ended::Stopped {
        reporter.info(match outputs {
            Some(_) => "stopped; everything that was counted is committed",
            None => "stopped before everything was read",
        });
    }
    Ok(Exit::Done)
}

/// Connects to the cluster that holds the topics.
fn open(
    link: &LinkArgs,
    output: &OutputArgs,
    args: &ReconcileArgs,
    stop: &Stop,
) -> Result<TargetSession, Failure> {
    let topics = &args.topics;
    let deadline = Deadline::after(link.timeout).or_stop(stop);
    let is_named = topics.bootstrap_server.is_some() || topics.command_config.is_some();
    if is_named && !link.demo {
        let named = resolve_named(topics.bootstrap_server.as_deref(), topics.command_config.as_ref(), link)?;
        TargetSession::at(named, link, output, deadline)
    } else {
        TargetSession::open_by(link, output, deadline)
    }
}

/// What is to be done, and where results go; in a dry run they go nowhere.
struct Task {
    job: Job,
    outputs: Option<Outputs>,
}

fn task(link: &LinkArgs, args: &ReconcileArgs, group: &str) -> Result<Task, Failure> {
    let Method { rules, operator } = Method::of(args)?;
    let inputs = args.from.iter().map(|from| input(from, args)).collect::<Result<Vec<_>, _>>()?;
    if let Some((_, twice)) = inputs
        .iter()
        .enumerate()
        .find(|(place, input)| inputs[..*place].iter().any(|before| before.topic == input.topic))
    {
        return Err(Failure::usage(format!("--from {} is given twice", twice.topic)));
    }
    if let OperatorSpec::Reread(seed) = &operator {
        fits(seed, group, &inputs)?;
    }
    let outputs = outputs(args)?;
    let job = Job::new(group, inputs, rules, operator);
    let topics = &args.topics;
    let changelog = topics.changelog.as_deref().map_or(job.changelog.clone(), TopicName::from);
    let repartition = topics.repartition.as_deref().map(|name| match name {
        "" => Ok(TopicName::from(format!("{group}-repartition").as_str())),
        name => topic("--repartition", Path::new(name)),
    });
    let repartition = repartition.transpose()?;
    let job = Job {
        repartition,
        changelog,
        changelog_replicas: topics.changelog_replicas,
        local: topics.state.clone().map_or(LocalState::Memory, LocalState::Folder),
        memory: topics.max_memory.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        commit_interval: topics.commit_interval,
        transaction_timeout: topics.transaction_timeout,
        timeout: link.timeout,
        instance: topics.instance.clone(),
        once: topics.once,
        adopt_positions: topics.adopt_positions,
        ..job
    };
    has_one_part_for_each(&job, outputs.as_ref())?;
    job.check().map_err(|error| run_failed(error, &job))?;
    Ok(Task { job, outputs })
}

fn outputs(args: &ReconcileArgs) -> Result<Option<Outputs>, Failure> {
    let Some(to) = &args.to else { return Ok(None) };
    let optional = |flag, path: &Option<PathBuf>| path.as_deref().map(|path| topic(flag, path)).transpose();
    Ok(Some(Outputs {
        output: topic("--to", to)?,
        ledger: optional("--ledger", &args.ledger)?,
        ledger_values: args.topics.ledger_values,
        dead_letters: optional("--dead-letter", &args.dead_letter)?,
    }))
}

/// Whether no topic is named twice.
fn has_one_part_for_each(job: &Job, outputs: Option<&Outputs>) -> Result<(), Failure> {
    let inputs = job.inputs.iter().map(|input| &input.topic);
    let outputs = outputs.map(|outputs| {
        [Some(&outputs.output), outputs.ledger.as_ref(), outputs.dead_letters.as_ref()].into_iter().flatten()
    });
    let own = [Some(&job.changelog), job.repartition.as_ref()].into_iter().flatten();
    let mut seen = BTreeSet::new();
    match inputs.chain(outputs.into_iter().flatten()).chain(own).find(|name| !seen.insert(*name)) {
        Some(name) => Err(Failure::usage(format!("topic {name} has two parts to play"))
            .remedy("give inputs, output, ledger, dead letters, changelog and repartition a topic each")),
        None => Ok(()),
    }
}

/// Whether a seed is of this group, and all of it is read.
fn fits(seed: &Seed, group: &str, inputs: &[Input]) -> Result<(), Failure> {
    if seed.group.as_str() != group {
        let message = format!("the seed is of group {}, and --group is {group}", seed.group);
        return Err(Failure::usage(message).remedy("take the seed of the group that has moved"));
    }
    let is_read = |topic: &TopicName| inputs.iter().any(|input| input.topic == *topic);
    match seed.windows.iter().find(|window| !is_read(&window.partition.topic)) {
        Some(window) => {
            let topic = &window.partition.topic;
            Err(Failure::usage(format!("the seed has what was read of {topic}, and {topic} is not read"))
                .remedy(format!("use --from {topic} too")))
        }
        None => Ok(()),
    }
}

/// `REGION=TOPIC`, or a topic alone: its region is then the alias before its first dot, where that is one of the regions, or
/// else the one region that no other input can be of.
fn input(text: &str, args: &ReconcileArgs) -> Result<Input, Failure> {
    if let Some((region, name)) = text.split_once('=') {
        return Ok(Input { region: region.to_owned(), topic: topic("--from", Path::new(name))? });
    }
    let name = topic("--from", Path::new(text))?;
    let prefix = text.split_once('.').map(|(prefix, _)| prefix);
    let named = prefix.filter(|prefix| args.regions.iter().any(|region| region == prefix));
    match named {
        Some(region) => Ok(Input { region: region.to_owned(), topic: name }),
        None if args.mode == Mode::Upsert => {
            let message = format!("--from {text} does not say which region wrote it");
            Err(Failure::usage(message).remedy(format!("use --from REGION={text}")))
        }
        None => Ok(Input { region: prefix.unwrap_or_default().to_owned(), topic: name }),
    }
}

/// A topic's name, as Kafka has it (`org.apache.kafka.common.internals.Topic`).
fn topic(flag: &str, name: &Path) -> Result<TopicName, Failure> {
    const LONGEST: usize = 249;
    let text = name.to_string_lossy();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty() || text.len() > LONGEST || text == "." || text == ".." || !text.chars().all(legal) {
        return Err(Failure::usage(format!("{flag} {text:?} is not the name of a topic"))
            .remedy("with --group, inputs and outputs are topics; without it they are files"));
    }
    Ok(TopicName::from(text.as_ref()))
}
