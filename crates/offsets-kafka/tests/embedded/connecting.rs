use std::error::Error as _;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offsets_core::link::Side;
use offsets_core::model::{GroupId, TopicPartition};
use offsets_kafka::demo::DemoClusters;
use offsets_kafka::{
    ClientSettings, Cluster, ConnectionWatch, Contact, Deadline, Endpoint, Isolation, Waiting,
};

use crate::cluster::{Breakable, CLOSED, ENDLESS, short, soon};

#[test]
fn two_clusters_are_two_clusters() {
    let mut clusters = DemoClusters::start("src", "dst").unwrap();
    clusters.source.create_topic("orders", 3).unwrap();
    let source = clusters.source.connect(&soon()).unwrap();
    let target = clusters.target.connect(&soon()).unwrap();
    assert_eq!((source.alias().as_str(), target.alias().as_str()), ("src", "dst"));
    assert_ne!(source.cluster_id().unwrap(), target.cluster_id().unwrap());
    assert_eq!(source.topics(&soon()).unwrap().get("orders"), Some(&3));
    assert!(target.topics(&soon()).unwrap().is_empty());
}

#[test]
fn a_topic_has_its_partitions_and_is_not_created_by_asking() {
    let mut clusters = DemoClusters::start("src", "dst").unwrap();
    clusters.source.create_topic("orders", 2).unwrap();
    let cluster = clusters.source.connect(&soon()).unwrap();
    let partitions = cluster.partitions(&"orders".into(), &soon()).unwrap();
    assert_eq!(partitions, [TopicPartition::new("orders", 0), TopicPartition::new("orders", 1)]);
    for _ in 0..2 {
        let error = cluster.partitions(&"nosuch".into(), &soon()).unwrap_err();
        assert!(error.is_unknown_topic());
        assert_eq!(error.to_string(), "cluster src: topic nosuch: does not exist");
    }
    assert_eq!(cluster.topics(&soon()).unwrap().len(), 1);
}

#[test]
fn a_closed_port_is_an_error_that_says_refused_once_the_deadline_has_passed() {
    let servers = CLOSED;
    let settings = ClientSettings::builder("src").bootstrap_servers(servers).build().unwrap();
    let begun = crate::now();
    let error = Cluster::connect(&settings, &short()).unwrap_err();
    assert!(begun.elapsed() < ENDLESS, "{:?}", begun.elapsed());
    assert!(error.is_unreachable(), "{error}");
    assert_eq!(error.to_string(), format!("cluster src: cannot reach {servers} (waited 0.7 s)"));
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("Connection refused"), "{cause}");
}

#[test]
fn a_broker_that_accepts_and_says_nothing_hits_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let servers = listener.local_addr().unwrap().to_string();
    let settings = ClientSettings::builder("src").bootstrap_servers(servers).build().unwrap();
    let begun = crate::now();
    let error = Cluster::connect(&settings, &short()).unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(begun.elapsed() < ENDLESS, "{:?}", begun.elapsed());
}

#[test]
fn a_name_that_does_not_resolve_is_told() {
    let settings =
        ClientSettings::builder("src").bootstrap_servers("no-such-host.invalid:9092").build().unwrap();
    let error = Cluster::connect(&settings, &short()).unwrap_err();
    assert!(error.is_unreachable());
    assert!(error.source().unwrap().to_string().contains("no-such-host.invalid"), "{:?}", error.source());
}

#[test]
fn a_cluster_that_goes_down_hits_the_deadline_and_one_that_comes_back_answers() {
    let breakable = Breakable::start();
    breakable.mock.create_topic("orders", 1, 1).unwrap();
    let cluster = breakable.connect(&[]);
    let orders = [TopicPartition::new("orders", 0)];
    assert!(cluster.log_ranges(&orders, Isolation::ReadCommitted, &soon()).all_ok());

    breakable.mock.broker_down(-1).unwrap();
    let begun = crate::now();
    let outcomes = cluster.log_ranges(&orders, Isolation::ReadCommitted, &short());
    let (partition, error) = outcomes.errors().next().unwrap();
    assert_eq!(partition, &orders[0]);
    assert!(error.is_timeout(), "{error}");
    assert!(error.to_string().starts_with("cluster dst: partition orders-0: no answer"), "{error}");
    assert!(cluster.topics(&short()).unwrap_err().is_timeout());
    assert!(begun.elapsed() < ENDLESS, "{:?}", begun.elapsed());

    breakable.mock.broker_up(-1).unwrap();
    assert!(cluster.log_ranges(&orders, Isolation::ReadCommitted, &soon()).all_ok());
}

