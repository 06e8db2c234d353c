//! A stop ends every wait. A recorder took 17 s to end on SIGTERM while its source was dead, and container runtimes kill after 10 s.

use std::net::TcpListener;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use offsets_core::model::{GroupId, TopicPartition};
use offsets_kafka::eos::{GroupConsumer, GroupConsumerOptions, NewTopic, TransactionalProducer};
use offsets_kafka::{ClientSettings, Cluster, Deadline, Error, Isolation, Stop};

use crate::cluster::Breakable;

/// Longer than any test waits: only the stop can end these calls.
const AGES: Duration = Duration::from_secs(3_600);

/// Asserts that a call waits until a stop is requested, and then ends with an error.
#[track_caller]
fn is_ended_by_a_stop(call: impl FnOnce(&Deadline) -> Result<(), Error> + Send + 'static) {
    let stop = Stop::default();
    let deadline = Deadline::after(AGES).or_stop(&stop);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(call(&deadline)));
    assert!(
        matches!(receiver.recv_timeout(Duration::from_millis(300)), Err(RecvTimeoutError::Timeout)),
        "there is nothing to wait for"
    );
    stop.request();
    let ended = receiver.recv_timeout(Duration::from_secs(60)).expect("the stop did not end the call");
    assert!(ended.is_err(), "a stop is no answer");
}

#[test]
fn connecting_to_a_port_that_never_answers_is_ended_by_a_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let servers = listener.local_addr().unwrap().to_string();
    let settings = ClientSettings::builder("src").bootstrap_servers(servers).build().unwrap();
    is_ended_by_a_stop(move |deadline| Cluster::connect(&settings, deadline).map(drop));
}

#[test]
fn connecting_to_a_closed_port_is_ended_by_a_stop() {
    let settings = ClientSettings::builder("src").bootstrap_servers(crate::cluster::CLOSED).build().unwrap();
    is_ended_by_a_stop(move |deadline| Cluster::connect(&settings, deadline).map(drop));
}

#[test]
fn every_question_to_a_cluster_that_fell_silent_is_ended_by_a_stop() {
    let breakable = Breakable::start();
    breakable.mock.create_topic("orders", 1, 1).unwrap();
    type Ask = fn(&Cluster, &Deadline) -> Result<(), Error>;
    let asks: [Ask; 9] = [
        |cluster, deadline| cluster.topics(deadline).map(drop),
        |cluster, deadline| cluster.partitions(&"orders".into(), deadline).map(drop),
        |cluster, deadline| {
            let orders = [TopicPartition::new("orders", 0)];
            cluster.log_ranges(&orders, Isolation::ReadUncommitted, deadline).into_result().map(drop)
        },
        |cluster, deadline| {
            let orders = [TopicPartition::new("orders", 0)];
            let found = cluster.committed(&[GroupId::from("g")], Some(&orders), deadline).into_result()?;
            found.into_values().try_for_each(|commits| commits.into_result().map(drop))
        },
        |cluster, deadline| cluster.read(&"orders".into()).span(0, 0..1).visit(deadline, |_| {}).map(drop),
        |cluster, deadline| cluster.topic_settings(&"orders".into(), deadline).map(drop),
        |cluster, deadline| {
            let new = NewTopic { name: "new".into(), partitions: 1, replicas: None, settings: Vec::new() };
            cluster.create_topic(&new, deadline).map(drop)
        },
        |cluster, deadline| {
            TransactionalProducer::open(cluster.settings(), "merge.one", AGES, deadline).map(drop)
        },
        |cluster, deadline| {
            let (group, options) = (GroupId::from("g"), GroupConsumerOptions::default());
            let member = GroupConsumer::join(cluster.settings(), &group, &["orders".into()], &options)?;
            let committed = member.committed(&[TopicPartition::new("orders", 0)], deadline);
            member.leave(deadline);
            committed.map(drop)
        },
    ];
    let clusters = asks.map(|ask| (breakable.connect(&[]), ask));
    breakable.mock.broker_round_trip_time(-1, AGES).unwrap();
    for (cluster, ask) in clusters {
        is_ended_by_a_stop(move |deadline| ask(&cluster, deadline));
    }
}
