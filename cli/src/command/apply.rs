use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use offsets_core::history::OffsetPair;
use offsets_core::model::{
    CommittedOffset, GroupId, GroupKind, GroupState, SourceOffset, TargetOffset, TopicPartition,
};
use offsets_core::plan::{
    Backwards, Check, LongMetadata, Notice, OffsetReset, Overrides, Refusal, ResetPlan, Step, TargetState,
    Undo,
};
use offsets_core::translate::{Row, Translation};
use offsets_kafka::{Cluster, Deadline, Error, GroupPartition, Outcomes};

use super::session::TargetSession;
use crate::args::{ApplyArgs, EVERY_GROUP, MetadataHandling, OutputArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::{Failure, with_causes};
use crate::new_file::create;
use crate::print::{
    StepLine, describe_notices, describe_refusal, print_reset, report_expiry, report_refusals,
};

/// Draws up the plan and, with `--execute`, carries it out: what is to be done `before_commit`, undo file, commits, read-back,
/// report.
fn apply(
    session: &TargetSession,
    resets: Resets,
    overrides: &Overrides,
    args: &ApplyArgs,
    output: &OutputArgs,
    before_commit: impl FnOnce() -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let TargetSession { cluster, reporter, deadline, .. } = session;
    let Resets { resets, source_commits, checkpoints } = resets;
    are_in_the_plan(overrides, &resets)?;
    let state = target_state(cluster, &resets, overrides.recreate, deadline)?;
    let state = TargetState { source_commits, checkpoints, ..state };
    let plan = ResetPlan::build(resets, &state, overrides);
    if let Some(exit) = refused(&plan) {
        print_reset(&not_applied(&plan, "not-tried"), false, None, output)?;
        report_refusals(&plan, cluster.alias(), *reporter);
        reporter.info("Nothing was changed: a plan with a refused partition is not applied.");
        return Ok(exit);
    }
    for (step, refusal) in plan.left_out() {
        let (group, partition) = (&step.group, &step.partition);
        reporter.info(format!("left out: group {group} on {partition}: {}", describe_refusal(step, refusal)));
    }
    if plan.left_out().next().is_some() && plan.left_out().count() == plan.steps().len() {
        print_reset(&not_applied(&plan, "not-tried"), false, None, output)?;
        reporter.info("Nothing was changed: everything was left out.");
        return Ok(Exit::Unsound);
    }
    report_expiry(&plan, cluster.alias(), *reporter);
    if !args.execute {
        print_reset(&not_applied(&plan, "dry-run"), false, None, output)?;
        reporter.info("Nothing was changed: this was a dry run. Re-run with --execute to apply.");
        return Ok(Exit::Done);
    }
    before_commit()?;
    if plan.commits().is_empty() {
        print_reset(&not_applied(&plan, "unchanged"), true, None, output)?;
        reporter.info("Nothing had to be changed.");
        return Ok(Exit::Done);
    }
    let undo_file = save_undo(cluster, &plan, args)?;
    let report = execute(cluster, &plan, deadline);
    let undo_name = undo_file.display().to_string();
    // What was done is said even where it cannot be shown.
    let shown = print_reset(&report.lines, true, Some(&undo_name), output);
    reporter.info(format!("{} To put it back: offsets undo {undo_name}", report.summary()));
    shown?;
    Ok(report.exit)
}

/// The moves that are wished for, and what is known of where they come from.
#[derive(Default)]
pub(super) struct Resets {
    resets: Vec<OffsetReset>,
    source_commits: BTreeMap<(GroupId, TopicPartition), SourceOffset>,
    checkpoints: BTreeMap<(GroupId, TopicPartition), OffsetPair>,
}

impl Resets {
    /// Moves that are no translation.
    pub(super) fn of(resets: Vec<OffsetReset>) -> Self {
        Self { resets, ..Self::default() }
    }

    /// Moves to translated positions, with the commits they are translations of and MM2's checkpoints.
    pub(super) fn translated(resets: Vec<OffsetReset>, translation: &Translation) -> Self {
        let place = |row: &Row| Some((row.group.clone()?, row.target.clone()));
        let rows = &translation.rows;
        let source = |row| Some((place(row)?, row.committed.offset));
        let checkpoint = |row| Some((place(row)?, row.checkpoint?));
        Self {
            resets,
            source_commits: rows.iter().filter_map(source).collect(),
            checkpoints: rows.iter().filter_map(checkpoint).collect(),
        }
    }
}

/// Refuses `--allow-backwards` for a group that the plan does not move: the name is most likely misspelt.
fn are_in_the_plan(overrides: &Overrides, resets: &[OffsetReset]) -> Result<(), Failure> {
    let Backwards::Only(groups) = &overrides.backwards else { return Ok(()) };
    match groups.iter().find(|group| resets.iter().all(|reset| reset.group != **group)) {
        Some(group) => Err(Failure::usage(format!(
            "--allow-backwards={}: no such group is moved",
            group.as_str().escape_debug()
        ))),
        None => Ok(()),
    }
}

impl TargetSession {
    /// The same on the target of this session.
    pub(super) fn apply(
        &self,
        resets: Resets,
        overrides: &Overrides,
        args: &ApplyArgs,
        output: &OutputArgs,
    ) -> Result<Exit, Failure> {
        apply(self, resets, overrides, args, output, || Ok(()))
    }

    /// The same, and something beforehand where anything is done at all. Nothing is written to the cluster if that fails.
    pub(super) fn apply_after(
        &self,
        before_commit: impl FnOnce() -> Result<(), Failure>,
        resets: Resets,
        args: &ApplyArgs,
        output: &OutputArgs,
    ) -> Result<Exit, Failure> {
        apply(self, resets, &args.overrides(), args, output, before_commit)
    }
}

impl ApplyArgs {
    /// The checks that are switched off.
    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            active: self.allow_active,
            out_of_range: self.allow_out_of_range,
            backwards: self.backwards(),
            unsound: self.allow_unsafe,
            stranded: self.allow_stranded,
            long_metadata: match self.metadata {
                MetadataHandling::Keep => LongMetadata::Refuse,
                MetadataHandling::Drop => LongMetadata::Drop,
                MetadataHandling::Cut => LongMetadata::Cut,
            },
            recreate: self.recreate_groups,
        }
    }

    /// The groups that may be moved back: without a name all.
    pub(super) fn backwards(&self) -> Backwards {
        if self.allow_backwards.iter().any(|group| group == EVERY_GROUP) {
            return Backwards::All;
        }
        Backwards::Only(self.allow_backwards.iter().map(|group| GroupId::from(group.as_str())).collect())
    }
}

