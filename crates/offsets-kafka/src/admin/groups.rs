use std::collections::{BTreeMap, BTreeSet};

use offsets_core::model::{GroupId, GroupKind, GroupState};
use rdkafka::types::RDKafkaErrorCode;

use crate::ffi::{DeleteGroup, DescribeGroup, ListGroups};
use crate::{Cause, Cluster, Deadline, Error, GroupCatalog, Outcomes, Subject};

/// A group as the list of groups shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupListing {
    /// Its id.
    pub id: GroupId,
    /// Its state when it was listed.
    pub state: GroupState,
    /// The protocol its members speak.
    pub kind: GroupKind,
    /// Whether it never had a member: offsets were only committed from outside.
    pub is_simple: bool,
}

/// What a group is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its state. A group that does not exist is [`GroupState::Dead`], as in Kafka.
    pub state: GroupState,
    /// The protocol its members speak.
    pub kind: GroupKind,
    /// Whether it never had a member: offsets were only committed from outside.
    pub is_simple: bool,
    /// Who is in it.
    pub members: Vec<Member>,
}

/// A member of a group: enough to find the process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The `client.id` it gave itself.
    pub client_id: String,
    /// Where the broker saw it come from, as in `/10.0.0.7`.
    pub host: String,
}

impl Cluster {
    /// Every group this principal may see that can have committed offsets, in order: classic, KIP-848 and Kafka Streams groups
    /// (KIP-1071). Connect workers and share groups are left out, as kafka-consumer-groups does.
    ///
    /// Streams groups come without their state, and only as far as [`Cluster::uncommon_groups`] finds them.
    ///
    /// # Errors
    /// An error of any broker is an error of the whole: a list that lacks a coordinator's groups is no list.
    pub fn list_groups(&self, deadline: &Deadline) -> Result<Vec<GroupListing>, Error> {
        if let GroupCatalog::Fixed { groups, .. } = self.group_catalog() {
            let listing = |(id, state): (&GroupId, &GroupState)| GroupListing {
                id: id.clone(),
                state: *state,
                kind: GroupKind::Classic,
                is_simple: true,
            };
            return Ok(groups.iter().map(listing).collect());
        }
        let passing = |answer: &Result<(Vec<GroupListing>, Vec<Cause>), Cause>| match answer {
            Ok((_, errors)) => errors.iter().any(Cause::is_retriable),
            Err(cause) => cause.is_retriable(),
        };
        let answer =
            self.ask(&[ListGroups], deadline, passing).pop().unwrap_or_else(|| Ok(Default::default()));
        match answer {
            Ok((mut groups, errors)) if errors.is_empty() => {
                let listed: BTreeSet<GroupId> = groups.iter().map(|group| group.id.clone()).collect();
                let uncommon = self.uncommon_groups(deadline);
                let streams = uncommon
                    .into_iter()
                    .filter(|(group, kind)| *kind == GroupKind::Streams && !listed.contains(group));
                groups.extend(streams.map(|(id, kind)| GroupListing {
                    id,
                    state: GroupState::Unknown,
                    kind,
                    is_simple: false,
                }));
                groups.sort_by(|a, b| a.id.cmp(&b.id));
                Ok(groups)
            }
            Ok((_, mut errors)) => Err(self.failed(Subject::Groups, errors.swap_remove(0), deadline)),
            Err(cause) => Err(self.failed(Subject::Groups, cause, deadline)),
        }
    }

