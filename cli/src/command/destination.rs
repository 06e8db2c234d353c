use std::collections::BTreeMap;

use jiff::Timestamp;
use offsets_core::evidence::Logs;
use offsets_core::model::{GroupId, GroupSelection, TargetOffset, TopicChoice, TopicPartition};
use offsets_core::plan::OffsetReset;
use offsets_kafka::{Cluster, Committed, Deadline};

use crate::args::Destination;
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::describe_kind;

/// The moves that place `groups` at `destination` on the partitions named, or on all they have commits for.
pub(super) fn resets_to(
    cluster: &Cluster,
    destination: Destination,
    groups: &GroupSelection,
    partitions: &[TopicChoice],
    deadline: &Deadline,
) -> Result<Vec<OffsetReset>, Failure> {
    let names = match groups {
        GroupSelection::Named(names) => names.clone(),
        _ => {
            let known = cluster.list_groups(deadline)?.into_iter().map(|listing| listing.id);
            known.filter(|group| groups.admits(group)).collect()
        }
    };
    if names.is_empty() {
        return Err(Failure::new(Exit::Unsound, format!("no group on {} is selected", cluster.alias()))
            .remedy("check --groups-regex and --exclude-groups, and the permission Describe on the groups"));
    }
    let committed = cluster.target_commits(&names, None, deadline)?;
    let named = named_partitions(cluster, partitions, deadline)?;
    let mut wanted: Vec<(GroupId, TopicPartition)> = Vec::new();
    for group in &names {
        let own = committed.keys().filter(|(owner, _)| owner == group).map(|(_, partition)| partition);
        let partitions: Vec<_> = if partitions.is_empty() { own.collect() } else { named.iter().collect() };
        if partitions.is_empty() {
            let described = cluster.describe_groups(std::slice::from_ref(group), deadline);
            let kind = described.successes().map(|(_, description)| description.kind).next();
            if let Some(kind) = kind.filter(|kind| !kind.has_offsets()) {
                let what = format!("group {group}: on {} it {}", cluster.alias(), describe_kind(kind));
                return Err(Failure::new(Exit::Unsound, what));
            }
            return Err(Failure::new(
                Exit::Unsound,
                format!("group {group}: no commit on {}", cluster.alias()),
            )
            .remedy(
                "check the name, and the permission Describe on its topics, or say which partitions with --topic",
            ));
        }
        wanted.extend(partitions.into_iter().map(|partition| (group.clone(), partition.clone())));
    }
    let destinations = Destinations::find(cluster, destination, &wanted, committed, deadline)?;
    wanted.into_iter().map(|(group, partition)| destinations.reset(group, partition)).collect()
}

fn named_partitions(
    cluster: &Cluster,
    named: &[TopicChoice],
    deadline: &Deadline,
) -> Result<Vec<TopicPartition>, Failure> {
    let mut partitions = Vec::new();
    for TopicChoice { topic, partitions: numbers } in named {
        if numbers.is_empty() {
            partitions.extend(cluster.partitions(topic, deadline)?);
        } else {
            partitions.extend(
                numbers.iter().map(|&number| TopicPartition { topic: topic.clone(), partition: number }),
            );
        }
    }
    partitions.sort();
    partitions.dedup();
    Ok(partitions)
}

/// What has to be known to turn a destination into offsets.
struct Destinations {
    destination: Destination,
    committed: Committed,
    logs: Logs<TargetOffset>,
    /// The first offset at or after the time asked for; absent where no record is that young.
    at_time: BTreeMap<TopicPartition, TargetOffset>,
}

impl Destinations {
    fn find(
        cluster: &Cluster,
        destination: Destination,
        wanted: &[(GroupId, TopicPartition)],
        committed: Committed,
        deadline: &Deadline,
    ) -> Result<Self, Failure> {
        let mut partitions: Vec<_> = wanted.iter().map(|(_, partition)| partition.clone()).collect();
        partitions.sort();
        partitions.dedup();
        let logs = cluster.target_logs(&partitions, deadline)?;
        let time = match destination {
            Destination::Datetime(time) => Some(time),
            // No record is older than Kafka's own first time, and a negative one would mean something else.
            Destination::Duration(ago) => {
                let then = clock::now().checked_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH);
                Some(then.max(Timestamp::UNIX_EPOCH))
            }
            _ => None,
        };
        let at_time = match time {
            Some(time) => cluster.target_offsets_at(&partitions, time, deadline)?,
            None => BTreeMap::new(),
        };
        Ok(Self { destination, committed, logs, at_time })
    }

    fn reset(&self, group: GroupId, partition: TopicPartition) -> Result<OffsetReset, Failure> {
        let log = self.logs.get(&partition);
        let to = match self.destination {
            Destination::Earliest => log.map(|log| log.start),
            Destination::Latest => log.map(|log| log.end),
            Destination::Offset(offset) => Some(offset),
            Destination::Datetime(_) | Destination::Duration(_) => {
                self.at_time.get(&partition).copied().or(log.map(|log| log.end))
            }
            Destination::Shift(by) => Some(self.shifted(&group, &partition, by)?),
        };
        Ok(OffsetReset { group, partition, to, metadata: None, sound: true, stranded: None, optional: false })
    }

    fn shifted(&self, group: &GroupId, partition: &TopicPartition, by: i64) -> Result<TargetOffset, Failure> {
        let key = (group.clone(), partition.clone());
        let Some(committed) = self.committed.get(&key) else {
            return Err(Failure::new(
                Exit::Unsound,
                format!("group {group} has no commit on {partition} to shift"),
            ));
        };
        let shifted =
            committed.offset.get().checked_add(by).and_then(|offset| TargetOffset::new(offset).ok());
        shifted.ok_or_else(|| {
            let from = committed.offset;
            Failure::new(
                Exit::Unsound,
                format!("group {group} on {partition}: {from} shifted by {by} is no offset"),
            )
        })
    }
}
