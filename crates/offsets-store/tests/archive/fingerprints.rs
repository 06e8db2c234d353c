//! Fingerprints of records: what was read whole comes back whole, and what was withdrawn does not.

use std::fmt::Write as _;

use offsets_core::evidence::{Fingerprint, FingerprintSource as _, Scan, ScannedRecord, Span};
use offsets_core::model::{LogRange, SourceOffset, TopicId, TopicPartition};
use offsets_store::{Archive, Limits, Recorder, SegmentLog as _};

use crate::story::{SharedLog, at, golden, link, sync};

const RECORDS: u8 = 5;
const RECORD_TOPICS: u8 = 6;

fn offset(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn orders(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

/// A stretch with a record at every `step`th offset.
fn scan(start: i64, end: i64, step: usize) -> Scan<SourceOffset> {
    let record = |at: i64| ScannedRecord {
        offset: offset(at),
        created_ms: (at % 5 != 0).then_some(1_790_000_000_000 + at),
        content: Fingerprint::of(Some(&at.to_be_bytes()), None),
        origin: None,
    };
    let offsets = LogRange { start: offset(start), end: offset(end) };
    Scan { offsets, records: (start..end).step_by(step).map(record).collect() }
}

fn keep(recorder: &mut Recorder<'_>, partition: i32, scan: &Scan<SourceOffset>, seconds: i64) {
    recorder.source_records(&orders(partition), scan, at(seconds)).unwrap();
}

/// What the archive gives back of a stretch.
fn kept(archive: &Archive, partition: i32, start: i64, end: i64) -> Vec<Scan<SourceOffset>> {
    let offsets = LogRange { start: offset(start), end: offset(end) };
    let mut fingerprints = archive.fingerprints(&link()).unwrap();
    let records = fingerprints.source_records(&[Span { partition: orders(partition), offsets }]);
    assert!(fingerprints.read_error().is_none());
    records.of(&orders(partition)).to_vec()
}

#[test]
fn stretches_that_meet_come_back_as_one_and_gaps_stay_gaps() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    // Enough to take several segments, and another partition in between.
    for (start, end) in [(0, 900), (900, 901), (901, 4_000), (8_000, 9_000)] {
        keep(&mut recorder, 0, &scan(start, end, 1), 1);
        keep(&mut recorder, 1, &scan(start, end, 7), 1);
    }
    recorder.save().unwrap();
    assert!(log.segments(RECORDS).len() > 5);
    for archive in [&archive, &log.archive()] {
        assert_eq!(kept(archive, 0, 0, 10_000), [scan(0, 4_000, 1), scan(8_000, 9_000, 1)]);
        assert_eq!(kept(archive, 0, 850, 950), [scan(850, 950, 1)]);
        assert_eq!(kept(archive, 0, 3_990, 8_002), [scan(3_990, 4_000, 1), scan(8_000, 8_002, 1)]);
        assert_eq!(kept(archive, 1, 8_000, 9_000), [scan(8_000, 9_000, 7)]);
        assert_eq!(kept(archive, 0, 5_000, 6_000), []);
        assert_eq!(kept(archive, 2, 0, 9_000), []);
    }
}

#[test]
fn a_stretch_without_records_is_known_to_be_empty() {
    let mut archive = SharedLog::default().archive();
    let mut recorder = archive.record(&link()).unwrap();
    keep(&mut recorder, 0, &scan(0, 10, 1), 1);
    let empty = Scan { records: Vec::new(), ..scan(10, 20, 1) };
    keep(&mut recorder, 0, &empty, 1);
    let known = recorder.fingerprint_progress(&orders(0)).unwrap();
    assert_eq!((known.next, known.last.unwrap().0), (offset(20), offset(9)));
    recorder.save().unwrap();
    assert_eq!(kept(&archive, 0, 5, 30)[0].offsets, LogRange { start: offset(5), end: offset(20) });
}

#[test]
fn recording_goes_on_where_it_ended_in_another_process() {
    let log = SharedLog::default();
    for round in 0..4 {
        let mut archive = log.archive();
        let mut recorder = archive.record(&link()).unwrap();
        let next = recorder.fingerprint_progress(&orders(0)).map_or(0, |known| known.next.get());
        assert_eq!(next, round * 300);
        keep(&mut recorder, 0, &scan(next, next + 300, 1), round);
        recorder.save().unwrap();
    }
    assert_eq!(kept(&log.archive(), 0, 0, 9_999), [scan(0, 1_200, 1)]);
    assert_eq!(log.archive().stats().unwrap()[0].fingerprints, 1_200);
}

#[test]
fn what_was_withdrawn_is_not_given_back_and_what_came_after_is() {
    for restarts in [false, true] {
        let log = SharedLog::default();
        let mut archive = log.archive();
        let mut recorder = archive.record(&link()).unwrap();
        keep(&mut recorder, 0, &scan(0, 2_000, 1), 1);
        keep(&mut recorder, 1, &scan(0, 50, 1), 1);
        recorder.save().unwrap();
        if restarts {
            archive = log.archive();
            recorder = archive.record(&link()).unwrap();
        }
        assert!(recorder.invalidate_records(&orders(0), at(2)).unwrap());
        assert!(!recorder.invalidate_records(&orders(0), at(2)).unwrap(), "there is nothing any more");
        assert_eq!(recorder.fingerprint_progress(&orders(0)), None);
        recorder.save().unwrap();
        assert_eq!(kept(&log.archive(), 0, 0, 2_000), []);
        // The new topic has other records at the same offsets, kept in the same segment as the old ones.
        let mut recorder = archive.record(&link()).unwrap();
        keep(&mut recorder, 0, &scan(0, 2_500, 5), 3);
        recorder.save().unwrap();
        assert_eq!(kept(&log.archive(), 0, 0, 9_999), [scan(0, 2_500, 5)]);
        assert_eq!(kept(&log.archive(), 1, 0, 9_999), [scan(0, 50, 1)]);
    }
}

/// A recorder that was killed withdrew the fingerprints of a topic that was still the same, because compaction had removed the last
/// record that was kept: the id of the topic has to outlive the process, and other records have to be there to look for.
#[test]
fn the_id_of_the_topic_and_landmarks_outlive_the_process_and_go_with_a_withdrawal() {
    let [first, second] = [1, 2].map(|bits| TopicId::new(bits).unwrap());
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    for at in 0..40 {
        keep(&mut recorder, 0, &scan(at * 10, at * 10 + 10, 1), 1);
    }
    recorder.record_topic(&orders(0), first);
    recorder.record_topic(&orders(0), first);
    recorder.save().unwrap();
    assert_eq!(log.segments(RECORD_TOPICS).len(), 1);

    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    let known = recorder.fingerprint_progress(&orders(0)).unwrap();
    assert_eq!((known.next, known.topic), (offset(400), Some(first)));
    let landmarks = recorder.landmarks(&orders(0));
    assert!((8..=16).contains(&landmarks.len()), "{landmarks:?}");
    assert_eq!(landmarks.last().copied(), known.last);
    assert!(landmarks[0].0 < offset(200), "some are far back: {landmarks:?}");
    assert!(landmarks.is_sorted_by_key(|(offset, _)| *offset));

    recorder.invalidate_records(&orders(0), at(2)).unwrap();
    keep(&mut recorder, 0, &scan(0, 10, 1), 3);
    assert_eq!(
        recorder.fingerprint_progress(&orders(0)).unwrap().topic,
        None,
        "the next topic is not the first one"
    );
    recorder.save().unwrap();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    assert_eq!(recorder.fingerprint_progress(&orders(0)).unwrap().topic, None);
    recorder.record_topic(&orders(0), second);
    recorder.save().unwrap();
    let mut archive = log.archive();
    assert_eq!(
        archive.record(&link()).unwrap().fingerprint_progress(&orders(0)).unwrap().topic,
        Some(second)
    );
}

#[test]
fn damaged_ids_of_topics_are_not_used_and_cost_no_records() {
    let mut log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    keep(&mut recorder, 0, &scan(0, 10, 1), 1);
    recorder.record_topic(&orders(0), TopicId::new(1).unwrap());
    recorder.save().unwrap();
    let (key, mut bytes) = log.segments(RECORD_TOPICS).pop().unwrap();
    bytes[60] ^= 1;
    log.append(&[(key, bytes)]).unwrap();
    let mut archive = log.archive();
    assert!(archive.record(&link()).is_err());
    archive.salvage(at(2)).unwrap();
    archive.acknowledge().unwrap();
    let recorder = archive.record(&link()).unwrap();
    let known = recorder.fingerprint_progress(&orders(0)).unwrap();
    assert_eq!((known.next, known.topic), (offset(10), None));
}

#[test]
fn of_a_damaged_stream_nothing_is_used_for_a_withdrawal_may_be_lost_with_it() {
    let mut log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    keep(&mut recorder, 0, &scan(0, 2_000, 1), 1);
    recorder.save().unwrap();
    let segments = log.segments(RECORDS);
    let (key, mut bytes) = segments.last().unwrap().clone();
    bytes[60] ^= 1;
    log.append(&[(key, bytes)]).unwrap();

    let mut archive = log.archive();
    assert_eq!(kept(&archive, 0, 0, 2_000), []);
    let damage = archive.fingerprints(&link()).unwrap().damage().unwrap().to_string();
    assert!(damage.contains("of the records is damaged"), "{damage}");
    assert!(archive.record(&link()).is_err());
    archive.salvage(at(2)).unwrap();
    archive.acknowledge().unwrap();
    let mut recorder = archive.record(&link()).unwrap();
    assert_eq!(recorder.fingerprint_progress(&orders(0)), None);
    keep(&mut recorder, 0, &scan(0, 10, 1), 2);
    recorder.save().unwrap();
    assert_eq!(log.segments(RECORDS).len(), 1, "what was before the damage is gone too");
    assert_eq!(kept(&log.archive(), 0, 0, 2_000), [scan(0, 10, 1)]);
}

#[test]
fn for_room_fingerprints_go_before_everything_else() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    for n in 0..20_000 {
        sync(&mut recorder, n, 0, (n * 1000 + n % 7, n * 1000 + n % 11), at(0));
    }
    keep(&mut recorder, 0, &scan(0, 10_000, 1), 5);
    recorder.save().unwrap();
    let syncs = log.segments(3).len();
    let limits = Limits { bytes: Some(150_000), age: None };
    archive.expire(&limits, at(9)).unwrap();
    assert_eq!(log.segments(3).len(), syncs);
    let left = kept(&archive, 0, 0, 10_000);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].offsets.end, offset(10_000), "the oldest went");
    assert!(left[0].offsets.start > offset(1_000));
    assert_eq!(
        archive.record(&link()).unwrap().fingerprint_progress(&orders(0)).unwrap().next,
        offset(10_000)
    );
}

/// The segments of records of format 1, as those of the other kinds in `format-1.txt`.
const GOLDEN: &str = include_str!("format-1-records.txt");

#[test]
fn records_of_format_1_are_read_and_written() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    keep(&mut recorder, 0, &scan(7, 10, 1), 1);
    recorder.invalidate_records(&orders(0), at(2)).unwrap();
    keep(&mut recorder, 1, &scan(100, 110, 3), 3);
    keep(&mut recorder, 0, &scan(0, 2, 1), 3);
    recorder.save().unwrap();
    let mut text = String::new();
    for (key, bytes) in log.segments(0).into_iter().chain(log.segments(RECORDS)) {
        write!(text, "{} {} {} ", key.stream.space, key.stream.kind, key.sequence).unwrap();
        bytes.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        text.push('\n');
    }
    assert_eq!(text, GOLDEN);
    let archive = golden(GOLDEN).archive();
    assert_eq!(kept(&archive, 0, 0, 200), [scan(0, 2, 1)]);
    assert_eq!(kept(&archive, 1, 0, 200), [scan(100, 110, 3)]);
}
