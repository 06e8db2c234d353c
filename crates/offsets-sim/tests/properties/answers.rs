//! What an answer does not know it says, and never denies: evidence that was not asked for, or not answered, takes nothing
//! from the law, and no answer turns it into absence.
//!
//! Public report: <https://github.com/osodevops/kafka-backup/issues/148>.

use jiff::Timestamp;
use offsets_core::evidence::{
    EarlierCommit, Evidence, Logs, Reading, RecordedCommit, Records, SourceState, TopicIds, read_dump,
    write_dump,
};
use offsets_core::history::{CheckpointHistory, OffsetPair, SyncHistory};
use offsets_core::link::{Link, OffsetMapping};
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, GroupSelection, LogRange, SourceOffset, TargetOffset, TopicPartition,
};
use offsets_core::translate::{NoTarget, OffsetForm, Position, Row, Selection, Translation, Translator};

use crate::cases;
use crate::strategies;

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn mirror(partition: i32) -> TopicPartition {
    TopicPartition::new("src.orders", partition)
}

fn commit(group: &str, partition: i32, offset: i64, as_of: Timestamp) -> RecordedCommit {
    let committed = CommittedOffset { offset: up(offset), metadata: String::new() };
    let partition = TopicPartition::new("orders", partition);
    RecordedCommit::new(Commit { group: GroupId::from(group), partition, committed }, as_of)
}

/// Two partitions of `orders` with syncs every hundred records, and checkpoints of another group.
fn evidence(commits: Vec<RecordedCommit>) -> Evidence {
    let mut syncs = SyncHistory::default();
    let mut checkpoints = CheckpointHistory::default();
    for partition in 0..2 {
        for offset in [0, 101, 202, 303] {
            syncs.add("orders", partition, OffsetPair::new(up(1_000 + offset), down(offset)));
        }
        let (upstream, downstream) = (up(1_102), down(102));
        let topic = "src.orders";
        let checkpoint = Checkpoint { group: "other", topic, partition, upstream, downstream, metadata: "" };
        let (key, value) = checkpoint.encode();
        checkpoints.read(partition.into(), 40_000, Some(&key), Some(&value)).unwrap();
    }
    let log = LogRange { start: down(0), end: down(310) };
    Evidence {
        source: SourceState::Dead { reason: "no broker answers".to_owned() },
        commits,
        syncs: Reading::Whole(syncs),
        checkpoints: Reading::Whole(checkpoints),
        target_logs: [(mirror(0), log), (mirror(1), log)].into_iter().collect(),
        ..Evidence::unread(Link::new("src", "dst"), at(100))
    }
}

fn translate(mut evidence: Evidence, groups: GroupSelection) -> Translation {
    let selection = Selection::Groups { groups, topics: Vec::new() };
    let translator = Translator::new(evidence.link.clone(), selection, evidence.as_of);
    translator.run(&mut evidence).unwrap().finish()
}

fn of_app(evidence: Evidence) -> Translation {
    translate(evidence, GroupSelection::Named(vec![GroupId::from("app")]))
}

fn words(row: &Row) -> String {
    let details: Vec<_> =
        row.evidence.iter().map(|finding| format!("{} {}", finding.kind, finding.detail)).collect();
    details.join("; ")
}

fn json(translation: &Translation) -> serde_json::Value {
    serde_json::to_value(translation.report(OffsetForm::Number)).unwrap()
}

