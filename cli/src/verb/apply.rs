use std::path::PathBuf;

use offsets_core::model::{CommittedOffset, GroupId, GroupState, TargetOffset, TopicPartition};
use offsets_core::plan::{Move, Overrides, Refusal, ResetPlan, Step, TargetState, Undo, Verdict};
use offsets_core::translate::Stranded;
use offsets_kafka::{Cluster, Deadline, GroupPartition};

use super::session::TargetSession;
use crate::args::{ApplyArgs, OutputArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::{Failure, with_causes};
use crate::new_file::create;
use crate::print::{Told, print_reset};

/// Draws up the plan and, with `--execute`, carries it out: what is to be done `beforehand`, undo file, commits, read-back,
/// report.
fn apply(
    session: &TargetSession,
    moves: Vec<Move>,
    overrides: Overrides,
    args: &ApplyArgs,
    output: &OutputArgs,
    beforehand: impl FnOnce() -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let TargetSession { cluster, remarks, deadline, .. } = session;
    let state = target_state(cluster, &moves, deadline)?;
    let plan = ResetPlan::draw(moves, &state, overrides);
    if let Some(exit) = refused(&plan) {
        print_reset(&not_applied(&plan, "not-tried"), false, None, output)?;
        remarks.say("Nothing was changed: a plan with a refused partition is not applied.");
        return Ok(exit);
    }
    for (step, refusal) in plan.left_out() {
        let (group, partition) = (&step.group, &step.partition);
        remarks.say(format!("left out: group {group} on {partition}: {}", in_words(refusal)));
    }
    if plan.left_out().next().is_some() && plan.left_out().count() == plan.steps().len() {
        print_reset(&not_applied(&plan, "not-tried"), false, None, output)?;
        remarks.say("Nothing was changed: everything was left out.");
        return Ok(Exit::Unsound);
    }
    if !args.execute {
        print_reset(&not_applied(&plan, "dry-run"), false, None, output)?;
        remarks.say("Nothing was changed: this was a dry run. Say --execute to do it.");
        return Ok(Exit::Done);
    }
    beforehand()?;
    if plan.commits().is_empty() {
        print_reset(&not_applied(&plan, "unchanged"), true, None, output)?;
        remarks.say("Nothing had to be changed.");
        return Ok(Exit::Done);
    }
    let undo_file = save_undo(cluster, &plan, args)?;
    let report = carry_out(cluster, &plan, deadline);
    let undo_name = undo_file.display().to_string();
    // What was done is said even where it cannot be shown.
    let shown = print_reset(&report.told, true, Some(&undo_name), output);
    remarks.say(format!("{} To put it back: offsets undo {undo_name}", report.in_words()));
    shown?;
    Ok(report.exit)
}

impl TargetSession {
    /// The same on the target of this session.
    pub(super) fn apply(
        &self,
        moves: Vec<Move>,
        overrides: Overrides,
        args: &ApplyArgs,
        output: &OutputArgs,
    ) -> Result<Exit, Failure> {
        apply(self, moves, overrides, args, output, || Ok(()))
    }

    /// The same, and something beforehand where anything is done at all. Nothing is written to the cluster if that fails.
    pub(super) fn apply_after(
        &self,
        beforehand: impl FnOnce() -> Result<(), Failure>,
        moves: Vec<Move>,
        args: &ApplyArgs,
        output: &OutputArgs,
    ) -> Result<Exit, Failure> {
        apply(self, moves, args.overrides(), args, output, beforehand)
    }
}

impl ApplyArgs {
    /// The checks that are switched off.
    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            active: self.allow_active,
            out_of_range: self.allow_out_of_range,
            backwards: self.allow_backwards,
            unsound: self.allow_unsafe,
            stranded: self.allow_stranded,
        }
    }
}

/// Reads everything the checks need.
pub(super) fn target_state(
    cluster: &Cluster,
    moves: &[Move],
    deadline: &Deadline,
) -> Result<TargetState, Failure> {
    let mut groups: Vec<GroupId> = moves.iter().map(|wish| wish.group.clone()).collect();
    let mut partitions: Vec<TopicPartition> = moves.iter().map(|wish| wish.partition.clone()).collect();
    groups.sort();
    groups.dedup();
    partitions.sort();
    partitions.dedup();
    Ok(TargetState {
        groups: cluster.group_states(&groups, deadline)?,
        committed: cluster.target_commits(&groups, Some(&partitions), deadline)?,
        logs: cluster.target_logs(&partitions, deadline)?,
    })
}

/// The exit code of a plan that must not be applied: members weigh heavier than anything else.
fn refused(plan: &ResetPlan) -> Option<Exit> {
    let active = |refusal: &Refusal| matches!(refusal, Refusal::Active(_));
    let refusals: Vec<_> = plan.refused().map(|(_, refusal)| refusal).collect();
    match refusals.as_slice() {
        [] => None,
        some if some.iter().any(active) => Some(Exit::Active),
        _ => Some(Exit::Unsound),
    }
}