/// Reads everything the checks need; to `recreate` groups, also what they have committed elsewhere.
pub(super) fn target_state(
    cluster: &Cluster,
    resets: &[OffsetReset],
    recreate: bool,
    deadline: &Deadline,
) -> Result<TargetState, Failure> {
    let groups: BTreeSet<GroupId> = resets.iter().map(|reset| reset.group.clone()).collect();
    let mut partitions: BTreeSet<TopicPartition> =
        resets.iter().map(|reset| reset.partition.clone()).collect();
    let names: Vec<GroupId> = groups.into_iter().collect();
    let described = cluster.describe_groups(&names, deadline).into_result()?;
    let aging = described.iter().filter(|(_, description)| {
        description.kind == GroupKind::Classic
            && description.state == GroupState::Empty
            && !description.is_simple
    });
    let aging: BTreeSet<GroupId> = aging.map(|(group, _)| group.clone()).collect();
    let alive: Vec<GroupId> = described
        .iter()
        .filter(|(_, description)| description.state != GroupState::Dead)
        .map(|(group, _)| group.clone())
        .collect();
    let asked: Vec<TopicPartition> = partitions.iter().cloned().collect();
    let mut committed = cluster.target_commits(&names, Some(&asked), deadline)?;
    if recreate && !aging.is_empty() {
        let elsewhere = cluster.target_commits(&aging.iter().cloned().collect::<Vec<_>>(), None, deadline)?;
        partitions.extend(elsewhere.keys().map(|(_, partition)| partition.clone()));
        committed.extend(elsewhere);
    }
    let carries_metadata =
        resets.iter().any(|reset| reset.metadata.as_ref().is_some_and(|text| !text.is_empty()))
            || committed.values().any(|commit| !commit.metadata.is_empty());
    // Asked only where an answer can matter: not everybody may read the brokers' settings.
    let settings = (carries_metadata || !aging.is_empty()).then(|| cluster.commit_settings(deadline));
    let settings = settings.unwrap_or_default();
    Ok(TargetState {
        groups: described.iter().map(|(group, description)| (group.clone(), description.state)).collect(),
        kinds: described.into_iter().map(|(group, description)| (group, description.kind)).collect(),
        aging,
        committed,
        pending: cluster.pending_commits(&alive, &asked, deadline),
        logs: cluster.target_logs(&partitions.into_iter().collect::<Vec<_>>(), deadline)?,
        metadata_limit: settings.metadata_limit,
        retention: settings.retention,
        ..TargetState::default()
    })
}

/// The exit code of a plan that must not be applied: members weigh heavier than anything else.
fn refused(plan: &ResetPlan) -> Option<Exit> {
    let active = |refusal: &Refusal| matches!(refusal, Refusal::Active(_) | Refusal::Unseen(_));
    let refusals: Vec<_> = plan.refused().map(|(_, refusal)| refusal).collect();
    match refusals.as_slice() {
        [] => None,
        some if some.iter().any(active) => Some(Exit::Active),
        _ => Some(Exit::Unsound),
    }
}

