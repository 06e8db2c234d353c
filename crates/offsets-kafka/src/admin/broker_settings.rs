use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};

use crate::cluster::metadata;
use crate::connection::Connection;
use crate::{Cluster, Deadline, GroupCatalog};

/// How long settings are waited for: they are a help and no condition.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What the brokers' settings say of commits. Where brokers differ, the least of them counts; `None` where not all of them tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommitSettings {
    /// Maximum length of a commit's metadata (`offset.metadata.max.bytes`), which brokers compare with its UTF-16 code units.
    pub metadata_limit: Option<usize>,
    /// How long commits are kept (`offsets.retention.minutes`).
    pub retention: Option<Duration>,
}

impl Cluster {
    /// What the brokers' settings say of commits, as far as this principal may read them (DescribeConfigs on the cluster).
    pub fn commit_settings(&self, deadline: &Deadline) -> CommitSettings {
        if matches!(self.group_catalog(), GroupCatalog::Fixed { .. }) {
            return CommitSettings::default();
        }
        let deadline = deadline.within(TIMEOUT);
        let Ok(metadata) = metadata(&self.client(), None, &deadline) else {
            return CommitSettings::default();
        };
        let brokers: Vec<i32> = metadata.brokers().iter().map(|broker| broker.id()).collect();
        let Ok(admin) = self.admin_client() else { return CommitSettings::default() };
        let mut told: Vec<[Option<u64>; 2]> = Vec::new();
        for broker in brokers {
            told.push(settings_of(&admin, broker, &deadline));
        }
        let least = |at: usize| {
            told.iter().map(|settings| settings[at]).collect::<Option<Vec<u64>>>()?.into_iter().min()
        };
        let metadata_limit = least(0).and_then(|limit| usize::try_from(limit).ok());
        let retention = least(1).map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
        CommitSettings { metadata_limit, retention }
    }
}

fn settings_of(admin: &AdminClient<Connection>, broker: i32, deadline: &Deadline) -> [Option<u64>; 2] {
    let left = deadline.remaining().max(Duration::from_millis(1));
    let options = AdminOptions::new().request_timeout(Some(left));
    let resource = ResourceSpecifier::Broker(broker);
    let described = futures_executor::block_on(admin.describe_configs([&resource], &options));
    let config = described.ok().and_then(|described| described.into_iter().next()).and_then(Result::ok);
    ["offset.metadata.max.bytes", "offsets.retention.minutes"]
        .map(|key| config.as_ref()?.get(key)?.value.as_ref()?.parse().ok())
}
