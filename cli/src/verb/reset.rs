use std::collections::BTreeSet;

use offsets_core::model::{GroupId, GroupSelection};
use offsets_core::plan::{CsvRow, Move, read_csv};
use offsets_core::translate::Translation;

use super::apply::Wishes;
use super::destination::moves_to;
use super::session::{Session, SourceNeed, TargetSession, read};
use super::translate::soundness;
use crate::args::{ApplyArgs, Destination, EvidenceArgs, LinkArgs, OutputArgs, ResetArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::Remarks;

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
            "--seed-out goes with a translated position: of another nobody knows what comes again",
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
    let session = Session::open(link, output)?;
    let cluster = session.target()?;
    let inquiry = session.hear(selection, SourceNeed::Required, link, evidence, &args.seed)?;
    let source_is_alive = inquiry.evidence().source.is_alive();
    let mut translation = inquiry.conclude();
    if !translation.missing.is_empty() || translation.rows.is_empty() {
        let kinds = session.kinds_on_source(&translation, source_is_alive);
        return Ok(soundness(&translation, &kinds, session.remarks()));
    }
    let seed = args.seed.of(&mut translation);
    if let Some(seed) = seed.as_ref().filter(|_| !args.apply.execute) {
        seed.tell_of_dry_run(session.remarks());
    }
    let target = session.beside(cluster);
    let save = || seed.map_or(Ok(()), |seed| seed.save(target.remarks));
    for row in translation.rows.iter().filter(|row| row.stranded.is_some()) {
        row.evidence
            .iter()
            .filter(|finding| finding.kind == "stranded")
            .for_each(|finding| session.remarks().say(&finding.detail));
    }
    let wishes = Wishes::translated(moves(&translation, &args.apply), &translation);
    target.apply_after(save, wishes, &args.apply, output)
}

/// Where groups go: to their positions, or behind stranded records where that is allowed.
fn moves(translation: &Translation, apply: &ApplyArgs) -> Vec<Move> {
    let link = &translation.link;
    let of_group = |row: &offsets_core::translate::Row| {
        let beyond = row.stranded.filter(|_| apply.allow_stranded).map(|stranded| stranded.beyond);
        Some(Move {
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
        return Err(Failure::usage("no group is named").remedy("say --group, --groups-regex or --all-groups"));
    };
    let partitions =
        args.selection.topics.iter().map(|topic| topic.parse()).collect::<Result<Vec<_>, String>>();
    let partitions = partitions.map_err(|error| Failure::usage(format!("--topic: {error}")))?;
    if link.demo && destination.is_time() {
        return Err(Failure::usage("--to: the demo's clusters keep no index of times")
            .remedy("name clusters of your own, or say earliest, latest, offset:N or shift:N"));
    }
    let session = TargetSession::open(link, output)?;
    let moves = moves_to(&session.cluster, destination, &groups, &partitions, &session.deadline)?;
    session.apply(Wishes::of(moves), &args.apply.overrides(), &args.apply, output)
}

fn to_file(link: &LinkArgs, output: &OutputArgs, args: &ResetArgs) -> Result<Exit, Failure> {
    let Some(path) = &args.from_file else { return Err(Failure::usage("no file is named")) };
    let rows = read_csv(&read(path)?).map_err(|error| {
        Failure::usage(format!("{}: {error}", path.display()))
            .remedy("each line is topic,partition,offset or group,topic,partition,offset, without a header")
    })?;
    let groups = super::groups(&args.selection.groups)?;
    let session_remarks = Remarks::new(output);
    let moves = moves_of(rows, groups.as_ref(), session_remarks).map_err(|failure| failure.in_file(path))?;
    let session = TargetSession::open(link, output)?;
    session.apply(Wishes::of(moves), &args.apply.overrides(), &args.apply, output)
}

/// The moves a file asks for. Three columns belong to the one group named on the command line; of four columns, groups
/// that were not asked for are left out and counted.
fn moves_of(
    rows: Vec<CsvRow>,
    groups: Option<&GroupSelection>,
    remarks: Remarks,
) -> Result<Vec<Move>, Failure> {
    let only = match groups {
        Some(GroupSelection::Named(names)) if names.len() == 1 => names.first(),
        _ => None,
    };
    let mut left_out = BTreeSet::<GroupId>::new();
    let mut moves = Vec::new();
    for CsvRow { group, partition, offset } in rows {
        let Some(group) = group.or_else(|| only.cloned()) else {
            return Err(Failure::usage("three columns name no group").remedy("name exactly one with --group"));
        };
        if groups.is_some_and(|groups| !groups.admits(&group)) {
            left_out.insert(group);
            continue;
        }
        moves.push(Move {
            group,
            partition,
            to: Some(offset),
            metadata: None,
            sound: true,
            stranded: None,
            optional: false,
        });
    }
    for group in left_out {
        remarks.say(format!("left out: group {group} of the file was not asked for"));
    }
    if let Some(GroupSelection::Named(names)) = groups {
        let asked: BTreeSet<_> = moves.iter().map(|wish| &wish.group).collect();
        if let Some(absent) = names.iter().find(|name| !asked.contains(name)) {
            return Err(Failure::usage(format!("group {absent} is not in the file")));
        }
    }
    Ok(moves)
}
