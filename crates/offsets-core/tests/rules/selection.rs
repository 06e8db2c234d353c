//! Which groups and topics are answered for, what is missing, and what a summary counts.

use jiff::Timestamp;
use offsets_core::evidence::{
    Answer, Evidence, EvidenceSource, Logs, Query, Reading, RecordedCommit, SourceState, Span, read_dump,
    write_dump,
};
use offsets_core::history::{CheckpointHistory, OffsetPair, SyncHistory};
use offsets_core::link::{Link, Side};
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, GroupSelection, LogRange, SourceOffset, TargetOffset, TopicPartition,
};
use offsets_core::translate::{
    EvidenceKind, EvidencePolicy, NoTarget, OffsetForm, Position, Selection, Summary, Translation, Translator,
};

use crate::cases;

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

fn commit(group: &str, topic: &str, partition: i32, offset: i64) -> RecordedCommit {
    RecordedCommit::new(
        Commit {
            group: GroupId::from(group),
            partition: TopicPartition::new(topic, partition),
            committed: CommittedOffset { offset: up(offset), metadata: "kept".to_owned() },
        },
        Timestamp::UNIX_EPOCH,
    )
}

/// `orders-0` is exact at 100, bounded at 150, open at 900, contradicted at 5000; `bills-0` is not mirrored.
fn evidence(commits: Vec<RecordedCommit>) -> Evidence {
    let mut syncs = SyncHistory::default();
    for (upstream, downstream) in [(100, 0), (201, 101)] {
        syncs.add("orders", 0, OffsetPair::new(up(upstream), down(downstream)));
    }
    let source = LogRange { start: up(0), end: up(1_000) };
    let target = LogRange { start: down(0), end: down(150) };
    let mut target_logs = Logs::from_iter([(TopicPartition::new("src.orders", 0), target)]);
    for missing in [("src.bills", 0), ("src.bills", 7), ("src.orders", 1)] {
        target_logs.add_missing(TopicPartition::new(missing.0, missing.1));
    }
    Evidence {
        commits,
        syncs: Reading::Whole(syncs),
        checkpoints: Reading::Absent { reason: "there is none".to_owned() },
        source_logs: [(TopicPartition::new("orders", 0), source)].into_iter().collect(),
        target_logs,
        ..Evidence::unread(Link::new("src", "dst"), Timestamp::UNIX_EPOCH)
    }
}

fn groups(groups: GroupSelection, topics: &[&str]) -> Selection {
    Selection::Groups { groups, topics: topics.iter().map(|topic| topic.parse().unwrap()).collect() }
}

fn named(names: &[&str]) -> GroupSelection {
    GroupSelection::Named(names.iter().copied().map(GroupId::from).collect())
}

fn translate(mut evidence: Evidence, selection: Selection) -> Translation {
    let translator = Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH);
    translator.run(&mut evidence).unwrap().finish()
}

fn answered(translation: &Translation) -> Vec<String> {
    let group = |group: &Option<GroupId>| group.as_ref().map_or("-", |group| group.as_str()).to_owned();
    translation.rows.iter().map(|row| format!("{} {}", group(&row.group), row.source)).collect()
}

#[test]
fn a_pattern_must_match_the_whole_name() {
    let selection = GroupSelection::matching("app|app-g.*").unwrap();
    for (group, admitted) in
        [("app", true), ("app-go", true), ("app-x", false), ("my-app", false), ("app\n", false)]
    {
        assert_eq!(selection.admits(&GroupId::from(group)), admitted, "{group:?}");
    }
    assert!(GroupSelection::matching("").unwrap().admits(&GroupId::from("")));
    assert!(!GroupSelection::matching("").unwrap().admits(&GroupId::from("a")));
}

#[test]
fn a_pattern_that_is_none_is_refused_in_one_line() {
    for pattern in ["(", "a)|(b", "*", "[z-a]"] {
        let error = GroupSelection::matching(pattern).unwrap_err();
        assert_eq!(error.pattern, pattern);
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }
}

#[test]
fn rows_are_sorted_by_group_topic_and_partition() {
    let commits = [("b", "orders", 1), ("b", "orders", 0), ("a", "orders", 0), ("b", "bills", 7)];
    let commits = commits.map(|(group, topic, partition)| commit(group, topic, partition, 100)).to_vec();
    let translation = translate(evidence(commits.clone()), groups(GroupSelection::All, &[]));
    assert_eq!(answered(&translation), ["a orders-0", "b bills-7", "b orders-0", "b orders-1"]);
    let translation = translate(evidence(commits), groups(named(&["b"]), &["orders"]));
    assert_eq!(answered(&translation), ["b orders-0", "b orders-1"]);
}

