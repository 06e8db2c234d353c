//! What was kept beside the clusters, together with what is left of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use jiff::Timestamp;
use offsets_core::evidence::{
    Evidence, Logs, Reading, Recollection, RecordedCommit, Remembering, SourceState,
};
use offsets_core::history::{CheckpointHistory, Sync, SyncHistory};
use offsets_core::link::Link;
use offsets_core::mm2::Checkpoint;
use offsets_core::model::{
    Commit, CommittedOffset, GroupId, LogRange, SourceOffset, TargetOffset, TopicPartition,
};
use offsets_core::translate::{GroupSelection, Inquiry, Rules, Selection, Translation};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn pair(upstream: i64, downstream: i64) -> Sync {
    Sync::new(SourceOffset::new(upstream).unwrap(), TargetOffset::new(downstream).unwrap())
}

fn commit(group: &str, offset: i64, as_of: Timestamp) -> RecordedCommit {
    let committed = CommittedOffset { offset: SourceOffset::new(offset).unwrap(), metadata: String::new() };
    let (group, partition) = (GroupId::from(group), TopicPartition::new("orders", 0));
    RecordedCommit { commit: Commit { group, partition, committed }, as_of }
}

fn syncs(pairs: &[(i64, i64)]) -> SyncHistory {
    let mut history = SyncHistory::new(false);
    pairs.iter().for_each(|&(up, down)| history.add("orders", 0, pair(up, down)));
    history
}

fn listed(history: &SyncHistory) -> Vec<(i64, i64)> {
    let partition = history.get(&TopicPartition::new("orders", 0)).unwrap();
    partition.iter().map(|sync| (sync.upstream.get(), sync.downstream.get())).collect()
}

fn checkpoints(told: &[(&str, i64, i64, i64)]) -> CheckpointHistory {
    let mut history = CheckpointHistory::default();
    for &(group, up, down, seconds) in told {
        let Sync { upstream, downstream } = pair(up, down);
        let (topic, partition, metadata) = ("src.orders", 0, "");
        let checkpoint = Checkpoint { group, topic, partition, upstream, downstream, metadata };
        history.add(&checkpoint, at(seconds).as_millisecond());
    }
    history.settle();
    history
}

/// What is left when the source is dead and its syncs with it.
fn left(checkpoints: CheckpointHistory) -> Evidence {
    let whole = LogRange { start: TargetOffset::ZERO, end: TargetOffset::new(10_000).unwrap() };
    Evidence {
        source: SourceState::Dead { reason: "gone".to_owned() },
        checkpoints: Reading::Whole(checkpoints),
        syncs: Reading::Absent { reason: "lost with the source".to_owned() },
        target_logs: Logs::from_iter([(TopicPartition::new("src.orders", 0), whole)]),
        ..Evidence::unread(Link::new("src", "dst"), at(100))
    }
}

fn translated(left: Evidence, kept: Recollection) -> Translation {
    let selection = Selection::Groups { groups: GroupSelection::All, topics: Vec::new() };
    let inquiry = Inquiry::about(left.link.clone(), selection, at(100)).under(Rules::without_probes());
    let Ok(inquiry) = inquiry.hear(&mut Remembering::new(left, kept));
    inquiry.conclude()
}

#[test]
fn the_newest_commit_wins_whoever_recorded_it() {
    let kept = Recollection {
        commits: vec![
            commit("ahead", 500, at(50)),
            commit("behind", 500, at(10)),
            commit("rewound", 100, at(50)),
        ],
        ..Recollection::default()
    };
    let told =
        [("ahead", 400, 400, 20), ("behind", 600, 600, 20), ("rewound", 900, 900, 20), ("only", 7, 7, 20)];
    let answers = translated(left(checkpoints(&told)), kept);
    let seen: Vec<_> = answers
        .rows
        .iter()
        .map(|row| (row.group.as_ref().unwrap().as_str(), row.committed.offset.get(), row.as_of))
        .collect();
    let expected =
        [("ahead", 500, at(50)), ("behind", 600, at(20)), ("only", 7, at(20)), ("rewound", 100, at(50))];
    assert_eq!(seen, expected);
}

