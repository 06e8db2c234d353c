use std::time::Duration;

use offsets_kafka::demo::{DemoCluster, DemoRecord};
use offsets_kafka::{Deadline, Error, Progress, Shortfall};

use crate::cluster::{Breakable, ENDLESS, soon};

/// A topic whose records say their own offset.
fn numbered(partitions: &[i64]) -> DemoCluster {
    let mut demo = DemoCluster::start("dst").unwrap();
    demo.create_topic("orders", partitions.len() as i32).unwrap();
    for (partition, count) in partitions.iter().enumerate() {
        let values: Vec<[u8; 8]> = (0..*count).map(i64::to_be_bytes).collect();
        let record = |(n, value): (usize, &'static [u8])| DemoRecord {
            key: (n % 2 == 0).then_some(b"even".as_slice()),
            value: (n % 3 != 0).then_some(value),
            timestamp_ms: 1_000 + n as i64,
        };
        let leaked: Vec<&'static [u8]> =
            values.into_iter().map(|value| &*Box::leak(Box::new(value)) as &[u8]).collect();
        demo.produce(&"orders".into(), partition as i32, leaked.into_iter().enumerate().map(record)).unwrap();
    }
    demo
}

#[test]
fn every_record_is_seen_once_in_order_as_it_was_written() {
    let demo = numbered(&[5_000]);
    let cluster = demo.connect(&soon()).unwrap();
    let mut next = 0;
    let read = cluster
        .read(&"orders".into())
        .visit(&soon(), |record| {
            assert_eq!(record.offset, next);
            assert_eq!(record.timestamp_ms, Some(1_000 + next));
            assert_eq!(record.key, (next % 2 == 0).then_some(b"even".as_slice()));
            assert_eq!(record.value, (next % 3 != 0).then_some(next.to_be_bytes().as_slice()));
            next += 1;
        })
        .unwrap();
    assert_eq!(next, 5_000);
    assert_eq!((read[0].range.start, read[0].range.end, read[0].records), (0, 5_000, 5_000));
}

#[test]
fn all_partitions_are_read_or_only_those_named() {
    let demo = numbered(&[10, 0, 300, 7]);
    let cluster = demo.connect(&soon()).unwrap();
    let mut seen = [0; 4];
    let read = cluster.read(&"orders".into()).visit(&soon(), |r| seen[r.partition as usize] += 1).unwrap();
    assert_eq!(seen, [10, 0, 300, 7]);
    assert_eq!(
        read.iter().map(|p| (p.partition.partition, p.records)).collect::<Vec<_>>(),
        [(0, 10), (1, 0), (2, 300), (3, 7)]
    );

    let mut seen = [0; 4];
    let read = cluster
        .read(&"orders".into())
        .partition(3)
        .visit(&soon(), |r| seen[r.partition as usize] += 1)
        .unwrap();
    assert_eq!((seen, read.len()), ([0, 0, 0, 7], 1));
}

#[test]
fn a_span_is_read_exactly() {
    let demo = numbered(&[1_000, 1_000]);
    let cluster = demo.connect(&soon()).unwrap();
    let mut seen = [Vec::new(), Vec::new()];
    cluster
        .read(&"orders".into())
        .span(0, 10..13)
        .span(1, 998..1_000)
        .visit(&soon(), |r| seen[r.partition as usize].push(r.offset))
        .unwrap();
    assert_eq!(seen, [vec![10, 11, 12], vec![998, 999]]);

    let mut none = 0;
    cluster.read(&"orders".into()).span(0, 5..5).visit(&soon(), |_| none += 1).unwrap();
    assert_eq!(none, 0);
}

#[test]
fn a_span_outside_the_log_is_an_error() {
    let demo = numbered(&[100]);
    let cluster = demo.connect(&soon()).unwrap();
    let error = cluster.read(&"orders".into()).span(0, 90..101).visit(&soon(), |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cluster dst: partition orders-0: offsets 90..101 were asked for, the log holds 0..100"
    );
}

#[test]
fn a_read_sees_nothing_that_was_fetched_for_an_earlier_one() {
    let demo = numbered(&[3_000]);
    let cluster = demo.connect(&soon()).unwrap();
    for round in 0..40 {
        let from = (round * 67) % 2_900;
        let mut first = Vec::new();
        cluster
            .read(&"orders".into())
            .span(0, from..from + 3)
            .visit(&soon(), |r| first.push(r.offset))
            .unwrap();
        assert_eq!(first, [from, from + 1, from + 2]);
        if round % 8 == 0 {
            let mut next = 0;
            cluster
                .read(&"orders".into())
                .visit(&soon(), |r| {
                    assert_eq!(r.offset, next);
                    next += 1;
                })
                .unwrap();
            assert_eq!(next, 3_000);
        }
    }
}