/// Case P4.
#[test]
fn a_log_that_was_not_asked_leaves_a_floor_and_is_not_denied() {
    let app = vec![commit("app", 0, 1_150, at(50)), commit("app", 1, 1_150, at(50))];
    let full = of_app(evidence(app.clone()));
    assert_eq!(full.rows[0].position, Position::Bounded { low: down(102), high: down(202) });

    let unasked = of_app(Evidence { target_logs: Logs::default(), ..evidence(app.clone()) });
    let row = &unasked.rows[0];
    assert_eq!(row.position, Position::Floor { low: down(102) });
    assert!(words(row).contains("the target's log was not asked"), "{}", words(row));
    assert_eq!((row.reread_max, row.reread_map, row.target_log), (None, None, None));
    assert!(unasked.is_sound());

    let mut refused = Logs::default();
    refused.add_unavailable(mirror(0), "not authorised to describe it");
    let refused = of_app(Evidence { target_logs: refused, ..evidence(app.clone()) });
    assert_eq!(refused.rows[0].position, Position::Floor { low: down(102) });
    assert!(words(&refused.rows[0]).contains("not authorised to describe it"), "{}", words(&refused.rows[0]));

    let mut missing = Logs::default();
    missing.add_missing(mirror(0));
    let missing = of_app(Evidence { target_logs: missing, ..evidence(app) });
    assert_eq!(missing.rows[0].position, Position::Unknown { reason: NoTarget::NotMirrored });
    assert!(words(&missing.rows[0]).contains("there is no src.orders-0 on dst"));
    assert!(words(&missing.rows[1]).contains("was not asked"), "{}", words(&missing.rows[1]));
}

#[test]
fn without_a_log_and_without_pairs_nothing_is_known_and_nothing_denied() {
    let nothing = Evidence {
        syncs: Reading::unread(),
        checkpoints: Reading::unread(),
        target_logs: Logs::default(),
        ..evidence(vec![commit("app", 0, 1_150, at(50))])
    };
    let translation = of_app(nothing.clone());
    let row = &translation.rows[0];
    assert_eq!(row.position, Position::Unknown { reason: NoTarget::LogUnknown });
    assert!(words(row).contains("was not asked") && !words(row).contains("there is no"), "{}", words(row));
    assert_eq!(json(&translation)["partitions"][0]["targetOffset"], serde_json::Value::Null);
    assert_eq!(json(&translation)["partitions"][0]["mm2"]["known"], false);
    // On a link that keeps offsets the mirror may end before the commit.
    let preserved = Link { mapping: OffsetMapping::Identical, ..nothing.link.clone() };
    let row = &of_app(Evidence { link: preserved, ..nothing }).rows[0];
    assert_eq!(row.position, Position::Unknown { reason: NoTarget::LogUnknown });
}