#[test]
fn a_group_named_and_not_found_is_missing_and_one_without_a_match_is_not() {
    let commits = vec![commit("app", "orders", 0, 100)];
    let translation = translate(evidence(commits.clone()), groups(named(&["app", "apq"]), &[]));
    assert_eq!(translation.missing, [GroupId::from("apq")]);
    assert!(!translation.is_sound());
    let translation = translate(evidence(commits.clone()), groups(named(&["app"]), &["bills"]));
    assert_eq!(translation.missing, [GroupId::from("app")], "it has no commit on the topics asked for");
    let absent = translate(evidence(commits), groups(GroupSelection::matching("x.*").unwrap(), &[]));
    assert!(absent.missing.is_empty() && absent.rows.is_empty() && absent.is_sound());
}

#[test]
fn a_summary_counts_every_class_and_adds_up_what_is_read_again() {
    let commits = [("a", "orders", 100), ("b", "orders", 150), ("c", "orders", 201)];
    let commits: Vec<_> = commits.map(|(group, topic, offset)| commit(group, topic, 0, offset)).to_vec();
    let summary = translate(evidence(commits.clone()), groups(GroupSelection::All, &[])).summary();
    let expected = Summary {
        partitions: 3,
        exact: 2,
        bounded: 1,
        reread_max: Some(100),
        reread_map: Some(100),
        reread_age: Some(0),
        mm2_reread_max: Some(100),
        ..Summary::default()
    };
    assert_eq!(summary, expected);
    let more = [commit("d", "orders", 0, 900), commit("e", "bills", 0, 5), commit("f", "orders", 0, 5_000)];
    let translation =
        translate(evidence([commits, more.to_vec()].concat()), groups(GroupSelection::All, &[]));
    let expected = Summary {
        partitions: 6,
        floor: 1,
        r#unsafe: 1,
        unknown: 1,
        reread_max: None,
        reread_map: None,
        mm2_reread_max: None,
        ..expected
    };
    assert_eq!(translation.summary(), expected);
    assert!(!translation.is_sound());
    assert_eq!(translation.rows[4].position, Position::Unknown { reason: NoTarget::NotMirrored });
    assert_eq!(translation.rows[0].committed.metadata, "kept");
}

#[test]
fn nothing_selected_sums_up_to_nothing() {
    let summary = translate(evidence(Vec::new()), groups(GroupSelection::All, &[])).summary();
    assert_eq!(
        summary,
        Summary {
            reread_max: Some(0),
            reread_map: Some(0),
            reread_age: Some(0),
            mm2_reread_max: Some(0),
            ..Summary::default()
        }
    );
}

#[test]
fn with_a_dead_source_the_newest_checkpoints_are_the_commits() {
    let mut checkpoints = CheckpointHistory::default();
    for (at, (group, topic, upstream, downstream)) in [
        ("app", "src.orders", 90, 0),
        ("app", "src.orders", 150, 1),
        ("app", "elsewhere", 7, 7),
        ("b", "src.orders", 100, 0),
    ]
    .into_iter()
    .enumerate()
    {
        let (upstream, downstream) = (up(upstream), down(downstream));
        let checkpoint = Checkpoint { group, topic, partition: 0, upstream, downstream, metadata: "m" };
        let (key, value) = checkpoint.encode();
        checkpoints.read(at as i64, 1_000 * at as i64, Some(&key), Some(&value)).unwrap();
    }
    let evidence = Evidence {
        source: SourceState::Dead { reason: "no broker answers".to_owned() },
        checkpoints: Reading::Whole(checkpoints),
        source_logs: Logs::default(),
        ..evidence(Vec::new())
    };
    let translation = translate(evidence, groups(GroupSelection::All, &[]));
    assert_eq!(answered(&translation), ["app orders-0", "b orders-0"]);
    let row = &translation.rows[0];
    assert_eq!((row.committed.offset, row.committed.metadata.as_str()), (up(150), "m"));
    assert_eq!(row.as_of.as_millisecond(), 1_000);
    assert_eq!(row.reread_max, Some(149), "the group may have gone on to the end");
    assert!(
        row.evidence[0]
            .detail
            .contains("no broker answers; the last commit recorded is of 1970-01-01T00:00:01Z")
    );
}