#[test]
fn of_two_commits_of_the_same_time_the_lower_one_skips_nothing() {
    for (kept, told) in [(500, 400), (400, 500)] {
        let kept = Recollection { commits: vec![commit("app", kept, at(20))], ..Recollection::default() };
        let answers = translated(left(checkpoints(&[("app", told, told, 20)])), kept);
        assert_eq!(answers.rows[0].committed.offset.get(), 400);
    }
}

#[test]
fn kept_syncs_close_the_bracket_that_the_disaster_opened() {
    let kept = Recollection {
        commits: vec![commit("app", 150, at(50))],
        syncs: syncs(&[(0, 0), (100, 100), (200, 200)]),
        ..Recollection::default()
    };
    let without = translated(
        left(CheckpointHistory::default()),
        Recollection { syncs: SyncHistory::default(), ..kept.clone() },
    );
    assert_eq!(without.rows[0].position.target(), Some(TargetOffset::ZERO));
    let answers = translated(left(CheckpointHistory::default()), kept);
    assert_eq!(answers.rows[0].position.target().map(TargetOffset::get), Some(101));
    assert_eq!(answers.rows[0].position.high().map(TargetOffset::get), Some(200));
}

#[test]
fn a_living_source_speaks_for_its_groups_itself() {
    let mut alive = left(CheckpointHistory::default());
    alive.source = SourceState::Alive;
    alive.commits = vec![commit("app", 7, at(100))];
    let kept = Recollection { commits: vec![commit("gone", 1, at(50))], ..Recollection::default() };
    let answers = translated(alive, kept);
    assert_eq!(answers.rows.len(), 1);
    assert_eq!(answers.rows[0].committed.offset.get(), 7);
}

#[test]
fn the_topic_goes_on_where_what_was_kept_ends() {
    let kept = [(0, 0), (100, 100), (200, 200)];
    // Still there, compacted to what came since, and compacted in part.
    for live in [&[(0, 0), (100, 100), (200, 200), (300, 300)][..], &[(300, 300)], &[(200, 200), (300, 300)]]
    {
        let joined = syncs(&kept).continued_by(&syncs(live));
        assert_eq!(listed(&joined), [(0, 0), (100, 100), (200, 200), (300, 300)]);
    }
}

#[test]
fn what_was_kept_is_left_aside_where_its_place_is_not_known() {
    let joined = syncs(&[(0, 0), (100, 100), (200, 200)]).continued_by(&syncs(&[(150, 150), (300, 300)]));
    assert_eq!(listed(&joined), [(150, 150), (300, 300)]);
    let joined = syncs(&[(500, 500)]).continued_by(&syncs(&[(3, 3)]));
    assert_eq!(listed(&joined), [(3, 3)]);
}

#[test]
fn kept_checkpoints_are_floors_still_and_the_newer_one_of_a_group_stands() {
    let mut live = checkpoints(&[("app", 300, 290, 30)]);
    live.recall(&checkpoints(&[("app", 100, 95, 10), ("other", 200, 195, 40)]));
    let partition = live.get(&TopicPartition::new("src.orders", 0)).unwrap();
    let end = TargetOffset::new(10_000).unwrap();
    let floor = |g| partition.floor(SourceOffset::new(g).unwrap(), end);
    assert_eq!(
        (floor(150), floor(250), floor(300)),
        (Some(pair(100, 95)), Some(pair(200, 195)), Some(pair(300, 290)))
    );
    assert_eq!(partition.last(&GroupId::from("app")).unwrap().pair, pair(300, 290));
    assert_eq!(partition.last(&GroupId::from("other")).unwrap().as_of, at(40));
}