#[test]
fn a_dump_keeps_what_was_not_known_and_one_of_an_older_version_denies_nothing() {
    let mut logs = Logs::default();
    logs.add(mirror(0), LogRange { start: down(3), end: down(9) });
    logs.add_missing(mirror(1));
    logs.add_unavailable(mirror(2), "not authorised");
    let dumped = Evidence { target_logs: logs.clone(), ..evidence(Vec::new()) };
    assert_eq!(read_dump(&write_dump(&dumped)).unwrap().target_logs, logs);

    // As versions before wrote it, and by hand without the logs at all.
    let written: Logs<TargetOffset> =
        serde_json::from_str(r#"[{"topic":"src.orders","partition":0,"start":3,"end":9}]"#).unwrap();
    let dump = Evidence { target_logs: written, ..evidence(vec![commit("app", 1, 1_150, at(50))]) };
    let row = &of_app(dump.clone()).rows[0];
    assert_eq!(row.position, Position::Floor { low: down(102) });
    let mut by_hand = serde_json::to_value(&dump).unwrap();
    for part in ["targetLogs", "sourceLogs", "checkpoints", "copiedThrough"] {
        by_hand.as_object_mut().unwrap().remove(part);
    }
    let by_hand: Evidence = serde_json::from_value(by_hand).unwrap();
    assert_eq!(of_app(by_hand).rows[0].position, Position::Floor { low: down(102) });
    for flawed in [
        r#"[{"topic":"t","partition":0,"start":3}]"#,
        r#"[{"topic":"t","partition":0}]"#,
        r#"[{"topic":"t","partition":0,"start":3,"end":9,"missing":true}]"#,
    ] {
        let error = serde_json::from_str::<Logs<TargetOffset>>(flawed).unwrap_err().to_string();
        assert!(error.contains("the log of t-0 needs `start` and `end`"), "{error}");
    }
}

/// Operator's cases O4 and O7: a dead source's commits have two ages, and what comes again has two causes.
#[test]
fn what_the_map_makes_a_group_read_again_is_told_from_what_the_age_of_its_commit_does() {
    // It read a hundred records in fifty seconds, committed last two seconds before the source was last seen.
    let earlier = Some(EarlierCommit { offset: up(1_102), at: at(10) });
    let recorded = RecordedCommit { committed_at: Some(at(58)), earlier, ..commit("app", 0, 1_202, at(60)) };
    let still = RecordedCommit { committed_at: Some(at(20)), ..commit("app", 1, 1_303, at(60)) };
    let all = Evidence { source_seen_at: Some(at(60)), ..evidence(vec![recorded.clone(), still]) };
    let translation = of_app(all.clone());
    assert_eq!(translation.source_seen_at, Some(at(60)));
    let row = &translation.rows[0];
    assert_eq!(row.position, Position::Exact { at: down(202) });
    assert_eq!((row.reread_max, row.reread_map, row.reread_age), (Some(108), Some(0), Some(4)));
    assert_eq!((row.as_of, row.committed_at), (at(60), Some(at(58))));
    let unknown = &translation.rows[1];
    assert_eq!((unknown.reread_map, unknown.reread_age), (Some(0), None), "its rate was not recorded");
    let document = json(&translation);
    assert_eq!(document["sourceSeenAt"], "1970-01-01T00:01:00Z");
    assert_eq!(document["partitions"][0]["committedAt"], "1970-01-01T00:00:58Z");
    assert_eq!(document["partitions"][0]["rereadAge"], 4);
    assert_eq!(document["partitions"][1]["rereadAge"], serde_json::Value::Null);
    let again = of_app(read_dump(&write_dump(&all)).unwrap());
    assert_eq!(json(&again), document);
    // Never beyond what was replicated.
    let long_ago = RecordedCommit { committed_at: Some(at(11)), as_of: at(11), ..recorded };
    let far = Evidence { source_seen_at: Some(at(100_000)), ..evidence(vec![long_ago]) };
    assert!(of_app(far).rows[0].reread_age <= Some(108));
}

/// Operator's case O6: a partition without a commit of a group that reads its topic would be left to `auto.offset.reset`.
#[test]
fn a_partition_without_a_commit_of_a_group_that_reads_the_topic_is_named_where_there_is_something_to_read() {
    let only = vec![commit("app", 0, 1_150, at(50))];
    let translation = of_app(evidence(only.clone()));
    let found: Vec<_> = translation.uncommitted.iter().map(|found| found.target.to_string()).collect();
    assert_eq!(found, ["src.orders-1"]);
    assert!(!translation.is_sound());
    let named = &json(&translation)["uncommittedPartitions"][0];
    assert_eq!(
        (&named["group"], &named["partition"], &named["targetLogEnd"]),
        (&"app".into(), &1.into(), &310.into())
    );

    // With the source alive it is the same.
    let source = LogRange { start: up(0), end: up(1_400) };
    let alive = Evidence {
        source: SourceState::Alive,
        source_logs: [0, 1]
            .map(|number| (TopicPartition::new("orders", number), source))
            .into_iter()
            .collect(),
        ..evidence(only.clone())
    };
    assert_eq!(of_app(alive).uncommitted.len(), 1);

    // A group that has never committed on a partition without records is common.
    let mut empty = evidence(only.clone());
    empty.target_logs.add(mirror(1), LogRange { start: down(310), end: down(310) });
    assert!(of_app(empty).is_sound());
    let mut missing = evidence(only);
    missing.target_logs.add_missing(mirror(1));
    assert!(of_app(missing).is_sound());
    let both = vec![commit("app", 0, 1_150, at(50)), commit("app", 1, 1_150, at(50))];
    assert!(of_app(evidence(both)).is_sound());
}

/// How much an answer promises.
fn rank(position: &Position) -> u8 {
    match position {
        Position::Unknown { .. } => 0,
        Position::Unsafe { .. } => 1,
        Position::Floor { .. } => 2,
        Position::Bounded { .. } => 3,
        Position::Exact { .. } => 4,
    }
}

mod properties {
    use super::*;
    use offsets_sim::{Known, TOPIC};
    use proptest::prelude::*;

    /// The evidence with one part taken away: not asked for, or not answered.
    fn without(full: &Evidence) -> Vec<(&'static str, Evidence)> {
        let unavailable = || "not authorised".to_owned();
        let partition = full.link.remote_partition(&TopicPartition::new(TOPIC, 0));
        let mut refused = Logs::default();
        refused.add_unavailable(partition, unavailable());
        let full = || full.clone();
        vec![
            ("target logs not asked", Evidence { target_logs: Logs::default(), ..full() }),
            ("target logs refused", Evidence { target_logs: refused, ..full() }),
            ("source logs not asked", Evidence { source_logs: Logs::default(), ..full() }),
            ("syncs not asked", Evidence { syncs: Reading::unread(), ..full() }),
            ("syncs refused", Evidence { syncs: Reading::Absent { reason: unavailable() }, ..full() }),
            ("checkpoints not asked", Evidence { checkpoints: Reading::unread(), ..full() }),
            (
                "checkpoints refused",
                Evidence { checkpoints: Reading::Absent { reason: unavailable() }, ..full() },
            ),
            ("positions not asked", Evidence { copied_through: Reading::unread(), ..full() }),
            ("source records not read", Evidence { source_records: Records::default(), ..full() }),
            ("target records not read", Evidence { target_records: Records::default(), ..full() }),
            (
                "ids not asked",
                Evidence { source_topics: TopicIds::default(), target_topics: TopicIds::default(), ..full() },
            ),
        ]
    }

    fn rows(evidence: &Evidence, offsets: std::ops::RangeInclusive<i64>) -> Vec<Row> {
        let offset = |g| (TopicPartition::new(TOPIC, 0), up(g));
        let selection = Selection::Offsets(offsets.map(offset).collect());
        let translator = Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH);
        translator.run(&mut evidence.clone()).unwrap().finish().rows
    }

    proptest! {
        #![proptest_config(cases::up_to(200))]

        /// An answer that is `unsafe` is left out: what contradicts itself is no longer seen to when one side of it is taken
        /// away, which is what the assumption `same-incarnation` stands for.
        #[test]
        fn evidence_that_was_not_had_raises_no_answer_and_denies_nothing(
            history in strategies::stories(), known in 0..16_usize
        ) {
            let known = Known::subsets().nth(known).unwrap();
            let (read, now) = history.tell();
            let full = now.evidence(&read, known);
            let offsets = read.source.start..=read.source.end;
            let answers = rows(&full, offsets.clone());
            for (what, less) in without(&full) {
                for (full, row) in answers.iter().zip(rows(&less, offsets.clone())) {
                    if matches!(full.position, Position::Unsafe { .. }) {
                        continue;
                    }
                    let exists = full.target_log.is_some();
                    let said = words(&row);
                    prop_assert!(!exists || !said.contains("there is no"), "{what}: {said}");
                    prop_assert!(!said.contains("wrote no"), "{what}: {said}");
                    if what.starts_with("target logs") {
                        prop_assert!(said.contains("the target's log"), "{what}: {said}");
                        prop_assert!(rank(&row.position) <= 2, "{what}: {:?}", row.position);
                    }
                    // Without the syncs a replay is not seen, and a wider bracket may have an upper end where a narrower one has
                    // none: that no position is wrong, whatever is missing, is what the law's own tests are for.
                    if exists && what.starts_with("target logs") {
                        prop_assert!(rank(&row.position) <= rank(&full.position), "{what}: {:?} {:?}", full.position, row.position);
                        prop_assert!(row.position.target() <= full.position.target(), "{what}: {:?} {:?}", full.position, row.position);
                    }
                }
            }
        }
    }
}
