use offsets_core::evidence::{EarlierCommit, TopicIds};
use offsets_core::link::{Link, Side};
use offsets_core::model::{GroupId, SourceOffset, TopicId, TopicPartition};
use offsets_store::{Archive, Error, MemoryLog, RecordPosition, Topic};

use crate::story::{SharedLog, at, checkpoint, commit, commits_of, link, pair, sync, syncs_of};

#[test]
fn syncs_come_back_in_their_order_over_many_segments_and_openings() {
    let log = SharedLog::default();
    let mut expected = [Vec::new(), Vec::new()];
    let mut offset = 0;
    for opening in 0..20 {
        let mut archive = log.archive();
        let mut recorder = archive.record(&link()).unwrap();
        for i in 0..1000_i64 {
            // One partition is dense, of the other every pair is a surprise; now and then MM2 goes back.
            let n = opening * 1000 + i;
            let dense = (n * 101, n * 101);
            let odd = (n * 101 + n % 7, n * 101 + n % 5 + n / 100);
            for (partition, pair_at) in [(0, dense), (1, odd)] {
                sync(&mut recorder, offset, partition, pair_at, at(n));
                offset += 1;
                expected[partition as usize].push(pair(pair_at.0, pair_at.1));
            }
        }
        recorder.save().unwrap();
    }
    let mut archive = log.archive();
    assert_eq!(syncs_of(&mut archive, 0), expected[0]);
    assert_eq!(syncs_of(&mut archive, 1), expected[1]);
    assert!(log.segments(3).len() > 5, "{} segments", log.segments(3).len());
    let recorder = archive.record(&link()).unwrap();
    assert_eq!(recorder.position(Topic::Syncs).map(|place| place.offset), Some(offset - 1));
}

#[test]
fn a_sync_that_repeats_the_one_before_it_is_kept_once() {
    let mut archive = Archive::over(MemoryLog::default()).unwrap();
    let mut recorder = archive.record(&link()).unwrap();
    for offset in 0..3 {
        sync(&mut recorder, offset, 0, (5, 5), at(0));
    }
    recorder.save().unwrap();
    assert_eq!(recorder.position(Topic::Syncs).map(|place| place.offset), Some(2));
    assert_eq!(archive.stats().unwrap()[0].syncs, 1);
}

#[test]
fn commits_are_as_old_as_the_last_look_at_the_source() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    recorder.commits(&[commit("app", 0, 10, at(0)), commit("idle", 0, 3, at(0))], at(0)).unwrap();
    let changed =
        recorder.commits(&[commit("app", 0, 20, at(9)), commit("idle", 0, 3, at(9))], at(9)).unwrap();
    assert_eq!(changed, 1);
    recorder.save().unwrap();
    let loaded = log.archive().load(&link()).unwrap();
    // When each was first seen with its offset, which is the latest it can have been made, and where it was before.
    let made: Vec<_> = loaded.commits.iter().map(|kept| (kept.committed_at, kept.earlier)).collect();
    let earlier = |offset| Some(EarlierCommit { offset: SourceOffset::new(offset).unwrap(), at: at(0) });
    assert_eq!(made, [(Some(at(9)), earlier(10)), (Some(at(0)), earlier(3))]);
    assert_eq!(loaded.source_seen_at, Some(at(9)));
    let commits = commits_of(&mut log.archive());
    assert_eq!(commits, [commit("app", 0, 20, at(9)), commit("idle", 0, 3, at(9))]);
}

#[test]
fn a_commit_that_is_not_seen_any_more_is_as_old_as_when_it_was_last_seen() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let both = |seen| [commit("app", 0, 10, seen), commit("app", 1, 11, seen)];
    let mut recorder = archive.record(&link()).unwrap();
    for seconds in [0, 5] {
        recorder.commits(&both(at(seconds)), at(seconds)).unwrap();
    }
    // A broker less, and the source no longer tells of one of them.
    for (seconds, changes) in [(6, 1), (7, 0)] {
        let left = [commit("app", 1, 11, at(seconds))];
        assert_eq!(recorder.commits(&left, at(seconds)).unwrap(), changes);
    }
    let kept = commits_of(&mut log.archive());
    assert_eq!(kept, [commit("app", 0, 10, at(5)), commit("app", 1, 11, at(7))]);
    // It comes back as it was.
    assert_eq!(archive.record(&link()).unwrap().commits(&both(at(9)), at(9)).unwrap(), 1);
    assert_eq!(commits_of(&mut log.archive()), both(at(9)));
}

#[test]
fn metadata_of_commits_and_checkpoints_comes_back() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    let mut told = commit("app", 0, 10, at(0));
    told.commit.committed.metadata = "für später".to_owned();
    recorder.commits(std::slice::from_ref(&told), at(0)).unwrap();
    checkpoint(&mut recorder, 0, "app", (10, 8), at(0));
    recorder.save().unwrap();
    let loaded = log.archive().load(&link()).unwrap();
    assert_eq!(commits_of(&mut log.archive()), [told]);
    let partition = loaded.checkpoints.get(&TopicPartition::new("src.orders", 0)).unwrap();
    let last = partition.last(&GroupId::from("app")).unwrap();
    assert_eq!((last.pair, last.as_of, last.metadata.as_str()), (pair(10, 8), at(0), "m"));
}

#[test]
fn a_checkpoint_that_changes_nothing_is_passed_over() {
    let mut archive = Archive::over(MemoryLog::default()).unwrap();
    let mut recorder = archive.record(&link()).unwrap();
    for (offset, upstream) in [(0, 10), (1, 10), (2, 12)] {
        checkpoint(&mut recorder, offset, "app", (upstream, 8), at(offset));
    }
    recorder.save().unwrap();
    assert_eq!(archive.stats().unwrap()[0].checkpoints, 2);
}

