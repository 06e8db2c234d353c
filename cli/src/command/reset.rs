use std::collections::BTreeSet;

use offsets_core::document_in_words;
use offsets_core::model::{GroupId, GroupSelection, TopicChoice};
use offsets_core::plan::{CsvRow, OffsetReset, read_csv};
use offsets_core::translate::{Translation, Uncommitted};

use super::apply::Resets;
use super::destination::resets_to;
use super::mirror_names::{report_originals, with_mirrors};
use super::session::{Session, SourceNeed, TargetSession, read};
use super::translate::{all_committed, soundness};
use crate::args::{ApplyArgs, Destination, EvidenceArgs, LinkArgs, OnUncommitted, OutputArgs, ResetArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::Reporter;

/// `offsets reset`: to the translated positions, to those of a file, or to a place on the target.
pub(crate) fn reset(
    link: &LinkArgs,
    evidence: &EvidenceArgs,
    output: &OutputArgs,
    args: &ResetArgs,
) -> Result<Exit, Failure> {
    args.seed.fits(&args.selection)?;
    match (&args.from_file, args.to) {
        (Some(_), _) | (_, Some(_)) if args.seed.seed_out.is_some() => Err(Failure::usage(
            "--seed-out needs a translated position: for any other it is not known what comes again",
        )
        .remedy("leave out --to and --from-file, or --seed-out")),
        (Some(_), _) => to_file(link, output, args),
        (None, Some(destination)) => to_destination(link, output, args, destination),
        (None, None) => to_translation(link, evidence, output, args),
    }
}

fn to_translation(
    link: &LinkArgs,
    evidence: &EvidenceArgs,
    output: &OutputArgs,
    args: &ResetArgs,
) -> Result<Exit, Failure> {
    if !args.selection.offsets.is_empty() {
        return Err(
            Failure::usage("an --offset of no group cannot be reset").remedy("name the group with --group")
        );
    }
    let selection = super::selection(&args.selection)?;
    let expected = super::expected(&args.selection)?;
    let session = Session::open(link, output)?;
    let cluster = session.target()?;
    let translator = session.run(selection, SourceNeed::Required, link, evidence, &args.seed)?;
    let source_is_alive = translator.evidence().source.is_alive();
    let mut translation = translator.finish();
    translation.expect(expected);
    if !translation.missing.is_empty() || translation.rows.is_empty() {
        report_originals(&translation.link, &args.selection.topics, session.reporter());
        let kinds = session.kinds_on_source(&translation, source_is_alive);
        return Ok(soundness(&translation, &kinds, args.selection.uncommitted, session.reporter()));
    }
    if !all_committed(&translation, args.selection.uncommitted, session.reporter()) {
        session.reporter().info("Nothing was changed.");
        return Ok(Exit::Unsound);
    }
    let seed = args.seed.of(&mut translation);
    if let Some(seed) = seed.as_ref().filter(|_| !args.apply.execute) {
        seed.report_dry_run(session.reporter());
    }
    let target = session.target_session(cluster);
    let save = || seed.map_or(Ok(()), |seed| seed.save(target.reporter));
    for row in translation.rows.iter().filter(|row| row.stranded.is_some()) {
        row.evidence
            .iter()
            .filter(|finding| finding.kind == "stranded")
            .for_each(|finding| session.reporter().info(&finding.detail));
    }
    let mut resets = resets(&translation, &args.apply);
    if args.selection.uncommitted == OnUncommitted::Earliest {
        resets.extend(to_log_start(&translation));
    }
    let resets = Resets::translated(resets, &translation);
    target.apply_after(save, resets, &args.apply, output)
}

/// To the log start of each partition of which no commit is known: nothing can lie before it.
fn to_log_start(translation: &Translation) -> Vec<OffsetReset> {
    let place = |found: &Uncommitted| {
        let to = Some(found.target_log?.start);
        let (group, partition) = (found.group.clone(), found.target.clone());
        Some(OffsetReset {
            group,
            partition,
            to,
            stranded: None,
            optional: false,
            metadata: None,
            sound: true,
        })
    };
    translation.uncommitted.iter().filter_map(place).collect()
}

/// Where groups go: to their positions, or behind stranded records where that is allowed.
fn resets(translation: &Translation, apply: &ApplyArgs) -> Vec<OffsetReset> {
    let link = &translation.link;
    let of_group = |row: &offsets_core::translate::Row| {
        let beyond = row.stranded.filter(|_| apply.allow_stranded).map(|stranded| stranded.beyond);
        Some(OffsetReset {
            group: row.group.clone()?,
            partition: row.target.clone(),
            to: beyond.or(row.position.target()),
            stranded: row.stranded,
            // The group may be on its way to the copy of a topic that came from the target, and not back.
            optional: link.original_on_target(&row.source.topic).is_some(),
            metadata: Some(row.committed.metadata.clone()),
            sound: row.position.is_sound(),
        })
    };
    translation.rows.iter().filter_map(of_group).collect()
}

fn to_destination(
    link: &LinkArgs,
    output: &OutputArgs,
    args: &ResetArgs,
    destination: Destination,
) -> Result<Exit, Failure> {
    let Some(groups) = super::groups(&args.selection.groups)? else {
        return Err(Failure::usage("no group is named").remedy("use --group, --groups-regex or --all-groups"));
    };
    if link.demo && destination.is_time() {
        return Err(Failure::usage("--to: the demo's clusters keep no index of times")
            .remedy("name clusters of your own, or say earliest, latest, offset:N or shift:N"));
    }
    let topics = &args.selection.topics;
    let session = TargetSession::open(link, output)?;
    let resets = resets_to(&session.cluster, destination, &groups, topics, &session.deadline);
    let applied = resets
        .and_then(|resets| session.apply(Resets::of(resets), &args.apply.overrides(), &args.apply, output));
    with_mirrors(applied, link, topics.iter().map(|choice| &choice.topic), session.reporter)
}

fn to_file(link: &LinkArgs, output: &OutputArgs, args: &ResetArgs) -> Result<Exit, Failure> {
    let Some(path) = &args.from_file else { return Err(Failure::usage("no file is named")) };
    let text = read(path)?;
    let rows = read_csv(&text).map_err(|error| {
        let what = match document_in_words(&text) {
            Some(document) => format!("this is {document}, not CSV"),
            None => error.to_string(),
        };
        Failure::usage(what)
            .in_file(path)
            .remedy("each line is topic,partition,offset or group,topic,partition,offset, without a header")
    })?;
    let groups = super::groups(&args.selection.groups)?;
    let reporter = Reporter::new(output);
    let resets = resets_of(rows, groups.as_ref(), &args.selection.topics, reporter)
        .map_err(|failure| failure.in_file(path))?;
    let topics: BTreeSet<_> = resets.iter().map(|reset| reset.partition.topic.clone()).collect();
    let session = TargetSession::open(link, output)?;
    let applied = session.apply(Resets::of(resets), &args.apply.overrides(), &args.apply, output);
    with_mirrors(applied, link, &topics, reporter)
}

/// The moves a file asks for. Three columns belong to the one group named on the command line; lines of groups and partitions that
/// were not asked for are left out and said, and what was asked for must be there.
fn resets_of(
    rows: Vec<CsvRow>,
    groups: Option<&GroupSelection>,
    topics: &[TopicChoice],
    reporter: Reporter,
) -> Result<Vec<OffsetReset>, Failure> {
    let only = match groups {
        Some(GroupSelection::Named(names)) if names.len() == 1 => names.first(),
        _ => None,
    };
    let (mut left_out, mut partitions_left_out) = (BTreeSet::<GroupId>::new(), BTreeSet::new());
    let mut resets = Vec::new();
    for CsvRow { group, partition, offset } in rows {
        let Some(group) = group.or_else(|| only.cloned()) else {
            return Err(Failure::usage("three columns name no group").remedy("name exactly one with --group"));
        };
        if groups.is_some_and(|groups| !groups.admits(&group)) {
            left_out.insert(group);
        } else if !TopicChoice::any_admits(topics, &partition) {
            partitions_left_out.insert(partition);
        } else {
            let to = Some(offset);
            resets.push(OffsetReset {
                group,
                partition,
                to,
                metadata: None,
                sound: true,
                stranded: None,
                optional: false,
            });
        }
    }
    let asked: BTreeSet<_> = resets.iter().map(|reset| &reset.group).collect();
    if let Some(GroupSelection::Named(names)) = groups
        && let Some(absent) = names.iter().find(|name| !asked.contains(name))
    {
        return Err(Failure::usage(format!("group {absent} is not in the file{}", among(topics))));
    }
    let is_absent = |choice: &&TopicChoice| !resets.iter().any(|reset| choice.admits(&reset.partition));
    if let Some(absent) = topics.iter().find(is_absent) {
        return Err(Failure::usage(format!("no line of the file is of {absent}"))
            .remedy("--topic is the name as it stands in the file"));
    }
    if resets.is_empty() {
        return Err(Failure::usage("no group of the file is selected")
            .remedy("check --groups-regex and --exclude-groups against the names in the file"));
    }
    for group in left_out {
        reporter.info(format!("left out: group {group} of the file was not asked for"));
    }
    for partition in partitions_left_out {
        reporter.info(format!("left out: {partition} of the file was not asked for"));
    }
    Ok(resets)
}

fn among(topics: &[TopicChoice]) -> &'static str {
    if topics.is_empty() { "" } else { " with one of these topics" }
}