    /// What each of the groups is doing, whatever its kind. Naming one twice is naming it once.
    ///
    /// Of a streams group and of a share group neither state nor members can be had through librdkafka: their state is
    /// [`GroupState::Unknown`].
    pub fn describe_groups(
        &self,
        groups: &[GroupId],
        deadline: &Deadline,
    ) -> Outcomes<GroupId, GroupDescription> {
        if let GroupCatalog::Fixed { groups: known, .. } = self.group_catalog() {
            return groups.iter().map(|group| (group.clone(), Ok(described(known, group)))).collect();
        }
        let mut groups: Vec<GroupId> = groups.to_vec();
        groups.sort();
        groups.dedup();
        let calls: Vec<DescribeGroup<'_>> = groups.iter().map(DescribeGroup).collect();
        let answers = self.ask(&calls, deadline, |answer| answer.as_ref().is_err_and(Cause::is_retriable));
        let outcome = |(group, answer): (GroupId, Result<GroupDescription, Cause>)| {
            let description = match answer {
                Err(cause) if is_not_found(&cause) => Ok(GroupDescription::dead()),
                answer => answer.map_err(|cause| self.failed(Subject::Group(group.clone()), cause, deadline)),
            };
            (group, description)
        };
        let answers: Vec<_> = groups.iter().cloned().zip(answers).collect();
        let mut described: BTreeMap<GroupId, Result<GroupDescription, Error>> =
            answers.into_iter().map(outcome).collect();
        let dead = |outcome: &Result<GroupDescription, Error>| {
            outcome.as_ref().is_ok_and(|description| description.state == GroupState::Dead)
        };
        let absent: Vec<GroupId> =
            described.iter().filter(|(_, outcome)| dead(outcome)).map(|(group, _)| group.clone()).collect();
        for (group, kind) in self.uncommon_among(&absent, deadline) {
            let description =
                GroupDescription { state: GroupState::Unknown, kind, is_simple: false, members: Vec::new() };
            described.insert(group, Ok(description));
        }
        described.into_iter().collect()
    }

    /// For each of the groups whether it is a classic or a KIP-848 group that exists. One that cannot be described counts as one.
    pub(super) fn describe_common(&self, groups: &[GroupId], deadline: &Deadline) -> Vec<bool> {
        let calls: Vec<DescribeGroup<'_>> = groups.iter().map(DescribeGroup).collect();
        let answers = self.ask(&calls, deadline, |answer| answer.as_ref().is_err_and(Cause::is_retriable));
        let common = |answer: Result<GroupDescription, Cause>| match answer {
            Ok(description) => description.state != GroupState::Dead,
            Err(cause) => !is_not_found(&cause),
        };
        answers.into_iter().map(common).collect()
    }

    /// Deletes groups that have no members, with all that they have committed. One that does not exist counts as deleted.
    ///
    /// Brokers know the request since Kafka 1.1. On an older one librdkafka 2.12 may abort the process, as it does for OffsetDelete
    /// (librdkafka#3663).
    pub fn delete_groups(&self, groups: &BTreeSet<GroupId>, deadline: &Deadline) -> Outcomes<GroupId, ()> {
        if let GroupCatalog::Fixed { .. } = self.group_catalog() {
            let refused = |group: &GroupId| {
                let subject = Subject::Group(group.clone());
                (group.clone(), Err(self.invalid(subject, "the embedded clusters delete no groups")))
            };
            return groups.iter().map(refused).collect();
        }
        let calls: Vec<DeleteGroup<'_>> = groups.iter().map(DeleteGroup).collect();
        let answers = self.ask(&calls, deadline, |answer| answer.as_ref().is_err_and(Cause::is_retriable));
        let outcome = |(group, answer): (&GroupId, Result<(), Cause>)| {
            let outcome = match answer {
                Err(cause) if is_not_found(&cause) => Ok(()),
                answer => answer.map_err(|cause| self.failed(Subject::Group(group.clone()), cause, deadline)),
            };
            (group.clone(), outcome)
        };
        groups.iter().zip(answers).map(outcome).collect()
    }
}

impl GroupDescription {
    fn dead() -> Self {
        Self { state: GroupState::Dead, kind: GroupKind::Unknown, is_simple: true, members: Vec::new() }
    }
}

/// Since DescribeGroups version 6 (KIP-1043) a broker says outright that there is no such group.
fn is_not_found(cause: &Cause) -> bool {
    cause.code == RDKafkaErrorCode::GroupIdNotFound as i32
}

fn described(known: &BTreeMap<GroupId, GroupState>, group: &GroupId) -> GroupDescription {
    match known.get(group) {
        Some(state) => {
            GroupDescription { state: *state, kind: GroupKind::Classic, is_simple: true, members: Vec::new() }
        }
        None => GroupDescription::dead(),
    }
}