fn not_applied<'a>(plan: &'a ResetPlan, ready: &'static str) -> Vec<StepLine<'a>> {
    let line = |step: &'a Step| match step.check {
        Check::Ready => StepLine { step, result: ready, detail: creation(step) },
        Check::Unchanged => StepLine { step, result: "unchanged", detail: None },
        Check::Refused(refusal) => {
            StepLine { step, result: "refused", detail: Some(describe_refusal(step, refusal)) }
        }
        Check::LeftOut(refusal) => {
            StepLine { step, result: "left-out", detail: Some(describe_refusal(step, refusal)) }
        }
    };
    plan.steps().iter().map(line).collect()
}

/// A group id with a typo in it would come into being: say so before it does.
fn creation(step: &Step) -> Option<String> {
    let creation = (step.state == GroupState::Dead).then(|| "the group does not exist there yet".to_owned());
    match (creation, describe_notices(&step.notices)) {
        (Some(creation), Some(notices)) => Some(format!("{creation}; {notices}")),
        (creation, notices) => creation.or(notices),
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
    lines: Vec<StepLine<'a>>,
    exit: Exit,
}

fn execute<'a>(cluster: &Cluster, plan: &'a ResetPlan, deadline: &Deadline) -> Report<'a> {
    let mut commits = plan.commits();
    let mut groups: Vec<_> = commits.iter().map(|commit| commit.group.clone()).collect();
    groups.dedup();
    let deleted = cluster.delete_groups(plan.recreated(), deadline);
    let kept: BTreeSet<GroupId> = deleted.errors().map(|(group, _)| group.clone()).collect();
    commits.retain(|commit| !kept.contains(&commit.group));
    let committed = cluster.commit(commits, deadline);
    let mut partitions: Vec<_> = plan.steps().iter().map(|step| step.partition.clone()).collect();
    partitions.sort();
    partitions.dedup();
    let read_back = cluster.target_commits(&groups, Some(&partitions), deadline);
    let line = |step: &'a Step| {
        let Some(after) = step.after.as_ref().filter(|_| step.check == Check::Ready) else {
            return match step.check {
                Check::LeftOut(refusal) => {
                    StepLine { step, result: "left-out", detail: Some(describe_refusal(step, refusal)) }
                }
                _ => StepLine { step, result: "unchanged", detail: None },
            };
        };
        let key = (step.group.clone(), step.partition.clone());
        if let Some(Err(error)) = deleted.get(&step.group) {
            let detail = format!("the group could not be deleted: {}", with_causes(error));
            return StepLine { step, result: "failed", detail: Some(detail) };
        }
        let asked = GroupPartition { group: key.0.clone(), partition: key.1.clone() };
        match committed.get(&asked) {
            Some(Ok(())) => {}
            Some(Err(error)) => return StepLine { step, result: "failed", detail: Some(with_causes(error)) },
            None => {
                return StepLine {
                    step,
                    result: "failed",
                    detail: Some("the cluster gave no answer for it".to_owned()),
                };
            }
        }
        match read_back.as_ref().map(|read| read.get(&key)) {
            Ok(Some(found)) if found == after => {
                StepLine { step, result: "done", detail: describe_notices(&step.notices) }
            }
            Ok(found) => StepLine { step, result: "unverified", detail: Some(found_instead(step, found)) },
            Err(error) => StepLine { step, result: "unverified", detail: Some(with_causes(error)) },
        }
    };
    let lines: Vec<_> = plan.steps().iter().map(line).collect();
    let exit = exit_of(&lines, all_active(&committed) && all_active(&deleted));
    Report { lines, exit }
}

fn exit_of(lines: &[StepLine<'_>], only_active: bool) -> Exit {
    let count = |result| lines.iter().filter(|line| line.result == result).count();
    match (count("failed"), count("done") + count("unverified"), count("unverified")) {
        (0, _, 0) => Exit::Done,
        (0, _, _) => Exit::Unverified,
        (_, 0, _) if only_active => Exit::Active,
        (_, 0, _) => Exit::Failed,
        _ => Exit::Partly,
    }
}

fn all_active<K: Ord, T>(outcomes: &Outcomes<K, T>) -> bool {
    outcomes.errors().all(|(_, error): (_, &Error)| error.is_group_active())
}

fn found_instead(step: &Step, found: Option<&CommittedOffset<TargetOffset>>) -> String {
    let expires = step.notices.iter().any(|notice| matches!(notice, Notice::ExpiresFromEmpty { .. }));
    match found {
        Some(found) => format!("read back {} instead", found.offset),
        None if expires => {
            "read back no commit: the group was due to expire (offsets.retention.minutes); use --recreate-groups".to_owned()
        }
        None => "read back no commit".to_owned(),
    }
}

impl Report<'_> {
    fn summary(&self) -> String {
        let count = |result| self.lines.iter().filter(|line| line.result == result).count();
        let [done, failed, unverified, unchanged] = ["done", "failed", "unverified", "unchanged"].map(count);
        format!(
            "{done} done and read back, {failed} failed, {unverified} not verified, {unchanged} unchanged."
        )
    }
}
