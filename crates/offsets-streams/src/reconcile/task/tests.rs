#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use offsets_reconcile::{
    Extractor, Identity, IdentityRule, KeyedRecord, Operator as _, Policies, Position, RecordRules, Window,
};
use offsets_store::{MemoryLog, SegmentLog, SledLog, StateFolder};

use super::*;

fn job(inputs: &[&str]) -> Job {
    let input = |topic: &&str| Input::new("a", *topic);
    Job::new(
        "merge",
        inputs.iter().map(input),
        rules(IdentityRule::Key),
        OperatorSpec::Dedup(Window::Unbounded),
    )
}

fn rules(identity: IdentityRule) -> RecordRules {
    let extractor = Extractor { identity, order: None, max_ahead_ms: 0 };
    RecordRules { extractor, policies: Policies::default() }
}

fn committed(positions: &[(&str, i64, &str)]) -> Committed {
    let commit = |(topic, offset, metadata): &(&str, i64, &str)| {
        let position = eos::Position { offset: *offset, metadata: (*metadata).to_owned() };
        (TopicPartition::new(*topic, 0), position)
    };
    positions.iter().map(commit).collect()
}

/// A copy of the changelog after `read` records of the first input were read and committed.
fn copy(job: &Job, read: i64) -> ReplicaCopy {
    let mut copy = empty();
    if read > 0 {
        let RestoreOutcome::Task(mut task) = find(copy, &committed(&[]), job) else { panic!("a new task") };
        task.begin(&TopicPartition::new("orders", 0), 0);
        (0..read).for_each(|offset| task.advance(0, offset));
        let changes: Vec<_> =
            task.save().unwrap().map(|(key, segment)| (key, segment.map(<[u8]>::to_vec))).collect();
        copy = empty();
        copy.apply(changes, 100).unwrap();
    }
    copy
}

fn empty() -> ReplicaCopy {
    let log: Box<dyn SegmentLog + Send> = Box::new(MemoryLog::default());
    ReplicaCopy::open(log, 0, "merge-changelog").unwrap()
}

fn find(copy: ReplicaCopy, committed: &Committed, job: &Job) -> RestoreOutcome {
    Task::restore(0, copy, committed, job, &TopicPartition::new("merge-changelog", 0), None).unwrap()
}

fn next(found: RestoreOutcome) -> Vec<Option<i64>> {
    match found {
        RestoreOutcome::Task(task) => task.inputs().map(|(_, input)| input.next()).collect(),
        RestoreOutcome::Mismatch(error) | RestoreOutcome::Damaged(error) => panic!("{error}"),
    }
}

#[test]
fn a_new_group_begins_and_one_that_had_read_before_goes_on_where_it_was() {
    let job = job(&["orders", "B.orders"]);
    assert_eq!(next(find(empty(), &committed(&[]), &job)), [None, None]);
    assert_eq!(next(find(empty(), &committed(&[("orders", 7, "")]), &job)), [Some(7), None]);
}

#[test]
fn state_goes_with_the_commit_it_was_saved_with_and_with_no_other() {
    let job = job(&["orders"]);
    assert_eq!(next(find(copy(&job, 5), &committed(&[("orders", 5, STATE_METADATA)]), &job)), [Some(5)]);
    for other in [4, 6] {
        let found = find(copy(&job, 5), &committed(&[("orders", other, STATE_METADATA)]), &job);
        let RestoreOutcome::Mismatch(Error::PositionMismatch { committed, saved, .. }) = found else {
            panic!("at {other}")
        };
        assert_eq!((committed, saved), (Some(other), Some(5)));
    }
    assert!(matches!(
        find(copy(&job, 5), &committed(&[]), &job),
        RestoreOutcome::Mismatch(Error::PositionMismatch { .. })
    ));
}

#[test]
fn a_commit_that_had_a_state_is_not_gone_on_from_without_it() {
    let job = job(&["orders"]);
    let found = find(empty(), &committed(&[("orders", 5, STATE_METADATA)]), &job);
    assert!(matches!(found, RestoreOutcome::Mismatch(Error::MissingState { .. })));
}

#[test]
fn positions_that_are_adopted_are_the_groups() {
    let job = Job { adopt_positions: true, ..job(&["orders"]) };
    assert_eq!(next(find(copy(&job, 5), &committed(&[("orders", 2, STATE_METADATA)]), &job)), [Some(2)]);
    assert_eq!(next(find(empty(), &committed(&[("orders", 2, STATE_METADATA)]), &job)), [Some(2)]);
}

