use std::time::Duration;

use offsets_core::model::{CommittedOffset, GroupId, GroupState, TopicPartition};
use offsets_kafka::demo::{DemoCluster, DemoRecord};
use offsets_kafka::{Cluster, GroupPartition, Isolation};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaApiKey;

use crate::cluster::{Breakable, commit, soon};

fn with_orders(partitions: i32) -> (DemoCluster, Cluster) {
    let mut demo = DemoCluster::start("dst").unwrap();
    demo.create_topic("orders", partitions).unwrap();
    let cluster = demo.connect(&soon()).unwrap();
    (demo, cluster)
}

#[test]
fn commits_of_many_groups_are_read_back_with_their_metadata() {
    let (_demo, cluster) = with_orders(50);
    let groups: Vec<GroupId> = (0..200).map(|group| GroupId::new(format!("app-{group:03}"))).collect();
    let commits: Vec<_> = groups
        .iter()
        .enumerate()
        .flat_map(|(g, group)| {
            (0..50).map(move |p| commit(group.as_str(), "orders", p, (g * 50) as i64 + i64::from(p)))
        })
        .collect();
    let altered = cluster.alter(&commits, &soon());
    assert_eq!(altered.len(), 10_000);
    assert!(altered.all_ok(), "{:?}", altered.errors().next());

    let committed = cluster.committed(&groups, None, &soon());
    assert!(committed.all_ok_within());
    for commit in &commits {
        let found = committed.get(&commit.group).unwrap().as_ref().unwrap().get(&commit.partition).unwrap();
        assert_eq!(found.as_ref().unwrap().as_ref(), Some(&commit.committed));
    }
}

#[test]
fn a_partition_without_a_commit_is_none_when_named_and_absent_when_not() {
    let (_demo, cluster) = with_orders(2);
    assert!(cluster.alter(&[commit("app", "orders", 1, 7)], &soon()).all_ok());
    let partitions = [TopicPartition::new("orders", 0), TopicPartition::new("orders", 1)];

    let named = cluster.committed(&["app".into()], Some(&partitions), &soon()).into_result().unwrap();
    let named: Vec<_> =
        named[&GroupId::new("app")].iter().map(|(p, c)| (p.partition, c.as_ref().unwrap().clone())).collect();
    let seven = CommittedOffset { offset: 7, metadata: "at 7".into() };
    assert_eq!(named, [(0, None), (1, Some(seven))]);

    let all = cluster.committed(&["app".into(), "nosuch".into()], None, &soon()).into_result().unwrap();
    assert_eq!(all[&GroupId::new("app")].iter().map(|(p, _)| p.partition).collect::<Vec<_>>(), [1]);
    assert!(all[&GroupId::new("nosuch")].is_empty());
}

#[test]
fn a_commit_is_refused_for_each_partition_while_the_group_is_live() {
    let (demo, cluster) = with_orders(2);
    let member: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", demo.settings().bootstrap_servers())
        .set("group.id", "live")
        .create()
        .unwrap();
    member.subscribe(&["orders"]).unwrap();
    let joined_by = soon();
    while member.assignment().unwrap().count() == 0 {
        assert!(!joined_by.has_passed(), "the member never joined");
        let _ = member.poll(Duration::from_millis(100));
    }

    let altered = cluster.alter(
        &[commit("live", "orders", 0, 1), commit("live", "orders", 1, 2), commit("idle", "orders", 0, 3)],
        &soon(),
    );
    let failed: Vec<_> =
        altered.errors().map(|(at, error)| (at.group.as_str(), at.partition.partition, error)).collect();
    assert_eq!(failed.len(), 2);
    for (index, (group, partition, error)) in failed.into_iter().enumerate() {
        assert_eq!((group, partition), ("live", index as i32));
        assert!(error.is_group_active(), "{error}");
    }
    assert_eq!(altered.successes().map(|(at, ())| at.group.as_str()).collect::<Vec<_>>(), ["idle"]);
}

#[test]
fn contradictory_commits_are_not_sent_and_the_others_are() {
    let (_demo, cluster) = with_orders(3);
    let altered = cluster.alter(
        &[
            commit("app", "orders", 0, 5),
            commit("app", "orders", 0, 6),
            commit("app", "orders", 1, -1),
            commit("app", "orders", 2, 9),
            commit("app", "orders", 2, 9),
        ],
        &soon(),
    );
    let key = |partition| GroupPartition {
        group: "app".into(),
        partition: TopicPartition::new("orders", partition),
    };
    assert!(altered.get(&key(0)).unwrap().as_ref().unwrap_err().to_string().contains("named twice"));
    assert!(altered.get(&key(1)).unwrap().as_ref().unwrap_err().to_string().contains("negative"));
    assert!(altered.get(&key(2)).unwrap().is_ok());
    let committed = cluster.committed(&["app".into()], None, &soon()).into_result().unwrap();
    assert_eq!(committed[&GroupId::new("app")].iter().map(|(p, _)| p.partition).collect::<Vec<_>>(), [2]);
}

