use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use offsets_core::model::{GroupId, GroupKind};
use rdkafka::consumer::Consumer as _;

use super::REFRESH;
use crate::cluster::{ASKING, Client, client};
use crate::detached::{self, Retiring};
use crate::ffi::{ListedGroup, Native, TIMED_OUT, list_every_group};
use crate::{Cause, Cluster, Deadline, GroupCatalog};

/// For how long a list of the uncommon groups is used again: it is dear, as it describes every group of the cluster.
const FRESH: Duration = Duration::from_secs(60);

/// Maximum number of groups that are looked up one by one, which describes no other group.
const ONE_BY_ONE: usize = 8;

/// The groups that are neither classic nor KIP-848.
///
/// librdkafka 2.12 leaves share groups and streams groups out of ListConsumerGroups, which looks at the type of protocol, and its
/// DescribeConsumerGroups does not find them. Its older `rd_kafka_list_groups` names every group that a broker lists, and describes
/// them by DescribeGroups version 0, to which a group of another kind is dead. Which of the two kinds it is shows in its committed
/// offsets: a share group has none.
impl Cluster {
    /// Every streams group and share group that this principal may see. What cannot be listed is left out: none of these groups is
    /// needed to move the others.
    pub fn uncommon_groups(&self, deadline: &Deadline) -> BTreeMap<GroupId, GroupKind> {
        if matches!(self.group_catalog(), GroupCatalog::Fixed { .. }) {
            return BTreeMap::new();
        }
        if let Some(known) = self.known_uncommon() {
            return known;
        }
        let found = self.kinds_of(self.list_all(deadline).unwrap_or_default(), deadline);
        self.keep_uncommon(Deadline::after(FRESH), found.clone());
        found
    }

    /// Those of `groups` that exist and are neither classic nor KIP-848.
    pub(super) fn uncommon_among(
        &self,
        groups: &[GroupId],
        deadline: &Deadline,
    ) -> BTreeMap<GroupId, GroupKind> {
        if groups.len() > ONE_BY_ONE {
            let mut uncommon = self.uncommon_groups(deadline);
            uncommon.retain(|group, _| groups.contains(group));
            return uncommon;
        }
        let client = self.client();
        let one = |group| list_every(&client, Some(group), deadline).unwrap_or_default();
        let listed = groups.iter().flat_map(one).collect();
        self.kinds_of(listed, deadline)
    }

    /// On a connection of its own, which is given up should the answer be too large for it.
    fn list_all(&self, deadline: &Deadline) -> Result<Vec<ListedGroup>, Cause> {
        let client = client(self.settings(), &self.connection().sibling(), ASKING, &[])
            .map_err(|error| Cause::from_code(TIMED_OUT, &error.to_string()))?;
        list_every(&Arc::new(Retiring::unattended(client)), None, deadline)
    }

    fn kinds_of(&self, listed: Vec<ListedGroup>, deadline: &Deadline) -> BTreeMap<GroupId, GroupKind> {
        let dead: BTreeSet<GroupId> =
            listed.into_iter().filter(ListedGroup::is_dead).map(|listed| listed.id).collect();
        if dead.is_empty() {
            return BTreeMap::new();
        }
        // A KIP-848 group is dead to the old request, too.
        let groups: Vec<GroupId> = dead.into_iter().collect();
        let common = self.describe_common(&groups, deadline);
        let uncommon: Vec<GroupId> =
            groups.into_iter().zip(common).filter(|(_, found)| !found).map(|(group, _)| group).collect();
        let committed = self.committed(&uncommon, None, deadline);
        let kind = |group: &GroupId| match committed.get(group) {
            Some(Ok(commits)) if !commits.is_empty() => GroupKind::Streams,
            Some(Ok(_)) => GroupKind::Share,
            Some(Err(_)) | None => GroupKind::Unknown,
        };
        uncommon.iter().map(|group| (group.clone(), kind(group))).collect()
    }
}

fn list_every(
    client: &Arc<Client>,
    group: Option<&GroupId>,
    deadline: &Deadline,
) -> Result<Vec<ListedGroup>, Cause> {
    let (client, group) = (Arc::clone(client), group.cloned());
    let list = move |wait| list_every_group(Native::of(client.client()), group.as_ref(), wait);
    detached::call(&deadline.within(REFRESH), list).unwrap_or_else(|| Err(Cause::from_code(TIMED_OUT, "")))
}