/// The group may have gone on at the target already: that is reported where it is ahead of the answer, and never used.
#[test]
fn with_a_dead_source_a_group_that_is_ahead_on_the_target_is_said_to_be() {
    let own = |group: &str, offset| Commit {
        group: GroupId::from(group),
        partition: TopicPartition::new("src.orders", 0),
        committed: CommittedOffset { offset: down(offset), metadata: String::new() },
    };
    let mut checkpoints = CheckpointHistory::default();
    for (at, group) in (0..).zip(["ahead", "behind", "none"]) {
        let (upstream, downstream) = (up(150), down(1));
        let checkpoint =
            Checkpoint { group, topic: "src.orders", partition: 0, upstream, downstream, metadata: "" };
        let (key, value) = checkpoint.encode();
        checkpoints.read(at, 1_000, Some(&key), Some(&value)).unwrap();
    }
    let dead = |target_commits| Evidence {
        source: SourceState::Dead { reason: "no broker answers".to_owned() },
        checkpoints: Reading::Whole(checkpoints.clone()),
        source_logs: Logs::default(),
        target_commits,
        ..evidence(Vec::new())
    };
    let selection = || groups(GroupSelection::All, &[]);
    let with = translate(dead(vec![own("ahead", 40), own("behind", 1)]), selection());
    let said: Vec<_> = with
        .rows
        .iter()
        .map(|row| {
            row.evidence.iter().find(|finding| finding.kind == "target-group").map(|finding| &finding.detail)
        })
        .collect();
    assert!(
        said[0].unwrap().starts_with("ahead has committed 40 on dst itself, 39 offsets ahead of this"),
        "{said:?}"
    );
    assert_eq!(said[1..], [None, None]);
    let dumped = read_dump(&write_dump(&dead(vec![own("ahead", 40)]))).unwrap();
    assert_eq!(translate(dumped, selection()).rows[0].evidence, with.rows[0].evidence);
    let without = translate(dead(Vec::new()), selection());
    let positions = |translation: &Translation| -> Vec<_> {
        translation.rows.iter().map(|row| (row.committed.offset, format!("{:?}", row.position))).collect()
    };
    assert_eq!(positions(&with), positions(&without));
}

/// Answers the first batch as long as the source lives, and then finds it dead.
struct DiesInBetween(Evidence);

impl EvidenceSource for DiesInBetween {
    type Error = std::convert::Infallible;

    fn answer(&mut self, queries: Vec<Query>) -> Result<Vec<Answer>, Self::Error> {
        let facts = self.0.answer(queries);
        self.0.source = SourceState::Dead { reason: "gone since".to_owned() };
        facts
    }
}

#[test]
fn a_source_that_died_after_its_commits_were_read_gives_the_same_answers_from_a_dump() {
    let evidence = evidence(vec![commit("app", "orders", 0, 150)]);
    let everybody = || groups(GroupSelection::All, &[]);
    let translator = Translator::new(evidence.link.clone(), everybody(), Timestamp::UNIX_EPOCH);
    let done = translator.run(&mut DiesInBetween(evidence)).unwrap();
    let again = translate(done.evidence().clone(), everybody());
    let first = done.finish();
    assert_eq!(answered(&first), ["app orders-0"]);
    assert_eq!(first.rows[0].reread_max, Some(149), "the group may have gone on since");
    let report =
        |translation: &Translation| serde_json::to_string(&translation.report(OffsetForm::Number)).unwrap();
    assert_eq!(report(&again), report(&first));
}

#[test]
fn log_ranges_are_asked_for_after_the_topics_and_only_where_they_matter() {
    let mut evidence = evidence(vec![commit("app", "orders", 0, 100), commit("b", "bills", 3, 1)]);
    let selection = groups(named(&["app"]), &[]);
    let mut translator = Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH);
    let first = translator.queries().unwrap();
    let expected = [
        Query::OffsetSyncs {
            on: Side::Source,
            topic: "mm2-offset-syncs.dst.internal".into(),
            markers_on_target: false,
        },
        Query::Checkpoints { topic: "src.checkpoints.internal".into() },
        Query::CopiedThrough { topic: "mm2-offsets.src.internal".into() },
        Query::SourceCommits(named(&["app"])),
    ];
    assert_eq!(first, expected);
    let Ok(facts) = evidence.answer(first);
    translator.feed(facts);
    let expected = [
        Query::TargetLogs(vec![TopicPartition::new("src.orders", 0)]),
        Query::SourceLogs(vec![TopicPartition::new("orders", 0)]),
    ];
    let second = translator.queries().unwrap();
    assert_eq!(second, expected);
    let Ok(facts) = evidence.answer(second);
    translator.feed(facts);
    assert_eq!(translator.queries(), None, "the commit is at a sync, so there is nothing to look for");
}