#[test]
fn partitions_that_were_done_early_are_read_again_by_the_next_read() {
    let demo = numbered(&[10, 20_000, 30, 0]);
    let cluster = demo.connect(&soon()).unwrap();
    for _ in 0..5 {
        let read = cluster.read(&"orders".into()).visit(&soon(), |_| ()).unwrap();
        assert_eq!(read.iter().map(|p| p.records).collect::<Vec<_>>(), [10, 20_000, 30, 0]);
    }
}

#[test]
fn a_read_ends_where_the_log_ended_when_it_began() {
    let mut demo = numbered(&[20_000]);
    let cluster = demo.connect(&soon()).unwrap();
    let (mut seen, mut grown) = (0, false);
    let read = cluster
        .read(&"orders".into())
        .visit(&soon(), |_| {
            seen += 1;
            if !std::mem::replace(&mut grown, true) {
                let more = DemoRecord { key: None, value: Some(b"more"), timestamp_ms: 1 };
                demo.produce(&"orders".into(), 0, std::iter::repeat_n(more, 500)).unwrap();
            }
        })
        .unwrap();
    assert_eq!((seen, read[0].range.end), (20_000, 20_000));
}

#[test]
fn progress_is_told_now_and_then_and_at_the_end() {
    let demo = numbered(&[40_000]);
    let cluster = demo.connect(&soon()).unwrap();
    let mut told = Vec::new();
    cluster.read(&"orders".into()).on_progress(|p| told.push(p)).visit(&soon(), |_| ()).unwrap();
    let of = 40_000;
    assert_eq!(told, [16_384, 32_768, 40_000].map(|n| Progress { records: n, offsets: n, of }),);
}

#[test]
fn an_unknown_topic_or_partition_is_told() {
    let demo = numbered(&[1]);
    let cluster = demo.connect(&soon()).unwrap();
    let error = cluster.read(&"nosuch".into()).visit(&soon(), |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "cluster dst: topic nosuch: does not exist");
    let error = cluster.read(&"orders".into()).partition(1).visit(&soon(), |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "cluster dst: partition orders-1: does not exist");
    assert!(error.is_unknown_topic());
}

/// Fetches so small that most of the log is still on the broker when the first record is seen.
const NIBBLES: &[&str] = &["fetch.message.max.bytes=20000", "queued.max.messages.kbytes=20"];

#[test]
fn a_broker_that_dies_in_mid_read_makes_it_a_short_read() {
    let breakable = Breakable::start();
    breakable.mock.create_topic("orders", 1, 1).unwrap();
    breakable.fill("orders", 400, 5_000);
    let cluster = breakable.connect(NIBBLES);
    let (begun, mut seen) = (crate::now(), 0);
    let error = cluster
        .read(&"orders".into())
        .visit(&Deadline::after(Duration::from_secs(5)), |_| {
            seen += 1;
            if seen == 1 {
                breakable.mock.broker_down(-1).unwrap();
            }
        })
        .unwrap_err();
    assert!(begun.elapsed() < ENDLESS, "{:?}", begun.elapsed());
    let Error::ShortRead {
        partition, reached, expected: 400, why: Shortfall::Deadline { cause, .. }, ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((partition.to_string().as_str(), *reached), ("orders-0", seen));
    assert!(cause.is_some());
    assert!(error.is_timeout() && error.is_short_read());

    breakable.mock.broker_up(-1).unwrap();
    assert_eq!(cluster.read(&"orders".into()).visit(&soon(), |_| ()).unwrap()[0].records, 400);
}

#[test]
fn records_that_go_before_they_are_read_make_it_a_short_read() {
    let breakable = Breakable::start();
    breakable.mock.create_topic("orders", 1, 1).unwrap();
    breakable.fill("orders", 400, 5_000);
    let cluster = breakable.connect(NIBBLES);
    let mut seen = 0;
    let error = cluster
        .read(&"orders".into())
        .visit(&soon(), |_| {
            seen += 1;
            if seen == 1 {
                // The mock keeps 5 MiB of a partition.
                breakable.fill("orders", 2_000, 5_000);
            }
        })
        .unwrap_err();
    assert!(seen < 400);
    let Error::ShortRead { reached, expected: 400, why: Shortfall::Removed, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*reached, seen);
}

#[test]
fn a_log_that_has_lost_its_beginning_is_read_from_where_it_starts() {
    let breakable = Breakable::start();
    breakable.mock.create_topic("orders", 1, 1).unwrap();
    breakable.fill("orders", 2_000, 5_000);
    let cluster = breakable.connect(&[]);
    let mut first = None;
    let read = cluster
        .read(&"orders".into())
        .visit(&soon(), |record| {
            first.get_or_insert(record.offset);
        })
        .unwrap();
    assert!(read[0].range.start > 0);
    assert_eq!(first, Some(read[0].range.start));
    assert_eq!(read[0].records as i64, 2_000 - read[0].range.start);
}