/// What a window or a cap changes once a commit is through goes out with the next one, also where the partition was given back in
/// between: else the changelog names segments that it does not have.
#[test]
fn a_task_that_rests_still_sends_what_it_has_changed() {
    const MEMORY: Option<usize> = Some(60_000);
    let operator = OperatorSpec::Dedup(Window::count(16_000).unwrap());
    let job = Job { operator, ..job(&["orders"]) };
    let changelog = TopicPartition::new("merge-changelog", 0);
    let open =
        |copy, committed: &Committed| Task::restore(0, copy, committed, &job, &changelog, MEMORY).unwrap();
    let RestoreOutcome::Task(mut task) = open(empty(), &committed(&[])) else { panic!("a new task") };
    task.begin(&TopicPartition::new("orders", 0), 0);
    let (mut sent, mut offset, mut has_rested) = (BTreeMap::new(), 0_i64, false);
    for round in 0.. {
        for _ in 0..500 {
            let keyed = KeyedRecord {
                identity: Identity::of("test", &[Some(&offset.to_be_bytes())]),
                rank: None,
                position: Position::new(0, offset).unwrap(),
                timestamp_ms: Some(0),
                tombstone: false,
            };
            task.operator.process(&keyed).unwrap();
            task.advance(0, offset);
            offset += 1;
        }
        sent.extend(task.save().unwrap().map(|(key, segment)| (key, segment.map(<[u8]>::to_vec))));
        task.on_committed().unwrap();
        if has_rested {
            break;
        }
        // Once the window has moved, and buckets were rewritten for it.
        if round > 40 && task.operator.log().changes().count() > 0 {
            task.set_checkpoint(100).unwrap();
            has_rested = true;
        }
        assert!(round < 200, "the window does not move");
    }
    let mut copy = empty();
    copy.apply(sent.into_iter().collect(), 100).unwrap();
    assert_eq!(next(open(copy, &committed(&[("orders", offset, STATE_METADATA)]))), [Some(offset)]);
}

#[test]
fn an_input_keeps_its_number_and_a_new_one_gets_the_next() {
    let before = job(&["orders"]);
    let now = job(&["B.orders", "orders"]);
    let RestoreOutcome::Task(task) =
        find(copy(&before, 5), &committed(&[("orders", 5, STATE_METADATA)]), &now)
    else {
        panic!("they go together")
    };
    let topics: Vec<_> =
        task.inputs().map(|(number, input)| (number, input.partition.topic.as_str())).collect();
    assert_eq!(topics, [(0, "orders"), (1, "B.orders")]);

    // One that is no longer read keeps its number too.
    let gone = job(&["B.orders"]);
    let RestoreOutcome::Task(task) = find(copy(&before, 5), &committed(&[]), &gone) else {
        panic!("they go together")
    };
    assert_eq!(task.inputs().map(|(number, _)| number).collect::<Vec<_>>(), [1]);
}

#[test]
fn state_of_other_rules_is_refused() {
    let before = job(&["orders"]);
    let now = Job { rules: rules(IdentityRule::Content), ..job(&["orders"]) };
    let changelog = TopicPartition::new("merge-changelog", 0);
    let found = Task::restore(
        0,
        copy(&before, 5),
        &committed(&[("orders", 5, STATE_METADATA)]),
        &now,
        &changelog,
        None,
    );
    assert!(matches!(found, Err(Error::RulesMismatch { .. })));
}

#[test]
fn a_task_is_where_the_group_is_only_while_no_other_instance_has_committed() {
    let job = job(&["orders"]);
    let here = committed(&[("orders", 5, STATE_METADATA)]);
    let RestoreOutcome::Task(mut task) = find(copy(&job, 5), &here, &job) else { panic!("they go together") };
    assert!(task.is_at(&here));
    assert!(!task.is_at(&committed(&[("orders", 6, STATE_METADATA)])), "another went on");
    assert!(task.is_current(&here, 100) && !task.is_current(&here, 101));
    task.advance(0, 4);
    assert!(!task.is_at(&here), "what was decided is not committed");
}

fn kept_in(folder: &Path, changelog: &str) -> (SledLog, ReplicaCopy) {
    let log = SledLog::open(folder).unwrap();
    let copy = ReplicaCopy::open(Box::new(log.clone()), 0, changelog).unwrap();
    (log, copy)
}

#[test]
fn a_copy_of_a_folder_is_gone_on_from_by_the_job_it_is_of_and_by_no_other() {
    let (place, job) = (tempfile::tempdir().unwrap(), job(&["orders"]));
    let [here, there] = ["here", "there"].map(|name| place.path().join(name));
    let (mut log, mut kept) = kept_in(&here, "merge-changelog");
    let RestoreOutcome::Task(mut task) = find(empty(), &committed(&[]), &job) else { panic!("a new task") };
    task.begin(&TopicPartition::new("orders", 0), 0);
    (0..5).for_each(|offset| task.advance(0, offset));
    let changes = task.save().unwrap().map(|(key, segment)| (key, segment.map(<[u8]>::to_vec))).collect();
    kept.apply(changes, 100).unwrap();
    log.flush().unwrap();
    drop((log, kept));
    let mut file = Cursor::new(Vec::new());
    StateFolder::open(&here).unwrap().export(&mut file).unwrap();
    file.set_position(0);
    StateFolder::import(&there, &mut file).unwrap();

    let commits = committed(&[("orders", 5, STATE_METADATA)]);
    let moved = || kept_in(&there, "merge-changelog").1;
    assert_eq!(moved().checkpoint().next(), Some(100), "from here on the changelog is read");
    assert_eq!(next(find(moved(), &commits, &job)), [Some(5)]);
    let mismatch = find(moved(), &committed(&[("orders", 6, STATE_METADATA)]), &job);
    assert!(
        matches!(mismatch, RestoreOutcome::Mismatch(Error::PositionMismatch { .. })),
        "the group has gone on, and the changelog with it"
    );
    let other = Job { rules: rules(IdentityRule::Content), ..job };
    let changelog = TopicPartition::new("merge-changelog", 0);
    let found = Task::restore(0, moved(), &commits, &other, &changelog, None);
    assert!(matches!(found, Err(Error::RulesMismatch { .. })));
    assert_eq!(
        kept_in(&there, "other-changelog").1.checkpoint().next(),
        None,
        "of another changelog nothing counts"
    );
    assert_eq!(moved().checkpoint().next(), Some(100), "opening the copy removes nothing");
}