#[test]
fn ids_of_topics_are_asked_for_beside_the_log_ranges_and_only_to_tell_topics_apart() {
    let mut evidence = evidence(vec![commit("app", "orders", 0, 100), commit("b", "bills", 3, 1)]);
    let selection = groups(named(&["app"]), &[]);
    let translator = Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH);
    let mut translator = translator.with_topic_ids();
    let first = translator.queries().unwrap();
    let Ok(facts) = evidence.answer(first);
    translator.feed(facts);
    let expected = [
        Query::TargetLogs(vec![TopicPartition::new("src.orders", 0)]),
        Query::TargetTopics(vec!["src.orders".into()]),
        Query::SourceTopics(vec!["orders".into()]),
        Query::SourceLogs(vec![TopicPartition::new("orders", 0)]),
    ];
    assert_eq!(translator.queries().unwrap(), expected);
}

#[test]
fn records_are_asked_for_inside_open_brackets_only() {
    // 150 lies between the syncs 100:0 and 201:101; 100 is at one.
    let evidence = evidence(vec![commit("app", "orders", 0, 150), commit("b", "orders", 0, 100)]);
    let asked = |rules: EvidencePolicy| {
        let selection = groups(GroupSelection::All, &[]);
        let mut translator =
            Translator::new(evidence.link.clone(), selection, Timestamp::UNIX_EPOCH).with_policy(rules);
        let mut last = Vec::new();
        while let Some(queries) = translator.queries() {
            last.clone_from(&queries);
            let Ok(facts) = evidence.clone().answer(queries);
            translator.feed(facts);
        }
        last
    };
    let span = |topic: &str, start, end| Span {
        partition: TopicPartition::new(topic, 0),
        offsets: LogRange { start, end },
    };
    let target =
        Query::TargetRecords { spans: vec![span("src.orders", down(0), down(102))], origin_header: None };
    let source = Span {
        partition: TopicPartition::new("orders", 0),
        offsets: LogRange { start: up(100), end: up(202) },
    };
    assert_eq!(asked(EvidencePolicy::default()), [target.clone(), Query::SourceRecords(vec![source])]);
    let kinds = [EvidenceKind::Syncs, EvidenceKind::TargetScan];
    assert_eq!(asked(EvidencePolicy::only(kinds)), [target]);
    let logs_only = |queries: &[Query]| matches!(queries, [Query::TargetLogs(_), .., Query::SourceLogs(_)]);
    assert!(logs_only(&asked(EvidencePolicy::without_probes())));
    assert!(logs_only(&asked(EvidencePolicy::default().reading_at_most(0))));
}

mod properties {
    use super::*;
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(cases::up_to(200))]

        #[test]
        fn every_commit_that_is_selected_has_one_row(
            commits in btree_map(("[abc]{1,2}", "orders|bills", 0..3), 0..1_200_i64, 0..12),
            names in prop::collection::btree_set("[abc]{1,2}", 0..4),
        ) {
            let commits: Vec<_> = commits
                .iter()
                .map(|((group, topic, partition), &offset)| commit(group, topic, *partition, offset))
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let by_name = translate(evidence(commits.clone()), groups(named(&names), &[]));
            let by_pattern = translate(
                evidence(commits.clone()),
                groups(GroupSelection::matching(&names.join("|")).unwrap(), &[]),
            );
            prop_assert_eq!(answered(&by_name), answered(&by_pattern));
            let selected = commits.iter().filter(|commit| names.contains(&commit.commit.group.as_str()));
            prop_assert_eq!(by_name.rows.len(), selected.count());
            for name in names {
                let found = by_name.rows.iter().any(|row| row.group.as_ref().unwrap().as_str() == name);
                prop_assert_eq!(by_name.missing.contains(&GroupId::from(name)), !found);
            }
            let Summary { partitions, exact, bounded, floor, r#unsafe, unknown, .. } = by_name.summary();
            prop_assert_eq!(partitions, exact + bounded + floor + r#unsafe + unknown);
        }
    }
}
