//! A plan in words.

use std::time::Duration;

use offsets_core::model::{ClusterAlias, GroupId, GroupKind};
use offsets_core::plan::{Notice, Refusal, ResetPlan, Step};
use offsets_core::translate::Stranded;

use super::Reporter;

/// How many refusals are told one by one.
const TOLD: usize = 20;

/// Tells on stderr why a plan is not applied, partition by partition.
pub(crate) fn report_refusals(plan: &ResetPlan, cluster: &ClusterAlias, reporter: Reporter) {
    let refused: Vec<_> = plan.refused().collect();
    for (step, refusal) in refused.iter().take(TOLD) {
        let Step { group, partition, .. } = step;
        reporter.error(format!(
            "refused: group {:?} on {partition} of {cluster}: {}",
            group.as_str(),
            at_length(step, *refusal)
        ));
    }
    if let Some(rest) = refused.len().checked_sub(TOLD).filter(|rest| *rest > 0) {
        reporter.error(format!("refused: {rest} more, see the table"));
    }
}

/// Tells on stderr of commits that may expire at once, group by group.
pub(crate) fn report_expiry(plan: &ResetPlan, cluster: &ClusterAlias, reporter: Reporter) {
    let mut told: Option<&GroupId> = None;
    for step in plan.steps() {
        let expiry = step.notices.iter().find_map(|notice| match notice {
            Notice::ExpiresFromEmpty { retention } => Some(*retention),
            _ => None,
        });
        let Some(retention) = expiry.filter(|_| told != Some(&step.group)) else { continue };
        told = Some(&step.group);
        let group = step.group.as_str();
        reporter.info(format!(
            "group {group:?} on {cluster} is classic, has had members and is empty: its commits expire {} after the last member \
             left, whatever is committed since. When that was is not told, so they may be gone at the next check. Start its \
             consumers soon, or use --recreate-groups: it is deleted and created again, and its commits last {} from then on",
            retention.map_or_else(
                || "offsets.retention.minutes (7 days by default)".to_owned(),
                |retention| format!("{} (offsets.retention.minutes)", span(retention))
            ),
            retention.map_or_else(|| "as long".to_owned(), span),
        ));
    }
}

/// Why a step is refused, in a cell of a table.
pub(crate) fn describe_refusal(step: &Step, refusal: Refusal) -> String {
    match refusal {
        Refusal::Active(state) => {
            format!("the group has active members ({state}); stop them (--allow-active)")
        }
        Refusal::Unseen(kind) => {
            format!("is a {kind}, whose members are not seen; stop the application (--allow-active)")
        }
        Refusal::Kind(kind) => describe_kind(kind),
        Refusal::OutOfRange(log) => {
            format!("outside the log, which holds {}..{} (--allow-out-of-range)", log.start, log.end)
        }
        Refusal::Backwards { from, .. } => {
            format!("the group is at {from} already (--allow-backwards={})", flag_value(step))
        }
        Refusal::LongMetadata { length, limit } => format!(
            "its metadata has {length} characters, the target takes {limit} (offset.metadata.max.bytes); --metadata drop or cut"
        ),
        Refusal::Stranded(Stranded { first, beyond, records, offsets }) => {
            let count =
                records.map_or(format!("up to {offsets} offsets"), |records| format!("{records} records"));
            format!(
                "{count} from {first} on came over no link, and the group may not have read them: --allow-backwards={} goes \
                 back to {first}, --allow-stranded passes them and goes on at {beyond}",
                flag_value(step)
            )
        }
        Refusal::Unsound => "the evidence contradicts itself; see translate (--allow-unsafe)".to_owned(),
        Refusal::DoubtfulName => {
            "the group does not exist there, and a name like this is a slip more often than a name; start a consumer of the group to \
             create it"
                .to_owned()
        }
        Refusal::NoTarget => "there is no such partition on the target".to_owned(),
        Refusal::NoAnswer => "there is no position to go to; see translate".to_owned(),
        Refusal::LogUnknown => {
            "the partition's log was not read, so the position cannot be checked".to_owned()
        }
        _ => "a check failed".to_owned(),
    }
}

/// The same at full length.
fn at_length(step: &Step, refusal: Refusal) -> String {
    match refusal {
        Refusal::Unseen(kind) => format!(
            "is a {kind}. librdkafka sees neither its state nor its members. Stop the application and use --allow-active: the \
             coordinator refuses the commit while there are members"
        ),
        Refusal::Backwards { from, source, checkpoint } => {
            let to = step.after.as_ref().map_or_else(String::new, |after| after.offset.to_string());
            let flag = format!(
                "--allow-backwards={} moves it back: records are read again, and none is skipped",
                flag_value(step)
            );
            let why = match (source, checkpoint) {
                (Some(source), Some(checkpoint)) if source < checkpoint.upstream => format!(
                    "its own commit on the source, {source}, is older than the last one that MM2 noted ({}, checkpoint {checkpoint}): \
                     it has rewound there, and is right to go back unless it has read on the target since",
                    checkpoint.upstream
                ),
                (Some(source), Some(checkpoint)) => format!(
                    "its commit on the source is {source}, and the last checkpoint of it, {checkpoint}, is not where it stands: it \
                     may have read on the target"
                ),
                (Some(source), None) => format!(
                    "its commit on the source is {source}, and no checkpoint shows that MM2 put it at {from}: it may have read on \
                     the target"
                ),
                (None, _) => "that is where it has committed".to_owned(),
            };
            format!("it stands at {from} and would go back to {to}; {why}. {flag}")
        }
        refusal => describe_refusal(step, refusal),
    }
}

/// Why offsets cannot be set for a group of this kind.
pub(crate) fn describe_kind(kind: GroupKind) -> String {
    match kind {
        GroupKind::Share => format!(
            "is a {kind}: kafka-share-groups moves it (a Kafka Streams group, KIP-1071, that has committed nothing looks the same)"
        ),
        kind => format!("is a {kind}: it has no committed offsets"),
    }
}

/// What is to be known of a step, in a cell of a table.
pub(crate) fn describe_notices(notices: &[Notice]) -> Option<String> {
    let words = |notice: &Notice| {
        match *notice {
        Notice::BehindSync { from, checkpoint } => {
            format!(
                "back from {from}, where MM2 put it (checkpoint {checkpoint}): it has rewound on the source since"
            )
        }
        Notice::ExpiresFromEmpty { .. } => "may expire at once (--recreate-groups)".to_owned(),
        Notice::OpenTransaction => {
            "a transaction of this group is open: a consumer that joins waits until it ends (kafka-transactions.sh list shows the open ones, and describe --transactional-id which holds a partition of __consumer_offsets)".to_owned()
        }
        Notice::MetadataMayBeTooLong { length } => format!(
            "metadata of {length} characters; what the target takes (offset.metadata.max.bytes, 4096 by default) is not known"
        ),
        Notice::MetadataDropped { length, limit } => {
            format!("without its metadata of {length} characters (the target takes {limit})")
        }
        Notice::MetadataCut { length, limit } => format!("metadata cut from {length} to {limit} characters"),
        _ => "see the documentation of this version".to_owned(),
    }
    };
    let words: Vec<String> = notices.iter().map(words).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// The group as the value of a flag; what a terminal would take for an order is escaped.
fn flag_value(step: &Step) -> String {
    step.group.as_str().escape_debug().to_string()
}

/// `7d`, `36h`, `90m`, `45s`.
fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds > 0 && seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        seconds if seconds > 0 && seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}