fn not_applied<'a>(plan: &'a ResetPlan, ready: &'static str) -> Vec<Told<'a>> {
    let told = |step: &'a Step| match step.verdict {
        Verdict::Ready => Told { step, result: ready, detail: creation(step) },
        Verdict::Unchanged => Told { step, result: "unchanged", detail: None },
        Verdict::Refused(refusal) => Told { step, result: "refused", detail: Some(in_words(refusal)) },
        Verdict::LeftOut(refusal) => Told { step, result: "left-out", detail: Some(in_words(refusal)) },
    };
    plan.steps().iter().map(told).collect()
}

/// A group id with a typo in it would come into being: say so before it does.
fn creation(step: &Step) -> Option<String> {
    (step.state == GroupState::Dead).then(|| "the group does not exist there yet".to_owned())
}

fn in_words(refusal: Refusal) -> String {
    match refusal {
        Refusal::Active(state) => {
            format!("the group has active members ({state}); stop them (--allow-active)")
        }
        Refusal::OutOfRange(log) => {
            format!("outside the log, which holds {}..{} (--allow-out-of-range)", log.start, log.end)
        }
        Refusal::Backwards(from) => format!("the group is at {from} already (--allow-backwards)"),
        Refusal::Unsound => "the evidence contradicts itself; see translate (--allow-unsafe)".to_owned(),
        Refusal::Stranded(Stranded { first, beyond, records, offsets }) => {
            let count =
                records.map_or(format!("up to {offsets} offsets"), |records| format!("{records} records"));
            format!(
                "{count} from {first} on came over no link, and the group may not have read them: --allow-backwards goes back \
                 to {first}, --allow-stranded passes them and goes on at {beyond}"
            )
        }
        Refusal::Nowhere => "there is no such partition on the target".to_owned(),
        _ => "a check failed".to_owned(),
    }
}

/// Saves what is about to be overwritten. Nothing is written to the cluster if this fails.
fn save_undo(cluster: &Cluster, plan: &ResetPlan, args: &ApplyArgs) -> Result<PathBuf, Failure> {
    let now = clock::now();
    let path = args.undo_file.clone().unwrap_or_else(|| {
        PathBuf::from(format!("offsets-undo-{}.json", now.strftime("%Y%m%dT%H%M%S.%3fZ")))
    });
    let undo = Undo::of(plan, now, cluster.cluster_id().map(str::to_owned));
    create(&path, &undo.write())?;
    Ok(path)
}

/// What a plan that was carried out came to.
struct Report<'a> {
    told: Vec<Told<'a>>,
    exit: Exit,
}

fn carry_out<'a>(cluster: &Cluster, plan: &'a ResetPlan, deadline: &Deadline) -> Report<'a> {
    let commits = plan.commits();
    let mut groups: Vec<_> = commits.iter().map(|commit| commit.group.clone()).collect();
    groups.dedup();
    let committed = cluster.commit(commits, deadline);
    let mut partitions: Vec<_> = plan.steps().iter().map(|step| step.partition.clone()).collect();
    partitions.sort();
    partitions.dedup();
    let read_back = cluster.target_commits(&groups, Some(&partitions), deadline);
    let tell = |step: &'a Step| {
        let Some(after) = step.after.as_ref().filter(|_| step.verdict == Verdict::Ready) else {
            return match step.verdict {
                Verdict::LeftOut(refusal) => {
                    Told { step, result: "left-out", detail: Some(in_words(refusal)) }
                }
                _ => Told { step, result: "unchanged", detail: None },
            };
        };
        let key = (step.group.clone(), step.partition.clone());
        let asked = GroupPartition { group: key.0.clone(), partition: key.1.clone() };
        match committed.get(&asked) {
            Some(Ok(())) => {}
            Some(Err(error)) => return Told { step, result: "failed", detail: Some(with_causes(error)) },
            None => {
                return Told {
                    step,
                    result: "failed",
                    detail: Some("the cluster gave no answer for it".to_owned()),
                };
            }
        }
        match read_back.as_ref().map(|read| read.get(&key)) {
            Ok(Some(found)) if found == after => Told { step, result: "done", detail: None },
            Ok(found) => Told { step, result: "unverified", detail: Some(found_instead(found)) },
            Err(error) => Told { step, result: "unverified", detail: Some(with_causes(error)) },
        }
    };
    let told: Vec<_> = plan.steps().iter().map(tell).collect();
    let exit = exit_of(&told, committed.errors().all(|(_, error)| error.is_group_active()));
    Report { told, exit }
}

fn exit_of(told: &[Told<'_>], only_active: bool) -> Exit {
    let count = |result| told.iter().filter(|told| told.result == result).count();
    match (count("failed"), count("done") + count("unverified"), count("unverified")) {
        (0, _, 0) => Exit::Done,
        (0, _, _) => Exit::Unverified,
        (_, 0, _) if only_active => Exit::Active,
        (_, 0, _) => Exit::Failed,
        _ => Exit::Partly,
    }
}

fn found_instead(found: Option<&CommittedOffset<TargetOffset>>) -> String {
    match found {
        Some(found) => format!("read back {} instead", found.offset),
        None => "read back no commit".to_owned(),
    }
}

impl Report<'_> {
    fn in_words(&self) -> String {
        let count = |result| self.told.iter().filter(|told| told.result == result).count();
        let [done, failed, unverified, unchanged] = ["done", "failed", "unverified", "unchanged"].map(count);
        format!(
            "{done} done and read back, {failed} failed, {unverified} not verified, {unchanged} unchanged."
        )
    }
}
