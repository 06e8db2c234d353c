//! One module a verb. Each reads: link, selection, inquiry, print, exit code.

mod apply;
mod archive;
mod destination;
mod dump;
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

use offsets_core::model::{GroupId, GroupSelection, SourceOffset, TopicName, TopicPartition};
use offsets_core::translate::Selection;

use crate::args::{GroupArgs, SelectionArgs};
use crate::failure::Failure;

/// The groups the arguments mean; `None` when they name none.
fn groups(args: &GroupArgs) -> Result<Option<GroupSelection>, Failure> {
    if let Some(pattern) = &args.groups_regex {
        let matching =
            GroupSelection::matching(pattern).map_err(|error| Failure::usage(error.to_string()))?;
        return Ok(Some(matching));
    }
    if args.all_groups {
        return Ok(Some(GroupSelection::All));
    }
    let named: Vec<_> = args.group.iter().map(|group| GroupId::from(group.as_str())).collect();
    Ok((!named.is_empty()).then_some(GroupSelection::Named(named)))
}

/// What the arguments want translated.
fn selection(args: &SelectionArgs) -> Result<Selection, Failure> {
    if !args.offsets.is_empty() {
        return offsets(args).map(Selection::Offsets);
    }
    let Some(groups) = groups(&args.groups)? else {
        return Err(Failure::usage("nothing is selected").remedy(
            "say --group GROUP, --groups-regex REGEX or --all-groups; or --topic TOPIC:PARTITION --offset N for an \
             offset kept outside Kafka",
        ));
    };
    let topics = args.topics.iter().map(|topic| TopicName::from(topic.as_str())).collect();
    Ok(Selection::Groups { groups, topics })
}

/// Each `--topic T:P` with the `--offset` of the same number.
fn offsets(args: &SelectionArgs) -> Result<Vec<(TopicPartition, SourceOffset)>, Failure> {
    if args.topics.len() != args.offsets.len() {
        let said =
            format!("--topic is given {} times and --offset {}", args.topics.len(), args.offsets.len());
        return Err(Failure::usage(said).remedy("give one --offset for each --topic TOPIC:PARTITION"));
    }
    let pair = |(topic, &offset): (&String, &i64)| {
        let partition = partition(topic)?;
        let offset =
            SourceOffset::new(offset).map_err(|error| Failure::usage(format!("--offset: {error}")))?;
        Ok((partition, offset))
    };
    args.topics.iter().zip(&args.offsets).map(pair).collect()
}

fn partition(text: &str) -> Result<TopicPartition, Failure> {
    let parts = text.rsplit_once(':').and_then(|(topic, number)| Some((topic, number.parse::<i32>().ok()?)));
    match parts {
        Some((topic, number)) if number >= 0 && !topic.is_empty() => Ok(TopicPartition::new(topic, number)),
        _ => Err(Failure::usage(format!("--topic {text}: with --offset, write TOPIC:PARTITION"))),
    }
}
