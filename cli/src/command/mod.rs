//! One module a command. Each reads: link, selection, translation, print, exit code.

mod apply;
mod archive;
mod destination;
mod dump;
mod mirror_names;
mod output;
mod reconcile;
mod reset;
mod seed;
mod session;
mod shell;
mod simulate;
mod state;
mod translate;
mod undo;

pub(crate) use archive::archive;
pub(crate) use dump::dump;
pub(crate) use reconcile::reconcile;
pub(crate) use reset::reset;
pub(crate) use shell::{completions, man};
pub(crate) use simulate::simulate;
pub(crate) use state::state;
pub(crate) use translate::translate;
pub(crate) use undo::undo;

use offsets_core::model::{GroupId, GroupSelection, PatternError, SourceOffset, TopicChoice, TopicPartition};
use offsets_core::plan::{CsvRow, read_csv};
use offsets_core::translate::Selection;

use crate::args::{GroupArgs, SelectionArgs};
use crate::failure::Failure;

/// The groups the arguments mean; `None` when they name none.
fn groups(args: &GroupArgs) -> Result<Option<GroupSelection>, Failure> {
    let not_a_pattern = |error: PatternError| Failure::usage(error.to_string());
    let groups = if let Some(pattern) = &args.groups_regex {
        GroupSelection::matching(pattern).map_err(not_a_pattern)?
    } else if args.all_groups {
        GroupSelection::All
    } else if !args.exclude_groups.is_empty() {
        return Err(Failure::usage("--exclude-groups leaves groups out of others, and none are named")
            .remedy("give --all-groups or --groups-regex too"));
    } else {
        let named: Vec<_> = args.group.iter().map(|group| GroupId::from(group.as_str())).collect();
        return Ok((!named.is_empty()).then_some(GroupSelection::Named(named)));
    };
    let excluded = args.exclude_groups.iter().map(|pattern| pattern.trim());
    groups.excluding(excluded).map(Some).map_err(|error| {
        not_a_pattern(error)
            .remedy("--exclude-groups is a list at whose commas it is split, as MM2 splits groups.exclude")
    })
}

/// What the arguments want translated.
fn selection(args: &SelectionArgs) -> Result<Selection, Failure> {
    if !args.offsets.is_empty() {
        return offsets(args).map(Selection::Offsets);
    }
    let Some(groups) = groups(&args.groups)? else {
        return Err(Failure::usage("nothing is selected").remedy(
            "use --group GROUP, --groups-regex REGEX or --all-groups; or --topic TOPIC:PARTITION --offset N for an \
             offset kept outside Kafka",
        ));
    };
    Ok(Selection::Groups { groups, topics: args.topics.clone() })
}

/// What `--expect` names of the groups and topics that are selected.
fn expected(args: &SelectionArgs) -> Result<Vec<(GroupId, TopicPartition)>, Failure> {
    let Some(path) = &args.expect else { return Ok(Vec::new()) };
    let unusable = |what: String| {
        Failure::usage(what)
            .in_file(path)
            .remedy("each line is group,topic,partition,offset, without a header")
    };
    let rows = read_csv(&session::read(path)?).map_err(|error| unusable(error.to_string()))?;
    let groups = groups(&args.groups)?;
    let is_selected = |group: &GroupId, partition: &TopicPartition| {
        groups.as_ref().is_none_or(|groups| groups.admits(group))
            && TopicChoice::any_admits(&args.topics, partition)
    };
    let mut expected = Vec::new();
    for CsvRow { group, partition, .. } in rows {
        let group = group.ok_or_else(|| unusable("its lines name no group".to_owned()))?;
        if is_selected(&group, &partition) {
            expected.push((group, partition));
        }
    }
    Ok(expected)
}

/// Each `--topic T:P` with the `--offset` of the same number.
fn offsets(args: &SelectionArgs) -> Result<Vec<(TopicPartition, SourceOffset)>, Failure> {
    if args.topics.len() != args.offsets.len() {
        let message =
            format!("--topic is given {} times and --offset {}", args.topics.len(), args.offsets.len());
        return Err(Failure::usage(message).remedy("give one --offset for each --topic TOPIC:PARTITION"));
    }
    let pair = |(choice, &offset): (&TopicChoice, &i64)| {
        let [partition] = choice.partitions[..] else {
            return Err(Failure::usage(format!("--topic {choice}: with --offset, write TOPIC:PARTITION")));
        };
        let offset =
            SourceOffset::new(offset).map_err(|error| Failure::usage(format!("--offset: {error}")))?;
        Ok((TopicPartition { topic: choice.topic.clone(), partition }, offset))
    };
    args.topics.iter().zip(&args.offsets).map(pair).collect()
}