#[test]
fn nothing_is_waited_for_after_the_deadline() {
    let clusters = DemoClusters::start("src", "dst").unwrap();
    let cluster = clusters.source.connect(&soon()).unwrap();
    let begun = crate::now();
    let past = Deadline::after(Duration::ZERO);
    assert!(cluster.topics(&past).is_err());
    assert!(!cluster.committed(&["g".into()], Some(&[TopicPartition::new("t", 0)]), &past).all_ok());
    assert!(begun.elapsed() < ENDLESS, "{:?}", begun.elapsed());
}

/// librdkafka frees a coordinator request when it times out and calls back into it when the coordinator answers after
/// all, which aborts the process.
#[test]
fn a_coordinator_that_answers_too_late_does_no_harm() {
    let breakable = Breakable::start();
    breakable.mock.create_topic("orders", 1, 1).unwrap();
    let cluster = breakable.connect(&[]);
    let orders = [TopicPartition::new("orders", 0)];
    let groups: Vec<GroupId> = (0..50).map(|group| GroupId::new(format!("app-{group}"))).collect();
    assert!(cluster.committed(&groups, Some(&orders), &soon()).all_ok_within());

    breakable.mock.broker_round_trip_time(-1, Duration::from_millis(1500)).unwrap();
    let committed = cluster.committed(&groups, Some(&orders), &short());
    assert_eq!(committed.errors().filter(|(_, error)| error.is_timeout()).count(), 50);
    // This takes as long as the late answers take to arrive, and more.
    assert!(cluster.topics(&soon()).is_ok());

    breakable.mock.broker_round_trip_time(-1, Duration::ZERO).unwrap();
    assert!(cluster.committed(&groups, Some(&orders), &soon()).all_ok_within());
}

#[test]
fn a_failed_connection_tells_everything_but_the_secret() {
    // The worst of passwords: the library is bound to say it.
    let password = "127.0.0.1";
    let settings = ClientSettings::builder("src")
        .bootstrap_servers(CLOSED)
        .java_properties(format!(
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=\
             org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"{password}\";"
        ))
        .unwrap()
        .build()
        .unwrap();
    let error = Cluster::connect(&settings, &short()).unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("Connection refused") && cause.contains("[hidden]"), "{cause}");
    assert!(!cause.contains(password), "{cause}");
    assert!(!format!("{settings:?}").contains("password=\"127"), "{settings:?}");
}

/// Remembers what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl ConnectionWatch for Told {
    fn waiting(&self, waiting: &Waiting<'_>) {
        let phase = if waiting.left.is_some() { "contacting" } else { "reached before" };
        self.0.lock().unwrap().push(format!("{phase}: {waiting}"));
    }
}

fn contact(told: &Arc<Told>, within: Duration) -> Contact {
    Contact { within, side: Some(Side::Target), watch: Arc::clone(told) as Arc<dyn ConnectionWatch> }
}

/// P24: a cluster that is waited for in silence.
#[test]
fn a_cluster_that_refuses_is_told_and_left_after_the_time_of_its_contact() {
    let told = Arc::new(Told::default());
    let settings = ClientSettings::builder("b").bootstrap_servers(CLOSED).build().unwrap();
    let endpoint = Endpoint::from(settings).contacted(contact(&told, Duration::from_secs(1)));
    let error = endpoint.connect(&Deadline::after(Duration::from_secs(3_600))).unwrap_err();
    assert_eq!(error.unreachable_side(), Some(Side::Target));
    assert_eq!(*told.0.lock().unwrap(), [format!("contacting: cluster b: {CLOSED} refuses connections")]);
}

#[test]
fn a_cluster_that_goes_away_later_is_told_as_well() {
    let told = Arc::new(Told::default());
    let breakable = Breakable::start();
    breakable.mock.create_topic("orders", 1, 1).unwrap();
    let settings =
        ClientSettings::builder("b").bootstrap_servers(breakable.mock.bootstrap_servers()).build().unwrap();
    let endpoint = Endpoint::from(settings).contacted(contact(&told, Duration::from_secs(20)));
    let cluster = endpoint.connect(&soon()).unwrap();
    assert!(cluster.topics(&soon()).is_ok());
    assert_eq!(*told.0.lock().unwrap(), [""; 0]);

    breakable.mock.broker_down(-1).unwrap();
    let orders = [TopicPartition::new("orders", 0)];
    let patience = soon();
    while told.0.lock().unwrap().is_empty() {
        assert!(!patience.has_passed(), "nothing was told");
        assert!(!cluster.log_ranges(&orders, Isolation::ReadCommitted, &short()).all_ok());
    }
    let first = told.0.lock().unwrap()[0].clone();
    assert!(first.starts_with("reached before: cluster b: 127.0.0.1:"), "{first}");
}
