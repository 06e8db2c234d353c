//! Topic ids tell a topic from an older one of the same name.

use jiff::Timestamp;
use offsets_core::evidence::{
    ArchivedEvidence, Evidence, Logs, Reading, RecordedCommit, SourceState, TopicIds, WithArchive, read_dump,
    write_dump,
};
use offsets_core::history::{OffsetPair, SyncHistory};
use offsets_core::link::{Link, OffsetMapping};
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, GroupSelection, LogRange, SourceOffset, TargetOffset, TopicId,
    TopicPartition,
};
use offsets_core::translate::{EvidencePolicy, Row, Selection, Translator};

fn ids(topic: &str, id: u128) -> TopicIds {
    [(topic.into(), TopicId::new(id).unwrap())].into_iter().collect()
}

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

/// A link whose syncs prove 150 exact, as far as anything but ids can tell.
fn evidence() -> Evidence {
    let mut syncs = SyncHistory::new(false);
    [(0, 5), (150, 155), (300, 305)]
        .into_iter()
        .for_each(|(u, d)| syncs.add("orders", 0, OffsetPair::new(up(u), down(d))));
    let committed = CommittedOffset { offset: up(150), metadata: String::new() };
    let partition = TopicPartition::new("orders", 0);
    let commit = Commit { group: GroupId::from("app"), partition: partition.clone(), committed };
    let now = Timestamp::UNIX_EPOCH;
    Evidence {
        commits: vec![RecordedCommit::new(commit, now)],
        syncs: Reading::Whole(syncs),
        source_logs: Logs::from_iter([(partition, LogRange { start: up(0), end: up(400) })]),
        target_logs: Logs::from_iter([(
            TopicPartition::new("src.orders", 0),
            LogRange { start: down(5), end: down(400) },
        )]),
        source_topics: ids("orders", 1),
        target_topics: ids("src.orders", 2),
        ..Evidence::unread(Link::new("src", "dst"), now)
    }
}

fn selection() -> Selection {
    Selection::Groups { groups: GroupSelection::All, topics: Vec::new() }
}

fn translated(evidence: Evidence, kept: ArchivedEvidence) -> (Row, Evidence) {
    let translator =
        Translator::new(evidence.link.clone(), selection(), Timestamp::UNIX_EPOCH).with_topic_ids();
    let Ok(translator) =
        translator.with_policy(EvidencePolicy::without_probes()).run(&mut WithArchive::new(evidence, kept));
    let learnt = translator.evidence().clone();
    (translator.finish().rows.remove(0), learnt)
}

fn kept(source: TopicIds, target: TopicIds) -> ArchivedEvidence {
    ArchivedEvidence { source_topics: source, target_topics: target, ..ArchivedEvidence::default() }
}

#[test]
fn the_same_ids_and_unknown_ones_change_nothing() {
    for kept in [
        ArchivedEvidence::default(),
        kept(ids("orders", 1), ids("src.orders", 2)),
        kept(ids("bills", 9), ids("src.bills", 9)),
    ] {
        assert_eq!(translated(evidence(), kept).0.position.class(), "exact");
    }
    let without =
        Evidence { source_topics: TopicIds::default(), target_topics: TopicIds::default(), ..evidence() };
    let kept = kept(ids("orders", 7), ids("src.orders", 7));
    assert_eq!(translated(without, kept).0.position.class(), "exact", "what they are now is unknown");
}

#[test]
fn what_was_recorded_of_an_older_topic_is_no_evidence_for_this_one() {
    for (kept, said) in [
        (kept(ids("orders", 7), TopicIds::default()), "topic orders on src"),
        (kept(TopicIds::default(), ids("src.orders", 7)), "topic src.orders on dst"),
    ] {
        let (row, _) = translated(evidence(), kept);
        assert_eq!((row.position.class(), row.position.target()), ("unsafe", Some(down(5))));
        let finding = row.evidence.iter().find(|finding| finding.kind == "re-created").unwrap();
        let expected = format!("{said} was re-created: id AAAAAAAAAAAAAAAAAAAABw when recorded");
        assert!(finding.detail.starts_with(&expected), "{}", finding.detail);
    }
}

#[test]
fn a_record_that_saw_the_topic_recreated_tells_so_without_the_source() {
    let mut both = ids("orders", 7);
    both.extend(&ids("orders", 1));
    let dead = Evidence {
        source: SourceState::Dead { reason: "gone".to_owned() },
        source_topics: TopicIds::default(),
        ..evidence()
    };
    assert_eq!(translated(dead.clone(), kept(both, TopicIds::default())).0.position.class(), "unsafe");
    let once = kept(ids("orders", 1), TopicIds::default());
    assert_eq!(translated(dead, once).0.position.class(), "exact");
}

#[test]
fn a_link_that_preserves_offsets_does_not_for_another_topic() {
    let mut preserved = evidence();
    preserved.link.mapping = OffsetMapping::Identical;
    let (row, _) = translated(preserved.clone(), ArchivedEvidence::default());
    assert_eq!(row.position.target(), Some(down(150)));
    let (row, _) = translated(preserved, kept(ids("orders", 7), TopicIds::default()));
    assert_eq!((row.position.class(), row.position.target()), ("unsafe", Some(down(5))));
}

#[test]
fn a_dump_keeps_the_ids_and_an_older_dump_has_none() {
    let (row, learnt) = translated(evidence(), kept(ids("orders", 7), TopicIds::default()));
    let again = read_dump(&write_dump(&learnt)).unwrap();
    assert_eq!(again.source_topics, learnt.source_topics);
    let (from_dump, _) = translated(again, ArchivedEvidence::default());
    assert_eq!(from_dump.position, row.position);
    let plain =
        Evidence { source_topics: TopicIds::default(), target_topics: TopicIds::default(), ..evidence() };
    let text = write_dump(&plain);
    assert!(!text.contains("Topics\""), "what is not known is left out, as in older dumps");
    assert!(read_dump(&text).unwrap().source_topics.is_empty());
}

#[test]
fn ids_that_were_seen_before_are_not_new() {
    let mut known = ids("orders", 7);
    assert!(known.extend(&ids("orders", 1)));
    let same = known.clone();
    assert!(!known.extend(&same) && !known.extend(&ids("orders", 1)));
    assert_eq!(known, same);
}

#[test]
fn syncs_that_both_flows_write_are_not_used_and_the_answer_says_so() {
    let mut shared = evidence();
    shared.link.syncs_topic_of_flow_back = Some(shared.link.syncs_topic());
    let (row, _) = translated(shared, ArchivedEvidence::default());
    assert_eq!((row.position.class(), row.position.target()), ("floor", Some(down(5))));
    let finding = row.evidence.iter().find(|finding| finding.kind == "shared-syncs").unwrap();
    let expected = "src->dst and dst->src both write mm2-offset-syncs.dst.internal on src";
    assert!(finding.detail.starts_with(expected), "{}", finding.detail);
}