#[test]
fn names_may_be_long_and_odd_and_offsets_large() {
    let topic = "t".repeat(249);
    let mut demo = DemoCluster::start("dst").unwrap();
    demo.create_topic(topic.as_str(), 1).unwrap();
    let cluster = demo.connect(&soon()).unwrap();
    for group in ["a,\"b\".c;d e", "ä€\u{1f980}", &"g".repeat(249)] {
        let wanted = commit(group, &topic, 0, i64::MAX - 1);
        assert!(cluster.alter(std::slice::from_ref(&wanted), &soon()).all_ok(), "{group}");
        let back = cluster.committed(&[group.into()], Some(std::slice::from_ref(&wanted.partition)), &soon());
        let back = back.into_result().unwrap().remove(&GroupId::new(group)).unwrap().into_result().unwrap();
        assert_eq!(back[&wanted.partition], Some(wanted.committed));
    }
}

#[test]
fn a_name_with_a_nul_is_an_error_and_not_a_shorter_name() {
    let (_demo, cluster) = with_orders(1);
    let altered = cluster.alter(&[commit("app\0x", "orders", 0, 1)], &soon());
    assert!(altered.errors().next().unwrap().1.to_string().contains("app\\0x"));
    assert!(
        !cluster.committed(&["app".into()], None, &soon()).into_result().unwrap()[&GroupId::new("app")]
            .iter()
            .any(|_| true)
    );
    assert!(cluster.partitions(&"orders\0x".into(), &soon()).is_err());
}

#[test]
fn the_directory_of_an_embedded_cluster_is_what_it_was_told() {
    let mut demo = DemoCluster::start("dst").unwrap();
    demo.create_topic("orders", 1).unwrap();
    demo.commit(&[commit("app", "orders", 0, 1), commit("busy", "orders", 0, 1)]).unwrap();
    demo.set_group_state("busy", GroupState::Stable);
    let cluster = demo.connect(&soon()).unwrap();
    let listed: Vec<_> = cluster.list_groups(&soon()).unwrap().into_iter().map(|g| (g.id, g.state)).collect();
    assert_eq!(listed, [("app".into(), GroupState::Empty), ("busy".into(), GroupState::Stable)]);
    let described = cluster.describe_groups(&["app".into(), "nosuch".into()], &soon()).into_result().unwrap();
    assert_eq!(described[&GroupId::new("app")].state, GroupState::Empty);
    assert_eq!(described[&GroupId::new("nosuch")].state, GroupState::Dead);
}

#[test]
fn log_ranges_tell_each_partition_apart() {
    let (mut demo, cluster) = with_orders(2);
    let record = DemoRecord { key: None, value: Some(b"x"), timestamp_ms: 1 };
    demo.produce(&"orders".into(), 1, std::iter::repeat_n(record, 42)).unwrap();
    let partitions: Vec<_> = [("orders", 0), ("orders", 1), ("orders", 2), ("nosuch", 0)]
        .into_iter()
        .map(|(topic, partition)| TopicPartition::new(topic, partition))
        .collect();
    let ranges = cluster.log_ranges(&partitions, Isolation::ReadCommitted, &soon());
    let ends: Vec<_> = ranges.successes().map(|(p, range)| (p.partition, range.start, range.end)).collect();
    assert_eq!(ends, [(0, 0, 0), (1, 0, 42)]);
    for (partition, error) in ranges.errors() {
        assert!(error.is_unknown_topic(), "{partition}: {error}");
    }
    assert_eq!(ranges.errors().count(), 2);
    let only_unknown = cluster.log_ranges(&partitions[2..], Isolation::ReadCommitted, &soon());
    assert!(only_unknown.errors().all(|(_, error)| error.is_unknown_topic()), "{only_unknown:?}");
    assert_eq!(only_unknown.errors().count(), 2);
}

/// P10: a wrong answer is worse than none.
#[test]
fn an_embedded_cluster_does_not_pretend_to_look_up_times() {
    let (_demo, cluster) = with_orders(1);
    let orders = [TopicPartition::new("orders", 0)];
    let found = cluster.offsets_for_time(&orders, 1_000, Isolation::ReadCommitted, &soon());
    let said = found.errors().next().unwrap().1.to_string();
    assert!(said.contains("keep no index of times"), "{said}");
}

/// What a broker answers while coordinators move or come up, as on a cluster whose offsets topic is new. librdkafka 2.12 ends the
/// process there with a segmentation fault unless the client has a group of its own.
#[test]
fn a_coordinator_that_moves_while_commits_are_asked_for_is_waited_for() {
    let breakable = Breakable::start();
    breakable.mock.create_topic("orders", 1, 1).unwrap();
    let cluster = breakable.connect(&[]);
    let orders = [TopicPartition::new("orders", 0)];
    assert!(cluster.alter(&[commit("app", "orders", 0, 7)], &soon()).all_ok());
    let moved = rdkafka::bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
    breakable.mock.request_errors(RDKafkaApiKey::OffsetFetch, &[moved]);
    let committed = cluster.committed(&["app".into()], Some(&orders), &soon()).into_result().unwrap();
    let committed = committed[&GroupId::new("app")].get(&orders[0]).unwrap().as_ref().unwrap();
    assert_eq!(committed.as_ref().map(|commit| commit.offset), Some(7));
    breakable.mock.request_errors(RDKafkaApiKey::OffsetCommit, &[moved]);
    assert!(cluster.alter(&[commit("app", "orders", 0, 8)], &soon()).all_ok());
}