#[test]
fn links_are_apart() {
    let log = SharedLog::default();
    let (there, back) = (link(), Link::new("dst", "src"));
    let mut archive = log.archive();
    let mut recorder = archive.record(&there).unwrap();
    sync(&mut recorder, 0, 0, (1, 1), at(0));
    recorder.save().unwrap();
    let mut recorder = archive.record(&back).unwrap();
    recorder.commits(&[commit("app", 0, 10, at(0))], at(0)).unwrap();
    recorder.save().unwrap();
    let mut archive = log.archive();
    assert_eq!(archive.links(), [&back, &there]);
    assert_eq!(archive.load(&there).unwrap().syncs.len(), 1);
    assert!(archive.load(&there).unwrap().commits.is_empty());
    assert_eq!(archive.load(&back).unwrap().commits.len(), 1);
}

#[test]
fn a_link_that_names_its_topics_otherwise_is_refused() {
    let mut archive = Archive::over(MemoryLog::default()).unwrap();
    archive.record(&link()).unwrap();
    let other = Link { syncs_topic_name: Some("mine".into()), ..link() };
    let Err(Error::OtherLink { what, .. }) = archive.record(&other) else { panic!("it was admitted") };
    assert_eq!(what, "offset-syncs topic");
    let unknown = archive.load(&Link::new("a", "b")).unwrap_err().to_string();
    assert_eq!(unknown, "the archive holds nothing of link a->b; it holds src->dst");
}

#[test]
fn another_cluster_under_the_same_alias_is_refused() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    archive.record(&link()).unwrap();
    let name = link().name();
    archive.identify(&name, Side::Source, None).unwrap();
    archive.identify(&name, Side::Source, Some("one")).unwrap();
    archive.identify(&name, Side::Target, Some("other")).unwrap();
    let mut archive = log.archive();
    archive.identify(&name, Side::Source, Some("one")).unwrap();
    let refused = archive.identify(&name, Side::Source, Some("two")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "link src->dst: the source is cluster two, and the archive is of cluster one"
    );
}

#[test]
fn a_position_moves_without_anything_to_keep() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    recorder.passed(Topic::Checkpoints, RecordPosition { offset: 41, content_hash: 9 });
    recorder.save().unwrap();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    assert_eq!(recorder.position(Topic::Checkpoints), Some(RecordPosition { offset: 41, content_hash: 9 }));
    assert_eq!(recorder.position(Topic::Syncs), None);
    recorder.forget_position(Topic::Checkpoints);
    recorder.save().unwrap();
    assert_eq!(log.archive().record(&link()).unwrap().position(Topic::Checkpoints), None);
}

/// What all looks together came to, told whole each time or by what changed.
#[test]
fn changes_come_to_what_all_commits_come_to() {
    use offsets_core::consumer_offsets::CommitChange;
    let first = [commit("app", 0, 10, at(0)), commit("gone", 0, 3, at(0)), commit("idle", 1, 7, at(0))];
    let then = [commit("app", 0, 20, at(9)), commit("idle", 1, 7, at(9)), commit("new", 0, 1, at(9))];
    let (whole, by_changes) = (SharedLog::default(), SharedLog::default());
    for (log, in_parts) in [(&whole, false), (&by_changes, true)] {
        let mut archive = log.archive();
        let mut recorder = archive.record(&link()).unwrap();
        recorder.commits(&first, at(0)).unwrap();
        let changed = if in_parts {
            let change = |group: &str, offset: Option<i64>| CommitChange {
                group: GroupId::from(group),
                partition: TopicPartition::new("orders", 0),
                committed: offset.map(|offset| commit(group, 0, offset, at(9)).commit.committed),
            };
            // That a group was deleted which was never seen is no news; nor is a commit of the same offset again.
            let changes = [
                change("app", Some(20)),
                change("gone", None),
                change("new", Some(1)),
                change("never", None),
            ];
            recorder.commit_changes(&changes, at(9)).unwrap()
        } else {
            recorder.commits(&then, at(9)).unwrap()
        };
        assert_eq!(changed, 3);
        assert_eq!(recorder.commit_changes(&[], at(12)).unwrap(), 0);
    }
    let loaded = by_changes.archive().load(&link()).unwrap().commits;
    assert_eq!(loaded, whole.archive().load(&link()).unwrap().commits);
    let commits = commits_of(&mut by_changes.archive());
    assert_eq!(commits[0], commit("app", 0, 20, at(12)), "it is as old as the last look");
    assert_eq!(commits[1], commit("gone", 0, 3, at(0)), "this was last seen then");
}

#[test]
fn ids_of_topics_come_back_by_cluster_with_every_one_a_topic_had() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    archive.record(&link()).unwrap();
    let ids = |id| -> TopicIds { [("orders".into(), TopicId::new(id).unwrap())].into_iter().collect() };
    for id in [1, 1, 2] {
        archive.note_topics(&link().name(), Side::Source, &ids(id)).unwrap();
    }
    archive.note_topics(&link().name(), Side::Target, &ids(3)).unwrap();
    let kept = log.archive().load(&link()).unwrap();
    let both = (TopicId::new(1).unwrap(), TopicId::new(2).unwrap());
    assert_eq!(kept.source_topics.recreation(&"orders".into()), Some(both));
    assert_eq!(kept.target_topics, ids(3));
}
