use std::collections::BTreeMap;

use offsets_core::model::{GroupId, GroupState};
use rdkafka::types::RDKafkaErrorCode;

use crate::ffi::{DescribeGroup, ListGroups};
use crate::{About, Cause, Cluster, Deadline, Directory, Error, Outcomes};

/// A group as the list of groups shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupListing {
    /// Its id.
    pub id: GroupId,
    /// Its state when it was listed.
    pub state: GroupState,
    /// The protocol its members speak.
    pub kind: GroupKind,
    /// Whether nobody ever joined it: offsets were only ever committed from outside.
    pub is_simple: bool,
}

/// The protocol by which a group's members share partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupKind {
    /// The protocol of old, led by one of the members.
    Classic,
    /// The broker's own, KIP-848.
    Consumer,
    /// The broker did not say, or said something else.
    Unknown,
}

/// What a group is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its state. A group that does not exist is [`GroupState::Dead`], as in Kafka.
    pub state: GroupState,
    /// The protocol its members speak.
    pub kind: GroupKind,
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
    /// Every consumer group this principal may see, in order. Groups of other protocols (Connect workers, share groups)
    /// are left out, as kafka-consumer-groups does.
    ///
    /// # Errors
    /// An error of any broker is an error of the whole: a list that lacks a coordinator's groups is no list.
    pub fn list_groups(&self, deadline: &Deadline) -> Result<Vec<GroupListing>, Error> {
        if let Directory::Fixed { groups, .. } = self.directory() {
            let listing = |(id, state): (&GroupId, &GroupState)| GroupListing {
                id: id.clone(),
                state: *state,
                kind: GroupKind::Classic,
                is_simple: true,
            };
            return Ok(groups.iter().map(listing).collect());
        }
        let passing = |answer: &Result<(Vec<GroupListing>, Vec<Cause>), Cause>| match answer {
            Ok((_, errors)) => errors.iter().any(Cause::is_passing),
            Err(cause) => cause.is_passing(),
        };
        let answer =
            self.ask(&[ListGroups], deadline, passing).pop().unwrap_or_else(|| Ok(Default::default()));
        match answer {
            Ok((mut groups, errors)) if errors.is_empty() => {
                groups.sort_by(|a, b| a.id.cmp(&b.id));
                Ok(groups)
            }
            Ok((_, mut errors)) => Err(self.failed(About::Groups, errors.swap_remove(0), deadline)),
            Err(cause) => Err(self.failed(About::Groups, cause, deadline)),
        }
    }

    /// What each of the groups is doing, classic and KIP-848 groups alike. Naming one twice is naming it once.
    ///
    /// A group of another kind (a share group, a streams group) looks dead; its coordinator refuses offsets all the same.
    pub fn describe_groups(
        &self,
        groups: &[GroupId],
        deadline: &Deadline,
    ) -> Outcomes<GroupId, GroupDescription> {
        if let Directory::Fixed { groups: known, .. } = self.directory() {
            return groups.iter().map(|group| (group.clone(), Ok(described(known, group)))).collect();
        }
        let mut groups: Vec<GroupId> = groups.to_vec();
        groups.sort();
        groups.dedup();
        let calls: Vec<DescribeGroup<'_>> = groups.iter().map(DescribeGroup).collect();
        let answers = self.ask(&calls, deadline, |answer| answer.as_ref().is_err_and(Cause::is_passing));
        let outcome = |(group, answer): (GroupId, Result<GroupDescription, Cause>)| {
            let description = match answer {
                Err(cause) if is_not_found(&cause) => Ok(GroupDescription::dead()),
                answer => answer.map_err(|cause| self.failed(About::Group(group.clone()), cause, deadline)),
            };
            (group, description)
        };
        let answers: Vec<_> = groups.iter().cloned().zip(answers).collect();
        answers.into_iter().map(outcome).collect()
    }
}

impl GroupDescription {
    fn dead() -> Self {
        Self { state: GroupState::Dead, kind: GroupKind::Unknown, members: Vec::new() }
    }
}

/// Since DescribeGroups version 6 (KIP-1043) a broker says outright that there is no such group.
fn is_not_found(cause: &Cause) -> bool {
    cause.code == RDKafkaErrorCode::GroupIdNotFound as i32
}

fn described(known: &BTreeMap<GroupId, GroupState>, group: &GroupId) -> GroupDescription {
    match known.get(group) {
        Some(state) => GroupDescription { state: *state, kind: GroupKind::Classic, members: Vec::new() },
        None => GroupDescription::dead(),
    }
}
