//! Records of data topics as evidence: read in stretches, whatever can be had.

use std::sync::Mutex;

use jiff::Timestamp;
use offsets_core::evidence::{Answer, EvidenceSource, Fingerprint, Query, Records, Span};
use offsets_core::model::{ClusterAlias, LogRange, SourceOffset, TargetOffset, TopicName, TopicPartition};
use offsets_kafka::demo::{DemoClusters, DemoRecord};
use offsets_kafka::{Error, LinkedClusters, Progress, ProgressListener, SourceAccess};

use crate::cluster::{commit, soon};

/// Hears which topics were missed.
#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

impl ProgressListener for Listener {
    fn watch(&self, _: &ClusterAlias, _: &TopicName) -> Box<dyn FnMut(Progress)> {
        Box::new(|_| {})
    }

    fn missed(&self, topic: &TopicName, error: Error) {
        self.0.lock().unwrap().push(format!("{topic}: {error}"));
    }
}

/// Two clusters with a topic of 1,000 records on each of two partitions.
fn clusters() -> DemoClusters {
    let mut clusters = DemoClusters::start("src", "dst").unwrap();
    for cluster in [&mut clusters.source, &mut clusters.target] {
        cluster.create_topic("orders", 2).unwrap();
        for partition in 0..2 {
            let values: Vec<String> = (0..1_000).map(|offset| format!("{partition}/{offset}")).collect();
            let record = |(offset, value): (i64, &'static str)| DemoRecord {
                key: Some(b"key"),
                value: Some(value.as_bytes()),
                timestamp_ms: 1 + offset,
            };
            let values = values.into_iter().map(|value| &*Box::leak(value.into_boxed_str()));
            cluster.produce(&"orders".into(), partition, (0..).zip(values).map(record)).unwrap();
        }
    }
    clusters
}

fn span<O: TryFrom<i64>>(topic: &str, partition: i32, start: i64, end: i64) -> Span<O>
where
    O::Error: std::fmt::Debug,
{
    let offsets = LogRange { start: O::try_from(start).unwrap(), end: O::try_from(end).unwrap() };
    Span { partition: TopicPartition::new(topic, partition), offsets }
}

/// The stretches that were read of a partition: from, to, and how many records.
fn read<O: Copy + Ord + Into<i64>>(records: &Records<O>, partition: i32) -> Vec<(i64, i64, usize)> {
    let mut scans: Vec<_> = records
        .of(&TopicPartition::new("orders", partition))
        .iter()
        .map(|scan| (scan.offsets.start.into(), scan.offsets.end.into(), scan.records.len()))
        .collect();
    scans.sort_unstable();
    scans
}

#[test]
fn stretches_of_both_sides_are_read_and_kept_as_what_they_are_recognised_by() {
    let running = clusters();
    let (source, target) = (running.source.endpoint(), running.target.endpoint());
    let access = SourceAccess::Required(&source);
    let listener = Listener::default();
    let evidence_source = LinkedClusters::connect(access, &target, Timestamp::UNIX_EPOCH, soon()).unwrap();
    let mut evidence_source = evidence_source.with_progress(&listener);
    let targets = vec![
        span::<TargetOffset>("orders", 0, 10, 20),
        span("orders", 0, 500, 503),
        span("orders", 1, 990, 2_000),
        span("absent", 0, 0, 10),
    ];
    let queries = vec![
        Query::TargetRecords { spans: targets, origin_header: None },
        Query::SourceRecords(vec![span::<SourceOffset>("orders", 0, 10, 20)]),
    ];
    let facts = evidence_source.answer(queries).unwrap();
    let [Answer::TargetRecords(target), Answer::SourceRecords(source)] = facts.as_slice() else {
        panic!("{facts:?}")
    };
    assert_eq!(read(target, 0), [(10, 20, 10), (500, 503, 3)]);
    assert_eq!(read(target, 1), [(990, 1_000, 10)], "what the log does not hold is left out");
    assert!(target.of(&TopicPartition::new("absent", 0)).is_empty());
    let missed = listener.0.lock().unwrap();
    assert!(missed.len() == 1 && missed[0].starts_with("absent: "), "{missed:?}");
    assert_eq!(read(source, 0), [(10, 20, 10)]);
    let scan = &source.of(&TopicPartition::new("orders", 0))[0];
    assert_eq!(scan.records[3].created_ms, Some(14));
    assert_eq!(scan.records[3].content, Fingerprint::of(Some(b"key"), Some(b"0/13")));
}

#[test]
fn a_source_that_is_dead_has_no_records_and_says_so() {
    let running = clusters();
    let target = running.target.endpoint();
    let mut evidence_source =
        LinkedClusters::connect(SourceAccess::Dead, &target, Timestamp::UNIX_EPOCH, soon()).unwrap();
    let query = Query::SourceRecords(vec![span("orders", 0, 0, 10)]);
    let facts = evidence_source.answer(vec![query]).unwrap();
    assert!(matches!(facts[0], Answer::SourceDead { .. }), "{facts:?}");
}

/// What groups have committed on the target, asked of a link whose source is dead.
#[test]
fn commits_on_the_target_are_told_of_those_asked_for_whatever_else_is_not_there() {
    let running = clusters();
    let own = [commit("app", "orders", 0, 7), commit("app", "orders", 1, 8), commit("other", "orders", 0, 9)];
    let cluster = running.target.connect(&soon()).unwrap();
    assert!(cluster.alter(&own, &soon()).all_ok());
    let target = running.target.endpoint();
    let mut evidence_source =
        LinkedClusters::connect(SourceAccess::Dead, &target, Timestamp::UNIX_EPOCH, soon()).unwrap();
    let place = |group: &str, topic, partition| (group.into(), TopicPartition::new(topic, partition));
    let here = [place("app", "orders", 0), place("other", "orders", 0), place("nosuch", "orders", 1)];
    let absent = [place("app", "absent", 0), place("third", "absent", 0)];
    for asked in [here.to_vec(), [&here[..], &absent].concat()] {
        let facts = evidence_source.answer(vec![Query::TargetCommits(asked.into_iter().collect())]).unwrap();
        let [Answer::TargetCommits(found)] = facts.as_slice() else { panic!("{facts:?}") };
        let found = found.iter().map(|c| (c.group.as_str(), c.partition.partition, c.committed.offset.get()));
        assert_eq!(found.collect::<Vec<_>>(), [("app", 0, 7), ("other", 0, 9)]);
    }
}
